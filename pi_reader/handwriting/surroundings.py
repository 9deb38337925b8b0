"""Where a page lies and what happened to it: desks, boards, curls, fingers, ghosts, motion.

Pictures are (height, width) float32, 0 black to 1 white, as in `paper`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from pi_reader.handwriting.paper import View, cloud
from pi_reader.values import Box

_CURLED = 0.12  # share of the pages that do not lie flat
_GHOST = 0.1  # let the writing of their other side through
_TINTED = 0.18  # are of coloured or grey paper
_PALE = 0.22  # are written with a hard pencil or a light colour
_MOVED = 0.1  # moved while the picture was taken
_GLARED = 0.06  # mirror a lamp
_DRY = 0.06  # are written with a pen that skips
_DOTTED = 0.07  # are printed with dots or with fine squares
_CREASED = 0.08  # were folded
_PUNCHED = 0.05  # have holes along an edge, or a spiral through them
_HIGHLIGHTED = 0.04  # have a bar of light colour behind some of their writing


@dataclass(frozen=True)
class Curled(View):
    """A page that does not lie flat: its rows are bent on the way to the plane that is seen.

    height: how far a row bends, in pixels; period: width of a wave in pixels; phase: radians.
    """

    height: float = 0.0
    period: float = 1.0
    phase: float = 0.0

    def _bend(self, x: np.ndarray) -> np.ndarray:
        return np.float32(self.height) * np.sin(
            x * np.float32(2 * np.pi / self.period) + self.phase
        )

    def to_frame(self, points: np.ndarray) -> np.ndarray:
        """Where points of the page, (..., 2) float32, appear in the frame."""
        bent = np.stack([points[..., 0], points[..., 1] + self._bend(points[..., 0])], axis=-1)
        return super().to_frame(bent.astype(np.float32))

    def to_page(self, points: np.ndarray) -> np.ndarray:
        """Which points of the page are seen at points of the frame, (..., 2) float32."""
        flat = super().to_page(points)
        flat[..., 1] -= self._bend(flat[..., 0])
        return flat


def look_at(rng: np.random.Generator, size: tuple[int, int], difficulty: float) -> View:
    """Hold a camera over a page, which is curled now and then."""
    view = View.random(rng, size, difficulty)
    if rng.random() >= _CURLED:
        return view
    period = size[0] * rng.uniform(1.2, 3.0)
    height = size[1] * rng.uniform(0.01, 0.05)
    return Curled(view.matrix, float(height), float(period), float(rng.uniform(0, 2 * np.pi)))


def look_at_note(rng: np.random.Generator, size: tuple[int, int]) -> tuple[View, tuple[int, int]]:
    """Look at a note that fills 15 to 85 % of the picture; gives the view and the note's size."""
    share, shape = rng.uniform(0.15, 0.85), rng.uniform(0.65, 1.7)
    area = size[0] * size[1] * share
    width = float(min(np.sqrt(area * shape), size[0] * 0.95))
    height = float(min(area / width, size[1] * 0.95))
    turn = rng.normal(0, 0.12) * (1.2 - share)
    free = np.maximum((np.array(size) - (width, height)) / 2, 0)
    middle = np.array(size) / 2 + rng.uniform(-0.8, 0.8, 2) * free
    tilt = rng.normal(0, 0.08, 2) / max(size)
    cos, sin = np.cos(turn), np.sin(turn)
    there = np.array([[1, 0, middle[0]], [0, 1, middle[1]], [0, 0, 1.0]])
    lens = np.array([[cos, -sin, 0], [sin, cos, 0], [tilt[0], tilt[1], 1.0]])
    home = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1.0]])
    return View(there @ lens @ home), (int(width), int(height))


