"""Kinds of everyday pages with more than the pen: displays, meters, forms, drawn tables."""

from __future__ import annotations

import numpy as np
from everyday_page import SIZE, UNSURE, Page, around, grown
from PIL import Image, ImageDraw, ImageFont

LIT = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")
ENDS = {  # of each segment, in widths and half heights of a digit
    "a": ((0, 0), (1, 0)),
    "b": ((1, 0), (1, 1)),
    "c": ((1, 1), (1, 2)),
    "d": ((0, 2), (1, 2)),
    "e": ((0, 1), (0, 2)),
    "f": ((0, 0), (0, 1)),
    "g": ((0, 1), (1, 1)),
}
CARD = ("Kilowattstunden", "Bitte in Druckschrift", "Datum und Unterschrift", "Keller links")


def display(page: Page) -> None:
    """A display with seven segments and gaps between them, bright on dark or dark on grey."""
    rng = page.rng
    count, tall = int(rng.integers(2, 7)), rng.uniform(50, 110)
    wide, pen = tall * rng.uniform(0.42, 0.55), tall * rng.uniform(0.08, 0.14)
    gap, lean = rng.uniform(0.2, 0.7) * pen, rng.uniform(0, 0.16)
    tall = min(tall, 540 / count / 0.8)
    wide, left, top = min(wide, tall * 0.55), rng.uniform(20, 50), rng.uniform(60, 250)
    labels = rng.integers(0, 10, count).tolist()
    page.lines.append([str(label) for label in labels])
    page.paper, page.pen = (0.12, 0.9) if rng.random() < 0.6 else (0.6, 0.1)
    for place, label in enumerate(labels):
        corner = np.array([left + 0.15 * tall + place * (wide + 0.35 * tall), top])
        for one in LIT[label]:
            ends = np.array(ENDS[one], float) * [wide, tall / 2]
            way = (ends[1] - ends[0]) / np.hypot(*(ends[1] - ends[0]))
            side = way[::-1] * [-1, 1] * pen / 2
            start, end = ends[0] + way * gap, ends[1] - way * gap
            point = way * pen / 2
            shape = np.array(
                [start, start + point + side, end - point + side]
                + [end, end - point - side, start + point - side]
            )
            shape[:, 0] += lean * (tall - shape[:, 1])
            corners = [tuple(corner + dot) for dot in shape]
            page.outline(lambda d, c=corners: d.polygon(c, fill=255))


