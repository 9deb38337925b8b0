"""Pictures for people: annotated frames, and contact sheets of many crops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pi_reader.values import Box, Frame, Reading

SURE = (0, 140, 60)
UNSURE = (220, 120, 0)
SIGN = (40, 90, 220)
_WRITABLE = {"×": "x", "÷": "div"}  # which Pillow's own font does not have
_CELL = 84  # pixels: a 28x28 crop three times as large
_FURTHEST = 6  # rows of labels above and below a mark that are tried
_CAPTION = 14  # pixels below each crop

_Rectangle = tuple[float, float, float, float]  # left, top, right, bottom


def annotated(frame: Frame, reading: Reading) -> Image.Image:
    """The frame in grey with a box, label and confidence for each mark: a digit green if it is
    sure and orange if not, a sign blue."""
    picture = Image.fromarray(frame.grey).convert("RGB")
    draw = ImageDraw.Draw(picture)
    line_width = max(1, max(picture.size) // 500)
    font = _font(max(12, max(picture.size) // 55))
    marks: list[tuple[Box, str, tuple[int, int, int]]] = []
    for digit in reading.digits:
        name, colour = (str(digit.label), SURE) if digit.sure else (f"{digit.label}?", UNSURE)
        marks.append((digit.box, f"{name} {digit.confidence:.2f}", colour))
    for sign in (sign for line in reading.lines for sign in line.signs):
        marks.append((sign.box, _WRITABLE.get(sign.sign, sign.sign), SIGN))
    for box, _, colour in marks:
        corners = (box.x, box.y, box.right - 1, box.bottom - 1)
        draw.rectangle(corners, outline=colour, width=line_width)
    taken: list[_Rectangle] = []
    for box, text, colour in marks:
        _write_label(draw, box, text, colour, font, picture.size, taken)
    return picture


def sheet(crops: Sequence[np.ndarray], captions: Sequence[str], columns: int = 12) -> Image.Image:
    """A contact sheet: many small pictures in rows, each with a line of text below it.

    crops: grey pictures (height, width) uint8 of any size, shown as they are, including patches,
    which are white ink on black.
    """
    columns = max(1, min(columns, len(crops)))
    rows = -(-len(crops) // columns)
    step = _CELL + _CAPTION + 4
    picture = Image.new("L", (columns * (_CELL + 4), max(1, rows) * step), 255)
    draw = ImageDraw.Draw(picture)
    font = _font(11)
    for index, (crop, caption) in enumerate(zip(crops, captions, strict=True)):
        row, column = divmod(index, columns)
        corner = (column * (_CELL + 4), row * step)
        picture.paste(_fitted(crop), corner)
        draw.text((corner[0] + 2, corner[1] + _CELL), caption, fill=0, font=font)
    return picture


def confusion_chart(confusion: np.ndarray) -> Image.Image:
    """A confusion matrix as a chart: the darker, the more often.

    confusion: (10, 10) counts, row = what it is, column = what it was read as. Correct ones are
    green; an error is the redder the larger its share of the row's errors.
    """
    size, margin = 44, 40
    picture = Image.new("RGB", (margin + 10 * size + 8, margin + 10 * size + 8), "white")
    draw = ImageDraw.Draw(picture)
    font = _font(13)
    draw.text((8, 4), "rows: true digit, columns: read as", fill="black", font=font)
    wrong = confusion - np.diag(np.diag(confusion))
    most = max(1, int(wrong.max()))
    for row in range(10):
        draw.text((margin - 16, margin + row * size + 14), str(row), fill="black", font=font)
        draw.text((margin + row * size + 18, margin - 18), str(row), fill="black", font=font)
        for column in range(10):
            pale = 255 - round(200 * wrong[row, column] / most)
            corner = (margin + column * size, margin + row * size)
            draw.rectangle(
                (*corner, corner[0] + size - 2, corner[1] + size - 2),
                fill=(200, 235, 205) if row == column else (255, pale, pale),
            )
            if confusion[row, column]:
                draw.text(
                    (corner[0] + 4, corner[1] + 14),
                    str(confusion[row, column]),
                    fill="black",
                    font=font,
                )
    return picture


def _fitted(crop: np.ndarray) -> Image.Image:
    """A crop scaled to fit its cell, its aspect ratio kept; small ones with sharp pixels."""
    picture = Image.fromarray(crop)
    factor = _CELL / max(1, *picture.size)
    size = max(1, round(factor * picture.width)), max(1, round(factor * picture.height))
    way = Image.Resampling.NEAREST if factor >= 1 else Image.Resampling.BOX
    return picture.resize(size, way)


def _write_label(
    draw: ImageDraw.ImageDraw,
    box: Box,
    text: str,
    colour: tuple[int, int, int],
    font: ImageFont.ImageFont,
    size: tuple[int, int],
    taken: list[_Rectangle],
) -> None:
    """Write a mark's label where none is yet: above its box if there is room, else below, else
    further up or down. taken: where labels stand; this one is added."""
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    width, height = right - left + 2, bottom - top + 2
    x = max(0, min(box.x - 1, size[0] - width))
    above, below = box.y - height, box.bottom + 1
    tries = [above, below]
    for step in range(1, _FURTHEST):
        tries += [above - step * height, below + step * height]
    places = [(x, y, x + width, y + height) for y in tries if 0 <= y <= size[1] - height]
    free = (place for place in places if not any(_overlap(place, other) for other in taken))
    inside = max(0, min(box.y, size[1] - height))
    place = next(free, (x, inside, x + width, inside + height))
    taken.append(place)
    draw.rectangle(place, fill=(255, 255, 255))
    draw.text((place[0] + 1 - left, place[1] + 1 - top), text, fill=colour, font=font)


def _overlap(one: _Rectangle, other: _Rectangle) -> bool:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > 0 and down > 0


def _font(size: int) -> ImageFont.ImageFont:
    """Pillow's own font; it has one size only before Pillow 10.1."""
    try:
        return ImageFont.load_default(size)  # type: ignore[call-arg,return-value,unused-ignore]
    except (TypeError, OSError):
        return ImageFont.load_default()  # type: ignore[return-value,unused-ignore]
