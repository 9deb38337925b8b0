"""Ink that hangs together: connected components of a mask, their boxes and their strokes.

A mask is written down as runs, the stretches of ink in each row; runs of neighbouring rows that
touch are linked, and links are merged until each component has one name. All steps work on whole
arrays, since Python is too slow for single pixels, and cost grows with the length of the ink's
outline rather than with the size of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

LEAST_HEIGHT = 8  # working pixels of a digit that can be read
MAX_RUNS = 100_000  # a page of 1.3 million pixels full of writing has 30,000; noise has far more


@dataclass(frozen=True)
class Components:
    """The connected components of one mask; int32 arrays, an entry per component, save where it
    says so.

    left, top, right, bottom: the box in pixels, right and bottom one past the last ink.
    area: pixels of ink; stroke: float32, thickness of the strokes in pixels.
    strength: float32, mean contrast of the ink in grey levels; 0 until somebody measured it.
    runs: (m, 3) row, first column and one past the last column of each run, component by component;
    first: (n + 1,), the runs of component i are runs[first[i]:first[i + 1]].
    """

    left: np.ndarray
    top: np.ndarray
    right: np.ndarray
    bottom: np.ndarray
    area: np.ndarray
    stroke: np.ndarray
    strength: np.ndarray
    runs: np.ndarray
    first: np.ndarray

    def __len__(self) -> int:
        return len(self.left)

    @property
    def width(self) -> np.ndarray:
        """Width of each box in pixels."""
        return self.right - self.left

    @property
    def height(self) -> np.ndarray:
        """Height of each box in pixels."""
        return self.bottom - self.top

    def pick(self, wanted: np.ndarray) -> Components:
        """Only these components; wanted: (n,) bool, or indices in the order that is wanted."""
        chosen = np.flatnonzero(wanted) if wanted.dtype == bool else wanted
        counts = self.first[chosen + 1] - self.first[chosen]
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        index = np.arange(first[-1]) + np.repeat(self.first[chosen] - first[:-1], counts)
        return Components(
            self.left[chosen],
            self.top[chosen],
            self.right[chosen],
            self.bottom[chosen],
            self.area[chosen],
            self.stroke[chosen],
            self.strength[chosen],
            self.runs[index],
            first,
        )

    def at(self, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """The component that has ink at each of some pixels, (m,) indices; there must be one."""
        stride = int(self.right.max()) + 1
        place = self.runs[:, 0] * stride + self.runs[:, 1]
        order = np.argsort(place)
        run = order[np.searchsorted(place[order], row * stride + column, side="right") - 1]
        return np.searchsorted(self.first, run, side="right") - 1

    def runs_of(self, group: Sequence[int]) -> np.ndarray:
        """All runs of some components, (m, 3)."""
        each = [self.runs[self.first[i] : self.first[i + 1]] for i in group]
        return each[0] if len(each) == 1 else np.concatenate(each)

    def ink_of(self, group: Sequence[int], box: Sequence[int] | None = None) -> np.ndarray:
        """The ink of some components in a box around all of it, (height, width) bool.

        box: left, top, right, bottom; None for the one that just holds them.
        """
        left, top, right, bottom = box or self.bounds_of(group)[:4]
        row, start, end = self.runs_of(group).T
        stride = right - left + 1
        row = (row - top) * stride - left
        return runs_to_mask(row + start, row + end, stride, (bottom - top, right - left))

    def bounds_of(self, group: Sequence[int]) -> tuple[int, int, int, int, int, float, float]:
        """Left, top, right, bottom, area, strength and stroke of some components taken as one."""
        (bounds,) = zip(*(side.tolist() for side in self.bounds([group])), strict=True)
        return bounds

    def bounds(self, groups: Sequence[Sequence[int]]) -> tuple[np.ndarray, ...]:
        """The same of several groups, at least one, as arrays (n,)."""
        some = list(chain.from_iterable(groups))
        sides = self.left, self.top, self.right, self.bottom, self.area
        if len(some) == len(groups):  # single components: less to do
            exact = (each.astype(np.float64) for each in (self.strength, self.stroke))
            return tuple(each[some] for each in (*sides, *exact))
        first = np.cumsum([0, *map(len, groups[:-1])])
        area = self.area[some]
        whole = np.add.reduceat(area, first)
        return (
            np.minimum.reduceat(self.left[some], first),
            np.minimum.reduceat(self.top[some], first),
            np.maximum.reduceat(self.right[some], first),
            np.maximum.reduceat(self.bottom[some], first),
            whole,
            np.add.reduceat(self.strength[some] * area, first) / whole,
            np.add.reduceat(self.stroke[some] * area, first) / whole,
        )


def find_components(mask: np.ndarray) -> Components:
    """All connected components of a mask, pixels that meet at a corner included (8-connected).

    mask: (h, w) bool. Components come in the order of their topmost, then leftmost run. A mask with
    more than MAX_RUNS runs is noise, not writing, and has no components.
    """
    starts, ends, stride = find_runs(mask)
    if len(starts) > MAX_RUNS:
        starts, ends = starts[:0], ends[:0]
    upper, lower = touching(starts, ends, stride)
    names = union_find(len(starts), upper, lower)
    shared = np.minimum(ends[upper], ends[lower] - stride) - np.maximum(
        starts[upper], starts[lower] - stride
    )
    covered = np.bincount(names[upper], np.maximum(shared, 0), minlength=len(starts))
    order = np.argsort(names.astype(np.min_scalar_type(len(names))), kind="stable")  # by digits
    new = np.flatnonzero(names[order] == order)  # each component is named by its first run
    starts, ends = starts[order], ends[order]
    runs = np.empty((len(order), 3), np.int32)
    runs[:, 0] = rows = starts // stride
    runs[:, 1], runs[:, 2] = starts - rows * stride, ends - rows * stride
    return measure(runs, new, covered[order[new]].astype(np.int32))


def measure(runs: np.ndarray, new: np.ndarray, covered: np.ndarray) -> Components:
    """Boxes, areas and strokes of runs that are already in the order of their components.

    runs: (m, 3) int32 as in Components, each component's by rows; new: (n,) where components begin;
    covered: (n,) int32 how many pixels of each have ink right below them.
    """
    first = np.append(new, len(runs)).astype(np.int32)
    if not len(new):
        none = np.zeros(0, np.int32)
        nothing = np.zeros(0, np.float32)
        return Components(none, none, none, none, none, nothing, nothing, runs, first)
    area = np.add.reduceat(runs[:, 2] - runs[:, 1], new, dtype=np.int32)
    outline = 2 * np.diff(first) + 2 * (area - covered)
    return Components(
        np.minimum.reduceat(runs[:, 1], new),
        runs[new, 0],
        np.maximum.reduceat(runs[:, 2], new),
        runs[first[1:] - 1, 0] + 1,
        area,
        stroke_thickness(area, outline),
        np.zeros(len(new), np.float32),
        runs,
        first,
    )


def stroke_thickness(area: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """How thick a pen wrote, float32 pixels.

    A stroke of thickness t and length l has area t * l and outline 2 * (t + l), counted in pixel
    edges with those around holes; of the two solutions the smaller is the thickness.
    """
    half = outline.astype(np.float32) / 2
    return (half - np.sqrt(np.maximum(half * half - 4 * area, 0))) / 2


def find_runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The stretches of ink, as positions in a flattened mask that is some columns wider.

    Returns first positions, positions one past the last, and the width to divide by (the extra
    columns of paper keep runs of different rows apart).
    """
    height, width = mask.shape
    stride = (width // 8 + 1) * 8  # there is paper after the last pixel of a row
    padded = np.zeros((height, stride), bool)
    padded[:, :width] = mask
    words = padded.reshape(-1, 8).view("<u8")[:, 0]  # most of them are nothing but paper
    inked = words.copy()
    inked[1:] |= words[:-1]  # a run may end where the next word begins
    chosen = np.flatnonzero(inked != 0)
    ink = (words[chosen].view(np.uint8) != 0).view("<u8")  # a mask's bytes may not be 0 and 1
    before = (ink << np.uint64(8)) | (words[chosen - 1] >= np.uint64(1 << 56))  # the pixels' left
    found = np.flatnonzero((ink ^ before).astype("<u8", copy=False).view(bool))
    changes = (8 * chosen[found >> 3] + (found & 7)).astype(np.int32)
    return changes[0::2], changes[1::2], stride


def touching(starts: np.ndarray, ends: np.ndarray, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of runs in neighbouring rows that touch, corners included: indices (upper, lower)."""
    low = np.searchsorted(ends, starts + stride)
    high = np.searchsorted(starts, ends + stride, side="right")
    counts = np.maximum(high - low, 0)
    upper = np.repeat(np.arange(len(starts)), counts)
    offset = np.arange(len(upper)) - np.repeat(np.cumsum(counts) - counts, counts)
    return upper, low[upper] + offset


def union_find(count: int, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Give all things that pairs connect the same name, the smallest index among them.

    Each round hooks the larger root of every open pair to the smaller one and then lets everyone
    look up their root (Shiloach and Vishkin 1982); the number of open pairs shrinks fast.
    """
    root = np.arange(count)
    while len(one):
        one, other = root[one], root[other]
        low, high = np.minimum(one, other), np.maximum(one, other)
        open_ = np.flatnonzero(low != high)
        one, other = low[open_], high[open_]
        root[other] = one
        while not ((up := root[root]) == root).all():
            root = up
    return root


def groups_of(count: int, one: np.ndarray, other: np.ndarray) -> list[list[int]]:
    """Things sorted into groups, within which pairs connect them."""
    groups: dict[int, list[int]] = {}
    for thing, name in enumerate(union_find(count, one, other).tolist()):
        groups.setdefault(name, []).append(thing)
    return list(groups.values())


def strengths(found: Components, contrast: np.ndarray) -> np.ndarray:
    """Mean contrast of each component's ink, float32 grey levels; contrast: (h, w) uint8."""
    if not len(found):
        return np.zeros(0, np.float32)
    row, start, end = found.runs.T
    length = end - start
    first = row * contrast.shape[1] + start
    begin = np.cumsum(length) - length
    step = np.ones(length.sum(), np.int64)  # from pixel to pixel of the ink
    step[begin] = np.diff(first, prepend=0) - np.concatenate([[1], length[:-1]]) + 1
    pixel = np.cumsum(step)
    begin = begin[found.first[:-1]]
    sums = np.add.reduceat(contrast.ravel()[pixel], begin, dtype=np.float32)
    return sums / found.area.astype(np.float32)


def runs_to_mask(
    starts: np.ndarray, ends: np.ndarray, stride: int, shape: tuple[int, ...]
) -> np.ndarray:
    """Runs back into a mask of this shape; they are given as find_runs gives them."""
    change = np.zeros(shape[0] * stride + 1, np.int8)
    change[starts] = 1
    change[ends] -= 1  # where a run ends and the next begins at once the two cancel
    inked = np.cumsum(change[:-1], dtype=np.int8).view(bool)
    return inked.reshape(shape[0], stride)[:, : shape[1]]


def merge(parts: Sequence[Components]) -> Components:
    """Several sets of components as one, in order."""
    counts = np.concatenate([np.diff(part.first) for part in parts])
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)

    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    return Components(
        joined("left"),
        joined("top"),
        joined("right"),
        joined("bottom"),
        joined("area"),
        joined("stroke"),
        joined("strength"),
        joined("runs"),
        first,
    )
