"""Tests for the memory that is given back."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from pi_reader.box.heap import EVERY, Heap


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


class Ring:
    """Something that only the collector finds."""

    def __init__(self) -> None:
        self.itself: Any = self


def rings() -> int:
    return sum(isinstance(thing, Ring) for thing in gc.get_objects())


def test_ok__sweeps_now_and_then() -> None:
    heap = Heap()
    gc.disable()
    try:
        for now, left in ((0.0, 1), (EVERY - 1, 2), (EVERY, 0), (EVERY + 1, 1), (2 * EVERY, 0)):
            Ring()
            heap.tick(now)
            assert rings() == left
    finally:
        gc.enable()


def test_ok__what_lives_on_is_not_looked_through_again() -> None:
    before = gc.get_freeze_count()
    heap = Heap()
    heap.tick(0.0)
    assert gc.get_freeze_count() == before
    heap.tick(EVERY)
    assert gc.get_freeze_count() > 10_000


def test_ok__a_box_with_new_settings_begins_anew() -> None:
    kept = [Ring()]
    first = Heap()
    first.tick(0.0)
    first.tick(EVERY)  # the ring is among what lives on
    kept.clear()
    second = Heap()
    second.tick(EVERY)
    second.tick(2 * EVERY)
    assert rings() == 0
