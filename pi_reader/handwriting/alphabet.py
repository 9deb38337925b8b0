"""Skeletons of letters: Latin, Cyrillic and a few Greek ones, as people write them.

Left out are those that are honestly a digit too, such as somebody's 9 that is a p and 4 that is an
h: o, l, s, z, b, g, q, h, p, D, G, P, the Cyrillic ze, che, el and soft sign. On pages they are
drawn as the digits that they look like; see `words`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.handwriting.shapes import between, plain
from pi_reader.handwriting.splines import CORNER, Skeleton, Stroke


def e_round(t: np.ndarray) -> Sequence[Stroke]:
    """A small e: a level bar, then round against the clock."""
    end = (between(t[2], 0.7, 0.85), between(t[3], 0.75, 0.92))
    return [
        [
            (0.05, between(t[0], 0.45, 0.6)),
            (0.45, between(t[1], 0.42, 0.55)),
            (0.72, 0.3),
            (0.4, 0.0),
            (0.0, 0.5),
            (0.35, 1.0),
            end,
        ]
    ]


def y_straight(t: np.ndarray) -> Sequence[Stroke]:
    """A y of two strokes: a short one that meets a long one on its way to the lower left."""
    meet = between(t[0], 0.36, 0.64)
    right = between(t[1], 0.32, 0.8)
    foot = between(t[2], -0.15, 0.3)
    x = right + (foot - right) * meet
    return [
        [(between(t[3], -0.05, 0.15), between(t[4], 0.0, 0.1)), (x, meet)],
        [(right, between(t[5], -0.05, 0.05)), (x + between(t[6], -0.02, 0.04), meet), (foot, 1.0)],
    ]


def y_cup(t: np.ndarray) -> Sequence[Stroke]:
    """A y of one stroke: a cup, up to the right, back down and out to the left, even in a loop."""
    right = between(t[0], 0.28, 0.62)
    low = between(t[1], 0.34, 0.52)
    swing = between(t[2], 0.02, 0.45)
    turn = between(t[3], 0.84, 0.96)
    return [
        [
            (0.0, between(t[4], 0.0, 0.08)),
            (0.03, low * 0.8),
            (right * 0.5, low),
            (right, low * 0.6),
            (right + 0.02, between(t[5], 0.0, 0.08), CORNER),
            (right, 0.6),
            (right * 0.8, turn),
            (right * 0.5, 1.0),
            (right * 0.6 - swing, turn),
            (right * 0.5 - swing * between(t[6], 0.2, 1.1), between(t[7], 0.66, 0.92)),
        ]
    ]


def y_looped(t: np.ndarray) -> Sequence[Stroke]:
    """The school hand's y: a narrow cup, a long loop below it, and out to the right."""
    right = between(t[0], 0.2, 0.45)
    low = between(t[1], 0.32, 0.48)
    loop = between(t[2], 0.02, 0.4)
    cross = between(t[3], 0.5, 0.78)
    return [
        [
            (-0.1, between(t[4], 0.04, 0.2)),
            (0.0, 0.02),
            (0.02, low * 0.75),
            (right * 0.5, low),
            (right * 0.95, low * 0.6),
            (right, between(t[5], -0.02, 0.08), CORNER),
            (right * 0.95, 0.5),
            (right * 0.75, 0.9),
            (right * 0.75 - loop * 0.5, 1.0),
            (right * 0.75 - loop, 0.88),
            (right * 0.9, cross),
            (right + between(t[6], 0.05, 0.6), between(t[7], 0.36, 0.6)),
        ]
    ]


def y_angular(t: np.ndarray) -> Sequence[Stroke]:
    """A y like an open 4 whose bar stops at the stem: a cornered cup, and a straight long tail."""
    right = between(t[0], 0.26, 0.62)
    low = between(t[1], 0.34, 0.56)
    foot = between(t[2], -0.2, 0.1)
    return [
        [
            (between(t[3], -0.14, 0.0), between(t[4], 0.02, 0.14)),
            (0.0, between(t[5], 0.0, 0.06)),
            (between(t[6], -0.02, 0.08), low * 0.9, CORNER),
            (right * 0.5, low),
            (right + between(t[7], -0.04, 0.14), between(t[8], -0.02, 0.12), CORNER),
            (right * 0.96, low),
            (right + foot, 0.82),
            (right + foot * 1.3 - 0.04, 1.0),
        ]
    ]


