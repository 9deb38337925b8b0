"""Second thoughts before a digit is said: does it fit its page?

The network judges each mark by itself, and what two lines or two digits have grown together into
it can be sure of, wrongly. Here the page speaks: how tall its digits are, which of them touch, and
which two digits this writer makes so alike that one of them was in doubt already. A `?` is honest,
a wrong digit is not, so all of this may only take certainty away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from pi_reader.values import Box, Digit, Line, Reading

COMPANY = 3  # digits that make a page have a usual height
SHORT, TALL = 0.75, 1.5  # times the usual height
PIECE = 0.85  # times the usual height: what is shorter and touches another may be part of it
TOUCHING = 0.02  # of a digit's height: a gap that is none
DOUBT = 0.5  # of the doubt that the weights' card allows: so much the box allows itself
PROVEN = 0.999  # probability from which a digit is not taken for one that was in doubt


def cautious(reading: Reading, sure_at: float = 0.0) -> Reading:
    """The same reading, with those digits unsure that their page speaks against.

    sure_at: the probability, 0 to 1, from which the reader believes a digit.
    """
    digits = reading.digits
    usual = median(digit.box.height for digit in digits) if len(digits) >= COMPANY else None
    enough = 1 - DOUBT * (1 - sure_at) if sure_at else 0.0
    alone = [
        digit.sure and digit.confidence >= enough and not _is_odd(digit, digits, usual)
        for digit in digits
    ]
    doubtful = [digit for digit, sure in zip(digits, alone, strict=True) if not sure]
    alike = {frozenset((digit.label, digit.runner_up[0])) for digit in digits if not digit.sure}
    sure = iter(
        [
            sure
            and not _is_piece(digit, digits, doubtful, usual)
            and not (
                digit.confidence < PROVEN and frozenset((digit.label, digit.runner_up[0])) in alike
            )
            for digit, sure in zip(digits, alone, strict=True)
        ]
    )
    return replace(
        reading,
        lines=tuple(
            Line(tuple(replace(digit, sure=next(sure)) for digit in line.digits))
            for line in reading.lines
        ),
    )


def _is_odd(digit: Digit, page: Sequence[Digit], usual: float | None) -> bool:
    """Whether a digit is of an odd size, or shares its place with another."""
    if usual is not None and not SHORT * usual <= digit.box.height <= TALL * usual:
        return True
    return any(
        _holds(digit.box, other.box) or _holds(other.box, digit.box)
        for other in page
        if other is not digit
    )


def _is_piece(
    digit: Digit, page: Sequence[Digit], doubtful: Sequence[Digit], usual: float | None
) -> bool:
    """Whether a digit may be a piece of another one: it touches one in doubt, or is too short."""
    short = usual is not None and digit.box.height < PIECE * usual
    return any(
        _touch(digit.box, other.box)
        for other in (page if short else doubtful)
        if other is not digit
    )


def _touch(one: Box, other: Box) -> bool:
    """Whether there is no gap between two boxes."""
    apart = max(
        max(one.x, other.x) - min(one.right, other.right),
        max(one.y, other.y) - min(one.bottom, other.bottom),
    )
    return apart < TOUCHING * one.height


def _holds(one: Box, other: Box) -> bool:
    """Whether the middle of the other box lies in the first one; at their edges the boxes of a
    slanted hand overlap, as they should."""
    return (
        one.x < other.x + other.width / 2 < one.right
        and one.y < other.y + other.height / 2 < one.bottom
    )
