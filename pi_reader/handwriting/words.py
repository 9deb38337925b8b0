"""Words beside the digits of a page: letters in a row, apart or joined, in the hand of the page.

Some letters are honestly a digit too when they stand alone, such as o, l, s, g, and the Cyrillic
ze. They are drawn as the digits that they look like, and where they stand is told, so that nobody
learns to refuse them for their shape: only their company tells what they are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pi_reader.handwriting.alphabet import LETTERS, y_cup, y_straight
from pi_reader.handwriting.beside import TRIES, lay
from pi_reader.handwriting.pen import Track, digit_tracks, extent, tracks
from pi_reader.handwriting.style import Style
from pi_reader.values import Box

_SKELETONS = (*LETTERS, y_straight, y_cup)
_ALIKE = 0.25  # of the letters look like digits
_LETTERS = (2, 9)  # in a word
_SHORT = 0.6  # of a tall letter's height: most small ones
_STEPS = 48  # points along a letter
_CLEAR = 0.4  # free paper around a word, in heights of a letter


def lay_words(
    cover: np.ndarray, rng: np.random.Generator, style: Style, tall: float, pen: float, count: int
) -> list[Box]:
    """Put words where the page has room; gives the boxes of letters that look like digits.

    cover: (height, width) float32, 0 paper to 1 ink, changed in place. tall: height of the page's
    digits, pen: width of their strokes, both in pixels; count: how many words to try.
    """
    alike: list[Box] = []
    for _ in range(count):
        size = max(tall * rng.uniform(0.6, 1.2), 12.0)  # pixels; smaller letters are no letters
        word, digits = _word(rng, style, size, pen)
        low, _ = extent(word)
        for _ in range(TRIES):
            place = rng.uniform(0, 1, 2) * cover.shape[::-1]
            if lay(cover, word, place, round(_CLEAR * size)):
                shift = np.floor(place) + 1 - low[0]
                alike += [_box(corner + np.tile(shift, 2)) for corner in digits]
                break
    return alike


def _word(
    rng: np.random.Generator, style: Style, size: float, pen: float
) -> tuple[Track, list[np.ndarray]]:
    """One word in pixels, and left, top, right, bottom of each letter that looks like a digit."""
    n = int(rng.integers(*_LETTERS))
    alike = rng.random(n) < _ALIKE
    heights = size * np.where(rng.random(n) < 0.7, _SHORT, 1.0).astype(np.float32)
    labels = rng.integers(0, 10, n)
    traits = style.drawing(labels, rng)
    traits = replace(traits, pen=np.float32(pen) / heights)
    track = digit_tracks(labels, traits, rng, _STEPS)
    rows = np.flatnonzero(~alike)
    if len(rows):
        keys = rng.integers(0, len(_SKELETONS), len(rows))
        skeletons = {int(key): _SKELETONS[key] for key in np.unique(keys)}
        other = tracks(keys, skeletons, traits.take(rows), rng, _STEPS)
        track.points[rows], track.radius[rows], track.down[rows] = (
            other.points,
            other.radius,
            other.down,
        )
    points = track.points * heights[:, None, None]
    radius = track.radius * heights[:, None]
    low, high = extent(Track(points, radius, track.down))
    joined = rng.random() < 0.35
    gaps = pen * rng.uniform(-1.0, 0.2, n) if joined else size * rng.uniform(0.06, 0.4, n)
    ends = np.cumsum(high[:, 0] - low[:, 0] + gaps)
    left = np.concatenate([[0.0], ends[:-1]])
    points[:, :, 0] += (left - low[:, 0]).astype(np.float32)[:, None]
    points[:, :, 1] -= high[:, 1, None]  # all stand on one line
    low, high = extent(Track(points, radius, track.down))
    lifted = np.concatenate([track.down, np.zeros((n, 1), bool)], axis=1)
    whole = Track(points.reshape(1, -1, 2), radius.reshape(1, -1), lifted.reshape(1, -1)[:, :-1])
    return whole, [np.concatenate([low[row], high[row]]) for row in np.flatnonzero(alike)]


def _box(corners: np.ndarray) -> Box:
    """Left, top, right, bottom as a box of whole pixels."""
    left, top, right, bottom = (int(side) for side in np.rint(corners))
    return Box(left, top, right - left, bottom - top)