def wheels(page: Page) -> None:
    """A meter's wheels: light digits in dark windows on a light plate; the last may be between."""
    rng = page.rng
    count, tall = int(rng.integers(4, 7)), rng.uniform(34, 56)
    high, wide = 1.7 * tall, 1.15 * tall
    left, top, between = rng.uniform(40, 90), rng.uniform(120, 260), rng.random() < 0.4
    labels = rng.integers(0, 10, count).tolist()
    page.lines.append([str(label) for label in labels])
    windows = []
    for place, label in enumerate(labels):
        x = left + place * 1.3 * wide
        mark = page.glyph(label, tall)
        if mark.shape[1] > 0.9 * wide:  # a wheel has room for its digits
            size = round(0.9 * wide), len(mark)
            mark = np.asarray(Image.fromarray(mark).resize(size), np.float32)
        window = np.zeros((round(high), round(wide)), np.float32)
        shifts = [0.5 * (high - tall)]
        if between and place == count - 1:
            page.lines[-1][-1] = UNSURE
            shifts = [-0.55 * tall, 0.45 * tall + 0.5 * (high - tall)]
        for shift in shifts:
            glyph = mark if shift == shifts[0] else page.glyph((label + 1) % 10, tall)
            x0 = max(0, (window.shape[1] - glyph.shape[1]) // 2)
            y0, y1 = max(0, round(shift)), min(len(window), round(shift) + len(glyph))
            seen = glyph[y0 - round(shift) : y1 - round(shift), : window.shape[1] - x0]
            window[y0:y1, x0 : x0 + seen.shape[1]] = seen
        windows.append((round(x), round(top), window))
    cover = np.zeros_like(page.cover)
    for x, y, window in windows:
        cover[y : y + len(window), x : x + window.shape[1]] = 1 - window
    page.cover = cover


def margin(page: Page) -> None:
    """A sheet with a margin line from top to foot, left of the numbers, no paler than the pen."""
    rows = page.row_of_numbers()
    x = around([spot for row in rows for spot in row])[0] - page.rng.uniform(12, 40)
    pen, lean = int(page.rng.integers(1, 4)), page.rng.uniform(-4, 4)
    page.outline(lambda d: d.line((x, 0, x + lean, SIZE[1]), 255, pen))


def tinted(page: Page) -> None:
    """A puzzle whose cells are grey and white by turns, one digit in each."""
    rng = page.rng
    tall, size = rng.uniform(34, 52), int(rng.integers(3, 5))
    cell, left, top = 1.75 * tall, rng.uniform(30, 120), rng.uniform(20, 60)
    tint = np.zeros_like(page.cover)
    for row in range(size):
        page.lines.append([])
        for column in range(size):
            x, y = left + column * cell, top + row * cell
            label = int(rng.integers(10))
            mark = page.glyph(label, tall)
            page.put(mark, x + (cell - mark.shape[1]) / 2, y + (cell - tall) / 2)
            page.lines[-1].append(str(label))
            if (row + column) % 2:
                tint[round(y) : round(y + cell), round(x) : round(x + cell)] = rng.uniform(0.2, 0.4)
    page.cover = np.maximum(page.cover, tint)


def small_print(page: Page) -> None:
    """A form's small print above large handwriting."""
    rows = page.row_of_numbers()
    for row in rows:
        left, top, *_ = around(row)
        words = printed(page)
        page.put(words, left, max(0, top - 8 - len(words)))


def printed(page: Page) -> np.ndarray:
    """Some words in small print, (h, w) float32, 0 to 1."""
    words = Image.new("L", (160, 14))
    draw = ImageDraw.Draw(words)
    draw.text((0, 0), str(page.rng.choice(CARD)), 255, ImageFont.load_default())
    return np.asarray(words.crop(words.getbbox()), np.float32) / 255


def drawn_table(page: Page) -> None:
    """A table drawn by hand with the pen of its digits, one digit in each cell."""
    rng = page.rng
    tall, rows, columns = rng.uniform(34, 50), int(rng.integers(2, 5)), int(rng.integers(2, 6))
    wide, high, pen = 1.5 * tall, 1.7 * tall, int(rng.integers(3, 6))
    left, top = rng.uniform(30, 90), rng.uniform(30, 80)
    for row in range(rows):
        page.lines.append([])
        for column in range(columns):
            label = int(rng.integers(10))
            mark = page.glyph(label, tall)
            x = left + column * wide + max(pen + 2, (wide - mark.shape[1]) / 2)
            page.put(mark, x, top + row * high + (high - tall) / 2)
            page.lines[-1].append(str(label))
    shake = tall * 0.06

    def line(x0: float, y0: float, x1: float, y1: float) -> None:
        off = rng.normal(0, shake / 2, (5, 2))
        dots = [
            (x0 + (x1 - x0) * t + dx, y0 + (y1 - y0) * t + dy)
            for t, (dx, dy) in zip(np.linspace(0, 1, 5), off, strict=True)
        ]
        page.outline(lambda d: d.line(dots, 255, pen, "curve"))

    for row in range(rows + 1):
        y = top + row * high
        line(left - rng.uniform(0, 10), y, left + columns * wide + rng.uniform(0, 10), y)
    for column in range(columns + 1):
        x = left + column * wide
        line(x, top - rng.uniform(0, 10), x, top + rows * high + rng.uniform(0, 10))


def box_of_print(page: Page) -> None:
    """A printed box with small print inside, above one number that fills it."""
    rows = page.row_of_numbers(most=1)
    left, top, right, bottom = grown(around(rows[0]), 26)
    page.outline(lambda d: d.rectangle((left, top, right, bottom), outline=255, width=2))
    page.put(printed(page), left + 6, top + 5)
