"""Votes of a memory for what was taught: they change the name, the confidence, and say so."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from pi_reader.handwriting.page import draw_page
from pi_reader.library import load
from pi_reader.network.neighbourhood import KINDS
from pi_reader.reading.decode import Mark
from pi_reader.reading.reader import Reader
from pi_reader.reading.recall import recalled
from pi_reader.values import Frame, Reading

pytestmark = pytest.mark.quick


class Votes:
    """A memory that gives every mark the same votes."""

    def __init__(self, disputed: bool = False, **nats: float) -> None:
        self._nats = np.zeros(11, np.float32)
        for name, value in nats.items():
            self._nats[int(name[1:])] = value
        self._disputed = disputed

    def votes(self, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.tile(self._nats, (len(hidden), 1)), np.full(len(hidden), self._disputed)

    def taught(self, hidden: np.ndarray, label: int) -> str:
        return f"taught as {label} at 12:04"


def mark(label: int) -> Mark:
    """A mark that the network is rather sure of."""
    chances = [0.005] * 11
    chances[label] = 0.95
    return Mark(0, 0, 20, 30, 90.0, tuple(chances), hidden=np.ones(4, np.float32))


def kinds_of(label: int) -> np.ndarray:
    """What a neighbourhood that agrees with it says."""
    kinds = np.full((1, len(KINDS)), 0.002, np.float32)
    kinds[0, label] = 1 - 0.002 * (len(KINDS) - 1)
    return kinds


@cache
def page() -> Frame:
    """A fair copy."""
    return draw_page(np.random.default_rng(6), 0.1, lines=2).frame


def read(memory: Votes | None, with_context: bool = True) -> Reading:
    """The page, read with a memory."""
    reader = load()
    context = reader.context if with_context else None
    return Reader(reader.network, reader.sure_at, "", context, memory).read(page())


def test_ok__a_vote_adds_its_nats_to_both_networks() -> None:
    (after,), kinds = recalled([mark(7)], kinds_of(7), Votes(d1=5))
    was, now = mark(7).chances, after.chances
    assert np.isclose(np.log(now[1] / now[7]) - np.log(was[1] / was[7]), 5, atol=1e-3)
    assert kinds is not None
    more = np.log(kinds[0, 1] / kinds[0, 7]) - np.log(kinds_of(7)[0, 1] / kinds_of(7)[0, 7])
    assert np.isclose(more, 5, atol=1e-3)
    assert np.isclose(sum(now), 1, atol=1e-5) and np.isclose(kinds.sum(), 1, atol=1e-5)


def test_ok__the_mark_says_when_it_was_taught_only_if_that_changed_its_name() -> None:
    assert recalled([mark(7)], kinds_of(7), Votes(d1=9))[0][0].taught == "taught as 1 at 12:04"
    assert recalled([mark(7)], kinds_of(7), Votes(d7=9))[0][0].taught == ""
    assert recalled([mark(7)], kinds_of(7), Votes(d1=0.1))[0][0].taught == ""


def test_ok__no_digit_is_a_name_like_others() -> None:
    (after,), kinds = recalled([mark(7)], kinds_of(7), Votes(d10=9))
    assert kinds is not None and not after.is_digit and kinds[0, :10].sum() < 0.1


def test_ok__without_votes_nothing_changes() -> None:
    one = mark(7)
    for memory in (None, Votes()):
        after, _ = recalled([one], kinds_of(7), memory)
        assert after == [one]
    assert recalled([], None, Votes(d1=9)) == ([], None)
    alone = replace(one, hidden=None)
    assert recalled([alone], None, Votes(d1=9))[0] == [alone]


@pytest.mark.parametrize("with_context", [True, False])
def test_ok__a_reading_follows_the_memory_and_says_so(with_context: bool) -> None:
    plain, taught = read(None, with_context), read(Votes(d3=30), with_context)
    assert len(taught.digits) == len(plain.digits) > 1
    assert {digit.label for digit in taught.digits} == {3} != {d.label for d in plain.digits}
    for before, after in zip(plain.digits, taught.digits, strict=True):
        assert after.reason == ("" if before.label == 3 else "taught as 3 at 12:04")
        assert after.runner_up[0] != 3


def test_ok__what_was_called_by_two_names_is_not_sure() -> None:
    reading = read(Votes(True, d3=5, d8=5))
    assert reading.digits and not any(digit.sure for digit in reading.digits)
    assert read(Votes()).text == read(None).text
