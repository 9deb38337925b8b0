"""Joined writing without sense: Latin and Cyrillic hands in one stroke, and the East's with dots.

A word is a chain of pieces, each a few points that start and end near the baseline; what they
spell does not matter, only that nobody may take them for digits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.handwriting.pen import Track

Piece = tuple[float, Sequence[tuple[float, float]]]  # its advance; points, y up from the baseline

_LATIN: tuple[Piece, ...] = (
    (0.36, ((0.14, 0.58), (0.17, 0.08), (0.3, 0.02))),  # i, half a u
    (0.36, ((0.14, 0.58), (0.17, 0.08), (0.3, 0.02))),
    (0.42, ((0.06, 0.5), (0.18, 0.6), (0.26, 0.4), (0.27, 0.02))),  # n, half an m
    (0.36, ((0.2, 0.4), (0.16, 0.6), (0.04, 0.35), (0.14, 0.0))),  # e
    (0.34, ((0.22, 0.7), (0.18, 1.1), (0.06, 0.8), (0.1, 0.05))),  # l
    (0.46, ((0.24, 0.52), (0.08, 0.55), (0.02, 0.2), (0.16, 0.0), (0.28, 0.5), (0.3, 0.05))),  # a
    (0.44, ((0.2, 0.58), (0.02, 0.4), (0.1, 0.02), (0.3, 0.2), (0.26, 0.55))),  # o
    (0.42, ((0.05, 0.5), (0.1, 0.05), (0.24, 0.5), (0.22, -0.4), (0.06, -0.42), (0.2, 0.0))),  # y
    (0.4, ((0.18, 0.8), (0.18, 1.05), (0.08, 0.4), (0.06, -0.4), (0.16, -0.3))),  # f
    (0.34, ((0.16, 0.62), (0.26, 0.3), (0.1, 0.0))),  # s
)
_EASTERN: tuple[Piece, ...] = (
    (0.24, ((0.08, 0.28), (0.12, 0.04))),  # a tooth
    (0.24, ((0.08, 0.28), (0.12, 0.04))),
    (0.5, ((0.2, 0.04), (0.4, 0.03))),  # the long flat way
    (0.75, ((0.05, 0.2), (0.04, -0.2), (0.3, -0.42), (0.6, -0.25), (0.66, 0.15))),  # a bowl
    (0.3, ((0.06, 0.9), (0.1, 0.5), (0.12, 0.05))),  # an upright
    (0.4, ((0.22, 0.36), (0.05, 0.3), (0.1, 0.02), (0.3, 0.12))),  # a small ring
    (0.45, ((0.3, 0.4), (0.02, 0.3), (0.2, 0.1), (0.1, -0.35), (0.36, -0.4))),  # a hook below
)
_PER_POINT = 4  # steps of the line from each point to the next
_STEPS = 96  # tracks are made this long or twice or three times, so that many are inked at once


def joined_word(rng: np.random.Generator, tall: float, pen: float) -> Track:
    """One joined word from (0, 0), the start of its baseline: a track of one shape, in pixels.

    tall: height of a digit beside it; pen: width of the stroke.
    """
    pieces = _LATIN if rng.random() < 0.6 else _EASTERN
    strokes = [_chain(rng, pieces)]
    if pieces is _EASTERN or rng.random() < 0.6:
        strokes += _dots(rng, strokes[0])
    slant = rng.normal(0.2, 0.2)
    lines, down = [], []
    for stroke in strokes:
        line = smooth(stroke)
        line[:, 0] += slant * line[:, 1]
        lines.append(line * [tall, -tall])
        down += [True] * (len(line) - 1) + [False]
    points = np.concatenate(lines)
    longer = -len(points) % _STEPS  # steps without ink, where the pen was lifted last
    points = np.concatenate([points, np.repeat(points[-1:], longer, axis=0)])
    down += [False] * longer
    press = 1 + 0.15 * np.sin(np.linspace(0, rng.uniform(5, 30), len(points)))
    radius = (pen / 2 * press).astype(np.float32)
    return Track(points[None].astype(np.float32), radius[None], np.array([down[:-1]]))


def _chain(rng: np.random.Generator, pieces: tuple[Piece, ...]) -> np.ndarray:
    """The points of some pieces one after the other, in heights, y up; each a little astray."""
    x, out = 0.0, [(-0.1, 0.05)]
    wide, high = rng.uniform(0.8, 1.5), rng.uniform(0.75, 1.15)
    for _ in range(int(rng.integers(2, 9))):
        advance, points = pieces[rng.integers(len(pieces))]
        out += [(x + wide * right, high * up) for right, up in points]
        x += wide * advance
    out.append((x + 0.1, 0.08))
    return np.array(out) + rng.normal(0, 0.03, (len(out), 2))


def _dots(rng: np.random.Generator, body: np.ndarray) -> list[np.ndarray]:
    """Dots and bars above and below a word."""
    out = []
    for _ in range(int(rng.integers(1, 5))):
        x = rng.uniform(body[:, 0].min(), body[:, 0].max())
        y = rng.uniform(0.75, 1.0) if rng.random() < 0.7 else rng.uniform(-0.55, -0.3)
        length = rng.uniform(0.0, 0.08) if rng.random() < 0.8 else rng.uniform(0.2, 0.4)
        out.append(np.array([(x, y), (x + length / 2, y + 0.02), (x + length, y)]))
    return out


def smooth(points: np.ndarray) -> np.ndarray:
    """A Catmull-Rom spline through points, (n, 2); (m, 2) with _PER_POINT steps from each."""
    ends = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    before, here, there, after = ends[:-3], ends[1:-2], ends[2:-1], ends[3:]
    t = (np.arange(_PER_POINT) / _PER_POINT)[None, :, None]
    leave, arrive = (there - before)[:, None] / 2, (after - here)[:, None] / 2
    out = (
        (2 * t**3 - 3 * t**2 + 1) * here[:, None]
        + (t**3 - 2 * t**2 + t) * leave
        + (3 * t**2 - 2 * t**3) * there[:, None]
        + (t**3 - t**2) * arrive
    )
    return np.concatenate([out.reshape(-1, 2), points[-1:]])
