"""Digits of two lines that have grown together: where the lines may be parted.

A 7 whose foot reaches into the line below is one component with what stands there. Such a component
is far taller than the page's digits. It is cut along a seam, the way from its left end to its right
that meets the least ink (Avidan and Shamir, *Seam Carving for Content-Aware Image Resizing*, 2007),
kept so far from top and bottom that a digit fits on either side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.reading.candidates import Candidates, taken_out
from pi_reader.reading.cuts import cheapest_ways, trace
from pi_reader.reading.decode import Mark, median

COMPANY = 4  # clear digits that say how tall digits are here
TALL, TALLEST = 1.5, 3.5  # times their height: may be some, one above the other
MOST = 8  # such components on a page; where there are more it is no writing
ROOM = 0.6  # of their height that stays above and below the seam
STEEP = 3  # rows that the seam may climb or fall from one column to the next
PLAUSIBLE = 0.3  # nats that the digits of parted lines may cost on average


def find_stacked(page: Candidates, marks: Sequence[Mark]) -> tuple[list[int], int]:
    """Components so tall that they may belong to two lines, and how tall digits are in pixels."""
    usual = _usual_height(marks)
    if not usual:
        return [], 0
    height = page.components.height
    tall = np.flatnonzero((height >= TALL * usual) & (height <= TALLEST * usual)).tolist()
    return (tall if len(tall) <= MOST else []), usual


def find_piled(page: Candidates, marks: Sequence[Mark]) -> list[Mark]:
    """Marks as tall as two lines, made of several components each tall enough for a digit."""
    usual = _usual_height(marks)
    return [
        mark
        for mark in marks
        if usual
        and len(mark.components) > 1
        and mark.height >= TALL * usual
        and page.components.height[list(mark.components)].min() >= ROOM * usual
    ]


def _usual_height(marks: Sequence[Mark]) -> int:
    heights = [mark.height for mark in marks if mark.is_digit and mark.is_clear]
    return round(median(heights)) if len(heights) >= COMPANY else 0


def part_lines(page: Candidates, stacked: Sequence[int], usual: int) -> Candidates:
    """The page with these components cut between the lines."""
    cut = np.zeros(page.ink.mask.shape, bool)
    for component in stacked:
        left, top, right, bottom, *_ = page.components.bounds_of((component,))
        room = max(1, round(ROOM * usual))
        own = page.components.ink_of((component,))
        seam = find_seam(own[room : bottom - top - room]) + room + top
        for column, (row, after) in enumerate(zip(seam, [*seam[1:], seam[-1]], strict=True), left):
            cut[min(row, after) : max(row, after) + 2, column] = True
        cut[top:bottom, left:right] &= own
    return taken_out(page, cut)


def find_seam(ink: np.ndarray) -> np.ndarray:
    """The row of each column on the way from left to right that meets the least ink.

    ink: (h, w) bool, at least one row. Dynamic programming, a column at a time.
    """
    steps = np.repeat(ink.T, STEEP, axis=0)  # a row up or down each
    cost, back = cheapest_ways(steps, 0.0)
    return trace(back, int(cost.argmin()))[::-STEEP]


def better_parted(
    page: Candidates, component: int, before: Sequence[Mark], after: Sequence[Mark]
) -> bool:
    """Whether a component makes better digits once the lines are parted."""
    whole = [mark for mark in before if component in mark.components]
    box = page.components.bounds_of((component,))
    parts = [mark for mark in after if mark.is_inside(box)]
    digits = [mark for mark in parts if mark.is_digit]
    if len(digits) < 2 or (len(digits) < len(parts) and all(mark.is_digit for mark in whole)):
        return False
    return are_digits(digits)


def are_digits(marks: Sequence[Mark]) -> bool:
    """Whether marks are, taken together, rather certainly digits."""
    cost = sum(mark.cost for mark in marks)
    return all(mark.is_digit for mark in marks) and cost <= PLAUSIBLE * len(marks)
