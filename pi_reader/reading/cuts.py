"""Digits that touch: where a component may be cut, and the pieces that come of it.

A pen that runs from one digit into the next leaves a bridge: a line from top to bottom that meets
little ink, with more on both sides. Handwriting leans, so leaning lines are tried beside upright
ones. Digits that lean on each other share a stroke and leave no bridge but a notch above and one
below, and the line between these is tried too. Every such line is a place where a cut may be right;
all stretches between two cuts are pieces for the network to judge, and the likeliest row of pieces
wins. Cutting too often is harmless as long as the right cuts are among them (Casey and Lecolinet,
*A Survey of Methods and Strategies in Character Segmentation*, 1996).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from pi_reader.reading.components import Components, measure

LEAST_HEIGHT = 12  # working pixels; smaller components are not cut
LEAST_WIDTH = 0.15  # of the component's height: between two cuts
MOST_WIDTH = 1.3  # of the component's height: no digit is wider
BRIDGE = 2.5  # strokes of ink that a cut may meet
VALLEY = 0.5  # of the most ink that any line meets: neither may it meet more than that
SLANTS = (0.0, 0.25, 0.5, -0.25)  # columns to the right per row upwards
MAX_CUTS = 7
NOTCH = 0.1  # of the component's height: a shallower notch in its outline is none

Cut = tuple[float, float]  # the column where it crosses the middle row, and its slant
Span = tuple[Cut, Cut]


def find_cuts(found: Components, component: int) -> list[Cut]:
    """Lines at which a component may be cut, from left to right."""
    width, height = int(found.width[component]), int(found.height[component])
    apart = LEAST_WIDTH * height
    if height < LEAST_HEIGHT or width < 3 * apart:
        return []
    runs, rise = _runs(found, component)
    left = int(found.left[component])
    candidates: list[tuple[float, float, float]] = []
    for slant in SLANTS:
        shift = np.rint(slant * rise).astype(np.intp) + left
        ink = _profile(runs[:, 1] - shift, runs[:, 2] - shift, width)
        most = max(BRIDGE * max(1.0, float(found.stroke[component])), 0.2 * float(ink.max()))
        low = ink <= min(most, VALLEY * float(ink.max()))
        low[: int(apart)] = False
        low[width - int(apart) :] = False
        # of lines that meet the same ink the upright one, then the one nearest the middle
        cost = ink + abs(slant) + np.abs(np.arange(width) - width / 2) / width
        candidates += [(float(cost[x]), float(x), slant) for x in np.flatnonzero(low)]
    candidates += [(0.0, column, slant) for column, slant in find_notches(found, component)]
    cuts: list[Cut] = []
    for _, column, slant in sorted(candidates):
        if len(cuts) == MAX_CUTS:
            break
        if all(abs(column - other) >= apart for other, _ in cuts):
            cuts.append((column, slant))
    return sorted((column + left, slant) for column, slant in cuts)


def find_notches(found: Components, component: int) -> list[Cut]:
    """Lines from a notch in the upper outline to one in the lower: where two digits lean on each
    other they share a stroke, which may be longer than any bridge; columns count from the left."""
    width, height = int(found.width[component]), int(found.height[component])
    runs, _ = _runs(found, component)
    left, top = int(found.left[component]), int(found.top[component])
    ink = np.zeros((height, width), bool)
    for row, start, end in runs:
        ink[row - top, start - left : end - left] = True
    upper = _deepest(ink.argmax(axis=0), height)
    lower = _deepest(ink[::-1].argmax(axis=0), height)
    steepest = max(SLANTS)
    cuts = [((x + y) / 2, (x - y) / height) for x in upper for y in lower]
    apart = LEAST_WIDTH * height
    return [
        (column, slant)
        for column, slant in cuts
        if abs(slant) <= steepest and apart <= column < width - apart
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


def find_spans(found: Components, component: int) -> list[Span]:
    """Between which cuts there may be a digit; empty if the component cannot be cut.

    The component's own ends count as cuts, but the whole component is not among the spans.
    """
    cuts = find_cuts(found, component)
    if not cuts:
        return []
    ends = (float(found.left[component]), 0.0), (float(found.right[component]), 0.0)
    widest = MOST_WIDTH * float(found.height[component])
    return [
        (first, last)
        for first, last in combinations([ends[0], *cuts, ends[1]], 2)
        if last[0] - first[0] <= widest and (first, last) != ends
    ]


def cut_component(found: Components, component: int, spans: list[Span]) -> Components:
    """The pieces of a component, one for each span."""
    runs, rise = _runs(found, component)
    ends = float(found.left[component]), float(found.right[component])
    parts = []
    for first, last in spans:
        begin = _places(first, rise, ends)
        end = _places(last, rise, ends)
        part = np.column_stack(
            [runs[:, 0], np.maximum(runs[:, 1], begin), np.minimum(runs[:, 2], end)]
        )
        part = part[part[:, 1] < part[:, 2]]
        parts.append(part if len(part) else runs[:1])  # slanted lines may cross at a corner
    starts = np.cumsum([0] + [len(part) for part in parts[:-1]])
    pieces = measure(np.concatenate(parts).astype(np.int32), starts, np.zeros(len(spans), np.int32))
    pieces.stroke[:] = found.stroke[component]
    pieces.strength[:] = found.strength[component]
    return pieces


def _runs(found: Components, component: int) -> tuple[np.ndarray, np.ndarray]:
    """A component's runs, and how many rows each lies above its middle, float32."""
    runs = found.runs[found.first[component] : found.first[component + 1]]
    middle = (int(found.top[component]) + int(found.bottom[component])) / 2
    return runs, np.float32(middle) - runs[:, 0].astype(np.float32)


def _profile(starts: np.ndarray, ends: np.ndarray, width: int) -> np.ndarray:
    """How much ink each of `width` columns meets; what lies further out is not counted."""
    change = np.bincount(np.clip(starts, 0, width), minlength=width + 1)
    change = change - np.bincount(np.clip(ends, 0, width), minlength=width + 1)
    return np.cumsum(change)[:width].astype(np.float32)


def _places(cut: Cut, rise: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """The column where a cut crosses each run's row; the component's own ends are straight."""
    column, slant = cut
    if column in ends:
        return np.full(len(rise), round(column))
    return np.rint(column + slant * rise).astype(np.intp)
