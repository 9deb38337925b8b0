"""The face of the box, as on the OLED, held against pictures that a person has looked at.

They stand in golden/faces.txt in Braille signs; a change is no fault by itself, but it must be
seen. After looking, pin anew: `python tests/test_face.py`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pi_reader.outputs import glyphs, large
from pi_reader.outputs.braille import braille
from pi_reader.outputs.face import PAGE_SECONDS, face, look, remarks
from pi_reader.outputs.panel import Panel, seven_segments
from pi_reader.outputs.scene import Moment
from pi_reader.outputs.segments import FONT
from pi_reader.state import BoxState
from pi_reader.values import Box, Correction, Digit, Frame, Line, Reading, State

GOLDEN = Path(__file__).resolve().parent / "golden" / "faces.txt"
NOTHING = Reading("page", (640, 480))


def reading(*lines: str) -> Reading:
    """A reading of such lines; `?` is an unsure 9 that may be a 4; each with the patch of a T."""
    patch = np.zeros((28, 28), np.uint8)
    patch[4:8, 6:22] = patch[4:24, 12:16] = 255

    def digit(sign: str) -> Digit:
        label, sure = (9, False) if sign == "?" else (int(sign), True)
        return Digit(label, 0.98 if sure else 0.51, (4, 0.4), sure, Box(9, 9, 9, 9), patch)

    return Reading("page", (640, 480), tuple(Line(tuple(map(digit, line))) for line in lines))


def page(ink: int = 40, paper: int = 210) -> Frame:
    """A sheet with a ring and a stroke on it."""
    picture = Image.new("L", (640, 480), paper)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((120, 120, 280, 360), outline=ink, width=28)
    draw.line((440, 110, 400, 370), fill=ink, width=30)
    return Frame(np.asarray(picture))


CASES: dict[str, Moment] = {
    "one digit": Moment(reading("7"), page(), BoxState(State.READING)),
    "two lines": Moment(reading("2016", "7"), page(), BoxState(State.READING)),
    "unsure": Moment(reading("?"), page(), BoxState(State.UNSURE)),
    "nothing there, with its address": Moment(
        NOTHING, page(200), BoxState(State.NOTHING, address="192.168.0.17")
    ),
    "training": Moment(NOTHING, page(200), BoxState(State.NOTHING, progress=0.62)),
    "too dark": Moment(NOTHING, page(4, 20), BoxState(State.DARK)),
    "starting": Moment(None, None, BoxState(State.STARTING)),
    "correcting": Moment(
        reading("2016"), page(), BoxState(State.CORRECTING, correction=Correction("20?6", 2, 1))
    ),
    "a fault in words": Moment(
        None,
        None,
        BoxState(
            State.FAULT,
            fault="camera: no frame for 5 seconds, its cable may be loose; switch off, "
            "press the ribbon in at both ends, switch on",
        ),
    ),
    "aiming": Moment(
        reading("20"),
        page(),
        BoxState(State.READING, message="aiming\nsharp 84 %\nlight 132\nglare 0 %"),
    ),
    "reading on with a full disk": Moment(
        reading("5"), page(), BoxState(State.READING, fault="the disk is full")
    ),
}


def drawn() -> str:
    """All faces in signs, for both sizes of display."""
    parts = []
    for height in (64, 32):
        for name, moment in CASES.items():
            dots = np.asarray(face(moment, 128, height), bool)
            rows = [line.replace(chr(0x2800), " ").rstrip() for line in braille(dots).split("\n")]
            parts.append("\n".join([f"-- {name}, 128x{height}", *rows]))
    return "\n".join(parts) + "\n"


@pytest.fixture
def own_letters(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a system without the smooth font."""
    monkeypatch.setattr(large, "SMOOTH", "no such font")
    for cached in (large._font, large.largest):
        cached.cache_clear()
    yield
    for cached in (large._font, large.largest):
        cached.cache_clear()


def test_ok__faces_are_as_a_person_has_seen_them(own_letters: None) -> None:
    assert drawn() == GOLDEN.read_text(encoding="utf-8")


def test_ok__large_digits_come_from_the_smooth_font_where_it_is() -> None:
    large._font.cache_clear()
    if large._font(40) is None:
        pytest.skip("needs fonts-dejavu-core")
    smooth = large.largest("8", (67, 42))
    assert smooth is not None and 34 <= smooth.height <= 42
    assert np.asarray(smooth, int).any(axis=0).all(), "without margins"


@pytest.mark.parametrize("size", [(128, 64), (128, 32), (64, 32)])
@pytest.mark.parametrize("name", CASES)
def test_ok__nothing_glows_where_the_picture_is_shifted(name: str, size: tuple[int, int]) -> None:
    dots = np.asarray(face(CASES[name], *size), bool)
    assert dots.shape == size[::-1] and dots.any()
    assert not dots[-1].any() and not dots[:, -1].any()


