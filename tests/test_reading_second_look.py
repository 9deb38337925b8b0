"""What is in doubt is looked at twice, and believed as far as both looks bear it out."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from pi_reader.reading.context import Judged
from pi_reader.reading.decode import Mark
from pi_reader.reading.reader import Explanation, Reader
from pi_reader.reading.second_look import confirmed, is_open, leaves_less_open
from pi_reader.values import Box, Digit, Frame, Line, Reading

FRAME = Frame(np.full((60, 200), 200, np.uint8), "page")


def digit(label: int, confidence: float, place: int = 0, reason: str = "") -> Digit:
    box = Box(30 * place, 10, 20, 30)
    return Digit(label, confidence, (0, 0.0), confidence >= 0.6, box, None, reason)


def reading(*digits: Digit) -> Reading:
    spent = {"ink": 1.0, "total": 4.0}
    return Reading("page", (200, 60), (Line(digits),) if digits else (), spent)


def looks(
    monkeypatch: pytest.MonkeyPatch, *seen: Reading, fall: int = 0, crossed: bool = False
) -> tuple[Reading, list[bool | float]]:
    """What a reader reads whose looks see this, and how soft each look was; where a line falls by
    so many pixels in 100, or is crossed out, by how many degrees each look was turned, too."""
    soft: list[bool | float] = []
    marks = [
        Mark(x, x * fall // 100, x + 20, x * fall // 100 + 30, 90.0, (1.0,))
        for x in range(0, 400, 40)
    ]
    page = SimpleNamespace(crossed=[(0, 0, 400, 30)] if crossed else [])
    judged = tuple(Judged(mark, 0.9, True) for mark in marks)

    def look(
        _self: Reader, _frame: Frame, left: int, softly: bool = False, slope: float = 0.0
    ) -> tuple[Explanation, int]:
        soft.append(softly)
        if fall:
            soft.append(round(slope, 1))
        now = seen[-1] if softly else seen[0]
        return Explanation(None, page, judged, now), left  # type: ignore[arg-type]

    monkeypatch.setattr(Reader, "_look", look)
    return Reader(None).read(FRAME), soft  # type: ignore[arg-type]


def test_ok__what_is_sure_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sure = reading(digit(4, 0.9), digit(2, 0.7, 1))
    assert looks(monkeypatch, sure) == (sure, [False])


def test_ok__the_look_that_leaves_less_open_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = reading(digit(4, 0.9), digit(2, 0.5, 1))
    second = reading(digit(4, 0.9), digit(2, 0.8, 1))
    found, soft = looks(monkeypatch, first, second)
    assert (found.text, soft) == ("42", [False, True])
    assert found.milliseconds == {"ink": 2.0, "total": 8.0}
    assert looks(monkeypatch, first, reading(digit(4, 0.5), digit(2, 0.5, 1)))[0].text == "4?"
    assert looks(monkeypatch, first, reading())[0].text == "4?"


def test_ok__the_second_look_levels_lines_that_fall(monkeypatch: pytest.MonkeyPatch) -> None:
    first = reading(digit(4, 0.9), digit(2, 0.5, 1))
    assert looks(monkeypatch, first, first, fall=10)[1] == [False, 0.0, True, 5.7]
    assert looks(monkeypatch, first, first, fall=-10)[1] == [False, 0.0, True, -5.7]
    assert looks(monkeypatch, first, first, fall=20)[1] == [False, 0.0, True, 0.0]  # no slope
    assert looks(monkeypatch, first, first, fall=2)[1] == [False, 0.0, True, 0.0]
    assert looks(monkeypatch, first, first, fall=10, crossed=True)[1] == [False, 0.0, True, 0.0]
    turned = replace(first, angle=30.0)
    assert looks(monkeypatch, turned, first, fall=10)[1] == [False, 0.0, True, 0.0]


def test_ok__crossed_out_and_cut_off_needs_no_second_look() -> None:
    assert not is_open(reading(digit(4, 0.9), digit(9, 0.0, 1, "crossed out")))
    assert is_open(reading(digit(4, 0.9), digit(9, 0.2, 1, "may be a letter")))
    assert not is_open(reading(digit(4, 0.9), digit(9, 0.05, 1, "may be a letter")))
    assert not is_open(reading())


@pytest.mark.parametrize(
    ("own", "other", "text", "reason"),
    [
        (digit(7, 0.9), digit(7, 0.3), "7", ""),
        (digit(7, 0.65), digit(7, 0.3, reason="odd on this page"), "?", "odd on this page"),
        (digit(7, 0.95), digit(1, 0.4), "7", ""),
        (digit(7, 0.86), digit(1, 0.52), "?", "may be 1 or 7"),
        (digit(7, 0.95), digit(1, 0.97), "?", "may be 1 or 7"),
        (digit(7, 0.65), digit(1, 0.7), "?", "may be 1 or 7"),
        (digit(7, 0.65), digit(1, 0.99, 1), "7", ""),
        (digit(7, 0.65, reason="taught 12:04"), digit(1, 0.9), "7", "taught 12:04"),
        (digit(7, 0.5, reason="may be 1 or 7"), digit(7, 0.9), "?", "may be 1 or 7"),
    ],
)
def test_ok__a_digit_stays_sure_if_the_other_look_bears_it_out(
    own: Digit, other: Digit, text: str, reason: str
) -> None:
    found = confirmed(reading(own), reading(other)).digits[0]
    assert (found.text, found.reason) == (text, reason)


def test_ok__a_question_mark_may_become_a_digit_but_must_not_vanish() -> None:
    doubtful = reading(digit(1, 0.9), digit(1, 0.2, 1))
    assert leaves_less_open(reading(digit(1, 0.9), digit(7, 0.9, 1)), doubtful)
    assert not leaves_less_open(reading(digit(1, 0.9)), doubtful)
    assert not leaves_less_open(reading(digit(4, 0.9), digit(1, 0.3, 1)), doubtful)
    assert not leaves_less_open(reading(), doubtful)
    more = reading(digit(1, 0.9), digit(7, 0.9, 1), digit(9, 0.0, 2), digit(9, 0.0, 3))
    assert not leaves_less_open(more, doubtful), "two ? instead of one"


def test_ok__what_the_other_look_contradicts_is_as_likely_as_both_say() -> None:
    found = confirmed(reading(digit(7, 0.95)), reading(digit(1, 0.97))).digits[0]
    assert not found.sure and found.confidence == 0.0
    found = confirmed(reading(digit(7, 0.65)), reading(digit(7, 0.25))).digits[0]
    assert found.confidence == pytest.approx(0.45)
    low = Digit(7, 0.42, (0, 0.0), True, Box(0, 10, 20, 30))  # where the settings want little
    assert confirmed(reading(low), reading(low)).digits[0].sure
