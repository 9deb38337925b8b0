"""Reading pictures from Python: `pi_reader.read`, `pi_reader.load`."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pi_reader
from pi_reader.errors import MissingFile
from pi_reader.values import Frame, Reading

if TYPE_CHECKING:
    from pi_reader.reading.reader import Reader


def read(picture: Any, weights: str = "default") -> Reading:
    """Read the handwritten digits and signs on a picture.

    picture: a file's path, a `Frame`, or an array (height, width) or (height, width, 3 or 4) of
    uint8, grey or RGB(A). weights: see `load`. Raises MissingFile or BadData for a file that is
    missing or no picture, TypeError or ValueError for anything else.
    """
    return _opened(str(weights)).read(as_frame(picture))


def load(name: str = "default") -> Reader:
    """A reader with a weights file, or with the shipped weights called "default" or "classic".

    Raises MissingFile, or BadData for a file that is damaged or holds something else.
    """
    from pi_reader.files import sha256
    from pi_reader.network import store
    from pi_reader.reading.reader import needs_context, reader_of

    path = weights_path(name)
    weights, shipped = store.load_all(path), None
    if needs_context(weights):
        shipped = store.load_all(weights_path("default")).context
    return reader_of(weights, sha256(path), shipped=shipped)


@cache
def _opened(name: str) -> Reader:
    """One reader for each weights file that `read` was called with."""
    return load(name)


def as_frame(picture: Any) -> Frame:
    """A picture as a frame; see `read`."""
    if isinstance(picture, Frame):
        return picture
    if isinstance(picture, str | os.PathLike):
        from pi_reader.camera.files import load as load_picture

        return load_picture(Path(picture))
    import numpy as np
    from PIL import Image

    pixels = np.asarray(picture)
    if pixels.dtype != np.uint8:
        raise TypeError(f"picture: is an array of {pixels.dtype}, should be uint8 or a path")
    if pixels.ndim not in (2, 3) or not pixels.size or pixels.shape[2:] not in ((), (3,), (4,)):
        raise ValueError(f"picture: has shape {pixels.shape}, should be (height, width[, 3 or 4])")
    if pixels.ndim == 3:
        pixels = np.asarray(Image.fromarray(pixels).convert("L"))
    return Frame(np.ascontiguousarray(pixels), "array")


def weights_path(name: str) -> Path:
    """The weights file for `name`.

    A path takes precedence; a bare name is looked up among the shipped weights, which an installed
    package contains and a checkout has beside it. Raises MissingFile.
    """
    if os.path.exists(name) or Path(name).name != name:  # os.path: takes names of any length
        return Path(name)  # if it does not exist, opening it will report that
    package = Path(pi_reader.__file__).parent
    for folder in (package / "weights", package.parent / "weights"):
        path = folder / f"{name.removesuffix('.npz')}.npz"
        if os.path.exists(path):
            return path
    raise MissingFile(
        f"{name:.80}: there is no such weights file, and no shipped weights of that name"
    )
