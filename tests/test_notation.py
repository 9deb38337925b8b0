"""Numbers as people write them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pi_reader.notation import amount, written
from pi_reader.values import Box, Digit, Line, Sign

D = Decimal


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("12.50", [("number", "12.50", D("12.50"))]),
        ("12,50", [("number", "12,50", D("12.50"))]),
        ("-3", [("number", "-3", D(-3))]),
        ("+7,8", [("number", "+7,8", D("7.8"))]),
        ("1.234,5", [("number", "1.234,5", D("1234.5"))]),
        ("1,234.5", [("number", "1,234.5", D("1234.5"))]),
        ("12.345.678", [("number", "12.345.678", D(12345678))]),
        ("1.234", [("number", "1.234", None)]),  # nobody knows
        ("0.234", [("number", "0.234", D("0.234"))]),
        ("1234.567", [("number", "1234.567", D("1234.567"))]),
        ("1.2.3", [("number", "1.2.3", None)]),
        (".5", [("number", ".5", D("0.5"))]),
        ("5.", [("number", "5", D(5))]),
        ("12,-", [("number", "12", D(12))]),
        ("12%", [("number", "12%", D(12))]),
        ("(12)", [("number", "12", D(12))]),
        ("1?.5", [("number", "1?.5", None)]),
        ("12:45", [("time", "12:45", None)]),
        ("?2:30:05", [("time", "?2:30:05", None)]),
        ("25:99", [("text", "25:99", None)]),
        ("24.11.2026", [("date", "24.11.2026", None)]),
        ("24.12.", [("date", "24.12.", None)]),
        ("11/24/26", [("date", "11/24/26", None)]),
        ("2026-11-24", [("date", "2026-11-24", None)]),
        ("24/11", [("fraction", "24/11", None)]),
        ("4+2", [("sum", "4+2", None)]),
        ("12 - 3", [("sum", "12 - 3", None)]),
        ("3 + 4 = 7", [("sum", "3 + 4 = 7", None)]),
        ("(4+2)×3", [("sum", "(4+2)×3", None)]),
        ("12 -3", [("number", "12", D(12)), ("number", "-3", D(-3))]),
        (":96.61", [("number", "96.61", D("96.61"))]),
        ("3=14,34", [("number", "3", D(3)), ("number", "14,34", D("14.34"))]),
        ("12.3 15.2", [("number", "12.3", D("12.3")), ("number", "15.2", D("15.2"))]),
        ("-", []),
        ("", []),
        ("9" * 60, [("number", "9" * 60, None)]),
    ],
)
def test_ok__what_is_written(text: str, found: list[tuple[str, str, Decimal | None]]) -> None:
    assert [(one.kind, one.text, one.number) for one in written(text)] == found


@pytest.mark.parametrize(
    ("text", "mark", "decimals", "worth"),
    [
        ("1.234", ".", None, D("1.234")),
        ("1.234", ",", None, D(1234)),
        ("1,234", ",", None, D("1.234")),
        ("12,5", ".", None, D("12.5")),  # a comma where a point is usual is no thousand
        ("12345", "", 3, D("12.345")),
        ("5", "", 3, D("0.005")),
        ("1.234", "", 3, D("1.234")),
        ("1.234", "", 0, D(1234)),
        ("12.34", "", 3, None),
        ("12.5", "", 0, None),
        ("x", "", None, None),
        ("1?", "", None, None),
    ],
)
def test_ok__what_is_usual_settles_what_the_text_leaves_open(
    text: str, mark: str, decimals: int | None, worth: Decimal | None
) -> None:
    assert amount(text, mark, decimals) == worth


@pytest.mark.parametrize(
    ("text", "doubts"),
    [
        ("(8:48", [True]),
        ("(12)", [False]),
        ("(12 + 3)", [False]),
        ("7)", [False]),
        ("5 (12", [False, True]),
    ],
)
def test_ok__a_bracket_that_nobody_closes_may_be_a_1(text: str, doubts: list[bool]) -> None:
    assert [one.doubt for one in written(text)] == doubts


def digit(label: int, x: int, sure: bool = True) -> Digit:
    return Digit(label, 0.99, (8, 0.0001), sure, Box(x, 0, 20, 40))


def line(point: float = 0.99, **more: object) -> Line:
    """21.5"""
    digits = digit(2, 0), digit(1, 30), digit(5, 70)
    return Line(digits, (Sign(".", point, Box(55, 34, 5, 5)),), **more)  # type: ignore[arg-type]


def test_ok__a_value_knows_its_place_and_whether_it_is_sure() -> None:
    (value,) = line().values
    assert value.text == "21.5" and value.number == D("21.5") and value.sure
    assert value.box == Box(0, 0, 90, 40) and value.confidence == 0.99
    assert not line(0.6).values[0].sure, "a point that may be dirt"
    speck = Sign(".", 0.3, Box(24, 34, 4, 4))
    assert not line(doubts=(speck,)).values[0].sure
    assert line(doubts=(speck,)).text == "21.5", "a doubt is no other value"
    dash = Sign("-", 0.4, Box(-30, 18, 20, 4))
    assert not line(doubts=(dash,)).values[0].sure, "it may be its minus"
    far = Sign("-", 0.4, Box(300, 18, 20, 4))
    assert line(doubts=(far,)).values[0].sure


def test_ok__a_wide_gap_parts_numbers() -> None:
    parted = Line((digit(2, 0), digit(1, 30), digit(5, 130)), spaces=(2,))
    assert parted.text == "21 5" and parted.number == "215"
    assert [value.number for value in parted.values] == [D(21), D(5)]
