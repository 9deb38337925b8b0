"""Writing that only its colour parts from the paper: red on green of the same brightness."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

SIDE = 320  # pixels to which a picture's longer side is reduced to measure contrast
NEAR = 0.05  # of the shorter side: the radius within which something stands out
INK = 0.005  # of the pixels that stand out most are looked at: as little as a few strokes
FLAT = 20  # grey levels: below this brightness may hide writing, above it colour may show some
MORE = 3  # times the contrast of brightness: else colour adds nothing to it


def is_flat(grey: np.ndarray) -> bool:
    """Whether hardly anything stands out on a picture, (height, width) uint8."""
    return _strength(_standing_out(Image.fromarray(grey))) < FLAT


def strongest_projection(picture: Image.Image) -> Image.Image | None:
    """An RGB picture in the shades of grey that show most contrast, in mode "L".

    They lie along one line through the colours, about their mean. None if brightness shows as
    much.
    """
    out = _standing_out(picture)
    weights = (out**2).sum(axis=1, keepdims=True)  # strokes count, noise does not
    direction = np.linalg.eigh((out * weights).T @ out)[1][:, -1]
    brightness = out @ np.array([0.299, 0.587, 0.114], np.float32)
    if _strength(out @ direction) < max(FLAT, MORE * _strength(brightness[:, None])):
        return None
    mean = np.asarray(_reduced(picture), np.float32).reshape(-1, 3).mean(axis=0)
    offset = 127.5 - float(direction @ mean)
    return picture.convert("L", (*direction.tolist(), offset))


def _reduced(picture: Image.Image) -> Image.Image:
    return picture.reduce(max(1, -(-max(picture.size) // SIDE)))


def _standing_out(picture: Image.Image) -> np.ndarray:
    """How far pixels of a reduced picture are from what is around them, (n, channels) float32."""
    small = _reduced(picture)
    around = small.filter(ImageFilter.BoxBlur(max(1, round(min(small.size) * NEAR))))
    out = np.asarray(small, np.float32) - np.asarray(around, np.float32)
    return out.reshape(-1, len(small.getbands()))


def _strength(out: np.ndarray) -> float:
    """Grey levels by which a stroke stands out; out: (n,) or (n, 1)."""
    rank = int(out.size * (1 - INK))
    return float(np.partition(np.abs(out), rank, axis=None)[rank])
