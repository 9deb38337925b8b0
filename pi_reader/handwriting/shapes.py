"""What all skeletons are made with: a taste becomes a measure, and an oval becomes points.

Each skeleton is a function and one way to write a digit or a sign. It takes the tastes of many
people at once, `t` of shape (10, n) from 0 to 1, and says where their pens go: x to the right, y
down from 0 to 1. What each taste means is the function's own business; `between(t[3], 0.2, 0.6)`
reads as "somewhere from 0.2 to 0.6, as the person likes".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.handwriting.splines import CORNER, Number, Point, Skeleton, Stroke


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


def plain(*strokes: Sequence[Point], play: float = 0.1) -> Skeleton:
    """A skeleton of fixed strokes, stretched and shifted by up to `play` as each hand likes."""

    def skeleton(t: np.ndarray) -> Sequence[Stroke]:
        wide = between(t[0], 1 - 2 * play, 1 + 2 * play)
        lean = between(t[1], -play, play)
        out: list[Stroke] = []
        for index, stroke in enumerate(strokes):
            away = 2 + 2 * index  # which tastes move this stroke against the others
            right = between(t[away], -play, play) * 0.6 * (index > 0)
            low = between(t[away + 1], -play, play) * 0.6 * (index > 0)
            moved: list[Point] = []
            for x, y, *corner in stroke:
                place = (x * wide + lean * y + right, y + low)
                moved.append((*place, CORNER) if corner else place)
            out.append(moved)
        return out

    return skeleton
