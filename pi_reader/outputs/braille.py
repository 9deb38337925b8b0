"""Pictures of dots as text: each of Unicode's Braille characters is two dots wide and four high."""

from __future__ import annotations

import numpy as np

_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint16)
_BRAILLE = 0x2800  # Unicode's first Braille pattern


def braille(dots: np.ndarray) -> str:
    """Dots as lines of characters. dots: (a multiple of 4, a multiple of 2) bool."""
    high, wide = dots.shape
    cells = dots.reshape(high // 4, 4, wide // 2, 2)
    codes = (cells * _DOTS[:, None, :]).sum(axis=(1, 3)) + _BRAILLE
    return "\n".join("".join(map(chr, row)).rstrip(chr(_BRAILLE)) for row in codes)
