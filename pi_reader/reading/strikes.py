"""Straight strokes through whole numbers: what is crossed out, and what stands on its underline.

Such a stroke makes one wide component of all the digits that it meets, and is in each of its
columns. With the stroke away the digits come apart. Where they lie on both of its sides they are
crossed out; where they lie on one, it is a line under or over them.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pi_reader.reading.components import LEAST_HEIGHT, Components, find_components
from pi_reader.reading.cuts import MOST_WIDTH
from pi_reader.reading.decode import Place

STEEPEST = 0.3  # rise over run either way
COLUMNS = 48  # of it that are looked at
CROSSED = 0.96  # of these that the stroke is in
TALL = 0.35  # of its height: a stroke is thinner, the digits that it leaves are taller
SIDE = 0.1  # of such a digit on either side of a stroke that goes through it
SEVERAL = 2  # digits at the least; a stroke through one is a part of it
MOST = 24  # components that are looked at; the tallest stay


def find_strikes(
    found: Components, shape: tuple[int, int]
) -> tuple[np.ndarray | None, tuple[Place, ...]]:
    """The pixels of strokes through several digits, (h, w) bool or None, and what is crossed out.

    shape: (height, width) of the page.
    """
    wide = (found.height >= LEAST_HEIGHT) & (found.width >= MOST_WIDTH * found.height)
    wide &= (found.left > 0) & (found.top > 0)
    wide &= (found.right < shape[1]) & (found.bottom < shape[0])
    chosen = np.flatnonzero(wide)
    if not len(chosen):
        return None, ()
    strokes = np.zeros(shape, bool)
    crossed: list[Place] = []
    for one in chosen[np.argsort(-found.height[chosen], kind="stable")[:MOST]].tolist():
        own = found.ink_of((one,))
        stroke, level = _stroke_through(own)
        if stroke is None:
            continue
        left, top, right, bottom, *_ = found.bounds_of((one,))
        rest = find_components(own & ~stroke)
        tall = rest.height >= TALL * own.shape[0]
        at = level[(rest.left + rest.right) // 2]
        through = tall & (rest.top < at - SIDE * rest.height)
        through &= rest.bottom > at + SIDE * rest.height
        over = (rest.top + rest.bottom) / 2 < at  # what the stroke parts, on either side of it
        parted = min((tall & ~through & over).sum(), (tall & ~through & ~over).sum())
        if max(through.sum(), parted) >= SEVERAL:
            crossed.append((left, top, right, bottom))
        elif tall.sum() < SEVERAL or through.any():
            continue
        strokes[top:bottom, left:right] |= stroke
    return (strokes if strokes.any() else None), tuple(crossed)


def _stroke_through(own: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    """A straight level stroke that goes all through some ink, (h, w) bool.

    Returns its pixels without those where other ink meets it, and the row of its middle in each
    column; None if there is no such stroke.
    """
    height, width = own.shape
    columns = np.linspace(0, width - 1, COLUMNS).astype(int)
    columns = columns[np.diff(columns, prepend=-1) > 0]
    reach = int(STEEPEST * width / 2) + 1
    ink = np.zeros((height + 2 * reach, width), bool)
    ink[reach : reach + height] = own
    slopes = np.linspace(-STEEPEST, STEEPEST, 2 * reach + 1)  # a row apart at its ends
    shift = np.rint(slopes[:, None] * (columns - width / 2)).astype(int) + reach
    inked = ink.T[columns].view(np.uint8)
    begun = sliding_window_view(inked, height, axis=1)  # each column from each row on
    met = np.zeros((len(slopes), height), np.uint8)  # columns with ink, by slope and first row
    for column, begin in zip(begun, shift.T, strict=True):
        met += column[begin]
    way, place = divmod(int(met.argmax()), height)
    ridge = met[way] / len(columns)
    slope, best = float(slopes[way]), float(ridge[place])
    if best < CROSSED:
        return None, np.zeros(0)
    first = last = place
    while first > 0 and ridge[first - 1] >= best / 2:
        first -= 1
    while last + 1 < height and ridge[last + 1] >= best / 2:
        last += 1
    if last - first >= TALL * height:
        return None, np.zeros(0)
    every = np.arange(width)
    shift = np.rint(slope * (every - width / 2)).astype(int) + reach
    ink = np.pad(ink, ((3, 3), (0, 0)))
    through = ink[first + shift, every] | ink[last + 6 + shift, every]  # two rows off
    stroke = np.zeros_like(ink)
    for row in range(first - 1, last + 2):
        stroke[row + 3 + shift, every] = ~through
    level = (first + last) / 2 + shift - reach
    return stroke[reach + 3 : reach + 3 + height] & own, level
