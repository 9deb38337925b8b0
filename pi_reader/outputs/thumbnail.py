"""A look through the camera, so small that it fits a display of dots or a few lines of text."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

_SURROUNDINGS = 8  # dots: ink is what is darker than the mean this far around it
_CONTRAST = 12  # grey levels that a dot must differ from its surroundings


def ink_dots(grey: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Where a small picture of the page has ink.

    grey: (height, width) uint8; size: (width, height) in dots. Returns (height, width) bool. What
    differs from its surroundings is ink, so that it holds under shadow and on dark paper alike.
    """
    small = Image.fromarray(grey).resize(size, Image.Resampling.BOX)
    around = small.filter(ImageFilter.BoxBlur(_SURROUNDINGS))
    darker = np.asarray(around, np.float32) - np.asarray(small, np.float32)
    ink_is_dark = (darker**3).sum() >= 0  # ink is rarer than paper and stands out further
    dots: np.ndarray = (darker if ink_is_dark else -darker) > _CONTRAST
    return dots


def fitted(size: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """The largest size of these proportions that fits; all (width, height)."""
    factor = min(room[0] / size[0], room[1] / size[1])
    return max(1, round(factor * size[0])), max(1, round(factor * size[1]))
