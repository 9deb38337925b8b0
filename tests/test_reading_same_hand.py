"""Whether a digit looks more like another digit of its page than like its own."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.reading.decode import Mark
from pi_reader.reading.same_hand import STRANGER, unlike_its_name

ONE, SEVEN, OTHER = np.eye(3, 96, dtype=np.float32)  # three shapes with nothing in common


def mark(name: int, second: int, shape: np.ndarray) -> Mark:
    """A mark of this shape that is named so."""
    chances = [0.0] * 11
    chances[name], chances[second] = 0.9, 0.1
    return Mark(0, 0, 20, 40, 90.0, tuple(chances), hidden=shape)


PAGE = (mark(1, 7, ONE), mark(1, 7, ONE), mark(7, 1, SEVEN), mark(7, 1, SEVEN))


def told(*marks: Mark, digit: tuple[float, ...] = ()) -> float:
    """What is said of the first of some marks."""
    return float(unlike_its_name(marks, np.array(digit or (1.0,) * len(marks)))[0])


def test_ok__what_looks_like_its_second_choice_is_unlike_its_name() -> None:
    assert told(mark(1, 7, SEVEN), *PAGE) < -1
    assert told(mark(1, 7, ONE), *PAGE) == 0
    assert told(mark(1, 3, SEVEN), *PAGE[2:]) == 0  # nobody says that it may be a 7


def test_ok__the_others_of_a_page_are_not() -> None:
    found = unlike_its_name([mark(1, 7, SEVEN), *PAGE], np.ones(5))
    assert found[0] < -1 and not found[1:].any()


def test_ok__what_has_nothing_to_be_compared_with_is_not_unlike_its_name() -> None:
    assert told(mark(1, 7, ONE)) == 0 and not len(unlike_its_name([], np.zeros(0)))
    assert told(mark(1, 7, ONE), mark(3, 8, ONE)) == 0


def test_ok__a_stranger_to_those_of_its_name_is_odder_the_more_of_these_there_are() -> None:
    once, thrice = (told(mark(1, 7, OTHER), *[mark(1, 7, ONE)] * count) for count in (1, 3))
    assert thrice < once < 0


def test_ok__what_may_be_no_digit_counts_for_nothing_or_for_less() -> None:
    page = mark(1, 7, SEVEN), mark(7, 1, SEVEN), mark(7, 1, SEVEN)
    assert told(*page, digit=(1.0, 0.0, 0.0)) == 0 == told(*page, digit=(0.0, 1.0, 1.0))
    assert told(*page) < told(*page, digit=(1.0, 0.2, 0.2)) < -0.1


def test_ok__neither_order_nor_strength_of_activations_matters() -> None:
    rng = np.random.default_rng(0)
    marks = [mark(*rng.permutation(3)[:2].tolist(), rng.random(96, np.float32)) for _ in range(9)]
    digit = rng.random(9)
    there, back = unlike_its_name(marks, digit), unlike_its_name(marks[::-1], digit[::-1])
    assert there.any() and there == pytest.approx(back[::-1], abs=1e-4)
    louder = [one.but(hidden=one.hidden * np.float32(3)) for one in marks]
    assert there == pytest.approx(unlike_its_name(louder, digit), abs=1e-3)


def test_ok__a_mark_that_moved_nothing_in_the_network_is_like_nothing() -> None:
    empty = np.zeros(96, np.float32)
    found = unlike_its_name([mark(1, 7, empty), mark(7, 1, empty)], np.ones(2))
    assert np.isfinite(found).all() and (np.abs(found) < abs(np.log(STRANGER))).all()
