"""Reads handwritten digits with a camera, on a Raspberry Pi, with numpy alone.

The data flow: `camera` delivers a Frame, `reading` finds the ink and cuts it into 28x28 patches,
`network` classifies each patch, and `reading` assembles the results into a Reading. Beside that,
`handwriting` draws digits to learn from, `training` produces the weights, and `cli` is the command
line.
"""

__version__ = "0.1.0"
