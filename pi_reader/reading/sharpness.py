"""How far a picture is blurred, beside the size of its digits.

In a picture that moved or is out of focus nothing is steep: where the light is smeared over some
pixels along a line, no edge rises faster along it than the ink's whole contrast over as many. A
thin pen, small digits and a soft lens have soft edges too, but these are short beside the digit.
What matters is how far an edge reaches into the loops and gaps that tell digits apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import ceil, exp

import numpy as np

from pi_reader.reading.context import Judged
from pi_reader.reading.decode import LEAST_SIZE, median, usual_size

SHARP = 2.8  # pixels: as far any camera smears an edge, and so does a picture made smaller
UNHURT = 0.05  # of a digit's height: the blur, beyond that, with which digits are read as well
COST = 150.0  # log odds for each height of blur beyond: 1.5 % of sure digits are wrong then
BLURRED = 0.08  # of the height: a picture that is said to be blurred
MOST = 6  # marks that are looked at
AROUND = 3  # pixels beside a mark that its blur may reach
EVERY = 2  # rows of a mark: enough to see of most that they are sharp
STEEPEST = 0.01  # of the pixels around a mark: its steepest edges
DARKEST = 0.02  # of the pixels around a mark: its ink's whole contrast


def find_blur(contrast: np.ndarray, boxes: np.ndarray, height: np.ndarray) -> float:
    """How far edges are smeared beyond what any camera does, in heights of the digits.

    contrast: (h, w) uint8, as of `Ink`; boxes: (n, 4) left, top, right, bottom of digits, or of
    other marks where there are none; height: (n,) of them when they stand upright. 0 where there is
    nothing to judge it by, or most are soon seen to be so sharp that it is `UNHURT` at the most,
    with which digits are read as well.
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
    sharp = accumulate(_is_sharp(one, SHARP + UNHURT * usual) for one in seen)
    if any(count > len(seen) // 2 for count in sharp):
        return 0.0
    beyond = max(map(median, zip(*map(_smeared, seen), strict=True))) - SHARP
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
        out.append(one.doubted(odds / (1 + odds), "blurred"))
    return out


def _is_sharp(contrast: np.ndarray, most: float) -> bool:
    """Whether a few rows show that no edges around a mark go over more than `most` pixels."""
    whole, size = float(contrast.max(initial=0)), EVERY * STEEPEST
    return min(contrast.shape) < 5 or all(
        np.count_nonzero(step >= ceil(whole * far / most)) >= max(3, step.size * size)
        for step, far in _steps(contrast, EVERY)
    )


def _smeared(contrast: np.ndarray) -> tuple[float, ...]:
    """Over how many pixels the steepest edges around a mark go, along the rows, along the columns
    and along both diagonals; 0 where there are too few pixels to see."""
    if min(contrast.shape) < 5:
        return (0.0,) * 4
    whole = _most(contrast, DARKEST)
    return tuple(whole * far / max(1.0, _most(step, STEEPEST)) for step, far in _steps(contrast))


def _steps(contrast: np.ndarray, every: int = 1) -> Iterator[tuple[np.ndarray, float]]:
    """How much ink differs from one side of each pixel to the other, in the four directions of
    `_smeared`, and over how many pixels, times what was added up; of one row in `every`."""
    ink = contrast.astype(np.int16)
    above, here, below = ink[:-2:every], ink[1:-1:every], ink[2::every]
    along, down = above + here + below, below - above  # three rows at once: less noise
    yield np.abs(along[:, 2:] - along[:, :-2]), 6
    yield np.abs(down[:, :-2] + down[:, 1:-1] + down[:, 2:]), 6
    yield np.abs(below[:, 2:] - above[:, :-2]), 8**0.5
    yield np.abs(below[:, :-2] - above[:, 2:]), 8**0.5


def _most(values: np.ndarray, share: float) -> float:
    """The mean of the largest values, this share of them, three at least."""
    count = max(3, int(values.size * share))
    return float(np.partition(values, -count, axis=None)[-count:].mean())
