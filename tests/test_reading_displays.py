"""Digits of seven segments are known by which of them are lit; nothing written by hand is one."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw
from test_reading import Templates, page

from pi_reader.reading.components import find_components
from pi_reader.reading.displays import _decode, find_displays
from pi_reader.reading.reader import Reader
from pi_reader.values import Frame

LIT = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")
ENDS = {  # of each segment, in widths and half heights of a digit
    "a": (0, 0, 1, 0),
    "b": (1, 0, 1, 1),
    "c": (1, 1, 1, 2),
    "d": (0, 2, 1, 2),
    "e": (0, 1, 0, 2),
    "f": (0, 0, 0, 1),
    "g": (0, 1, 1, 1),
}


def display(
    text: str,
    tall: float = 80,
    wide: float = 0.5,
    pen: float = 0.12,
    gap: float = 0.3,
    **more: float,
) -> np.ndarray:
    """Ink of a display, (240, 640) uint8, 255 where it is lit; `wide` and `pen` in heights, `gap`
    in pens; `lean` in columns per row, `pointed` how much of a pen the ends are pointed."""
    lean, pointed = more.get("lean", 0.0), more.get("pointed", 0.5)
    picture = Image.new("L", (4 * 640, 4 * 240))
    draw = ImageDraw.Draw(picture)
    thick = pen * tall
    for place, segments in enumerate(LIT[int(mark)] if mark.isdecimal() else "" for mark in text):
        corner = np.array([60 + place * tall * (wide + 0.35), 60])
        for one in segments:
            x0, y0, x1, y1 = np.array(ENDS[one]) * [wide, 0.5, wide, 0.5] * tall
            along = np.array([x1 - x0, y1 - y0]) / np.hypot(x1 - x0, y1 - y0)
            side, start = along[::-1] * thick / 2, np.array([x0, y0]) + along * gap * thick
            end, point = np.array([x1, y1]) - along * gap * thick, along * pointed * thick
            half = [start, start + point + side, end - point + side]
            dots = np.array([*half, end, end - point - side, start + point - side])
            dots[:, 0] += lean * (tall - dots[:, 1])
            draw.polygon([tuple(4 * (corner + dot)) for dot in dots], fill=255)
    return np.asarray(picture.resize((640, 240), Image.Resampling.BOX))


def shown(ink: np.ndarray) -> str:
    """What is found on a display's ink, from left to right."""
    digits = sorted(digit for _, digit in find_displays(find_components(ink > 127)))
    return "".join("?" if digit[4] < 0 else str(digit[4]) for digit in digits)


@pytest.mark.parametrize("lean", [0.0, 0.08, 0.18])
@pytest.mark.parametrize(("pen", "gap"), [(0.08, 0.3), (0.08, 0.7), (0.12, 0.25), (0.14, 0.6)])
@pytest.mark.parametrize(("wide", "tall"), [(0.42, 60), (0.5, 110), (0.6, 80)])
def test_ok__lit_segments_say_which_digit_it_is(
    lean: float, pen: float, gap: float, wide: float, tall: float
) -> None:
    for text in ("01234", "56789"):
        assert shown(display(text, tall, wide, pen, gap, lean=lean)) == text


def test_ok__the_ends_of_segments_may_be_blunt() -> None:
    assert shown(display("920", gap=0.7, pointed=0.0)) == "920"


def test_ok__a_pattern_that_is_no_digit_is_unread() -> None:
    ink = display("380").copy()
    left = int(np.flatnonzero(ink.any(axis=0))[0])
    ink[:110, left : left + 55] = 0  # only the lower half of the 3 is left
    assert shown(ink) in ("?80", "80")


@pytest.mark.parametrize("dark", [False, True])
def test_ok__a_display_is_read(dark: bool) -> None:
    lit = display("48052").astype(np.float32) / 255
    grey = 150 - 130 * lit if dark else 30 + 200 * lit
    reading = Reader(Templates(), sure_at=0.8).read(Frame(grey.astype(np.uint8), "display"))
    assert reading.text == "48052"
    assert all(digit.confidence > 0.99 for digit in reading.digits)


def test_ok__digits_of_pen_are_no_display() -> None:
    grey = page([(7, 60, 60), (4, 150, 58), (1, 240, 60), (1, 240, 130)], noise=0.0).grey
    assert not find_displays(find_components(grey < 130))


def test_ok__ones_and_dashes_are_no_display() -> None:
    ink = np.zeros((300, 400), bool)
    for row in (40, 100):
        for column in range(40, 300, 60):
            ink[row : row + 50, column : column + 6] = True
    ink[200:206, 40:300:1] = True
    ink[230:236, 40:80] = ink[244:250, 40:80] = True
    assert not find_displays(find_components(ink))


def test_ok__ones_alone_are_no_display() -> None:
    """Nothing else says that they are one."""
    for text in ("1", "11", "111"):
        assert not find_displays(find_components(display(text) > 127))
        Reader(Templates()).read(Frame(255 - display(text)))


def test_ok__a_bar_without_room_for_two_segments_is_no_1() -> None:
    mask = np.zeros((80, 80), bool)
    mask[20:42, 20:27] = True
    assert _decode(find_components(mask), [0], 0.0) == -1