def test_ok__a_face_changes_only_when_its_look_does() -> None:
    for moment in CASES.values():
        seen: dict[object, bytes] = {}
        for step in range(60):
            seconds = step * 0.21
            later = Moment(moment.reading, moment.frame, moment.told, 1, seconds, seconds, seconds)
            assert face(later).tobytes() == seen.setdefault(look(later), face(later).tobytes())


def test_ok__all_of_a_long_fault_comes_by() -> None:
    words = [f"word{number}" for number in range(60)]
    status = BoxState(State.FAULT, fault=" ".join(words))
    different = {
        face(Moment(None, None, status, told_for=PAGE_SECONDS * number)).tobytes()
        for number in range(20)
    }
    lines = glyphs.wrapped(status.fault, 127)
    assert " ".join(lines).split() == words
    assert len(different) == -(-len(lines) // 5)


def test_ok__remarks_put_the_fault_first_and_name_the_runner_up() -> None:
    status = BoxState(
        State.UNSURE, "the disk is full", "good morning", "10.0.0.2", 0.25, frozen=True
    )
    assert remarks(Moment(reading("4?"), None, status)) == [
        "! the disk is full",
        "digit 2: 9, perhaps 4",
        "held; press to go on",
        "learning: 25%",
        "good morning",
    ]


@pytest.mark.parametrize(
    "text", ["", "\n", "x" * 500, "naïve – “quoted” … 漢字 \x07", "a\tb", "1\n\n2"]
)
def test_ok__any_text_can_be_shown(text: str) -> None:
    for state in State:
        told = BoxState(state, text, text, text, 7.5, Correction(text, 3, 1))
        for size in ((128, 64), (128, 32), (64, 32)):
            face(Moment(reading("1" * 40, "2" * 40), page(), told), *size)
    assert all(glyphs.width(line) <= 60 for line in glyphs.wrapped(text, 60))


def test_ok__any_frame_can_be_shown() -> None:
    for shape in ((1, 1), (1, 900), (900, 1), (17, 3)):
        for state in (State.NOTHING, State.DARK):
            face(Moment(NOTHING, Frame(np.zeros(shape, np.uint8)), BoxState(state)))


def test_ok__every_sign_is_drawn_and_no_two_alike() -> None:
    shapes = glyphs._glyphs()
    assert all(
        len(rows) == glyphs.HEIGHT and len({len(row) for row in rows}) == 1
        for rows in shapes.values()
    )
    assert len(set(shapes.values())) == len(shapes)
    assert set(map(str, range(10))) | set(map(chr, range(ord("a"), ord("z") + 1))) <= set(shapes)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_ok__the_panel_draws_itself_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    stream = Terminal()
    with Panel(stream) as panel:
        panel.tell(BoxState(State.READING))
        panel.show(reading("4"), page())
        panel.tick(0.1)
        length = len(stream.getvalue())
        panel.tick(0.15)
        assert len(stream.getvalue()) == length, "nothing has changed"
    up, last = re.findall(r"\x1b\[(\d+)F\x1b\[J([^\x1b]*)", stream.getvalue())[-1]
    plain = re.sub(r"\x1b\[\d*[mFJ]", "", stream.getvalue()).split("\n")[-int(up) - 1 : -1]
    assert len(plain) == int(up) and all(len(line) < 80 for line in plain)
    assert "reading · 98% sure" in plain[-2]
    assert "4 ●" in plain[-1] and plain[-1].count("●") == 3  # the 4, sure, and the heart
    assert "┃" in last


def test_ok__elsewhere_the_panel_prints_changes_in_plain_signs() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\n")
    with Panel(stream) as panel:
        panel.tell(BoxState(State.STARTING))
        panel.tell(BoxState(State.READING))
        for now in range(9):
            panel.show(reading("20", "1?"), page())
            panel.tick(now)
        panel.tell(BoxState(State.READING, progress=0.5))
        panel.show(NOTHING)
        panel.tell(BoxState(State.NOTHING, fault="the disk is full"))
    stream.seek(0)
    assert stream.read() == (
        "(starting)\n(reading)\n20 / 1?  digit 4: 9, perhaps 4\n(nothing there)  the disk is full\n"
    )


def test_ok__the_digit_of_segments_is_drawn_as_it_lights() -> None:
    assert seven_segments(FONT["4"], False) == ["", "┃   ┃", " ━━━", "    ┃", ""]
    assert seven_segments(FONT["_"], True)[-1] == " ━━━ ●"


if __name__ == "__main__":
    large.SMOOTH = "no such font"
    GOLDEN.write_text(drawn(), encoding="utf-8")
