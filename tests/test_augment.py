"""Changed patches are still patches, differ as much as they were told to, and can be had again."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.training import augment
from pi_reader.training.augment import Augmenter, Resampler, turned
from pi_reader.training.recipes import Augmentation

STILL = Augmentation(
    turn=0, shear=0, zoom=0, shift=0, bend=0, pen_share=0, contrast=0, blur_share=0,
    noise_share=0, hole_share=0,
)  # fmt: skip


def ring(count: int = 3) -> np.ndarray:
    """A patch with something to see: a ring with a bar, (count, 28, 28) uint8."""
    y, x = np.mgrid[:28, :28] - 13.5
    distance = np.hypot(x, y)
    ink = (abs(distance - 7) < 2) | ((abs(x) < 1) & (y > 0) & (y < 10))
    return np.repeat((ink * 255).astype(np.uint8)[None], count, axis=0)


def test_ok__nothing_allowed_is_nothing_changed():
    patches = np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.uint8)
    changed = Augmenter(STILL)(patches, np.random.default_rng(1))
    np.testing.assert_allclose(changed, patches / 255, atol=2e-6)


def test_ok__same_random_numbers_same_patches_whatever_went_before():
    patches = ring(40)
    fresh, used = Augmenter(Augmentation(), 8), Augmenter(Augmentation(), 64)
    used(patches[::-1], np.random.default_rng(9))
    first = fresh(patches, np.random.default_rng(2)).copy()
    np.testing.assert_array_equal(first, used(patches, np.random.default_rng(2)))
    assert not np.array_equal(first, used(patches, np.random.default_rng(3)))


def test_ok__changed_patches_are_float32_between_paper_and_ink():
    patches = ring(200)
    before = patches.copy()
    changed = Augmenter(Augmentation())(patches, np.random.default_rng(4))
    assert changed.dtype == np.float32 and changed.shape == patches.shape
    assert changed.min() >= 0 and changed.max() <= 1
    np.testing.assert_array_equal(patches, before)
    assert np.unique(changed.reshape(200, -1).sum(axis=1)).size == 200
    assert (changed.sum(axis=(1, 2)) > 20).all()  # nobody's ink was lost


def test_ok__a_shift_by_whole_pixels_moves_the_picture():
    patches = ring(1).astype(np.float32)
    none, same = np.zeros(1), np.ones((2, 1))
    moved = Resampler(1)(
        patches, augment.affine_from(none, none, same, np.array([[3.0], [-2.0]])), bend=0.0
    )
    np.testing.assert_allclose(moved[0, 2:, :-3], patches[0, :-2, 3:], atol=1e-4)


def test_ok__turning_by_a_quarter_is_numpys_rot90():
    patches = ring(2)
    np.testing.assert_array_equal(turned(patches, 90.0)[0], np.rot90(patches[0], -1))
    np.testing.assert_array_equal(turned(patches, 0.0), patches)
    back = turned(turned(patches, 10.0), -10.0).astype(int)
    assert np.abs(back - patches).mean() < 20  # resampled twice, but the same ring


def test_ok__pens_get_broader_and_finer():
    inked = np.zeros((100, 28, 28), np.float32)
    inked[:, 10:18, 12:15] = 1
    before = inked.sum(axis=(1, 2))
    augment.change_pen(inked, 1.0, 0.5, 0.6, np.random.default_rng(6))
    change = inked.sum(axis=(1, 2)) - before
    assert ((change > 0).sum(), (change < 0).sum()) == (30, 30)
    assert inked.min() >= 0 and inked.max() <= 1


def test_ok__contrast_leaves_paper_and_ink_alone():
    inked = np.tile(np.linspace(0, 1, 28, dtype=np.float32), (50, 28, 1))
    augment.bend_contrast(inked, 0.5, np.random.default_rng(7))
    assert (inked[:, :, 0] == 0).all() and np.allclose(inked[:, :, -1], 1)
    assert (np.diff(inked, axis=2) > 0).all()  # darker stays darker
    assert np.ptp(inked[:, 0, 14]) > 0.1


def test_ok__blur_keeps_the_ink_and_loses_the_edge():
    inked = ring(60).astype(np.float32) / 255
    sharp = inked.copy()
    augment.blur(inked, 1.0, np.random.default_rng(8))
    np.testing.assert_allclose(inked.sum(axis=(1, 2)), sharp.sum(axis=(1, 2)), rtol=1e-4)
    assert (np.abs(np.diff(inked)).max(axis=(1, 2)) < 1).all()


def test_ok__holes_and_noise_touch_their_share():
    inked = np.full((400, 28, 28), 0.5, np.float32)
    augment.punch_holes(inked, 0.25, 5, np.random.default_rng(9))
    touched = (inked == 0).any(axis=(1, 2))
    assert 60 < touched.sum() < 140
    assert (inked[touched] == 0).sum(axis=(1, 2)).max() <= 25
    augment.add_noise(inked, 0.1, 0.25, np.random.default_rng(9))
    assert inked.min() >= 0 and inked.max() <= 1


def test_ok__bendings_are_smooth_and_as_strong_as_said():
    fields = augment.smooth_fields(50, np.random.default_rng(10)).reshape(50, 28, 28)
    assert np.sqrt(np.mean(fields**2)) == pytest.approx(1, abs=1e-4)
    assert np.abs(np.diff(fields, axis=2)).max() < 1  # no pixel overtakes its neighbour
