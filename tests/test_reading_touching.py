"""Two digits that have grown together are named as one, and cut where they look like it."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from pi_reader.handwriting import draw_patches
from pi_reader.library import load
from pi_reader.network.model import Model
from pi_reader.network.touching import NO_PAIR, OUTCOMES
from pi_reader.reading.binarise import binarise
from pi_reader.reading.candidates import find_candidates
from pi_reader.reading.decode import Mark, mended
from pi_reader.reading.reader import Reader
from pi_reader.reading.segmentation import MOST_PATCHES, Segmentation
from pi_reader.training.touching import cut_to_ink, joined
from pi_reader.values import Frame

PAGES = 12


class Names:
    """A network that holds all it sees for the same two digits, or for no pair."""

    def __init__(self, outcome: int) -> None:
        self.outcome, self.asked = outcome, 0

    def predict(self, patches: np.ndarray) -> np.ndarray:
        self.asked += len(patches)
        return np.eye(OUTCOMES, dtype=np.float32)[[self.outcome] * len(patches)]


def marks_of(reader: Reader, names: Names | None, left: int = MOST_PATCHES) -> list[Mark]:
    """The marks of a page of pairs, with a network for touching digits or without."""
    ink = binarise(page_of_pairs(0)[0])
    assert reader.context is not None
    placed = reader.context.neighbourhood
    return (
        Segmentation(reader.network, find_candidates(ink), left, placed, cast(Model, names))
        .run()
        .marks
    )


def test_ok__both_pieces_of_what_was_named_know_their_names(reader: Reader) -> None:
    two = [mark for mark in marks_of(reader, Names(47)) if mark.paired]
    assert len(two) >= 2 and len(two) % 2 == 0
    assert sorted(mark.paired.index(1.0) for mark in two) == [4] * (len(two) // 2) + [7] * (
        len(two) // 2
    )
    assert all(mark.cut_from is not None for mark in two)


def test_ok__what_is_no_pair_is_cut_as_without_the_names(reader: Reader) -> None:
    names = Names(NO_PAIR)
    named, bare = marks_of(reader, names), marks_of(reader, None)
    assert names.asked and [mark.place for mark in named] == [mark.place for mark in bare]
    assert not any(mark.paired for mark in named)


@pytest.mark.parametrize("left", [0, 1, 5, 12, 20])
def test_edge__with_few_patches_left_nothing_is_judged_unseen(reader: Reader, left: int) -> None:
    names = Names(47)
    marks_of(reader, names, left)
    assert names.asked <= left


def test_ok__what_was_named_is_not_mended_to_one_digit(reader: Reader) -> None:
    whole = Mark(0, 0, 40, 40, 90.0, (0.001,) * 9 + (0.99, 0.0), frozenset({1}))
    two = [whole.but(cut_from=whole, paired=(0.1,) * 10, chances=(0.09,) * 11) for _ in "35"]
    assert mended(two, [whole]) == two
    assert mended([one.but(paired=()) for one in two], [whole]) == [whole]


def page_of_pairs(seed: int) -> tuple[np.ndarray, list[str]]:
    """A page with three pairs of drawn digits that touch, (h, w) uint8, and what each is."""
    rng = np.random.default_rng(seed)
    page, rows = np.full((330, 480), 225, np.uint8), list[str]()
    for y in (40, 140, 240):
        labels = rng.integers(0, 10, 2)
        left, right = (cut_to_ink(patch) for patch in draw_patches(labels, rng))
        ink = joined(left, right, rng)[:70, :200]
        place = page[y : y + ink.shape[0], 60 : 60 + ink.shape[1]]
        place[...] = np.minimum(place, 225 - 190 * ink)
        rows.append("".join(map(str, labels)))
    return page, rows


@pytest.fixture(scope="module")
def reader() -> Reader:
    """The shipped one."""
    return load()


def read_exactly(reader: Reader) -> tuple[int, int]:
    """How many rows of pairs are read as they are written, and how many are sure and are not."""
    right = wrong = 0
    for seed in range(PAGES):
        page, rows = page_of_pairs(seed)
        lines = reader.read(Frame(page, "pairs")).text.split("\n")
        said = ["".join(filter(lambda sign: sign in "0123456789?", line)) for line in lines]
        right += sum(row in said for row in rows)
        wrong += sum("?" not in line and line not in rows for line in said)
    return right, wrong


def test_ok__pairs_are_read_more_often_than_by_cuts_alone(reader: Reader) -> None:
    assert reader.context is not None and reader.context.touching is not None
    bare = Reader(
        reader.network,
        reader.sure_at,
        context=replace(reader.context, touching=None),
        language=reader.language,
    )
    by_name, by_cuts = read_exactly(reader), read_exactly(bare)
    print(by_name, by_cuts, "of", 3 * PAGES)
    assert by_name[0] > by_cuts[0] and by_name[1] <= by_cuts[1] + 1


def test_ok__a_line_that_two_stand_in_says_both_boxes(reader: Reader) -> None:
    page, rows = page_of_pairs(0)
    reading = reader.read(Frame(page, "pairs"))
    assert sum(len(line.digits) for line in reading.lines) == sum(map(len, rows))
    for line in reading.lines:
        edges = [(digit.box.x, digit.box.right) for digit in line.digits]
        assert edges == sorted(edges)
