"""The ways to write 9, as the points the pen passes.

The tail of a 9 hangs straight, leans, or swings out like that of a g; some run it along the line.
Each function takes the tastes of many people, (10, n) from 0 to 1; see `shapes`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.handwriting.shapes import between
from pi_reader.handwriting.splines import CORNER, Point, Stroke


def _nine_bowl(t: np.ndarray) -> tuple[list[Point], np.ndarray]:
    """The ring of a 9 against the clock from its right, and the x where the stem begins."""
    wide = between(t[0], 0.36, 0.66)
    low = between(t[1] ** 1.5, 0.36, 0.74)
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
    low = between(t[1], 0.26, 0.5)
    return [
        [
            (wide * between(t[2], 0.7, 1.0), between(t[3], 0.04, 0.16)),
            (wide * 0.45, 0.0),
            (0.0, low * 0.5),
            (wide * 0.4, low),
            (wide * 0.85, low * 0.75),
            (wide, between(t[4], 0.02, 0.3), CORNER),
            (wide * 1.06, 0.52),
            (wide, 0.86),
            (wide * 0.45, 1.0),
            (between(t[5], -0.14, 0.1), between(t[6], 0.76, 0.98)),
        ]
    ]


def nine_hook(t: np.ndarray) -> Sequence[Stroke]:
    """An open bowl and a stem that turns down before it has met the roof, straight or curled."""
    wide = between(t[0], 0.34, 0.66)
    low = between(t[1], 0.34, 0.54)
    gap = low * between(t[2], 0.3, 0.85)
    curl = between(t[7], -0.1, 0.55) * (t[8] > 0.5)
    foot = wide * between(t[6], 0.45, 1.05)
    return [
        [
            (wide * between(t[3], 0.6, 1.15), between(t[4], 0.0, 0.12)),
            (wide * 0.45, 0.0),
            (0.0, low * 0.55),
            (wide * 0.4, low),
            (wide * 0.85, low * 0.5 + gap * 0.5),
            (wide * between(t[5], 0.92, 1.08), gap, CORNER),
            ((wide + foot) / 2 + 0.02, 0.6),
            (foot, 0.92),
            (foot - 0.02 - curl, between(t[9], 0.94, 1.0)),
        ]
    ]


def nine_s(t: np.ndarray) -> Sequence[Stroke]:
    """Up the right side, round the bowl, and through the waist into the tail: an S with a head."""
    wide = between(t[0], 0.42, 0.66)
    waist = between(t[1], 0.34, 0.52)
    start = waist * between(t[2], 0.7, 1.1)
    tail = between(t[3], 0.75, 1.1)
    return [
        [
            (wide * between(t[4], 0.72, 1.0), start),
            (wide * between(t[5], 0.85, 1.05), start * 0.45),
            (wide * 0.5, 0.0),
            (0.0, waist * 0.5),
            (wide * 0.38, waist),
            (wide * 0.85, waist + between(t[6], 0.0, 0.12)),
            (wide * tail, between(t[7], 0.66, 0.8)),
            (wide * 0.42, 1.0),
            (between(t[8], -0.14, 0.12), between(t[9], 0.84, 1.0)),
        ]
    ]


def nine_small(t: np.ndarray) -> Sequence[Stroke]:
    """A bowl so small that ink may fill it, over a long stem."""
    wide = between(t[0], 0.2, 0.4)
    low = between(t[1], 0.24, 0.4)
    foot = wide - between(t[2], -0.08, 0.34)
    return [
        [
            (wide * between(t[3], 0.8, 1.05), between(t[4], 0.03, 0.12)),
            (wide * 0.5, 0.0),
            (0.0, low * 0.55),
            (wide * 0.45, low),
            (wide * 0.9, low * 0.65),
            (wide, between(t[5], 0.0, 0.12), CORNER),
            ((wide + foot) / 2 + between(t[6], -0.02, 0.08), 0.58),
            (foot, 1.0),
        ]
    ]


def nine_flat_tail(t: np.ndarray) -> Sequence[Stroke]:
    """A stem that turns on the line and runs along it far to the left, as under a g."""
    wide = between(t[0], 0.4, 0.66)
    low = between(t[1], 0.34, 0.54)
    return [
        [
            (wide * between(t[2], 0.75, 1.05), between(t[3], 0.03, 0.14)),
            (wide * 0.5, 0.0),
            (0.0, low * 0.5),
            (wide * 0.4, low),
            (wide * 0.85, low * 0.75),
            (wide, between(t[4], 0.0, 0.2), CORNER),
            (wide * between(t[9], 1.0, 1.14), 0.56),
            (wide * 0.98, 0.86),
            (wide * 0.6, 0.98),
            (wide * 0.2, between(t[5], 0.95, 1.01)),
            (between(t[6], -0.34, 0.02), between(t[7], 0.93, 1.03)),
        ]
    ]


def nine_necked(t: np.ndarray) -> Sequence[Stroke]:
    """Round a small bowl, down a neck, over a belly, and back along the line: an 8 left open."""
    wide = between(t[0], 0.34, 0.6)
    waist = between(t[1], 0.36, 0.5)
    belly = between(t[2], 0.42, 0.7)
    return [
        [
            (wide * between(t[8], 0.25, 0.6), waist * between(t[3], 0.88, 1.04)),
            (wide, waist * 0.5),
            (wide * 0.55, 0.0),
            (0.0, waist * 0.45),
            (wide * 0.4, waist),
            (belly * 0.92, waist + between(t[4], 0.12, 0.24)),
            (belly, between(t[5], 0.72, 0.84)),
            (belly * 0.6, 0.97),
            (0.08, between(t[9], 0.95, 1.0)),
            (between(t[6], -0.36, -0.08), between(t[7], 0.92, 1.02)),
        ]
    ]


def nine_turned(t: np.ndarray) -> Sequence[Stroke]:
    """The wrong way round, like the Greek rho: a flat wide bowl at the right of a leaning stem."""
    wide = between(t[0], 0.42, 0.85)
    low = between(t[1], 0.32, 0.5)
    foot = between(t[2], -0.34, 0.04)
    return [
        [
            (between(t[3], -0.02, 0.16), low * between(t[4], 0.95, 1.12)),
            (wide * 0.55, low * 0.95),
            (wide, low * 0.4),
            (wide * 0.6, 0.0),
            (0.14, low * 0.4),
            (0.0, between(t[5], 0.46, 0.56)),
            (foot, 1.0),
        ]
    ]
