"""Skeletons of what people write beside their numbers: signs, letters, ticks, arrows.

Left out are shapes that are honestly a digit too, such as somebody's 9 that is a p and 4 that is
an h: o, l, s, z, b, g, q, i, h, p, D, G, P, the plain slash, and the upper right corner of a
table, which is a 7.
The tastes shift each shape a little; how it is drawn comes from the hand, as with digits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.handwriting.shapes import arc, between
from pi_reader.handwriting.splines import CORNER, Point, Skeleton, Stroke


def plain(*strokes: Sequence[Point], play: float = 0.1) -> Skeleton:
    """A skeleton of fixed strokes, stretched and shifted by up to `play` as each hand likes."""

    def skeleton(t: np.ndarray) -> Sequence[Stroke]:
        wide = between(t[0], 1 - 2 * play, 1 + 2 * play)
        lean = between(t[1], -play, play)
        out: list[Stroke] = []
        for index, stroke in enumerate(strokes):
            away = 2 + 2 * index  # which tastes move this stroke against the others
            right = between(t[away], -play, play) * 0.6 * (index > 0)
            low = between(t[away + 1], -play, play) * 0.6 * (index > 0)
            moved: list[Point] = []
            for x, y, *corner in stroke:
                place = (x * wide + lean * y + right, y + low)
                moved.append((*place, CORNER) if corner else place)
            out.append(moved)
        return out

    return skeleton


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
        [(0.5, 0.0), (between(t[1], 0.4, 0.5), 1.0, CORNER),
         (between(t[2], -0.05, 0.12), y, CORNER), (1.0, y + between(t[3], -0.1, 0.1))]
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
        [(between(t[0], -0.1, 0.15), 0.0), (0.4, 0.5 * high),
         (between(t[1], 0.7, 1.0), high + between(t[2], -0.05, 0.05))],
        [(between(t[3], 0.65, 1.0), between(t[4], -0.06, 0.08)),
         (between(t[5], 0.3, 0.5), 0.5 * high),
         (between(t[6], -0.1, 0.15), high + between(t[7], -0.05, 0.06))],
    ]


def x_curly(t: np.ndarray) -> Sequence[Stroke]:
    """The school hand's x: two bows back to back, or a bow with a stroke through it."""
    swing = between(t[0], 0.05, 0.25)
    return [
        [(0.0, between(t[1], 0.1, 0.3)), (0.15, 0.05), (0.4, 0.5), (0.65, 0.95),
         (0.85, 1.0 - swing)],
        [(between(t[2], 0.7, 0.85), between(t[3], 0.0, 0.1)), (0.4, between(t[4], 0.42, 0.58)),
         (between(t[5], -0.05, 0.1), 1.0)],
    ]


def _bracket(side: int) -> Skeleton:
    """A round bracket, bent too far for a 1; side: -1 opens to the right, 1 to the left."""

    def skeleton(t: np.ndarray) -> Sequence[Stroke]:
        deep = side * between(t[0], 0.2, 0.42)
        return [[(0.0, 0.0), (deep * 0.8, 0.22), (deep, 0.5), (deep * 0.8, 0.78),
                 (side * between(t[1], -0.03, 0.06), 1.0)]]

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


def e_round(t: np.ndarray) -> Sequence[Stroke]:
    """A small e: a level bar, then round against the clock."""
    end = (between(t[2], 0.7, 0.85), between(t[3], 0.75, 0.92))
    return [[(0.05, between(t[0], 0.45, 0.6)), (0.45, between(t[1], 0.42, 0.55)), (0.72, 0.3),
             (0.4, 0.0), (0.0, 0.5), (0.35, 1.0), end]]


def y_straight(t: np.ndarray) -> Sequence[Stroke]:
    """A y of two strokes: a short one that meets a long one on its way to the lower left."""
    meet = between(t[0], 0.42, 0.62)
    right = between(t[1], 0.5, 0.8)
    foot = between(t[2], -0.15, 0.3)
    x = right + (foot - right) * meet
    return [
        [(between(t[3], -0.05, 0.15), between(t[4], 0.0, 0.1)), (x, meet)],
        [(right, between(t[5], -0.05, 0.05)), (x + between(t[6], -0.02, 0.04), meet), (foot, 1.0)],
    ]


