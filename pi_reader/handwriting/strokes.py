"""The ways in which the world writes its ten digits, as the points the pen passes.

Each function is one way to write one digit. It takes the tastes of many people at once, `t` of
shape (10, n) from 0 to 1, and says where their pens go: x to the right, y down from 0 to 1. What
each taste means is the function's own business; `between(t[3], 0.2, 0.6)` reads as "somewhere
from 0.2 to 0.6, as the person likes". Some people write their digits on purpose in ways that
look wrong elsewhere: the long flag of a German 1, the crossed 7, the open 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pi_reader.handwriting.splines import CORNER, Number, Point, Skeleton, Stroke


@dataclass(frozen=True)
class Form:
    """One way to write a digit, and how common it is in America and on the continent of Europe."""

    skeleton: Skeleton
    american: float
    continental: float


def between(taste: np.ndarray, low: Number, high: Number) -> np.ndarray:
    """A number from low to high, as the taste from 0 to 1 says; float32."""
    return np.asarray(low + (high - low) * taste, np.float32)


def arc(
    x: Number, y: Number, wide: Number, high: Number, start: Number, turn: Number, points: int = 9
) -> list[Point]:
    """Points along an oval around (x, y) with the half axes wide and high.

    start and turn are parts of a whole turn; 0 is the right, 0.25 the bottom, 0.75 the top, and a
    positive turn runs clockwise as one sees it.
    """
    angles = [2 * np.pi * (start + turn * step / (points - 1)) for step in range(points)]
    return [(x + wide * np.cos(angle), y + high * np.sin(angle)) for angle in angles]


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


# --- one -----------------------------------------------------------------------------------------


def one(t: np.ndarray) -> Sequence[Stroke]:
    """A plain stick, straight or a little bent."""
    bend = between(t[0], -0.06, 0.06)
    return [[(0.0, 0.0), (bend, 0.33), (bend * 1.2, 0.66), (between(t[1], -0.06, 0.06), 1.0)]]


def one_flag(t: np.ndarray) -> Sequence[Stroke]:
    """Up along the flag, a sharp turn, down: from a small American tick to the long German one."""
    length = between(t[0] ** 1.2, 0.12, 0.92)
    steep = between(t[1], 0.35, 1.35)
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
    size = between(t[4], 0.06, 0.3)
    left = between(t[5], -0.25, 0.05)
    end = between(t[6], 0.92, 1.12)
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


# --- three ---------------------------------------------------------------------------------------


def _belly(t: np.ndarray, x: Number, y: Number) -> list[Point]:
    """The lower bow of a 3, from its waist on."""
    out = between(t[6], 0.55, 0.75)
    end = between(t[7], 0.78, 0.98)
    return [
        (x + 0.2, y + 0.03),
        (out, between(t[8], 0.66, 0.76)),
        (between(t[9], 0.22, 0.4), 1.0),
        (between(t[5], -0.12, 0.06), end),
    ]


def three(t: np.ndarray) -> Sequence[Stroke]:
    """Two bows that meet in a point."""
    x = between(t[0], 0.12, 0.4)
    y = between(t[1], 0.4, 0.52)
    return [
        [
            (between(t[2], -0.02, 0.1), between(t[3], 0.05, 0.22)),
            (0.28, 0.0),
            (between(t[4], 0.45, 0.62), 0.2),
            (x + 0.15, y - 0.04),
            (x, y, CORNER),
            *_belly(t, x, y),
        ]
    ]


def three_soft(t: np.ndarray) -> Sequence[Stroke]:
    """Two bows without a point between them, as a hand in a hurry makes it."""
    x = between(t[0], 0.2, 0.45)
    y = between(t[1], 0.4, 0.5)
    return [
        [
            (between(t[2], -0.02, 0.12), between(t[3], 0.02, 0.15)),
            (0.3, 0.0),
            (between(t[4], 0.48, 0.62), 0.18),
            (x + 0.03, y),
            *_belly(t, x, y),
        ]
    ]


def three_flat(t: np.ndarray) -> Sequence[Stroke]:
    """A flat top like that of a 7, a diagonal back to the waist, a bow."""
    x = between(t[0], 0.1, 0.38)
    y = between(t[1], 0.34, 0.46)
    return [
        [
            (between(t[2], -0.05, 0.08), between(t[3], -0.02, 0.08)),
            (0.25, 0.0),
            (between(t[4], 0.48, 0.65), 0.0, CORNER),
            (x, y, CORNER),
            *_belly(t, x, y),
        ]
    ]


def three_loop(t: np.ndarray) -> Sequence[Stroke]:
    """A small loop at the waist."""
    x = between(t[0], 0.1, 0.3)
    y = between(t[1], 0.42, 0.5)
    size = between(t[2], 0.03, 0.1)
    return [
        [
            (0.0, between(t[3], 0.08, 0.24)),
            (0.28, 0.0),
            (between(t[4], 0.45, 0.6), 0.2),
            (x + 0.1, y + size * 0.5),
            (x - size, y + size * 0.4),
            (x, y - size),
            *_belly(t, x, y),
        ]
    ]


# --- four ----------------------------------------------------------------------------------------


def four_open(t: np.ndarray) -> Sequence[Stroke]:
    """Down, across, and a stem through the bar; open at the top."""
    bar = between(t[0], 0.48, 0.72)
    top = between(t[1] ** 1.3, 0.0, 0.45)
    stem = between(t[2], 0.38, 0.62)
    reach = between(t[3], 0.02, 0.38)
    return [
        [
            (between(t[4], 0.02, 0.38), 0.0),
            (between(t[5], 0.02, 0.12), bar * 0.6),
            (0.0, bar, CORNER),
            (stem + reach, bar + between(t[6], -0.1, 0.06)),
        ],
        [(stem + between(t[7], -0.05, 0.14), top), (stem - between(t[8], -0.05, 0.16), 1.0)],
    ]


def four_cup(t: np.ndarray) -> Sequence[Stroke]:
    """A round cup instead of the corner, with a stem at its right, like a y that stands."""
    bar = between(t[0], 0.45, 0.62)
    stem = between(t[1], 0.42, 0.6)
    return [
        [
            (between(t[2], 0.0, 0.3), 0.0),
            (0.0, bar * 0.65),
            (0.1, bar),
            (stem * 0.6, bar + 0.01),
            (stem + between(t[3], -0.05, 0.2), bar - between(t[4], 0.02, 0.16)),
        ],
        [
            (stem + between(t[5], -0.02, 0.12), between(t[6], 0.0, 0.42)),
            (stem, 0.6),
            (stem - between(t[7], -0.02, 0.15), 1.0),
        ],
    ]


def four_closed(t: np.ndarray) -> Sequence[Stroke]:
    """The printed 4: the diagonal starts where the stem does."""
    bar = between(t[0], 0.52, 0.74)
    stem = between(t[1], 0.4, 0.58)
    reach = between(t[2], 0.05, 0.36)
    gap = between(t[3], -0.08, 0.06)
    return [
        [
            (stem + gap, between(t[6], -0.03, 0.06)),
            (0.0, bar, CORNER),
            (stem + reach, bar + between(t[4], -0.06, 0.05)),
        ],
        [(stem, between(t[5], -0.03, 0.1)), (stem - between(t[7], -0.04, 0.1), 1.0)],
    ]


def four_continued(t: np.ndarray) -> Sequence[Stroke]:
    """One line without lifting: down, across, up to the top of the stem, and down."""
    bar = between(t[0], 0.42, 0.6)
    stem = between(t[1], 0.45, 0.65)
    top = between(t[2], 0.0, 0.3)
    return [
        [
            (between(t[3], 0.0, 0.25), 0.0),
            (between(t[4], -0.02, 0.06), bar * 0.7),
            (0.05, bar, CORNER),
            (stem * 0.6, bar - between(t[5], 0.0, 0.08)),
            (stem + 0.05, top, CORNER),
            (stem - 0.02, 0.6),
            (stem - between(t[6], 0.0, 0.16), 1.0),
        ]
    ]


def four_swept(t: np.ndarray) -> Sequence[Stroke]:
    """A slanted down stroke, a small hook to the right, and a short stem that hangs from it."""
    bar = between(t[0], 0.42, 0.62)
    stem = between(t[1], 0.34, 0.56)
    return [
        [
            (between(t[2], 0.22, 0.5), 0.0),
            (0.1, bar * 0.62),
            (0.0, bar, CORNER),
            (stem * 0.6, bar - 0.03),
            (stem + between(t[3], 0.02, 0.3), bar - between(t[4], 0.0, 0.14)),
        ],
        [
            (stem + between(t[5], -0.03, 0.08), between(t[6], 0.25, 0.5)),
            (stem - 0.02, 0.72),
            (stem - between(t[7], -0.02, 0.2), 1.0),
        ],
    ]


# --- five ----------------------------------------------------------------------------------------


def _five_bow(t: np.ndarray, y: Number) -> list[Point]:
    """The belly of a 5 from the end of its neck."""
    return [
        (between(t[4], 0.24, 0.38), y - between(t[5], 0.0, 0.1)),
        (between(t[6], 0.48, 0.66), between(t[9], 0.62, 0.72)),
        (between(t[7], 0.2, 0.38), 1.0),
        (between(t[8], -0.14, 0.04), between(t[3], 0.82, 0.99)),
    ]


def five(t: np.ndarray) -> Sequence[Stroke]:
    """Neck and belly in one stroke, the hat in a second that may miss the neck."""
    y = between(t[0], 0.36, 0.5)
    x = between(t[1], 0.04, 0.16)
    hat = between(t[2], 0.4, 0.75)
    return [
        [(x, 0.02), (x - 0.06, y, CORNER), *_five_bow(t, y)],
        [(x + between(t[3], -0.06, 0.12), between(t[9], -0.04, 0.06)), (hat, between(t[5], -0.08, 0.06))],
    ]


def five_one_stroke(t: np.ndarray) -> Sequence[Stroke]:
    """From the right end of the hat in one go."""
    y = between(t[0], 0.34, 0.5)
    x = between(t[1], 0.02, 0.18)
    return [
        [
            (between(t[2], 0.4, 0.75), between(t[9], -0.06, 0.06)),
            (x, 0.02, CORNER),
            (x - 0.05, y, CORNER),
            *_five_bow(t, y),
        ]
    ]


def five_soft(t: np.ndarray) -> Sequence[Stroke]:
    """Nearly an S: the hat bends into the neck and the neck into the belly."""
    return [
        [
            (between(t[0], 0.45, 0.75), between(t[1], -0.02, 0.06)),
            (0.25, 0.01),
            (between(t[2], 0.02, 0.14), 0.2),
            (0.18, 0.42),
            (between(t[6], 0.44, 0.6), between(t[9], 0.6, 0.72)),
            (between(t[7], 0.2, 0.36), 1.0),
            (between(t[8], -0.16, 0.02), between(t[3], 0.85, 0.98)),
        ]
    ]


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
    lower = arc(0.0, 1 - height, low, height, between(t[6], 0.65, 0.85), -between(t[7], 0.95, 1.1), 9)
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


DIGITS: tuple[tuple[Form, ...], ...] = (
    (
        Form(zero, 5, 5),
        Form(zero_clockwise, 1, 1),
        Form(zero_spiral, 2, 2),
        Form(zero_pointed, 1.5, 1),
        Form(zero_slashed, 0.15, 0.3),
    ),
    (
        Form(one, 7, 1),
        Form(one_flag, 1.5, 5),
        Form(one_hooked, 0.2, 1),
        Form(one_retraced, 0.1, 1),
        Form(one_foot, 0.7, 1.5),
        Form(one_stick_foot, 0.15, 0.1),
        Form(one_joined_foot, 0.1, 0.1),
    ),
    (
        Form(two, 4, 4),
        Form(two_loop, 2, 1.5),
        Form(two_swung, 4, 1),
        Form(two_check, 1.5, 1),
        Form(two_z, 1, 3),
        Form(two_curl, 0.5, 1.5),
    ),
    (Form(three, 4, 4), Form(three_soft, 2, 1.5), Form(three_flat, 0.6, 1.5), Form(three_loop, 1, 1)),
    (
        Form(four_open, 4, 2.5),
        Form(four_cup, 2, 2),
        Form(four_closed, 2, 2),
        Form(four_continued, 1.5, 1),
        Form(four_swept, 0.5, 2.5),
    ),
    (Form(five, 4, 4), Form(five_one_stroke, 2, 3), Form(five_soft, 1.5, 1.5)),
    (Form(six, 4, 3), Form(six_straight, 2, 1), Form(six_curl, 1, 2.5)),
    (
        Form(seven, 5, 1),
        Form(seven_crossed, 0.8, 4),
        Form(seven_serif, 1, 0.5),
        Form(seven_serif_crossed, 0.2, 1.5),
        Form(seven_wave, 0.8, 0.4),
        Form(seven_wave_crossed, 0.1, 1.5),
        Form(seven_round, 1, 0.2),
    ),
    (
        Form(eight, 5, 5),
        Form(eight_circles, 1, 1.5),
        Form(eight_open, 1.5, 1),
        Form(eight_from_left, 1, 1),
    ),
    (
        Form(nine, 4, 2),
        Form(nine_curl, 0.8, 3),
        Form(nine_soft, 2, 1),
        Form(nine_open, 1, 1),
        Form(nine_big_tail, 0.2, 1.5),
    ),
)
"""For each digit the forms people give it; their numbers are weights, not probabilities."""
