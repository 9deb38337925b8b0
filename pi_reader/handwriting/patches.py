"""Drawn digits as the network sees them: 28×28, made the way MNIST was made."""

from __future__ import annotations

import numpy as np

from pi_reader.handwriting.pen import Track, digit_tracks, extent, ink
from pi_reader.handwriting.style import Style, random_traits
from pi_reader.values import SIDE

LONGER_EDGE = 20  # pixels that the longer edge of the ink fills
_AT_ONCE = 256  # patches per batch, so that their pixels stay in the cache
_CANVAS = 40  # room to move the centre of mass into the middle


def draw_patches(
    labels: np.ndarray,
    rng: np.random.Generator,
    style: Style | None = None,
    continental: float = 0.5,
) -> np.ndarray:
    """Draw handwritten digits, each by another person, or all by one person's `style`.

    labels: (n,) integers from 0 to 9; continental: the share of people who learned to write in
    Europe, 0 to 1. Gives (n, 28, 28) uint8, 0 paper to 255 full ink, the longer edge 20 pixels,
    the centre of mass in the middle. ValueError if a label is no digit.
    """
    labels = np.asarray(labels).astype(int)
    if labels.ndim != 1 or (len(labels) and not 0 <= labels.min() <= labels.max() <= 9):
        raise ValueError("labels: must be one row of digits from 0 to 9")
    if not len(labels):
        return np.zeros((0, SIDE, SIDE), np.uint8)
    if style is None:
        traits = random_traits(labels, rng, continental)
    else:
        traits = style.drawing(labels, rng)
    return patches_of(digit_tracks(labels, traits, rng))


def patches_of(track: Track) -> np.ndarray:
    """Anything written as patches: (n, 28, 28) uint8, longer edge 20, mass in the middle."""
    low, high = extent(track)
    scale = LONGER_EDGE / (high - low).max(axis=1)  # (n,)
    middle = (low + high) / 2
    points = (track.points - middle[:, None]) * scale[:, None, None] + np.float32(_CANVAS / 2)
    radius = track.radius * scale[:, None]
    out = np.empty((len(points), SIDE, SIDE), np.uint8)
    order = np.argsort(radius.max(axis=1), kind="stable")  # pens of one width go together
    for start in range(0, len(order), _AT_ONCE):
        rows = order[start : start + _AT_ONCE]
        placed = Track(points[rows], radius[rows], track.down[rows])
        out[rows] = centred(ink(placed, (_CANVAS, _CANVAS)))
    return out


def centred(canvas: np.ndarray) -> np.ndarray:
    """Cut 28×28 around the centre of mass: (n, side, side) float32 0 to 1 in, uint8 patches out.

    Whole pixels, as MNIST did; so the centre of mass lies within half a pixel of the middle.
    """
    n, side, _ = canvas.shape
    mass = np.maximum(canvas.sum(axis=(1, 2)), np.float32(1e-6))
    place = np.arange(side, dtype=np.float32) + np.float32(0.5)
    x = canvas.sum(axis=1) @ place / mass
    y = canvas.sum(axis=2) @ place / mass
    left = np.clip(np.round(x - SIDE / 2), 0, side - SIDE).astype(int)
    top = np.clip(np.round(y - SIDE / 2), 0, side - SIDE).astype(int)
    span = np.arange(SIDE)
    rows = (top[:, None] + span)[:, :, None]
    columns = (left[:, None] + span)[:, None, :]
    cut = canvas[np.arange(n)[:, None, None], rows, columns]
    return np.asarray(np.round(cut * 255), np.uint8)
