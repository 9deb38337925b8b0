"""Reading order: rows from top to bottom, each from left to right, also when they slope."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.reading.lines import deskewed, find_lines, lines_with_exponents, page_slope


def boxes(corners: list[tuple[float, float]], width: int = 20, height: int = 30) -> np.ndarray:
    """(n, 4): left, top, right, bottom of boxes of one size."""
    return np.array([(x, y, x + width, y + height) for x, y in corners], np.int32).reshape(-1, 4)


def grid(slope: float) -> list[tuple[float, float]]:
    return [
        (40 + 35 * column, 60 + 50 * row + slope * 35 * column)
        for row in range(3)
        for column in range(6)
    ]


@pytest.mark.parametrize("slope", [-0.25, -0.1, 0.0, 0.1, 0.25])
def test_ok__rows_are_found_though_they_slope(slope: float) -> None:
    corners = grid(slope)
    shuffled = np.random.default_rng(0).permutation(len(corners))
    places = boxes([corners[i] for i in shuffled])
    order = find_lines(deskewed(places, np.ones(len(places), bool)))
    assert [[int(shuffled[i]) for i in line] for line in order] == [
        list(range(6 * row, 6 * row + 6)) for row in range(3)
    ]


def test_ok__a_column_is_as_many_lines() -> None:
    assert find_lines(boxes([(10, 150), (12, 10), (8, 80)])) == [[1], [2], [0]]


def test_ok__tall_and_short_digits_share_a_line() -> None:
    places = boxes([(10, 20), (50, 10), (90, 25)])
    places[:, 3] += [0, 18, -8]
    assert find_lines(places) == [[0, 1, 2]]


def test_ok__a_gap_of_more_than_two_and_a_half_heights_ends_a_line() -> None:
    assert find_lines(boxes([(10, 20), (40, 22), (100, 24), (130, 20)])) == [[0, 1, 2, 3]]
    assert find_lines(boxes([(10, 20), (40, 22), (400, 24), (430, 20)])) == [[0, 1], [2, 3]]


def number(x: float, y: float, count: int) -> list[tuple[float, float]]:
    return [(x + 26 * place, y) for place in range(count)]


def test_ok__rows_that_break_at_the_same_gap_are_columns() -> None:
    rows = [(3, 20), (2, 24), (4, 18), (1, 20)]  # digits of the left number, offset of the right
    left = [number(10, 50 * row, count) for row, (count, _) in enumerate(rows)]
    right = [number(300 + off, 50 * row, 3) for row, (_, off) in enumerate(rows)]
    heading = number(60, -60, 12)
    page = [heading, *left, *right]
    flat = [corner for line in page for corner in line]
    order = [[flat[i] for i in line] for line in find_lines(boxes(flat))]
    assert order == page


@pytest.mark.parametrize("index", [False, True])
def test_ok__a_grid_of_single_digits_or_with_an_index_is_read_by_rows(index: bool) -> None:
    rows = [[[(10, 50 * row)], number(300, 50 * row, 2 if index else 1)] for row in range(4)]
    flat = [corner for row in rows for piece in row for corner in piece]
    order = [[flat[i] for i in line] for line in find_lines(boxes(flat))]
    assert order == [piece for row in rows for piece in row]


@pytest.mark.parametrize(
    ("digits", "labels", "by_rows"),
    [
        (2, [0, 1, 2, 3], True),  # Q1   15
        (2, [0, 1, 2], True),
        (2, [0, 1], False),  # half of the rows hold numbers
        (3, [0, 1, 2, 3], False),  # Q12   15: numbers all the same
        (2, [], False),
    ],
)
def test_ok__a_label_before_a_digit_makes_no_column_of_numbers(
    digits: int, labels: list[int], by_rows: bool
) -> None:
    rows = [[number(10, 50 * row, digits), number(300, 50 * row, 2)] for row in range(4)]
    flat = [corner for row in rows for piece in row for corner in piece]
    label = np.array([x == 10 and y / 50 in labels for x, y in flat])
    order = [[flat[i] for i in line] for line in find_lines(boxes(flat), None, label)]
    by_columns = [row[column] for column in range(2) for row in rows]
    assert order == ([piece for row in rows for piece in row] if by_rows else by_columns)


@pytest.mark.parametrize("place", [1, 2])
def test_ok__what_is_in_doubt_within_a_number_is_no_label(place: int) -> None:
    rows = [[number(10, 50 * row, 3), number(300, 50 * row, 3)] for row in range(4)]
    flat = [corner for row in rows for piece in row for corner in piece]
    label = np.array([x == 10 + 26 * place for x, _ in flat])
    order = [[flat[i] for i in line] for line in find_lines(boxes(flat), None, label)]
    assert order == [row[column] for column in range(2) for row in rows]


def test_ok__nothing_and_one() -> None:
    assert find_lines(boxes([])) == []
    assert find_lines(boxes([(5, 5)])) == [[0]]


def test_ok__slope_is_rise_over_run() -> None:
    assert page_slope(boxes(grid(0.2)).astype(np.float32)) == pytest.approx(0.2, abs=0.02)


def test_ok__a_row_that_slopes_is_one_row_though_its_digits_are_far_apart() -> None:
    row = boxes([(10, 90), (150, 70), (290, 50), (430, 30)])
    assert find_lines(deskewed(row, np.ones(4, bool))) == [[0], [1], [2], [3]]
    assert find_lines(row) == [[3], [2], [1], [0]]


def test_ok__signs_do_not_level_a_slope() -> None:
    digits = boxes([(10 + 35 * place, 60 - 5 * place) for place in range(5)])
    sign = np.array([(185, 48, 195, 52)] * 4) + 35 * np.arange(4)[:, None]
    both = deskewed(np.concatenate([digits, sign]), np.arange(9) < 5)
    assert np.ptp(both[:5, 1]) < 3


def test_ok__exponents_do_not_tilt_a_page() -> None:
    places = boxes([(10, 30), (40, 30)], 24, 50)
    raised = boxes([(68, 14), (86, 14)], 15, 28)
    both = np.concatenate([places, raised]).astype(np.float32)
    assert page_slope(both) == pytest.approx(0, abs=0.011)


def with_bases(corners: list[tuple[int, int, int, int]]) -> tuple[list[list[int]], list[int]]:
    """The lines of digits (left, top, right, bottom), and which of them are raised."""
    places = np.array(corners, np.int32)
    digits = np.ones(len(places), bool)
    lines, raised = lines_with_exponents(places, places, digits, ~digits)
    return lines, np.flatnonzero(raised).tolist()


def test_ok__an_exponent_stands_in_the_line_of_what_it_is_raised_on() -> None:
    base, exponent, after = (10, 30, 40, 80), (44, 8, 60, 32), (66, 30, 96, 80)
    assert find_lines(np.array([base, exponent, after])) == [[1], [0, 2]]
    assert with_bases([base, exponent, after]) == ([[0, 1, 2]], [1])
    tens = (10, 30, 40, 80), (44, 8, 58, 32), (62, 8, 78, 32)
    assert with_bases([*tens]) == ([[0, 1, 2]], [1, 2])


def test_ok__small_digits_that_are_no_exponents_stay_lines() -> None:
    large = (10, 30, 40, 80)
    lists = [large, (46, 14, 60, 34), (46, 70, 60, 90)]  # one above the other
    assert with_bases(lists)[1] == []
    above = [large, (14, 0, 28, 20)]
    assert with_bases(above) == ([[1], [0]], [])
    far = [large, (140, 8, 156, 32)]
    assert with_bases(far)[1] == []


def test_ok__letters_fill_a_gap_and_stand_in_no_line() -> None:
    places = boxes([(10, 20), (60, 22), (110, 20), (160, 20)])
    assert find_lines(places[[0, 3]]) == [[0], [1]]
    assert find_lines(places, np.array([False, True, True, False])) == [[0, 3]]


def test_ok__a_letter_is_a_base_too() -> None:
    x, exponent, nine = (10, 52, 40, 80), (44, 26, 58, 50), (70, 50, 100, 90)
    places = np.array([x, exponent, nine], np.int32)
    letter = np.array([True, False, False])
    level = places.copy()
    level[0, 1::2] = places[2, 1::2]
    assert find_lines(level, letter) == [[1], [2]]
    lines, raised = lines_with_exponents(places, level, ~letter, letter)
    assert lines == [[1, 2]] and raised.tolist() == [False, True, False]