def on_desk(
    rng: np.random.Generator, note: np.ndarray, view: View, page: tuple[int, int]
) -> np.ndarray:
    """Lay a note, drawn as large as the frame, on a desk that shows around it.

    page: (width, height) of the note in page pixels.
    """
    height, width = note.shape
    desk = _desk(rng, (width, height))
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5
    )
    at = view.to_page(np.stack([columns, rows], axis=-1))
    inside = np.minimum(
        np.minimum(at[..., 0], page[0] - at[..., 0]), np.minimum(at[..., 1], page[1] - at[..., 1])
    )
    cover = np.clip(inside + 0.5, 0, 1)
    shade = 1 - np.float32(rng.uniform(0, 0.5)) * np.exp(np.minimum(inside, 0) / 6)
    return np.asarray(note * cover + desk * shade * (1 - cover), np.float32)


def _desk(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """A desk, mostly dark, with its grain and what lies about: other notes, pens, cups."""
    width = size[0]
    grey = float(rng.uniform(0.03, 0.3) if rng.random() < 0.8 else rng.uniform(0.3, 0.65))
    picture = Image.new("L", size, round(grey * 255))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.poisson(0.8))):
        x, y = rng.uniform(0, 1, 2) * size
        tone = int(rng.integers(10, 245))
        kind = rng.integers(3)
        if kind == 0:
            turned = rng.uniform(0, np.pi) + np.arange(4) * np.pi / 2
            reach = width * rng.uniform(0.08, 0.3)
            draw.polygon([(x + reach * np.cos(a), y + reach * np.sin(a)) for a in turned], tone)
        elif kind == 1:
            way = rng.normal(0, 0.25, 2) * width
            draw.line((x, y, x + way[0], y + way[1]), tone, int(rng.integers(4, 16)))
        else:
            reach = width * rng.uniform(0.04, 0.15)
            draw.ellipse((x - reach, y - reach, x + reach, y + reach), outline=tone, width=3)
    out = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.8)), np.float32) / 255
    grain = np.asarray(cloud(rng, (width, 24), 4 + int(rng.integers(30))))
    along = Image.fromarray(grain).resize(size, Image.Resampling.BICUBIC)
    fine = cloud(rng, size, 120) * np.float32(0.01)
    return np.asarray(out + np.asarray(along) * np.float32(rng.uniform(0, 0.03)) + fine)


def worn(
    rng: np.random.Generator, paper: np.ndarray, cover: np.ndarray, boxes: Sequence[Box]
) -> np.ndarray:
    """Paper as it is used: coloured, dotted, folded, punched, highlighted, with the writing of its
    other side. cover: (height, width) float32, the ink to come; boxes: of the marks."""
    if rng.random() < _TINTED:
        paper = paper * np.float32(rng.uniform(0.5, 0.9))
    if rng.random() < _GHOST:
        shift = rng.normal(0, 0.06, 2) * cover.shape
        other = np.roll(cover[:, ::-1], (int(shift[0]), int(shift[1])), axis=(0, 1))
        mirrored = Image.fromarray(np.clip(other * 255, 0, 255).astype(np.uint8))
        soft = mirrored.filter(ImageFilter.GaussianBlur(rng.uniform(1.0, 2.5)))
        strength = np.float32(rng.uniform(0.05, 0.2) / 255)
        paper = paper * (1 - np.asarray(soft, np.float32) * strength)
    if rng.random() < _DOTTED:
        paper = paper * (1 - _dots_or_squares(rng, paper.shape))
    if rng.random() < _CREASED:
        paper = paper * _folds(rng, paper.shape)
    if rng.random() < _PUNCHED:
        paper = _punched(rng, paper, cover)
    if rng.random() < _HIGHLIGHTED and boxes:
        box = boxes[int(rng.integers(len(boxes)))]
        reach, slack = box.width * rng.uniform(1, 8), box.height * rng.uniform(0, 0.3)
        rows = slice(max(0, int(box.y - slack)), int(box.bottom + slack))
        bar = slice(max(0, int(box.x - rng.uniform(0, 1) * reach)), int(box.right + reach))
        paper = paper.copy()
        paper[rows, bar] *= np.float32(rng.uniform(0.6, 0.95))
    return paper


