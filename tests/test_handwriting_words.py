"""Letters, words on pages, and small scans."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.handwriting import draw_page, draw_patches, scanned
from pi_reader.training.pages import _is_alike, draw_from_pages
from pi_reader.values import Box


def test_ok__scans_are_coarse_and_still_digits() -> None:
    rng = np.random.default_rng(1)
    smooth = draw_patches(np.repeat(np.arange(10), 8), rng)
    before = smooth.copy()
    coarse = scanned(smooth, rng)
    assert (smooth == before).all()
    assert coarse.shape == smooth.shape and coarse.dtype == np.uint8
    rows = coarse.sum(axis=(1, 2), dtype=np.float64) / 255
    assert (rows > 15).all(), "ink stays"
    same = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(smooth, coarse, strict=True)]
    assert 0.4 < np.median(same) < 0.98


def test_ok__nothing_to_scan() -> None:
    rng = np.random.default_rng(1)
    assert scanned(np.zeros((0, 28, 28), np.uint8), rng).shape == (0, 28, 28)
    assert not scanned(np.zeros((1, 28, 28), np.uint8), rng).any()


def test_ok__words_are_on_the_page_and_not_in_the_truth() -> None:
    plain, wordy = (
        draw_page(np.random.default_rng(4), 0.0, lines=1, words=words) for words in (0, 6)
    )
    assert plain.alike == ()
    assert wordy.text == plain.text
    dark = [(page.frame.grey < 128).sum() for page in (plain, wordy)]
    assert dark[1] > dark[0] + 500


def test_ok__letters_that_look_like_digits_are_told() -> None:
    pages = [draw_page(np.random.default_rng(seed), 0.0, lines=1, words=6) for seed in range(8)]
    boxes = [(page, box) for page in pages for box in page.alike]
    assert len(boxes) > 8
    for page, box in boxes:
        ink = page.frame.grey[box.y : box.bottom, box.x : box.right]
        assert int(ink.min()) + 40 < int(np.median(page.frame.grey)), "the ink is in the box"
        assert not any(box == other for line in page.lines for _, other in line)


@pytest.mark.parametrize(
    ("box", "alike"),
    [
        (Box(10, 10, 20, 30), True),
        (Box(11, 9, 20, 32), True),
        (Box(10, 10, 80, 30), False),  # the whole word
        (Box(60, 10, 20, 30), False),
    ],
    ids=["fits", "nearly fits", "word", "beside"],
)
def test_ok__a_letter_alike_is_left_out(box: Box, alike: bool) -> None:
    assert _is_alike(box, [Box(10, 10, 20, 30)]) is alike


def test_ok__pages_teach_letters() -> None:
    _, labels = draw_from_pages(200, np.random.default_rng(2), 10)
    assert 0.15 < (labels == 10).mean() < 0.5
