"""Gaps within a line: what parts two numbers, what ends the line, and what may be a sign."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from pi_reader.network.neighbourhood import KINDS
from pi_reader.reading.components import find_components
from pi_reader.reading.context import Judged
from pi_reader.reading.decode import Mark
from pi_reader.reading.language import shipped
from pi_reader.reading.lines import find_lines
from pi_reader.reading.signs import loose_parts, paired_points
from pi_reader.reading.spaces import USUAL, Gaps, doubtful_sign, find_spaces, usual_gap

TALL, BROAD = 40, 24  # pixels: a digit
GAPS = shipped().gaps


def row(gaps: Sequence[float], broad: Sequence[int] | None = None) -> np.ndarray:
    """(n, 4) boxes side by side; gaps: in heights, one fewer than there are boxes."""
    x, places = 20.0, []
    for width, gap in zip(broad or [BROAD] * (len(gaps) + 1), [*gaps, 0.0], strict=True):
        places.append((x, 50, x + width, 50 + TALL))
        x += width + gap * TALL
    return np.array(places, np.int32)


def parted(gaps: Sequence[float], others: Sequence[Judged] = (), usual: float = USUAL) -> Gaps:
    places = row(gaps)
    return find_spaces(places, np.ones(len(places), bool), others, GAPS, usual)


def doubts_of(gaps: Gaps) -> list[tuple[int, str, float]]:
    """Those that count."""
    return [one for one in gaps.torn if one[2] > 0.1]


def mark(left: int, top: int, right: int, bottom: int, **kinds: float) -> Judged:
    """A mark that is no digit; kinds: how likely it is a point or dirt."""
    names = {"point": ".", "dirt": "other", "letter": "letter"}
    chances = [0.0] * len(KINDS)
    for name, chance in kinds.items():
        chances[KINDS.index(names[name])] = chance
    return Judged(Mark(left, top, right, bottom, 50.0, (), kinds=tuple(chances)), 0.0, False)


def test_ok__a_wide_gap_is_a_space() -> None:
    assert parted([0.2, 0.2, 0.2]).spaces == [] and not doubts_of(parted([0.2, 0.2, 0.2]))
    assert parted([0.2, 1.4, 0.2]).spaces == [2]
    assert parted([0.2, 1.4, 0.2, 1.5, 0.2]).spaces == [2, 4]


def test_ok__somebody_who_writes_wide_parts_no_number() -> None:
    assert parted([0.7, 0.9, 0.8, 0.7], usual=0.8).spaces == []


def test_ok__a_gap_that_may_be_either_makes_its_digits_unsure() -> None:
    torn = doubts_of(parted([0.2, 1.1, 0.2]))
    assert [(place, what) for place, what, _ in torn] == [(1, " "), (2, " ")]
    assert all(0.2 < chance <= 0.5 for _, _, chance in torn)
    assert not doubts_of(parted([0.2, 2.0, 0.2]))


def test_ok__how_wide_a_gap_is_depends_on_the_page() -> None:
    places, digits = row([0.2, 1.0, 0.2]), np.ones(4, bool)
    assert find_spaces(places, digits, (), GAPS, usual=0.1).spaces == [2]
    assert find_spaces(places, digits, (), GAPS, usual=0.6).spaces == []
    tight, wide = row([0.1, 0.1, 0.1]), row([0.5, 0.5])
    assert usual_gap([(tight, digits)]) == pytest.approx(0.1)
    assert usual_gap([(tight, digits), (wide, digits[:3])]) == pytest.approx(0.1)
    assert usual_gap([(wide[:2], digits[:2])]) == usual_gap([]) == USUAL


def test_ok__a_1_is_as_wide_as_the_others() -> None:
    """Else every 1 would stand far from its neighbours."""
    places = row([1.15, 1.15], [BROAD, 4, BROAD])
    assert find_spaces(places, np.ones(3, bool), (), GAPS).spaces == []
    places = row([1.15, 1.15], [BROAD, BROAD, BROAD])
    assert find_spaces(places, np.ones(3, bool), (), GAPS).spaces == [1, 2]


def test_ok__what_the_line_as_a_whole_says_counts_more_than_a_gap() -> None:
    places, digits = row([0.2, 1.8, 0.2]), np.ones(4, bool)
    assert find_spaces(places, digits, (), GAPS).spaces == [2]
    heard = np.array([np.nan, np.nan, 0.01, 0.9])
    assert find_spaces(places, digits, (), GAPS, blanks=heard).spaces == [3]


@pytest.mark.parametrize(("gap", "lines"), [(2.3, [[0, 1, 2, 3]]), (2.7, [[0, 1], [2, 3]])])
def test_ok__two_and_a_half_heights_end_the_line(gap: float, lines: list[list[int]]) -> None:
    assert find_lines(row([0.2, gap, 0.2])) == lines


def test_ok__small_ink_between_digits_may_be_a_sign() -> None:
    places = row([0.2, 0.3, 0.2])
    after = int(places[1, 2])
    point = mark(after + 3, 84, after + 8, 90, point=0.4, dirt=0.6)
    found = find_spaces(places, np.ones(4, bool), [point], GAPS)
    assert found.doubts == [(0, ".", 0.4)] and found.spaces == []
    speck = mark(after + 3, 84, after + 8, 90, point=0.01, dirt=0.99)
    found = find_spaces(places, np.ones(4, bool), [speck], GAPS)
    assert not found.spaces and not found.doubts and not doubts_of(found)
    far = mark(after + 3, 184, after + 8, 190, point=0.4, dirt=0.6)
    assert find_spaces(places, np.ones(4, bool), [far], GAPS).doubts == [], "of another line"


def test_ok__a_letter_between_digits_parts_them() -> None:
    places = row([0.2, 1.2, 0.2])
    after = int(places[1, 2])
    letter = mark(after + 6, 55, after + 42, 90, dirt=1.0)
    found = find_spaces(places, np.ones(4, bool), [letter], GAPS)
    assert found.spaces == [2]
    unread = [place for place, what, _ in found.torn if what == "?"]
    assert unread == [1, 2], "it may be a digit that was not read"


@pytest.mark.parametrize(
    ("off", "tall", "letter", "unread"),
    [
        (6, 40, 0.0, True),  # where a digit of the same number would stand
        (6, 40, 1.0, False),  # but it is a letter
        (80, 40, 0.0, False),  # far off
        (6, 12, 0.0, False),  # a speck
    ],
)
def test_ok__a_mark_before_a_number_may_be_a_digit_of_it(
    off: int, tall: int, letter: float, unread: bool
) -> None:
    places = row([0.2, 0.2])
    end = int(places[0, 0]) - off + 200
    places[:, [0, 2]] += 200
    blot = mark(end - BROAD, 90 - tall, end, 90, letter=letter, dirt=1 - letter)
    torn = find_spaces(places, np.ones(3, bool), [blot], GAPS).torn
    assert [(place, what) for place, what, p in torn if p > 0.5] == [(0, "?")] * unread


def test_ok__what_may_be_a_sign() -> None:
    assert doubtful_sign(()) is None
    assert doubtful_sign(mark(0, 0, 1, 1, dirt=1.0).mark.kinds) is None
    assert doubtful_sign(mark(0, 0, 1, 1, point=0.2, dirt=0.8).mark.kinds) == (".", 0.2)


@pytest.mark.parametrize(
    ("left", "top", "right", "bottom", "loose"),
    [
        (30, 68, 48, 73, True),  # a printed minus, closer to its digit than it is long
        (14, 68, 48, 73, False),  # longer than a minus is beside such a digit
        (30, 60, 48, 73, False),  # as thick as the foot of a letter
        (52, 40, 75, 45, False),  # the bar of a 5 that does not touch its bow
        (78, 68, 96, 73, True),  # a dash after it, as in a date
        (78, 52, 96, 57, False),  # the bar of a 5, drawn too far to the right
    ],
)
def test_ok__a_dash_close_beside_a_digit_is_no_part_of_it(
    left: int, top: int, right: int, bottom: int, loose: bool
) -> None:
    mask = np.zeros((120, 160), bool)
    mask[50:95, 52:76] = True
    mask[top:bottom, left:right] = True
    found = find_components(mask)
    both = frozenset(range(len(found)))
    whole = Mark(min(left, 52), min(top, 50), max(right, 76), 95, 50.0, (), both)
    parts = loose_parts(found, whole)
    assert [int(found.left[part]) for part in parts] == ([left] if loose else [])


@pytest.mark.parametrize(
    ("left", "top", "right", "bottom", "loose"),
    [
        (80, 82, 90, 106, True),  # a bold comma, taller than a point may be
        (39, 82, 50, 106, True),  # the one before it
        (80, 62, 90, 86, False),  # half as high as the digit: a part of a torn stroke
        (55, 96, 85, 106, False),  # below it
        (80, 78, 90, 108, False),  # as tall as a digit of another size
    ],
)
def test_ok__a_comma_beside_the_foot_of_a_digit_is_no_part_of_it(
    left: int, top: int, right: int, bottom: int, loose: bool
) -> None:
    mask = np.zeros((120, 160), bool)
    mask[50:95, 52:76] = True
    mask[top:bottom, left:right] = True
    found = find_components(mask)
    both = frozenset(range(len(found)))
    whole = Mark(min(left, 52), 50, max(right, 76), max(bottom, 95), 50.0, (), both)
    parts = loose_parts(found, whole)
    assert [int(found.left[part]) for part in parts] == ([left] if loose else [])


_TWO_DIGITS = [(0, 0, 24, 40), (60, 10, 78, 40)]


@pytest.mark.parametrize(
    ("upper", "lower", "pair"),
    [
        ((40, 10, 44, 14), (40, 28, 44, 32), True),
        ((40, 20, 42, 22), (40, 27, 42, 29), True),  # as close as small writing has them
        ((46, 10, 50, 14), (34, 24, 38, 28), True),  # in a hand that slants
        ((48, 10, 52, 14), (30, 20, 34, 24), False),  # too far aside
        ((40, 10, 56, 26), (40, 28, 56, 44), False),  # too large for points
        ((40, 10, 44, 14), (40, 28, 52, 40), False),  # not alike
        ((40, 20, 44, 24), (40, 23, 44, 27), False),  # one point
        ((180, 10, 184, 14), (180, 28, 184, 32), False),  # with no digit close after it
    ],
)
def test_ok__two_points_between_digits_are_a_colon(
    upper: tuple[int, ...], lower: tuple[int, ...], pair: bool
) -> None:
    found = paired_points(np.array([lower, upper]), np.array(_TWO_DIGITS))
    assert found == ([(1, 0)] if pair else [])


def test_ok__a_colon_beside_a_small_zero_and_a_tall_five() -> None:
    points = np.array([(105, 31, 117, 43), (100, 51, 112, 62)])  # larger than a third of the 0
    digits = np.array([(0, 20, 40, 67), (58, 33, 83, 66), (137, 5, 179, 62), (240, 0, 275, 58)])
    assert paired_points(points, digits) == [(0, 1)]