def _across(
    rng: np.random.Generator, shape: tuple[int, ...], turn: float
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels to the right and down from somewhere on the page, along axes turned by radians."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    x, y = x - np.float32(rng.uniform(0, shape[1])), y - np.float32(rng.uniform(0, shape[0]))
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    return x * cos + y * sin, y * cos - x * sin


def _dots_or_squares(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Printed dots, or fine squares of which each fifth line is stronger: the light they swallow,
    (height, width) float32, 0 to about 0.5."""
    along = _across(rng, shape, rng.normal(0, 0.04))
    dark = np.float32(rng.uniform(0.05, 0.45))
    if rng.random() < 0.6:
        pitch, radius = np.float32(rng.uniform(12, 40)), np.float32(rng.uniform(0.6, 2.0))
        off = [np.abs(way % pitch - pitch / 2) for way in along]
        return dark * np.clip(radius + np.float32(0.5) - np.hypot(*off), 0, 1)
    pitch = np.float32(rng.uniform(6, 14))
    fine, strong = (
        np.maximum(*[np.clip(1 - np.abs(way % step - step / 2), 0, 1) for way in along])
        for step in (pitch, 5 * pitch)
    )
    return dark * np.maximum(fine * np.float32(rng.uniform(0.1, 0.5)), strong)


def _folds(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """How much light paper throws back that was folded or crumpled, (height, width) float32."""
    light = np.ones(shape, np.float32)
    crumpled = rng.random() < 0.3
    for _ in range(int(rng.integers(5, 12) if crumpled else rng.integers(1, 4))):
        turn = rng.uniform(0, np.pi) if crumpled else rng.integers(2) * np.pi / 2
        _, off = _across(rng, shape, turn + rng.normal(0, 0.05))
        slope = np.exp(-np.abs(off) / np.float32(rng.uniform(15, 120)))
        light += np.float32(rng.normal(0, 0.06)) * slope * np.sign(off)
        light += np.float32(rng.normal(0, 0.12)) * np.clip(1.5 - np.abs(off), 0, 1)
    return np.clip(light, 0.4, 1.15)


def _punched(rng: np.random.Generator, paper: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """The same paper with holes along an edge, where there is no ink."""
    height, width = paper.shape
    upright, radius = rng.random() < 0.7, rng.uniform(3, 13)
    length, depth = (height, width) if upright else (width, height)
    places = np.arange(rng.uniform(0, 0.2) * length, length, radius * rng.uniform(2.5, 20))
    edge = radius * rng.uniform(1.3, 3.5)
    edge = edge if rng.random() < 0.7 else depth - edge
    wide = rng.uniform(1, 3) if rng.random() < 0.4 else 1.0  # those of a spiral are slots
    shape = "rectangle" if wide > 1 else "ellipse"
    picture = Image.new("L", (width, height))
    draw = ImageDraw.Draw(picture)
    for place in places:
        x, y = (edge, place) if upright else (place, edge)
        across, down = (radius * wide, radius) if upright else (radius, radius * wide)
        box = (x - across, y - down, x + across, y + down)
        around = cover[max(0, int(box[1])) : int(box[3]) + 1, max(0, int(box[0])) : int(box[2]) + 1]
        if not around.any():
            getattr(draw, shape)(box, fill=255)
    holes = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.7)), np.float32) / 255
    return np.asarray(paper + (np.float32(rng.uniform(0.02, 0.7)) - paper) * holes, np.float32)


def pale(rng: np.random.Generator, cover: np.ndarray) -> np.ndarray:
    """The same ink, less of it on some pages, or of a pen that skips."""
    if rng.random() < _PALE:
        cover = cover * np.float32(rng.uniform(0.6, 0.9))
    if rng.random() < _DRY:
        size = (cover.shape[1], cover.shape[0])
        holes = cloud(rng, size, int(size[0] / rng.uniform(4, 12)))
        cover = cover * np.clip((holes + np.float32(rng.uniform(1.2, 1.8))) * 2, 0.15, 1)
    return cover


def glared(rng: np.random.Generator, scene: np.ndarray) -> np.ndarray:
    """The same picture, with a lamp or a window mirrored in it on some pages."""
    if rng.random() >= _GLARED:
        return scene
    height, width = scene.shape
    x = np.arange(width, dtype=np.float32)[None] / width - np.float32(rng.uniform(0, 1))
    y = np.arange(height, dtype=np.float32)[:, None] / height - np.float32(rng.uniform(0, 1))
    far = (x * x) / rng.uniform(0.005, 0.1) + (y * y) / rng.uniform(0.005, 0.1)
    bright = np.float32(rng.uniform(0.2, 0.7)) * np.exp(-far)
    return np.asarray(scene + (1 - scene) * bright, np.float32)


def moved(rng: np.random.Generator, scene: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
    """The same picture, which moved on some pages while it was taken; all stays legible.

    boxes: of the marks.
    """
    if rng.random() >= _MOVED or not boxes:
        return scene
    tall = float(np.median([box.height for box in boxes]))
    way, angle = min(rng.uniform(1.5, 6.0), 0.1 * tall), rng.uniform(0, np.pi)
    steps = int(np.ceil(way)) + 1
    out = np.zeros_like(scene)
    for share in np.linspace(-0.5, 0.5, steps):
        down, right = round(share * way * np.sin(angle)), round(share * way * np.cos(angle))
        out += np.roll(scene, (down, right), axis=(0, 1))
    return np.asarray(out / np.float32(steps))


def board(rng: np.random.Generator, cover: np.ndarray, white: bool) -> np.ndarray:
    """A board with writing on it: marker on white, chalk or light on black; smears and glare."""
    size = (cover.shape[1], cover.shape[0])
    smear = cloud(rng, size, 5) * np.float32(rng.uniform(0, 0.03))
    if white:
        ground = np.float32(rng.uniform(0.75, 0.95)) + smear
        ground = ground + np.maximum(cloud(rng, size, 4) - 1, 0) * np.float32(rng.uniform(0, 0.25))
        out = ground * (1 - cover * np.float32(rng.uniform(0.5, 0.92)))
    else:
        tooth = cloud(rng, size, size[0] // 3) * np.float32(rng.uniform(0, 0.3))
        ground = np.float32(rng.uniform(0.02, 0.25)) + np.abs(smear)
        chalk = np.clip(cover * (np.float32(rng.uniform(0.6, 1.0)) + tooth), 0, 1)
        out = ground + (np.float32(rng.uniform(0.7, 1.0)) - ground) * chalk
    if rng.random() < 0.4:  # the board's own frame
        wide = int(rng.uniform(0.01, 0.035) * size[0])
        side = rng.integers(4)
        rows = [slice(None), slice(None), slice(0, wide), slice(-wide, None)][side]
        columns = [slice(0, wide), slice(-wide, None), slice(None), slice(None)][side]
        out[rows, columns] = np.float32(rng.uniform(0.1, 0.8))
    return np.asarray(out, np.float32)


def scan(rng: np.random.Generator, cover: np.ndarray) -> np.ndarray:
    """What a scanner or a drawing program gives: flat ground, and now and then stairs for edges.

    Gives (height, width) uint8, some white on black.
    """
    if rng.random() < 0.25:
        cover = (cover > 0.5).astype(np.float32)
    ground, dark = rng.uniform(235, 255), rng.uniform(0.6, 1.0)
    grey = ground * (1 - cover * np.float32(dark))
    if rng.random() < 0.2:
        grey = 255 - grey
    return np.clip(grey, 0, 255).astype(np.uint8)
