"""Skeletons of what people write beside their numbers: signs, ticks, arrows, rules, scribbles.

Left out are the plain slash, and the upper right corner of a table, which is a 7; of letters see
`alphabet`.
The tastes shift each shape a little; how it is drawn comes from the hand, as with digits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.handwriting.alphabet import LETTERS, y_angular, y_cup, y_looped, y_straight
from pi_reader.handwriting.shapes import arc, between, plain
from pi_reader.handwriting.splines import CORNER, Skeleton, Stroke


def plus(t: np.ndarray) -> Sequence[Stroke]:
    """A plus: two lines that cross somewhere near their middles."""
    x, y = between(t[0], 0.32, 0.68), between(t[1], 0.3, 0.7)
    tilt = between(t[2], -0.1, 0.1)
    return [
        [(between(t[3], -0.1, 0.12), y - tilt), (between(t[4], 0.88, 1.15), y + tilt)],
        [(x + between(t[5], -0.1, 0.14), 0.0), (x + between(t[6], -0.12, 0.08), 1.0)],
    ]


def plus_joined(t: np.ndarray) -> Sequence[Stroke]:
    """A plus in one go: the pen drags a line from the end of the first stroke to the second."""
    y = between(t[0], 0.35, 0.6)
    return [
        [
            (0.5, 0.0),
            (between(t[1], 0.4, 0.5), 1.0, CORNER),
            (between(t[2], -0.05, 0.12), y, CORNER),
            (1.0, y + between(t[3], -0.1, 0.1)),
        ]
    ]


def minus(t: np.ndarray) -> Sequence[Stroke]:
    """A dash, nearly level, as thin or as short as people like."""
    tilt, bow = between(t[0], -0.16, 0.16), between(t[1], -0.06, 0.06)
    half = between(t[2], 0.3, 1.0)
    return [[(0.3 - half, 0.5 + tilt * half), (0.3, 0.5 + bow), (0.3 + half, 0.5 - tilt * half)]]


def equals(t: np.ndarray) -> Sequence[Stroke]:
    """Two dashes, one above the other."""
    gap = between(t[0], 0.12, 0.3)
    tilt = between(t[1], -0.05, 0.05)
    return [
        [(between(t[2], -0.1, 0.1), 0.5 - gap + tilt), (between(t[3], 0.8, 1.1), 0.5 - gap - tilt)],
        [(between(t[4], -0.1, 0.1), 0.5 + gap), (between(t[5], 0.8, 1.1), 0.5 + gap)],
    ]


def times(t: np.ndarray) -> Sequence[Stroke]:
    """Two crossing diagonals: the sign and the letter x."""
    high = between(t[8], 0.6, 1.0)
    return [
        [
            (between(t[0], -0.1, 0.15), 0.0),
            (0.4, 0.5 * high),
            (between(t[1], 0.7, 1.0), high + between(t[2], -0.05, 0.05)),
        ],
        [
            (between(t[3], 0.65, 1.0), between(t[4], -0.06, 0.08)),
            (between(t[5], 0.3, 0.5), 0.5 * high),
            (between(t[6], -0.1, 0.15), high + between(t[7], -0.05, 0.06)),
        ],
    ]


def x_curly(t: np.ndarray) -> Sequence[Stroke]:
    """The school hand's x: two bows back to back, or a bow with a stroke through it."""
    swing = between(t[0], 0.05, 0.25)
    return [
        [
            (0.0, between(t[1], 0.1, 0.3)),
            (0.15, 0.05),
            (0.4, 0.5),
            (0.65, 0.95),
            (0.85, 1.0 - swing),
        ],
        [
            (between(t[2], 0.7, 0.85), between(t[3], 0.0, 0.1)),
            (0.4, between(t[4], 0.42, 0.58)),
            (between(t[5], -0.05, 0.1), 1.0),
        ],
    ]


def _bracket(side: int) -> Skeleton:
    """A round bracket, bent too far for a 1; side: -1 opens to the right, 1 to the left."""

    def skeleton(t: np.ndarray) -> Sequence[Stroke]:
        deep = side * between(t[0], 0.2, 0.42)
        return [
            [
                (0.0, 0.0),
                (deep * 0.8, 0.22),
                (deep, 0.5),
                (deep * 0.8, 0.78),
                (side * between(t[1], -0.03, 0.06), 1.0),
            ]
        ]

    return skeleton


def tick(t: np.ndarray) -> Sequence[Stroke]:
    """A tick: short down, long up."""
    low = between(t[0], 0.15, 0.4)
    return [[(0.0, between(t[1], 0.35, 0.7)), (low, 1.0, CORNER), (between(t[2], 0.7, 1.2), 0.0)]]


def arrow(t: np.ndarray) -> Sequence[Stroke]:
    """An arrow to the right."""
    head = between(t[0], 0.14, 0.3)
    return [
        [(-0.2, 0.5), (1.0, between(t[1], 0.45, 0.55))],
        [(1.0 - head, 0.5 - head), (1.0, 0.5, CORNER), (1.0 - head, 0.5 + head)],
    ]


