"""Pictures without any writing: rooms, shapes, cartoons, textures. A reader must stay silent."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from pi_reader.handwriting.paper import cloud


def scenery(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """A picture of something that is no page: (height, width) float32, 0 black to 1 white."""
    kind = str(rng.choice(["shapes", "cartoon", "room", "texture", "strokes", "blank"]))
    ground = int(rng.integers(20, 240) if rng.random() < 0.6 else rng.integers(225, 256))
    picture = Image.new("L", size, ground)
    draw = ImageDraw.Draw(picture)
    if kind == "shapes":
        _shapes(rng, draw, size)
    elif kind == "cartoon":
        _cartoon(rng, draw, size)
    elif kind == "room":
        _room(rng, draw, size)
    elif kind == "strokes":
        _strokes(rng, draw, size)
    soft = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 2.0)))
    out = np.asarray(soft, np.float32) / 255
    if kind in ("texture", "room"):
        rough = rng.uniform(0, 0.12 if kind == "texture" else 0.02, 4)
        for cells, strength in zip((8, 20, 60, 150), rough, strict=True):
            out = out + cloud(rng, size, cells) * np.float32(strength)
    return np.clip(out, 0, 1).astype(np.float32)


def _shapes(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    """Discs, boxes, polygons and stars, filled or as outlines."""
    for _ in range(int(rng.integers(4, 40))):
        x, y = rng.uniform(0, 1, 2) * size
        wide, high = np.exp(rng.uniform(np.log(8), np.log(160), 2))
        tone = int(rng.integers(0, 256))
        fill = tone if rng.random() < 0.75 else None
        pen = int(rng.integers(1, 7))
        kind = rng.integers(4)
        if kind == 0:
            draw.rectangle((x, y, x + wide, y + high), fill, tone, pen)
        elif kind == 1:
            draw.ellipse((x, y, x + wide, y + high), fill, tone, pen)
        elif kind == 2:
            around = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 7))))
            draw.polygon(
                [(x + wide * np.cos(a), y + wide * np.sin(a)) for a in around], fill, tone, pen
            )
        else:
            points = int(rng.integers(5, 9))
            turn = rng.uniform(0, 2 * np.pi)
            reach = [wide if step % 2 else wide * 0.45 for step in range(2 * points)]
            angles = turn + np.arange(2 * points) * np.pi / points
            star = [
                (x + r * np.cos(a), y + r * np.sin(a)) for r, a in zip(reach, angles, strict=True)
            ]
            draw.polygon(star, fill, tone, pen)


def _cartoon(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    """Outlines of round bodies with eyes, and lines here and there."""
    tone, pen = int(rng.integers(0, 80)), int(rng.integers(2, 8))
    for _ in range(int(rng.integers(2, 7))):
        middle = rng.uniform(0.1, 0.9, 2) * size
        reach = size[1] * rng.uniform(0.06, 0.35)
        angles = np.linspace(0, 2 * np.pi, 40)
        bumps = 1 + sum(
            rng.normal(0, 0.12) * np.cos(angles * wave + rng.uniform(0, 6)) for wave in (2, 3, 4, 5)
        )
        outline = middle + reach * (bumps * np.stack([np.cos(angles), np.sin(angles)])).T
        body = [tuple(point) for point in outline.tolist()]
        draw.polygon(body, fill=int(rng.integers(120, 256)))
        draw.line([*body, body[0]], fill=tone, width=pen, joint="curve")
        for side in (-1, 1):
            x, y = middle + [side * reach * 0.3, -reach * 0.2]
            eye = reach * rng.uniform(0.04, 0.12)
            draw.ellipse((x - eye, y - eye, x + eye, y + eye), fill=tone)
        x, y = middle
        draw.arc(
            (x - reach * 0.3, y - reach * 0.1, x + reach * 0.3, y + reach * 0.3), 20, 160, tone, pen
        )


def _room(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    """Walls that meet in a corner, windows, tables with legs."""
    width, height = size
    x, low = width * rng.uniform(0.1, 0.9), height * rng.uniform(0.4, 0.8)
    floor = [(0, low * rng.uniform(1, 1.3)), (x, low), (width, low * rng.uniform(1, 1.3))]
    draw.polygon([*floor, (width, height), (0, height)], fill=int(rng.integers(30, 200)))
    draw.line((x, 0, x, low), fill=int(rng.integers(0, 150)), width=int(rng.integers(1, 5)))
    for _ in range(int(rng.integers(3, 14))):
        left, top = rng.uniform(0, 1, 2) * size
        wide, high = rng.uniform(0.05, 0.3, 2) * size
        tone = int(rng.integers(0, 256))
        shift = rng.normal(0, 0.2) * high
        draw.polygon(
            [
                (left, top),
                (left + wide, top + shift),
                (left + wide, top + high),
                (left, top + high),
            ],
            fill=tone,
        )
        for leg in (left, left + wide):
            foot = top + high + rng.uniform(0, 0.25) * height
            draw.line((leg, top + high, leg, foot), fill=tone // 2, width=int(rng.integers(2, 8)))


def _strokes(rng: np.random.Generator, draw: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    """Cables, twigs, hairs and cracks: lines that wander about."""
    for _ in range(int(rng.integers(3, 30))):
        start = rng.uniform(0, 1, 2) * size
        turns = np.cumsum(rng.normal(0, rng.uniform(0.05, 0.8), 20)) + rng.uniform(0, 2 * np.pi)
        step = size[0] * rng.uniform(0.004, 0.04)
        way = start + np.cumsum(step * np.stack([np.cos(turns), np.sin(turns)], axis=1), axis=0)
        draw.line(
            [tuple(point) for point in way.tolist()],
            fill=int(rng.integers(0, 256)),
            width=int(rng.integers(1, 9)),
            joint="curve",
        )
