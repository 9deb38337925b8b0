"""Light digits on dark plates are read, and a wheel between two digits is a `?`."""

from __future__ import annotations

import numpy as np
from test_reading import Templates, page

from pi_reader.reading.binarise import binarise
from pi_reader.reading.components import find_components
from pi_reader.reading.plates import open_plates
from pi_reader.reading.reader import Reader
from pi_reader.values import Frame

ROW = [(7, 60, 60), (4, 160, 58), (7, 260, 60), (4, 360, 58)]


def meter() -> np.ndarray:
    """Four light digits, each on a dark plate of its own."""
    grey = page(ROW).grey.copy()
    for _, x, y in ROW:
        plate = slice(y - 18, y + 80), slice(x - 18, x + 62)
        grey[plate] = 255 - grey[plate]
    return grey


def test_ok__light_digits_on_dark_plates_are_read() -> None:
    reading = Reader(Templates(), sure_at=0.8).read(Frame(meter(), "meter"))
    assert reading.text == "7474" and reading.sure


def test_ok__a_wheel_between_two_digits_is_held() -> None:
    grey = meter()
    grey[42:70, 278:284] = grey[110:140, 300:306] = 195  # the feet of one, the head of the next
    reading = Reader(Templates(), sure_at=0.8).read(Frame(grey, "meter"))
    assert reading.text == "74?4"


def test_ok__frames_digits_and_blots_are_no_plates() -> None:
    frame = page(ROW)
    grey = frame.grey.copy()
    grey[200:204, 60:200] = grey[300:304, 60:200] = 60  # a frame
    grey[200:304, 60:64] = grey[200:304, 196:200] = 60
    ink = binarise(grey)
    assert open_plates(ink, find_components(ink.mask)) is None
    rows, columns = np.mgrid[: grey.shape[0], : grey.shape[1]]
    away = np.hypot((rows - 300) / 60, (columns - 400) / 45)
    grey[(away < 1) & (away > 0.3)] = 60  # a bold 0
    ink = binarise(grey)
    assert open_plates(ink, find_components(ink.mask)) is None


def test_ok__a_bold_stroke_is_no_plate() -> None:
    grey = page([]).grey.copy()
    grey[100:170, 100:128] = 60
    ink = binarise(grey)
    opened = open_plates(ink, find_components(ink.mask))
    assert (ink if opened is None else opened).mask[100:170, 100:128].mean() > 0.9


def test_ok__a_small_bold_eight_is_no_plate() -> None:
    rows, columns = np.mgrid[:480, :640]
    grey = page([]).grey.copy()
    for y in (109, 127):
        away = np.hypot(rows - y, columns - 110)
        grey[(away < 11) & (away > 4)] = 60
    ink = binarise(grey)
    opened = open_plates(ink, find_components(ink.mask))
    assert ((ink if opened is None else opened).mask == ink.mask).all()
