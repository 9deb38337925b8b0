"""Where one number of a line ends and the next begins, and what in a line may be a sign or dirt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pi_reader.network.neighbourhood import KINDS, SIGNS
from pi_reader.reading.context import Judged
from pi_reader.reading.decode import EVEN, IN_DOUBT, POINT, level_with, median
from pi_reader.reading.lines import WIDE
from pi_reader.values import CLASSES

USUAL = 0.32  # heights: the usual gap of a page that has too few
SMALL = 0.25  # share of a page's gaps that are smaller than the usual one: others may be blanks
NARROW = 0.1  # heights: what is added before a logarithm is taken
SLENDER = 0.5  # heights: width that a digit takes up at the least
OVER = 0.25  # heights: how far a mark between two digits may reach over them

_LETTER = KINDS.index("letter")
_SIGNS = slice(CLASSES, CLASSES + len(SIGNS))  # their places among KINDS


class Gaps(NamedTuple):
    """What stands between the marks of a line, counted from 0.

    spaces: marks before which there is a gap too wide for one number. torn: marks beside which
    something is in doubt, what it is, and how likely it is otherwise: " " a gap that may part two
    numbers or not, "?" a mark that may be a digit and was not read. doubts: of each mark that may
    be a sign its place among the others, the likeliest sign, and how likely it is.
    """

    spaces: list[int]
    torn: list[tuple[int, str, float]]
    doubts: list[tuple[int, str, float]]


def gaps_between(
    places: np.ndarray,
    is_digit: np.ndarray,
    nothing: np.ndarray,
    tall: float,
    after: Sequence[int] | np.ndarray,
    before: Sequence[int] | np.ndarray,
) -> np.ndarray:
    """The gaps before some marks of a line, each to another one before it, (n,) float32 in heights
    of a digit. Beside a 1 they are as if it were as wide as the others.

    places: (n, 4) left, top, right, bottom of all marks from left to right; is_digit, nothing: (n,)
    which are digits, and which may be dirt; tall: the height of its digits.
    """
    left, _, right, _ = places.astype(np.float32).T
    reach = np.maximum(right, np.maximum.accumulate(np.where(nothing, 0, right)))
    spare = np.where(is_digit, np.maximum(SLENDER * tall - (right - left), 0) / 2, 0)
    gaps = left[after] - reach[before] - spare[after] - spare[before]
    return np.asarray(np.maximum(gaps, 0) / tall, np.float32)


def measure_gaps(places: np.ndarray, is_digit: np.ndarray) -> np.ndarray:
    """The gaps between the digits and signs of a line, (n - 1,) as `gaps_between` gives them.

    places: (n, 4), from left to right; is_digit: (n,) which are digits, one at the least.
    """
    tall = median((places[:, 3] - places[:, 1])[is_digit])
    order = np.arange(len(places))
    nothing = np.zeros(len(places), bool)
    return gaps_between(places, is_digit, nothing, tall, order[1:], order[:-1])


def usual_gap(lines: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """The usual gap within the numbers of a page, a small one of all, in heights of their digits.

    lines: their places and which of these are digits, as `measure_gaps` takes them.
    """
    gaps = [measure_gaps(*line)[line[1][1:] & line[1][:-1]] for line in lines]
    between = np.sort(np.concatenate([*gaps, np.zeros(0, np.float32)]))
    if len(between) <= 2:
        return USUAL
    place = SMALL * (len(between) - 1)  # as np.quantile, which takes eight times as long
    return float(np.interp(place, np.arange(len(between)), between))


def parting(gaps: np.ndarray, factors: Sequence[float]) -> np.ndarray:
    """How likely gaps part two numbers, (n,) from 0 to 1.

    gaps: (n, 5) as `gap_features` gives them; factors: what each of the five counts.
    """
    return np.asarray(1 / (1 + np.exp(-(gaps * np.array(factors, np.float32)).sum(axis=1))))


def gap_features(gaps: np.ndarray, beside_sign: np.ndarray, usual: float) -> np.ndarray:
    """What parts numbers, (n, 5) float32: a constant, each gap in heights of a digit, the logarithm
    of that, whether it is beside a sign, and the logarithm of the page's usual gap.

    gaps: (n,) in heights of a digit; beside_sign: (n,) bool.
    """
    gaps = np.minimum(gaps, WIDE)
    out = np.ones((len(gaps), 5), np.float32)
    out[:, 1], out[:, 2], out[:, 3] = gaps, np.log(gaps + NARROW), beside_sign
    out[:, 4] = np.log(usual + NARROW)
    return out


def find_spaces(
    places: np.ndarray,
    is_digit: np.ndarray,
    others: Sequence[Judged],
    factors: Sequence[float],
    usual: float = USUAL,
    is_operator: np.ndarray | None = None,
    blanks: np.ndarray | None = None,
) -> Gaps:
    """The gaps of a line that part numbers, and marks in it that may be signs.

    places: (n, 4) left, top, right, bottom of its digits and signs from left to right, in working
    pixels; is_digit: (n,) which are digits. others: marks of the page that are neither. factors: as
    `parting` takes them. usual: the page's usual gap, in heights of a digit. is_operator: (n,)
    which are signs of a sum, beside which blanks change nothing; None for none. blanks: (n,) how
    likely a blank stands before each, as far as the line as a whole says that; NaN where it says
    nothing, None if nobody asked.
    """
    left, top, right, bottom = places.astype(np.float32).T
    tall = median((bottom - top)[is_digit])
    chances = np.full(len(left) - 1, np.nan) if blanks is None else blanks[1:]
    if (unknown := np.isnan(chances)).any():
        gaps = measure_gaps(places, is_digit)
        by_gap = gap_features(gaps, ~(is_digit[1:] & is_digit[:-1]), usual)
        chances = np.where(unknown, parting(by_gap, factors), chances)
    spaces = {int(place) + 1 for place in np.flatnonzero(chances > EVEN)}
    open_ = np.minimum(chances, 1 - chances)
    if is_operator is not None:
        open_[is_operator[1:] | is_operator[:-1]] = 0
    beside_each = np.maximum(np.append(open_, 0), np.append(0, open_))  # the likelier of two gaps
    torn = {
        (int(place), " "): float(beside_each[place])
        for place in np.flatnonzero(beside_each > IN_DOUBT)
    }
    doubts = []
    for at, other in enumerate(others):
        mark = other.mark
        x, y = (mark.left + mark.right) / 2, (mark.top + mark.bottom) / 2
        after = int(np.searchsorted((left + right) / 2, x))
        beside = [place for place in (after - 1, after) if 0 <= place < len(left)]
        if not level_with(y, places[beside], tall).any():
            continue
        if likely := doubtful_sign(mark.kinds):
            doubts.append((at, *likely))
            continue
        if mark.height < POINT * tall:  # which parts no number
            continue
        for place in beside:  # what stands as close as a digit of the same number does may be one
            gap = mark.left - right[place] if place < after else left[place] - mark.right
            by_gap = gap_features(np.maximum([gap / tall], 0), np.array([False]), usual)
            near = 1 - float(parting(by_gap, factors)[0])
            chance = near * (1 - mark.kinds[_LETTER] if mark.kinds else 1.0)
            if chance > max(IN_DOUBT, torn.get((place, "?"), 0.0)):
                torn[place, "?"] = chance
        if (
            0 < after < len(left)
            and mark.left >= right[after - 1] - OVER * tall
            and mark.right <= left[after] + OVER * tall
        ):
            spaces.add(after)
    return Gaps(sorted(spaces), sorted((*what, p) for what, p in torn.items()), doubts)


def doubtful_sign(kinds: Sequence[float]) -> tuple[str, float] | None:
    """The sign that a mark may be and its probability, None if it hardly is one.

    kinds: the mark's probability for each kind, or empty.
    """
    chances = kinds[_SIGNS]
    if sum(chances) < IN_DOUBT:
        return None
    best = max(chances)
    return SIGNS[chances.index(best)], best
