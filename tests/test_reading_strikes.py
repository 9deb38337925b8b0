"""What a straight stroke goes through is crossed out; what stands on it is not."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw
from test_reading import Templates, page

from pi_reader.reading.components import find_components
from pi_reader.reading.reader import Reader
from pi_reader.reading.strikes import find_strikes
from pi_reader.values import Frame

ROW = [(7, 60, 60), (4, 150, 58), (7, 240, 60)]


def ruled(frame: Frame, *line: int) -> np.ndarray:
    picture = Image.fromarray(frame.grey)
    ImageDraw.Draw(picture).line(line, fill=60, width=4)
    return np.asarray(picture)


@pytest.mark.parametrize("fall", [-12, 0, 12])
def test_ok__a_stroke_through_a_number_makes_it_unreadable(fall: int) -> None:
    grey = ruled(page([*ROW, (4, 60, 300), (7, 150, 300)]), 45, 80 - fall, 300, 80 + fall)
    reading = Reader(Templates(), sure_at=0.8).read(Frame(grey, "struck"))
    assert reading.text == "???\n47"
    assert {digit.reason for digit in reading.lines[0].digits} == {"crossed out"}


def test_ok__digits_that_meet_a_stroke_at_their_waist_alone_are_crossed_out() -> None:
    picture = Image.fromarray(page([], noise=0.0).grey)
    draw = ImageDraw.Draw(picture)
    for left in range(60, 360, 80):  # an S each, whose middle the stroke covers
        draw.line((left + 40, 100, left, 100, left, 130), fill=60, width=5)
        draw.line((left + 40, 130, left + 40, 160, left, 160), fill=60, width=5)
    draw.line((45, 130, 380, 130), fill=60, width=3)
    ink = np.asarray(picture) < 130
    assert len(find_strikes(find_components(ink), ink.shape)[1]) == 1


def test_ok__feet_on_a_line_are_not_crossed_out() -> None:
    ink = ruled(page(ROW, noise=0.0), 45, 118, 300, 118) < 130
    strokes, crossed = find_strikes(find_components(ink), ink.shape)
    assert strokes is not None and not crossed
    rest = find_components(ink & ~strokes)
    assert (rest.height > 40).sum() == 3


@pytest.mark.parametrize("shapes", [[], [(4, 60, 60)], [(7, 60, 60), (1, 150, 60)]])
def test_ok__digits_alone_have_no_strikes(shapes: list[tuple[int, int, int]]) -> None:
    ink = page(shapes, noise=0.0).grey < 130
    assert find_strikes(find_components(ink), ink.shape) == (None, ())


@pytest.mark.parametrize("fall", range(-30, 31, 4))
def test_ok__a_thin_stroke_through_a_long_number_is_found_at_any_slope(fall: int) -> None:
    row = [(shape, 40 + 80 * place, 60) for place, shape in enumerate((7, 4, 7, 4, 7, 4))]
    picture = Image.fromarray(page(row, noise=0.0).grey)
    ImageDraw.Draw(picture).line((25, 82 - fall, 505, 82 + fall), fill=60, width=3)
    ink = np.asarray(picture) < 130
    assert find_strikes(find_components(ink), ink.shape)[1], "it is crossed out"


def test_ok__a_bold_steep_stroke_at_the_foot_of_its_box_is_looked_at() -> None:
    for height, width, thick in ((9, 12, 2), (9, 12, 3), (13, 19, 2), (20, 30, 3)):
        rows, columns = np.indices((height, width))
        foot = np.abs(rows - (height - 2 - 0.27 * (columns - width / 2))) <= thick
        ink = np.pad(foot | (rows < 3) | (columns < 3), 5)
        strokes, _ = find_strikes(find_components(ink), ink.shape)
        assert strokes is None or not (strokes & ~ink).any()