def y_cup(t: np.ndarray) -> Sequence[Stroke]:
    """A y of one stroke: a cup, up to the right, back down and out to the left, even in a loop."""
    right = between(t[0], 0.4, 0.6)
    low = between(t[1], 0.38, 0.5)
    swing = between(t[2], 0.1, 0.45)
    turn = between(t[3], 0.84, 0.96)
    return [[
        (0.0, between(t[4], 0.0, 0.08)), (0.03, low * 0.8), (right * 0.5, low),
        (right, low * 0.6), (right + 0.02, between(t[5], 0.0, 0.08), CORNER),
        (right, 0.6), (right * 0.8, turn), (right * 0.5, 1.0), (right * 0.6 - swing, turn),
        (right * 0.5 - swing * between(t[6], 0.2, 1.1), between(t[7], 0.66, 0.92)),
    ]]


def y_looped(t: np.ndarray) -> Sequence[Stroke]:
    """The school hand's y: a narrow cup, a long loop below it, and out to the right."""
    right = between(t[0], 0.2, 0.45)
    low = between(t[1], 0.32, 0.48)
    loop = between(t[2], 0.02, 0.3)
    cross = between(t[3], 0.52, 0.75)
    return [[
        (-0.1, between(t[4], 0.04, 0.2)), (0.0, 0.02), (0.02, low * 0.75), (right * 0.5, low),
        (right * 0.95, low * 0.6), (right, between(t[5], -0.02, 0.08), CORNER),
        (right * 0.95, 0.5), (right * 0.75, 0.9), (right * 0.75 - loop * 0.5, 1.0),
        (right * 0.75 - loop, 0.88), (right * 0.9, cross),
        (right + between(t[6], 0.05, 0.6), between(t[7], 0.36, 0.6)),
    ]]


