"""Pictures for people: a frame with what was read written into it, and sheets of many crops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pi_reader.values import Digit, Frame, Reading

SURE = (0, 140, 60)
UNSURE = (220, 120, 0)
_CELL = 84  # pixels: a 28x28 crop three times as large
_CAPTION = 14  # pixels below each crop


def annotated(frame: Frame, reading: Reading) -> Image.Image:
    """The frame in grey with a box, label and confidence for each digit; green sure, orange not."""
    picture = Image.fromarray(frame.grey).convert("RGB")
    draw = ImageDraw.Draw(picture)
    line_width = max(1, max(picture.size) // 500)
    font = _font(max(12, max(picture.size) // 55))
    for digit in reading.digits:
        _annotate(draw, digit, font, line_width)
    return picture


def sheet(crops: np.ndarray, captions: Sequence[str], columns: int = 12) -> Image.Image:
    """Many crops in rows, each with a line of text below it.

    crops: (n, 28, 28) uint8, 0 paper to 255 ink; shown as ink on paper.
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
        picture.paste(Image.fromarray(255 - crop).resize((_CELL, _CELL), Image.NEAREST), corner)
        draw.text((corner[0] + 2, corner[1] + _CELL), caption, fill=0, font=font)
    return picture


def _annotate(draw: ImageDraw.ImageDraw, digit: Digit, font: ImageFont.ImageFont,
              line_width: int) -> None:
    box, colour = digit.box, SURE if digit.sure else UNSURE
    draw.rectangle((box.x, box.y, box.right - 1, box.bottom - 1), outline=colour, width=line_width)
    text = f"{digit.label} {digit.confidence:.2f}" if digit.sure else \
        f"{digit.label}? {digit.confidence:.2f}"
    left, top, right, bottom = draw.textbbox((box.x, box.y), text, font=font)
    rise = min(top, bottom - top + 3)  # above the box, or inside it at the picture's upper edge
    draw.rectangle((left - 1, top - rise, right + 1, bottom - rise + 1), fill=(255, 255, 255))
    draw.text((box.x, box.y - rise), text, fill=colour, font=font)


def _font(size: int) -> ImageFont.ImageFont:
    """Pillow's own font; it has one size only before Pillow 10.1."""
    try:
        return ImageFont.load_default(size)  # type: ignore[call-arg,return-value,unused-ignore]
    except (TypeError, OSError):
        return ImageFont.load_default()  # type: ignore[return-value,unused-ignore]
