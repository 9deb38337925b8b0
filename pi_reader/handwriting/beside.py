"""What else people put on a page of digits: signs, underlines, and digits they struck out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pi_reader.handwriting.letters import equals, minus, plus
from pi_reader.handwriting.pen import Track, digit_tracks, extent, ink, merged, tracks
from pi_reader.handwriting.style import Style
from pi_reader.values import Box

_SIGNS = (plus, minus, equals)  # no times: networks are tested on never having seen it
_STEPS = 64  # points along a mark
TRIES = 12  # places to look at before a mark is left out
_CLEAR = 0.3  # free paper around a mark, in heights of a digit: nobody may take it for a part


def lay_marks(
    cover: np.ndarray,
    rng: np.random.Generator,
    style: Style,
    lines: Sequence[Sequence[Box]],
    pen: float,
) -> None:
    """Put some marks that are no digits where the page has room, in the hand of its digits.

    cover: (height, width) float32, 0 paper to 1 ink, changed in place. lines: the boxes of the
    digits, line by line; pen: the width of their strokes in pixels.
    """
    tall = float(np.median([box.height for line in lines for box in line]))
    for _ in range(int(rng.integers(2, 7))):
        kind = rng.choice(["sign", "underline", "struck out"], p=[0.5, 0.2, 0.3])
        if kind == "underline":
            _underline(cover, rng, lines[int(rng.integers(len(lines)))], tall, pen)
            continue
        mark = _sign(rng, style, tall, pen) if kind == "sign" else _struck(rng, style, tall, pen)
        for _ in range(TRIES):
            place = rng.uniform(0, 1, 2) * cover.shape[::-1]
            if lay(cover, mark, place, round(_CLEAR * tall)):
                break


def _sign(rng: np.random.Generator, style: Style, tall: float, pen: float) -> Track:
    """A plus, minus or equals sign, smaller than the digits, in pixels."""
    skeleton = _SIGNS[rng.integers(len(_SIGNS))]
    high = tall * rng.uniform(0.45, 0.8)
    traits = style.traits.take(rng.integers(0, 10, 1)).astray(rng, style.care)
    traits = replace(traits, pen=np.full(1, pen / high, np.float32))
    return _scaled(tracks(np.zeros(1, int), {0: skeleton}, traits, rng, _STEPS), high)


def _struck(rng: np.random.Generator, style: Style, tall: float, pen: float) -> Track:
    """A digit that the writer took back with a zigzag, in pixels."""
    label = rng.integers(0, 10, 1)
    traits = replace(style.drawing(label, rng), pen=np.full(1, pen / tall, np.float32))
    digit = _scaled(digit_tracks(label, traits, rng, _STEPS), tall)
    low, high = extent(digit)
    turns = int(rng.integers(4, 8))
    across = np.where(np.arange(turns) % 2, 1.15, -0.15) + rng.normal(0, 0.08, turns)
    along = np.linspace(0.12, 0.88, turns) + rng.normal(0, 0.05, turns)
    corners = low[0] + np.stack([across, along], axis=1) * (high - low)[0]
    return merged([digit, _through(corners, pen)])


def _underline(
    cover: np.ndarray, rng: np.random.Generator, line: Sequence[Box], tall: float, pen: float
) -> None:
    """Draw a line under a line of digits, if there is room."""
    left, right = line[0].x, max(box.right for box in line)
    bottom = max(box.bottom for box in line) + rng.uniform(0.2, 0.4) * tall
    share = np.linspace(0, 1, 9)
    bow = 4 * share * (1 - share) * rng.normal(0, 0.04) * tall
    fall = share * rng.normal(0, 0.01) * (right - left)
    corners = np.stack([share * (right - left), fall + bow], axis=1)
    lay(cover, _through(corners, pen), np.array([left, bottom]), round(0.1 * tall))


def _through(corners: np.ndarray, pen: float) -> Track:
    """Straight from corner to corner, (corners, 2) in pixels, in steps no longer than the pen."""
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    steps = np.linspace(0, way[-1], int(way[-1] / max(pen, 1)) + 2)
    points = np.stack([np.interp(steps, way, corners[:, axis]) for axis in (0, 1)], axis=1)
    radius = np.full((1, len(points)), pen / 2, np.float32)
    return Track(points[None].astype(np.float32), radius, np.ones((1, len(points) - 1), bool))


def _scaled(track: Track, tall: float) -> Track:
    """A track in heights of a digit as one in pixels."""
    factor = np.float32(tall)
    return Track(track.points * factor, track.radius * factor, track.down)


def lay(cover: np.ndarray, mark: Track, place: np.ndarray, clear: int) -> bool:
    """Ink a mark with its upper left corner at `place` (x, y); False if there is no free room."""
    low, high = extent(mark)
    width, height = (int(side) for side in np.ceil(high - low)[0] + 3)
    left, top = (int(side) for side in place)
    free = (
        slice(max(top - clear, 0), top + height + clear),
        slice(max(left - clear, 0), left + width + clear),
    )
    if (
        top < 2
        or left < 2
        or top + height > cover.shape[0] - 2
        or (left + width > cover.shape[1] - 2 or cover[free].any())
    ):
        return False
    inside = replace(mark, points=mark.points - low[:, None] + np.float32(1))
    cover[top : top + height, left : left + width] = ink(inside, (height, width))[0]
    return True
