"""The front panel of the box as pictures: what a demo leaves to look at."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageDraw

from pi_reader.outputs.face import face
from pi_reader.outputs.patterns import Lamps, lamps
from pi_reader.outputs.scene import Moment, Onlooker
from pi_reader.outputs.segments import FONT, character
from pi_reader.pictures import annotated
from pi_reader.values import Frame, Reading

HEIGHT = 240  # pixels of the whole picture
_SHOWN_FOR = 0.4  # seconds after which the first digit of a reading stands on lamps and segments
_MARGIN = 8
_DOT = 2  # pixels for each dot of the display
_PANEL = (24, 26, 30)
_GLOW, _DARK = (150, 220, 255), (4, 8, 16)  # the display's dots, lit and not
_UNLIT, _RED, _GREEN, _YELLOW = (52, 54, 58), (255, 60, 50), (70, 220, 90), (255, 190, 40)
_SEGMENTS = {  # left, top, right, bottom in units of a stroke's width, of 6 x 10
    "a": (1, 0, 5, 1),
    "b": (5, 1, 6, 4.5),
    "c": (5, 5.5, 6, 9),
    "d": (1, 9, 5, 10),
    "e": (0, 5.5, 1, 9),
    "f": (0, 1, 1, 4.5),
    "g": (1, 4.5, 5, 5.5),
}


class FrontPictures(Onlooker):
    """Draws the whole front panel for each page that was read.

    save: is given each picture and its number, counted from 1.
    """

    def __init__(self, save: Callable[[Image.Image, int], None]) -> None:
        super().__init__()
        self._save = save
        self._saved = 0
        self._source = ""  # of the page that was drawn last

    def draw(self, moment: Moment) -> None:
        """Draw the panel once the first digit of a page is lit."""
        reading = moment.spelled
        if reading is None or reading.source == self._source or moment.read_for < _SHOWN_FOR:
            return
        self._source = reading.source
        self._saved += 1
        self._save(front(moment), self._saved)


def front(moment: Moment) -> Image.Image:
    """What the camera sees, with what was read in it, beside display, 7-segment digit and lamps;
    mode "RGB", `HEIGHT` pixels high."""
    seen = _camera(moment.frame, moment.spelled)
    display = _display(moment)
    panel = Image.new("RGB", (seen.width + display.width + 3 * _MARGIN, HEIGHT), _PANEL)
    panel.paste(seen, (_MARGIN, _MARGIN))
    left = seen.width + 2 * _MARGIN
    panel.paste(display, (left, _MARGIN))
    draw = ImageDraw.Draw(panel)
    sign, point = character(moment)
    _segments(draw, (left, display.height + 3 * _MARGIN), FONT[sign], point)
    _lamps(draw, (left + 76, display.height + 4 * _MARGIN), lamps(moment))
    return panel


def _camera(frame: Frame | None, reading: Reading | None) -> Image.Image:
    """The annotated frame, as high as the panel allows."""
    high = HEIGHT - 2 * _MARGIN
    if frame is None:
        return Image.new("RGB", (high * 4 // 3, high), _DARK)
    picture = annotated(frame, reading or Reading(frame.source, frame.grey.shape[::-1]))
    return picture.resize((picture.width * high // picture.height, high), Image.Resampling.LANCZOS)


def _display(moment: Moment) -> Image.Image:
    """The display, each of its dots enlarged."""
    dots = face(moment)
    shown = Image.composite(
        Image.new("RGB", dots.size, _GLOW), Image.new("RGB", dots.size, _DARK), dots
    )
    return shown.resize((dots.width * _DOT, dots.height * _DOT), Image.Resampling.NEAREST)


def _segments(draw: ImageDraw.ImageDraw, corner: tuple[int, int], lit: str, point: bool) -> None:
    """A 7-segment digit. lit: the letters of its segments, as in FONT."""
    unit = 8
    for segment, place in _SEGMENTS.items():
        x0, y0, x1, y1 = (unit * edge for edge in place)
        box = (corner[0] + x0, corner[1] + y0, corner[0] + x1 - 2, corner[1] + y1 - 2)
        draw.rectangle(box, fill=_RED if segment in lit else _UNLIT)
    x, y = corner[0] + 7 * unit, corner[1] + 9 * unit
    draw.ellipse((x, y, x + unit, y + unit), fill=_RED if point else _UNLIT)


def _lamps(draw: ImageDraw.ImageDraw, corner: tuple[int, int], now: Lamps) -> None:
    """Ten lamps for the digits in two rows of five, the three for the state below."""
    lit = [(str(label), _RED, float(label in now.digits)) for label in range(10)]
    for index, (name, colour, level) in enumerate(lit):
        row, column = divmod(index, 5)
        _lamp(draw, (corner[0] + 36 * column, corner[1] + 22 * row), name, colour, level)
    state = (
        ("sure", _GREEN, now.sure),
        ("unsure", _YELLOW, now.unsure),
        ("heart", _RED, now.heartbeat),
    )
    for index, (name, colour, level) in enumerate(state):
        _lamp(draw, (corner[0] + 60 * index, corner[1] + 52), name, colour, level)


def _lamp(
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    name: str,
    colour: tuple[int, int, int],
    level: float,
) -> None:
    x, y = corner
    draw.ellipse((x, y, x + 11, y + 11), fill=colour if level > 0.5 else _UNLIT)
    draw.text((x + 15, y), name, fill=(200, 200, 200))
