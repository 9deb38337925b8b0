"""Pictures for people: annotated frames, and contact sheets of many crops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pi_reader.values import Box, Frame, Reading

SURE = (0, 140, 60)
UNSURE = (220, 120, 0)
SIGN = (40, 90, 220)
_CELL = 84  # pixels: a 28x28 crop three times as large
_CAPTION = 14  # pixels below each crop


def annotated(frame: Frame, reading: Reading) -> Image.Image:
    """The frame in grey with a box, label and confidence for each mark: a digit green if it is
    sure and orange if not, a sign blue."""
    picture = Image.fromarray(frame.grey).convert("RGB")
    draw = ImageDraw.Draw(picture)
    line_width = max(1, max(picture.size) // 500)
    font = _font(max(12, max(picture.size) // 55))
    for digit in reading.digits:
        name, colour = (str(digit.label), SURE) if digit.sure else (f"{digit.label}?", UNSURE)
        _annotate(draw, digit.box, f"{name} {digit.confidence:.2f}", colour, font, line_width)
    for sign in (sign for line in reading.lines for sign in line.signs):
        _annotate(draw, sign.box, sign.sign, SIGN, font, line_width)
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
    draw.text((8, 4), "rows: is, columns: read as", fill="black", font=font)
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


def _annotate(
    draw: ImageDraw.ImageDraw,
    box: Box,
    text: str,
    colour: tuple[int, int, int],
    font: ImageFont.ImageFont,
    line_width: int,
) -> None:
    draw.rectangle((box.x, box.y, box.right - 1, box.bottom - 1), outline=colour, width=line_width)
    left, top, right, bottom = draw.textbbox((box.x, box.y), text, font=font)
    rise = min(top, bottom - box.y + 2)  # above the box, or inside it at the picture's upper edge
    draw.rectangle((left - 1, top - rise, right + 1, bottom - rise + 1), fill=(255, 255, 255))
    draw.text((box.x, box.y - rise), text, fill=colour, font=font)


def _font(size: int) -> ImageFont.ImageFont:
    """Pillow's own font; it has one size only before Pillow 10.1."""
    try:
        return ImageFont.load_default(size)  # type: ignore[call-arg,return-value,unused-ignore]
    except (TypeError, OSError):
        return ImageFont.load_default()  # type: ignore[return-value,unused-ignore]
