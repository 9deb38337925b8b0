"""Windows: what stands around a mark, as the neighbourhood network wants to see it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from pi_reader.reading.binarise import Ink
from pi_reader.reading.decode import Mark, places_of
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
    if not marks:
        return np.zeros((0, ROWS, COLUMNS), np.uint8)
    canvas = Image.new("L", (COLUMNS, ROWS * len(marks)))
    box = places_of(marks).astype(np.float64)
    low, high = box[:, :2], box[:, 2:]
    ratio = EDGE / np.maximum((high - low).max(axis=1), max(least, LEAST_EDGE))
    times = np.maximum(np.log2(1 / ratio).astype(int), 0)  # that the page is halved
    while len(ink.halved) <= times.max():
        ink.halved.append(ink.halved[-1].reduce(2))
    pages = [ink.halved[each] for each in times.tolist()]
    step = (2.0**times)[:, None]
    ratio = ratio[:, None] * step  # pixels of a window for one of the page that is seen
    middle, half = (low + high) / (2 * step), (COLUMNS, ROWS) / (2 * ratio)
    low = np.maximum(middle - half, 0)
    high = np.minimum(middle + half, [page.size for page in pages])
    place = np.rint((low - middle + half) * ratio).astype(int)
    size = np.minimum((COLUMNS, ROWS) - place, np.rint((high - low) * ratio).astype(int))
    place[:, 1] += ROWS * np.arange(len(marks))
    seen = np.concatenate([low, high], axis=1).tolist()
    for page, part, (x, y), large in zip(pages, seen, place.tolist(), size.tolist(), strict=True):
        if min(large) > 0:
            canvas.paste(page.resize(large, Image.Resampling.BILINEAR, part), (x, y))
    gains = 255 / np.maximum(np.array([mark.strength for mark in marks]) * FULL_INK, 1)
    return stretched(canvas.tobytes(), gains.astype(np.float32)).reshape(-1, ROWS, COLUMNS)
