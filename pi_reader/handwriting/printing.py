"""Printed text: characters of whatever fonts this machine has, set as marks with their truth.

No font is needed: Pillow's own comes first, and fonts found beside it only add to the choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pi_reader.handwriting.marks import Mark, stamp_at
from pi_reader.handwriting.signs import LETTER, OTHER, TABLE

_FOLDER = Path("/usr/share/fonts")
_NOT_FOR_TEXT = ("Emoji", "Dingbat", "Symbol", "Math", "Icon", "Braille", "D050", "Standard")
_MISSING = "\uffff"  # a character that no font has: what fonts show for what they lack
_PLAIN = 10  # pixels: the height of the only font that old Pillows have without a file
_BRACKETS = {"[": "(", "]": ")", "{": "(", "}": ")", "−": "-", "–": "-", "*": "×"}
_SCRIPTS = ("abcdefghiklmnoprstuvwxyz", "абвгдежзиклмнопрстуфхцчшщыэюя", "αβγδεζηθκλμνξπρσφψω")


@lru_cache(maxsize=1)
def font_files() -> tuple[str, ...]:
    """The fonts of this machine that are made for text; empty where there are none."""
    found = sorted(path for path in _FOLDER.rglob("*.[ot]t[fc]") if path.is_file())
    return tuple(
        str(path) for path in found if not any(word in path.name for word in _NOT_FOR_TEXT)
    )


@lru_cache(maxsize=64)
def _font(file: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font at a height in pixels; "" is Pillow's own, which may come in one height alone."""
    if file:
        return ImageFont.truetype(file, size)
    try:
        return ImageFont.load_default(size)
    except TypeError:  # before Pillow 10.1
        return ImageFont.load_default()


@lru_cache(maxsize=4096)
def _picture(file: str, size: int, character: str) -> tuple[np.ndarray, float, float, float]:
    """A character with an empty pixel around its ink, uint8; its left and top, and its advance.

    Empty where the font lacks it. left and top count from the pen's place on the upper edge.
    """
    font = _font(file, size)
    canvas = Image.new("L", (3 * size + 8, 3 * size + 8))
    try:
        ImageDraw.Draw(canvas).text((size, size), character, 255, font=font)
        advance = float(font.getlength(character))
    except UnicodeEncodeError:  # the only font of old Pillows knows Latin-1 alone
        return np.zeros((0, 0), np.uint8), 0.0, 0.0, 0.0
    box = canvas.getbbox()
    if box is None:
        return np.zeros((0, 0), np.uint8), 0.0, 0.0, advance
    left, top, right, bottom = box
    cut = np.asarray(canvas)[top - 1 : bottom + 1, left - 1 : right + 1].copy()
    return cut, float(left - 1 - size), float(top - 1 - size), advance


@dataclass(frozen=True)
class Type:
    """One typeface on a page. file: of the font, "" for Pillow's own; size: of its characters in
    pixels; dark: 1 is as black as the page's ink; script: letters that `@` stands for."""

    file: str
    size: float
    dark: float
    script: str

    @classmethod
    def random(cls, rng: np.random.Generator, size: float) -> Type:
        """Any typeface that there is."""
        files = ("", *font_files())
        file = files[rng.integers(len(files))]
        script = _SCRIPTS[rng.choice(3, p=[0.7, 0.22, 0.08])]
        if file == "" or not _has(file, script[0]):
            script = _SCRIPTS[0]
        return cls(file, size, float(rng.uniform(0.5, 1.0)), script)

    def set(
        self, rng: np.random.Generator, text: str, left: float, base: float, line: int
    ) -> list[Mark]:
        """Print a line of text from (left, base) on, near its baseline; gives its marks."""
        drawn = max(8, round(self.size))
        font = _font(self.file, drawn)
        scale = self.size / (drawn if isinstance(font, ImageFont.FreeTypeFont) else _PLAIN)
        foot = _picture(self.file, drawn, "H")
        down = foot[2] + len(foot[0]) - 1
        marks, x = [], left
        for character in text:
            shown = self.script[rng.integers(len(self.script))] if character == "@" else character
            picture, right, top, advance = _picture(self.file, drawn, shown)
            if picture.size:
                place = x + right * scale, base + (top - down) * scale
                marks.append(self._mark(picture, place, scale, _name(shown), line))
            x += advance * scale
        return marks

    def _mark(
        self,
        picture: np.ndarray,
        place: tuple[float, float],
        scale: float,
        name: str,
        line: int,
    ) -> Mark:
        """One printed character whose picture starts at a place."""
        height, width = picture.shape[0] * scale, picture.shape[1] * scale
        corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) + place
        return stamp_at(name, line, corners, picture, 0.5, self.dark)


def _has(file: str, character: str) -> bool:
    """Whether a font has a character."""
    return not np.array_equal(_picture(file, 24, character)[0], _picture(file, 24, _MISSING)[0])


def _name(character: str) -> str:
    """What a printed character is in the truth."""
    character = _BRACKETS.get(character, character)
    if character.isdecimal():
        return character
    if character in TABLE:
        return TABLE[character].name
    return LETTER if character.isalpha() else OTHER
