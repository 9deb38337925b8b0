"""Cuts and choices: touching digits come apart, and the likeliest reading wins."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.reading.components import find_components
from pi_reader.reading.cuts import find_cuts, find_notches, find_pieces, find_seams
from pi_reader.reading.decode import (
    Mark,
    best_partition,
    best_two,
    better_whole,
    groups_of_several,
    has_digit_alone,
    in_a_row,
    likeliest_row,
)


def rings(bridge: bool = True, lean: float = 0.0) -> np.ndarray:
    """Two zeros, with a bridge between them or without; leaning by columns per row."""
    rows, columns = np.mgrid[0:60, 0:120]
    across = columns - lean * (30 - rows)
    mask = np.zeros((60, 120), bool)
    for middle in (35, 80):
        distance = np.hypot((across - middle) / 18, (rows - 30) / 25)
        mask |= (distance < 1) & (distance > 0.8)
    if bridge:
        mask |= (np.abs(rows - 30) < 2) & (np.abs(across - 57) < 8)
    return mask


def mark(
    digit: int | None = None,
    chance: float = 0.99,
    outcomes: int = 11,
    height: int = 40,
    strength: float = 100.0,
    components: tuple[int, ...] = (0,),
) -> Mark:
    """A mark that the network takes for `digit`, or for none."""
    chances = [(1 - chance) / (outcomes - 1)] * outcomes
    chances[10 if digit is None else digit] = chance
    return Mark(
        10, 10, 40, 10 + height, strength, tuple(chances), frozenset(components), strength / 200
    )


@pytest.mark.parametrize("lean", [0.0, 0.4])
def test_ok__a_bridge_is_cut(lean: float) -> None:
    found = find_components(rings(lean=lean))
    assert len(found) == 1
    columns = [way[len(way) // 2] for way in find_cuts(found, 0)]
    assert any(53 <= column <= 63 for column in columns)


def test_ok__a_seam_bends_with_the_gap_and_crosses_where_least_ink_is() -> None:
    ink = np.zeros((41, 60), bool)
    rows = np.arange(41)
    for row, edge in zip(rows, 30 + np.rint(6 * np.sin(rows / 6)).astype(int), strict=True):
        ink[row, : edge - 2] = ink[row, edge + 2 :] = True
    ink[12] = True  # bridges the gap
    cost, way = min(find_seams(ink), key=lambda seam: seam[0])
    assert cost < 12
    crossed = ink[rows, way]
    assert crossed.sum() <= 1 and way.max() - way.min() >= 8


def test_ok__digits_that_share_a_stroke_are_cut_along_it() -> None:
    rows, columns = np.mgrid[0:60, 0:120]
    distance = [np.hypot((columns - middle) / 18, (rows - 30) / 25) for middle in (35, 67)]
    mask = np.logical_or(*[(one < 1) & (one > 0.8) for one in distance])
    mask[18:43, 49:54] = True  # far more ink than a bridge
    found = find_components(mask)
    assert len(found) == 1
    assert any(way.min() >= 48 and way.max() <= 54 for way in find_cuts(found, 0))
    alone = find_components((distance[0] < 1) & (distance[0] > 0.8))
    assert find_notches(alone.ink_of((0,))) == []


def test_ok__pieces_hold_all_the_ink_between_them() -> None:
    found = find_components(rings(lean=0.4))
    spans, pieces = find_pieces(found, 0)
    assert len(pieces) == len(spans)
    last = max(end for _, end in spans)
    area = dict(zip(spans, pieces.area.tolist(), strict=True))
    pairs = [(one, (one[1], last)) for one in spans if one[0] == 0 and (one[1], last) in area]
    assert pairs
    assert {area[one] + area[other] for one, other in pairs} == {int(found.area[0])}
    assert pieces.left.min() == found.left[0] and pieces.right.max() == found.right[0]


def test_ok__a_slim_region_and_a_tiny_one_are_not_cut() -> None:
    mask = np.zeros((60, 60), bool)
    mask[5:50, 10:15] = True
    mask[5:12, 30:44:2] = mask[8, 30:44] = True
    found = find_components(mask)
    assert [find_pieces(found, component)[0] for component in range(len(found))] == [[], []]


def test_ok__parts_are_joined_when_the_whole_is_likelier() -> None:
    whole, stem, bar = mark(5), mark(3, 0.6), mark(None, 0.7)
    assert best_partition(2, {1: stem, 2: bar, 3: whole}) == [whole]


def test_ok__two_digits_are_not_joined_and_a_speck_is_passed_over() -> None:
    one, other, both = mark(1), mark(7), mark(None)
    assert best_partition(2, {1: one, 2: other, 3: both}) == [one, other]
    assert best_partition(2, {1: one, 3: mark(1, 0.5)}) == [one]


def test_ok__groups_of_several_marks_are_filled_by_them() -> None:
    def of(*components: int, **more: object) -> Mark:
        return mark(1).but(components=frozenset(components), **more)

    marks = [of(1), of(2, 3), of(4, torn=True), of(5), of(5, cut_from=of(5)), of(6)]
    groups = [(1, 2, 3), (2, 3), (1, 2), (1, 4), (1, 7), (1, 6)]
    assert groups_of_several(groups, marks) == [(1, 2, 3), (1, 6)]
    assert groups_of_several([(1, 5)], [of(1), of(5, cut_from=of(5))]) == []
    assert groups_of_several(groups, []) == groups_of_several([], marks) == []


def test_ok__a_digit_beside_a_point_is_that_digit_alone() -> None:
    whole, parts = mark(3).but(components=frozenset({1, 2})), [mark(3), mark(None), mark(3)]
    parts = [part.but(components=frozenset({at})) for at, part in enumerate(parts, 1)]
    assert has_digit_alone(whole, parts[:2])
    assert not has_digit_alone(whole, parts[1:])  # the other 3 is another mark
    assert not has_digit_alone(whole.but(chances=mark(9).chances), parts)


def test_ok__the_likeliest_row_uses_each_column_once() -> None:
    a, b, c, d = range(4)
    good = {(a, b): 0.9, (b, d): 0.8, (a, c): 0.99, (c, d): 0.5, (b, c): 0.0}
    chance, row = likeliest_row(good)
    assert chance == pytest.approx(0.72) and row == [(a, b), (b, d)]
    assert likeliest_row({(a, b): 0.9, (c, d): 0.9}) == (0.0, [])
    assert likeliest_row({(a, b): 0.9, (b, c): 0.0}) == (0.0, [])
    assert likeliest_row({}) == (0.0, [])


def test_ok__only_pieces_that_others_continue_to_both_ends_are_in_a_row() -> None:
    a, b, c, d = range(4)
    assert in_a_row([(a, b), (a, c), (b, d), (c, d)], d) == [(a, b), (a, c), (b, d), (c, d)]
    assert in_a_row([(a, c), (b, c), (b, d), (c, d)], d) == [(a, c), (c, d)]
    assert in_a_row([(a, b), (c, d)], d) == in_a_row([(a, b), (b, c)], d) == []


def test_ok__digits_that_lean_are_cut_along_their_slant() -> None:
    mask = rings(bridge=False, lean=0.5)
    rows, columns = np.mgrid[0:60, 0:120]
    across = columns - 0.5 * (30 - rows)
    mask |= (np.abs(rows - 8) < 2) & (np.abs(across - 57) < 14)  # a bridge high up
    found = find_components(mask)
    assert len(found) == 1
    spans, pieces = find_pieces(found, 0)
    halves = pieces.area[[span[0] == 0 for span in spans]]
    assert np.abs(halves - found.area[0] / 2).min() <= 0.05 * found.area[0]


def test_ok__fainter_ink_wins_when_the_whole_is_a_digit() -> None:
    assert better_whole(mark(8), [mark(5, 0.9), mark(None, 0.9)])
    assert not better_whole(mark(None), [mark(1), mark(1)])


def test_ok__two_that_were_named_together_are_cut_where_they_look_like_it() -> None:
    pair = np.zeros((10, 10), np.float32)
    pair[4, 2], pair[4, 7] = 0.8, 0.1
    pieces = {
        (0, 1): mark(1),
        (1, 3): mark(9),
        (0, 2): mark(4, 0.9),
        (2, 3): mark(2, 0.7),
        (1, 2): mark(8),
        (0, 3): mark(5),
    }
    left, right = best_two(pair, pieces, 3)
    assert (left.label, right.label) == (4, 2)
    assert left.paired == pytest.approx([0, 0, 0, 0, 0.9, 0, 0, 0, 0, 0])
    assert right.paired == pytest.approx([0, 0, 0.8, 0, 0, 0, 0, 0.1, 0, 0])


def test_ok__without_a_cut_between_them_there_are_no_two() -> None:
    pair = np.full((10, 10), 0.01, np.float32)
    assert best_two(pair, {(0, 2): mark(5), (1, 2): mark(4)}, 2) == []
    assert best_two(pair, {}, 0) == []
