"""How people write numbers: from the text of a line to decimals, times, dates, fractions and sums.

A point or a comma may be the decimal mark or group thousands. Where the text alone does not say
which, a number is only told if the caller knows: by the mark that is usual, or by how many decimals
there must be. `?` stands for a digit that nobody is sure of; what holds one is not a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

NUMBER, TIME, DATE, FRACTION, SUM, TEXT = "number", "time", "date", "fraction", "sum", "text"
KINDS = (NUMBER, TIME, DATE, FRACTION, SUM, TEXT)
MARKS = (".", ",")
MOST_DIGITS = 40  # of a number; a longer one is text

_D = "[0-9?]"
# A name and its value are two pieces though there is an equals sign between them; a sum is one.
_PIECE = r"[^ =]*[-+×÷/][^ ]*|[^ =:(][^ =]*"
_SPACED = re.compile(rf"(?<={_D}) (?=[-+×÷=/] )|(?<=[-+×÷=/]) (?={_D})|(?<={_D}) (?=[×÷=])")
_TIME = re.compile(rf"({_D}{{1,2}}):({_D}{{2}})(?::({_D}{{2}}))?")
_YEAR_FIRST = re.compile(rf"{_D}{{4}}([-./])({_D}{{1,2}})\1({_D}{{1,2}})")
_DAY_FIRST = re.compile(rf"({_D}{{1,2}})([-./])({_D}{{1,2}})\2({_D}{{4}}|{_D}{{2}}|)")
_FRACTION = re.compile(rf"-?{_D}+/{_D}+")
_AMOUNT = re.compile(rf"([-+]?)({_D}*(?:[.,]{_D}+)*|{_D}+(?:[.,]{_D}+)*)([.,]-?)?%?")


@dataclass(frozen=True)
class Written:
    """One thing that is written in a line.

    kind: one of KINDS; text: as it is written; number: its value, None if it is none, holds a `?`
    or may be two. start, end: where it stands in the line's text. doubt: whether the text alone
    leaves open what is meant.
    """

    kind: str
    text: str
    number: Decimal | None
    start: int
    end: int
    doubt: bool = False


def written(text: str, mark: str = "", decimals: int | None = None) -> list[Written]:
    """What is written in a line of digits and signs, from left to right.

    mark: the usual decimal mark, "." or ",", "" if nobody knows; decimals: how many there are, None
    if nobody knows.
    """
    found = [_one(piece, start, mark, decimals) for piece, start in _pieces(text)]
    if text.count("(") <= text.count(")"):
        return found
    return [  # a bracket that nobody closes may be a 1
        replace(one, doubt=True) if "(" in text[max(0, one.start - 1) : one.end] else one
        for one in found
    ]


def amount(text: str, mark: str = "", decimals: int | None = None) -> Decimal | None:
    """The number that a text stands for, None if it stands for none or for one of two.

    With `decimals` and without any mark the last digits are decimals: 12345 with three is 12.345.
    """
    parts = _AMOUNT.fullmatch(text)
    if not parts or not parts[2] or "?" in text or sum(map(str.isdigit, text)) > MOST_DIGITS:
        return None
    sign, digits = parts[1], parts[2]
    if decimals and not any(one in digits for one in MARKS):
        digits = digits.zfill(decimals + 1)
        digits = f"{digits[:-decimals]}.{digits[-decimals:]}"
    else:
        found = _decimal_mark(digits, mark, decimals)
        if found is None:
            return None
        for other in MARKS:
            digits = digits.replace(other, "") if other != found else digits
        digits = digits.replace(",", ".")
    try:
        return Decimal(f"{sign}{digits}")
    except InvalidOperation:
        return None


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """The pieces of a line between blanks, and where each begins; blanks within a sum do not part
    it."""
    joined = _SPACED.sub("\0", text)
    for found in re.finditer(_PIECE, joined):
        piece = found[0].replace("\0", " ")
        if any(letter in "0123456789?" for letter in piece):
            yield piece, found.start()


def _one(piece: str, start: int, mark: str, decimals: int | None) -> Written:
    """What one piece is."""
    end = start + len(piece)
    bare = piece.strip("=: ")
    if inner := re.fullmatch(r"\(([^()]*)\)?|([^()]*)\)", bare):
        bare = inner[1] or inner[2] or ""
    if _is_time(bare):
        return Written(TIME, bare, None, start, end)
    if _is_date(bare):
        return Written(DATE, bare, None, start, end)
    if _FRACTION.fullmatch(bare):
        return Written(FRACTION, bare, None, start, end)
    if parts := _AMOUNT.fullmatch(bare):
        number = amount(bare, mark, decimals)
        shown = bare[: len(bare) - len(parts[3] or "")] if not bare.endswith("%") else bare
        doubt = number is None and "?" not in bare
        return Written(NUMBER, shown or bare, number, start, end, doubt)
    operands = re.split(r"[-+×÷=/]", bare)
    if len(operands) > 1 and sum(bool(one.strip("() ")) for one in operands) > 1:
        return Written(SUM, bare, None, start, end)
    return Written(TEXT, piece, None, start, end)


def _is_time(text: str) -> bool:
    """Whether a text can be a time of day or a span of time."""
    found = _TIME.fullmatch(text)
    return found is not None and all(
        _at_most(part, most) for part, most in zip(found.groups(), (24, 59, 59), strict=True)
    )


def _is_date(text: str) -> bool:
    """Whether a text can be a date; without its year it ends in the point that is usual there."""
    if found := _YEAR_FIRST.fullmatch(text):
        month, day = found[2], found[3]
        return _at_most(month, 12) and _at_most(day, 31)
    if found := _DAY_FIRST.fullmatch(text):
        one, other = found[1], found[3]
        if not found[4] and found[2] == "-":
            return False
        fits = _at_most(one, 31) and _at_most(other, 12)
        return fits or (_at_most(one, 12) and _at_most(other, 31))
    return False


def _at_most(digits: str | None, most: int) -> bool:
    """Whether some digits, `?` among them or missing, can be a number up to `most`."""
    return not digits or int(digits.replace("?", "0")) <= most


def _decimal_mark(digits: str, mark: str, decimals: int | None) -> str | None:
    """Which of its marks parts a number's decimals off: "." or ",", " " if none does; None if that
    is not clear or the number is not well-formed."""
    marks = [letter for letter in digits if letter in MARKS]
    if not marks:
        return " " if not decimals else None
    last, tail = marks[-1], re.split("[.,]", digits)[-1]
    grouped = _is_grouped(digits)
    if len(set(marks)) == 2:  # the last one is the decimal mark, and all others part thousands
        whole = digits[: digits.rindex(last)]
        fits = marks.count(last) == 1 and _is_grouped(whole) and mark in ("", last)
        return last if fits and decimals in (None, len(tail)) else None
    if len(marks) > 1:
        return " " if grouped and mark != last and not decimals else None
    if decimals:
        return last if len(tail) == decimals else None
    if not grouped:  # a point where a comma is usual, or the other way round: still decimals
        return last if decimals is None else None
    if mark:
        return last if mark == last and decimals is None else " " if mark != last else None
    return " " if decimals == 0 else None


def _is_grouped(digits: str) -> bool:
    """Whether marks part a number's thousands as they should, such as 12.345.678."""
    return bool(re.fullmatch(r"[1-9?][0-9?]{0,2}([.,][0-9?]{3})(\1|[.,][0-9?]{3})*", digits))
