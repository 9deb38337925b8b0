"""Where one number of a line ends and the next begins, and what in a line may be a sign or dirt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pi_reader.network.neighbourhood import KINDS, SIGNS
from pi_reader.reading.context import Judged

WIDE = 0.85  # heights of a digit: a gap that wide parts two numbers,
WIDER = 2.2  # if it is so many times as wide as is usual within the line
ALWAYS = 1.6  # heights: wider than this, it parts them in any case
USUAL = 0.25  # heights: the usual gap where there are too few to know it
NARROW, CLEAR = 0.75, 1.2  # heights: between these nobody knows whether a gap parts numbers
SLENDER = 0.5  # heights: width that a digit takes up at the least
OVER = 0.25  # heights: how far a mark between two digits may reach over them
CLOSE = 0.5  # heights: a mark that close to digits on both sides may be a digit itself
MIDWAY = 0.35  # of the gap on its one side: as wide as that is the other one beside an operator
DOUBT_AT = 0.15  # probability from which a mark may be a sign
LEAST = 0.35  # heights: smaller than this, a mark that is no sign parts no number

_SIGNS = [KINDS.index(sign) for sign in SIGNS]


class Gaps(NamedTuple):
    """What stands between the marks of a line, counted from 0.

    spaces: marks before which there is a gap too wide for one number; torn: marks beside a gap that
    may or may not be. doubts: of each mark that may be a sign its place among the others, the
    likeliest sign, and how likely it is.
    """

    spaces: list[int]
    torn: list[int]
    doubts: list[tuple[int, str, float]]


def find_spaces(places: np.ndarray, is_digit: np.ndarray, others: Sequence[Judged]) -> Gaps:
    """The gaps of a line that part numbers, and marks in it that may be signs.

    places: (n, 4) left, top, right, bottom of its digits and signs from left to right, in working
    pixels; is_digit: (n,) which are digits. others: marks of the page that are neither.
    """
    left, top, right, bottom = places.astype(np.float32).T
    tall = float(np.median((bottom - top)[is_digit]))
    spare = np.where(is_digit, np.maximum(SLENDER * tall - (right - left), 0) / 2, 0)
    gaps = left[1:] - np.maximum.accumulate(right)[:-1] - spare[1:] - spare[:-1]
    gaps = np.maximum(gaps, 0) / tall  # beside a 1 as if it were as wide as the others
    between = gaps[is_digit[1:] & is_digit[:-1]]
    usual = float(np.median(between)) if len(between) > 2 else USUAL
    wide = (gaps > WIDE) & (gaps > WIDER * usual) | (gaps > ALWAYS)
    for sign in range(1, len(left) - 1):  # what stands about midway between two is an operator
        around = gaps[sign - 1 : sign + 1]
        if not is_digit[sign] and wide[sign - 1 : sign + 1].any():
            wide[sign - 1 : sign + 1] |= around.min() > MIDWAY * around.max()
    spaces = {int(place) + 1 for place in np.flatnonzero(wide)}
    open_ = (gaps > NARROW) & (gaps < CLEAR)
    torn = {int(side) for place in np.flatnonzero(open_) for side in (place, place + 1)}
    doubts = []
    for at, other in enumerate(others):
        mark = other.mark
        x, y = (mark.left + mark.right) / 2, (mark.top + mark.bottom) / 2
        after = int(np.searchsorted((left + right) / 2, x))
        beside = [place for place in (after - 1, after) if 0 <= place < len(left)]
        if not any(top[i] - 0.3 * tall < y < bottom[i] + 0.3 * tall for i in beside):
            continue
        if likely := doubtful_sign(mark.kinds):
            doubts.append((at, *likely))
        elif (
            0 < after < len(left)
            and mark.height >= LEAST * tall
            and mark.left >= right[after - 1] - OVER * tall
            and mark.right <= left[after] + OVER * tall
        ):
            spaces.add(after)
            if max(mark.left - right[after - 1], left[after] - mark.right) < CLOSE * tall:
                torn |= {after - 1, after}  # a digit that was not read, rather than a letter
    return Gaps(sorted(spaces), sorted(torn), doubts)


def doubtful_sign(kinds: Sequence[float]) -> tuple[str, float] | None:
    """The sign that a mark may be and its probability, None if it hardly is one.

    kinds: the mark's probability for each kind, or empty.
    """
    chances = [kinds[kind] for kind in _SIGNS] if kinds else [0.0]
    best = chances.index(max(chances))
    return (SIGNS[best], chances[best]) if sum(chances) >= DOUBT_AT else None
