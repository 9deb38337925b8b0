"""Reads handwritten digits with a camera, on a Raspberry Pi, with numpy alone.

Follow the data: `camera` gives a Frame, `reading` finds the ink and cuts it into 28x28 patches,
`network` says which digit each patch is, and `reading` puts the answers together into a Reading.
Everything else stands beside that way: `handwriting` draws digits to learn from, `training` makes
the weights, `cli` is the door.
"""

__version__ = "0.1.0"
