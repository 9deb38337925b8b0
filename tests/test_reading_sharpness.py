"""A picture that moved or is out of focus is said to be, and its digits are believed less."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter
from test_reading import Templates, page

from pi_reader.cli.common import open_reader
from pi_reader.cli.read import as_json, for_people
from pi_reader.handwriting.scenes import draw_scene
from pi_reader.reading.context import Judged
from pi_reader.reading.decode import Mark
from pi_reader.reading.reader import Reader
from pi_reader.reading.sharpness import COST, UNHURT, find_blur, less_sure
from pi_reader.values import Frame

ROW = [(7, 60, 60), (4, 150, 58), (7, 240, 60)]


def moved(grey: np.ndarray, across: int, down: int, steps: int = 24) -> np.ndarray:
    """A picture taken while the page moved so many pixels."""
    places = np.rint(np.linspace(0, 1, steps)[:, None] * [down, across]).astype(int)
    return np.mean([np.roll(grey, place, (0, 1)) for place in places], axis=0).astype(np.uint8)


def blur_of(grey: np.ndarray, boxes: list[tuple[int, int, int, int]]) -> float:
    box = np.array(boxes, np.int32)
    return find_blur(255 - grey, box, box[:, 3] - box[:, 1])


@pytest.mark.parametrize(("across", "down"), [(0, 0), (2, 0), (0, 2)])
def test_ok__a_sharp_page_is_read_as_ever(across: int, down: int) -> None:
    reading = Reader(Templates(), sure_at=0.8).read(
        Frame(moved(page(ROW).grey, across, down), "sharp")
    )
    assert reading.text == "747" and not reading.blurred
    assert "blurred" not in as_json(reading)


@pytest.mark.parametrize(("across", "down"), [(14, 0), (0, 14), (11, 11), (11, -11)])
def test_ok__a_page_that_moved_is_said_to_be_blurred(across: int, down: int) -> None:
    reading = Reader(Templates(), sure_at=0.8).read(
        Frame(moved(page(ROW).grey, across, down), "moved")
    )
    assert reading.blurred and as_json(reading)["blurred"] is True
    assert "hold still" in for_people(reading)
    assert not any(digit.sure for digit in reading.digits)


def test_ok__a_page_out_of_focus_is_said_to_be_blurred() -> None:
    soft = Image.fromarray(page(ROW).grey).filter(ImageFilter.GaussianBlur(5))
    reading = Reader(Templates(), sure_at=0.8).read(Frame(np.asarray(soft), "soft"))
    assert reading.blurred and not any(digit.sure for digit in reading.digits)


@pytest.mark.parametrize("kind", ["empty", "signs"])
def test_ok__a_page_without_digits_is_not_blurred_for_its_shadows(kind: str) -> None:
    reader = open_reader("default")
    scenes = [draw_scene(np.random.default_rng([3, seed]), kind) for seed in range(10)]
    assert not any(reader.read(scene.frame).blurred for scene in scenes)


def test_ok__the_same_blur_matters_less_beside_larger_digits() -> None:
    small, large = (
        page([(7, 60, 60)]).grey,
        np.asarray(Image.fromarray(page([(7, 60, 60)]).grey).resize((1280, 960))),
    )
    near = blur_of(moved(small, 10, 0), [(60, 60, 110, 120)])
    far = blur_of(moved(large, 10, 0), [(120, 120, 220, 240)])
    assert near > 1.8 * far > 0


def test_ok__nothing_to_judge_by_is_not_blurred() -> None:
    assert find_blur(np.zeros((20, 20), np.uint8), np.zeros((0, 4), np.int32), np.zeros(0)) == 0
    assert blur_of(np.full((20, 20), 255, np.uint8), [(1, 1, 3, 3)]) == 0


def test_ok__blur_costs_confidence_and_says_why() -> None:
    mark = Mark(0, 0, 9, 9, 100.0, (0.98, *(0.002,) * 10))
    before = Judged(mark, 0.98, True)
    assert less_sure([before], UNHURT) == [before]
    (after,) = less_sure([before], UNHURT + 1 / COST)
    assert after.confidence == pytest.approx(1 / (1 + np.e * 0.02 / 0.98))
    assert after.reason == "blurred" and after.is_digit
    assert less_sure([before], 99.0)[0].confidence < 1e-9