_H = plain([(0, 0), (0, 1)], [(0.65, 0), (0.65, 1)], [(0, 0.5), (0.65, 0.5)])
_K = plain([(0, 0), (0, 1)], [(0.6, 0), (0.02, 0.52, CORNER), (0.62, 1)])
_LATIN: tuple[Skeleton, ...] = (
    plain([(0, 1), (0.35, 0, CORNER), (0.7, 1)], [(0.12, 0.62), (0.6, 0.6)]),  # A
    plain([(0.62, 0), (0.05, 0, CORNER), (0, 1, CORNER), (0.65, 1)], [(0, 0.5), (0.5, 0.48)]),  # E
    plain([(0, 0), (0, 1)], [(0, 0), (0.6, 0)], [(0, 0.5), (0.6, 0.5)], [(0, 1), (0.6, 1)]),  # E
    plain([(0, 0), (0, 1)], [(0, 0.02), (0.6, 0)], [(0, 0.48), (0.45, 0.46)]),  # F
    _H,
    _K,
    plain([(0, 1), (0.05, 0, CORNER), (0.4, 0.65, CORNER), (0.75, 0, CORNER), (0.82, 1)]),  # M
    plain([(0, 1), (0.02, 0, CORNER), (0.62, 1, CORNER), (0.64, 0)]),  # N
    plain(
        [(0, 0), (0, 1)],
        [(0, 0.03), (0.4, 0), (0.58, 0.25), (0.35, 0.48), (0.02, 0.5, CORNER), (0.62, 1)],
    ),  # R
    plain([(0, 0), (0.8, 0)], [(0.4, 0), (0.4, 1)], play=0.06),  # T
    plain([(0, 0), (0.35, 1, CORNER), (0.7, 0)]),  # V, v
    plain([(0, 0), (0.02, 0.7), (0.3, 1), (0.6, 0.75), (0.66, 0)]),  # U
    plain(
        [(0, 0.05), (0, 0.75), (0.22, 1), (0.52, 0.72), (0.6, 0, CORNER), (0.6, 0.85), (0.75, 0.98)]
    ),  # u
    plain([(0, 0), (0, 1, CORNER), (0.05, 0.35), (0.35, 0.02), (0.58, 0.3), (0.6, 1)]),  # n
    plain(
        [
            (0, 0),
            (0, 1, CORNER),
            (0.1, 0.2),
            (0.3, 0.05),
            (0.42, 0.3),
            (0.42, 1, CORNER),
            (0.5, 0.2),
            (0.72, 0.05),
            (0.85, 0.3),
            (0.88, 1),
        ]
    ),  # m
    plain([(0.02, 0), (0, 1)], [(0.5, 0.42), (0.03, 0.68, CORNER), (0.55, 1)]),  # k
    plain([(0, 0), (0, 1, CORNER), (0.03, 0.3), (0.25, 0.05), (0.5, 0.12)]),  # r
    plain([(0.55, 0.08), (0.38, 0), (0.25, 0.2), (0.22, 1)], [(0.02, 0.42), (0.5, 0.4)]),  # f
    plain([(0.2, 0), (0.2, 0.8), (0.32, 1), (0.5, 0.92)], [(0, 0.3), (0.48, 0.28)]),  # t
    plain(
        [
            (0.5, 0.5),
            (0.25, 0.45),
            (0, 0.72),
            (0.22, 1),
            (0.5, 0.7, CORNER),
            (0.52, 0, CORNER),
            (0.55, 0.85),
            (0.68, 0.98),
        ]
    ),  # d
    plain([(0, 0.2), (0, 1)], [(0, 0.5), (0.28, 0.22), (0.55, 0.45), (0.55, 1)]),  # n with a stem
    e_round,
    plain([(0.55, 0.12), (0.3, 0), (0, 0.5), (0.3, 1), (0.6, 0.86)]),  # c, C
    plain(
        [
            (0.5, 0.15),
            (0.25, 0),
            (0, 0.5),
            (0.22, 0.98),
            (0.5, 0.6),
            (0.52, 0.05, CORNER),
            (0.52, 0.85),
            (0.68, 0.98),
        ]
    ),  # a
    plain(
        [(0.05, 0.2), (0.3, 0.0), (0.5, 0.25), (0.5, 1)],
        [(0.5, 0.42), (0.15, 0.5), (0, 0.78), (0.25, 1), (0.5, 0.75)],
    ),  # a with a roof
    plain(
        [(0, 0), (0, 1)],
        [
            (0, 0.02),
            (0.45, 0.04),
            (0.5, 0.4),
            (0.04, 0.48, CORNER),
            (0.58, 0.56),
            (0.55, 0.96),
            (0, 1),
        ],
        play=0.06,
    ),  # B
    plain([(0.4, 0.3), (0.38, 0.8), (0.25, 1), (0.05, 0.92)], [(0.42, 0.0), (0.43, 0.04)]),  # j
    plain([(0.5, 0), (0.5, 0.75), (0.3, 1), (0.02, 0.8)], [(0.15, 0.0), (0.85, 0.0)]),  # J
    plain([(0.0, 0.32), (0.02, 1)], [(0.02, 0.0), (0.03, 0.04)]),  # i
    plain(
        [
            (0, 0.3),
            (0.2, 0.05),
            (0.22, 0.85),
            (0.35, 1),
            (0.5, 0.8),
            (0.7, 0.05, CORNER),
            (0.7, 0.85),
            (0.85, 1),
            (1, 0.8),
        ]
    ),  # u between its neighbours
    plain([(0.35, 0), (0, 0.5), (0.35, 1), (0.7, 0.5), (0.37, 0.01)], [(0.42, 0.7), (0.8, 1.1)]),
)
_CYRILLIC: tuple[Skeleton, ...] = (
    plain(
        [(0.12, 0.85), (0.4, 0, CORNER), (0.68, 0.85)],
        [(0, 1.05), (0, 0.85, CORNER), (0.85, 0.85, CORNER), (0.85, 1.05)],
    ),  # de
    plain(
        [(0, 0), (0.45, 0.5, CORNER), (0, 1)],
        [(1, 0), (0.55, 0.5, CORNER), (1, 1)],
        [(0.5, 0), (0.5, 1)],
    ),  # zhe
    plain([(0, 0), (0.02, 1, CORNER), (0.6, 0, CORNER), (0.62, 1)]),  # i
    plain([(0, 1), (0.02, 0, CORNER), (0.6, 0, CORNER), (0.62, 1)]),  # pe
    plain([(0, 1), (0, 0, CORNER), (0.55, 0.02)]),  # ge
    plain(
        [(0.45, 0), (0.45, 1)],
        [
            (0.45, 0.25),
            (0.05, 0.3),
            (0.02, 0.6),
            (0.45, 0.7),
            (0.88, 0.6),
            (0.86, 0.3),
            (0.45, 0.25),
        ],
    ),  # ef
    plain(
        [(0, 0), (0, 0.88, CORNER), (0.6, 0.88)],
        [(0.6, 0), (0.6, 0.88)],
        [(0.6, 0.88), (0.75, 0.88, CORNER), (0.74, 1.1)],
    ),  # tse
    plain([(0, 0), (0, 1, CORNER), (1, 1, CORNER), (1, 0)], [(0.5, 0), (0.5, 1)]),  # sha
    plain(
        [(0, 0), (0, 1)],
        [(0, 0.5), (0.35, 0.5)],
        [(0.7, 0), (0.35, 0.5), (0.7, 1), (1.05, 0.5), (0.7, 0)],
    ),  # yu
    plain(
        [(0.6, 0), (0.6, 1)], [(0.6, 0.02), (0.15, 0.05), (0.15, 0.5), (0.58, 0.5, CORNER), (0, 1)]
    ),  # ya
    plain([(0, 0.15), (0.3, 0), (0.62, 0.5), (0.3, 1), (0, 0.85)], [(0.15, 0.5), (0.6, 0.5)]),  # e
    plain(
        [
            (0.6, 0),
            (0, 0, CORNER),
            (0, 1, CORNER),
            (0.4, 0.98),
            (0.55, 0.75),
            (0.35, 0.5),
            (0.02, 0.5),
        ],
        play=0.06,
    ),  # be
    plain(
        [
            (-0.15, 0.05),
            (0.15, 0.0, CORNER),
            (0.15, 1, CORNER),
            (0.5, 0.95),
            (0.52, 0.6),
            (0.17, 0.55),
        ],
        play=0.06,
    ),  # hard sign
)
_GREEK: tuple[Skeleton, ...] = (
    plain([(0.6, 0.05), (0, 0, CORNER), (0.35, 0.48, CORNER), (0, 1, CORNER), (0.65, 0.95)]),
    plain([(0, 0.1), (0.8, 0.0)], [(0.22, 0.05), (0.15, 1)], [(0.6, 0.03), (0.66, 1)]),  # pi
    plain(
        [(0, 1), (0.3, 1, CORNER), (0.05, 0.5), (0.42, 0), (0.8, 0.5), (0.55, 1, CORNER), (0.85, 1)]
    ),  # omega
    plain([(0, 0.05), (0.15, 0.0), (0.7, 1)], [(0.36, 0.4), (0, 1)]),  # lambda
)
LETTERS = _LATIN + _CYRILLIC + _GREEK
MORE: tuple[Skeleton, ...] = (
    plain([(0, 1), (0.2, 0.85), (0.35, 0, CORNER), (0.7, 1)]),  # el
    plain([(0, 1), (0.32, 0, CORNER), (0.64, 1)]),  # el, like a roof
    plain([(0, 0), (0, 0.4), (0.2, 0.55), (0.55, 0.45)], [(0.56, 0), (0.56, 1)]),  # che
    plain([(0, 0), (0.3, 0.55)], [(0.62, 0), (0.3, 0.55, CORNER), (0.02, 1)]),  # u
    plain([(0, 0), (0.65, 1)], [(0.65, 0), (0, 1)]),  # kha
    plain(
        [(0, 0), (0, 1), (0.35, 0.95), (0.38, 0.55), (0.02, 0.52)], [(0.72, 0), (0.72, 1)]
    ),  # yery
    plain(
        [(0, 0), (0.02, 1, CORNER), (0.6, 0, CORNER), (0.62, 1)],
        [(0.15, -0.2), (0.3, -0.12), (0.48, -0.22)],
    ),  # short i
    plain(
        [(0, 0), (0, 0.88, CORNER), (0.9, 0.88)],
        [(0.45, 0), (0.45, 0.88)],
        [(0.9, 0), (0.9, 0.88, CORNER), (1.02, 0.88), (1.02, 1.1)],
    ),  # shcha
    plain(
        [(0, 0), (0, 1)],
        [(0, 0.02), (0.4, 0.0), (0.55, 0.25), (0.4, 0.5), (0.02, 0.52)],
        play=0.05,
    ),  # er, and P
    plain([(0.1, 0.5), (0.35, 0.46)], [(0.6, 0.1), (0.3, 0), (0, 0.5), (0.3, 1), (0.62, 0.88)]),
    plain([(0, 1), (0.35, 0, CORNER), (0.7, 1, CORNER), (0, 1)]),  # delta
    plain([(0, 0), (0.35, 0.5, CORNER), (0.7, 0)], [(0.35, 0.5), (0.35, 1)]),  # upsilon, Y
    plain([(0, 0), (0.1, 0.7), (0.4, 0.85), (0.7, 0.6), (0.75, 0)], [(0.4, 0), (0.38, 1)]),  # psi
    plain([(0, 0.3), (0.25, 0), (0.3, 0.5), (0.3, 1)], [(0.7, 0.1), (0.3, 0.6)]),  # gamma
    plain([(0, 0), (0.7, 0)], [(0.1, 0.5), (0.6, 0.5)], [(0, 1), (0.7, 1)]),  # xi
)
"""Letters that the network for patches did not learn from; scenes show them beside `LETTERS`."""
