"""Light, focus, change, heat and power, on pages that are drawn and then spoiled."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from pi_reader.box import host_sensors
from pi_reader.box.crop import Crop
from pi_reader.box.motion import MotionDetector, differ, thinned
from pi_reader.camera.files import load
from pi_reader.camera.image_quality import conditions
from pi_reader.handwriting.page import draw_page
from pi_reader.values import Frame, State

LARGEST = (640, 640)  # photographs are looked at in a camera's size


@pytest.fixture(scope="module")
def pages() -> list[np.ndarray]:
    return [draw_page(np.random.default_rng(seed), 0.3).frame.grey for seed in range(40, 60)]


def troubles(frames: list[np.ndarray]) -> set[State | None]:
    return {conditions(frame).trouble for frame in frames}


def softened(frame: np.ndarray, pixels: float) -> np.ndarray:
    return np.asarray(Image.fromarray(frame).filter(ImageFilter.GaussianBlur(pixels)))


@pytest.mark.parametrize("difficulty", [0.0, 0.3, 0.5])
def test_ok__ordinary_pages_are_no_trouble(difficulty: float) -> None:
    drawn = [draw_page(np.random.default_rng(seed), difficulty).frame.grey for seed in range(12)]
    assert troubles(drawn) == {None}


@pytest.mark.parametrize("folder", ["photos/img", "nodigits"])
def test_ok__photographs_are_no_trouble(shared: Path, folder: str) -> None:
    looked_at = []
    for path in sorted((shared / folder).iterdir()):
        if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"):
            picture = Image.fromarray(load(path).grey)
            picture.thumbnail(LARGEST)
            looked_at.append(np.asarray(picture))
    assert len(looked_at) > 10 and troubles(looked_at) == {None}


def test_ok__too_dark(pages: list[np.ndarray]) -> None:
    assert troubles([(page * 0.13).astype(np.uint8) for page in pages]) == {State.DARK}
    assert troubles([np.zeros((480, 640), np.uint8)]) == {State.DARK}


def test_ok__glare(pages: list[np.ndarray]) -> None:
    veiled = [
        np.clip(200 + page * 0.3, 0, 255).astype(np.uint8) for page in pages if page.mean() > 185
    ]
    assert len(veiled) > 2 and troubles(veiled) == {State.GLARE}
    assert troubles([np.full((480, 640), 255, np.uint8)]) == {State.GLARE}


def test_ok__out_of_focus(pages: list[np.ndarray]) -> None:
    blurred = [conditions(softened(page, 4)) for page in pages]
    assert all(seen.trouble == State.BLURRED for seen in blurred if seen.sharpness is not None)
    assert sum(seen.sharpness is not None for seen in blurred) > 15


def test_ok__noise_is_not_sharpness(pages: list[np.ndarray]) -> None:
    noise = np.random.default_rng(1).normal(0, 2, (480, 640))
    noisy = [np.clip(softened(page, 5) + noise, 0, 255).astype(np.uint8) for page in pages]
    seen = [conditions(page).trouble for page in noisy]
    assert sum(trouble == State.BLURRED for trouble in seen) >= 0.7 * len(seen)


@pytest.mark.parametrize("shape", [(1, 1), (2, 700), (480, 3), (25, 25)])
def test_ok__any_size(shape: tuple[int, int]) -> None:
    seen = conditions(np.full(shape, 128, np.uint8))
    assert (seen.mean, seen.clipped, seen.sharpness, seen.trouble) == (128, 0, None, None)


def test_ok__noise_is_no_change_and_a_digit_is(pages: list[np.ndarray]) -> None:
    rng = np.random.default_rng(2)
    for page in pages[:10]:
        before, after = (
            np.clip(page + rng.normal(0, 4, page.shape), 0, 255).astype(np.uint8) for _ in range(2)
        )
        assert not differ(thinned(before), thinned(after))
        one = after.copy()
        one[240:252, 300:302] = 30 if page.mean() > 100 else 220  # a 1, 12 pixels tall
        assert differ(thinned(before), thinned(one))


def test_ok__light_that_creeps_is_no_movement_but_a_change() -> None:
    detector, page = MotionDetector(), np.full((480, 640), 150, np.uint8)
    detector.look(page)
    detector.remember()
    moving, changed = zip(
        *(
            (motion.moving, motion.changed)
            for motion in (detector.look(page + np.uint8(step)) for step in range(16))
        ),
        strict=True,
    )
    assert not any(moving)
    assert not changed[5] and changed[15]


def test_ok__first_and_resized_frames_are_changes() -> None:
    detector = MotionDetector()
    first = detector.look(np.zeros((480, 640), np.uint8))
    assert not first.moving and first.changed
    assert detector.look(np.zeros((240, 320), np.uint8)).moving


def test_ok__window_cuts_and_masks() -> None:
    grey = np.full((480, 640), 180, np.uint8)
    grey[100:200, 100:200] = 10
    seen = Crop((50, 60, 300, 200), [(100, 100, 100, 100)]).of(Frame(grey, "x"))
    assert seen.grey.shape == (200, 300) and seen.source == "x"
    assert (seen.grey == 180).all() and grey[150, 150] == 10
    whole = Frame(grey)
    assert Crop().of(whole) is whole
    assert Crop((600, 0, 100, 100)).of(Frame(grey[:, :500])).grey.shape == (480, 500)


@pytest.mark.parametrize(("content", "degrees"), [("48312\n", 48.312), ("", None), ("hot", None)])
def test_ok__temperature(tmp_path: Path, content: str, degrees: float | None) -> None:
    (tmp_path / "temp").write_text(content)
    assert host_sensors.temperature(tmp_path / "temp") == degrees
    assert host_sensors.temperature(tmp_path / "missing") is None


@pytest.mark.parametrize(
    ("bits", "said"),
    [("0\n", ""), ("50005\n", "is too low now"), ("50000\n", "was too low"), ("junk", None)],
)
def test_ok__undervoltage(tmp_path: Path, bits: str, said: str | None) -> None:
    (tmp_path / "throttled").write_text(bits)
    told = host_sensors.undervoltage(tmp_path / "throttled")
    assert told == said if not said else told is not None and said in told


def test_ok__disk_and_address(tmp_path: Path) -> None:
    free = host_sensors.disk_free_mb(tmp_path)
    assert free is not None and free > 0
    assert host_sensors.disk_free_mb(tmp_path / "missing") is None
    parts = host_sensors.address().split(".")
    assert parts == [""] or len(parts) == 4


def test_ok__a_glance_is_cheap() -> None:
    """Half a millisecond here is 20 on a Zero; the test leaves room for a busy machine."""
    page, detector = draw_page(np.random.default_rng(1), 0.3).frame.grey, MotionDetector()
    times = []
    for _ in range(50):
        begun = time.process_time()
        detector.look(page)
        conditions(page)
        times.append(time.process_time() - begun)
    assert sorted(times)[10] < 0.002
