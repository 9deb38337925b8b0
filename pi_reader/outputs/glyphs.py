"""Small letters for small displays, drawn dot by dot: narrow, crisp, and the same on every system.

Nine rows per glyph: seven above the baseline, two below. A missing one is drawn as an empty box.
"""

from __future__ import annotations

import unicodedata
from functools import cache

from PIL import Image, ImageDraw

HEIGHT = 9  # dots, of which the lowest two are for the tails of g and y
BODY = 7  # dots of a capital or a digit
_UNKNOWN = "□"
_SIMPLER = {"–": "-", "—": "-", "’": "'", "`": "'", "…": "...", "×": "x", "\t": " "}

_ART = """
0123456789□
.##. .#. .##. ###. ...# #### .##. #### .##. .##. ####
#..# ##. #..# ...# ..## #... #... ...# #..# #..# #..#
#..# .#. ...# ...# .#.# #... #... ...# #..# #..# #..#
#..# .#. ..#. .##. #..# ###. ###. ..#. .##. .### #..#
#..# .#. .#.. ...# #### ...# #..# ..#. #..# ...# #..#
#..# .#. #... ...# ...# ...# #..# .#.. #..# ...# #..#
.##. ### #### ###. ...# ###. .##. .#.. .##. .##. ####
.... ... .... .... .... .... .... .... .... .... ....
.... ... .... .... .... .... .... .... .... .... ....

ABCDEFGHIJKLM
.##. ###. .##. ###. #### #### .##. #..# ### ..# #..# #... #...#
#..# #..# #..# #..# #... #... #..# #..# .#. ..# #.#. #... ##.##
#..# #..# #... #..# #... #... #... #..# .#. ..# ##.. #... #.#.#
#### ###. #... #..# ###. ###. #.## #### .#. ..# #... #... #.#.#
#..# #..# #... #..# #... #... #..# #..# .#. ..# ##.. #... #...#
#..# #..# #..# #..# #... #... #..# #..# .#. #.# #.#. #... #...#
#..# ###. .##. ###. #### #... .##. #..# ### .#. #..# #### #...#
.... .... .... .... .... .... .... .... ... ... .... .... .....
.... .... .... .... .... .... .... .... ... ... .... .... .....

NOPQRSTUVWXYZ
#..# .###. ###. .##. ###. .### ##### #..# #...# #...# #...# #...# ####
##.# #...# #..# #..# #..# #... ..#.. #..# #...# #...# #...# #...# ...#
##.# #...# #..# #..# #..# #... ..#.. #..# #...# #...# .#.#. .#.#. ..#.
#.## #...# ###. #..# ###. .##. ..#.. #..# .#.#. #.#.# ..#.. ..#.. .#..
#.## #...# #... #..# #.#. ...# ..#.. #..# .#.#. #.#.# .#.#. ..#.. #...
#..# #...# #... #.## #..# ...# ..#.. #..# ..#.. ##.## #...# ..#.. #...
#..# .###. #... .##. #..# ###. ..#.. .##. ..#.. #...# #...# ..#.. ####
.... ..... .... ...# .... .... ..... .... ..... ..... ..... ..... ....
.... ..... .... .... .... .... ..... .... ..... ..... ..... ..... ....

abcdefghijklm
.... #... ... ...# .... .## .... #... # .# #... # .....
.... #... ... ...# .... #.. .... #... . .. #... # .....
.##. ###. .## .### .##. ### .### ###. # .# #..# # ####.
...# #..# #.. #..# #..# #.. #..# #..# # .# #.#. # #.#.#
.### #..# #.. #..# #### #.. #..# #..# # .# ##.. # #.#.#
#..# #..# #.. #..# #... #.. #..# #..# # .# #.#. # #.#.#
.### ###. .## .### .##. #.. .### #..# # .# #..# # #.#.#
.... .... ... .... .... ... ...# .... . .# .... . .....
.... .... ... .... .... ... .##. .... . #. .... . .....

nopqrstuvwxyz
.... .... .... .... ... .... .#. .... ..... ..... .... .... ....
.... .... .... .... ... .... .#. .... ..... ..... .... .... ....
###. .##. ###. .### #.# .### ### #..# #...# #...# #..# #..# ####
#..# #..# #..# #..# ##. #... .#. #..# #...# #.#.# #..# #..# ..#.
#..# #..# #..# #..# #.. .##. .#. #..# .#.#. #.#.# .##. #..# .#..
#..# #..# #..# #..# #.. ...# .#. #..# .#.#. #.#.# #..# #..# #...
#..# .##. ###. .### #.. ###. .## .### ..#.. .#.#. #..# .### ####
.... .... #... ...# ... .... ... .... ..... ..... .... ...# ....
.... .... #... ...# ... .... ... .... ..... ..... .... .##. ....

.,:;!?'"()[]/\\
. .. . .. # .##. # #.# .# #. ## ## ...# #...
. .. . .. # #..# # #.# #. .# #. .# ...# #...
. .. # .# # ...# . ... #. .# #. .# ..#. .#..
. .. . .. # ..#. . ... #. .# #. .# ..#. .#..
. .. . .. # ..#. . ... #. .# #. .# .#.. ..#.
. .. . .. . .... . ... #. .# #. .# .#.. ..#.
# .# # .# # ..#. . ... .# #. ## ## #... ...#
. #. . #. . .... . ... .. .. .. .. .... ....
. .. . .. . .... . ... .. .. .. .. .... ....

-_+=%#&*<>@|~°
... .... ..... ... ##..# .#.#. .##.. ..... ..# #.. .###. # ..... .#.
... .... ..#.. ... ##..# .#.#. #..#. ..#.. ..# #.. #...# # ..... #.#
... .... ..#.. ... ...#. ##### #..#. #.#.# .#. .#. #.### # .#... .#.
### .... ##### ### ..#.. .#.#. .##.. .###. #.. ..# #.#.# # #.#.# ...
... .... ..#.. ... .#... ##### #.#.# #.#.# .#. .#. #.### # ...#. ...
... .... ..#.. ### #..## .#.#. #..#. ..#.. ..# #.. #.... # ..... ...
... .... ..... ... #..## .#.#. .##.# ..... ..# #.. .###. # ..... ...
... #### ..... ... ..... ..... ..... ..... ... ... ..... # ..... ...
... .... ..... ... ..... ..... ..... ..... ... ... ..... . ..... ...
"""


