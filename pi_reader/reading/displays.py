"""Digits of seven segments, as displays show them, with gaps between the segments.

Each segment is ink of its own, so a digit is known by how it is built: bars of one thickness that
meet at right angles, end to end, and nothing else. Which of the seven are lit says which digit it
is: a machine's alphabet has one pattern for each, and no hand writes in bars.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.reading.components import Components, groups_of, measure, runs_to_mask
from pi_reader.reading.decode import median

LEAST_HEIGHT = 20  # working pixels of a digit
MOST = 200  # components of a page that are looked at; one with more is no display
CORNER = 1.0  # thicknesses: the gap between segments that meet in a corner
STACKED = 2.0  # thicknesses: the gap between two that stand on each other
ALIKE = 0.6  # of the thicker or taller one: the other is as thick, or tall, at least
LONG = 1.5  # times as long as thick: a segment
STRAIGHT = 0.75, 1.25  # area over thickness and longer side
BODY = 1.25  # times the thickness that area and outline give: a segment has pointed ends
NARROW = 0.34  # width over height of a 1
WIDEST = 0.95  # width over height of any digit
EMPTY = 0.05  # of the room between the segments that is ink, at most
LIT = 0.5  # of the middle of a segment that is ink, at least
APART = 3  # segments that stand alone in a digit that shows there is a display
PATTERNS = {
    0b1110111: 0,
    0b0010010: 1,
    0b1011101: 2,
    0b1011011: 3,
    0b0111010: 4,
    0b1101011: 5,
    0b1101111: 6,
    0b0101111: 6,
    0b1010010: 7,
    0b1110010: 7,
    0b1111111: 8,
    0b1111011: 9,
    0b1111010: 9,
}  # lit segments: top, upper left, upper right, middle, lower left, lower right, bottom

Shown = tuple[int, int, int, int, int]  # left, top, right, bottom of a digit, and its label or -1


def find_displays(found: Components) -> list[tuple[list[int], Shown]]:
    """The digits of seven segments on a page: the components of each, and what it shows."""
    longer = np.maximum(found.width, found.height)
    some = np.flatnonzero(longer >= LONG * found.stroke)
    if not APART <= len(some) <= MOST:
        return []
    straight = found.area[some] / (found.stroke[some] * longer[some])
    bars = (straight >= STRAIGHT[0]) & (straight <= STRAIGHT[1])
    slopes = [_slope(found, one) for one in some[bars & (found.height == longer)[some]].tolist()]
    lean = median(slopes) if slopes else 0.0
    groups = _groups(found, some, lean)
    large = [group for group in groups if len(group) >= APART]
    clear = [group for group in large if _decode(found, group, lean) >= 0]
    if not clear:
        return []
    tall = median([np.ptp([*found.top[group], *found.bottom[group]]) for group in clear])
    pen = median([float(found.stroke[group].mean()) for group in clear])
    alike = []
    for group in groups:
        left, top, right, bottom, _, _, thick = found.bounds_of(group)
        pens, heights = sorted([thick, pen]), sorted([bottom - top, tall])
        if pens[0] >= ALIKE * pens[1] and heights[0] >= ALIKE * heights[1]:
            alike.append((group, (left, top, right, bottom, _decode(found, group, lean))))
    digits = [one for _, one in alike if one[4] not in (-1, 1)]
    return [(group, one) for group, one in alike if any(_beside(one, digit) for digit in digits)]


def _beside(box: Sequence[float], digit: Sequence[float]) -> bool:
    """Whether a box stands in the row of a digit, no further off than that is tall."""
    level = min(box[3], digit[3]) - max(box[1], digit[1]) >= (box[3] - box[1]) / 2
    apart = max(box[0] - digit[2], digit[0] - box[2])
    return bool(level and apart <= digit[3] - digit[1])


def as_components(found: Components, groups: Sequence[Sequence[int]]) -> Components:
    """Some groups of components, each as one."""
    runs = [found.runs_of(group) for group in groups]
    runs = [own[np.lexsort((own[:, 1], own[:, 0]))] for own in runs]
    first = np.cumsum([0, *[len(own) for own in runs[:-1]]])
    digits = measure(np.concatenate(runs), first, np.zeros(len(runs), np.int32))
    digits.stroke[:] = [found.bounds_of(group)[6] for group in groups]
    return digits


def _groups(found: Components, some: np.ndarray, lean: float) -> list[list[int]]:
    """Components that may be segments of one digit, by how close they are once they stand upright;
    lean: columns per row."""
    top, bottom = found.top[some], found.bottom[some]
    middle = (found.left[some] + found.right[some] + lean * (top + bottom)) / 2
    half = (found.width[some] - abs(lean) * found.height[some]) / 2
    left, right = middle - half, middle + half
    stroke = found.stroke[some]
    pen = np.maximum(stroke[:, None], stroke)
    across = np.maximum(left[:, None], left) - np.minimum(right[:, None], right)
    down = np.maximum(top[:, None], top) - np.minimum(bottom[:, None], bottom)
    near = np.maximum(across, down) <= CORNER * pen
    near |= (across <= -pen / 2) & (down <= STACKED * pen)
    groups = groups_of(len(some), *np.nonzero(np.triu(near, 1)))
    numbers = some.tolist()
    return [[numbers[one] for one in group] for group in groups]


def _slope(found: Components, one: int) -> float:
    """How many columns per row an upright bar leans to the right."""
    row, start, end = found.runs_of((one,)).T
    row = row - row.mean()
    return float(-(row * (start + end) / 2).sum() / max(1.0, float((row * row).sum())))


def _decode(found: Components, group: list[int], lean: float) -> int:
    """Which digit some segments show, -1 if that is none."""
    row, start, end = found.runs_of(group).T
    top, height = int(row.min()), int(row.max() - row.min()) + 1
    stroke = found.bounds_of(group)[6]
    if height < LEAST_HEIGHT:
        return -1
    shift = np.rint(lean * (row - row.max())).astype(np.int32)
    start, end = start + shift, end + shift
    left, width = int(start.min()), int(end.max() - start.min())
    if width > WIDEST * height:
        return -1
    place = (row - top) * (width + 1) - left
    ink = runs_to_mask(place + start, place + end, width + 1, (height, width))
    pen = max(2, round(BODY * stroke))
    if width <= NARROW * height:
        bars = [ink[pen : height // 2 - pen], ink[height // 2 + pen : height - pen]]
        full = all(len(bar) and bar.any(axis=1).mean() > LIT for bar in bars)
        return 1 if full and width <= LONG * pen + 2 else -1
    middle = (height - pen) // 2
    rows = [slice(0, pen), slice(middle - 1, middle + pen + 1), slice(height - pen, height)]
    halves = (
        slice(round(1.4 * pen), middle - pen // 2),
        slice(middle + round(1.5 * pen), height - round(1.4 * pen)),
    )
    inner = slice(round(1.4 * pen), width - round(1.4 * pen))
    sides = slice(0, pen), slice(width - pen, width)
    if inner.stop - inner.start < 2 or any(half.stop - half.start < 2 for half in halves):
        return -1
    if any(ink[half, inner].mean() > EMPTY for half in halves):
        return -1
    level = [ink[one, inner].any(axis=0).mean() for one in rows]
    upright = [[ink[half, side].any(axis=1).mean() for side in sides] for half in halves]
    lit = [level[0], *upright[0], level[1], *upright[1], level[2]]
    pattern = sum(1 << 6 - place for place, one in enumerate(lit) if one >= LIT)
    return PATTERNS.get(pattern, -1)
