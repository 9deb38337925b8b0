"""Marks: what stands on a page before it is ink; strokes of a pen, and stamps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pi_reader.handwriting.pen import Track, extent
from pi_reader.handwriting.signs import OTHER


@dataclass(frozen=True)
class Mark:
    """One thing that stands on the page, in page pixels.

    name: a digit, one of SIGNS, "letter" or "other"; line: row of the page, -1 for none. track:
    one shape, where the pen went; for a stamp its upper left, upper right and lower left corners.
    stamp: (height, width) uint8 of a stamped digit; level: how it becomes ink. dark: 1 is the
    page's ink, less is paler. joined: marks with one number here are one to the eye, -1 for none.
    """

    name: str
    line: int
    track: Track
    stamp: np.ndarray | None = None
    level: float = 0.5
    dark: float = 1.0
    joined: int = -1

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom in page pixels."""
        low, high = extent(self.track)
        return float(low[0, 0]), float(low[0, 1]), float(high[0, 0]), float(high[0, 1])

    def moved(self, right: float, down: float) -> Mark:
        """The same mark elsewhere."""
        points = self.track.points + np.array([right, down], np.float32)
        return replace(self, track=replace(self.track, points=points))


def around(marks: Sequence[Mark]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of several marks together, in page pixels."""
    corners = np.array([mark.extent for mark in marks])
    return (*corners[:, :2].min(axis=0).tolist(), *corners[:, 2:].max(axis=0).tolist())


def free_between(left: Mark, right: Mark) -> float:
    """How far the right one can move to the left until their ink meets, in page pixels; below 0
    where it meets already. Marks on different levels meet where their boxes do."""
    (one, near), (other, far) = _dots(left), _dots(right)
    reach = near[:, None] + far
    off = np.abs(one[:, None, 1] - other[:, 1])
    level = off < reach
    if not level.any():
        return right.extent[0] - left.extent[2]
    room = other[:, 0] - one[:, None, 0] - np.sqrt(np.maximum(reach**2 - off**2, 0))
    return float(room[level].min())


def _dots(mark: Mark) -> tuple[np.ndarray, np.ndarray]:
    """Dots that cover a mark's ink: their middles (n, 2) and radii (n,), in page pixels."""
    points, radius = mark.track.points[0], mark.track.radius[0]
    if mark.stamp is None:
        start, end = points[:-1][mark.track.down[0]], points[1:][mark.track.down[0]]
        share = np.linspace(0, 1, 4)[:, None, None]
        dots = (start + share * (end - start)).reshape(-1, 2)
        return dots, np.tile(radius[:-1][mark.track.down[0]], 4)
    rows, columns = mark.stamp.shape
    row, column = np.nonzero(mark.stamp > 255 * mark.level)
    across, down = (points[1] - points[0]) / columns, (points[2] - points[0]) / rows
    dots = points[0] + (column[:, None] + 0.5) * across + (row[:, None] + 0.5) * down
    return dots, np.full(len(dots), float(np.hypot(*down)) / 2)


def stamp_at(
    name: str, line: int, corners: np.ndarray, stamp: np.ndarray, level: float, dark: float = 1.0
) -> Mark:
    """A stamp with these corners, (4, 2) in page pixels: upper left, upper right, lower left and
    lower right."""
    track = Track(
        corners[None].astype(np.float32), np.zeros((1, 4), np.float32), np.ones((1, 3), bool)
    )
    return Mark(name, line, track, stamp, level, dark)


def stroke(
    strokes: Sequence[np.ndarray], pen: float, step: float = 16.0, name: str = OTHER
) -> Mark:
    """Straight lines from corner to corner as one mark outside any line of text.

    strokes: each (corners, 2) in page pixels; pen: width in pixels; step: how far apart the points
    of the track lie, in pixels.
    """
    pieces, down = [], []
    for corners in strokes:
        lengths = np.hypot(*np.diff(corners, axis=0).T)
        way = np.concatenate([[0.0], np.cumsum(lengths)])
        places = np.union1d(way, np.linspace(0, way[-1], int(way[-1] / step) + 2))
        points = np.stack([np.interp(places, way, corners[:, axis]) for axis in (0, 1)], axis=1)
        pieces.append(points.astype(np.float32))
        down += [True] * (len(points) - 1) + [False]
    points = np.concatenate(pieces)[None]
    radius = np.full(points.shape[:2], pen / 2, np.float32)
    return Mark(name, -1, Track(points, radius, np.array([down[:-1]])))
