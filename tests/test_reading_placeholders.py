"""A `?` is held where a digit cannot be read: cut off, lost in glare, faded, or joined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_reading import Templates, page

from pi_reader.network.neighbourhood import KINDS
from pi_reader.reading.context import Judged
from pi_reader.reading.placeholders import with_placeholders
from pi_reader.reading.reader import Reader
from pi_reader.values import Frame

ROW = [(7, 60, 60), (4, 150, 58), (7, 240, 60)]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(Templates(), sure_at=0.8)


@pytest.mark.parametrize("height", [480, 240])  # the second is small: one digit may fill it
@pytest.mark.parametrize("bold", [0, 7])
def test_ok__a_digit_cut_off_by_the_frame_is_held(reader: Reader, height: int, bold: int) -> None:
    whole = page(ROW)
    assert reader.read(whole).text == "747"
    grey = np.ascontiguousarray(whole.grey[:height, :262])
    for step in range(bold):
        grey[60:118, 240 + step :] = np.minimum(
            grey[60:118, 240 + step :], grey[60:118, 240 : -step or None]
        )
    reading = reader.read(Frame(grey, "cut"))
    assert reading.text == "74?"
    assert reading.digits[-1].reason == "cut off by the edge of the frame"


def test_ok__ink_at_the_frame_far_from_any_row_is_no_digit(reader: Reader) -> None:
    grey = page(ROW[:2]).grey.copy()
    grey[300:340, 630:] = 60
    assert reader.read(Frame(grey, "edge")).text == "74"


def lit(grey: np.ndarray, x: int, y: int, radius: float) -> Frame:
    """The picture with a lamp's reflection on it."""
    row, column = np.mgrid[: grey.shape[0], : grey.shape[1]]
    away = np.hypot(column - x, row - y) / radius
    light = grey + 255 * np.exp(-(away**4))
    return Frame(np.clip(light, 0, 255).astype(np.uint8), "glare")


@pytest.mark.parametrize("eaten", [1, 2])
def test_ok__a_reflection_in_a_row_is_held(reader: Reader, eaten: int) -> None:
    text = ["7", "4", "7"]
    text[eaten] = "?"
    reading = reader.read(lit(page(ROW).grey, ROW[eaten][1] + 20, 90, 42))
    assert reading.text == "".join(text)
    assert reading.digits[eaten].reason == "lost in glare or between two digits"


def test_ok__a_reflection_beside_the_writing_is_nothing(reader: Reader) -> None:
    assert reader.read(lit(page(ROW).grey, 400, 300, 42)).text == "747"


def test_ok__white_paper_is_no_reflection(reader: Reader) -> None:
    grey = np.where(page(ROW, noise=0.0).grey > 150, 255, 60).astype(np.uint8)
    assert reader.read(Frame(grey, "scan")).text == "747"


def test_ok__pale_scraps_in_a_row_are_held(reader: Reader) -> None:
    grey = page(ROW, noise=0.0).grey.astype(np.float32)
    washed = grey[50:130, 150:200]
    washed[:, 25:] = 205
    washed[:] = 205 - 0.4 * (205 - washed)
    assert reader.read(Frame(grey.astype(np.uint8), "faded")).number in ("7?7", "77?")


@pytest.mark.parametrize(
    ("kind", "width", "held"), [("other", 50, 1), ("letter", 50, 0), ("other", 20, 0)]
)
def test_ok__digits_that_nobody_could_cut_are_held(kind: str, width: int, held: int) -> None:
    frame = page(ROW[:2])
    kinds = [0.0] * len(KINDS)
    kinds[KINDS.index(kind)] = 1.0
    explained = Reader(Templates(), sure_at=0.8).explain(frame)
    digit = explained.marks[0].mark
    grown = replace(
        digit, left=240, right=240 + width, chances=(0.0,) * 10 + (1.0,), kinds=tuple(kinds)
    )
    judged = with_placeholders(explained.candidates, [*explained.marks, Judged(grown, 0.0, False)])
    unread = [one.mark.unreadable for one in judged if one.mark.unreadable]
    assert len(unread) == held and all("grown together" in why for why in unread)
