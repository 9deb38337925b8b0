"""The ways to write 8, as the points the pen passes.

Rings, an S that comes back up, or a ribbon; closed, or open at the top.
Each function takes the tastes of many people, (10, n) from 0 to 1; see `shapes`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.handwriting.shapes import arc, between
from pi_reader.handwriting.splines import Stroke


def eight(t: np.ndarray) -> Sequence[Stroke]:
    """Down as an S and up again, closed or nearly so at the top right."""
    top = between(t[0], 0.12, 0.32)
    low = between(t[1] ** 0.8, 0.12, 0.38)
    waist = between(t[2], 0.36, 0.6)
    shift = between(t[6], -0.05, 0.08)
    return [
        [
            (top * between(t[3], 0.4, 1.0) + shift, between(t[4], 0.02, 0.16)),
            (shift, 0.0),
            (-top + shift, waist * 0.45),
            (0.0, waist),
            (low, waist + (1 - waist) * 0.5),
            (0.0, 1.0),
            (-low, waist + (1 - waist) * 0.52),
            (0.0, waist + between(t[7], -0.02, 0.06)),
            (top * 0.9 + shift, waist * 0.45),
            (top * between(t[8], 0.2, 1.1) + shift, between(t[5], -0.04, 0.12)),
        ]
    ]


def eight_circles(t: np.ndarray) -> Sequence[Stroke]:
    """One ring on top of another."""
    waist = between(t[0], 0.4, 0.52)
    top = between(t[1], 0.17, 0.3)
    low = between(t[2], 0.2, 0.36)
    overlap = between(t[3], -0.03, 0.05)
    side = between(t[4], -0.06, 0.06)
    upper = arc(side, waist / 2, top, waist / 2, 0.25 + between(t[5], -0.1, 0.6), -1.04, 9)
    height = (1 - waist) / 2 + overlap
    start, turn = between(t[6], 0.65, 0.85), -between(t[7], 0.95, 1.1)
    lower = arc(0.0, 1 - height, low, height, start, turn, 9)
    return [upper, lower]


def eight_open(t: np.ndarray) -> Sequence[Stroke]:
    """Begins at the right end of its roof and comes back up as a straight stroke: open on top."""
    waist = between(t[0], 0.36, 0.5)
    top = between(t[1], 0.18, 0.3)
    low = between(t[2], 0.16, 0.34)
    return [
        [
            (top * between(t[3], 0.6, 1.5), between(t[4], 0.0, 0.14)),
            (0.0, 0.01),
            (-top, waist * 0.45),
            (0.0, waist),
            (low, waist + (1 - waist) * 0.55),
            (between(t[5], -0.08, 0.04), 1.0),
            (-low, waist + (1 - waist) * 0.55),
            (0.0, waist + 0.02),
            (top * between(t[6], 0.9, 1.7), between(t[7], -0.06, 0.14)),
        ]
    ]


def eight_ribbon(t: np.ndarray) -> Sequence[Stroke]:
    """A ribbon: both ends stand apart at the top, or nearly meet, over a single crossing."""
    low = between(t[0], 0.06, 0.3)
    cross = between(t[1], 0.34, 0.56)
    apart = between(t[2] ** 2, 0.02, 0.3)
    side = between(t[3], -0.05, 0.15)
    return [
        [
            (side - apart, between(t[4], -0.02, 0.12)),
            (side - 0.18 - apart * 0.3, cross * 0.5),
            (0.0, cross),
            (low, cross + (1 - cross) * 0.5),
            (0.0, 1.0),
            (-low, cross + (1 - cross) * 0.55),
            (0.0, cross + 0.03),
            (side + between(t[5], 0.14, 0.28), cross * 0.45),
            (side + apart * between(t[6], 0.0, 1.4), between(t[7], -0.06, 0.1)),
        ]
    ]


def eight_from_left(t: np.ndarray) -> Sequence[Stroke]:
    """The other way round: starts at the left of the top and crosses to the right first."""
    return [[(-point[0], point[1]) for point in stroke] for stroke in eight(t)]
