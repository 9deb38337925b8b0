"""The simulated desk: pages that lie still, and everything that happens between them."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest

from pi_reader.camera.desk import DeskCamera
from pi_reader.handwriting.page import Page
from pi_reader.values import Frame

LOOKS = 6


def watched(seed: int = 1, pages: int = 4, looks: int = LOOKS) -> list[tuple[Frame, Page | None]]:
    """Every frame of some pages, with what is said to lie there."""
    seen = []
    with DeskCamera(np.random.default_rng(seed), pages, 0.4, looks) as camera:
        while (frame := camera.capture()) is not None:
            seen.append((frame, camera.page))
    return seen


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference in grey levels."""
    return float(np.abs(one.astype(np.int16) - other).mean())


def blocks(grey: np.ndarray) -> np.ndarray:
    """The means of its squares of 20 by 20 pixels."""
    return grey.reshape(24, 20, 32, 20).mean(axis=(1, 3))


def test_ok__a_new_page_at_each_capture() -> None:
    with DeskCamera(np.random.default_rng(1), 3, 0.4) as camera:
        assert camera.page is None
        frames = []
        while (frame := camera.capture()) is not None:
            assert camera.page is not None and frame.grey is camera.page.frame.grey
            frames.append(frame)
        assert [frame.source for frame in frames] == ["page 1", "page 2", "page 3"]


def test_ok__each_page_lies_still_for_its_looks() -> None:
    seen = watched()
    texts = [page.text if page else None for _, page in seen]
    lying = [text for n, text in enumerate(texts) if text and texts[n - 1] != text]
    assert len(lying) == 4
    assert all(texts.count(text) == LOOKS for text in lying)
    assert texts[0] is None and texts[-1] is None
    for frame, page in seen:
        assert frame.grey.dtype == np.uint8 and frame.grey.shape == (480, 640)
        if page is not None:
            assert difference(frame.grey, page.frame.grey) < 3


def test_ok__a_still_page_varies_only_by_noise() -> None:
    frames = [frame.grey for frame, page in watched(pages=1, looks=30) if page]
    assert len(frames) == 30
    for one, other in pairwise(frames):
        apart = np.abs(one.astype(np.int16) - other)
        assert 0 < apart.mean() < 3
        assert apart.max() < 20
        assert np.abs(one[::8, ::8].mean() - other[::8, ::8].mean()) < 0.5


def test_ok__what_moves_differs_from_look_to_look() -> None:
    seen = watched(seed=2, pages=12)
    for (before, was), (after, now) in pairwise(seen):
        if was is not now:  # a hand comes in, or is gone
            assert np.abs(blocks(before.grey) - blocks(after.grey)).max() > 5
    bare = seen[-1][0].grey
    moving = [frame.grey for frame, page in seen if page is None]
    on_the_way = [grey for grey in moving if np.abs(blocks(grey) - blocks(bare)).max() > 10]
    assert len(on_the_way) > 5 * 12
    assert len(moving) - len(on_the_way) > 12  # sometimes the desk is empty


def test_ok__blur_takes_the_strokes_of_what_slides() -> None:
    """Else a page would be read on its way."""

    def sharpest(grey: np.ndarray) -> float:
        return float(np.percentile(np.abs(np.diff(grey.astype(np.int16))), 99.5))

    for seed in range(5):
        seen = watched(seed, pages=1)
        first = next(n for n, (_, page) in enumerate(seen) if page)
        lying, arriving = seen[first][0].grey, seen[2][0].grey
        assert sharpest(arriving) < sharpest(lying)


def test_ok__the_same_seed_draws_the_same_day() -> None:
    one, other = watched(7), watched(7)
    assert len(one) == len(other)
    assert all((a.grey == b.grey).all() for (a, _), (b, _) in zip(one, other, strict=True))


def test_ok__other_sizes() -> None:
    with DeskCamera(np.random.default_rng(0), 1, 0.2, LOOKS, size=(320, 240)) as camera:
        while (frame := camera.capture()) is not None:
            assert frame.grey.shape == (240, 320)


def test_ok__a_closed_desk_shows_nothing() -> None:
    camera = DeskCamera(np.random.default_rng(0), None, 0.2, LOOKS)
    assert camera.capture() is not None
    camera.close()
    camera.close()
    assert camera.capture() is None


@pytest.mark.parametrize("looks", [0, LOOKS])
def test_ok__no_pages_at_all(looks: int) -> None:
    camera = DeskCamera(np.random.default_rng(0), 0, 0.2, looks)
    assert camera.page is None
    while camera.capture() is not None:
        assert camera.page is None


def test_ok__a_still_look_costs_next_to_nothing() -> None:
    camera = DeskCamera(np.random.default_rng(0), 1, 0.2, 500)
    while camera.page is None:
        camera.capture()
    began = time.process_time()
    for _ in range(200):
        camera.capture()
    assert (time.process_time() - began) / 200 < 0.001
    assert camera.page is not None


@pytest.mark.parametrize("looks", [0, 3])
def test_ok__pages_of_values(looks: int) -> None:
    seen = []
    with DeskCamera(np.random.default_rng(4), 2, 0.2, looks, values=True) as camera:
        while (frame := camera.capture()) is not None:
            assert camera.page is None
            if camera.values_page is not None and all(
                camera.values_page is not one for one in seen
            ):
                seen.append(camera.values_page)
                assert frame.grey.shape == camera.values_page.frame.grey.shape
    assert len(seen) == 2 and all(page.entries for page in seen)
