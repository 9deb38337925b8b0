"""Digits that touch: where a component may be cut, and the pieces that come of it.

A cut is a way from the top of the component to its foot that meets little ink: it bends with the
gap between two digits and crosses the bridge where that is narrowest. For each column of the middle
row, and for ways that stand upright or lean to either side, the best one is found (a seam, by
dynamic programming), and those that meet the least ink are taken. Digits that lean on each other
share a stroke and leave no bridge but a notch above and one below, and the line between these is
tried too. Every such way is a place where a cut may be right; all stretches between two cuts are
pieces for the networks to judge, and the likeliest row of pieces wins. Cutting too often is
harmless as long as the right cuts are among them (Casey and Lecolinet, *A Survey of Methods and
Strategies in Character Segmentation*, 1996).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from pi_reader.reading.components import Components, measure

LEAST_HEIGHT = 12  # working pixels; smaller components are not cut
LEAST_WIDTH = 0.45  # of its height: a slimmer component is not cut
MOST_WIDTH = 1.3  # of the component's height: no digit is wider,
PIECE = 0.5  # and none less tall: the arm of a plus is no digit
BRIDGE = 2.5  # strokes of ink that a cut may meet
BEND = 0.1  # pixels of ink that a step to the side counts as
LEANING = np.array([0.0, -0.4, 0.4])  # columns per row
STEEPEST = 0.5  # the same of a line between two notches, at most
CUTS = 8  # for each height of the component that it is wide
ALIKE = 3.0  # squares as wide as a stroke: cuts with no more ink between them are one
NOTCH = 0.1  # of the component's height: a shallower notch in its outline is none

Span = tuple[int, int]  # of two cuts, counted from the left; the component's own ends count too


def may_be_cut(found: Components, component: int) -> bool:
    """Whether a component is large and wide enough to be several digits."""
    height = int(found.height[component])
    return height >= LEAST_HEIGHT and int(found.width[component]) >= LEAST_WIDTH * height


def find_cuts(found: Components, component: int) -> list[np.ndarray]:
    """Ways along which a component may be cut, from left to right: (rows,) the column in each of
    its rows where the right piece begins."""
    if not may_be_cut(found, component):
        return []
    width, height = int(found.width[component]), int(found.height[component])
    ink = found.ink_of((component,))
    stroke = max(1.0, float(found.stroke[component]))
    candidates = [(0.0, way) for way in find_notches(ink)]
    candidates += [(cost, way) for cost, way in find_seams(ink) if cost <= BRIDGE * stroke]
    before = np.zeros((height, width + 1), np.int32)  # ink to the left of each column
    np.cumsum(ink, axis=1, out=before[:, 1:])
    rows = np.arange(height)
    least, most = ALIKE * stroke**2, max(CUTS, round(CUTS * width / height))
    taken = [np.zeros(height, np.int32), before[:, -1]]  # the ends, then what each cut parts
    cuts: list[tuple[int, np.ndarray]] = []
    for _, way in sorted(candidates, key=lambda one: one[0]):
        if len(cuts) == most:
            break
        parted = before[rows, way]
        if all(np.abs(parted - other).sum() >= least for other in taken):
            taken.append(parted)
            cuts.append((int(parted.sum()), way))
    cuts.sort(key=lambda cut: cut[0])
    return [way + int(found.left[component]) for _, way in cuts]


def find_seams(ink: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """The ways from top to foot that meet the least ink of all through their middle, each with what
    it costs: at every column of the middle row where others meet no less, for each way to lean.

    ink: (h, w) bool. Costs are pixels of ink, ways as in `find_notches`.
    """
    rows, width = ink.shape
    middle = rows // 2
    shift = np.rint((np.arange(rows) - middle)[:, None] * LEANING).astype(np.intp)
    reach = int(np.abs(shift).max())
    column = np.arange(-reach, width + reach) + shift[:, :, None]  # (h, ways to lean, columns)
    leant = ink[np.arange(rows)[:, None, None], column.clip(0, width - 1)]
    leant &= (column >= 0) & (column < width)
    halves = np.zeros((middle + 1, 2, *leant.shape[1:]), bool)  # from the top, and from the foot
    halves[:, 0], halves[middle - rows :, 1] = leant[: middle + 1], leant[: middle - 1 : -1]
    costs, steps = cheapest_ways(halves, BEND)
    cost = costs.sum(axis=0) - leant[middle]
    walled = np.pad(cost, ((0, 0), (1, 1)), constant_values=np.inf)
    least = (cost <= walled[:, :-2]) & (cost <= walled[:, 2:])
    out = []
    for lean, start in np.argwhere(least[:, reach : reach + width]).tolist():
        start += reach
        upper, lower = (trace(steps[:, half, lean], start) for half in range(2))
        way = np.concatenate([upper[::-1], lower[1 : rows - middle]]) - reach + shift[:, lean]
        out.append((float(cost[lean, start]), way.clip(0, width)))
    return out


def cheapest_ways(ink: np.ndarray, bend: float) -> tuple[np.ndarray, np.ndarray]:
    """What the cheapest way from the first row to each column of the last one costs, (..., w)
    float32, and for each pixel which column of the row before it comes from, (h, ..., w): -1, 0 or
    1 beside.

    ink: (h, ..., w) bool, of any number of pictures; bend: pixels of ink that a step to the side
    counts as.
    """
    bends, rightwards = np.zeros(ink.shape, bool), np.zeros(ink.shape, bool)
    wide = np.full((*ink.shape[1:-1], ink.shape[-1] + 2), np.inf, np.float32)
    cost, left, right = wide[..., 1:-1], wide[..., :-2], wide[..., 2:]
    cost[:] = ink[0]
    beside = np.empty_like(cost)
    for row in range(1, len(ink)):
        np.less(right, left, out=rightwards[row])
        np.minimum(left, right, out=beside)
        beside += np.float32(bend)
        np.less(beside, cost, out=bends[row])
        np.minimum(cost, beside, out=cost)
        cost += ink[row]
    return cost, bends * np.where(rightwards, np.int8(1), np.int8(-1))


def trace(step: np.ndarray, column: int) -> np.ndarray:
    """The columns of the cheapest way that ends there, from the last row back to the first."""
    way = []
    for row in range(len(step) - 1, -1, -1):
        way.append(column)
        column += int(step[row, column])
    return np.array(way, np.intp)


def find_notches(ink: np.ndarray) -> list[np.ndarray]:
    """Lines from a notch in the upper outline to one in the lower: where two digits lean on each
    other they share a stroke, which may be longer than any bridge.

    ink: (h, w) bool. Each line is (h,) int, the column in each row where the right piece begins.
    """
    height, width = ink.shape
    rise = (height - 1) / 2 - np.arange(height)
    return [
        np.rint((x + y) / 2 + (x - y) / height * rise).astype(np.intp).clip(0, width)
        for x in _deepest(ink.argmax(axis=0), height)
        for y in _deepest(ink[::-1].argmax(axis=0), height)
        if abs(x - y) <= STEEPEST * height
    ]


def _deepest(depth: np.ndarray, height: int) -> list[int]:
    """The columns of an outline's notches: where paper reaches deeper than on both sides of it.

    depth: (width,) rows of paper before the first ink of each column.
    """
    least = NOTCH * height
    before = depth - np.minimum.accumulate(depth)
    after = depth - np.minimum.accumulate(depth[::-1])[::-1]
    notched = np.minimum(before, after) >= least
    edges = np.flatnonzero(np.diff(np.concatenate([[False], notched, [False]]).astype(np.int8)))
    return [
        int(begin + np.flatnonzero(depth[begin:end] == depth[begin:end].max()).mean())
        for begin, end in edges.reshape(-1, 2)
    ]


def find_pieces(found: Components, component: int) -> tuple[list[Span], Components]:
    """Between which cuts of a component there may be a digit, and the piece for each span.

    The whole component is not among them; there are none if it cannot be cut.
    """
    cuts = find_cuts(found, component)
    if not cuts:
        return [], found.pick(np.zeros(0, np.int64))
    runs = found.runs[found.first[component] : found.first[component + 1]]
    left, right = int(found.left[component]), int(found.right[component])
    rows = int(found.height[component])
    ways = np.array([np.full(rows, left), *cuts, np.full(rows, right)])
    at = ways[:, runs[:, 0] - int(found.top[component])]
    spans, parts = [], []
    for first, last in combinations(range(len(ways)), 2):
        part = np.column_stack(
            [runs[:, 0], np.maximum(runs[:, 1], at[first]), np.minimum(runs[:, 2], at[last])]
        )
        part = part[part[:, 1] < part[:, 2]]
        if len(part) and (first, last) != (0, len(ways) - 1):  # ways may meet
            height = part[-1, 0] + 1 - part[0, 0]
            width = part[:, 2].max() - part[:, 1].min()
            if height >= PIECE * rows and width <= MOST_WIDTH * rows:
                spans.append((first, last))
                parts.append(part)
    if not spans:
        return [], found.pick(np.zeros(0, np.int64))
    starts = np.cumsum([0] + [len(part) for part in parts[:-1]])
    pieces = measure(np.concatenate(parts).astype(np.int32), starts, np.zeros(len(spans), np.int32))
    pieces.stroke[:] = found.stroke[component]
    pieces.strength[:] = found.strength[component]
    return spans, pieces
