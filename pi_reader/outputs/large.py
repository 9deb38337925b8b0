"""Digits as large as possible, in a smooth font if one is installed, otherwise from dots."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from pi_reader.outputs import glyphs

SMOOTH = "DejaVuSans-Bold.ttf"  # of Debian's fonts-dejavu-core
_SIZES = (52, 46, 40, 36, 32, 28, 24, 21, 18, 16, 14)  # pixels
_SCALES = (5, 4, 3, 2)  # pixels for each dot of our own small letters
_LOWEST = 0.7  # of a font's size: minimum height of its digits
_NARROWEST = 0.5  # of their height: minimum width of digits


@lru_cache(maxsize=8)
def largest(text: str, room: tuple[int, int]) -> Image.Image | None:
    """The text in the largest size that fits, mode "1", without margins; None if none does.

    text: lines of digits and `?`; room: (width, height) in pixels.
    """
    for picture in _from_large_to_small(text.split("\n"), room):
        if picture.width <= room[0] and picture.height <= room[1]:
            return picture
    return None


def _from_large_to_small(lines: list[str], room: tuple[int, int]) -> Iterator[Image.Image]:
    """The text in all sizes, except those far too large: a Zero would draw them for seconds."""
    longest = max(map(len, lines))
    most = min(room[1] / len(lines), room[0] / (_NARROWEST * (longest - 0.5)))  # pixels high
    smooth = [(size, font) for size in _SIZES if (font := _font(size)) is not None]
    for size, font in smooth:
        if _LOWEST * size <= most:
            yield _stacked([_smooth(line, font) for line in lines])
    for scale in _SCALES[3 if smooth else 0 :]:
        if glyphs.BODY * scale <= most:
            yield _stacked([glyphs.picture(line, scale) for line in lines])


def _smooth(line: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """A line with the height of the font's digits, whichever it holds, so that lines align."""
    left, _, right, _ = font.getbbox(line)
    _, top, _, bottom = font.getbbox("08")
    picture = Image.new("1", (max(1, int(right - left)), int(bottom - top)))
    ImageDraw.Draw(picture).text((-left, -top), line, fill=1, font=font)
    ink = picture.getbbox() or (0, 0, picture.width, 0)
    return picture.crop((ink[0], 0, ink[2], picture.height))


def _stacked(lines: list[Image.Image]) -> Image.Image:
    """Lines below each other, a fifth of their height apart."""
    step = max(line.height for line in lines) * 6 // 5 + 1
    width = max(line.width for line in lines)
    picture = Image.new("1", (width, step * (len(lines) - 1) + lines[-1].height))
    for place, line in enumerate(lines):
        picture.paste(line, ((width - line.width) // 2, place * step))
    return picture


@lru_cache(maxsize=len(_SIZES))
def _font(size: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(SMOOTH, size)
    except OSError:
        return None
