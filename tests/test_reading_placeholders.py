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

SIDES = "left", "top", "right", "bottom"
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


@pytest.mark.parametrize("bottom", [114, 118])
def test_ok__a_digit_alone_that_the_frame_cuts_off_is_held(reader: Reader, bottom: int) -> None:
    whole = page(ROW[1:2])
    assert reader.read(whole).text == "4"
    reading = reader.read(Frame(np.ascontiguousarray(whole.grey[:bottom]), "cut"))
    assert reading.text == "?"
    assert reading.digits[0].reason == "cut off by the edge of the frame"


def test_ok__what_comes_in_over_the_edge_of_an_empty_page_is_no_digit(reader: Reader) -> None:
    grey = page([]).grey.copy()
    grey[300:340, 600:] = 60
    assert reader.read(Frame(grey, "edge")).text == ""


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


@pytest.mark.parametrize(
    ("kind", "pieces", "pale", "held"),
    [
        ("other", [(0, 0, 50, 58)], 1, 1),  # as wide as two
        ("other", [(0, 0, 20, 58)], 1, 1),
        ("other", [(0, 0, 20, 58)], 1.8, 1),  # half washed out by light
        ("other", [(0, 0, 20, 58)], 2.2, 0),  # a shadow, or the edge of tint
        ("letter", [(0, 0, 50, 58)], 1, 0),
        ("other", [(0, 0, 50, 25)], 1, 0),  # too low
        ("other", [(0, 2, 14, 20), (18, 8, 27, 24), (0, 30, 22, 56)], 1, 1),
        ("other", [(0, 0, 3, 3), (7, 20, 10, 23), (0, 40, 3, 43), (7, 54, 10, 57)], 1, 0),  # dust
        ("other", [(0, 0, 14, 20), (60, 30, 82, 58)], 1, 0),  # too far apart
        ("other", [(-100, -5, -40, 65)], 1, 0),  # a ring round a digit
    ],
)
def test_ok__ink_in_a_row_that_nobody_can_read_is_held(
    kind: str, pieces: list[tuple[int, int, int, int]], pale: float, held: int
) -> None:
    explained = Reader(Templates(), sure_at=0.8).explain(page(ROW[:2]))
    digit = max((one.mark for one in explained.marks), key=lambda mark: mark.left)
    kinds = tuple(float(kind == name) for name in KINDS)
    none = (0.0,) * 10 + (1.0,)
    judged = list(explained.marks)
    for left, top, right, bottom in pieces:
        box = 240 + left, digit.top + top, 240 + right, digit.top + bottom
        mark = replace(digit, **dict(zip(SIDES, box, strict=True)), chances=none, kinds=kinds)
        judged.append(Judged(mark.but(darkness=digit.darkness / pale), 0.0, False))
    judged = with_placeholders(explained.candidates, judged)
    assert sum("grown together" in one.mark.unreadable for one in judged) == held


@pytest.mark.parametrize(("confidence", "held"), [(0.4, 1), (0.1, 0)])
def test_ok__what_may_be_a_letter_or_a_digit_of_its_row_is_held(
    confidence: float, held: int
) -> None:
    explained = Reader(Templates(), sure_at=0.8).explain(page(ROW[:2]))
    digit = max((one.mark for one in explained.marks), key=lambda mark: mark.left)
    kinds = tuple({"letter": 0.6, "1": 0.4}.get(name, 0.0) for name in KINDS)
    beside = replace(digit, left=240, right=250, kinds=kinds)
    judged = [*explained.marks, Judged(beside, confidence, False)]
    judged = with_placeholders(explained.candidates, judged)
    assert [one.reason for one in judged if one.mark.left == 240 and one.is_digit] == [
        "may be a letter"
    ] * held
