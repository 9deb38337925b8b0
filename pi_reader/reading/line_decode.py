"""What the marks of a line are, decided together: 16/01/2013 and not 1610112013.

The neighbourhood network says of each mark alone how likely it is a digit, a sign, a letter or
dirt. Here all ways to read a line are weighed at once, by that, by the gaps, and by how people
write (`reading.language`): the forward-backward algorithm over the last few symbols (Rabiner 1989,
*Proceedings of the IEEE* 77(2)), of which only the likeliest histories are followed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, nan
from operator import mul

import numpy as np

from pi_reader.network.neighbourhood import KINDS, SIGNS
from pi_reader.reading.context import Judged
from pi_reader.reading.decode import median
from pi_reader.reading.language import (
    BLANK,
    DIGIT,
    END,
    NOTHING,
    START,
    SYMBOLS,
    Language,
)
from pi_reader.reading.lines import WIDE, level_with_digits, lines_with_exponents
from pi_reader.reading.spaces import SLENDER, gap_features, measure_gaps, usual_gap
from pi_reader.values import CLASSES

LEAST = 0.01  # probability below which a mark is not taken for something
MOST_HISTORIES = 16  # that are followed at once,
LEAST_HISTORY = 0.01  # and how likely each must be beside the likeliest
CLEAR = 0.9  # probability of a digit from which, of all of its marks, a line needs no decoding
CERTAIN = 0.02  # probability of a blank that is left out, here or the other way round
INSTEAD = 0.9  # probability of a sign from which it takes the place of what was told as a digit
KEPT = 0.5  # probability of something else from which no digit may stand there
MAY_BE = 0.3  # probability of a digit from which a mark is as wide as one at the least
OFF = 0.3  # heights that a mark's middle may stand above or below another one of its line
ROUNDS = 12  # marks that are put at the end of a line, one after the other

Place = tuple[int, int, int, int]  # left, top, right, bottom in working pixels
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
    for row in page.whole():
        chances = chances_of(page.gaps(row), language.gaps) if len(row) > 1 else [nan]
        blanks[row] = chances
        if clear[row].all():
            continue
        options = [options_of(judged[i], language) for i in row]
        found, blanks[row] = forward_backward(options, chances, language)
        for i, may_be, symbols in zip(row, options, found, strict=True):
            if len(may_be) > 1:
                out[i] = _heard(judged[i], symbols, language.heard)
    same = all(
        one is other or _role(one) == _role(other) for one, other in zip(judged, out, strict=True)
    )
    return out, page if same else Rows.of(out), blanks


@dataclass(frozen=True, eq=False)
class Rows:
    """The lines of a page that hold a digit.

    box: (n, 4) int32, left, top, right, bottom of the page's marks in working pixels; kinds:
    (n, kinds) float32, what the neighbourhood holds each for, "other" where nobody asked it;
    told, digit, raised: (n,) bool, which are told as digits or signs, which as digits, and which of
    these are exponents. lines: the marks of each line that are told, from left to right; usual: the
    page's usual gap, in heights of its digits.
    """

    box: np.ndarray
    kinds: np.ndarray
    told: np.ndarray
    digit: np.ndarray
    raised: np.ndarray
    lines: list[np.ndarray]
    usual: float

    @classmethod
    def of(cls, judged: Sequence[Judged]) -> Rows:
        """Those that some marks stand in."""
        kinds = np.array([one.mark.kinds or _NOTHING for one in judged], np.float32)
        box = np.array([place_of(one) for one in judged], np.int32)
        digit = np.array([one.is_digit for one in judged], bool)
        told = digit | np.array([bool(one.sign) for one in judged], bool)
        raised = np.zeros(len(judged), bool)
        if not digit.any():
            return cls(box, kinds, told, digit, raised, [], 0.0)
        core = np.flatnonzero(told | np.array([one.is_letter for one in judged], bool))
        bridges = ~told[core]
        level = level_with_digits(box[core], digit[core])
        found, raised[core] = lines_with_exponents(box[core], level, digit[core], bridges)
        lines = [core[row] for row in found if digit[core[row]].any()]
        usual = usual_gap([(box[row], digit[row]) for row in lines])
        return cls(box, kinds, told, digit, raised, lines, usual)

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

    def gaps(self, row: Sequence[int]) -> np.ndarray:
        """What says whether a blank stands before each mark of a line, (n, 5) float32 as
        `spaces.gap_features` gives it; NaN before the first. What likely is dirt parts no others.
        """
        box, kinds, told = self.box[row], self.kinds[row], self.told[row]
        digit = self.digit[row] | (kinds[:, :CLASSES].sum(axis=1) > MAY_BE)
        solid = np.flatnonzero(told | (kinds[:, _OTHER] < 0.5))
        gaps = np.full(len(box), np.nan, np.float32)
        beside_sign = np.ones(len(box), bool)
        gaps[solid[1:]] = measure_gaps(box[solid], digit[solid])
        beside_sign[solid[1:]] = ~(digit[solid][1:] & digit[solid][:-1])
        if len(solid) < len(box):
            tall = median((box[:, 3] - box[:, 1])[digit])
        for i in set(range(len(box))).difference(solid.tolist()):
            if len(before := solid[solid < i]):
                left, _, right, _ = box[before[-1]]
                spare = max(SLENDER * tall - (right - left), 0) / 2 if digit[before[-1]] else 0
                gaps[i] = max(0.0, float(box[i, 0] - right - spare)) / tall
        return gap_features(gaps, beside_sign, self.usual)


def _away(box: np.ndarray, row: np.ndarray, tall: float) -> np.ndarray:
    """How far each of some marks is from the nearest one of a line that it stands level with, (n,)
    in heights; infinite where there is none."""
    if not len(row):
        return np.full(len(box), np.inf)
    left, top, right, bottom = row.T
    middle = (box[:, 1] + box[:, 3])[:, None] / 2
    level = (middle > top - OFF * tall) & (middle < bottom + OFF * tall)
    gap = np.maximum(np.maximum(box[:, :1] - right, left - box[:, 2:3]), 0) / tall
    return np.asarray(np.where(level, gap, np.inf).min(axis=1))


def chances_of(gaps: np.ndarray, factors: Sequence[float]) -> list[float]:
    """How likely a blank is there by its gap alone, of (n, 5) features; NaN where none can be."""
    odds = gaps @ np.array(factors, np.float32)
    return [float(chance) for chance in 1 / (1 + np.exp(-odds))]


def forward_backward(
    options: Sequence[Mapping[str, float]], chances: Sequence[float], language: Language
) -> tuple[list[dict[str, float]], list[float]]:
    """How likely each mark of a line is which symbol, and how likely a blank stands before it.

    options: of each mark, how likely each symbol makes what is seen, above 0, in any unit; chances:
    how likely a blank is there by the gap alone, NaN where none can be.
    """
    ahead: dict[str, float] = {START: 1.0}  # of each history, scaled to 1 for the likeliest
    layers = []
    for seen, chance in zip(options, chances, strict=True):
        ways = _ways(chance)
        edges = []
        after: dict[str, float] = {}
        something = [one for one in seen.items() if one[0]]
        nothing = seen.get(NOTHING, 0.0)
        for history, mass in ahead.items():
            if nothing:
                edges.append((history, history, NOTHING, False, nothing))
                after[history] = after.get(history, 0.0) + mass * nothing
            for blank, weight in ways if history != START else _NO_BLANK:
                before = history
                if blank:
                    before, q = language.step(history, BLANK)
                    weight *= q
                for symbol, likely in something:
                    then, q = language.step(before, symbol)
                    p = likely * weight * q
                    edges.append((history, then, symbol, blank, p))
                    after[then] = after.get(then, 0.0) + mass * p
        top = max(after.values())
        least = LEAST_HISTORY * top
        if len(after) > MOST_HISTORIES:
            least = max(least, sorted(after.values())[-MOST_HISTORIES])
        layers.append((ahead, edges, top))
        ahead = {history: mass / top for history, mass in after.items() if mass >= least}
    behind = {history: language.step(history, END)[1] for history in ahead}
    total = sum(ahead[history] * p for history, p in behind.items())
    symbols: list[dict[str, float]] = []
    blanks = []
    for masses, edges, top in reversed(layers):
        ends, behind = behind, {}
        here: dict[str, float] = {}
        parted = 0.0
        for history, then, symbol, blank, p in edges:
            if (rest := ends.get(then)) is None:
                continue
            p *= rest / top
            behind[history] = behind.get(history, 0.0) + p
            p *= masses[history] / total
            here[symbol] = here.get(symbol, 0.0) + p
            parted += p * blank
        symbols.append(here)
        blanks.append(parted)
    return symbols[::-1], blanks[::-1]


_NOTHING = tuple(float(kind == "other") for kind in KINDS)
_NO_BLANK = ((False, 1.0),)


def _ways(chance: float) -> Sequence[tuple[bool, float]]:
    """Without and with a blank, and how likely each is."""
    if chance > 1 - CERTAIN:
        return ((True, 1.0),)
    return ((False, 1 - chance), (True, chance)) if chance >= CERTAIN else _NO_BLANK


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
    own, old, new = map(_log_odds, (one.confidence, before, now))
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
    is_digit = now >= 0.5 or stays or (confidence >= 0.5 and max(rest) < KEPT)
    return Judged(one.mark.but(kinds=(*digits, *rest)), confidence, is_digit, now)


def _log_odds(p: float) -> float:
    p = min(max(p, 1e-4), 1 - 1e-4)
    return log(p / (1 - p))


def _role(one: Judged) -> tuple[bool, ...]:
    """What counts of a mark when lines are sought."""
    return one.is_digit, bool(one.sign), one.is_letter


def place_of(one: Judged) -> Place:
    """Where a mark stands, in working pixels."""
    return one.mark.left, one.mark.top, one.mark.right, one.mark.bottom
