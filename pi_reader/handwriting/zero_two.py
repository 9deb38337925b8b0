"""The ways to write 0 and 2, as the points the pen passes.

An oval need not close; a 2 may end in a point, a loop, or a loop as wide as an a's.
Each function takes the tastes of many people, (10, n) from 0 to 1; see `shapes`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.handwriting.shapes import arc, between
from pi_reader.handwriting.splines import CORNER, Point, Stroke

# --- zero ----------------------------------------------------------------------------------------


def zero(t: np.ndarray) -> Sequence[Stroke]:
    """An oval from the top against the clock, narrow to round, closed or not quite."""
    wide = between(t[0] ** 1.3, 0.22, 0.56)
    return [arc(0.0, 0.5, wide, 0.5, between(t[1], 0.72, 0.92), -between(t[2], 0.9, 1.12), 10)]


def zero_clockwise(t: np.ndarray) -> Sequence[Stroke]:
    """An oval with the clock, from anywhere on the left or the top."""
    wide = between(t[0], 0.22, 0.5)
    return [arc(0.0, 0.5, wide, 0.5, between(t[1], 0.5, 0.8), between(t[2], 0.92, 1.15), 10)]


def zero_spiral(t: np.ndarray) -> Sequence[Stroke]:
    """The end overshoots: it crosses the beginning and goes on outside, or curls into the oval."""
    wide = between(t[0], 0.28, 0.55)
    start = between(t[1], 0.72, 0.88)
    path = arc(0.0, 0.5, wide, 0.5, start, -1.0, 10)
    out = between(t[2], -0.25, 0.3)
    angle = 2 * np.pi * (start - between(t[3], 0.06, 0.2))
    end = (wide * (1 + out) * np.cos(angle), 0.5 + 0.5 * (1 + out) * np.sin(angle))
    return [[*path, end]]


def zero_pointed(t: np.ndarray) -> Sequence[Stroke]:
    """Begins with a straight stroke to the left and closes above it, like a drop."""
    wide = between(t[0], 0.25, 0.45)
    tip = between(t[1], -0.1, 0.25)
    return [
        [
            (tip + 0.05, between(t[2], -0.05, 0.12)),
            (-0.7 * wide, 0.22),
            (-wide, 0.6),
            (0.0, 1.0),
            (wide, 0.58),
            (0.85 * wide, 0.2),
            (tip - between(t[3], 0.0, 0.25), between(t[4], -0.06, 0.06)),
        ]
    ]


def zero_slashed(t: np.ndarray) -> Sequence[Stroke]:
    """An oval crossed by a slash, as some write who also write the letter O."""
    wide = between(t[0], 0.3, 0.5)
    reach = between(t[2], 0.7, 1.25)
    oval = arc(0.0, 0.5, wide, 0.5, between(t[1], 0.7, 0.9), -1.02, 10)
    return [oval, [(wide * reach, 0.5 - 0.42 * reach), (-wide * reach, 0.5 + 0.42 * reach)]]


# --- two -----------------------------------------------------------------------------------------


def _two_top(t: np.ndarray) -> list[Point]:
    """The swan's neck: from the left over the top, down to the lower left."""
    start = between(t[0], 0.12, 0.36)
    right = between(t[1], 0.5, 0.72)
    return [
        (between(t[2], -0.02, 0.12), start),
        (0.16, 0.07),
        (between(t[3], 0.28, 0.4), 0.0),
        (right, 0.22),
        (right * 0.82, 0.5),
    ]


def two(t: np.ndarray) -> Sequence[Stroke]:
    """A bow, a corner at the lower left, and a straight or wavy base."""
    base = between(t[4], 0.93, 1.05)
    wave = between(t[5], -0.06, 0.05)
    left = between(t[6], -0.05, 0.12)
    end = between(t[7], 0.45, 0.95)
    top = _two_top(t)
    return [
        [
            *top,
            (left + 0.16, 0.82),
            (left, 0.98, CORNER),
            (end * 0.5, 0.97 + wave),
            (end, base),
        ]
    ]


def two_loop(t: np.ndarray) -> Sequence[Stroke]:
    """A little loop at the lower left, from which the base swings out."""
    size = between(t[4], 0.05, 0.2)
    end = between(t[7], 0.55, 1.0)
    return [
        [
            *_two_top(t),
            (0.18, 0.84),
            (0.02, 0.99),
            (-0.08 - size * 0.4, 0.98 - size * 0.4),
            (-0.02, 0.95 - size),
            (0.16, 0.95 - size * 0.35),
            (0.42, between(t[5], 0.96, 1.03)),
            (end, between(t[6], 0.86, 1.02)),
        ]
    ]


