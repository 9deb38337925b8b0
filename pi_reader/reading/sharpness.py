"""How far a picture is blurred, beside the size of its digits.

In a picture that moved or is out of focus nothing is steep: where the light is smeared over some
pixels along a line, no edge rises faster along it than the ink's whole contrast over as many. A
thin pen, small digits and a soft lens have soft edges too, but these are short beside the digit.
What matters is how far an edge reaches into the loops and gaps that tell digits apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil, exp

import numpy as np

from pi_reader.reading.context import Judged
from pi_reader.reading.decode import LEAST_SIZE, median, usual_size

SHARP = 2.8  # pixels: as far any camera smears an edge, and so does a picture made smaller
UNHURT = 0.05  # of a digit's height: the blur, beyond that, with which digits are read as well
COST = 150.0  # log odds for each height of blur beyond: 1.5 % of sure digits are wrong then
MOST = 6  # marks that are looked at
AROUND = 3  # pixels beside a mark that its blur may reach
LARGEST = 0.01  # of the pixels around a mark: its steepest edges, and its ink's whole contrast


def find_blur(contrast: np.ndarray, boxes: np.ndarray, height: np.ndarray) -> float:
    """How far edges are smeared beyond what any camera does, in heights of the digits.

    contrast: (h, w) uint8, as of `Ink`; boxes: (n, 4) left, top, right, bottom of digits, or of
    other marks where there are none; height: (n,) of them when they stand upright. 0 for a picture
    so sharp that digits are read as well (`UNHURT`), and where there is nothing to judge it by.
    """
    if not len(boxes):
        return 0.0
    large = np.flatnonzero(height >= LEAST_SIZE * usual_size(height))
    chosen = large[np.linspace(0, len(large) - 1, min(MOST, len(large))).astype(int)]
    seen = [
        contrast[max(0, top - AROUND) : bottom + AROUND, max(0, left - AROUND) : right + AROUND]
        for left, top, right, bottom in boxes[chosen].tolist()
    ]
    usual = median(height[large])
    enough = SHARP + UNHURT * usual
    sharp = np.zeros(4, int)  # how many marks are, in each direction
    for one in seen:
        sharp += _is_sharp(one, enough)
        if (sharp > len(seen) / 2).all():
            return 0.0  # and so is the median, whatever the others are
    beyond = float(np.median([_smeared(one) for one in seen], axis=0).max()) - SHARP
    return max(0.0, beyond) / usual


def less_sure(judged: Sequence[Judged], blur: float) -> list[Judged]:
    """Marks as they are to be believed in a picture with this blur."""
    cost = COST * (blur - UNHURT)
    if cost <= 0:
        return list(judged)
    out = []
    for one in judged:
        sure = min(max(one.confidence, 1e-6), 1 - 1e-6)
        odds = exp(-cost) * sure / (1 - sure)
        mark = one.mark if one.mark.unreadable else one.mark.but(unreadable="blurred")
        out.append(replace(one, mark=mark, confidence=odds / (1 + odds)))
    return out


def _is_sharp(contrast: np.ndarray, enough: float) -> np.ndarray:
    """Whether the steepest edges around a mark surely go over no more pixels than that in each of
    the four directions, (4,) bool: whether as many as count are as steep as all of the contrast
    needs to be.
    """
    most = int(contrast.max(initial=0))
    sharp = np.ones(4, bool)
    for way, (one, other, step) in enumerate(_across(contrast)):
        steep = np.count_nonzero(np.abs(one - other) >= ceil(most * step / enough))
        sharp[way] = steep >= _count(one)
    return sharp


def _smeared(contrast: np.ndarray) -> tuple[float, ...]:
    """Over how many pixels the steepest edges around a mark go, along the rows, along the columns
    and along both diagonals; 0 where there are too few pixels to see."""
    if not (sides := list(_across(contrast))):
        return (0.0,) * 4
    whole = _most(contrast)
    return tuple(whole * step / max(1.0, _most(np.abs(one - other))) for one, other, step in sides)


def _across(contrast: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
    """In each direction what lies on either side of each pixel, int16, and how far from each other,
    in pixels times what is added up; nothing where there are too few pixels to see."""
    if min(contrast.shape) < 5:
        return
    ink = contrast.astype(np.int16)
    along = ink[:-2] + ink[1:-1] + ink[2:]  # three rows at once: less noise
    yield along[:, 2:], along[:, :-2], 6
    down = ink[:, :-2] + ink[:, 1:-1] + ink[:, 2:]
    yield down[2:], down[:-2], 6
    diagonal = 2 * 2**0.5
    yield ink[2:, 2:], ink[:-2, :-2], diagonal
    yield ink[2:, :-2], ink[:-2, 2:], diagonal


def _count(values: np.ndarray) -> int:
    """How many values are the largest of some, three at least."""
    return max(3, int(values.size * LARGEST))


def _most(values: np.ndarray) -> float:
    """The mean of the largest values; whole numbers from 0."""
    count = _count(values)
    levels = np.bincount(values.ravel())[::-1]  # from the largest down
    above = np.cumsum(levels)
    at = int(np.searchsorted(above, count))  # the level that only some are taken of
    largest = len(levels) - 1 - np.arange(at + 1)
    levels[at] -= above[at] - count
    return float(levels[: at + 1] @ largest) / count
