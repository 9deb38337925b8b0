"""The ways to write 1, as the points the pen passes.

MNIST is American, and its ones are sticks: here they also have the long flag that Germans write,
which every network that learned from MNIST alone takes for a 7, and the steep roof of the south,
which goes up as far as it comes down.
Each function takes the tastes of many people, (10, n) from 0 to 1; see `shapes`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.handwriting.shapes import between
from pi_reader.handwriting.splines import CORNER, Number, Point, Stroke


def one(t: np.ndarray) -> Sequence[Stroke]:
    """A plain stick, straight or a little bent."""
    bend = between(t[0], -0.06, 0.06)
    return [[(0.0, 0.0), (bend, 0.33), (bend * 1.2, 0.66), (between(t[1], -0.06, 0.06), 1.0)]]


def one_flag(t: np.ndarray) -> Sequence[Stroke]:
    """Up along the flag, a sharp turn, down: from a small American tick to the long German one."""
    length = between(t[0] ** 1.2, 0.12, 1.0)
    steep = between(t[1], 0.72, 1.4)
    across = length * steep**-0.5 * 0.72
    bow = between(t[2], -0.1, 0.08) * length
    drop = length * np.minimum(steep**0.5, 1.05) * 0.85
    foot = between(t[3], -0.08, 0.12)
    return [
        [
            (-across, drop),
            (-across * 0.5 - bow, drop * 0.5 - bow),
            (0.0, 0.0, CORNER),
            (between(t[4], -0.04, 0.05), 0.5),
            (foot, 1.0),
        ]
    ]


def one_hooked(t: np.ndarray) -> Sequence[Stroke]:
    """The flag and the stem meet in a bow instead of a corner."""
    length = between(t[0], 0.2, 0.7)
    across = length * between(t[1], 0.5, 0.95)
    round_top = between(t[2], 0.02, 0.09)
    return [
        [
            (-across, length * 0.85),
            (-across * 0.45, length * 0.42),
            (-round_top, 0.02),
            (round_top * 0.5, 0.06),
            (0.02, 0.45),
            (between(t[3], -0.1, 0.1), 1.0),
        ]
    ]


def one_retraced(t: np.ndarray) -> Sequence[Stroke]:
    """Up a long thin way and back down almost on the same line, with a narrow loop at the top."""
    low = between(t[0], 0.45, 0.95)
    gap = between(t[1], 0.04, 0.2)
    return [
        [
            (-0.28 - gap - 0.15 * t[2], low),
            (-0.12 - gap * 0.4, low * 0.45),
            (0.04, 0.03),
            (0.07, 0.0),
            (0.06, 0.1),
            (0.0, 0.5),
            (between(t[3], -0.1, 0.08), 1.0),
        ]
    ]


def _base(t: np.ndarray, x: Number) -> Stroke:
    """The foot under a 1: a short line across the end of the stem."""
    left = between(t[5], 0.12, 0.4)
    right = between(t[6], 0.1, 0.42)
    y = between(t[7], 0.95, 1.02)
    tilt = between(t[8], -0.06, 0.05)
    return [(x - left, y - tilt), (x + right, y + tilt)]


def one_foot(t: np.ndarray) -> Sequence[Stroke]:
    """Flag, stem and foot, like print."""
    length = between(t[0], 0.12, 0.5)
    across = length * between(t[1], 0.5, 1.1)
    foot = between(t[3], -0.06, 0.06)
    stem: Stroke = [(-across, length * 0.7), (0.0, 0.0, CORNER), (foot, 1.0)]
    return [stem, _base(t, foot)]


def one_stick_foot(t: np.ndarray) -> Sequence[Stroke]:
    """A stick on a foot without a flag."""
    return [[(0.0, 0.0), (between(t[0], -0.04, 0.04), 1.0)], _base(t, 0.0)]


def one_joined_foot(t: np.ndarray) -> Sequence[Stroke]:
    """Flag, stem, and without lifting the pen along the foot: nearly a 2 with a straight back."""
    length = between(t[0], 0.1, 0.35)
    left = between(t[1], 0.1, 0.25)
    return [
        [
            (-length * 0.9, length * 0.7),
            (0.0, 0.0, CORNER),
            (0.0, 0.96, CORNER),
            (-left, between(t[2], 0.93, 1.02), CORNER),
            (between(t[3], 0.2, 0.4), between(t[4], 0.95, 1.02)),
        ]
    ]


def _long_way_up(t: np.ndarray) -> list[Point]:
    """The upstroke of a steep 1: it begins at or near the line, flat at first, then steep."""
    across = between(t[0], 0.26, 0.72)
    low = between(t[1], 0.66, 1.04)
    sag = between(t[2], -0.03, 0.15)
    return [
        (-across, low),
        (-across * 0.55, low * 0.62 + sag),
        (-across * 0.2, low * 0.24 + sag * 0.7),
    ]


def one_steep(t: np.ndarray) -> Sequence[Stroke]:
    """A steep roof: up from the line to a point, and straight down."""
    foot = between(t[3], -0.06, 0.12)
    return [
        [
            *_long_way_up(t),
            (0.0, 0.0, CORNER),
            (foot * 0.5 + between(t[4], -0.03, 0.04), 0.5),
            (foot, 1.0),
        ]
    ]


def one_steep_looped(t: np.ndarray) -> Sequence[Stroke]:
    """Up from the line, over in a narrow loop that ink may fill, and straight down."""
    loop = between(t[5], 0.01, 0.08)
    foot = between(t[3], -0.06, 0.1)
    return [
        [
            *_long_way_up(t)[:2],
            (loop * 0.6, between(t[6], 0.26, 0.36)),
            (loop, 0.08),
            (loop * 0.4, 0.0),
            (-loop * 0.4, 0.12),
            (between(t[4], -0.03, 0.03), 0.5),
            (foot, 1.0),
        ]
    ]


def one_steep_footed(t: np.ndarray) -> Sequence[Stroke]:
    """A steep roof, its stem on a foot that reaches to the right: it does not close a triangle."""
    path = one_steep(t)[0]
    foot = between(t[3], -0.06, 0.12)
    y = between(t[6], 0.94, 1.02)
    tilt = between(t[7], -0.04, 0.04)
    base: Stroke = [
        (foot - between(t[8], 0.0, 0.2), y - tilt),
        (foot + between(t[9], 0.14, 0.46), y + tilt),
    ]
    return [path, base]


def one_swept(t: np.ndarray) -> Sequence[Stroke]:
    """Along the line, up in a sweep, over in an open loop, straight down: an l without its end."""
    across = between(t[0], 0.2, 0.75)
    loop = between(t[1] ** 1.3, 0.05, 0.24)
    meet = between(t[2], 0.22, 0.5)
    return [
        [
            (-across, between(t[3], 0.82, 1.02)),
            (-across * 0.5, between(t[4], 0.62, 0.96)),
            (-0.02, meet + 0.04),
            (loop, meet * 0.4),
            (loop * 0.6, 0.0),
            (between(t[5], -0.04, 0.03), meet * 0.4),
            (between(t[6], -0.04, 0.03), 0.6),
            (between(t[7], -0.06, 0.12), 1.0),
        ]
    ]


def one_tented(t: np.ndarray) -> Sequence[Stroke]:
    """A roof over a long foot that runs to the left under it and nearly closes a triangle."""
    path = one_steep(t)[0]
    foot = between(t[3], -0.06, 0.12)
    y = between(t[6], 0.92, 1.04)
    tilt = between(t[7], -0.05, 0.05)
    base: Stroke = [
        (foot - between(t[8], 0.15, 0.5), y - tilt),
        (foot + between(t[9], 0.05, 0.5), y + tilt),
    ]
    return [path, base]
