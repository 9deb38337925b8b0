"""A page of handwriting as a camera sees it, and the truth about what is written on it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pi_reader.handwriting.beside import lay_marks
from pi_reader.handwriting.paper import View, light, photograph, sheet, stain
from pi_reader.handwriting.pen import Track, digit_tracks, extent, ink
from pi_reader.handwriting.style import Style
from pi_reader.handwriting.words import lay_words
from pi_reader.values import Box, Frame

_STEPS = 96  # points along a digit that may be 150 pixels tall
_VISIBLE = 0.35  # ink that covers this much of a pixel belongs to the digit's box
_CLEAR = 8  # pixels between a speck and any writing, which it would change
_MARGIN = 0.05  # of the frame's width and height stay free of writing


@dataclass(frozen=True)
class Page:
    """A drawn page: what the camera sees, and what is written there.

    frame: the picture; lines: from top to bottom, each with its digits from left to right as
    (label, box), the box tight around the ink in pixels of the frame.
    alike: boxes of letters that have the shape of a digit and are none.
    """

    frame: Frame
    lines: tuple[tuple[tuple[int, Box], ...], ...]
    alike: tuple[Box, ...] = ()

    @property
    def text(self) -> str:
        """What is written, one line below the other."""
        return "\n".join("".join(str(label) for label, _ in line) for line in self.lines)


@dataclass(frozen=True)
class _Writing:
    """Digits on a page before they are seen: their labels, lines and tracks in page pixels."""

    labels: np.ndarray
    line: np.ndarray
    track: Track


def draw_page(
    rng: np.random.Generator,
    difficulty: float = 0.5,
    size: tuple[int, int] = (640, 480),
    style: Style | None = None,
    lines: int | None = None,
    marks: bool = False,
    words: int = 0,
) -> Page:
    """Draw a page that somebody filled with digits and held under a camera.

    difficulty: 0 is a fair copy on plain paper in good light, 1 whatever can happen to paper.
    size: (width, height) of the frame in pixels, at least 64 each. style: who writes; somebody new
    by default. lines: how many lines of digits, 1 to about 5; by default as many as fit the mood.
    marks: whether signs, underlines and struck out digits stand beside the digits; they are not in
    the truth. words: how many words are written beside the digits, where there is room; they are
    not in the truth either. ValueError if a number is out of its range.
    """
    if not 0 <= difficulty <= 1:
        raise ValueError(f"difficulty: is {difficulty}, must be from 0 to 1")
    if min(size) < 64 or (lines is not None and lines < 1):
        raise ValueError("size: must be at least 64 pixels each way, and lines at least 1")
    style = style or Style.random(rng)
    view = View.random(rng, size, difficulty)
    writing = _write(rng, style, view, size, difficulty, lines)
    width, height = size
    cover = np.zeros((height, width), np.float32)
    boxes = _lay_ink(cover, writing)
    digits = [(int(label), box) for label, box in zip(writing.labels, boxes, strict=True)]
    grouped = [
        tuple(digits[row] for row in np.flatnonzero(writing.line == line))
        for line in range(int(writing.line.max()) + 1)
    ]
    pen = float(2 * np.median(writing.track.radius))
    tall = float(np.median([box.height for box in boxes]))
    alike = lay_words(cover, rng, style, tall, pen, words)
    if marks:
        lay_marks(cover, rng, style, [[box for _, box in line] for line in grouped], pen)
    _blemish(cover, rng, writing, difficulty)
    paper = sheet(rng, size, view, difficulty)
    scene = stain(paper, cover, rng, difficulty) * light(rng, size, difficulty)
    grey = photograph(scene, rng, difficulty)
    return Page(Frame(grey, "drawn page"), tuple(grouped), tuple(alike))


def _write(
    rng: np.random.Generator,
    style: Style,
    view: View,
    size: tuple[int, int],
    difficulty: float,
    lines: int | None,
) -> _Writing:
    """Fill the page line by line, and take only what the camera sees whole."""
    width, height = size
    while True:
        count = lines or int(rng.integers(1, 5))
        room = height * (1 - 2 * _MARGIN) / count
        tall = min(room * 0.66, height * float(np.exp(rng.uniform(np.log(0.06), np.log(0.24)))))
        tall = max(tall, 12.0)  # pixels; a smaller digit is not legible after blur
        pen = float(np.clip(np.exp(rng.normal(0, 0.4)) * 0.09 * tall, 1.3, 0.2 * tall))
        pieces, numbers = [], []
        for number in range(count):
            top = height * _MARGIN + room * (number + rng.uniform(0.15, 0.45)) - tall * 0.1
            labels = rng.integers(0, 10, int(rng.integers(1, 9)))
            place = width * rng.uniform(_MARGIN, 0.35), top
            track = _line_of(rng, style, labels, place, tall, pen, difficulty)
            seen = replace(track, points=view.to_frame(track.points))
            low, high = extent(seen)
            inside = (low > 2).all(axis=1) & (high < np.array(size) - 2).all(axis=1)
            keep = np.flatnonzero(np.cumprod(inside))  # a line ends where the page ends
            if len(keep):
                pieces.append((labels[keep], _rows(seen, keep)))
                numbers += [len(pieces) - 1] * len(keep)
        if pieces and (lines is None or len(pieces) == lines):
            break
    track = Track(
        np.concatenate([track.points for _, track in pieces]),
        np.concatenate([track.radius for _, track in pieces]),
        np.concatenate([track.down for _, track in pieces]),
    )
    return _Writing(np.concatenate([labels for labels, _ in pieces]), np.array(numbers), track)


def _rows(track: Track, rows: np.ndarray) -> Track:
    """Some shapes of a track."""
    return Track(track.points[rows], track.radius[rows], track.down[rows])


def _line_of(
    rng: np.random.Generator,
    style: Style,
    labels: np.ndarray,
    place: tuple[float, float],
    tall: float,
    pen: float,
    difficulty: float,
) -> Track:
    """Write one line from its upper left corner on, in page pixels.

    tall: the height of a digit, pen: the width of the stroke, both in pixels.
    """
    n = len(labels)
    traits = style.drawing(labels, rng)
    heights = tall * np.exp(rng.normal(0, style.uneven, n)).astype(np.float32)
    traits = replace(traits, pen=np.full(n, pen, np.float32) / heights)
    track = digit_tracks(labels, traits, rng, _STEPS)
    points = track.points * heights[:, None, None]
    radius = track.radius * heights[:, None]
    low, high = extent(Track(points, radius, track.down))
    gaps = tall * style.spacing * np.exp(rng.normal(0, 0.35, n))
    touching = rng.random(n) < 0.12 * difficulty
    gaps = np.where(touching, -rng.uniform(0.2, 0.9, n) * pen, np.maximum(gaps, 3 + 0.4 * pen))
    widths = high[:, 0] - low[:, 0]
    ends = np.cumsum(widths + gaps)
    left = place[0] + ends - widths - gaps
    climb = style.drift + rng.normal(0, 0.01 + 0.02 * difficulty)
    rise = -climb * (left - left[0]) + rng.normal(0, style.uneven, n) * tall * 0.4
    # Skeletons stand around y = 0, so the line's middle is half a height below its top.
    points[:, :, 0] += (left - low[:, 0])[:, None].astype(np.float32)
    points[:, :, 1] += (place[1] + tall / 2 + rise)[:, None].astype(np.float32)
    return Track(points, radius, track.down)


def _lay_ink(cover: np.ndarray, writing: _Writing) -> list[Box]:
    """Put the ink into `cover`, (height, width) from 0 to 1; gives the box of each digit."""
    low, high = extent(writing.track)
    corner = np.floor(low).astype(int) - 2
    width, height = (np.ceil(high).astype(int) + 3 - corner).max(axis=0)
    points = writing.track.points - corner[:, None].astype(np.float32)
    inside = replace(writing.track, points=points)
    drawn = ink(inside, (int(height), int(width)))
    boxes = []
    for (left, top), digit in zip(corner, drawn, strict=True):
        rows = np.flatnonzero((digit > _VISIBLE).any(axis=1))
        columns = np.flatnonzero((digit > _VISIBLE).any(axis=0))
        boxes.append(
            Box(
                int(left + columns[0]),
                int(top + rows[0]),
                int(columns[-1] - columns[0] + 1),
                int(rows[-1] - rows[0] + 1),
            )
        )
        target = cover[max(top, 0) : top + height, max(left, 0) : left + width]
        source = digit[max(-top, 0) :, max(-left, 0) :][: target.shape[0], : target.shape[1]]
        np.maximum(target, source, out=target)
    return boxes


def _blemish(
    cover: np.ndarray, rng: np.random.Generator, writing: _Writing, difficulty: float
) -> None:
    """Specks of dirt and dots where the pen rested, away from the digits they would change."""
    height, width = cover.shape
    count = int(rng.poisson(6 * difficulty))
    if not count:
        return
    at = rng.uniform(_CLEAR, [width - _CLEAR, height - _CLEAR], (count, 2))
    corner = np.floor(at).astype(int) - _CLEAR
    start = (at - corner).astype(np.float32)[:, None]
    points = start + rng.uniform(-1.5, 1.5, (count, 2, 2)).astype(np.float32) * [[[0], [1]]]
    radius = rng.uniform(0.3, 1.2, (count, 1)).astype(np.float32) * np.ones(2, np.float32)
    track = Track(points.astype(np.float32), radius, np.ones((count, 1), bool))
    for (left, top), speck in zip(corner, ink(track, (2 * _CLEAR, 2 * _CLEAR)), strict=True):
        around = cover[top : top + 2 * _CLEAR, left : left + 2 * _CLEAR]
        if not around.any():
            around[:] = speck
