"""Patches: made like MNIST's, whatever the size and strength of the writing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pi_reader.reading.binarise import Ink
from pi_reader.reading.components import Components, find_components, strengths
from pi_reader.reading.patches import EDGE, centre, cut_patches, stretched
from pi_reader.values import SIDE

PAPER = np.full((1, 1), 200, np.int16)


def seven(height: int, stroke: int) -> np.ndarray:
    """A 7 with these measures in pixels, bool, with paper around."""
    picture = Image.new("L", (2 * height, 2 * height))
    left, top = height // 2, height // 2
    points = [(left, top), (left + int(0.6 * height), top), (left + height // 5, top + height)]
    ImageDraw.Draw(picture).line(points, fill=1, width=stroke, joint="curve")
    return np.array(picture) > 0  # a picture of mode 1 gives bools of 255, whose bytes mislead


def ink_of(mask: np.ndarray, strength: int = 120) -> tuple[Ink, Components]:
    contrast = (mask * strength).astype(np.uint8)
    ink = Ink(contrast, np.full(mask.shape, 40, np.uint8), mask, 1, 1.0, False, PAPER, 8)
    found = find_components(mask)
    return ink, replace(found, strength=strengths(found, contrast))


def patch(mask: np.ndarray, strength: int = 120) -> np.ndarray:
    ink, found = ink_of(mask, strength)
    return cut_patches(ink, found, [(0,)])[0]


def test_ok__like_mnist_twenty_pixels_and_the_mass_in_the_middle() -> None:
    for height in (12, 30, 80, 300):
        made = patch(seven(height, max(2, height // 9)))
        assert (made.shape, made.dtype) == ((SIDE, SIDE), np.uint8)
        rows, columns = np.nonzero(made > 20)
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == pytest.approx(EDGE, abs=1)
        mass = made.astype(float)
        place = np.arange(SIDE)
        assert (mass.sum(axis=1) @ place) / mass.sum() == pytest.approx(13.5, abs=0.75)
        assert (mass.sum(axis=0) @ place) / mass.sum() == pytest.approx(13.5, abs=0.75)


def test_ok__faint_and_bold_ink_make_the_same_patch() -> None:
    mask = seven(60, 6)
    assert np.abs(patch(mask, 25).astype(int) - patch(mask, 200)).max() <= 8
    assert patch(mask, 25).max() > 220


def test_ok__size_does_not_matter() -> None:
    small, large = patch(seven(40, 4)), patch(seven(160, 16))
    assert np.abs(small.astype(int) - large).mean() < 8


def test_ok__hairlines_do_not_fade() -> None:
    hairline = patch(seven(200, 2))
    assert hairline.max() > 200
    assert hairline.sum() > 0.5 * patch(seven(200, 20)).astype(int).sum()


def test_ok__the_neighbours_ink_stays_out() -> None:
    mask = seven(60, 6)
    alone = patch(mask)
    crowded = mask.copy()
    crowded[70:90, 72:76] = True  # within the 7's box, under its bar
    ink, found = ink_of(crowded)
    assert len(found) == 2
    assert np.array_equal(cut_patches(ink, found, [(0,)])[0], alone)
    both = cut_patches(ink, found, [(0, 1)])[0]
    assert both.sum() > alone.sum()


def test_ok__no_marks_no_patches() -> None:
    ink, found = ink_of(seven(20, 2))
    assert cut_patches(ink, found, []).shape == (0, SIDE, SIDE)


def test_ok__a_lopsided_crop_stays_on_its_patch() -> None:
    crops = np.zeros((2, EDGE, EDGE), np.uint8)
    crops[0, :2, :2] = 255
    crops[1, -2:, -2:] = 255
    moved = centre(crops)
    assert moved.sum(dtype=int) == crops.sum(dtype=int)


def test_ok__contrast_is_stretched_as_by_multiplying_each_pixel() -> None:
    rng = np.random.default_rng(3)
    pictures = rng.integers(0, 256, (5, 7, 9)).astype(np.uint8)
    gains = np.array([0.0, 0.3, 1.0, 1.7, 300.0], np.float32)
    expected = np.minimum(pictures * gains[:, None, None], np.float32(255)).astype(np.uint8)
    out = stretched(pictures.tobytes(), gains)
    assert np.array_equal(out.reshape(5, 7, 9), expected) and out.flags.writeable
    assert stretched(b"", np.zeros(0, np.float32)).size == 0
