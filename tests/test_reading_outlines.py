"""Outlines are known by what they hold, and taken out without what touches them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pi_reader.reading.components import find_components
from pi_reader.reading.outlines import _with_edges, find_walls

ONE = (100, 60, 104, 110)  # a stroke: left, top, right, bottom
FRAME = (80, 40, 140, 130)


def drawn(*shapes: tuple[str, tuple[int, ...], int]) -> np.ndarray:
    """Ink, (200, 300) bool: outlines of so many pixels, or filled rectangles with 0."""
    picture = Image.new("1", (300, 200))
    draw = ImageDraw.Draw(picture)
    for shape, box, width in shapes:
        if width:
            getattr(draw, shape)(box, outline=1, width=width)
        else:
            getattr(draw, shape)(box, fill=1)
    return np.asarray(picture).copy()


def left_of(ink: np.ndarray) -> np.ndarray:
    walls = find_walls(find_components(ink), ink.shape)
    return ink if walls is None else ink & ~walls


@pytest.mark.parametrize("width", [1, 2, 6])
@pytest.mark.parametrize("shape", ["rectangle", "ellipse"])
def test_ok__an_outline_goes_and_what_it_holds_stays(shape: str, width: int) -> None:
    inner = drawn(("rectangle", ONE, 0))
    ink = inner | drawn((shape, FRAME, width))
    assert np.array_equal(left_of(ink), inner)


def test_ok__joined_cells_go_and_empty_ones_with_them() -> None:
    inner = drawn(("rectangle", ONE, 0))
    cells = [(80 + 50 * i, 40, 130 + 50 * i, 130) for i in range(4)]
    assert np.array_equal(left_of(inner | drawn(*(("rectangle", c, 3) for c in cells))), inner)


def test_ok__the_edges_of_a_wall_that_is_thicker_than_others_go_too() -> None:
    inner = drawn(("rectangle", ONE, 0))
    cells = (("rectangle", box, 3) for box in [(50, 40, 149, 130), (150, 40, 249, 130)])
    walls = drawn(*cells, ("rectangle", (147, 40, 153, 130), 0))
    assert np.array_equal(left_of(inner | walls), inner)
    through = drawn(("rectangle", (140, 80, 170, 84), 0))
    assert (left_of(inner | walls | through) & through).any(), "a stroke across it stays"


def test_ok__walls_on_noise_are_taken_without_their_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = drawn(("rectangle", ONE, 0))
    cells = (("rectangle", box, 3) for box in [(50, 40, 149, 130), (150, 40, 249, 130)])
    ink = inner | drawn(*cells, ("rectangle", (147, 40, 153, 130), 0))
    own, part = ink, ink & (np.arange(300) % 2 == 0)
    monkeypatch.setattr("pi_reader.reading.components.MAX_RUNS", 50)  # none is known of the rest
    assert np.array_equal(_with_edges(own, part, 10), part)


def test_ok__a_frame_in_a_frame_goes_too() -> None:
    inner = drawn(("rectangle", ONE, 0))
    double = drawn(("rectangle", FRAME, 2), ("rectangle", (72, 32, 148, 138), 2))
    assert np.array_equal(left_of(inner | double), inner)


def test_ok__a_stroke_that_touches_or_crosses_the_outline_stays() -> None:
    inner = drawn(("rectangle", ONE, 0))
    through = drawn(("rectangle", (120, 70, 124, 160), 0))  # leaves the frame below
    left = left_of(inner | through | drawn(("rectangle", FRAME, 3)))
    assert left[inner].all()
    kept = left & through
    assert kept[:125].any() and kept[135:].any()
    rest = find_components(left)
    assert (rest.height > 40).sum() == 2  # the one inside, and the upper part of the other


def test_ok__a_0_that_touches_its_frame_stays_beside_a_piece_of_a_digit() -> None:
    held = drawn(("rectangle", ONE, 0), ("rectangle", (90, 60, 96, 72), 0))  # pieces are smaller
    zero = drawn(("ellipse", (112, 60, 138, 112), 4))
    left = left_of(held | zero | drawn(("rectangle", FRAME, 3)))
    assert left[held].all()
    assert (left & zero).sum() > 0.8 * zero.sum()


def test_ok__an_outline_open_at_a_corner_goes() -> None:
    inner = drawn(("rectangle", ONE, 0))
    frame = drawn(("rectangle", FRAME, 2))
    frame[125:131, 136:141] = False
    assert np.array_equal(left_of(inner | frame), inner)


def test_ok__a_digit_with_a_speck_in_its_loop_is_no_outline() -> None:
    ink = drawn(("ellipse", (80, 40, 130, 120), 5), ("rectangle", (102, 76, 106, 86), 0))
    assert np.array_equal(left_of(ink), ink)


def test_ok__digits_side_by_side_hold_nothing() -> None:
    ink = drawn(("ellipse", (80, 40, 130, 120), 5), ("rectangle", (140, 40, 145, 120), 0))
    assert np.array_equal(left_of(ink), ink)


def test_ok__no_ink_has_no_outlines() -> None:
    assert find_walls(find_components(np.zeros((4, 4), bool)), (4, 4)) is None
