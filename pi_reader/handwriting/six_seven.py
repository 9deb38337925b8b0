"""The ways to write 6 and 7, as the points the pen passes.

In Europe a 7 has a bar through its stem, so that nobody takes it for a 1.
Each function takes the tastes of many people, (10, n) from 0 to 1; see `shapes`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.handwriting.shapes import between
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
    wide = between(t[0], 0.3, 0.75)
    top = between(t[1], 0.44, 0.72)
    return [
        [
            (between(t[2], 0.02, 0.3), 0.0),
            (between(t[3], 0.0, 0.1), 0.4),
            (0.0, 0.78),
            (wide * 0.4, 1.0),
            (wide, between(t[4], 0.74, 0.84)),
            (wide * 0.6, top),
            (between(t[5], -0.08, 0.15), top + between(t[6], 0.04, 0.26)),
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


def six_rolled(t: np.ndarray) -> Sequence[Stroke]:
    """A leaning stem and a wide low bowl whose end rolls over the stem or stops inside."""
    wide = between(t[0], 0.45, 0.85)
    top = between(t[1], 0.4, 0.66)
    end = between(t[2], -0.14, 0.3)
    return [
        [
            (between(t[3], 0.05, 0.5), 0.0),
            (between(t[4], 0.02, 0.16), 0.34),
            (0.0, between(t[5], 0.66, 0.8)),
            (wide * 0.35, 1.0),
            (wide * 0.9, between(t[6], 0.8, 0.9)),
            (wide * 0.9, top + 0.1),
            (wide * 0.6, top),
            (wide * 0.6 + (end - wide * 0.6) * 0.6, top + between(t[7], 0.06, 0.2)),
            (end, top + between(t[8], 0.1, 0.36)),
        ]
    ]


def six_open(t: np.ndarray) -> Sequence[Stroke]:
    """A bowl that hardly begins: a stem, a turn, and a short stroke back up."""
    wide = between(t[0], 0.16, 0.55)
    high = between(t[8], -0.02, 0.12)
    return [
        [
            (between(t[1], 0.05, 0.45), 0.0),
            (between(t[2], 0.02, 0.14), 0.4),
            (0.0, 0.8),
            (wide * 0.5, 1.0),
            (wide, between(t[3], 0.76, 0.88)),
            (wide * between(t[4], 0.5, 0.9), between(t[5], 0.55, 0.72) + high),
            (wide * between(t[6], 0.0, 0.5), between(t[7], 0.66, 0.8) + high),
        ]
    ]


def six_barred(t: np.ndarray) -> Sequence[Stroke]:
    """Wide and round like a G: the bowl ends in a level stroke that need not reach the stem."""
    wide = between(t[0], 0.56, 0.76)
    bar = between(t[1], 0.46, 0.6)
    return [
        [
            (wide * between(t[2], 0.7, 0.98), between(t[3], 0.02, 0.14)),
            (wide * 0.55, 0.0),
            (0.04, 0.34),
            (0.02, 0.7),
            (wide * 0.5, 1.0),
            (wide * 0.97, 0.78),
            (wide * 0.9, bar + 0.04),
            (wide * 0.62, bar),
            (wide * between(t[4], 0.12, 0.42), bar + between(t[5], 0.0, 0.12)),
        ]
    ]


def six_knotted(t: np.ndarray) -> Sequence[Stroke]:
    """A long stem, and at its foot a bowl so small that ink may fill it."""
    wide = between(t[0], 0.2, 0.4)
    top = between(t[1], 0.6, 0.76)
    return [
        [
            (between(t[2], 0.06, 0.46), 0.0),
            (between(t[3], 0.03, 0.16), 0.42),
            (0.0, 0.82),
            (wide * 0.45, 1.0),
            (wide, between(t[4], 0.8, 0.88)),
            (wide * 0.6, top),
            (between(t[5], -0.04, 0.08), top + between(t[6], 0.08, 0.2)),
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
    roof = between(t[4] ** 2, -0.02, 0.22)
    sag = roof * 0.5 + between(t[5], -0.04, 0.05)
    return [[(0.0, roof), (right * 0.5, sag), *_seven_stem(t, right)]]


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


def seven_arch(t: np.ndarray) -> Sequence[Stroke]:
    """A short stroke down at the left, then up and over in a bow, like an n without a back."""
    right = between(t[0], 0.36, 0.62)
    dip = between(t[4], 0.12, 0.42)
    return [
        [
            (between(t[5], -0.08, 0.06), between(t[6], 0.02, 0.16)),
            (between(t[7], 0.0, 0.06), dip, CORNER),
            (right * 0.5, between(t[8], 0.02, 0.12)),
            (right * 0.95, between(t[9], 0.0, 0.08)),
            (right, 0.16),
            (right * 0.8, 0.5),
            (between(t[1], 0.0, 0.4), 1.0),
        ]
    ]


def seven_footed(t: np.ndarray) -> Sequence[Stroke]:
    """The stem ends in a small stroke or a curl."""
    path = seven(t)[0]
    foot = between(t[1], 0.05, 0.5)
    curl = between(t[8], -0.22, 0.22)
    return [[*path[:-1], (foot, 0.97, CORNER), (foot + curl, between(t[9], 0.9, 1.0))]]


def _long_bar(t: np.ndarray, right: np.ndarray, foot: np.ndarray) -> Stroke:
    """A bar through the middle of a 7 or lower, longer to the right than to the left."""
    y = between(t[7], 0.44, 0.66)
    middle = right + (foot - right) * y
    tilt = between(t[6], -0.06, 0.05)
    return [
        (middle - between(t[8], 0.14, 0.36), y - tilt),
        (middle + between(t[9], 0.2, 0.58), y + tilt),
    ]


def seven_knotted(t: np.ndarray) -> Sequence[Stroke]:
    """A hook at the left, a roof that ends in a knot, a stem, and a long bar."""
    right = between(t[0], 0.4, 0.66)
    foot = between(t[1], 0.02, 0.4)
    knot = between(t[2], 0.04, 0.14)
    low = between(t[3], 0.12, 0.22)
    return [
        [
            (between(t[4], -0.06, 0.04), between(t[5], 0.14, 0.32)),
            (0.02, 0.04, CORNER),
            (right * 0.5, low),
            (right, low - 0.02),
            (right + knot, low * 0.4),
            (right, 0.0),
            (right - knot * 0.7, low),
            ((right + foot) / 2, 0.55),
            (foot, 1.0),
        ],
        _long_bar(t, right, foot),
    ]


def seven_hooked_crossed(t: np.ndarray) -> Sequence[Stroke]:
    """A deep hook at the left of a roof that sags or waves, a straight stem, and a long bar."""
    right = between(t[0], 0.42, 0.7)
    foot = between(t[1], 0.02, 0.42)
    return [
        [
            (between(t[4], -0.08, 0.05), between(t[5], 0.12, 0.34)),
            (0.0, between(t[3], 0.0, 0.06), CORNER),
            (right * 0.5, between(t[2], 0.0, 0.12)),
            (right, 0.0, CORNER),
            (foot, 1.0),
        ],
        _long_bar(t, right, foot),
    ]


def seven_returned(t: np.ndarray) -> Sequence[Stroke]:
    """Crossed in one go: down the stem, back up on its left, and through it to the right."""
    right = between(t[0], 0.4, 0.72)
    foot = between(t[1], -0.02, 0.34)
    bar = between(t[2], 0.44, 0.72)
    return [
        [
            (between(t[3], -0.06, 0.06), between(t[4], -0.02, 0.16)),
            (right, between(t[5], -0.03, 0.05), CORNER),
            ((right + foot) / 2, 0.5),
            (foot, 1.0),
            (foot - between(t[6], 0.02, 0.16), between(t[7], 0.84, 0.96)),
            (between(t[8], -0.12, 0.06), bar + 0.04),
            ((right + foot) / 2, bar - 0.02),
            (right + between(t[9], -0.08, 0.24), bar - 0.04),
        ]
    ]
