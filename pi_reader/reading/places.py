"""Places in a number that are not empty though nobody can say which digit stands there.

A 1 as round as a bracket, or two digits that have grown together and cannot be cut, are no digits
to the network. Left out of 4(71 they make another number, 471, and that is worse than 4?71. So a
mark that stands among the digits of a number, as tall as they are, keeps its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from pi_reader.reading.decode import Mark

COMPANY = 2  # clear digits that say how tall digits are here, and how far apart
SHORT, TALL = 0.75, 1.6  # times their height: a sign of arithmetic is shorter
WIDEST = 3.0  # heights: three digits in one; what is wider is a word
BETWEEN = 0.8  # heights to the next digit, on either side
BESIDE = 0.35  # the same where digits stand on one side only, two at least
LEVEL = 0.5  # of the lower one's height that neighbours have in common


def held_places(marks: Sequence[Mark], clear_at: float) -> list[Mark]:
    """Those marks that are no digits by themselves, but stand where one must be.

    clear_at: probability from which a mark is a digit that others may go by.
    """
    digits = [mark for mark in marks if mark.is_digit and mark.chance >= clear_at]
    others = [mark for mark in marks if not mark.is_digit]
    if not others or len(digits) < COMPANY:
        return []
    usual = median(mark.height for mark in digits)
    return [
        mark
        for mark in others
        if SHORT * usual <= mark.height <= TALL * usual
        and mark.right - mark.left <= WIDEST * usual
        and _is_in_a_number(mark, digits, usual)
    ]


def _is_in_a_number(mark: Mark, digits: Sequence[Mark], usual: float) -> bool:
    """Whether digits stand close by, on both sides of a mark or two in a row on one."""
    level = [digit for digit in digits if _are_level(mark, digit)]
    before = [mark.left - digit.right for digit in level if digit.left < mark.left]
    after = [digit.left - mark.right for digit in level if digit.right > mark.right]
    if before and after:
        return max(min(before), min(after)) <= BETWEEN * usual
    row = sorted(before or after)
    return (
        len(row) >= COMPANY
        and row[0] <= BESIDE * usual
        and row[1] - row[0] <= (1 + BETWEEN) * usual
    )


def _are_level(one: Mark, other: Mark) -> bool:
    common = min(one.bottom, other.bottom) - max(one.top, other.top)
    return common >= LEVEL * min(one.height, other.height)
