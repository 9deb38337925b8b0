"""Draws what happens on a desk between two pages: hands, sliding paper, blur, the bare desk.

All pictures are (height, width) uint8.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

_NOISE = 1.5  # grey levels of 255, standard deviation: a good sensor in room light
_SPARE = 64  # pixels by which the noise is larger than the frame, so that random crops differ
_EXPOSURES = 12  # pictures that are averaged for motion blur
_GLIMPSE = 24  # pixels; a hand that reaches in less is not drawn
_SPAN = 640  # pixels; frame width that the hand below is drawn for


class Sensor:
    """Adds the noise that makes two pictures of the same page differ."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int]) -> None:
        width, height = size
        self._rng = rng
        noise = rng.standard_normal((height + _SPARE, width + _SPARE), dtype=np.float32) * _NOISE
        self._noise = np.rint(noise).astype(np.int16)

    def see(self, scene: np.ndarray) -> np.ndarray:
        """The scene with fresh noise."""
        height, width = scene.shape
        top, left = self._rng.integers(0, _SPARE, 2)
        seen: np.ndarray = self._noise[top : top + height, left : left + width] + scene
        np.clip(seen, 0, 255, out=seen)
        return seen.astype(np.uint8)


def bare_desk(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """A table top, dark or light, with a wood grain."""
    coarse = rng.standard_normal((size[1] // 4, 6), dtype=np.float32)
    grain = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    desk = np.asarray(grain) * np.float32(4) + np.float32(rng.uniform(40, 130))
    grey: np.ndarray = np.clip(desk, 0, 255).astype(np.uint8)
    return grey


def arrival(rng: np.random.Generator, page: np.ndarray, desk: np.ndarray) -> Iterator[np.ndarray]:
    """A hand slides the page into place and withdraws; the page is not yet still."""
    height, width = page.shape
    hand = _Hand(rng, width)
    way = _outwards(rng) * 1.1 * np.hypot(width, height)
    steps = int(rng.integers(4, 9))
    for step in range(steps):
        begin, end = (way * (1 - share / steps) for share in (step, step + 0.6))
        yield hand.over(_moved(page, desk, begin, end), end)
    yield from _hand_moves(rng, hand, page, away=True)


def departure(rng: np.random.Generator, page: np.ndarray, desk: np.ndarray) -> Iterator[np.ndarray]:
    """A hand takes the page away; then the desk is usually bare for a moment."""
    height, width = page.shape
    hand = _Hand(rng, width)
    yield from _hand_moves(rng, hand, page, away=False)
    way = _outwards(rng) * 1.1 * np.hypot(width, height)
    steps = int(rng.integers(3, 8))
    for step in range(steps):
        begin, end = (way * share / steps for share in (step + 0.4, step + 1))
        yield hand.over(_moved(page, desk, begin, end), end)
    for _ in range(rng.integers(0, 8)):
        yield desk


def _hand_moves(
    rng: np.random.Generator, hand: _Hand, page: np.ndarray, away: bool
) -> Iterator[np.ndarray]:
    """The hand moves over a page that lies still."""
    steps = int(rng.integers(2, 5))
    reach = hand.reach
    for step in range(steps):
        share = (step + 0.7) / steps
        seen = hand.over(page, hand.outwards * reach * (share if away else 1 - share))
        if seen is not page:
            yield seen


def _outwards(rng: np.random.Generator) -> np.ndarray:
    """A direction out of the frame, (2,): usually to the side where a person sits."""
    angle = rng.normal(np.pi / 2, 1.0)
    return np.array([np.cos(angle), np.sin(angle)])


def _moved(page: np.ndarray, desk: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The page with the motion blur of moving from one place to another."""
    total = np.zeros(page.shape, np.uint16)
    for share in np.linspace(0, 1, _EXPOSURES):
        right, down = np.rint(begin + (end - begin) * share).astype(int)
        total += _laid(page, desk, right, down)
    return (total // _EXPOSURES).astype(np.uint8)


def _laid(page: np.ndarray, desk: np.ndarray, right: int, down: int) -> np.ndarray:
    """The page shifted by some pixels, with the desk beside it."""
    height, width = page.shape
    right, down = max(-width, min(width, right)), max(-height, min(height, down))
    seen = desk.copy()
    seen[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = page[
        max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)
    ]
    return seen


class _Hand:
    """A forearm with a hand that reaches into the frame from a random side."""

    def __init__(self, rng: np.random.Generator, width: int) -> None:
        self.outwards = _outwards(rng)
        self._scale = width / _SPAN
        self.reach = 420 * self._scale
        self._skin = int(rng.integers(90, 190))
        self._middle = rng.uniform([0.25, 0.3], [0.75, 0.8])  # of the frame: where it grips
        self._spread = rng.uniform(0.15, 0.3)  # radians between fingers
        self._bent = rng.uniform(0.7, 1.1, 4)

    def over(self, scene: np.ndarray, shift: np.ndarray) -> np.ndarray:
        """The scene with the hand over it, `shift` (2,) pixels from where it grips.

        Returns the scene itself while the hand is out of sight.
        """
        height, width = scene.shape
        mask = Image.new("L", (width, height))
        draw = ImageDraw.Draw(mask)
        palm = self._middle * [width, height] + shift + self.outwards * 60 * self._scale
        self._limb(draw, palm, palm + self.outwards * 900 * self._scale, 95)
        self._limb(draw, palm, palm, 130)
        inwards = np.arctan2(*(-self.outwards[::-1]))
        for finger, bent in enumerate(self._bent):
            angle = inwards + (finger - 1.5) * self._spread
            tip = np.array([np.cos(angle), np.sin(angle)]) * 120 * bent * self._scale
            self._limb(draw, palm, palm + tip, 28)
        left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
        if min(right - left, bottom - top) < _GLIMPSE * self._scale:
            return scene
        seen = Image.fromarray(scene)
        seen.paste(0, mask=mask.filter(ImageFilter.BoxBlur(12)).point(lambda share: share // 2))
        seen.paste(self._skin, mask=mask.filter(ImageFilter.BoxBlur(4)))
        return np.asarray(seen)

    def _limb(
        self, draw: ImageDraw.ImageDraw, begin: np.ndarray, end: np.ndarray, thick: float
    ) -> None:
        half = thick * self._scale / 2
        draw.line([*begin, *end], 255, round(2 * half))
        for x, y in (begin, end):
            draw.ellipse([x - half, y - half, x + half, y + half], 255)
