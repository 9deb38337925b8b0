"""The front panel of the box in a terminal: display, 7-segment digit and lamps."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TextIO

from pi_reader.outputs.patterns import Lamps, lamps
from pi_reader.outputs.scene import Moment, Onlooker, topic
from pi_reader.outputs.segments import FONT, character
from pi_reader.parts import Part, rules, setting
from pi_reader.state import BoxState
from pi_reader.values import Frame, Reading

WIDTH, HEIGHT = 128, 64  # dots of the simulated display
_COLUMNS, _LINES = 80, 24  # the smallest terminal that it is drawn in
_GREEN, _YELLOW, _RED = 32, 33, 31  # colours of a terminal
_STROKES = {
    "a": (0, 1),
    "f": (1, 0),
    "b": (1, 4),
    "g": (2, 1),
    "e": (3, 0),
    "c": (3, 4),
    "d": (4, 1),
}  # where each segment begins: line, column


@dataclass(frozen=True)
class ConsoleSettings:
    """The panel in a terminal."""

    on: bool = setting(
        False,
        rules.switch(),
        "Show in the terminal what the displays show, when the box is started by hand.",
    )


class Panel(Onlooker):
    """Draws itself in place on a terminal; elsewhere it prints a line for each change.

    stream: the output; a terminal needs 80 columns, 24 lines and UTF-8 for the drawing.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._height = 0  # lines of ours above the cursor
        self._drawn = ""
        self._looked: Hashable = None
        self._screen: list[str] = []

    def show(self, reading: Reading, frame: Frame | None = None) -> None:
        """Show this reading; without a terminal, print a line if it has changed."""
        before = self._moment.reading
        super().show(reading, frame)
        if not self._in_place() and (before is None or before.text != reading.text):
            self._line(" / ".join(reading.text.split("\n")), *_opinions(reading))

    def tell(self, status: BoxState) -> None:
        """Show what the box is doing; without a terminal, print a line if that has changed."""
        before = self._moment.told
        super().tell(status)
        if not self._in_place() and (before is None or topic(before) != topic(status)):
            self._line(f"({status.state})", status.fault, " ".join(status.message.split("\n")))

    def say(self, text: str) -> None:
        """Print a line that stays, above the drawing."""
        self._erase()
        print(text, file=self._stream, flush=True)
        self.draw(self._moment)

    def draw(self, moment: Moment) -> None:
        """Redraw if anything has changed."""
        if not self._in_place():
            return
        drawn = "\n".join(self._front(moment))
        if drawn != self._drawn:
            self._erase()
            print(drawn, file=self._stream, flush=True)
            self._drawn, self._height = drawn, drawn.count("\n") + 1

    def _in_place(self) -> bool:
        """Whether there is a terminal that is large enough."""
        size = shutil.get_terminal_size()
        return (
            self._stream.isatty()
            and os.environ.get("TERM", "") != "dumb"
            and size.columns >= _COLUMNS
            and size.lines >= _LINES
            and (self._stream.encoding or "").lower().startswith("utf")
        )

    def _line(self, *words: str) -> None:
        text = "  ".join(filter(None, words))
        if text:
            print(text, file=self._stream, flush=True)

    def _erase(self) -> None:
        """Move the cursor up to the start of the drawing, and clear from there on."""
        if self._height:
            self._stream.write(f"\x1b[{self._height}F\x1b[J")
        self._height, self._drawn = 0, ""

    def _front(self, moment: Moment) -> list[str]:
        """All lines of the drawing."""
        from pi_reader.outputs.face import look, remarks

        looked = look(moment)
        if looked != self._looked:
            self._looked = looked
            self._screen = screen(moment)
        sign, point = character(moment)
        digit = [""] * 5 + seven_segments(FONT[sign], point) + [""] * 6
        rows = [
            f"│{row}│  {beside}".rstrip() for row, beside in zip(self._screen, digit, strict=True)
        ]
        edge = "─" * (WIDTH // 2)
        words = " · ".join([str(moment.state), *remarks(moment)])
        return [
            f"╭{edge}╮",
            *rows,
            f"╰{edge}╯",
            f" {words}"[: _COLUMNS - 1],
            lamp_line(lamps(moment)),
        ]


def screen(moment: Moment) -> list[str]:
    """The display as lines of Braille characters."""
    import numpy as np

    from pi_reader.outputs.braille import braille
    from pi_reader.outputs.face import face

    dots = np.asarray(face(moment, WIDTH, HEIGHT), bool)
    return [line.ljust(WIDTH // 2) for line in braille(dots).split("\n")]


def seven_segments(lit: str, point: bool) -> list[str]:
    """A 7-segment digit in five lines. lit: the letters of its segments, as in FONT."""
    signs = [list("      ") for _ in range(5)]
    for segment in lit:
        line, column = _STROKES[segment]
        for place in range(column, column + (3 if segment in "adg" else 1)):
            signs[line][place] = "━" if segment in "adg" else "┃"
    if point:
        signs[4][5] = "●"
    return ["".join(line).rstrip() for line in signs]


def lamp_line(now: Lamps) -> str:
    """All lamps in a line, in their usual colours."""
    digits = "  ".join(f"{label} {_lamp(label in now.digits, _RED)}" for label in range(10))
    return (
        f" {digits}    sure {_lamp(now.sure > 0, _GREEN)}  unsure "
        f"{_lamp(now.unsure > 0, _YELLOW)}  heart {_lamp(now.heartbeat > 0.5, _RED)}"
    )


def _lamp(lit: bool, colour: int) -> str:
    return f"\x1b[{colour}m●\x1b[0m" if lit else "○"


def _opinions(reading: Reading) -> list[str]:
    from pi_reader.outputs.face import opinions

    return opinions(reading) if reading.digits else []


PART = Part(
    ConsoleSettings,
    lambda section, context: Panel(sys.stdout),
    lambda section: section.on,
    package="",
)
