"""Ink that no digit was made of, grouped as signs are: dashes, points, and two of them stacked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.network.neighbourhood import KINDS
from pi_reader.reading.components import Components
from pi_reader.reading.context import Judged
from pi_reader.reading.decode import POINT, Mark, level_with, median, places_of
from pi_reader.reading.lines import BESIDE

LARGEST = 1.6  # of the usual height of a digit: no part of a sign of several parts is longer
MOST = 120  # single pieces that are looked at; those beside digits stay, and the largest
MOST_GROUPS = 60
CLOSEST, FARTHEST = 0.14, 0.95  # of the usual height: from one part of a sign to the next
ALIKE = 2.0  # times: the larger point of a colon beside the smaller one, at the most
LARGEST_BESIDE = 0.65  # of its height: what is smaller, left or right of the rest of a digit
UPPER = 0.3  # of its height below its top: what begins higher there is the bar of a 5
LIKELY = 0.85  # probability of a colon by where its points stand alone


def find_leftovers(
    found: Components, marks: Sequence[Mark], usual: float, digits: Sequence[Mark] = ()
) -> list[tuple[int, ...]]:
    """Groups of components that may be signs, single ones first, as tuples of their numbers.

    marks: those that were found, of whose components one that is a mark by itself may be a part of
    a sign of several. usual: height of a digit in working pixels. digits: where there is too much
    to look at all of it, what stands beside these comes first.
    """
    is_free = np.ones(len(found), bool)
    is_free[[component for mark in marks for component in mark.components]] = False
    free = np.flatnonzero(is_free)
    size = np.maximum(found.width, found.height)
    if len(free) > MOST:
        first = size[free] + np.float32(usual) * beside(found, free, digits, usual)
        free = free[np.sort(np.argsort(-first, kind="stable")[:MOST])]
        is_free[:] = False
        is_free[free] = True
    for mark in marks:
        is_free[list(mark.components)] = len(mark.components) == 1 and not mark.cut_from
    small = np.flatnonzero(is_free & (size <= LARGEST * usual))
    return [(one,) for one in free.tolist()] + _stacked(found, small, usual)


def loose_parts(found: Components, mark: Mark) -> list[int]:
    """The components of a digit that may be points, commas or dashes beside it."""
    parts = np.array(sorted(mark.components))
    size = np.maximum(found.width, found.height)[parts]
    largest = parts[int(np.argmax(size))]
    middle = (found.left[parts] + found.right[parts]) / 2
    beside = (middle <= found.left[largest]) | (middle >= found.right[largest])
    beside &= found.top[parts] >= found.top[largest] + UPPER * found.height[largest]
    loose = (size <= POINT * mark.height) & (size < size.max())
    loose |= beside & (size <= LARGEST_BESIDE * found.height[largest])
    return parts[loose].tolist()


def paired_points(boxes: np.ndarray, digits: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of small marks that stand as the points of a colon do: alike, one above the other,
    with a digit close by on either side.

    boxes: (n, 4) left, top, right, bottom of marks that are no digits; digits: (k, 4) of digits;
    in pixels. Gives places among `boxes`, each at most once.
    """
    if len(digits) < 2 or len(boxes) < 2:
        return []
    boxes, digits = boxes.astype(np.float32), digits.astype(np.float32)
    usual = median(digits[:, 3] - digits[:, 1])
    middle, size = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    pairs: list[tuple[int, int]] = []
    taken: set[int] = set()
    for upper in np.argsort(middle[:, 1], kind="stable").tolist():
        aside, down = (middle - middle[upper]).T
        fits = (down >= CLOSEST * usual) & (down <= FARTHEST * usual)
        fits &= (np.abs(aside) <= down) & (size <= POINT * usual)
        fits &= np.maximum(size, size[upper]) <= ALIKE * np.minimum(size, size[upper])
        for lower in np.flatnonzero(fits)[np.argsort(down[fits])][:3].tolist():
            both = np.concatenate([boxes[upper], boxes[lower]])
            if not taken & {upper, lower} and _is_between(both.reshape(2, 4), digits, usual):
                pairs.append((upper, lower))
                taken |= {upper, lower}
    return pairs


def with_colons(judged: Sequence[Judged]) -> list[Judged]:
    """The marks of a page, two that stand as the points of a colon do as one that likely is one."""
    free = [one for one in judged if not one.is_digit and one.sign in ("", ".", ",")]
    digits = [one for one in judged if one.is_digit]
    pairs = paired_points(*(places_of([one.mark for one in some]) for some in (free, digits)))
    taken = {id(free[place]) for pair in pairs for place in pair}
    return [one for one in judged if id(one) not in taken] + [
        _colon(free[upper].mark, free[lower].mark) for upper, lower in pairs
    ]


def _colon(upper: Mark, lower: Mark) -> Judged:
    mark = upper.but(
        left=min(upper.left, lower.left),
        right=max(upper.right, lower.right),
        bottom=lower.bottom,
        components=upper.components | lower.components,
        kinds=tuple({":": LIKELY, "other": 1 - LIKELY}.get(kind, 0.0) for kind in KINDS),
    )
    return Judged(mark, 0.0, False)


def _is_between(points: np.ndarray, digits: np.ndarray, usual: float) -> bool:
    """Whether two points, (2, 4), stand level between digits, (k, 4), and close to them."""
    left, right = digits[:, 0], digits[:, 2]
    x, middle = (points[:, 0].min() + points[:, 2].max()) / 2, (left + right) / 2
    level = level_with((points[:, 1] + points[:, 3]) / 2, digits, usual).all(axis=0)
    before = level & (middle < x) & (points[:, 0].min() - right < BESIDE * usual)
    after = level & (middle > x) & (left - points[:, 2].max() < BESIDE * usual)
    return bool(before.any() and after.any())


def beside(found: Components, free: np.ndarray, digits: Sequence[Mark], usual: float) -> np.ndarray:
    """Which components stand level with a digit and close to it, (n,) bool."""
    if not digits:
        return np.zeros(len(free), bool)
    boxes = places_of(digits)
    x = (found.left + found.right)[free, None] / 2
    near = (x > boxes[:, 0] - BESIDE * usual) & (x < boxes[:, 2] + BESIDE * usual)
    near &= level_with((found.top + found.bottom)[free] / 2, boxes, usual)
    return np.asarray(near.any(axis=1))


def _stacked(found: Components, free: np.ndarray, usual: float) -> list[tuple[int, ...]]:
    """Pairs and threes of pieces, one right above the other: = : ÷."""
    low = free[found.height[free] <= 0.6 * usual]
    low = low[np.argsort(found.top[low], kind="stable")]
    left, right = found.left[low], found.right[low]
    common = np.minimum(right[:, None], right) > np.maximum(left[:, None], left)
    gap = found.top[low] - found.bottom[low][:, None]
    aside = np.abs((left + right)[:, None] - (left + right)) / 2
    slanting = aside <= gap + np.minimum(found.height[low][:, None], found.height[low])
    near = (common | slanting) & (gap >= 0) & (gap <= FARTHEST * usual)
    groups: list[tuple[int, ...]] = []
    for upper, lower in zip(*np.nonzero(near), strict=True):
        groups.append((int(low[upper]), int(low[lower])))
        groups += [(*groups[-1], int(low[third])) for third in np.flatnonzero(near[lower])[:2]]
    return groups[:MOST_GROUPS]
