"""Ink that no digit was made of, grouped as signs are: dashes, points, and two of them stacked."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from pi_reader.reading.components import Components

LARGEST = 1.6  # of the usual height of a digit: no part of a sign of several parts is longer
GAP = 0.9  # of the usual height: between the parts of a colon
COMMON = 0.5  # of the narrower part's width that lies above the other part
MOST = 120  # single pieces that are looked at; the largest stay
MOST_GROUPS = 60


def find_leftovers(
    found: Components, taken: Collection[int], usual: float
) -> list[tuple[int, ...]]:
    """Groups of components that may be signs, single ones first, as tuples of their numbers.

    taken: the components that digits were made of; usual: height of a digit in working pixels.
    """
    free = np.setdiff1d(np.arange(len(found)), list(taken))
    size = np.maximum(found.width, found.height)[free]
    if len(free) > MOST:
        keep = np.sort(np.argsort(-size, kind="stable")[:MOST])
        free, size = free[keep], size[keep]
    return [(one,) for one in free.tolist()] + _stacked(found, free[size <= LARGEST * usual], usual)


def _stacked(found: Components, free: np.ndarray, usual: float) -> list[tuple[int, ...]]:
    """Pairs and threes of pieces, one right above the other: = : ÷."""
    low = free[found.height[free] <= 0.6 * usual]
    low = low[np.argsort(found.top[low], kind="stable")]
    left, right = found.left[low], found.right[low]
    common = np.minimum(right[:, None], right) - np.maximum(left[:, None], left)
    narrower = np.minimum(right[:, None] - left[:, None], right - left)
    gap = found.top[low] - found.bottom[low][:, None]
    near = (common >= COMMON * narrower) & (gap >= 0) & (gap <= GAP * usual)
    groups: list[tuple[int, ...]] = []
    for upper, lower in zip(*np.nonzero(near), strict=True):
        groups.append((int(low[upper]), int(low[lower])))
        groups += [(*groups[-1], int(low[third])) for third in np.flatnonzero(near[lower])[:2]]
    return groups[:MOST_GROUPS]
