"""What people are shown: annotated pictures and sheets of crops."""

from __future__ import annotations

import contextlib

import numpy as np

from pi_reader.network.neighbourhood import SIGNS
from pi_reader.pictures import SURE, UNSURE, annotated, confusion_chart, sheet
from pi_reader.values import Box, Digit, Frame, Line, Reading, Sign

FRAME = Frame(np.full((100, 200), 128, np.uint8), "paper")
READING = Reading(
    "paper",
    (200, 100),
    (
        Line(
            (
                Digit(7, 0.991, (1, 0.005), True, Box(20, 30, 40, 60)),
                Digit(4, 0.512, (9, 0.45), False, Box(120, 0, 40, 60)),
            )
        ),
    ),
)


def test_ok__boxes_have_the_colour_of_their_certainty() -> None:
    colours = np.asarray(annotated(FRAME, READING)).astype(int)
    assert colours.shape == (100, 200, 3)
    assert (colours[60, 20] == SURE).all() and (colours[89, 40] == SURE).all()
    assert (colours[40, 120] == UNSURE).all()
    assert (colours[60, 40] == 128).all(), "the paper inside the box stays as it was"
    assert (FRAME.grey == 128).all(), "the frame itself is never drawn on"


def test_ok__the_label_stands_above_its_digit() -> None:
    colours = np.asarray(annotated(FRAME, READING)).astype(int)
    assert (colours[31:89, 22:58] == 128).all(), "no part of it covers the digit"
    assert (colours[15:30, 20:60] == SURE).all(axis=-1).any(), "it is there at all"


def test_ok__each_sign_is_written_in_letters_that_the_font_has() -> None:
    def drawn(name: str) -> bytes:
        line = Line(READING.lines[0].digits, (Sign(name, 0.9, Box(80, 40, 20, 20)),))
        return annotated(FRAME, Reading("paper", (200, 100), (line,))).tobytes()

    unknown = b""
    with contextlib.suppress(UnicodeEncodeError):  # older Pillow's font cannot even try
        unknown = drawn("\uffff")
    assert all(drawn(name) != unknown for name in SIGNS)


def test_ok__sheet_shows_each_crop_as_it_is() -> None:
    crops = [np.zeros((28, 28), np.uint8) for _ in range(5)]
    crops[3][10:18, 10:18] = 255
    crops[4] = np.full((200, 100), 77, np.uint8)
    picture = np.asarray(sheet(crops, ["a", "b", "c", "d", "e"], columns=3))
    assert picture.shape[1] == 3 * 88
    row, column = 102 + 42, 42  # the middle of the fourth crop, first of the second row
    assert picture[row, column] == 255
    assert picture[42, 42] == 0
    assert picture[row, 88 + 20] == 77 and picture[row, 88 + 60] == 255, "proportions are kept"


def test_ok__confusion_chart_reddens_the_errors() -> None:
    confusion = np.diag(np.full(10, 90))
    confusion[4, 9] = 10
    picture = np.asarray(confusion_chart(confusion)).astype(int)
    error = picture[40 + 4 * 44 + 3, 40 + 9 * 44 + 3]
    right = picture[40 + 3, 40 + 3]
    assert error[0] == 255 and error[1] < 100
    assert right[1] > right[0]


def test_ok__an_empty_sheet_is_a_picture_too() -> None:
    assert min(sheet(np.zeros((0, 28, 28), np.uint8), []).size) > 0