_H = plain([(0, 0), (0, 1)], [(0.65, 0), (0.65, 1)], [(0, 0.5), (0.65, 0.5)])
_K = plain([(0, 0), (0, 1)], [(0.6, 0), (0.02, 0.52, CORNER), (0.62, 1)])
_LETTERS: tuple[Skeleton, ...] = (
    plain([(0, 1), (0.35, 0, CORNER), (0.7, 1)], [(0.12, 0.62), (0.6, 0.6)]),  # A
    plain([(0.62, 0), (0.05, 0, CORNER), (0, 1, CORNER), (0.65, 1)], [(0, 0.5), (0.5, 0.48)]),  # E
    plain([(0, 0), (0, 1)], [(0, 0), (0.6, 0)], [(0, 0.5), (0.6, 0.5)], [(0, 1), (0.6, 1)]),  # E
    plain([(0, 0), (0, 1)], [(0, 0.02), (0.6, 0)], [(0, 0.48), (0.45, 0.46)]),  # F
    _H,
    _K,
    plain([(0, 1), (0.05, 0, CORNER), (0.4, 0.65, CORNER), (0.75, 0, CORNER), (0.82, 1)]),  # M
    plain([(0, 1), (0.02, 0, CORNER), (0.62, 1, CORNER), (0.64, 0)]),  # N
    plain([(0, 0), (0, 1)], [(0, 0.03), (0.4, 0), (0.58, 0.25), (0.35, 0.48), (0.02, 0.5, CORNER),
                             (0.62, 1)]),  # R
    plain([(0, 0), (0.8, 0)], [(0.4, 0), (0.4, 1)], play=0.06),  # T
    plain([(0, 0), (0.35, 1, CORNER), (0.7, 0)]),  # V, v
    plain([(0, 0), (0.02, 0.7), (0.3, 1), (0.6, 0.75), (0.66, 0)]),  # U
    plain([(0, 0.05), (0, 0.75), (0.22, 1), (0.52, 0.72), (0.6, 0, CORNER), (0.6, 0.85),
           (0.75, 0.98)]),  # u
    plain([(0, 0), (0, 1, CORNER), (0.05, 0.35), (0.35, 0.02), (0.58, 0.3), (0.6, 1)]),  # n
    plain([(0, 0), (0, 1, CORNER), (0.1, 0.2), (0.3, 0.05), (0.42, 0.3), (0.42, 1, CORNER),
           (0.5, 0.2), (0.72, 0.05), (0.85, 0.3), (0.88, 1)]),  # m
    plain([(0.02, 0), (0, 1)], [(0.5, 0.42), (0.03, 0.68, CORNER), (0.55, 1)]),  # k
    plain([(0, 0), (0, 1, CORNER), (0.03, 0.3), (0.25, 0.05), (0.5, 0.12)]),  # r
    plain([(0.55, 0.08), (0.38, 0), (0.25, 0.2), (0.22, 1)], [(0.02, 0.42), (0.5, 0.4)]),  # f
    plain([(0.2, 0), (0.2, 0.8), (0.32, 1), (0.5, 0.92)], [(0, 0.3), (0.48, 0.28)]),  # t
    plain([(0.5, 0.5), (0.25, 0.45), (0, 0.72), (0.22, 1), (0.5, 0.7, CORNER), (0.52, 0, CORNER),
           (0.55, 0.85), (0.68, 0.98)]),  # d
    plain([(0, 0.2), (0, 1)], [(0, 0.5), (0.28, 0.22), (0.55, 0.45), (0.55, 1)]),  # n with a stem
    e_round,
)
_W: tuple[Skeleton, ...] = (
    plain([(0, 0), (0.22, 1, CORNER), (0.45, 0.25, CORNER), (0.68, 1, CORNER), (0.95, 0)]),
    plain([(0, 0), (0.05, 0.75), (0.25, 1), (0.45, 0.3, CORNER), (0.5, 0.85), (0.7, 1),
           (0.95, 0.05)]),
)
_SIGNS: tuple[Skeleton, ...] = (
    plain([(0.6, 0), (0, 0.45, CORNER), (0.62, 0.9)]),  # less than
    plain([(0, 0), (0.6, 0.45, CORNER), (0, 0.9)]),  # greater than
    plain([(0, 0.1), (0.9, 0.9)]),  # backslash, too flat for a 1
    plain([(0.5, 0), (0.1, 0), (0.1, 1, CORNER), (0.5, 1)]),  # square bracket
    plain([(0, 0.5), (0.22, 0.38), (0.5, 0.52), (0.8, 0.4)]),  # tilde
    plain([(0.3, 0), (0.25, 1)], [(0.7, 0), (0.62, 1)], [(0, 0.35), (1, 0.3)],
          [(0, 0.7), (1, 0.66)]),  # hash
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
    plain([(0, 0), (1, 0, CORNER), (1, 0.8, CORNER), (0, 0.8, CORNER), (0, 0)],
          [(0, 0.4), (1, 0.4)]),
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
        return [[(0.5 + 0.4 * np.sin(index * (1 + 2 * t[index % 10]) + 6 * t[(index + 3) % 10]),
                  0.5 + 0.4 * np.cos(index * (1 + 2 * t[(index + 5) % 10])))
                 for index in range(points)]]

    return skeleton


KINDS: dict[str, tuple[float, tuple[Skeleton, ...]]] = {
    "plus": (10, (plus, plus, plus, plus_joined)),
    "minus": (6, (minus,)),
    "times": (8, (times, times, x_curly)),
    "equals": (3, (equals,)),
    "brackets": (3, (_bracket(-1), _bracket(1))),
    "signs": (12, _SIGNS),
    "letters": (30, _LETTERS),
    "y": (9, (y_straight, y_cup, y_looped, y_looped)),
    "w": (2, _W),
    "rules": (6, _RULES),
    "blobs": (6, (_blob(4), _blob(6))),
    "scribbles": (7, tuple(_scribble(points) for points in (6, 9, 12, 16))),
}
"""Kinds of marks that are no digits: how common each is, and its shapes."""

