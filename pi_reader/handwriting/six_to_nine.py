"""The ways to write 6, 7, 8 and 9, as the points the pen passes.

The bar through a European 7 and the tail of a 9 that swings out like that of a g are here.
Each function takes the tastes of many people, (10, n) from 0 to 1; see `shapes`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.handwriting.shapes import arc, between
from pi_reader.handwriting.splines import CORNER, Number, Point, Stroke

# --- six -----------------------------------------------------------------------------------------


def six(t: np.ndarray) -> Sequence[Stroke]:
    """A curved stem that rolls into its bowl."""
    wide = between(t[0], 0.42, 0.7)
    top = between(t[1], 0.42, 0.62)
    return [
        [
            (between(t[2], 0.25, 0.62), 0.0),
            (between(t[3], 0.1, 0.25), 0.25),
            (0.0, 0.62),
            (wide * 0.45, 1.0),
            (wide, between(t[4], 0.72, 0.8)),
            (wide * 0.55, top),
            (between(t[5], 0.02, 0.2), top + between(t[6], 0.1, 0.3)),
        ]
    ]


def six_straight(t: np.ndarray) -> Sequence[Stroke]:
    """A stem like a stick with a bowl at its foot, like a b."""
    wide = between(t[0], 0.32, 0.6)
    top = between(t[1], 0.46, 0.66)
    return [
        [
            (between(t[2], 0.02, 0.3), 0.0),
            (between(t[3], 0.0, 0.1), 0.4),
            (0.0, 0.78),
            (wide * 0.4, 1.0),
            (wide, between(t[4], 0.74, 0.84)),
            (wide * 0.6, top),
            (between(t[5], 0.0, 0.15), top + between(t[6], 0.06, 0.26)),
        ]
    ]


def six_curl(t: np.ndarray) -> Sequence[Stroke]:
    """The stem begins with a bow to the right, and the bowl may spiral inwards."""
    wide = between(t[0], 0.45, 0.72)
    top = between(t[1], 0.44, 0.6)
    return [
        [
            (between(t[2], 0.45, 0.7), between(t[7], 0.06, 0.2)),
            (between(t[3], 0.3, 0.45), 0.0),
            (0.06, 0.3),
            (0.02, 0.72),
            (wide * 0.5, 1.0),
            (wide, 0.76),
            (wide * 0.6, top),
            (between(t[5], 0.08, 0.22), top + 0.14),
            (between(t[8], 0.1, 0.3), top + between(t[6], 0.14, 0.36)),
        ]
    ]


# --- seven ---------------------------------------------------------------------------------------


def _seven_stem(t: np.ndarray, right: Number) -> list[Point]:
    """From the right end of the roof down, straight or bent."""
    foot = between(t[1], 0.05, 0.5)
    bend = between(t[2], -0.05, 0.12)
    return [
        (right, between(t[3], -0.04, 0.06), CORNER),
        ((right + foot) / 2 - bend, 0.45),
        (foot, 1.0),
    ]


def _crossbar(t: np.ndarray, right: Number) -> Stroke:
    """The bar through the stem of a European 7."""
    foot = between(t[1], 0.05, 0.5)
    y = between(t[7], 0.4, 0.6)
    middle = right + (foot - right) * y - between(t[2], -0.05, 0.12) * 0.8
    left = between(t[8], 0.14, 0.4)
    tilt = between(t[6], -0.08, 0.05)
    return [(middle - left, y - tilt), (middle + between(t[9], 0.12, 0.4), y + tilt)]


def seven(t: np.ndarray) -> Sequence[Stroke]:
    """A roof and a stem."""
    right = between(t[0], 0.45, 0.75)
    roof = between(t[4], -0.02, 0.08)
    return [[(0.0, roof), (right * 0.5, between(t[5], -0.03, 0.05)), *_seven_stem(t, right)]]


def seven_crossed(t: np.ndarray) -> Sequence[Stroke]:
    """A roof, a stem, and the bar through it."""
    return [*seven(t), _crossbar(t, between(t[0], 0.45, 0.75))]


def seven_serif(t: np.ndarray) -> Sequence[Stroke]:
    """The roof begins with a short stroke down at its left."""
    right = between(t[0], 0.45, 0.75)
    drop = between(t[5], 0.06, 0.28)
    start = (between(t[4], -0.06, 0.06), drop)
    return [[start, (0.0, between(t[6], 0.0, 0.06), CORNER), *_seven_stem(t, right)]]


def seven_serif_crossed(t: np.ndarray) -> Sequence[Stroke]:
    """With the short stroke at the left and the bar."""
    return [*seven_serif(t), _crossbar(t, between(t[0], 0.45, 0.75))]


def seven_wave(t: np.ndarray) -> Sequence[Stroke]:
    """The roof is a wave."""
    right = between(t[0], 0.5, 0.75)
    return [
        [
            (between(t[4], -0.04, 0.06), between(t[5], 0.1, 0.24)),
            (0.1, 0.02),
            (right * 0.55, between(t[6], 0.04, 0.12)),
            *_seven_stem(t, right),
        ]
    ]


def seven_wave_crossed(t: np.ndarray) -> Sequence[Stroke]:
    """The wave and the bar."""
    return [*seven_wave(t), _crossbar(t, between(t[0], 0.5, 0.75))]


def seven_round(t: np.ndarray) -> Sequence[Stroke]:
    """Roof and stem in one bow."""
    right = between(t[0], 0.42, 0.62)
    return [
        [
            (0.0, between(t[4], 0.02, 0.2)),
            (right * 0.5, 0.0),
            (right, between(t[5], 0.08, 0.2)),
            (right * 0.85, 0.45),
            (between(t[1], 0.02, 0.45), 1.0),
        ]
    ]


# --- eight ---------------------------------------------------------------------------------------


def eight(t: np.ndarray) -> Sequence[Stroke]:
    """Down as an S and up again, closed or nearly so at the top right."""
    top = between(t[0], 0.18, 0.3)
    low = between(t[1], 0.22, 0.38)
    waist = between(t[2], 0.4, 0.52)
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


def eight_from_left(t: np.ndarray) -> Sequence[Stroke]:
    """The other way round: starts at the left of the top and crosses to the right first."""
    return [[(-point[0], point[1]) for point in stroke] for stroke in eight(t)]


# --- nine ----------------------------------------------------------------------------------------


def _nine_bowl(t: np.ndarray) -> tuple[list[Point], np.ndarray]:
    """The ring of a 9 against the clock from its right, and the x where the stem begins."""
    wide = between(t[0], 0.36, 0.66)
    low = between(t[1], 0.38, 0.56)
    gap = between(t[2] ** 2, -0.02, 0.2)
    return [
        (wide - between(t[3], -0.02, 0.12), between(t[4], 0.02, 0.16)),
        (wide * 0.5, 0.0),
        (0.0, low * 0.55),
        (wide * 0.42, low),
        (wide * 0.85, low * 0.72),
        (wide + 0.02, gap),
    ], wide


def nine(t: np.ndarray) -> Sequence[Stroke]:
    """A ring and a straight stem."""
    bowl, wide = _nine_bowl(t)
    last = (*bowl[-1], CORNER)
    foot = wide - between(t[5], -0.1, 0.4)
    return [[*bowl[:-1], last, ((wide + foot) / 2 + between(t[6], -0.02, 0.06), 0.55), (foot, 1.0)]]


def nine_curl(t: np.ndarray) -> Sequence[Stroke]:
    """A ring, and a stem that swings out to the left."""
    bowl, wide = _nine_bowl(t)
    last = (*bowl[-1], CORNER)
    return [
        [
            *bowl[:-1],
            last,
            (wide + between(t[5], -0.06, 0.05), 0.5),
            (wide * 0.92, 0.8),
            (wide * between(t[6], 0.3, 0.65), 1.0),
            (between(t[7], -0.2, 0.15), between(t[8], 0.8, 0.98)),
        ]
    ]


def nine_soft(t: np.ndarray) -> Sequence[Stroke]:
    """Ring and stem in one flow, so that the stem leaves the ring with a loop."""
    wide = between(t[0], 0.36, 0.58)
    low = between(t[1], 0.36, 0.54)
    return [
        [
            (wide, between(t[2], 0.08, 0.2)),
            (wide * 0.5, 0.0),
            (0.0, low * 0.55),
            (wide * 0.4, low),
            (wide * 0.95, low * 0.5),
            (wide * 1.02, between(t[3], 0.12, 0.22)),
            (wide * between(t[4], 0.7, 1.05), 0.6),
            (wide * between(t[5], 0.2, 0.95), 1.0),
        ]
    ]


def nine_open(t: np.ndarray) -> Sequence[Stroke]:
    """A hook instead of a ring: the stem runs past it, open at the top like a 4."""
    wide = between(t[0], 0.36, 0.56)
    low = between(t[1], 0.38, 0.52)
    return [
        [
            (wide * between(t[2], 0.5, 0.95), between(t[3], 0.0, 0.08)),
            (wide * 0.3, 0.06),
            (0.0, low * 0.6),
            (wide * 0.4, low),
            (wide * 0.95, low * between(t[8], 0.4, 0.75)),
        ],
        [
            (wide + between(t[4], -0.02, 0.1), between(t[5], -0.02, 0.2)),
            (wide, 0.55),
            (wide - between(t[6], -0.02, 0.22), 1.0),
        ],
    ]


def nine_big_tail(t: np.ndarray) -> Sequence[Stroke]:
    """A flat ring over a wide bow that ends far to the left: half of it is tail, like a g."""
    wide = between(t[0], 0.45, 0.68)
    low = between(t[1], 0.3, 0.48)
    return [
        [
            (wide * between(t[2], 0.7, 1.0), between(t[3], 0.04, 0.16)),
            (wide * 0.45, 0.0),
            (0.0, low * 0.5),
            (wide * 0.4, low),
            (wide * 0.85, low * 0.75),
            (wide, between(t[4], 0.05, 0.22), CORNER),
            (wide * 1.06, 0.52),
            (wide, 0.86),
            (wide * 0.45, 1.0),
            (between(t[5], -0.14, 0.1), between(t[6], 0.76, 0.98)),
        ]
    ]
