"""Digits in the forms of the lecture's book: CSV files and small pictures.

A line of a CSV file is one digit: its label, then 784 pixels row by row, 0 paper to 255 ink. A
picture has 28×28 pixels, and its label is the last digit of its name: `my_own_7.png`.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from pi_reader.errors import BadData, MissingFile

SIDE = 28  # pixels of a patch's edge

_PIXELS = SIDE * SIDE
_LONGEST = 8 * (_PIXELS + 1)  # bytes of a line that are read; three digits and a comma are usual
_MOST_DIGITS = 300_000  # as many as make 256 MB, which is what an IDX file may have
_AT_ONCE = 2000  # lines turned into numbers together
_MOST_PICTURE = 1 << 20  # bytes of a picture's file
_LABEL = re.compile(r"(\d)\.png$", re.IGNORECASE)
_LIGHT = 127  # mean grey above which a picture is dark ink on light paper


def load_csv(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 28, 28) uint8, 255 is ink, and labels (n,) uint8 from a CSV file.

    A first line with the columns' names is passed over. Raises MissingFile, and BadData that names
    the line for another number of values, for what is no whole number, for pixels above 255 and
    labels above 9.
    """
    path = Path(path)
    pieces: list[np.ndarray] = []
    lines: list[bytes] = []
    number = 0
    try:
        with open(path, "rb") as handle:
            while line := handle.readline(_LONGEST):
                number += 1
                if number == 1 and line.lstrip(b'\xef\xbb\xbf" ').lower().startswith(b"label"):
                    continue
                if number > _MOST_DIGITS:
                    raise BadData(f"{path}: has more than {_MOST_DIGITS:,} lines; split it")
                lines.append(line)
                if len(lines) == _AT_ONCE:
                    pieces.append(_numbers(path, lines, number - len(lines) + 1))
                    lines = []
    except FileNotFoundError as error:
        raise MissingFile(f"{path}: no such file") from error
    except OSError as error:
        raise BadData(f"{path}: cannot be read, {error.strerror}") from error
    if any(line.strip() for line in lines):
        pieces.append(_numbers(path, lines, number - len(lines) + 1))
    if not pieces:
        raise BadData(f"{path}: holds no digits")
    table = np.concatenate(pieces)  # (n, 785)
    return table[:, 1:].reshape(-1, SIDE, SIDE), table[:, 0].copy()


def _numbers(path: Path, lines: list[bytes], first: int) -> np.ndarray:
    """Lines as numbers, (n, 785) uint8; `first` is the number of the first of them in the file."""
    while lines and not lines[-1].strip():  # blank lines at the end
        lines.pop()
    if all(line.count(b",") == _PIXELS for line in lines):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy warns where it finds no number
            try:
                table = np.fromstring(b",".join(lines).decode("ascii"), np.int32, sep=",")
            except (ValueError, DeprecationWarning):
                table = np.zeros(0, np.int32)
        if table.size == len(lines) * (_PIXELS + 1):
            table = table.reshape(-1, _PIXELS + 1)
            if table.min() >= 0 and table.max() <= 255 and table[:, 0].max() <= 9:
                return table.astype(np.uint8)
    # Something is wrong: line by line it takes longer, but shows where.
    rows = [_row(path, line, first + place) for place, line in enumerate(lines)]
    return np.array(rows, np.uint8).reshape(-1, _PIXELS + 1)


def _row(path: Path, line: bytes, number: int) -> np.ndarray:
    """One line as numbers, (785,) int64, checked."""
    where = f"{path}, line {number}"
    words = line.split(b",")
    if len(words) != _PIXELS + 1:
        raise BadData(f"{where}: has {len(words)} values, should have a label and {_PIXELS} pixels")
    try:
        row = np.array(words).astype(np.int64)
    except (ValueError, OverflowError) as error:
        raise BadData(f"{where}: should be whole numbers with commas between them") from error
    if not 0 <= row[0] <= 9:
        raise BadData(f"{where}: the label is {row[0]}, should be from 0 to 9")
    if row.min() < 0 or row.max() > 255:
        worst = row.min() if row.min() < 0 else row.max()
        raise BadData(f"{where}: a pixel is {worst}, should be from 0 for paper to 255 for ink")
    return row


def load_pngs(folder: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Images (n, 28, 28) uint8, 255 is ink, labels (n,) uint8, and names, in the order of these.

    Dark ink on light paper is turned round. Raises MissingFile, and BadData for a picture of
    another size, for one that is no picture, and for a name without a digit at its end.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MissingFile(f"{folder}: no such folder")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png")
    if not paths:
        raise MissingFile(f"{folder}: holds no .png files")
    labels = np.array([_label(path) for path in paths], np.uint8)
    return np.stack([_picture(path) for path in paths]), labels, [path.name for path in paths]


def _label(path: Path) -> int:
    """The last digit of the name."""
    found = _LABEL.search(path.name)
    if not found:
        raise BadData(f"{path}: should end with its label, as in my_own_7.png; rename it")
    return int(found[1])


def _picture(path: Path) -> np.ndarray:
    """One picture as (28, 28) uint8, 255 is ink."""
    try:
        if path.stat().st_size > _MOST_PICTURE:
            raise BadData(f"{path}: is far too large for {SIDE}×{SIDE} pixels")
        with Image.open(path, formats=("PNG",)) as image:
            if image.size != (SIDE, SIDE):
                width, height = image.size
                raise BadData(
                    f"{path}: is {width}×{height}, should be {SIDE}×{SIDE}; "
                    "`pi-reader read` reads larger ones"
                )
            seen = image.convert("RGBA")
    except BadData:
        raise
    except (OSError, SyntaxError, ValueError) as error:
        raise BadData(f"{path}: is no PNG that can be read ({error})") from error
    paper = Image.new("RGBA", seen.size, "white")
    grey = np.asarray(Image.alpha_composite(paper, seen).convert("L"))
    return 255 - grey if grey.mean() > _LIGHT else grey.copy()
