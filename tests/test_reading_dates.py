"""Digits of dates and times are weighed by what dates and times can be."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.network.neighbourhood import KINDS
from pi_reader.reading.context import Judged
from pi_reader.reading.dates import odds_of, weigh_dates
from pi_reader.reading.decode import Mark
from pi_reader.reading.line_decode import Rows
from pi_reader.values import CLASSES

STEP, TALL = 30, 40  # pixels


def digit(x: int, label: int, sure: float, second: int | None = None) -> Judged:
    """A digit, and what it may be otherwise."""
    chances = [0.0] * (CLASSES + 1)
    chances[label], chances[(label + 1) % CLASSES if second is None else second] = sure, 1 - sure
    kinds = [*chances[:CLASSES], *[0.0] * (len(KINDS) - CLASSES)]
    return Judged(mark(x, chances, kinds), sure, True)


def sign(x: int, name: str) -> Judged:
    return Judged(
        mark(x, [0.0] * CLASSES + [1.0], [float(kind == name) for kind in KINDS]), 0.0, False
    )


def mark(x: int, chances: list[float], kinds: list[float]) -> Mark:
    return Mark(x, 50, x + 20, 50 + TALL, 50.0, tuple(chances), kinds=tuple(kinds))


def line(text: str, **unsure: tuple[float, int]) -> list[Judged]:
    """A line in which the digits at `_3`, ... have that probability and that second guess."""
    out = []
    for place, letter in enumerate(text):
        sure, second = unsure.get(f"_{place}", (0.999, None))
        x = 20 + STEP * place
        if letter != " ":
            out.append(digit(x, int(letter), sure, second) if letter.isdigit() else sign(x, letter))
    return out


def weighed(text: str, **unsure: tuple[float, int]) -> list[Judged]:
    judged = line(text, **unsure)
    blanks = np.array([float(text[max(at - 1, 0)] == " ") for at in places(text)])
    return weigh_dates(judged, Rows(judged), blanks)


def places(text: str) -> list[int]:
    return [at for at, letter in enumerate(text) if letter != " "]


def told(judged: list[Judged]) -> str:
    return "".join(
        str(int(np.argmax(one.mark.chances[:CLASSES]))) if one.is_digit else one.sign
        for one in judged
    )


@pytest.mark.parametrize(
    ("said", "unsure", "meant"),
    [
        ("77.11.2026", {"_0": (0.7, 1)}, "17.11.2026"),
        ("17/71/26", {"_3": (0.7, 1)}, "17/11/26"),
        ("7.77.26", {"_2": (0.7, 1)}, "7.17.26"),  # the 7th of no month, but July the 17th
        ("9984-12-31", {"_0": (0.8, 1)}, "1984-12-31"),
        ("24-77-2026", {"_3": (0.8, 1), "_4": (0.8, 1)}, "24-11-2026"),
        ("21:69", {"_3": (0.6, 5)}, "21:59"),
        ("27:59", {"_1": (0.6, 1)}, "21:59"),
        ("11:22:91", {"_6": (0.6, 4)}, "11:22:41"),
        ("12:00 21:69", {"_9": (0.6, 5)}, "12:0021:59"),
    ],
)
def test_ok__what_cannot_be_is_read_as_what_can(
    said: str, unsure: dict[str, tuple[float, int]], meant: str
) -> None:
    assert told(weighed(said, **unsure)) == meant


@pytest.mark.parametrize(
    "said", ["77.77.2026", "98:87", "45:30", "1848-03-18", "0.00.1066", "3026-01-01"]
)
def test_ok__what_is_plain_to_see_stays(said: str) -> None:
    after = weighed(said)
    assert told(after) == said
    assert min(one.confidence for one in after if one.is_digit) > 0.6


@pytest.mark.parametrize(
    "said", ["7769", "77.69", "77+69", "21.6.9", "72.50.", "1:9", "77:6", "192.168.77.1"]
)
def test_ok__what_is_no_date_is_left_alone(said: str) -> None:
    before = line(said, _0=(0.6, 1))
    after = weigh_dates(before, Rows(before), np.zeros(len(before)))
    assert all(one is other for one, other in zip(before, after, strict=True))


def test_ok__where_it_stands_makes_dirt_no_digit() -> None:
    before = line("31.12.26", _3=(0.5, 7))
    before[3] = Judged(before[3].mark, 0.5, True, 0.55)
    after = weigh_dates(before, Rows(before), np.zeros(len(before)))
    assert after[3].confidence == pytest.approx(0.55)


def test_ok__a_usual_number_makes_a_doubtful_digit_surer_and_no_other() -> None:
    before = line("07.01.26", _3=(0.5, 7))
    after = weigh_dates(before, Rows(before), np.zeros(len(before)))
    assert after[3].confidence > 0.9 > before[3].confidence
    assert after[6] is before[6] and after[7] is before[7]  # any year of two digits is usual
    one = after[1].mark.chances
    assert np.sort(one[:CLASSES])[-2] == pytest.approx(0.001, rel=0.1)  # not likelier than seen


def test_ok__what_was_taught_or_cannot_be_read_stays() -> None:
    before = line("77.11.26", _0=(0.6, 1))
    for changed in ({"taught": "taught 12:04"}, {"unreadable": "too pale beside the others"}):
        marks = [Judged(before[0].mark.but(**changed), 0.6, True), *before[1:]]
        assert weigh_dates(marks, Rows(marks), np.zeros(len(marks)))[0] is marks[0]


def test_ok__a_digit_of_which_nothing_is_known_may_be_any() -> None:
    blank = digit(20, 3, 0.9)
    nothing = Judged(blank.mark.but(chances=(0.0,) * 11), 0.0, True)
    for one in (nothing, Judged(blank.mark.but(unreadable="cut off"), 0.0, True)):
        assert odds_of(one).sum() == pytest.approx(1)
        assert np.isfinite(odds_of(one)).all()
    assert odds_of(blank)[3] == pytest.approx(0.9)
