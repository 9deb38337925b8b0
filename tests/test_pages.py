"""Drawn pages: a picture and the truth about it, which must be the truth."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.handwriting import Page, Style, draw_page
from pi_reader.handwriting.beside import lay_marks
from pi_reader.handwriting.paper import View
from pi_reader.values import Box

SETTINGS = [
    (0.0, (640, 480)),
    (0.5, (640, 480)),
    (1.0, (640, 480)),
    (0.4, (320, 240)),
    (0.4, (900, 700)),
]


@pytest.fixture(scope="module", params=SETTINGS, ids=str)
def pages(request: pytest.FixtureRequest) -> list[Page]:
    difficulty, size = request.param
    rng = np.random.default_rng(21)
    return [draw_page(rng, difficulty, size) for _ in range(6)]


def boxes_of(page: Page) -> list[Box]:
    return [box for line in page.lines for _, box in line]


def within(page: Page, box: Box, border: int = 0) -> np.ndarray:
    return page.frame.grey[
        max(box.y - border, 0) : box.bottom + border, max(box.x - border, 0) : box.right + border
    ].astype(np.float32)


def test_pages_hold_what_they_promise(pages: list[Page]) -> None:
    for page in pages:
        height, width = page.frame.grey.shape
        assert page.frame.grey.dtype == np.uint8
        assert page.lines
        assert all(page.lines)
        assert page.text.replace("\n", "").isdecimal()
        for box in boxes_of(page):
            assert 0 <= box.x < box.right <= width
            assert 0 <= box.y < box.bottom <= height
            assert max(box.width, box.height) >= 8


def test_lines_run_from_left_to_right_and_from_top_to_bottom(pages: list[Page]) -> None:
    for page in pages:
        for line in page.lines:
            middles = [box.x + box.width / 2 for _, box in line]
            assert middles == sorted(middles)
        tops = [np.mean([box.y for _, box in line]) for line in page.lines]
        assert tops == sorted(tops)


def test_boxes_hold_ink_and_around_them_is_paper(pages: list[Page]) -> None:
    """Inside a box lies something much darker, or lighter, than most of its surroundings."""
    clear = []
    for page in pages:
        for box in boxes_of(page):
            inside, around = within(page, box), within(page, box, border=6)
            paper = np.median(around)
            clear.append(np.abs(inside - paper).max() / max(paper, 255 - paper))
    assert np.mean(np.array(clear) > 0.12) > 0.97
    assert min(clear) > 0.08  # the faintest pencil still differs from its paper


def test_boxes_are_tight() -> None:
    """On a fair copy each edge of a box touches ink, and one step farther out there is none."""
    rng = np.random.default_rng(22)
    tight = outside = total = 0
    for _ in range(8):
        page = draw_page(rng, 0.0, lines=1)
        grey = page.frame.grey.astype(np.float32)
        ink = np.abs(grey - np.median(grey)) > 40
        for box in boxes_of(page):
            own = ink[box.y : box.bottom, box.x : box.right]
            for edge in (own[:2], own[-2:], own[:, :2], own[:, -2:]):
                tight += bool(edge.any())
                total += 1
            above = ink[max(box.y - 4, 0) : box.y - 2, box.x : box.right]
            below = ink[box.bottom + 2 : box.bottom + 4, box.x : box.right]
            outside += int(above.any()) + int(below.any())
    assert tight / total > 0.9
    assert outside / (total / 2) < 0.1


def test_same_seed_same_page() -> None:
    first, again, other = (draw_page(np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first.frame.grey, again.frame.grey)
    assert first.lines == again.lines
    assert not np.array_equal(first.frame.grey, other.frame.grey)


def test_difficulty_is_what_makes_light_uneven() -> None:
    """Paper, seen through a coarse grid, is more even on easy pages than on hard ones."""

    def unevenness(difficulty: float) -> float:
        rng = np.random.default_rng(5)
        spreads = []
        for _ in range(10):
            grey = draw_page(rng, difficulty).frame.grey
            cells = np.median(grey.reshape(8, 60, 8, 80), axis=(1, 3))
            spreads.append(np.std(cells) / np.mean(cells))
        return float(np.mean(spreads))

    assert unevenness(1.0) > 1.5 * unevenness(0.0)


def test_one_person_can_fill_many_pages() -> None:
    rng = np.random.default_rng(6)
    style = Style.random(rng)
    page = draw_page(rng, 0.2, style=style, lines=3)
    assert len(page.lines) == 3


def test_marks_stand_beside_the_digits_and_not_in_the_truth() -> None:
    def dark_outside(page: Page) -> int:
        grey = page.frame.grey.astype(np.float32)
        ink = np.abs(grey - np.median(grey)) > 60
        for box in boxes_of(page):
            ink[box.y - 3 : box.bottom + 3, box.x - 3 : box.right + 3] = False
        return int(ink.sum())

    more = []
    for seed in range(6):
        plain, marked = (
            draw_page(np.random.default_rng(seed), 0.0, marks=marks) for marks in (False, True)
        )
        assert plain.lines == marked.lines
        assert dark_outside(plain) < 20  # a fair copy on plain paper
        more.append(dark_outside(marked))
    assert np.median(more) > 100


def test_marks_leave_room_around_digits() -> None:
    rng = np.random.default_rng(8)
    boxes = [Box(100, 100, 30, 50), Box(150, 105, 35, 45)]
    some = 0
    for _ in range(10):
        cover = np.zeros((240, 320), np.float32)
        for box in boxes:
            cover[box.y : box.bottom, box.x : box.right] = 0.5
        lay_marks(cover, rng, Style.random(rng), [boxes], pen=4)
        near = cover[96:154, 96:189]
        assert set(np.unique(near)) == {0, 0.5}
        assert 0 <= cover.min() <= cover.max() <= 1
        some += bool((cover == 1).any())
    assert some >= 8


@pytest.mark.parametrize(
    "settings", [{"difficulty": 1.5}, {"difficulty": -0.1}, {"size": (63, 480)}, {"lines": 0}]
)
def test_fail__impossible_pages(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be"):
        draw_page(np.random.default_rng(0), **settings)  # type: ignore[arg-type]


def test_a_view_can_be_taken_back() -> None:
    view = View.random(np.random.default_rng(7), (640, 480), 1.0)
    points = np.array([[0, 0], [639, 0], [320, 240], [100, 400]], np.float32)
    there = view.to_frame(points)
    assert there.dtype == np.float32
    np.testing.assert_allclose(view.to_page(there), points, atol=0.05)
    np.testing.assert_allclose(view.to_frame(points[2]), points[2], atol=1e-3)  # turns about it
