"""What gets into a picture of a page beside the page: fingers, hands, edges of other things."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

from pi_reader.handwriting.pen import Track, ink
from pi_reader.values import Box

_INTRUDED = 0.12  # of the pages show a finger, a corner of something, the edge of a desk
_INTRUDED_ALONE = 0.5  # of those without a mark do
_TRIES = 4  # places for an intruder before it stays away
_CLEAR = 4  # pixels between an intruder and any mark


def intruded(rng: np.random.Generator, scene: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
    """The same picture, on some pages with something in it that hides no mark.

    boxes: of the marks.
    """
    if rng.random() >= (_INTRUDED if boxes else _INTRUDED_ALONE):
        return scene
    thing = (_finger, _finger, _thing, _hand)[rng.integers(4)]
    for _ in range(_TRIES):
        mask, look = thing(rng, scene.shape)
        if not any(_touched(mask, box) for box in boxes):
            return np.asarray(scene * (1 - mask) + look * mask, np.float32)
    return scene


def _touched(mask: np.ndarray, box: Box) -> bool:
    """Whether a mask covers any of a box or the paper close to it."""
    rows = slice(max(box.y - _CLEAR, 0), box.bottom + _CLEAR)
    columns = slice(max(box.x - _CLEAR, 0), box.right + _CLEAR)
    return bool(mask[rows, columns].max(initial=0) > 0)


def _finger(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """A finger or a thumb that holds the page: where it is, and how it looks."""
    start, inward = _from_an_edge(rng, shape)
    wide = shape[1] * rng.uniform(0.03, 0.07)
    reach = wide * rng.uniform(0.8, 3.0)
    way = np.linspace(-0.5, 1, 5)[:, None]
    radius = wide * np.array([1.15, 1.1, 1.05, 1.0, 0.85])
    return _skin(rng, [start + way * reach * inward], [radius], shape)


def _hand(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """An arm that reaches in, with a hand that points."""
    start, inward = _from_an_edge(rng, shape)
    wide = shape[1] * rng.uniform(0.035, 0.07)
    reach = shape[0] * rng.uniform(0.1, 0.5)
    palm = start + inward * reach
    lines, radii = [np.linspace(start - inward * wide, palm, 6)], [np.linspace(1.1, 1.4, 6) * wide]
    for _ in range(int(rng.integers(1, 5))):
        turn = rng.normal(0, 0.45)
        cos, sin = np.cos(turn), np.sin(turn)
        way = np.array([inward[0] * cos - inward[1] * sin, inward[0] * sin + inward[1] * cos])
        side = np.array([-way[1], way[0]]) * rng.uniform(-0.8, 0.8) * wide
        lines.append(palm + side + np.linspace(0, rng.uniform(1.5, 3.5) * wide, 5)[:, None] * way)
        radii.append(np.linspace(0.5, 0.36, 5) * wide)
    return _skin(rng, lines, radii, shape)


def _from_an_edge(
    rng: np.random.Generator, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """A place on the picture's edge, and a direction of about length 1 from there inwards."""
    height, width = shape
    side, along = rng.integers(4), rng.uniform(0.05, 0.95)
    starts = [
        (along * width, height),
        (0, along * height),
        (width, along * height),
        (along * width, 0),
    ]
    inward = np.array([(0, -1), (1, 0), (-1, 0), (0, 1)][side], float)
    return np.array(starts[side], float), inward + rng.normal(0, 0.4) * inward[::-1]


def _skin(
    rng: np.random.Generator,
    lines: Sequence[np.ndarray],
    radii: Sequence[np.ndarray],
    shape: tuple[int, ...],
) -> tuple[np.ndarray, np.ndarray]:
    """What is round and of one tone around lines of (points, 2): where it is, how it looks."""
    height, width = shape
    room = int(max(radius.max() for radius in radii)) * 2
    points = np.clip(np.concatenate(lines), 1 - room, np.array([width, height]) + room - 1) + room
    down = [step for line in lines for step in [True] * (len(line) - 1) + [False]]
    track = Track(
        points[None].astype(np.float32),
        np.concatenate(radii)[None].astype(np.float32),
        np.array([down[:-1]]),
    )
    mask = ink(track, (height + 2 * room, width + 2 * room))[0][room:-room, room:-room]
    picture = Image.fromarray((mask * 255).astype(np.uint8))
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(room * 0.15)), np.float32) / 255
    tone = np.float32(rng.uniform(0.2, 0.75))
    return mask, tone * (np.float32(0.45) + np.float32(0.6) * soft)


def _thing(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Something that reaches in from a corner or an edge: a desk, a keyboard, a wall."""
    height, width = shape
    angle = rng.uniform(0, 2 * np.pi)
    if rng.random() < 0.5:
        angle = rng.integers(4) * np.pi / 2 + rng.normal(0, 0.08)
    across, along = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    x = np.arange(width, dtype=np.float32)[None]
    y = np.arange(height, dtype=np.float32)[:, None]
    far = x * across + y * along
    reach = far.max() - np.float32(rng.uniform(0.03, 0.2) * max(shape))
    mask = np.clip(far - reach, 0, 1)
    look = np.full(shape, rng.uniform(0.02, 0.9), np.float32)
    if rng.random() < 0.6:  # stripes, keys, boards
        pitch = rng.uniform(8, 40)
        other = y * across - x * along
        keys = (np.minimum(far % pitch, other % (pitch * rng.uniform(0.8, 3))) > 3).astype(
            np.float32
        )
        look += (keys - 1) * np.float32(rng.uniform(-0.3, 0.3))
    return mask, np.clip(look, 0, 1)
