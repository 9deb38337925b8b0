"""Aiming: the figure of focus peaks where the picture is sharpest, whatever the light."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from pi_reader.box.aiming import figures, focus
from pi_reader.handwriting.page import draw_page
from pi_reader.values import Box, Digit, Line, Reading


@pytest.fixture(scope="module")
def page() -> np.ndarray:
    return draw_page(np.random.default_rng(5), difficulty=0.2).frame.grey


def blurred(grey: np.ndarray, radius: float) -> np.ndarray:
    return np.asarray(Image.fromarray(grey).filter(ImageFilter.GaussianBlur(radius)))


def test_ok__focus_falls_with_every_step_of_blur(page: np.ndarray) -> None:
    noise = np.random.default_rng(1)
    seen = []
    for radius in (0, 0.7, 1.5, 3, 6):  # the camera's noise comes after the lens
        noisy = blurred(page, radius) + noise.normal(0, 3, page.shape)
        seen.append(focus(np.clip(noisy, 0, 255).astype(np.uint8)))
    assert seen == sorted(seen, reverse=True)
    assert seen[0] > 1.5 * seen[2] > 0


def test_ok__light_does_not_pass_for_focus(page: np.ndarray) -> None:
    dimmer = (page * 0.6).astype(np.uint8)
    assert focus(dimmer) == pytest.approx(focus(page), rel=0.1)


def test_ok__figures_of_a_frame(page: np.ndarray) -> None:
    digits = tuple(
        Digit(7, 0.9, (1, 0.05), True, box) for box in (Box(30, 40, 12, 20), Box(590, 300, 20, 33))
    )
    values = figures(page, Reading("", (640, 480), (Line(digits),)))
    assert (values["digits"], values["smallest"], values["largest"], values["edge"]) == (
        2,
        20,
        33,
        30,
    )
    assert values["trouble"] == "" and 0 <= values["clipped"] <= 1
    assert type(values["focus"]) is float


@pytest.mark.parametrize(
    "grey",
    [
        np.zeros((480, 640), np.uint8),
        np.full((1, 1), 255, np.uint8),
        np.full((480, 640), 255, np.uint8),
    ],
)
def test_ok__frames_without_anything(grey: np.ndarray) -> None:
    values = figures(grey, None)
    assert values["focus"] == 0 and "digits" not in values
