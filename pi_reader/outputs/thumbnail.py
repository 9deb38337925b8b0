"""A thumbnail of the frame for a dot matrix display or a few lines of text."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

_SURROUNDINGS = 8  # dots: radius of the local mean
_CONTRAST = 12  # grey levels by which a dot must differ from the local mean


def ink_dots(grey: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Where a small picture of the page has ink.

    grey: (height, width) uint8; size: (width, height) in dots. Returns (height, width) bool. Ink is
    what differs from the local mean, which works in shadow and on dark paper alike.
    """
    small = Image.fromarray(grey).resize(size, Image.Resampling.BOX)
    around = small.filter(ImageFilter.BoxBlur(_SURROUNDINGS))
    darker = np.asarray(around, np.float32) - np.asarray(small, np.float32)
    ink_is_dark = (darker**3).sum() >= 0  # ink is rarer than paper and stands out further
    dots: np.ndarray = (darker if ink_is_dark else -darker) > _CONTRAST
    return dots


def fitted(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """The largest size with this aspect ratio that fits; all (width, height)."""
    factor = min(room[0] / size[0], room[1] / size[1])
    return max(1, round(factor * size[0])), max(1, round(factor * size[1]))
