"""Crops of drawn pages: labelled by what was written where they were cut."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.training.pages import _name, draw_from_pages
from pi_reader.values import NO_DIGIT, Box

WRITTEN = [(4, Box(100, 100, 30, 40)), (7, Box(140, 100, 30, 40))]


@pytest.mark.parametrize(
    ("box", "name"),
    [
        (Box(100, 100, 30, 40), 4),
        (Box(141, 99, 29, 41), 7),
        (Box(100, 100, 70, 40), NO_DIGIT),  # both in one box
        (Box(300, 10, 30, 40), NO_DIGIT),  # nothing written there
        (Box(100, 100, 30, 18), -1),  # the upper half of the 4
        (Box(90, 80, 60, 80), -1),  # the 4 and much else
    ],
    ids=["fits", "nearly fits", "two", "none", "half", "too large"],
)
def test_ok__a_crop_is_what_was_written_there(box: Box, name: int) -> None:
    assert _name(box, WRITTEN, NO_DIGIT) == name


def test_ok__as_many_as_wanted_and_the_same_again() -> None:
    patches, labels = draw_from_pages(200, np.random.default_rng(1), NO_DIGIT)
    assert patches.shape == (200, 28, 28) and patches.dtype == np.uint8
    assert labels.shape == (200,) and labels.dtype == np.uint8
    assert set(labels) <= set(range(11)) and len(set(labels)) > 5
    assert (labels == NO_DIGIT).mean() < 0.5
    assert (patches.max(axis=(1, 2)) > 80).all(), "each crop has ink"
    again, _ = draw_from_pages(200, np.random.default_rng(1), NO_DIGIT)
    assert (again == patches).all()


def test_ok__none_at_all() -> None:
    patches, labels = draw_from_pages(0, np.random.default_rng(1), NO_DIGIT)
    assert patches.shape == (0, 28, 28) and labels.shape == (0,)
