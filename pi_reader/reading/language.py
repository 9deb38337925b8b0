"""How people write lines: which digit, sign, letter or blank follows which.

A line is a text of few symbols: `d` for any digit, the signs, `@` for a letter, a blank. How often
each follows the up to six before it was counted on drawn texts (Witten-Bell smoothing: Witten and
Bell 1991, *IEEE Transactions on Information Theory* 37(4)); what that counts beside what the
networks say of each mark, and beside the gaps, was fitted on drawn pages, all of it by
tests/bench/fit_values.py. The result ships as `lines.json`; a weights file may bring its own in the
notes of its card.

The lines of one page are often written alike: prices with two decimals, dates with points. So the
other lines of a page are counted, too, on top of the texts (a cache: Kuhn and De Mori 1990, *IEEE
Transactions on Pattern Analysis and Machine Intelligence* 12(6)).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any

from pi_reader.errors import BadData
from pi_reader.network.neighbourhood import SIGNS

DIGIT, LETTER, NOTHING, BLANK, START, END = "d", "@", "", " ", "^", "$"
SYMBOLS = (DIGIT, *SIGNS, LETTER, NOTHING)  # what a mark can be; NOTHING is dirt
NOTE = "lines"  # its name among the notes of a card
GAP_FACTORS = 5  # one for each of `spaces.gap_features`
HEARD_FACTORS = 2  # of how far a digit became likelier, or less likely (`heard_features`)
LONGEST = 6  # symbols that the next one depends on,
ON_PAGE = 3  # and the fewest after which the other lines of the page say what follows
UNLIKE = 0.5  # times that each symbol seen there may have been another, beside how often it was
_COUNT, _COUNTS = re.compile(r"(\D)(\d+)"), re.compile(r"(?:\D[0-9]{1,9})*")
_OUTCOMES = len(SYMBOLS) + 1  # a blank and the end, but not NOTHING
_UNSEEN = 0.5  # times that each symbol was seen before any was
Counts = Mapping[str, Mapping[str, int]]  # after each context, how often each symbol came
_MOST_KEPT = 20_000  # steps; some pages hold nearly any order of signs
_RAREST = 1e-30  # probability of a step: so that none of a damaged file is impossible


@dataclass(frozen=True, eq=False)
class Language:
    """What is known of lines.

    counts: after each context how often each symbol came, as in `d120.3$45`. share: what their
    probability counts beside that of the marks, as an exponent; trust: the same of what the
    neighbourhood says. bias: of each of SYMBOLS, in nats: what it is likelier here than where the
    neighbourhood learned. gaps: of the log odds that a gap parts two numbers, what each of
    `spaces.gap_features` counts; heard: of those that a digit is right, what a change of those of
    any digit does. page: how often each symbol came after each context in other lines of the page.
    """

    counts: Mapping[str, str]  # not taken apart: thousands, of which a page asks for a few
    share: float
    trust: float
    bias: Mapping[str, float]
    gaps: tuple[float, ...]
    heard: tuple[float, ...]
    page: Counts = field(default_factory=dict, repr=False)
    _steps: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict, repr=False)
    _known: dict[tuple[str, str], float] = field(default_factory=dict, repr=False)

    def step(self, history: str, symbol: str) -> tuple[str, float]:
        """What is remembered after one more symbol, and its probability to the power of `share`."""
        key = history, symbol
        if (known := self._steps.get(key)) is None:
            if len(self._steps) >= _MOST_KEPT:
                self._steps.clear()
            chance = max(self.probability(history, symbol) ** self.share, _RAREST)
            known = self._steps[key] = remembered(history + symbol), chance
        return known

    def beside(self, page: Mapping[str, Counter[str]], own: str) -> Language:
        """The same for a line on a page of which all lines were counted, with it; own: its text."""
        counts: dict[str, Counter[str]] = {}
        count_on_page(own, counts)
        others = {context: page[context] - seen for context, seen in counts.items()}
        return replace(self, page={**page, **others}, _steps={})

    def probability(self, history: str, symbol: str) -> float:
        """How likely a symbol follows; END ends a line. history: the last symbols, from START."""
        key = history, symbol
        if (chance := self._known.get(key)) is None:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            chance = self._known[key] = self._in_texts(history, symbol)
        before = _unsigned(history) if self.page else ""
        for start in range(len(before) - ON_PAGE, -1, -1):
            if not (seen := self.page.get(before[start:])):
                break
            new = UNLIKE * len(seen)
            chance = (seen.get(symbol, 0) + new * chance) / (sum(seen.values()) + new)
        return chance

    def _in_texts(self, history: str, symbol: str) -> float:
        """The same by the texts alone."""
        chance = 1 / _OUTCOMES
        for start in range(len(history), -1, -1):
            counts = {
                one: int(n) for one, n in _COUNT.findall(self.counts.get(history[start:], ""))
            }
            if not counts:
                break
            new = len(counts) if start < len(history) else _UNSEEN * _OUTCOMES
            chance = (counts.get(symbol, 0) + new * chance) / (sum(counts.values()) + new)
        return chance

    @classmethod
    def from_json(cls, values: Mapping[str, Any], place: str) -> Language:
        """The one that plain values describe; BadData, which names the place, if they do not."""
        try:
            if not _COUNTS.fullmatch("".join(values["counts"].values())):
                raise ValueError("counts that are none")
            return cls(
                values["counts"],
                _number(values["share"], 0, 10),
                _number(values["trust"], 0, 10),
                {symbol: _number(values["bias"][symbol], -30, 30) for symbol in SYMBOLS},
                tuple(_number(values["gaps"][i], -30, 30) for i in range(GAP_FACTORS)),
                tuple(_number(values["heard"][i], -30, 30) for i in range(HEARD_FACTORS)),
            )
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split())[:80]
            raise BadData(
                f"{place}: is no language of lines ({reason});"
                " fit it again with tests/bench/fit_values.py"
            ) from error

    def to_json(self) -> dict[str, Any]:
        """The same as plain values, fit for JSON."""
        return {
            "counts": dict(self.counts),
            "share": self.share,
            "trust": self.trust,
            "bias": dict(self.bias),
            "gaps": list(self.gaps),
            "heard": list(self.heard),
        }


def count(text: str, counts: dict[str, Counter[str]], often: int = 1) -> None:
    """Count in `counts` what follows each context of a line that was written so often."""
    for history, symbol in _steps(text):
        for start in range(len(history) + 1):
            counts.setdefault(history[start:], Counter())[symbol] += often


def count_on_page(text: str, counts: dict[str, Counter[str]]) -> None:
    """The same of a line of a page, as `Language.page` holds it."""
    for history, symbol in _steps(text):
        before = _unsigned(history)
        for start in range(len(before) - ON_PAGE + 1):
            counts.setdefault(before[start:], Counter())[symbol] += 1


def _steps(text: str) -> Iterator[tuple[str, str]]:
    """Each symbol of a line and its end, and what is remembered before it."""
    history = START
    for symbol in text + END:
        yield history, symbol
        history = remembered(history + symbol)


def _unsigned(history: str) -> str:
    """What is remembered but for a minus that begins a line: with it and without, the line goes on
    as others of the page do."""
    return history.replace(START + "-", START)


def remembered(text: str) -> str:
    """What the next symbol depends on: the last few, and a bracket that was opened before these."""
    last = text[-LONGEST:]
    opened = text[0] == "(" and ")" not in text
    return "(" + last[1:] if opened and len(text) > LONGEST else last


@cache
def shipped() -> Language:
    """The one that ships."""
    text = Path(__file__).with_name("lines.json").read_text(encoding="utf-8")
    return Language.from_json(json.loads(text), "lines.json")


def language_of(notes: Mapping[str, Any]) -> Language:
    """The one in the notes of a card, or the shipped one. Raises BadData for a damaged one."""
    return Language.from_json(notes[NOTE], "weights") if NOTE in notes else shipped()


def _number(value: object, low: float, high: float = 1e9) -> float:
    """A plain number in a range; ValueError if it is none."""
    if type(value) not in (int, float) or not isfinite(value) or not low <= value <= high:  # type: ignore
        raise ValueError(f"{value!r:.40} should be a number from {low:g} to {high:g}")
    return value  # type: ignore[return-value]
