"""The kinds of everyday paper that `everyday.py` draws; each fills a page with what it has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from everyday_page import SIZE, UNSURE, Page, Spot, around, grown
from everyday_print import box_of_print, display, drawn_table, margin, small_print, tinted, wheels
from PIL import Image

HEAD = {"0": "0", "1": "1", "6": "9", "8": "8", "9": "6"}  # digits that stand on their head


def plain(page: Page) -> list[list[Spot]]:
    """One to three numbers below each other; gives where their digits are."""
    return page.row_of_numbers()


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
    page.row_of_numbers(most=2)
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
    spots, pen, joined = (
        page.row_of_numbers(gap=0.5),
        int(page.rng.integers(1, 4)),
        page.rng.random() < 0.5,
    )
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
    for row in page.row_of_numbers():
        box = grown(around(row), 14)
        page.outline(lambda d, box=box: d.rectangle(box, outline=255, width=pen))


def odd_boxes(page: Page) -> None:
    """Every digit in a box of its own: double, with round corners, or dotted."""
    pen, form = int(page.rng.integers(1, 4)), int(page.rng.integers(3))
    for spot in (spot for row in page.row_of_numbers(gap=0.8) for spot in row):
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
    for row in page.row_of_numbers():
        left, top, right, bottom = grown(around(row), 14)
        box = left, top, right - 14 + pen // 2, bottom
        page.outline(lambda d, box=box: d.rectangle(box, outline=255, width=pen))


def ring(page: Page) -> None:
    """Every number in a ring or an oval."""
    pen = int(page.rng.integers(2, 6))
    for row in page.row_of_numbers(most=2):
        left, top, right, bottom = around(row)
        wide, high = 0.24 * (right - left) + 8, 0.24 * (bottom - top) + 6
        box = left - wide, top - high, right + wide, bottom + high
        page.outline(lambda d, box=box: d.ellipse(box, outline=255, width=pen))


def underlined(page: Page) -> None:
    """Every number underlined."""
    pen = int(page.rng.integers(2, 6))
    for row in page.row_of_numbers():
        left, _, right, bottom = around(row)
        y = bottom + page.rng.uniform(6, 14)
        page.outline(lambda d, y=y, x=(left, right): d.line((x[0] - 8, y, x[1] + 8, y), 255, pen))


def struck(page: Page) -> None:
    """One number of the page is crossed out."""
    rows = page.row_of_numbers()
    number = int(page.rng.integers(len(rows)))
    left, top, right, bottom = around(rows[number])
    y = top + (bottom - top) * page.rng.uniform(0.4, 0.6, 2)
    page.outline(lambda d: d.line((left - 12, y[0], right + 12, y[1]), 255, 5))
    page.lines[number] = [UNSURE for _ in page.lines[number]]


def cells(page: Page) -> None:
    """A table drawn with the pen of its digits, one number in each cell of one column."""
    rows = page.row_of_numbers()
    spots = [grown(around(row), 12) for row in rows]
    left, right = min(s[0] for s in spots), max(s[2] for s in spots)
    for _, top, _, bottom in spots:
        page.outline(
            lambda d, box=(left, top, right, bottom): d.rectangle(box, outline=255, width=4)
        )


def black_desk(page: Page) -> None:
    """A light note on a black desk."""
    rows = page.row_of_numbers(most=2)
    left, top, right, bottom = grown(around([spot for row in rows for spot in row]), 24)
    noted = page.photographed()
    desk = page.rng.normal(28, 3, noted.shape)
    desk[top:bottom, left:right] = noted[top:bottom, left:right]
    page.grey = np.clip(desk, 0, 255).astype(np.uint8)


def blackboard(page: Page) -> None:
    """Chalk."""
    page.paper, page.pen = 0.2, 0.85
    page.row_of_numbers()


def cut_off(page: Page) -> None:
    """The last digit of the only line is cut in half by the edge of the frame."""
    left, _, right, _ = page.row_of_numbers(most=1)[0][-1]
    middle = (left + right) // 2
    page.cover = np.ascontiguousarray(page.cover[:, :middle])
    page.lines[-1][-1] = UNSURE


def half_turned(page: Page) -> None:
    """A page upside down. Some of its digits say so; where none does it may be `?`."""
    turned_by(page, 2)


def quarter_turned(page: Page) -> None:
    """A page on its side."""
    turned_by(page, 1 if page.rng.random() < 0.5 else 3)


def turned_by(page: Page, quarters: int) -> None:
    """A page turned by quarters, counter-clockwise. Where no digit of it tells which way is up it
    may be read either way, as 006 and 900."""
    page.row_of_numbers(most=2)
    page.cover = np.ascontiguousarray(np.rot90(page.cover, quarters))
    if not set("23457") & set("".join(map("".join, page.lines))):
        over = [[HEAD[label] for label in reversed(line)] for line in reversed(page.lines)]
        ways = [
            "\n".join("".join(f"[{one}?]" for one in line) for line in way)
            for way in (page.lines, over)
        ]
        page.lines = [[f"(?:{'|'.join(ways)})"]]


def blurred(page: Page) -> None:
    """A page that moved while the picture was taken: a digit is right or it is `?`, and where none
    can be told the reading says that it is blurred."""
    page.blurred = True
    page.row_of_numbers(most=2)
    length = int(page.rng.integers(4, 26))
    page.cover = np.mean([np.roll(page.cover, step, axis=1) for step in range(length)], axis=0)
    page.lines = [[f"[{label}?]" for label in line] for line in page.lines]


def large(page: Page) -> None:
    """One or two digits that fill the picture of a camera."""
    rng = page.rng
    count, tall = int(rng.integers(1, 3)), rng.uniform(300, 420)
    page.lines.append([])
    spots = page.row(rng.uniform(40, 120), (SIZE[1] - tall) / 2, tall, count, 0.15)
    over = spots[-1][2] - SIZE[0] + 20
    if over > 0:  # it would leave the frame
        page.cover = np.zeros_like(page.cover)
        page.lines = [[]]
        page.row(60, (SIZE[1] - tall) / 2, tall * 0.9, 1)


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
    rows = page.row_of_numbers()
    x0, y0, x1, y1 = rows[0][len(rows[0]) // 2]
    grey = page.photographed().astype(np.float32)
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    radius = 0.6 * (y1 - y0)
    away = np.hypot(x - (x0 + x1) / 2, y - (y0 + y1) / 2) / radius
    page.grey = np.clip(grey + 255 * np.exp(-(away**4)), 0, 255).astype(np.uint8)
    page.lines[0] = [f"[{label}?]" for label in page.lines[0]]


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
    "half turned": half_turned,
    "quarter turned": quarter_turned,
    "blurred": blurred,
    "large": large,
    "display": display,
    "wheels": wheels,
    "margin": margin,
    "tinted": tinted,
    "small print": small_print,
    "print in a box": box_of_print,
    "drawn table": drawn_table,
}