def two_z(t: np.ndarray) -> Sequence[Stroke]:
    """Nearly a Z: a flat top with a tight turn, a straight diagonal, a flat base."""
    right = between(t[0], 0.5, 0.75)
    turn = between(t[1], 0.02, 0.16)
    end = between(t[2], 0.5, 0.85)
    return [
        [
            (0.0, between(t[3], 0.02, 0.22)),
            (right * 0.5, between(t[4], -0.04, 0.04)),
            (right * 0.92, 0.02),
            (right, turn + 0.06),
            (right * 0.8, turn + 0.2),
            (between(t[5], -0.08, 0.08), 0.97, CORNER),
            (end * 0.5, between(t[6], 0.94, 1.0)),
            (end, between(t[7], 0.93, 1.03)),
        ]
    ]


def two_curl(t: np.ndarray) -> Sequence[Stroke]:
    """The bow begins with a curl of its own, and the base is a wave: a school hand."""
    curl = between(t[8], 0.06, 0.16)
    right = between(t[1], 0.5, 0.7)
    base = between(t[4], 0.0, 0.14)
    return [
        [
            (0.14 + curl, 0.24 + curl * 0.4),
            (0.12, 0.24 + curl),
            (0.02, 0.22),
            (0.12, 0.06),
            (0.34, 0.0),
            (right, 0.22),
            (right * 0.8, 0.52),
            (0.14, 0.85),
            (-0.06, 0.98),
            (0.0, 0.96 - base, CORNER),
            (0.24, 0.94 - base * 0.4),
            (0.5, 1.0),
            (between(t[7], 0.6, 0.9), between(t[6], 0.84, 0.98)),
        ]
    ]


def two_swung(t: np.ndarray) -> Sequence[Stroke]:
    """A wide loop at the lower left whose end swings down to the right, often below the line."""
    right = between(t[1], 0.42, 0.66)
    size = between(t[4], 0.06, 0.42)
    left = between(t[5], -0.25, 0.1)
    end = between(t[6], 0.92, 1.28)
    start = between(t[0], 0.08, 0.32)
    return [
        [
            (between(t[2], -0.04, 0.14), start),
            (0.16, 0.06),
            (between(t[3], 0.28, 0.4), 0.0),
            (right, 0.2),
            (right * 0.85, 0.5),
            (0.24, 0.85),
            (left + 0.12, 1.0),
            (left - 0.04, 0.98 - size * 0.4),
            (left + 0.12, 0.95 - size),
            (0.3, 0.93 - size * 0.35),
            (between(t[7], 0.55, 0.95), end),
        ]
    ]


def two_check(t: np.ndarray) -> Sequence[Stroke]:
    """A narrow back that ends in a point, from which the base runs out level or upwards."""
    right = between(t[0], 0.3, 0.6)
    low = between(t[1], 0.72, 0.98)
    return [
        [
            (between(t[2], -0.05, 0.1), between(t[3], 0.06, 0.3)),
            (right * 0.55, 0.0),
            (right, between(t[4], 0.15, 0.3)),
            (right * 0.7, 0.6),
            (between(t[5], -0.1, 0.12), low, CORNER),
            (right * 0.7, between(t[6], 0.84, 0.96)),
            (between(t[7], 0.5, 1.0), between(t[8], 0.82, 1.12)),
        ]
    ]


def two_rolled(t: np.ndarray) -> Sequence[Stroke]:
    """A loop at the lower left that is as wide as an a's, and a base that droops out of it."""
    right = between(t[1], 0.4, 0.62)
    top = between(t[4], 0.52, 0.74)
    left = between(t[5], -0.16, 0.04)
    return [
        [
            (between(t[2], -0.06, 0.14), between(t[0], 0.06, 0.26)),
            (right * 0.55, 0.0),
            (right, 0.2),
            (right * 0.9, 0.6),
            (0.24, 0.93),
            (0.04, 1.0),
            (left, 0.86),
            (left + 0.1, top),
            (right * 0.7, top + 0.08),
            (right, 0.88),
            (between(t[7], 0.62, 1.0), between(t[6], 0.9, 1.14)),
        ]
    ]
