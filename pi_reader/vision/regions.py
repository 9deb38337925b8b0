"""Ink that hangs together: connected regions of a mask, their boxes and how thick their strokes are.

A mask is written down as runs, the stretches of ink in each row; runs of neighbouring rows that
touch are linked, and links are contracted until each region has one name. All steps work on whole
arrays, since Python is too slow for single pixels, and cost grows with the length of the ink's
outline rather than with the size of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MAX_RUNS = 100_000  # a page of 1.3 million pixels full of writing has 30,000; noise has far more


@dataclass(frozen=True)
class Regions:
    """The connected regions of one mask; all arrays are int32, one entry per region.

    left, top, right, bottom: the box in pixels, right and bottom one past the last ink.
    area: pixels of ink; outline: pixel edges between ink and paper all around it, holes included.
    runs: (m, 3) rows, first column and one past the last column of each run, region by region;
    first: (n + 1,), the runs of region i are runs[first[i]:first[i + 1]].
    """

    left: np.ndarray
    top: np.ndarray
    right: np.ndarray
    bottom: np.ndarray
    area: np.ndarray
    outline: np.ndarray
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

    @property
    def stroke(self) -> np.ndarray:
        """Thickness of each region's strokes in pixels, float32.

        A long stroke of thickness t and length l has area t * l and outline 2 * (t + l).
        """
        half = self.outline.astype(np.float32) / 2
        inside = np.maximum(half * half - 4 * self.area, 0)
        return (half - np.sqrt(inside)) / 2

    def pick(self, wanted: np.ndarray) -> Regions:
        """Only these regions; wanted: (n,) bool, or indices in the order that is wanted."""
        chosen = np.flatnonzero(wanted) if wanted.dtype == bool else wanted
        counts = self.first[chosen + 1] - self.first[chosen]
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        index = np.arange(first[-1]) + np.repeat(self.first[chosen] - first[:-1], counts)
        return Regions(self.left[chosen], self.top[chosen], self.right[chosen],
                       self.bottom[chosen], self.area[chosen], self.outline[chosen],
                       self.runs[index], first)


def find_regions(mask: np.ndarray) -> Regions:
    """All connected regions of a mask, pixels that meet at a corner included (8-connected).

    mask: (h, w) bool. Regions come in the order of their topmost, then leftmost run. A mask with
    more than MAX_RUNS runs is noise, not writing, and has no regions.
    """
    starts, ends, stride = find_runs(mask)
    if not 0 < len(starts) <= MAX_RUNS:
        return gather(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int32), stride,
                      np.zeros(0, np.int32))
    upper, lower = touching(starts, ends, stride)
    names = contract(len(starts), upper, lower)
    shared = np.minimum(ends[upper], ends[lower] - stride) - \
        np.maximum(starts[upper], starts[lower] - stride)
    common = np.bincount(names[upper], np.maximum(shared, 0), minlength=len(starts))
    return gather(starts, ends, names, stride, common)


def find_runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """The stretches of ink, as positions in a flattened mask that is one column wider.

    Returns first positions, positions one past the last, and the width to divide by (the extra
    column of paper keeps runs of different rows apart).
    """
    height, width = mask.shape
    padded = np.zeros(height * (width + 1) + 1, bool)
    padded[1:].reshape(height, width + 1)[:, :width] = mask
    changes = np.flatnonzero(padded[1:] != padded[:-1]).astype(np.int32)
    return changes[0::2], changes[1::2], width + 1


def touching(starts: np.ndarray, ends: np.ndarray, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of runs in neighbouring rows that touch, corners included: indices (upper, lower)."""
    low = np.searchsorted(ends, starts + stride)
    high = np.searchsorted(starts, ends + stride, side="right")
    counts = np.maximum(high - low, 0)
    upper = np.repeat(np.arange(len(starts)), counts)
    offset = np.arange(len(upper)) - np.repeat(np.cumsum(counts) - counts, counts)
    return upper, low[upper] + offset


def contract(count: int, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Give all things that pairs connect the same name, the smallest index among them.

    Each round hooks the larger root of every open pair to the smaller one and then lets everyone
    look up their root (Shiloach and Vishkin 1982); the number of open pairs shrinks fast.
    """
    root = np.arange(count)
    while len(one):
        low, high = np.minimum(root[one], root[other]), np.maximum(root[one], root[other])
        open_ = low != high
        one, other, low, high = one[open_], other[open_], low[open_], high[open_]
        root[high] = low
        while True:
            up = root[root]
            if np.array_equal(up, root):
                break
            root = up
    return root


def gather(starts: np.ndarray, ends: np.ndarray, names: np.ndarray, stride: int,
           common: np.ndarray) -> Regions:
    """Put runs that share a name together and measure them.

    names: (m,) index of each run's region's first run; common: (m,) at that index, how many
    pixels of the region have ink right below them.
    """
    order = np.argsort(names, kind="stable")
    names = names[order]
    new = np.flatnonzero(np.diff(names, prepend=-1))
    starts, ends = starts[order], ends[order]
    rows = starts // stride
    runs = np.stack([rows, starts - rows * stride, ends - rows * stride], axis=1).astype(np.int32)
    first = np.append(new, len(names)).astype(np.int32)
    if not len(new):
        none = np.zeros(0, np.int32)
        return Regions(none, none, none, none, none, none, runs, first)
    area = np.add.reduceat(ends - starts, new).astype(np.int32)
    outline = 2 * np.diff(first) + 2 * (area - common[names[new]].astype(np.int32))
    return Regions(
        np.minimum.reduceat(runs[:, 1], new), runs[new, 0],
        np.maximum.reduceat(runs[:, 2], new), np.maximum.reduceat(runs[:, 0], new) + 1,
        area, outline.astype(np.int32), runs, first)
