"""Which ground the ink lies on: a page, a note on a black desk, a dark card beside light paper.

Seen on the coarse grid of a picture. Most of any neighbourhood is ground, so ink stands out
further from the local mean than ground does, and the sum of the cubes of what stands out most in
each cell has its sign. Where a picture shows two grounds, their edge stands out more than any ink.
So each ground is asked by itself, and the mean is taken over its own cells only.
"""

from __future__ import annotations

import numpy as np

from pi_reader.reading.morphology import brightest, closing, dilate, mean, opening

BRIGHTER = 2  # times as bright as the dark ground: the light one; shadows are seldom that dark
LEAST_LIGHT = 0.04  # of the picture that is the light ground
LEAST_DARK = 0.2  # and that is the dark one, also of its border: else it may be a bold digit
BOLD = 0.3  # of what parts the grounds: light ink on the dark one, the rest is the desk's grain
BARE = 0.3  # of its brightness: what is no darker than that is the grain of a dark ground, too
CLEAR = 0.2  # of all that stands out on a ground: if less speaks for one kind of ink, none does


def light_ink_at(grey: np.ndarray, cell: int, coarse: np.ndarray, radius: int) -> bool | np.ndarray:
    """Whether the ink is brighter than its ground: all over, or where it differs, (rows, columns)
    int8: 1 light ink, -1 dark ink, 0 none.

    grey: (h, w) uint8; coarse: (rows, columns) int16, mean grey of each cell of `cell` pixels'
    edge; radius: of a window that is wider than any stroke, in cells.
    """
    extremes = brightest(grey, cell), 255 - brightest(255 - grey, cell)
    light = find_light_ground(coarse, radius)
    if light is not None:
        levels = float(coarse[light].mean()), float(coarse[~light].mean())
        around, inside = _mean_of(light, coarse, radius)
        on_light = _leaning(_standing_out(*extremes, around) * inside)
        around, inside = _mean_of(~light, coarse, radius)
        least = BOLD * (levels[0] - levels[1])
        on_dark = _leaning(_standing_out(*extremes, around) * inside, least)
        deepest = float(((around - coarse) * inside).max())
        bare = on_dark == 0 and deepest < BARE * levels[1]
        most = CLEAR if border(light).mean() >= LEAST_DARK else -CLEAR  # else a bold light digit
        if (on_light < -CLEAR and bare) or (on_light < most and on_dark > CLEAR):
            return np.where(light, np.int8(-1), np.int8(0 if bare else 1))
        if on_light < -CLEAR or on_dark > CLEAR:  # the other ground bears nothing, or the same ink
            return on_light >= -CLEAR
    return _leaning(_standing_out(*extremes, mean(coarse, radius))) > 0


def find_light_ground(coarse: np.ndarray, radius: int) -> np.ndarray | None:
    """The cells of the lighter of two grounds, (rows, columns) bool; None if there is but one."""
    ranks = int(coarse.size * LEAST_DARK), int(coarse.size * (1 - LEAST_LIGHT))
    dark, bright = np.partition(coarse, ranks, axis=None)[list(ranks)].tolist()
    if bright < BRIGHTER * max(dark, 1):
        return None
    ground = _without_ink(coarse, radius)
    level = _best_split(ground)
    lighter = coarse > level
    light = _with_corners(ground > level, lighter, radius)
    wide = dilate(np.pad(lighter.view(np.int8), radius), radius)  # no dark ground beside it
    light &= -dilate(-wide, radius)[radius:-radius, radius:-radius] > 0
    if not LEAST_LIGHT <= light.mean() <= 1 - LEAST_DARK:
        return None
    if border(light).mean() > 1 - LEAST_DARK:
        return None
    apart = coarse[light].mean() >= BRIGHTER * max(1.0, coarse[~light].mean())
    return light if apart else None


def border(cells: np.ndarray) -> np.ndarray:
    """The outermost cells of a grid, (n,)."""
    return np.concatenate([cells[0], cells[-1], cells[:, 0], cells[:, -1]])


def _without_ink(coarse: np.ndarray, radius: int) -> np.ndarray:
    """The grid when all that is narrower than the window is as bright as what is around it."""
    most = opening(closing(coarse, radius), radius)
    least = closing(opening(coarse, radius), radius)
    around = mean(coarse, radius).astype(coarse.dtype)
    return np.maximum(np.minimum(around, most), np.minimum(least, most))


def _with_corners(light: np.ndarray, lighter: np.ndarray, radius: int) -> np.ndarray:
    """The same ground, and the corners that a square window does not reach into."""
    for _ in range(radius):
        light = light | (dilate(light.view(np.int8), 1).view(bool) & lighter)
    return light


def _mean_of(ground: np.ndarray, coarse: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray]:
    """How bright a ground is around each of its cells, float32, and which of them are not beside
    the other ground and show some of it, int8; both (rows, columns)."""
    inside = 1 - dilate((~ground).view(np.int8), 1)
    around = mean(coarse * inside, radius) / np.maximum(mean(inside, radius), np.float32(1e-6))
    return around, inside


def _standing_out(lightest: np.ndarray, darkest: np.ndarray, around: np.ndarray) -> np.ndarray:
    """How much lighter than all around it a pixel of each cell is at most, or darker (below 0),
    (rows, columns) float32; a cell's mean would show more of a shadow than of a thin pen.

    lightest, darkest: (rows, columns) uint8, of the pixels of each cell; around: float32.
    """
    lighter, darker = lightest - around, around - darkest
    return np.where(lighter > darker, lighter, -darker)


def _leaning(standing_out: np.ndarray, least: float = 0.0) -> float:
    """How much more of what stands out is light: -1 (nothing) to 1 (all).

    least: grey levels; if nothing light stands out that far, there is no ink.
    """
    if standing_out.max() < least:
        return 0.0
    cubes = standing_out * standing_out * standing_out  # ten times as fast as a power of 3
    return float(cubes.sum()) / max(float(np.abs(cubes).sum()), 1e-6)


def _best_split(ground: np.ndarray) -> float:
    """The level half-way between the means of the two parts that part a picture best (Otsu 1979);
    the best split itself may lie anywhere where no cell is."""
    counts = np.bincount(np.clip(ground, 0, 255).ravel(), minlength=256).astype(np.float64)
    below, sums = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    above = np.maximum(below[-1] - below, 1)
    lighter, darker = (sums[-1] - sums) / above, sums / np.maximum(below, 1)
    best = int(np.argmax(below * above * (lighter - darker) ** 2))
    return float(lighter[best] + darker[best]) / 2
