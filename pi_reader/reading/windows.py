"""Windows: what stands around a mark, as the neighbourhood network wants to see it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from pi_reader.reading.binarise import Ink
from pi_reader.reading.decode import Mark
from pi_reader.reading.patches import FULL_INK, stretched

ROWS, COLUMNS = 56, 112  # pixels of a window
EDGE = 18  # pixels of the mark's longer edge in it: the window is 6.2 times as wide
LEAST_EDGE = 6  # working pixels: a smaller mark is not enlarged further


def cut_windows(ink: Ink, marks: Sequence[Mark], least: float = 0.0) -> np.ndarray:
    """What stands around some marks, (n, 56, 112) uint8, 0 paper to 255 ink.

    All contrast is shown, other ink and the mark's own, which lies in the middle with its longer
    edge 18 pixels long and as dark as can be. What lies outside the page is paper. least: working
    pixels; the window is never made for a smaller mark than that, so that a point is seen with the
    digits beside it.
    """
    canvas = Image.new("L", (COLUMNS, ROWS * len(marks)))
    pages = [Image.fromarray(ink.contrast)]
    for number, mark in enumerate(marks):
        ratio = EDGE / max(mark.right - mark.left, mark.bottom - mark.top, least, LEAST_EDGE)
        level = max(0, int(np.log2(1 / ratio)))  # the page halved so many times
        while len(pages) <= level:
            pages.append(pages[-1].reduce(2))
        _around(canvas, number * ROWS, pages[level], ratio * 2**level, mark, 2**level)
    gains = np.array([255 / max(1.0, mark.strength * FULL_INK) for mark in marks], np.float32)
    return stretched(canvas.tobytes(), gains).reshape(-1, ROWS, COLUMNS)


def _around(
    canvas: Image.Image, top_row: int, page: Image.Image, ratio: float, mark: Mark, step: int
) -> None:
    """Draw one window from a page that was reduced `step` times.

    top_row: where on the canvas it begins; ratio: pixels of the window for one of the reduced page.
    """
    middle = (mark.left + mark.right) / (2 * step), (mark.top + mark.bottom) / (2 * step)
    half = COLUMNS / (2 * ratio), ROWS / (2 * ratio)
    left, top = max(0.0, middle[0] - half[0]), max(0.0, middle[1] - half[1])
    right, bottom = min(page.width, middle[0] + half[0]), min(page.height, middle[1] + half[1])
    x, y = round((left - middle[0] + half[0]) * ratio), round((top - middle[1] + half[1]) * ratio)
    width = min(COLUMNS - x, round((right - left) * ratio))
    height = min(ROWS - y, round((bottom - top) * ratio))
    if width < 1 or height < 1:
        return
    seen = page.resize((width, height), Image.Resampling.BILINEAR, (left, top, right, bottom))
    canvas.paste(seen, (x, top_row + y))