@cache
def _glyphs() -> dict[str, tuple[str, ...]]:
    """The rows of each glyph, as drawn above."""
    found: dict[str, tuple[str, ...]] = {" ": ("..",) * HEIGHT}
    for block in _ART.strip().split("\n\n"):
        signs, *rows = block.split("\n")
        columns = zip(*(row.split(" ") for row in rows), strict=True)
        found |= dict(zip(signs, columns, strict=True))
    return found


def width(text: str) -> int:
    """The width of the text in dots, with one dot between characters."""
    return max(0, sum(len(_glyph(sign)[0]) + 1 for sign in plain(text)) - 1)


def write(draw: ImageDraw.ImageDraw, corner: tuple[int, int], text: str, fill: int = 1) -> None:
    """Write on a picture of mode "1"; corner: the text's upper left dot."""
    left, top = corner
    for sign in plain(text):
        rows = _glyph(sign)
        draw.point(
            [
                (left + column, top + line)
                for line, row in enumerate(rows)
                for column, dot in enumerate(row)
                if dot == "#"
            ],
            fill=fill,
        )
        left += len(rows[0]) + 1


def picture(text: str, scale: int = 1, height: int = BODY) -> Image.Image:
    """The text as a picture, each dot `scale` pixels wide; with HEIGHT, descenders included."""
    small = Image.new("1", (max(1, width(text)), height))
    write(ImageDraw.Draw(small), (0, 0), text)
    return small.resize((scale * small.width, scale * small.height), Image.Resampling.NEAREST)


def wrapped(text: str, room: int) -> list[str]:
    """The text in lines of at most `room` dots, broken between words where that is possible."""
    lines: list[str] = []
    for paragraph in plain(text).split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if width(longer) <= room:
                line = longer
                continue
            if line:
                lines.append(line)
            *full, line = _cut(word, room)
            lines += full
        lines.append(line)
    return lines


def _cut(word: str, room: int) -> list[str]:
    """A word in pieces that fit, usually just the word."""
    pieces = [""]
    for sign in word:
        if pieces[-1] and width(pieces[-1] + sign) > room:
            pieces.append("")
        pieces[-1] += sign
    return pieces


def plain(text: str) -> str:
    """The text in the characters drawn here: é becomes e, – becomes -, a tab a space."""
    for fancy, simple in _SIMPLER.items():
        text = text.replace(fancy, simple)
    return "".join(
        sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign)
    )


def _glyph(sign: str) -> tuple[str, ...]:
    return _glyphs().get(sign) or _glyphs()[_UNKNOWN]
