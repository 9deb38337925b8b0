"""Digits that are not one stroke of one pen: scribbled full, with a broad nib, hollow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pi_reader.handwriting import texts
from pi_reader.handwriting.layouts import Draft, fitting, height_of, put_row
from pi_reader.handwriting.marks import Mark
from pi_reader.handwriting.pen import Track

_NIBS = 5  # copies of a stroke side by side that make a broad nib


def bold(draft: Draft) -> None:
    """A line or a lone digit in thick strokes that somebody drew rather than wrote."""
    rng = draft.rng
    draft.stamps = None  # the strokes themselves are drawn here
    text = texts.lone(rng) if rng.random() < 0.5 else texts.number(rng, 6)
    hand = draft.hand(fitting(draft, [text], height_of(rng, draft.size, 0.15, 0.75), 0.5))
    base = hand.tall * 1.15 + rng.uniform(0, 1) * max(draft.size[1] - 1.35 * hand.tall, 1)
    marks = put_row(draft, hand, text, draft.size[0] * rng.uniform(0.08, 0.4), base)
    kind = str(rng.choice(["scribbled", "nib", "fat"], p=[0.45, 0.35, 0.2]))
    wide = hand.tall * rng.uniform(0.09, 0.2)
    angle = rng.uniform(0, np.pi)
    nib = wide * np.array([np.cos(angle), np.sin(angle)])
    for place, mark in enumerate(marks, len(draft.marks) - len(marks)):
        if kind == "scribbled":
            draft.marks[place] = scribbled(rng, mark, wide)
        elif kind == "nib":
            draft.marks[place] = with_nib(mark, nib, max(wide / _NIBS * 0.75, 1.0))
        else:
            radius = np.full_like(mark.track.radius, wide / 2)
            draft.marks[place] = replace(mark, track=replace(mark.track, radius=radius))


def scribbled(rng: np.random.Generator, mark: Mark, wide: float) -> Mark:
    """The same mark filled with a fine pen, `wide` pixels across its stroke: back and forth over
    the stroke, or along it again and again."""
    pen = float(np.clip(wide * rng.uniform(0.1, 0.25), 1.3, 6.0))
    line, across, down = _walk(mark.track, pen * rng.uniform(0.45, 0.8))
    if rng.random() < 0.5:
        passes = [_wave(rng, np.where(np.arange(len(line)) % 2, 0.45, -0.45), 0.08)]
    else:
        line, across, down = line[::4], across[::4], down[::4]
        ways = np.linspace(-0.45, 0.45, int(np.ceil(wide / pen)) + 1)
        passes = [_wave(rng, np.full(len(line), way), 0.06) for way in ways]
    points = np.concatenate([line + across * (wide * side)[:, None] for side in passes])
    lifts = np.concatenate([np.append(down[1:], False)] * len(passes))[:-1]
    radius = np.full((1, len(points)), pen / 2, np.float32)
    track = Track(points[None].astype(np.float32), radius, lifts[None])
    return replace(mark, track=track)


def _walk(track: Track, pitch: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places along a track at even distances: (n, 2) points, (n, 2) directions across, and (n,)
    bool, whether the pen wrote on the way there."""
    points, down = track.points[0], track.down[0]
    lengths = np.hypot(*np.diff(points, axis=0).T)
    way = np.concatenate([[0.0], np.cumsum(np.where(down, lengths, 0.01))])
    places = np.arange(0.0, way[-1], pitch)
    line = np.stack([np.interp(places, way, points[:, axis]) for axis in (0, 1)], axis=1)
    heading = np.gradient(line, axis=0)
    across = np.stack([-heading[:, 1], heading[:, 0]], axis=1)
    across /= np.maximum(np.hypot(*heading.T), 1e-3)[:, None]
    step = np.clip(np.searchsorted(way, places, side="right") - 1, 0, len(down) - 1)
    stroke = np.cumsum(np.append(True, ~down))[step]  # which stroke of the digit each place is on
    return line, across, down[step] & np.append(True, np.diff(stroke) == 0)


def _wave(rng: np.random.Generator, side: np.ndarray, size: float) -> np.ndarray:
    """Sideways places along a stroke, in widths of it, with a slow wave and a little noise."""
    way = np.linspace(0, rng.uniform(6, 25), len(side)) + rng.uniform(0, 2 * np.pi)
    return side + size * np.sin(way) + rng.normal(0, size / 3, len(side))


def with_nib(mark: Mark, nib: np.ndarray, pen: float) -> Mark:
    """The same mark with a broad nib: `nib` is where its one end is from the other, in pixels."""
    track = mark.track
    shifts = np.linspace(-0.5, 0.5, _NIBS)[:, None, None] * nib.astype(np.float32)
    points = (track.points + shifts).reshape(1, -1, 2).astype(np.float32)
    lifted = np.concatenate([track.down, [[False]]], axis=1)
    down = np.tile(lifted, (1, _NIBS))[:, :-1]
    return replace(mark, track=Track(points, np.full(points.shape[:2], pen, np.float32), down))