_W: tuple[Skeleton, ...] = (
    plain([(0, 0), (0.22, 1, CORNER), (0.45, 0.25, CORNER), (0.68, 1, CORNER), (0.95, 0)]),
    plain(
        [(0, 0), (0.05, 0.75), (0.25, 1), (0.45, 0.3, CORNER), (0.5, 0.85), (0.7, 1), (0.95, 0.05)]
    ),
)
_SIGNS: tuple[Skeleton, ...] = (
    plain([(0.6, 0), (0, 0.45, CORNER), (0.62, 0.9)]),  # less than
    plain([(0, 0), (0.6, 0.45, CORNER), (0, 0.9)]),  # greater than
    plain([(0, 0.1), (0.9, 0.9)]),  # backslash, too flat for a 1
    plain([(0.5, 0), (0.1, 0), (0.1, 1, CORNER), (0.5, 1)]),  # square bracket
    plain([(0, 0.5), (0.22, 0.38), (0.5, 0.52), (0.8, 0.4)]),  # tilde
    plain(
        [(0.3, 0), (0.25, 1)], [(0.7, 0), (0.62, 1)], [(0, 0.35), (1, 0.3)], [(0, 0.7), (1, 0.66)]
    ),  # hash
    plain([(0.5, 0), (0.5, 1)], [(0.05, 0.25), (0.95, 0.75)], [(0.95, 0.25), (0.05, 0.75)]),  # star
    plain([(0.4, 0), (0.75, 0.75, CORNER), (0, 0.75, CORNER), (0.38, 0.02)]),  # triangle
    plain([(0, 0.45), (0.8, 0.45)], [(0.4, 0.05), (0.41, 0.09)], [(0.4, 0.85), (0.41, 0.89)]),
    plain([(0.1, 0.0), (0.12, 0.04)], [(0.1, 0.7), (0.12, 0.74)], play=0.2),  # colon
    tick,
    arrow,
)
_RULES: tuple[Skeleton, ...] = (
    plain([(0, 0), (0, 1, CORNER), (1, 1)]),  # corners of a table or a page
    plain([(0, 1), (0, 0, CORNER), (1, 0)]),
    plain([(0, 1), (1, 1, CORNER), (1, 0)]),
    plain([(0, 0), (0, 1)], [(0, 0.5), (1, 0.5)]),  # where a rule meets another
    plain([(0, 0), (1, 0)], [(0.5, 0), (0.5, 0.8)]),
    plain([(0.5, 0), (0.5, 1)], [(0, 0.5), (1, 0.5)], play=0.2),
    plain([(0, 0), (0, 1)], [(0.5, 0), (0.5, 1)], [(1, 0), (1, 1)]),
    plain([(0, 0), (1, 0)], [(0, 0.5), (1, 0.5)], [(0, 1), (1, 1)]),
    plain(
        [(0, 0), (1, 0, CORNER), (1, 0.8, CORNER), (0, 0.8, CORNER), (0, 0)], [(0, 0.4), (1, 0.4)]
    ),
)


def _blob(corners: int) -> Skeleton:
    """A full stop or a stain: the pen circles on the spot."""

    def skeleton(t: np.ndarray) -> Sequence[Stroke]:
        wide = between(t[0], 0.03, 0.1)
        return [arc(0.0, 0.0, wide, 0.06, t[1], between(t[2], 0.3, 1.0), corners)]

    return skeleton


def _scribble(points: int) -> Skeleton:
    """Back and forth without a plan; the hand's own quirk carries the points about."""

    def skeleton(t: np.ndarray) -> Sequence[Stroke]:
        return [
            [
                (
                    0.5 + 0.4 * np.sin(index * (1 + 2 * t[index % 10]) + 6 * t[(index + 3) % 10]),
                    0.5 + 0.4 * np.cos(index * (1 + 2 * t[(index + 5) % 10])),
                )
                for index in range(points)
            ]
        ]

    return skeleton


KINDS: dict[str, tuple[float, tuple[Skeleton, ...]]] = {
    "plus": (10, (plus, plus, plus, plus_joined)),
    "minus": (6, (minus,)),
    "times": (8, (times, times, x_curly)),
    "equals": (3, (equals,)),
    "brackets": (3, (_bracket(-1), _bracket(1))),
    "signs": (12, _SIGNS),
    "letters": (40, LETTERS),
    "y": (11, (y_straight, y_cup, y_angular, y_looped, y_looped)),
    "w": (2, _W),
    "rules": (6, _RULES),
    "blobs": (6, (_blob(4), _blob(6))),
    "scribbles": (7, tuple(_scribble(points) for points in (6, 9, 12, 16))),
}
"""Kinds of marks that are no digits: how common each is, and its shapes."""
