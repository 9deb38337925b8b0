"""Dark plates with light digits on a light ground: the wheels of a meter, printed labels.

A plate is ink that fills its box up to the edge. Inside it what is lighter than the plate is the
ink. Where that reaches the plate's upper or lower edge a wheel stands between two digits, and
nobody can say which one is meant.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pi_reader.reading.binarise import LOCAL_SHARE, Ink
from pi_reader.reading.components import Components, find_components
from pi_reader.reading.grounds import border
from pi_reader.reading.morphology import dilate, erode
from pi_reader.reading.outlines import CLOSED

LEAST_SIDE = 20  # working pixels of a plate with a digit that can be read
LEAST_DIGIT = 12  # working pixels of what it holds; the eyes of a small bold 8 are lower
FILLED = 0.5  # of its box that is ink; a frame has less
EDGE = 3  # pixels: the soft edge of a plate
STROKE = 5  # pixels: half the width of the light strokes that cut a plate in pieces
MOST = 100  # plates; the largest stay


def open_plates(ink: Ink, found: Components) -> Ink | None:
    """The ink with light digits on dark plates in place of the plates; None if there are none.

    found: the components of the ink. What lies between two digits becomes a place of `ink.glare`.
    """
    if not _plates(found, ink.mask):
        return None
    whole = ink.mask.view(np.int8)  # a digit that reaches the edge cuts its plate in pieces
    closed = erode(dilate(whole, STROKE), STROKE).view(bool)
    found = find_components(closed)
    plates = _plates(found, closed)
    contrast, mask, lost = ink.contrast.copy(), ink.mask.copy(), []
    threshold = ink.threshold.copy()
    for one in plates:
        left, top, right, bottom, *_ = found.bounds_of((one,))
        outer = (
            slice(top - min(top, EDGE), bottom + EDGE),
            slice(left - min(left, EDGE), right + EDGE),
        )
        inner = slice(top + EDGE, bottom - EDGE), slice(left + EDGE, right - EDGE)
        level = np.uint8(np.median(ink.contrast[inner][ink.mask[inner]]))
        light = level - np.minimum(ink.contrast[inner], level)
        least = np.uint8(level * LOCAL_SHARE)
        seen = light > least
        if find_components(seen).height.max(initial=0) < LEAST_DIGIT:  # a bold 1 or 8
            continue
        mask[outer], contrast[outer] = False, 0
        if seen[[0, -1]].any():
            lost.append((left, top, right, bottom))
            continue
        mask[inner], contrast[inner], threshold[inner] = seen, light, least
    glare = np.concatenate([ink.glare, np.array(lost, np.int32).reshape(-1, 4)])
    return replace(ink, contrast=contrast, mask=mask, threshold=threshold, glare=glare)


def _plates(found: Components, mask: np.ndarray) -> list[int]:
    """Which components of a mask are plates."""
    large = np.minimum(found.height, found.width) >= LEAST_SIDE
    large &= found.area >= FILLED * found.height * found.width
    chosen = np.flatnonzero(large)
    for row in found.top + EDGE, found.bottom - EDGE - 1:
        for column in found.left + EDGE, found.right - EDGE - 1:  # a small bold 8 has no corners
            chosen = chosen[mask[row[chosen], column[chosen]]]
    chosen = chosen[np.argsort(-found.area[chosen], kind="stable")[:MOST]]
    return [one for one in chosen.tolist() if _is_closed(found.ink_of((one,)))]


def _is_closed(own: np.ndarray) -> bool:
    """Whether ink, (h, w) bool, goes all round just inside its box."""
    return bool(border(own[EDGE:-EDGE, EDGE:-EDGE]).mean() >= CLOSED)
