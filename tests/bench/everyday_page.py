"""Pages of everyday paper in the making: ink on a sheet, real and drawn digits, a photograph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from pi_reader.handwriting.pen import digit_tracks, extent, ink
from pi_reader.handwriting.style import Style

SIZE = 640, 480  # width and height of a page
UNSURE = r"\?"  # in the truth: nobody could say which digit


@dataclass
class Page:
    """A page in the making.

    cover: (height, width) float32, 0 paper to 1 ink; lines: what is written on it, a pattern for
    each character. paper, pen: their brightness, 0 to 1. grey: uint8, the finished picture.
    blurred: whether a reading may say that instead, if it believes no digit.
    """

    rng: np.random.Generator
    glyph: Callable[[int, float], np.ndarray]
    cover: np.ndarray = field(default_factory=lambda: np.zeros(SIZE[::-1], np.float32))
    lines: list[list[str]] = field(default_factory=list)
    paper: float = 0.85
    pen: float = 0.15
    grey: np.ndarray | None = None
    blurred: bool = False

    def row(self, left: float, top: float, tall: float, count: int, gap: float = 0.3) -> list[Spot]:
        """Write random digits from (left, top) on; gap: in heights. Gives where they are."""
        spots: list[Spot] = []
        for label in self.rng.integers(0, 10, count).tolist():
            spots.append(self.put(self.glyph(label, tall), left, top))
            left = spots[-1][2] + gap * tall
            self.lines[-1].append(str(label))
        return spots

    def row_of_numbers(self, most: int = 3, gap: float = 0.3) -> list[list[Spot]]:
        """One to `most` numbers below each other; gives where their digits are."""
        rng = self.rng
        rows = int(rng.integers(1, most + 1))
        tall = rng.uniform(36, 64)
        left, top = rng.uniform(60, 150), rng.uniform(50, 110)
        spots = []
        for row in range(rows):
            self.lines.append([])
            count = int(rng.integers(2, 6))
            spots.append(
                self.row(left, top + row * 1.9 * tall, tall, count, gap + 0.2 * rng.random())
            )
        return spots

    def put(self, mark: np.ndarray, left: float, top: float) -> Spot:
        """Lay ink on the page."""
        x, y = round(left), round(top)
        place = self.cover[y : y + mark.shape[0], x : x + mark.shape[1]]
        np.maximum(place, mark[: place.shape[0], : place.shape[1]], out=place)
        return x, y, x + mark.shape[1], y + mark.shape[0]

    def outline(self, draw: Callable[[ImageDraw.ImageDraw], None]) -> None:
        """Lay what ImageDraw draws with 255 on the page."""
        mask = Image.new("L", SIZE)
        draw(ImageDraw.Draw(mask))
        soft = mask.filter(ImageFilter.GaussianBlur(0.6))
        np.maximum(self.cover, np.asarray(soft, np.float32) / 255, out=self.cover)

    def photographed(self) -> np.ndarray:
        """The picture, (height, width) uint8: with light from one side, softness and noise."""
        height, width = self.cover.shape
        slope = self.rng.uniform(-0.15, 0.15, 2)
        light = (
            1
            + slope[0] * np.linspace(-1, 1, width)
            + slope[1] * np.linspace(-1, 1, height)[:, None]
        )
        scene = (self.paper + (self.pen - self.paper) * self.cover) * light
        picture = Image.fromarray((np.clip(scene, 0, 1) * 255).astype(np.uint8))
        soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.7)), np.float32)
        noisy = soft + self.rng.normal(0, 2, soft.shape)
        return np.clip(noisy, 0, 255).astype(np.uint8)


Spot = tuple[int, int, int, int]  # left, top, right, bottom


def stamped(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Callable[..., np.ndarray]:
    """Digits of people: images of a test set, (n, 28, 28) uint8 with labels (n,), enlarged."""

    def glyph(label: int, tall: float) -> np.ndarray:
        image = x[rng.choice(np.flatnonzero(y == label))]
        rows, columns = np.flatnonzero(image.max(1) > 100), np.flatnonzero(image.max(0) > 100)
        image = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        size = max(3, round(image.shape[1] * tall / image.shape[0])), round(tall)
        large = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
        return np.clip((large.astype(np.float32) - 80) / 90, 0, 1)

    return glyph


def drawn(rng: np.random.Generator) -> Callable[..., np.ndarray]:
    """Digits of one drawn hand."""
    style = Style.random(rng)

    def glyph(label: int, tall: float) -> np.ndarray:
        labels = np.array([label])
        track = digit_tracks(labels, style.drawing(labels, rng), rng, 96)
        for _ in range(2):  # to its height, and then into the corner
            low, high = extent(track)
            scale = tall / float(high[0, 1] - low[0, 1])
            track.points[:] = (track.points - low[0]) * scale
            track.radius[:] *= scale
        low, high = extent(track)
        track.points[:] -= low[0]
        width, height = np.ceil(high[0] - low[0]).astype(int)
        return ink(track, (max(3, height), max(3, width)))[0]

    return glyph


def around(spots: list[Spot]) -> Spot:
    """The box around some boxes."""
    left, top, right, bottom = np.array(spots).T
    return int(left.min()), int(top.min()), int(right.max()), int(bottom.max())


def grown(spot: Spot, by: int) -> Spot:
    """A box with so many pixels more on each side."""
    return spot[0] - by, spot[1] - by, spot[2] + by, spot[3] + by


def save(page: Page, path: Path) -> None:
    """Write a page as a picture."""
    assert page.grey is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(page.grey).save(path)
