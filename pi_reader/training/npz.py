"""Reads labelled patches from an `.npz` archive."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pi_reader.errors import BadData, MissingFile
from pi_reader.files import NPZ_DAMAGE, check_file, read_npz
from pi_reader.values import SIDE

_MOST_BYTES = 256 << 20  # unpacked; a Zero has 512 MB


def load_npz(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read `x` uint8 (n, 28, 28), white ink on black, and `y` uint8 (n,), digits 0 to 9.

    Raises MissingFile, and BadData for other types, shapes that do not match, pickled objects, and
    archives that unpack to more than 256 MB.
    """
    path = Path(path)
    check_file(path)
    try:
        arrays = read_npz(path, _MOST_BYTES)
        return _checked(path, arrays["x"], arrays["y"])
    except FileNotFoundError as error:
        raise MissingFile(f"{path}: there is no such file") from error
    except KeyError as error:
        raise BadData(f"{path}: lacks an array, x and y are needed ({error.args[0]})") from error
    except BadData:
        raise
    except NPZ_DAMAGE as error:
        raise BadData(f"{path}: is no npz archive of plain arrays ({error})") from error


def _checked(path: Path, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if x.dtype != np.uint8 or x.shape[1:] != (SIDE, SIDE):
        raise BadData(f"{path}: x is {x.dtype} {x.shape}, should be uint8 (n, {SIDE}, {SIDE})")
    if y.dtype.kind not in "iu" or y.shape != x.shape[:1]:
        raise BadData(f"{path}: y is {y.dtype} {y.shape}, should be integers {x.shape[:1]}")
    if not len(y):
        raise BadData(f"{path}: holds no digits")
    if not 0 <= int(y.min()) <= int(y.max()) <= 9:
        raise BadData(f"{path}: y goes from {y.min()} to {y.max()}, should stay within 0 to 9")
    return x, y
