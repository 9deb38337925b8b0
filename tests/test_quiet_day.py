"""A day of things under the camera that are no digits: what the box would have announced.

`PI_READER_NODIGITS=FOLDER pytest -m acceptance -s tests/test_quiet_day.py` plays pictures without
digits from a folder for 24 simulated hours (or PI_READER_HOURS), each for some minutes at another
place, in another light, with a camera's noise, and prints each announcement that has a sure digit.
The ordinary run plays half an hour of blank, ruled and squared paper, cloth and shapes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from box import Clock, Given, box
from PIL import Image, ImageDraw, ImageOps

from pi_reader.config import Settings
from pi_reader.config.settings import ServiceSettings
from pi_reader.library import load
from pi_reader.outputs.record import Recording
from pi_reader.values import Frame

SIZE = (640, 480)
LIES = (120, 600)  # seconds that one thing lies there
NOISES = 6  # different frames of one scene, which come in turn
LOOKS = 0.5  # a second, while nothing moves; more would show the same


class Day:
    """Frames of one thing after the other, as the clock has it."""

    def __init__(self, pictures: list[tuple[str, np.ndarray]], clock: Clock, hours: float) -> None:
        self._pictures, self._clock, self._end = pictures, clock, 3600 * hours
        self.rng = np.random.default_rng(24)
        self.scenes = 0

    def __iter__(self) -> Iterator[Frame]:
        while self._clock.now < self._end:
            name, picture = self._pictures[self.scenes % len(self._pictures)]
            self.scenes += 1
            frames = [Frame(grey, name) for grey in self._scene(picture)]
            until = min(self._end, self._clock.now + self.rng.uniform(*LIES))
            while self._clock.now < until:
                yield frames[self.rng.integers(len(frames))]

    def _scene(self, picture: np.ndarray) -> Iterator[np.ndarray]:
        """The same thing, shifted and lit in one way, as a noisy camera sees it again and again."""
        shift = self.rng.integers(-24, 25, 2)
        moved = np.roll(picture, shift, (0, 1)).astype(np.float32)
        down, across = np.mgrid[-1 : 1 : moved.shape[0] * 1j, -1 : 1 : moved.shape[1] * 1j]
        lean = self.rng.uniform(-0.15, 0.15, 2)
        light = self.rng.uniform(0.55, 1.1) * (1 + lean[0] * down + lean[1] * across)
        for _ in range(NOISES):
            flicker = self.rng.uniform(0.97, 1.03)
            noise = self.rng.normal(0, 3, moved.shape)
            yield np.clip(moved * light * flicker + noise, 0, 255).astype(np.uint8)


def play(pictures: list[tuple[str, np.ndarray]], hours: float) -> tuple[Day, Recording, int]:
    """A box that looks at them with the shipped weights; how often each was announced."""
    clock, shown = Clock(), Recording(100_000)
    day = Day(pictures, clock, hours)
    appliance, *_ = box(
        iter(day),
        clock,
        Given(load("default")),
        outputs=shown,
        settings=Settings(service=ServiceSettings(looks_per_second=LOOKS)),
    )
    appliance.run()
    return day, shown, appliance.reads


def report(day: Day, shown: Recording, reads: int) -> list[str]:
    """The announcements that have a sure digit, printed."""
    announced = [one for one in shown.shown if any(digit.sure for digit in one.digits)]
    print(
        f"\n{day.scenes} scenes, {reads} reads, {len(shown.shown)} announcements; with sure digits:"
    )
    for one in announced:
        print(f"  {one.source}: {'  '.join(one.text.split())}")
    return [one.source for one in announced]


@pytest.mark.acceptance
def test_ok__a_day_without_digits() -> None:
    folder = os.environ.get("PI_READER_NODIGITS", "")
    if not folder:
        pytest.skip("needs PI_READER_NODIGITS, a folder of pictures without digits")
    pictures = []
    for path in sorted(Path(folder).glob("*.jpg")):
        with Image.open(path) as picture:
            grey = ImageOps.exif_transpose(picture).convert("L")
            pictures.append(
                (path.name, np.asarray(ImageOps.pad(grey, SIZE, color=int(np.median(grey)))))
            )
    hours = float(os.environ.get("PI_READER_HOURS", "24"))
    assert len(report(*play(pictures, hours))) <= 1


def drawn() -> Iterator[tuple[str, np.ndarray]]:
    """Things without digits that lie about."""
    rng = np.random.default_rng(7)
    for name in ("blank", "ruled", "squared", "cloth", "shapes", "dots"):
        picture = Image.new("L", SIZE, 205)
        draw = ImageDraw.Draw(picture)
        if name in ("ruled", "squared"):
            for at in range(20, SIZE[0], 32):
                draw.line([(0, at), (SIZE[0], at)], fill=150)
                if name == "squared":
                    draw.line([(at, 0), (at, SIZE[1])], fill=150)
        elif name == "shapes":
            for left, top, wide in rng.integers(40, 400, (5, 3)).tolist():
                draw.rectangle([left, top, left + wide // 2, top + wide // 3], outline=60, width=4)
        elif name == "dots":
            for x, y in rng.integers(0, 480, (40, 2)).tolist():
                draw.ellipse([x, y, x + 3, y + 3], fill=70)
        grey = np.asarray(picture)
        if name == "cloth":
            grey = grey + (12 * np.sin(np.arange(SIZE[0]) / 3)).astype(np.int16)
        yield name, np.asarray(grey, np.uint8)


def test_ok__half_an_hour_without_digits() -> None:
    day, shown, reads = play(list(drawn()), 0.5)
    assert report(day, shown, reads) == [] and reads >= day.scenes
