"""What the marks of a line are, decided together: 16/01/2013 and not 1610112013.

The neighbourhood network says of each mark alone how likely it is a digit, a sign, a letter or
dirt. Here all ways to read a line are weighed at once, by that, by the gaps, and by how people
write (`reading.language`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from math import exp
from operator import mul

import numpy as np

from pi_reader.network.neighbourhood import KINDS, SIGNS
from pi_reader.reading.context import Judged
from pi_reader.reading.decode import EVEN, IN_DOUBT, Mark, level_with, median, places_of
from pi_reader.reading.forward_backward import Heard, Line, Options, Parted, forward_backward
from pi_reader.reading.language import (
    BLANK,
    DIGIT,
    NOTHING,
    SYMBOLS,
    Language,
    count_on_page,
)
from pi_reader.reading.lines import WIDE, deskewed, level_with_digits, lines_with_exponents
from pi_reader.reading.page import log_odds
from pi_reader.reading.spaces import gap_features, gaps_between, parting, usual_gap
from pi_reader.values import CLASSES

LEAST = 0.01  # probability below which a mark is not taken for something
CLEAR = 0.9  # probability of a digit from which, of all of its marks, a line needs no decoding
INSTEAD = 0.9  # probability of a sign from which it takes the place of what was told as a digit
MAY_BE = 0.3  # probability of a digit from which a mark is as wide as one at the least
MOST_NOTHING = 4  # marks back to which gaps are measured, where all between may be nothing
ROUNDS = 12  # marks that are put at the end of a line, one after the other

_CLEAR: Mapping[str, float] = {DIGIT: 1.0}  # of each mark of a line that needs no decoding
_OTHER = KINDS.index("other")


def decode_lines(
    judged: Sequence[Judged], page: Rows, language: Language
) -> tuple[list[Judged], Rows, np.ndarray]:
    """The marks of a page as their lines as wholes say, the lines that these then stand in, and how
    likely a blank stands before each mark, (n,) from 0 to 1, NaN where nobody asked.

    Marks without `kinds`, those that a memory named, and those that nobody can read stay as they
    are.
    """
    out, blanks = list(judged), np.full(len(judged), np.nan)
    if not page.lines:
        return out, page, blanks
    clear = page.digit & (page.kinds[:, :CLASSES].sum(axis=1) > CLEAR)
    rows = page.whole()
    lines = []
    for row in rows:
        chances = chances_of(*page.gaps(row), language.gaps)
        blanks[row[1:]] = [by_gap[0] for by_gap in chances[1:]]
        doubtful = not clear[row].all()
        options = [options_of(judged[i], language) if doubtful else _CLEAR for i in row]
        lines.append((options, chances))
    for row, (options, _), heard in zip(rows, lines, hear(lines, language), strict=True):
        if heard is None:
            continue
        found, parted = heard
        blanks[row[1:]] = [sum(p for _, p in one) for one in parted[1:]]
        for i, may_be, symbols in zip(row, options, found, strict=True):
            if len(may_be) > 1:
                out[i] = _heard(judged[i], symbols, language.heard)
    same = all(
        one is other or _role(one) == _role(other) for one, other in zip(judged, out, strict=True)
    )
    return out, page if same else Rows(out), blanks


def hear(lines: Sequence[Line], language: Language) -> list[Heard | None]:
    """What `forward_backward` gives for each line of a page, None for lines of clear digits. Where
    there are signs or letters, lines in doubt are heard once more beside the others."""
    out = [
        None if all(one is _CLEAR for one in line[0]) else forward_backward(*line, language)
        for line in lines
    ]
    open_ = [place for place, one in enumerate(out) if one and _is_in_doubt(*one)]
    if not open_ or len(lines) < 2:
        return out
    texts = [_text(*line, heard) for line, heard in zip(lines, out, strict=True)]
    if not set().union(*texts) - {DIGIT, BLANK}:
        return out  # numbers alone: how long one is says nothing of the next
    page: dict[str, Counter[str]] = {}
    for text in texts:
        count_on_page(text, page)
    for place in open_:
        out[place] = forward_backward(*lines[place], language.beside(page, texts[place]))
    return out


def _is_in_doubt(found: Sequence[Mapping[str, float]], parted: Parted) -> bool:
    """Whether anything of a line may well be something else."""
    blanks = [sum(p for _, p in one) for one in parted[1:]]
    likely = [*(max(one.values()) for one in found), *(max(p, 1 - p) for p in blanks)]
    return min(likely) < 1 - IN_DOUBT


def _text(options: Options, chances: Sequence[Sequence[float]], heard: Heard | None) -> str:
    """A line as a language knows it: of each mark what it likely is, with blanks."""
    found, parted = heard or (options, [[[1 - p, p] for p in by_gap[:1]] for by_gap in chances])
    out = ""
    for one, by_gap in zip(found, parted, strict=True):
        if symbol := max(one, key=one.__getitem__):
            out += BLANK + symbol if out and sum(p for _, p in by_gap) > EVEN else symbol
    return out


class Rows:
    """The lines of a page that hold a digit.

    box: (n, 4) int32, left, top, right, bottom of the page's marks in working pixels; kinds:
    (n, kinds) float32, what the neighbourhood holds each for; where nobody asked it, any digit
    where one can be read, and else "other";
    told, digit, raised: (n,) bool, which are told as digits or signs, which as digits, and which of
    these are exponents. lines: the marks of each line that are told, from left to right; usual: the
    page's usual gap, in heights of its digits.
    """

    def __init__(self, judged: Sequence[Judged]) -> None:
        self.box = box = places_of([one.mark for one in judged])
        self.kinds = np.array([one.mark.kinds or _unasked(one) for one in judged], np.float32)
        self.digit = digit = np.array([one.is_digit for one in judged], bool)
        self.told = digit | np.array([bool(one.sign) for one in judged], bool)
        self.raised = np.zeros(len(judged), bool)
        self.lines: list[np.ndarray] = []
        self.usual = 0.0
        if not digit.any():
            return
        labels = digit & np.array([_may_be_label(one.mark) for one in judged], bool)
        core = np.flatnonzero(self.told | np.array([one.is_letter for one in judged], bool))
        places = deskewed(box[core], digit[core])
        level = level_with_digits(places, digit[core])
        found, self.raised[core] = lines_with_exponents(
            places, level, digit[core], ~self.told[core], labels[core]
        )
        self.lines = [core[row] for row in found if digit[core[row]].any()]
        self.usual = usual_gap([(box[row], digit[row]) for row in self.lines])

    def whole(self) -> list[list[int]]:
        """The marks of each line from left to right, and what may be something beside them."""
        box, lines = self.box, self.lines
        if not lines:
            return []
        rest = np.flatnonzero(~self.told & (self.kinds[:, _OTHER] <= 1 - LEAST))
        if not len(rest):
            return [line.tolist() for line in lines]
        tall = [median((box[line, 3] - box[line, 1])[self.digit[line]]) for line in lines]
        last = lines
        for _ in range(ROUNDS):
            ends = zip(last, tall, strict=True)
            near = np.stack([_away(box[rest], box[end], high) for end, high in ends])
            nearest, joins = near.argmin(axis=0), near.min(axis=0) < WIDE
            last = [rest[joins & (nearest == number)] for number in range(len(lines))]
            lines = [np.concatenate(both) for both in zip(lines, last, strict=True)]
            rest = rest[~joins]
            if not len(rest) or not joins.any():
                break
        middles = box[:, 0] + box[:, 2]
        return [line[np.argsort(middles[line], kind="stable")].tolist() for line in lines]

    def gaps(self, row: Sequence[int]) -> tuple[np.ndarray, list[int]]:
        """What says whether a blank stands before each mark of a line, (m, 5) float32 as
        `spaces.gap_features` gives it, and how many rows of that each mark has, 0 for the first:
        for its gap to the mark before it, then to the one before that if that is nothing, and so
        on."""
        box, kinds = self.box[row], self.kinds[row]
        digit = kinds[:, :CLASSES].sum(axis=1) > MAY_BE
        nothing = kinds[:, _OTHER] >= LEAST
        after: list[int] = []
        before: list[int] = []
        counts = [0]
        for i in range(1, len(row)):
            first = i - 1
            while first and nothing[first] and i - first < MOST_NOTHING:
                first -= 1
            after += [i] * (i - first)
            before += range(i - 1, first - 1, -1)
            counts.append(i - first)
        tall = median((box[:, 3] - box[:, 1])[self.digit[row]])
        gaps = gaps_between(box, digit, nothing, tall, after, before)
        return gap_features(gaps, ~(digit[after] & digit[before]), self.usual), counts


def _may_be_label(mark: Mark) -> bool:
    """Whether a mark is rather no digit by itself, though one that can be read."""
    return not mark.is_digit and not mark.unreadable


def _away(box: np.ndarray, row: np.ndarray, tall: float) -> np.ndarray:
    """How far each of some marks is from the nearest one of a line that it stands level with, (n,)
    in heights; infinite where there is none."""
    if not len(row):
        return np.full(len(box), np.inf)
    gap = np.maximum(np.maximum(box[:, :1] - row[:, 2], row[:, 0] - box[:, 2:3]), 0) / tall
    level = level_with((box[:, 1] + box[:, 3]) / 2, row, tall)
    return np.asarray(np.where(level, gap, np.inf).min(axis=1))


def chances_of(
    gaps: np.ndarray, counts: Sequence[int], factors: Sequence[float]
) -> list[list[float]]:
    """How likely a blank is before each mark by its gap alone, of what `Rows.gaps` gives: first if
    the mark before it is something, then if it is nothing but the one before it something; and so
    on."""
    chances = iter(parting(gaps, factors).tolist())
    return [list(islice(chances, count)) for count in counts]


_NOTHING = tuple(float(kind == "other") for kind in KINDS)
_ANY_DIGIT = tuple(kind.isdecimal() / CLASSES for kind in KINDS)


def options_of(one: Judged, language: Language) -> dict[str, float]:
    """What a mark may be, as `forward_backward` takes it: any digit, or several grown together, by
    the page, and what else by the neighbourhood."""
    kinds = one.mark.kinds
    if one.mark.taught or one.mark.unreadable or not kinds:
        return {DIGIT if one.is_digit else NOTHING: 1.0}
    if (alone := sum(kinds[:CLASSES])) > 1 - LEAST:
        return {DIGIT: 1.0}
    digit = _presence(one)
    rest = (1 - digit) / (1 - alone)
    trust, bias = language.trust, language.bias
    return {
        symbol: p**trust * exp(bias[symbol])
        for symbol, p in zip(SYMBOLS, (digit, *(p * rest for p in kinds[CLASSES:])), strict=True)
        if p >= LEAST
    }


def _presence(one: Judged) -> float:
    """How likely a mark is any digit, before its line was heard."""
    return sum(one.mark.kinds[:CLASSES]) if one.presence is None else one.presence


def heard_features(one: Judged, symbols: Mapping[str, float]) -> tuple[float, float, float]:
    """What says whether the digit of a mark is right after its line was heard: the log odds of that
    before, and how far those of any digit rose, or fell.

    symbols: what the mark likely is now.
    """
    before, now = _presence(one), symbols.get(DIGIT, 0.0)
    own, old, new = log_odds(np.array([one.confidence, before, now])).tolist()
    return own, max(new - old, 0.0), min(new - old, 0.0)


def _heard(one: Judged, symbols: Mapping[str, float], factors: Sequence[float]) -> Judged:
    """A mark after its line was heard.

    symbols: what it likely is now; factors: what each of `heard_features` but the first counts.
    """
    kinds = one.mark.kinds
    before, now = sum(kinds[:CLASSES]), symbols.get(DIGIT, 0.0)
    own, *change = heard_features(one, symbols)
    confidence = 1 / (1 + exp(-own - sum(map(mul, factors, change))))
    digits = [p * now / max(before, 1e-9) for p in kinds[:CLASSES]]
    rest = [symbols.get(symbol, 0.0) for symbol in SYMBOLS[1:]]
    is_sign = max(rest[: len(SIGNS)]) >= INSTEAD
    stays = one.is_digit and not is_sign  # digits that have grown together look like a letter
    is_digit = now >= EVEN or stays or (confidence >= EVEN and max(rest) < EVEN)
    return Judged(one.mark.but(kinds=(*digits, *rest)), confidence, is_digit, now)


def _unasked(one: Judged) -> tuple[float, ...]:
    """What a mark is that the neighbourhood did not see."""
    return _ANY_DIGIT if one.is_digit and not one.mark.unreadable else _NOTHING


def _role(one: Judged) -> tuple[bool, ...]:
    """What counts of a mark when lines are sought."""
    return one.is_digit, bool(one.sign), one.is_letter
