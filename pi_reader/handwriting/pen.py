"""From traits to ink: where the pen goes, how hard it presses, and what it leaves on the paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pi_reader.handwriting.splines import Skeleton, controls, line_of
from pi_reader.handwriting.strokes import FORMS
from pi_reader.handwriting.style import WAVES, Traits

STEPS = 52  # points along a drawn digit of 20 pixels: steps of about one pixel
_AT_ONCE = 256  # shapes per batch, so that the pixels under the pen stay in the cache


@dataclass(frozen=True)
class Track:
    """Where pens went: points (n, steps, 2) float32, radius (n, steps) float32 in the same unit,
    down (n, steps - 1) bool, whether the pen wrote on the way to the next point."""

    points: np.ndarray
    radius: np.ndarray
    down: np.ndarray


def digit_tracks(
    labels: np.ndarray, traits: Traits, rng: np.random.Generator, steps: int = STEPS
) -> Track:
    """Write digits; labels: (n,) int. The unit is the height of a skeleton, y runs down."""
    keys = labels * 16 + traits.form
    skeletons = {int(key): FORMS[key // 16][key % 16].skeleton for key in np.unique(keys)}
    return tracks(keys, skeletons, traits, rng, steps)


def tracks(
    keys: np.ndarray,
    skeletons: dict[int, Skeleton],
    traits: Traits,
    rng: np.random.Generator,
    steps: int = STEPS,
) -> Track:
    """Write any shapes: row i gets skeletons[keys[i]], by the hand in row i of traits."""
    n = len(keys)
    points = np.empty((n, steps, 2), np.float32)
    down = np.empty((n, steps - 1), bool)
    rest = np.empty((n, steps), np.float32)
    for key, skeleton in skeletons.items():
        rows = np.flatnonzero(keys == key)
        line = line_of(skeleton, steps)
        anchors = controls(skeleton, traits.tastes[rows])
        anchors += traits.quirk[rows, : anchors.shape[1]]
        sharp = line.sharp @ anchors
        points[rows] = sharp + traits.soft[rows, None, None] * (line.soft @ anchors - sharp)
        down[rows] = line.down
        rest[rows] = line.rest
    waves = rng.standard_normal((n, WAVES, 3), dtype=np.float32)
    swing = np.matmul(_waves(steps), waves)  # (n, steps, 3)
    points += swing[:, :, :2] * traits.tremor[:, None, None]
    points = _posture(points, traits)
    thin = 1 - traits.taper[:, None] * 0.6 * (1 - np.minimum(rest * 3, 1))
    press = np.exp(traits.pressure[:, None] * 0.3 * swing[:, :, 2])
    return Track(points, traits.pen[:, None] / 2 * thin * press, down)


@lru_cache(maxsize=8)
def _waves(steps: int) -> np.ndarray:
    """Slow waves along the way of the pen, weaker the faster they are: (steps, WAVES) float32."""
    way = np.linspace(0, np.pi, steps)[:, None]
    order = np.arange(1, WAVES + 1)
    return (np.cos(way * (order + 1)) / order).astype(np.float32)


def _posture(points: np.ndarray, traits: Traits) -> np.ndarray:
    """Bend, stretch, slant and turn whole shapes, as paper and arm lie."""
    x = points[:, :, 0] - 0.3
    y = points[:, :, 1] - 0.5
    bend = traits.bend[:, :, None]
    x = x + bend[:, 0] * (4 * y * y - 0.5) + bend[:, 1] * 4 * x * y
    y = y + bend[:, 2] * (4 * x * x - 0.5) + bend[:, 3] * 4 * x * y
    x = x * traits.width[:, None] - y * traits.slant[:, None]
    cos, sin = np.cos(traits.turn)[:, None], np.sin(traits.turn)[:, None]
    return np.stack([x * cos - y * sin, x * sin + y * cos], axis=2)


def ink(track: Track, size: tuple[int, int], edge: float = 1.0) -> np.ndarray:
    """What the pens leave: (n, height, width) float32 from 0 paper to 1 ink.

    The track is in pixels; the middle of the upper left pixel is (0.5, 0.5). edge: over how many
    pixels the ink fades out. All of a track must lie inside the picture; what lies outside is
    pushed to its border.

    Each step of the pen touches only the few pixels around it, so it is drawn into a small window
    there, for many shapes at once.
    """
    height, width = size
    n = len(track.radius)
    out = np.zeros((n, height, width), np.float32)
    stride = np.hypot(*np.moveaxis(np.diff(track.points, axis=1), 2, 0)) * track.down
    reach = (stride / 2 + np.maximum(track.radius[:, :-1], track.radius[:, 1:])).max(axis=1)
    order = np.argsort(reach, kind="stable")
    for start in range(0, n, _AT_ONCE):
        rows = order[start : start + _AT_ONCE]
        out[rows] = _ink_batch(track, rows, size, float(reach[rows[-1]]), edge)
    return out


def _ink_batch(
    track: Track, rows: np.ndarray, size: tuple[int, int], reach: float, edge: float
) -> np.ndarray:
    """Draw one batch; no step of these shapes reaches farther than `reach` from its middle."""
    height, width = size
    points, radius, down = track.points[rows], track.radius[rows], track.down[rows]
    side = min(int(np.ceil(2 * reach + edge)) + 1, height, width)
    canvas = np.zeros(len(rows) * height * width, np.float32)
    window = (np.arange(side)[:, None] * width + np.arange(side)).reshape(-1)
    base = np.arange(len(rows)) * (height * width)
    middle = (points[:, :-1] + points[:, 1:]) / 2
    left = np.clip(np.round(middle[:, :, 0] - side / 2), 0, width - side).astype(np.intp)
    top = np.clip(np.round(middle[:, :, 1] - side / 2), 0, height - side).astype(np.intp)
    grid = np.arange(side, dtype=np.float32) + np.float32(0.5)
    gain = np.float32(1 / edge)
    for step in np.flatnonzero(down.any(axis=0)):
        here, there = points[:, step], points[:, step + 1]
        way = there - here
        across = left[:, step, None] + grid - here[:, :1]  # (n, side)
        along = top[:, step, None] + grid - here[:, 1:]
        across, along = across.astype(np.float32), along.astype(np.float32)
        scale = 1 / np.maximum((way * way).sum(axis=1, keepdims=True), np.float32(1e-6))
        share = (along * way[:, 1:] * scale)[:, :, None] + (across * way[:, :1] * scale)[:, None]
        np.clip(share, 0, 1, out=share)  # (n, side, side), how far along the step a pixel lies
        far = across[:, None] - share * way[:, 0, None, None]
        near = along[:, :, None] - share * way[:, 1, None, None]
        far *= far
        near *= near
        far += near
        np.sqrt(far, out=far)
        share *= (radius[:, step + 1] - radius[:, step])[:, None, None]
        share += np.where(down[:, step], radius[:, step], -9)[:, None, None]
        share -= far
        share *= gain
        share += np.float32(0.5)
        np.clip(share, 0, 1, out=share)
        places = (base + top[:, step] * width + left[:, step])[:, None] + window
        flat = share.reshape(len(rows), -1)
        canvas[places] = np.maximum(canvas[places], flat)
    return canvas.reshape(len(rows), height, width)


def extent(track: Track) -> tuple[np.ndarray, np.ndarray]:
    """The corners of what was written: two (n, 2) float32, upper left and lower right (x, y)."""
    touched = np.zeros(track.radius.shape, bool)
    touched[:, :-1] |= track.down
    touched[:, 1:] |= track.down
    far = np.where(touched, track.radius, -1e6)[:, :, None]
    return (track.points - far).min(axis=1), (track.points + far).max(axis=1)


def merged(parts: Sequence[Track]) -> Track:
    """Several tracks of the same n shapes one after the other, the pen lifted between them."""
    lifted = np.zeros((len(parts[0].radius), 1), bool)
    down = [piece for part in parts for piece in (part.down, lifted)][:-1]
    return Track(
        np.concatenate([part.points for part in parts], axis=1),
        np.concatenate([part.radius for part in parts], axis=1),
        np.concatenate(down, axis=1),
    )
