"""Readings in a terminal: the page as a small drawing of dots, and below it what was read."""

from __future__ import annotations

from typing import Self, TextIO

import numpy as np

from pi_reader.outputs.thumbnail import ink_dots
from pi_reader.values import Frame, Line, Reading, Status

COLUMNS = 72  # characters; leaves a margin in the usual 80
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint16)
_BRAILLE = 0x2800  # Unicode's first Braille pattern: each character is 2 dots wide and 4 high


class Console:
    """Prints readings to a text stream, for people who watch.

    stream: where to; columns: how many characters wide the drawing of the page is.
    """

    def __init__(self, stream: TextIO, columns: int = COLUMNS) -> None:
        self._stream = stream
        self._columns = columns

    def show(self, reading: Reading, frame: Frame | None = None) -> None:
        """Print the page, if there is one, and each line with its least certain digit."""
        parts = [f"── {reading.source} ──"]
        if frame is not None:
            parts.append(dots(frame.grey, self._columns))
        parts += [f"   {spaced(line)}   {doubts(line)}".rstrip() for line in reading.lines]
        if not reading.lines:
            parts.append("   nothing there")
        print("\n".join(parts), file=self._stream, flush=True)

    def tell(self, status: Status) -> None:
        """Print what is wrong or new, if anything is."""
        for line in filter(None, (status.fault, status.message)):
            print(f"── {line}", file=self._stream, flush=True)

    def tick(self, now: float) -> None:
        """Paper does not change by itself, nor does what was printed."""

    def close(self) -> None:
        """Nothing is held; the stream belongs to the caller."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def spaced(line: Line) -> str:
    """The line with room between its digits: `2 0 1 ?`."""
    return " ".join(line.text)


def doubts(line: Line) -> str:
    """What stands behind each `?`: `(? perhaps 4 51 %, or 9)`."""
    return "  ".join(
        f"(? perhaps {digit.label} {digit.confidence:.0%}, or {digit.runner_up[0]})"
        for digit in line.digits if not digit.sure)


def dots(grey: np.ndarray, columns: int = COLUMNS) -> str:
    """Draw a picture with Braille characters, each a grid of 2 by 4 dots.

    grey: (height, width) uint8. What differs from its surroundings is dotted, so that the drawing
    holds under shadow and on dark paper alike.
    """
    height, width = grey.shape
    high = 4 * max(1, round(2 * columns * height / width / 4))
    return braille(ink_dots(grey, (2 * columns, high)))


def braille(dots: np.ndarray) -> str:
    """Dots as lines of characters. dots: (a multiple of 4, a multiple of 2) bool."""
    high, wide = dots.shape
    cells = dots.reshape(high // 4, 4, wide // 2, 2)
    codes = (cells * _DOTS[:, None, :]).sum(axis=(1, 3)) + _BRAILLE
    return "\n".join("".join(map(chr, row)).rstrip(chr(_BRAILLE)) for row in codes)
