"""Digits that real people wrote, to be stamped onto drawn pages as ink.

Drawn hands are all of one family. Digits from a collection such as MNIST bring what nobody thought
of drawing; a stamp is scaled to the line's height and its edges are sharpened, so that only its
shape tells where it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

_SEEN = 60  # of 255: ink that counts for a digit's extent
_CHOICE = 6  # stamps from which the one that fits the page is taken
_SOFT = 1.6  # pixels over which the edge of a stamp fades out


@dataclass(frozen=True)
class Stamps:
    """Small pictures of digits: images (n, 28, 28) uint8, white ink on black; labels (n,)."""

    images: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or len(self.images) != len(self.labels):
            raise ValueError("stamps: need images (n, height, width) and as many labels")

    def pick(self, rng: np.random.Generator, label: int, look: Look) -> np.ndarray | None:
        """One digit cut to its ink, uint8 with one empty pixel around it; None if there is none.

        Of a few it is the one that comes closest to the page's stroke and slant, since one page is
        mostly by one hand.
        """
        rows = np.flatnonzero(self.labels == label)
        if not len(rows):
            return None
        images = self.images[rows[rng.integers(len(rows), size=_CHOICE)]]
        thick, lean = _strokes(images)
        image = images[np.argmin(np.abs(thick - look.thick) + 3 * np.abs(lean - look.lean))]
        seen = image > _SEEN
        up, across = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        if not len(up):
            return None
        return np.pad(image[up[0] : up[-1] + 1, across[0] : across[-1] + 1], 1)


def _strokes(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How thick the strokes of digits are, in pixels, and how far they lean right per height.

    Thickness is twice the area by the outline's length; both (n,) float32.
    """
    ink = (images > 127).astype(np.float32)
    area = np.maximum(ink.sum(axis=(1, 2)), 1)
    steps = [np.abs(np.diff(ink, axis=axis)).sum(axis=(1, 2)) for axis in (1, 2)]
    thick = 2 * area / np.maximum(np.hypot(*steps), 1)
    place = np.arange(images.shape[1], dtype=np.float32)
    column = np.arange(images.shape[2], dtype=np.float32)
    y, x = ink.sum(axis=2) @ place / area, ink.sum(axis=1) @ column / area
    yy = ink.sum(axis=2) @ place**2 / area - y * y
    xy = (ink @ column * place).sum(axis=1) / area - x * y
    return thick, -xy / np.maximum(yy, 1)


@dataclass(frozen=True)
class Look:
    """How one page shows its stamps.

    level: from 0.3 bold to 0.7 thin, how much ink of the stamp becomes ink of the page;
    thick: stroke of the stamps that fit best, in their pixels; lean: how far these lean to the
    right per height. slant: further shear; width: 1 is the stamp's own.
    """

    level: float
    thick: float
    lean: float
    slant: float
    width: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> Look:
        """What a page does to its stamps."""
        return cls(
            level=float(np.clip(rng.normal(0.48, 0.1), 0.3, 0.68)),
            thick=float(np.clip(rng.normal(2.8, 0.6), 1.5, 5)),
            lean=float(rng.normal(0.15, 0.25)),
            slant=float(rng.normal(0, 0.08)),
            width=float(np.exp(rng.normal(0, 0.12))),
        )


def press(
    stamp: np.ndarray, corners: np.ndarray, level: float = 0.5
) -> tuple[np.ndarray, tuple[int, int]]:
    """A stamp as ink: float32 0 to 1, and the (left, top) pixel of the page where it belongs.

    stamp: (height, width) uint8. corners: (3, 2), where its upper left, upper right and lower left
    corners lie, in pixels. level: see Look.
    """
    origin, right, low = corners.astype(np.float64)
    around = np.stack([origin, right, low, right + low - origin])
    left, top = np.floor(around.min(axis=0)).astype(int) - 1
    width, height = np.ceil(around.max(axis=0)).astype(int) + 2 - (left, top)
    rows, columns = stamp.shape
    axes = np.stack([(right - origin) / columns, (low - origin) / rows], axis=1)
    inverse = np.linalg.inv(axes)
    shift = inverse @ (np.array([left, top]) - origin)
    matrix = (*inverse[0], shift[0], *inverse[1], shift[1])
    picture = Image.fromarray(stamp).transform(
        (int(width), int(height)),
        Image.Transform.AFFINE,
        tuple(float(number) for number in matrix),
        Image.Resampling.BICUBIC,
    )
    ink = np.asarray(picture, np.float32) / 255
    ink **= np.float32(np.log(0.5) / np.log(level))  # half ink where the stamp has `level`
    gain = max(1.0, float(np.sqrt(abs(np.linalg.det(axes)))) / _SOFT)
    ink = (ink - np.float32(0.5)) * np.float32(gain) + np.float32(0.5)
    ink[ink < np.float32(0.06)] = 0
    return np.clip(ink, 0, 1), (int(left), int(top))
