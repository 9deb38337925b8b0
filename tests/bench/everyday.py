"""How everyday paper is read, kind by kind: boxes, frames, rings, desks, columns, turned pages.

    python tests/bench/everyday.py [--mnist DIR] [--kinds plain,turned] [--each 40] [--last]

Every page is drawn from its kind and seed alone: half of them with digits of MNIST's test set, half
with a drawn hand. A page is exact if its digits are what is written, line by line, with `?` just
where nobody could say; it is wrong and sure if it is not and shows no `?`. Time is processor
milliseconds a page, beside plain paper in the same run. The last tenth of the seeds is kept from
sight: `--last` reads these, once, for the record.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from measure import add_mnist, arguments, table

# isort: split
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from pi_reader.cli.common import open_reader
from pi_reader.handwriting.pen import digit_tracks, extent, ink
from pi_reader.handwriting.style import Style
from pi_reader.reading.reader import Reader
from pi_reader.training.data import load_test
from pi_reader.values import Frame

SIZE = 640, 480  # width and height of a page
SEEDS = 400  # of each kind; the last tenth is read only once
UNSURE = r"\?"  # in the truth: nobody could say which digit


def main() -> None:
    """Print one row per kind."""
    args = parsed()
    reader = open_reader(args.weights)
    stamps = load_test(args.mnist)
    seeds = range(SEEDS * 9 // 10, SEEDS) if args.last else range(min(args.each, SEEDS * 9 // 10))
    rows, plain = [], Score()
    for kind in args.kinds.split(",") if args.kinds else KINDS:
        score = Score()
        for seed in seeds:
            page = draw(kind, seed, stamps)
            score.add(reader, page)
            if args.out:
                save(page, args.out / f"{kind}-{seed}.png")
        plain = score if kind == "plain" else plain
        rows.append((kind, *score.figures(plain)))
    head = (f"{len(seeds)} pages each", "exact", "of plain", "wrong and sure", "ms", "of plain")
    table(head, rows)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--kinds", default="", help=f"with commas between: {','.join(KINDS)}")
    parser.add_argument("--each", type=int, default=40, help="pages of each kind")
    parser.add_argument("--last", action="store_true", help="the seeds that nobody looks at")
    parser.add_argument("--out", type=Path, help="folder to write the pages to")
    parser.add_argument("--weights", default="default", help="name or file")
    return parser.parse_args()


@dataclass
class Page:
    """A page in the making.

    cover: (height, width) float32, 0 paper to 1 ink; lines: what is written on it, a pattern for
    each character. paper, pen: their brightness, 0 to 1. grey: uint8, the finished picture.
    """

    rng: np.random.Generator
    glyph: Callable[[int, float], np.ndarray]
    cover: np.ndarray = field(default_factory=lambda: np.zeros(SIZE[::-1], np.float32))
    lines: list[list[str]] = field(default_factory=list)
    paper: float = 0.85
    pen: float = 0.15
    grey: np.ndarray | None = None

    def row(self, left: float, top: float, tall: float, count: int, gap: float = 0.3) -> list[Spot]:
        """Write random digits from (left, top) on; gap: in heights. Gives where they are."""
        spots: list[Spot] = []
        for label in self.rng.integers(0, 10, count).tolist():
            spots.append(self.put(self.glyph(label, tall), left, top))
            left = spots[-1][2] + gap * tall
            self.lines[-1].append(str(label))
        return spots

    def put(self, mark: np.ndarray, left: float, top: float) -> Spot:
        """Lay ink on the page."""
        x, y = round(left), round(top)
        place = self.cover[y : y + mark.shape[0], x : x + mark.shape[1]]
        np.maximum(place, mark[: place.shape[0], : place.shape[1]], out=place)
        return x, y, x + mark.shape[1], y + mark.shape[0]

    def outline(self, draw: Callable[[ImageDraw.ImageDraw], None]) -> None:
        """Lay what ImageDraw draws with 255 on the page."""
        mask = Image.new("L", SIZE)
        draw(ImageDraw.Draw(mask))
        soft = mask.filter(ImageFilter.GaussianBlur(0.6))
        np.maximum(self.cover, np.asarray(soft, np.float32) / 255, out=self.cover)

    def photographed(self) -> np.ndarray:
        """The picture, (height, width) uint8: with light from one side, softness and noise."""
        height, width = self.cover.shape
        slope = self.rng.uniform(-0.15, 0.15, 2)
        light = (
            1
            + slope[0] * np.linspace(-1, 1, width)
            + slope[1] * np.linspace(-1, 1, height)[:, None]
        )
        scene = (self.paper + (self.pen - self.paper) * self.cover) * light
        picture = Image.fromarray((np.clip(scene, 0, 1) * 255).astype(np.uint8))
        soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.7)), np.float32)
        noisy = soft + self.rng.normal(0, 2, soft.shape)
        return np.clip(noisy, 0, 255).astype(np.uint8)


Spot = tuple[int, int, int, int]  # left, top, right, bottom


def draw(kind: str, seed: int, stamps: tuple[np.ndarray, np.ndarray]) -> Page:
    """The page of a kind with this seed."""
    rng = np.random.default_rng([14, list(KINDS).index(kind), seed])
    page = Page(rng, stamped(rng, *stamps) if seed % 2 else drawn(rng))
    KINDS[kind](page)
    if page.grey is None:
        page.grey = page.photographed()
    return page


def stamped(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Callable[..., np.ndarray]:
    """Digits of people: images of a test set, (n, 28, 28) uint8 with labels (n,), enlarged."""

    def glyph(label: int, tall: float) -> np.ndarray:
        image = x[rng.choice(np.flatnonzero(y == label))]
        rows, columns = np.flatnonzero(image.max(1) > 100), np.flatnonzero(image.max(0) > 100)
        image = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        size = max(3, round(image.shape[1] * tall / image.shape[0])), round(tall)
        large = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
        return np.clip((large.astype(np.float32) - 80) / 90, 0, 1)

    return glyph


def drawn(rng: np.random.Generator) -> Callable[..., np.ndarray]:
    """Digits of one drawn hand."""
    style = Style.random(rng)

    def glyph(label: int, tall: float) -> np.ndarray:
        labels = np.array([label])
        track = digit_tracks(labels, style.drawing(labels, rng), rng, 96)
        for _ in range(2):  # to its height, and then into the corner
            low, high = extent(track)
            scale = tall / float(high[0, 1] - low[0, 1])
            track.points[:] = (track.points - low[0]) * scale
            track.radius[:] *= scale
        low, high = extent(track)
        track.points[:] -= low[0]
        width, height = np.ceil(high[0] - low[0]).astype(int)
        return ink(track, (max(3, height), max(3, width)))[0]

    return glyph


@dataclass
class Score:
    """Counts over the pages of one kind."""

    pages: int = 0
    exact: int = 0
    sure: int = 0
    times: list[float] = field(default_factory=list)

    def add(self, reader: Reader, page: Page) -> None:
        """Read one page."""
        assert page.grey is not None
        begin = time.process_time()
        reading = reader.read(Frame(page.grey, "drawn"))
        self.times.append(1000 * (time.process_time() - begin))
        truth = "\n".join("".join(line) for line in page.lines)
        exact = re.fullmatch(truth, reading.number) is not None
        self.pages += 1
        self.exact += exact
        self.sure += not exact and "?" not in reading.number and bool(reading.digits)

    def figures(self, plain: Score) -> tuple[str, ...]:
        """The row of the table, beside plain paper where that was read."""
        cost = statistics.median(self.times)
        shares = ["", ""]
        if plain.exact:
            shares = [
                f"{self.exact / self.pages / (plain.exact / plain.pages):.0%}",
                f"{cost / statistics.median(plain.times):.2f}",
            ]
        return (
            f"{self.exact / self.pages:.1%}",
            shares[0],
            f"{self.sure / self.pages:.1%}",
            f"{cost:.1f}",
            shares[1],
        )


def plain(page: Page, most: int = 3, gap: float = 0.3) -> list[list[Spot]]:
    """One to three numbers below each other; gives where their digits are."""
    rng = page.rng
    rows = int(rng.integers(1, most + 1))
    tall = rng.uniform(36, 64)
    left, top = rng.uniform(60, 150), rng.uniform(50, 110)
    spots = []
    for row in range(rows):
        page.lines.append([])
        count = int(rng.integers(2, 6))
        spots.append(page.row(left, top + row * 1.9 * tall, tall, count, gap + 0.2 * rng.random()))
    return spots


def columns(page: Page) -> None:
    """Two columns of numbers, a gap of three to five heights between them."""
    rng = page.rng
    tall, rows, left = rng.uniform(28, 40), int(rng.integers(2, 5)), rng.uniform(20, 50)
    for _ in range(2):
        right = left
        for row in range(rows):
            page.lines.append([])
            spots = page.row(left, 50 + row * 1.8 * tall, tall, int(rng.integers(2, 5)))
            right = max(right, spots[-1][2])
        left = right + tall * rng.uniform(3.2, 4.5)


def turned(page: Page) -> None:
    """A page that lies askew by 12 to 45 degrees."""
    plain(page, most=2)
    rows, width = np.flatnonzero(page.cover.any(1)), SIZE[0]
    columns_ = np.flatnonzero(page.cover.any(0))
    middle = (columns_[0] + columns_[-1]) / 2, (rows[0] + rows[-1]) / 2
    angle = page.rng.uniform(12, 45) * page.rng.choice([-1, 1])
    reach = np.hypot(columns_[-1] - columns_[0], rows[-1] - rows[0])
    shift = width / 2 - middle[0], SIZE[1] / 2 - middle[1]
    page.cover = np.asarray(
        Image.fromarray(page.cover).rotate(
            angle, Image.Resampling.BICUBIC, center=middle, translate=tuple(map(int, shift))
        )
    ).clip(0, 1)
    if reach > 0.95 * SIZE[1]:  # it would leave the frame
        page.cover = np.asarray(
            Image.fromarray(page.cover).resize((SIZE[0] // 2, SIZE[1] // 2), Image.Resampling.BOX)
        )
        page.cover = np.pad(page.cover, ((120, 120), (160, 160)))


def touching(page: Page) -> None:
    """Numbers with one pair of digits that touch."""
    rng = page.rng
    tall = rng.uniform(36, 64)
    for row in range(int(rng.integers(1, 4))):
        page.lines.append([])
        top = 50 + row * 1.9 * tall
        right = page.row(60, top, tall, int(rng.integers(1, 3)))[-1][2]
        labels = rng.integers(0, 10, 2).tolist()
        mark, other = (page.glyph(label, tall) for label in labels)
        left = page.put(mark, right + 0.3 * tall, top)[0]
        page.put(other, left + meeting(mark, other) - rng.uniform(0, 0.06) * tall, top)
        page.lines[-1] += map(str, labels)


def meeting(mark: np.ndarray, other: np.ndarray) -> int:
    """How far to the right the other mark stands when the two just touch, in pixels."""
    rows = min(len(mark), len(other))
    mark, other = mark[:rows] > 0.4, other[:rows] > 0.4
    both = mark.any(1) & other.any(1)
    if not both.any():
        return mark.shape[1]
    end = mark.shape[1] - mark[:, ::-1].argmax(1)
    return int((end - other.argmax(1))[both].max())


def boxes(page: Page) -> None:
    """Every digit in a printed square of its own, side by side or joined."""
    spots, pen, joined = plain(page, gap=0.5), int(page.rng.integers(1, 4)), page.rng.random() < 0.5
    for row in spots:
        for spot, after in zip(row, [*row[1:], None], strict=True):
            left, top, right, bottom = grown(spot, 10)
            right = after[0] - 10 if joined and after else right
            page.outline(
                lambda d, box=(left, top, right, bottom): d.rectangle(box, outline=255, width=pen)
            )


def frame(page: Page) -> None:
    """Every number in a frame."""
    pen = int(page.rng.integers(1, 7))
    for row in plain(page):
        box = grown(around(row), 14)
        page.outline(lambda d, box=box: d.rectangle(box, outline=255, width=pen))


def odd_boxes(page: Page) -> None:
    """Every digit in a box of its own: double, with round corners, or dotted."""
    pen, form = int(page.rng.integers(1, 4)), int(page.rng.integers(3))
    for spot in (spot for row in plain(page, gap=0.8) for spot in row):
        left, top, right, bottom = box = grown(spot, 9)
        if form == 0:
            for double in (box, grown(spot, 14)):
                page.outline(lambda d, b=double: d.rectangle(b, outline=255, width=pen))
        elif form == 1:
            page.outline(lambda d, b=box: d.rounded_rectangle(b, radius=9, outline=255, width=pen))
        else:
            sides = [(x, y) for x in range(left, right + 1, 7) for y in (top, bottom)]
            sides += [(x, y) for x in (left, right) for y in range(top, bottom + 1, 7)]
            page.outline(
                lambda d, s=sides: [d.ellipse((x - 1, y - 1, x + 1, y + 1), fill=255) for x, y in s]
            )


def touched(page: Page) -> None:
    """Every number in a frame that its last digit touches."""
    pen = int(page.rng.integers(1, 5))
    for row in plain(page):
        left, top, right, bottom = grown(around(row), 14)
        box = left, top, right - 14 + pen // 2, bottom
        page.outline(lambda d, box=box: d.rectangle(box, outline=255, width=pen))


def ring(page: Page) -> None:
    """Every number in a ring or an oval."""
    pen = int(page.rng.integers(2, 6))
    for row in plain(page, most=2):
        left, top, right, bottom = around(row)
        wide, high = 0.24 * (right - left) + 8, 0.24 * (bottom - top) + 6
        box = left - wide, top - high, right + wide, bottom + high
        page.outline(lambda d, box=box: d.ellipse(box, outline=255, width=pen))


def underlined(page: Page) -> None:
    """Every number underlined."""
    pen = int(page.rng.integers(2, 6))
    for row in plain(page):
        left, _, right, bottom = around(row)
        y = bottom + page.rng.uniform(6, 14)
        page.outline(lambda d, y=y, x=(left, right): d.line((x[0] - 8, y, x[1] + 8, y), 255, pen))


def struck(page: Page) -> None:
    """One number of the page is crossed out."""
    rows = plain(page)
    number = int(page.rng.integers(len(rows)))
    left, top, right, bottom = around(rows[number])
    y = top + (bottom - top) * page.rng.uniform(0.4, 0.6, 2)
    page.outline(lambda d: d.line((left - 12, y[0], right + 12, y[1]), 255, 5))
    page.lines[number] = [UNSURE for _ in page.lines[number]]


def cells(page: Page) -> None:
    """A table drawn with the pen of its digits, one number in each cell of one column."""
    rows = plain(page)
    spots = [grown(around(row), 12) for row in rows]
    left, right = min(s[0] for s in spots), max(s[2] for s in spots)
    for _, top, _, bottom in spots:
        page.outline(
            lambda d, box=(left, top, right, bottom): d.rectangle(box, outline=255, width=4)
        )


def black_desk(page: Page) -> None:
    """A light note on a black desk."""
    rows = plain(page, most=2)
    left, top, right, bottom = grown(around([spot for row in rows for spot in row]), 24)
    noted = page.photographed()
    desk = page.rng.normal(28, 3, noted.shape)
    desk[top:bottom, left:right] = noted[top:bottom, left:right]
    page.grey = np.clip(desk, 0, 255).astype(np.uint8)


def blackboard(page: Page) -> None:
    """Chalk."""
    page.paper, page.pen = 0.2, 0.85
    plain(page)


def cut_off(page: Page) -> None:
    """The last digit of the only line is cut in half by the edge of the frame."""
    left, _, right, _ = plain(page, most=1)[0][-1]
    middle = (left + right) // 2
    page.cover = np.ascontiguousarray(page.cover[:, :middle])
    page.lines[-1][-1] = UNSURE


def small(page: Page) -> None:
    """One digit that fills a small picture."""
    label, tall = int(page.rng.integers(10)), int(page.rng.integers(20, 60))
    mark = page.glyph(label, tall)
    page.cover = np.pad(mark, max(4, tall // 5))
    if page.rng.random() < 0.5:
        page.paper, page.pen = page.pen, page.paper
    page.lines = [[str(label)]]


def glare(page: Page) -> None:
    """A lamp mirrored on a part of a line: what it eats is `?`."""
    rows = plain(page)
    x0, y0, x1, y1 = rows[0][len(rows[0]) // 2]
    grey = page.photographed().astype(np.float32)
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    radius = 0.6 * (y1 - y0)
    away = np.hypot(x - (x0 + x1) / 2, y - (y0 + y1) / 2) / radius
    page.grey = np.clip(grey + 255 * np.exp(-(away**4)), 0, 255).astype(np.uint8)
    page.lines[0] = [f"[{label}?]" for label in page.lines[0]]


def around(spots: list[Spot]) -> Spot:
    """The box around some boxes."""
    left, top, right, bottom = np.array(spots).T
    return int(left.min()), int(top.min()), int(right.max()), int(bottom.max())


def grown(spot: Spot, by: int) -> Spot:
    """A box with so many pixels more on each side."""
    return spot[0] - by, spot[1] - by, spot[2] + by, spot[3] + by


def save(page: Page, path: Path) -> None:
    """Write a page as a picture."""
    assert page.grey is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(page.grey).save(path)


KINDS: dict[str, Callable[[Page], object]] = {
    "plain": plain,
    "boxes": boxes,
    "frame": frame,
    "ring": ring,
    "underlined": underlined,
    "struck": struck,
    "cells": cells,
    "black desk": black_desk,
    "blackboard": blackboard,
    "columns": columns,
    "turned": turned,
    "small": small,
    "cut off": cut_off,
    "glare": glare,
    "touching": touching,
    "odd boxes": odd_boxes,
    "touched": touched,
}


if __name__ == "__main__":
    main()
