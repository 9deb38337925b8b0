"""The signs people write between their digits: how they look, how tall they are and where they sit.

`letters` has shapes that a network of single marks must refuse. Here every sign has its name and
its place in the line, since a page of sums is read by both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pi_reader.handwriting.letters import equals, minus, plus, plus_joined, tick, times, x_curly
from pi_reader.handwriting.shapes import arc, between, plain
from pi_reader.handwriting.splines import CORNER, Skeleton, Stroke

SIGNS = "+-×÷/:=%().,"
"""What is told apart beside digits; an asterisk counts as ×, every bracket as a round one."""
OTHER, LETTER = "other", "letter"


@dataclass(frozen=True)
class Sign:
    """One sign of a line.

    name: one of SIGNS, or OTHER; skeletons: its forms, all as common. tall: least and most scale
    of the skeleton, in heights of a digit; middle: where its middle sits above the baseline, in
    heights of a digit. upright: whether it keeps straight in a slanting hand.
    """

    name: str
    skeletons: tuple[Skeleton, ...]
    tall: tuple[float, float]
    middle: tuple[float, float]
    upright: bool = False


def slash(t: np.ndarray) -> Sequence[Stroke]:
    """A slash at any slant, from nearly a 1 to nearly level."""
    wide = between(t[0] ** 2, 0.1, 1.15)
    bow = between(t[1], -0.06, 0.06)
    return [[(wide, 0.0), (wide * 0.5 + bow, 0.5), (0.0, 1.0)]]


def _round_bracket(side: int) -> Skeleton:
    """A round bracket, from a flat one that could be a 1 to half a circle."""

    def skeleton(t: np.ndarray) -> Sequence[Stroke]:
        deep = side * between(t[0], 0.06, 0.42)
        high = between(t[1], 0.12, 0.3)
        return [
            [
                (side * between(t[2], -0.05, 0.06), 0.0),
                (deep * between(t[3], 0.72, 1.0), high),
                (deep, 0.5),
                (deep * between(t[4], 0.72, 1.0), 1 - high),
                (side * between(t[5], -0.08, 0.1), 1.0),
            ]
        ]

    return skeleton


def _square_bracket(side: int) -> Skeleton:
    """A square bracket; side: 1 opens to the right, -1 to the left."""

    def skeleton(t: np.ndarray) -> Sequence[Stroke]:
        top, foot = side * between(t[0], 0.1, 0.4), side * between(t[1], 0.1, 0.4)
        return [[(top, 0.0), (0.0, 0.0, CORNER), (0.0, 1.0, CORNER), (foot, 1.0)]]

    return skeleton


def _brace(side: int) -> Skeleton:
    """A curly bracket; side: -1 opens to the right, 1 to the left."""

    def skeleton(t: np.ndarray) -> Sequence[Stroke]:
        deep, nose = side * between(t[0], 0.06, 0.2), side * between(t[1], 0.06, 0.18)
        return [
            [
                (0.0, 0.0),
                (deep, 0.06),
                (deep, 0.42),
                (deep + nose, 0.5, CORNER),
                (deep, 0.58),
                (deep, 0.94),
                (0.0, 1.0),
            ]
        ]

    return skeleton


def star(t: np.ndarray) -> Sequence[Stroke]:
    """An asterisk of three strokes."""
    low = between(t[0], 0.2, 0.32)
    return [[(0.5, 0.0), (0.5, 1.0)], [(0.05, low), (0.95, 0.75)], [(0.95, low), (0.05, 0.75)]]


def point(t: np.ndarray) -> Sequence[Stroke]:
    """A decimal point: the pen rests, or makes a very short stroke."""
    return [[(0.0, 0.0), (between(t[0], 0.0, 0.6), between(t[1], 0.2, 1.0))]]


def comma(t: np.ndarray) -> Sequence[Stroke]:
    """A comma: a short stroke down to the left, straight or bent."""
    right = between(t[0], 0.2, 0.6)
    return [[(right, 0.0), (right * between(t[1], 0.5, 1.2), 0.5), (0.0, 1.0)]]


def colon(t: np.ndarray) -> Sequence[Stroke]:
    """Two points, one above the other."""
    shift, long = between(t[0], -0.1, 0.1), between(t[1], 0.03, 0.12)
    return [[(0.0, 0.0), (0.03, long)], [(shift, 1.0 - long), (shift + 0.03, 1.0)]]


def divide(t: np.ndarray) -> Sequence[Stroke]:
    """A dash between two points."""
    top, tilt = between(t[0], 0.02, 0.2), between(t[1], -0.05, 0.05)
    left, right = between(t[2], 0.35, 0.55), between(t[3], 0.35, 0.55)
    return [
        [(0.0, 0.5 + tilt), (0.9, 0.5 - tilt)],
        [(left, top), (left + 0.02, top + 0.05)],
        [(right, 0.95 - top), (right + 0.02, 1.0 - top)],
    ]


def percent(t: np.ndarray) -> Sequence[Stroke]:
    """Two small rings and a slash between them."""
    ring = between(t[0], 0.11, 0.2)
    return [
        arc(0.15, between(t[1], 0.18, 0.32), ring, ring, t[2], 1.05, 7),
        [(between(t[3], 0.6, 0.95), 0.0), (between(t[4], -0.05, 0.25), 1.0)],
        arc(0.75, between(t[5], 0.68, 0.84), ring, ring, t[6], 1.05, 7),
    ]


def degree(t: np.ndarray) -> Sequence[Stroke]:
    """A small ring, as high as it is wide."""
    return [arc(0.5, 0.5, between(t[0], 0.35, 0.55), 0.5, t[1], between(t[2], 0.9, 1.1), 8)]


def euro(t: np.ndarray) -> Sequence[Stroke]:
    """A C with two dashes."""
    return [
        [(0.7, 0.12), (0.4, 0.0), (0.1, 0.5), (0.4, 1.0), (0.72, between(t[0], 0.8, 0.92))],
        [(between(t[1], -0.1, 0.05), 0.4), (0.5, 0.38)],
        [(between(t[2], -0.1, 0.05), 0.6), (0.5, 0.58)],
    ]


def dollar(t: np.ndarray) -> Sequence[Stroke]:
    """An S with a stroke through it, or only at its ends."""
    top = between(t[0], -0.05, 0.05)
    return [
        [(0.55, 0.2), (0.3, 0.1), (0.08, 0.28), (0.3, 0.5), (0.55, 0.7), (0.3, 0.9), (0.02, 0.8)],
        [(0.34, top), (between(t[1], 0.24, 0.32), 1.0)],
    ]


def root(t: np.ndarray) -> Sequence[Stroke]:
    """A root sign: a tick with a long bar."""
    bar = between(t[0], 0.9, 1.8)
    return [[(0.0, 0.6), (0.12, 0.5), (0.3, 1.0, CORNER), (0.5, 0.0, CORNER), (bar, 0.02)]]


_ROUND = (_round_bracket(-1),) * 3, (_round_bracket(1),) * 3
TABLE: dict[str, Sign] = {
    "+": Sign("+", (plus, plus, plus, plus_joined), (0.38, 0.95), (0.36, 0.62), upright=True),
    "-": Sign("-", (minus,), (0.35, 1.1), (0.33, 0.6), upright=True),
    "×": Sign("×", (times, times, x_curly), (0.32, 0.85), (0.3, 0.55), upright=True),
    "*": Sign("×", (star,), (0.3, 0.7), (0.4, 0.7), upright=True),
    "÷": Sign("÷", (divide,), (0.4, 0.85), (0.38, 0.58), upright=True),
    "/": Sign("/", (slash,), (0.8, 1.8), (0.36, 0.58)),
    ":": Sign(":", (colon,), (0.22, 0.6), (0.25, 0.48)),
    "=": Sign("=", (equals,), (0.45, 1.0), (0.34, 0.6), upright=True),
    "%": Sign("%", (percent,), (0.75, 1.1), (0.42, 0.55)),
    "(": Sign("(", (*_ROUND[0], _square_bracket(1), _brace(-1)), (0.95, 2.1), (0.36, 0.57)),
    ")": Sign(")", (*_ROUND[1], _square_bracket(-1), _brace(1)), (0.95, 2.1), (0.36, 0.57)),
    ".": Sign(".", (point,), (0.02, 0.1), (0.0, 0.1)),
    ",": Sign(",", (comma,), (0.12, 0.36), (-0.14, 0.06)),
    "°": Sign(OTHER, (degree,), (0.16, 0.34), (0.85, 1.05)),
    "€": Sign(OTHER, (euro,), (0.8, 1.15), (0.42, 0.55)),
    "$": Sign(OTHER, (dollar,), (0.95, 1.35), (0.42, 0.55)),
    "√": Sign(OTHER, (root,), (1.0, 1.5), (0.42, 0.6)),
    "✓": Sign(OTHER, (tick,), (0.7, 1.3), (0.4, 0.6)),
    "<": Sign(OTHER, (plain([(0.6, 0), (0, 0.45, CORNER), (0.62, 0.9)]),), (0.4, 0.9), (0.36, 0.6)),
    ">": Sign(OTHER, (plain([(0, 0), (0.6, 0.45, CORNER), (0, 0.9)]),), (0.4, 0.9), (0.36, 0.6)),
    "~": Sign(
        OTHER,
        (plain([(0, 0.5), (0.22, 0.38), (0.5, 0.52), (0.8, 0.4)]),),
        (0.5, 1.0),
        (0.3, 0.6),
        upright=True,
    ),
    "→": Sign(
        OTHER,
        (plain([(-0.3, 0.5), (1, 0.5)], [(0.75, 0.25), (1, 0.5, CORNER), (0.75, 0.75)]),),
        (0.6, 1.4),
        (0.35, 0.55),
        upright=True,
    ),
}
"""Every sign by the character that stands for it in a text."""
