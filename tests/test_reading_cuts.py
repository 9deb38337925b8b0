"""Cuts and choices: touching digits come apart, and the likeliest reading wins."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.reading.components import find_components
from pi_reader.reading.cuts import cut_component, find_cuts, find_notches, find_spans
from pi_reader.reading.decode import (
    Mark,
    best_partition,
    better_whole,
    shortest_path,
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
    columns = [column for column, _ in find_cuts(found, 0)]
    assert any(53 <= column <= 63 for column in columns)


def test_ok__digits_that_share_a_stroke_are_cut_along_it() -> None:
    rows, columns = np.mgrid[0:60, 0:120]
    distance = [np.hypot((columns - middle) / 18, (rows - 30) / 25) for middle in (35, 67)]
    mask = np.logical_or(*[(one < 1) & (one > 0.8) for one in distance])
    mask[18:43, 49:54] = True  # far more ink than a bridge
    found = find_components(mask)
    assert len(found) == 1
    assert any(48 <= column <= 54 and abs(slant) < 0.1 for column, slant in find_cuts(found, 0))
    alone = find_components((distance[0] < 1) & (distance[0] > 0.8))
    assert find_notches(alone, 0) == []


def test_ok__pieces_hold_all_the_ink_between_them() -> None:
    found = find_components(rings(lean=0.4))
    spans = find_spans(found, 0)
    pieces = cut_component(found, 0, spans)
    assert len(pieces) == len(spans)
    ends = float(found.left[0]), float(found.right[0])
    halves = [
        index
        for index, (first, last) in enumerate(spans)
        if (first[0] == ends[0]) != (last[0] == ends[1])
    ]
    for one in halves:
        for other in halves:
            if spans[one][0][0] == ends[0] and spans[one][1] == spans[other][0]:
                assert pieces.area[one] + pieces.area[other] == found.area[0]
    assert pieces.left.min() == found.left[0] and pieces.right.max() == found.right[0]


def test_ok__a_slim_region_and_a_tiny_one_are_not_cut() -> None:
    mask = np.zeros((60, 60), bool)
    mask[5:50, 10:15] = True
    mask[5:12, 30:44:2] = mask[8, 30:44] = True
    found = find_components(mask)
    assert [find_spans(found, component) for component in range(len(found))] == [[], []]


def test_ok__parts_are_joined_when_the_whole_is_likelier() -> None:
    whole, stem, bar = mark(5), mark(3, 0.6), mark(None, 0.7)
    assert best_partition([0.8, 0.2], {1: stem, 2: bar, 3: whole}) == [whole]


def test_ok__two_digits_are_not_joined_and_a_speck_is_passed_over() -> None:
    one, other, both = mark(1), mark(7), mark(None)
    assert best_partition([0.5, 0.5], {1: one, 2: other, 3: both}) == [one, other]
    assert best_partition([0.95, 0.05], {1: one, 3: mark(1, 0.5)}) == [one]


def test_ok__the_cheapest_way_uses_each_column_once() -> None:
    a, b, c, d = (0.0, 0.0), (10.0, 0.0), (20.0, 0.2), (30.0, 0.0)
    good = {
        (a, b): mark(1),
        (b, d): mark(0),
        (a, c): mark(4, 0.5),
        (c, d): mark(7, 0.5),
        (b, c): mark(None),
    }
    way = shortest_path(good)
    assert way is not None and way[1] == [good[a, b], good[b, d]]
    assert shortest_path({(a, b): mark(1), (c, d): mark(2)}) is None
    assert shortest_path({}) is None


def test_ok__fainter_ink_wins_when_the_whole_is_a_digit() -> None:
    assert better_whole(mark(8), [mark(5, 0.9), mark(None, 0.9)])
    assert not better_whole(mark(None), [mark(1), mark(1)])
