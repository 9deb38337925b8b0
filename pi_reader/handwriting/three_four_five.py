"""The ways to write 3, 4 and 5, as the points the pen passes.

A 4 may be open or closed, a cup or a corner, of one stroke or two; the hat of a 5 may fly.
Each function takes the tastes of many people, (10, n) from 0 to 1; see `shapes`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.handwriting.shapes import between
from pi_reader.handwriting.splines import CORNER, Number, Point, Stroke

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
            (stem + between(t[5], -0.03, 0.14), between(t[6], 0.22, 0.56)),
            (stem - 0.02, 0.72),
            (stem - between(t[7], -0.02, 0.24), between(t[8], 0.84, 1.04)),
        ],
    ]


def four_ticked(t: np.ndarray) -> Sequence[Stroke]:
    """A slope and a long low bar, as of an L, and a short stem near the bar's end."""
    bar = between(t[0], 0.58, 0.78)
    end = between(t[1], 0.55, 0.85)
    stem = end - between(t[2], 0.0, 0.18)
    return [
        [
            (between(t[3], 0.16, 0.5), 0.0),
            (between(t[4], 0.06, 0.2), bar * 0.6),
            (0.0, bar - 0.02, CORNER),
            (end * 0.5, bar + between(t[5], -0.05, 0.04)),
            (end, bar + between(t[6], -0.07, 0.06)),
        ],
        [
            (stem + between(t[7], -0.02, 0.06), bar - between(t[8], 0.12, 0.32)),
            (stem - between(t[9], -0.03, 0.12), 1.0),
        ],
    ]


def four_stepped(t: np.ndarray) -> Sequence[Stroke]:
    """One line like ly: down, along the bar, up a little, and down again as the stem."""
    bar = between(t[0], 0.5, 0.7)
    stem = between(t[1], 0.58, 0.86)
    top = bar - between(t[2], 0.04, 0.22)
    return [
        [
            (between(t[3], 0.04, 0.3), 0.0),
            (between(t[4], 0.0, 0.14), bar * 0.55),
            (0.0, bar, CORNER),
            (stem * 0.7, bar - between(t[5], 0.0, 0.05)),
            (stem + 0.02, top, CORNER),
            (stem - between(t[6], -0.02, 0.06), (top + 1) / 2),
            (stem - between(t[7], -0.04, 0.1), 1.0),
        ]
    ]


# --- five ----------------------------------------------------------------------------------------


def _five_bow(t: np.ndarray, y: Number) -> list[Point]:
    """The belly of a 5 from the end of its neck."""
    return [
        (between(t[4], 0.24, 0.38), y - between(t[5], 0.0, 0.1)),
        (between(t[6], 0.48, 0.66), between(t[9], 0.62, 0.72)),
        (between(t[7], 0.2, 0.38), 1.0),
        (between(t[8], -0.2, 0.06), between(t[3], 0.72, 0.99)),
    ]


def five(t: np.ndarray) -> Sequence[Stroke]:
    """Neck and belly in one stroke, the hat in a second that may miss the neck."""
    y = between(t[0], 0.36, 0.5)
    x = between(t[1], 0.04, 0.16)
    start = (x + between(t[3], -0.06, 0.12), between(t[9], -0.04, 0.06))
    end = (between(t[2], 0.38, 0.95), between(t[5], -0.22, 0.06))
    return [[(x, 0.02), (x - 0.06, y, CORNER), *_five_bow(t, y)], [start, end]]


def five_one_stroke(t: np.ndarray) -> Sequence[Stroke]:
    """From the right end of the hat in one go."""
    y = between(t[0], 0.34, 0.5)
    x = between(t[1], 0.02, 0.18)
    return [
        [
            (between(t[2], 0.38, 0.9), between(t[9], -0.16, 0.07)),
            (x, 0.02, CORNER),
            (x - 0.05, y, CORNER),
            *_five_bow(t, y),
        ]
    ]


def five_soft(t: np.ndarray) -> Sequence[Stroke]:
    """Nearly an S: the hat bends into the neck and the neck into the belly."""
    return [
        [
            (between(t[0], 0.45, 0.9), between(t[1], -0.14, 0.06)),
            (0.25, 0.01),
            (between(t[2], 0.02, 0.14), 0.2),
            (0.18, 0.42),
            (between(t[6], 0.44, 0.6), between(t[9], 0.6, 0.72)),
            (between(t[7], 0.2, 0.36), 1.0),
            (between(t[8], -0.16, 0.02), between(t[3], 0.85, 0.98)),
        ]
    ]


def five_tick(t: np.ndarray) -> Sequence[Stroke]:
    """A short neck, a small belly, and a hat that flies far up to the right, like a root sign."""
    x = between(t[0], 0.0, 0.16)
    y = between(t[1], 0.3, 0.5)
    belly = between(t[2], 0.2, 0.42)
    return [
        [
            (between(t[3], 0.6, 1.1), between(t[4], -0.3, 0.0)),
            (x + 0.04, 0.04, CORNER),
            (x - 0.04, y, CORNER),
            (x + belly * 0.6, y + between(t[5], -0.06, 0.06)),
            (x + belly, (y + 1) / 2 + 0.06),
            (x + belly * 0.45, 1.0),
            (x - between(t[6], 0.05, 0.35), between(t[7], 0.82, 1.0)),
        ]
    ]
