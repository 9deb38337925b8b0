"""From a few points the pen passes to the smooth line it leaves: curves that people recognise.

A skeleton is a list of strokes; a stroke is a list of points `(x, y)`, or `(x, y, CORNER)` where
the hand stops and turns. Between them runs a Catmull-Rom spline (Catmull and Rom, 1974), which is
linear in its points: so one matrix, built once per skeleton, draws it for a thousand hands at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

CORNER = "corner"  # marks a point where the direction may change at once
TASTES = 10  # numbers between 0 and 1 that say how a person draws one shape
SMOOTHING_ROUNDS = 6  # how far a corner of full roundness reaches: about four steps of the line

Number = float | np.ndarray
Point = tuple[Number, Number] | tuple[Number, Number, str]
Stroke = Sequence[Point]
Skeleton = Callable[[np.ndarray], Sequence[Stroke]]
"""Takes tastes, (TASTES, n) float32 from 0 to 1, and gives strokes whose points hold (n,) arrays
or plain numbers. x runs to the right and y down; most shapes fill y from 0 to 1."""


@dataclass(frozen=True)
class Line:
    """How a skeleton's points become a line of steps; the same for everyone who draws it.

    sharp, soft: (points, controls) float32, the line with hard corners and with rounded ones.
    down: (points - 1,) bool, whether the pen touches the paper on the way to the next point.
    rest: (points,) float32, 0 at the ends of a stroke to 1 in its middle, for tapering.
    """

    sharp: np.ndarray
    soft: np.ndarray
    down: np.ndarray
    rest: np.ndarray


def controls(skeleton: Skeleton, tastes: np.ndarray) -> np.ndarray:
    """The points of a skeleton for n people: (n, TASTES) in, (n, controls, 2) out, float32."""
    strokes = skeleton(tastes.T)
    points = [point for stroke in strokes for point in stroke]
    out = np.empty((len(tastes), len(points), 2), np.float32)
    for index, point in enumerate(points):
        out[:, index, 0] = point[0]
        out[:, index, 1] = point[1]
    return out


@lru_cache(maxsize=512)
def line_of(skeleton: Skeleton, steps: int) -> Line:
    """Lay out a skeleton as a line of `steps` points, close together where the way is short.

    The steps are shared out by the lengths that an average hand draws, so that every skeleton gives
    arrays of the same shape and many can be drawn in one batch.
    """
    middle = np.full((TASTES, 1), 0.5, np.float32)
    strokes = skeleton(middle)
    lengths = [_interval_lengths(stroke) for stroke in strokes]
    shares = _share_out(lengths, steps - len(strokes))
    total = sum(len(stroke) for stroke in strokes)
    sharp = np.zeros((steps, total), np.float32)
    soft = np.zeros((steps, total), np.float32)
    down = np.ones(steps - 1, bool)
    rest = np.zeros(steps, np.float32)
    row = column = 0
    for stroke, counts in zip(strokes, shares, strict=True):
        block = _stroke_matrix(stroke, counts)
        rows = slice(row, row + len(block))
        columns = slice(column, column + len(stroke))
        sharp[rows, columns] = block
        soft[rows, columns] = _smoothed(block)
        rest[rows] = np.sin(np.linspace(0, np.pi, len(block)))
        if row:
            down[row - 1] = False
        row += len(block)
        column += len(stroke)
    return Line(sharp, soft, down, rest)


def _interval_lengths(stroke: Stroke) -> np.ndarray:
    """How far it is from each point of a stroke to the next, for the average hand."""
    points = np.array([[np.mean(point[0]), np.mean(point[1])] for point in stroke])
    return np.asarray(np.hypot(*np.diff(points, axis=0).T) + 0.02)


def _share_out(lengths: list[np.ndarray], steps: int) -> list[np.ndarray]:
    """Give each interval whole steps in proportion to its length, at least one, `steps` in all."""
    flat = np.concatenate(lengths)
    counts = np.maximum(1, np.floor(flat / flat.sum() * steps)).astype(int)
    while counts.sum() != steps:
        lack = flat / counts if counts.sum() < steps else np.where(counts > 1, -flat / counts, -9e9)
        counts[np.argmax(lack)] += 1 if counts.sum() < steps else -1
    return np.split(counts, np.cumsum([len(piece) for piece in lengths])[:-1])


def _stroke_matrix(stroke: Stroke, counts: np.ndarray) -> np.ndarray:
    """The Catmull-Rom spline through one stroke's points as a matrix (sum(counts) + 1, points)."""
    size = len(stroke)
    unit = np.eye(size)
    sharp = [len(point) == 3 for point in stroke]
    rows = []
    for index, count in enumerate(counts):
        first, last = unit[index], unit[index + 1]
        ends_before = index == 0 or sharp[index]
        ends_after = index + 2 == size or sharp[index + 1]
        chord = last - first
        leave = chord if ends_before else (last - unit[index - 1]) / 2
        arrive = chord if ends_after else (unit[index + 2] - first) / 2
        if ends_before and not ends_after:  # leave on a parabola: a curve does not begin straight
            leave = 2 * chord - arrive
        if ends_after and not ends_before:
            arrive = 2 * chord - leave
        for t in np.arange(count) / count:
            rows.append(
                (2 * t**3 - 3 * t**2 + 1) * first
                + (t**3 - 2 * t**2 + t) * leave
                + (3 * t**2 - 2 * t**3) * last
                + (t**3 - t**2) * arrive
            )
    rows.append(unit[-1])
    return np.array(rows, np.float32)


def _smoothed(block: np.ndarray) -> np.ndarray:
    """The same stroke with its corners cut by a hand in a hurry; its ends stay where they are."""
    soft = block.copy()
    for _ in range(SMOOTHING_ROUNDS):
        soft[1:-1] = (soft[:-2] + 2 * soft[1:-1] + soft[2:]) / 4
    return soft
