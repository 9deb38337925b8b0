"""What stands in a date or a time can be one: 17.11.26 and not 77.11.26, 21:59 and not 21:69.

Which digit a mark is, the networks say of each alone. Where a line is written as dates and times
are, the days, months, hours and minutes that there are have a say in it, too: each number is
weighed by how likely its digits are and by how usual it is there. Nothing is ruled out: a digit
that is plain to see stays what it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from pi_reader.reading.context import Judged
from pi_reader.reading.decode import EVEN
from pi_reader.reading.line_decode import Rows
from pi_reader.values import CLASSES

SELDOM, ODD = 0.1, 0.01  # times as often as a usual one such a number is written in its place
SHARED = 0.01  # of what a digit is if not the one named, each other one's share at the least

_NUMBERS = np.arange(100)
_DAY, _MONTH = ((_NUMBERS > 0) & (most >= _NUMBERS) for most in (31, 12))
_DATES = np.where(np.outer(_DAY, _MONTH) | np.outer(_MONTH, _DAY), 1.0, ODD)
_CENTURIES = np.full(100, ODD)
_CENTURIES[15:19], _CENTURIES[19:21] = SELDOM, 1.0
_MINUTES = np.where(_NUMBERS < 60, 1.0, ODD)
_HOURS = np.where(_NUMBERS < 25, 1.0, np.where(_NUMBERS < 60, SELDOM, ODD))  # or minutes
_USUAL = {"century": _CENTURIES, "hours": _HOURS, "minutes": _MINUTES, "seconds": _MINUTES}
_FORMS = [  # `d` for any digit; day and month may be the other way round
    re.compile(rf"(?<!\S){form}(?!\S)")
    for form in (
        r"(?P<day>d{1,2})([./])(?P<month>d{1,2})\2(?:(?P<century>dd)dd|dd)",
        r"(?P<day>d{1,2})-(?P<month>d{1,2})-(?P<century>dd)dd",
        r"(?P<century>dd)dd([-./])(?P<day>d{1,2})\2(?P<month>d{1,2})",
        r"(?P<hours>d{1,2}):(?P<minutes>dd)(?::(?P<seconds>dd))?",
    )
]


def weigh_dates(judged: Sequence[Judged], page: Rows, blanks: np.ndarray) -> list[Judged]:
    """The marks of a page, the digits of its dates and times weighed by what these can be.

    page: its lines; blanks: (n,) how likely a blank stands before each mark, NaN where nobody
    asked.
    """
    out = list(judged)
    for row in page.lines:
        if page.digit[row].all():
            continue
        text, marks = "", list[int]()
        for i in row.tolist():
            if marks and (blanks[i] > EVEN or page.raised[i] != page.raised[marks[-1]]):
                text += " "
                marks.append(-1)
            text += "d" if page.digit[i] else judged[i].sign
            marks.append(i)
        for form in _FORMS:
            for found in form.finditer(text):
                places = {
                    name: marks[slice(*found.span(name))] for name in form.groupindex if found[name]
                }
                for i, odds in _weighed(judged, places):
                    out[i] = _with(judged[i], odds)
    return out


def _weighed(
    judged: Sequence[Judged], places: dict[str, list[int]]
) -> list[tuple[int, np.ndarray]]:
    """How likely each mark of a date or a time is each digit, (10,) that sum to 1.

    places: the marks of each of its numbers, one or two.
    """
    likely = {name: _number([odds_of(judged[i]) for i in some]) for name, some in places.items()}
    for name, usual in _USUAL.items():
        if name in likely:
            likely[name] *= usual
    if "day" in likely:
        both = np.outer(likely["day"], likely["month"]) * _DATES
        likely["day"], likely["month"] = both.sum(axis=1), both.sum(axis=0)
    found = []
    for name, some in places.items():
        number = likely[name].reshape(CLASSES, CLASSES) / likely[name].sum()
        digits = (number.sum(axis=1), number.sum(axis=0))[-len(some) :]
        found += list(zip(some, digits, strict=True))
    return found


def _number(digits: Sequence[np.ndarray]) -> np.ndarray:
    """How likely one or two digits, each (10,), make each number, (100,)."""
    if len(digits) == 2:
        return np.outer(*digits).ravel()
    return np.concatenate([digits[0], np.zeros(CLASSES * (CLASSES - 1))])


def odds_of(one: Judged) -> np.ndarray:
    """How likely a mark is each digit, (10,) that sum to 1: what speaks against the one that it is
    named, that it may be none, too, is shared out among the others."""
    chances = np.array(one.mark.chances[:CLASSES])
    if one.mark.unreadable:
        return np.full(CLASSES, 1 / CLASSES)
    named = int(chances.argmax())
    rest = np.maximum(chances / max(chances.sum() - chances[named], 1e-9), SHARED)
    rest[named] = 0
    out = rest * ((1 - one.confidence) / rest.sum())
    out[named] = one.confidence
    return out


def _with(one: Judged, odds: np.ndarray) -> Judged:
    """A mark that is each digit with such a probability; what was named or cannot be read stays.

    Where it stands says nothing of whether it is a digit at all.
    """
    if one.mark.taught or one.mark.unreadable:
        return one
    presence = 1.0 if one.presence is None else one.presence
    confidence = min(float(odds.max()), max(presence, one.confidence))
    chances, none = np.array(one.mark.chances[:CLASSES]), one.mark.chances[CLASSES:]
    if odds.argmax() == chances.argmax():  # its second guess stays as unlikely as it looks
        odds = chances * odds / np.maximum(odds_of(one), 1e-9)
        odds /= odds.sum()
    mark = one.mark.but(chances=(*(odds * (1 - sum(none))).tolist(), *none))
    return Judged(mark, confidence, one.is_digit, one.presence)
