"""Reads handwritten digits with a camera, on a Raspberry Pi, with numpy alone.

    import pi_reader

    print(pi_reader.read("photo.jpg").text)

The data flow: `camera` delivers a Frame, `reading` finds the ink and cuts it into 28x28 patches,
`network` classifies each patch, and `reading` assembles the results into a Reading. Beside that,
`handwriting` draws digits to learn from, `training` produces the weights, and `cli` is the command
line. Nothing is imported before it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pi_reader.errors import BadData, MissingFile, PiReaderError
    from pi_reader.library import load, read
    from pi_reader.network.card import Card
    from pi_reader.network.classic import ClassicNetwork
    from pi_reader.network.model import Model
    from pi_reader.pictures import annotated
    from pi_reader.reading.reader import Explanation, Reader
    from pi_reader.values import Box, Digit, Frame, Line, Reading, Sign, Value

__version__ = "0.1.0"

_HOMES = {
    "library": ("load", "read"),
    "reading.reader": ("Explanation", "Reader"),
    "values": ("Box", "Digit", "Frame", "Line", "Reading", "Sign", "Value"),
    "errors": ("BadData", "MissingFile", "PiReaderError"),
    "network.model": ("Model",),
    "network.classic": ("ClassicNetwork",),
    "network.card": ("Card",),
    "pictures": ("annotated",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "BadData",
    "Box",
    "Card",
    "ClassicNetwork",
    "Digit",
    "Explanation",
    "Frame",
    "Line",
    "MissingFile",
    "Model",
    "PiReaderError",
    "Reader",
    "Reading",
    "Sign",
    "Value",
    "annotated",
    "load",
    "read",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'pi_reader' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"pi_reader.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, imported or not."""
    return sorted({*globals(), *__all__})
