"""What all skeletons are made with: a taste becomes a measure, and an oval becomes points.

Each skeleton is a function and one way to write a digit or a sign. It takes the tastes of many
people at once, `t` of shape (10, n) from 0 to 1, and says where their pens go: x to the right, y
down from 0 to 1. What each taste means is the function's own business; `between(t[3], 0.2, 0.6)`
reads as "somewhere from 0.2 to 0.6, as the person likes".
"""

from __future__ import annotations

import numpy as np

from pi_reader.handwriting.splines import Number, Point


def between(taste: np.ndarray, low: Number, high: Number) -> np.ndarray:
    """A number from low to high, as the taste from 0 to 1 says; float32."""
    return np.asarray(low + (high - low) * taste, np.float32)


def arc(
    x: Number, y: Number, wide: Number, high: Number, start: Number, turn: Number, points: int = 9
) -> list[Point]:
    """Points along an oval around (x, y) with the half axes wide and high.

    start and turn are parts of a whole turn; 0 is the right, 0.25 the bottom, 0.75 the top, and a
    positive turn runs clockwise as one sees it.
    """
    angles = [2 * np.pi * (start + turn * step / (points - 1)) for step in range(points)]
    return [(x + wide * np.cos(angle), y + high * np.sin(angle)) for angle in angles]
