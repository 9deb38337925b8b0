"""The blackboard that lessons write and draw on, and the settings a pupil may turn.

All the handling of terminals, files and libraries is here, so that a lesson's own file can be
about its idea alone.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from pi_reader.errors import CannotWrite, UsageError
from pi_reader.files import check_output, durable

if TYPE_CHECKING:
    import numpy as np

_WIDTH = 78  # columns; a projector in a classroom shows 80
_MAKER = "pi-reader lesson"  # by which picture files are known as ours
_TEXT_MARK = f"# {_MAKER}"
_MARKED = 4096  # bytes of a file within which the mark stands
_MARGIN = "    "  # before numbers and drawings


@dataclass(frozen=True)
class Setting:
    """A number (or a file's name) that a pupil may choose: `pi-reader lesson miles guess=0.9`.

    value: what it is if nothing is said, and of which type; low, high: the range it must be in.
    """

    name: str
    value: int | float | str
    meaning: str
    low: float = -math.inf
    high: float = math.inf

    def read(self, text: str) -> int | float | str:
        """The value that a pupil typed. Raises UsageError if it is no number or out of range."""
        if isinstance(self.value, str):
            return text
        kind = type(self.value)
        try:
            value = kind(text)
        except ValueError:
            what = "a whole number" if kind is int else "a number"
            raise UsageError(f"{self.name}={text}: should be {what}") from None
        if not math.isfinite(value) or not self.low <= value <= self.high:
            raise UsageError(f"{self.name}={text}: should be from {self.low:g} to {self.high:g}")
        return value


class Lesson(Protocol):
    """What each lesson's file offers.

    SETTINGS: what can be turned. TRY: commands to try afterwards, each with what to look for.
    """

    SETTINGS: Sequence[Setting]
    TRY: Sequence[tuple[str, str]]

    def lesson(self, board: Blackboard, rng: np.random.Generator, **settings: Any) -> None:
        """Tell, calculate and draw; random numbers come from `rng` alone."""


class Blackboard:
    """Where a lesson is written: words, numbers, tables and drawings as text, and picture files.

    out: the terminal, or any text stream. fast: do less of everything, for the impatient.
    pictures: the folder for picture files; without it there are only the drawings in text.
    mnist: the folder of MNIST's files, for the lessons that learn digits; weights: finds the
    weights file for the one that reads a page, or raises MissingFile.
    wait: is called before each new section; a terminal waits for Enter there.
    force: whether picture files replace files that a lesson did not write.
    """

    def __init__(
        self,
        out: TextIO,
        name: str = "lesson",
        fast: bool = False,
        pictures: Path | None = None,
        mnist: Path | None = None,
        weights: Callable[[], Path] | None = None,
        wait: Callable[[], object] | None = None,
        force: bool = False,
    ) -> None:
        self._force = force
        self.fast, self.mnist, self.weights = fast, mnist, weights
        self._out, self._name, self._pictures = out, name, pictures
        self._wait, self._sections = wait, 0
        if pictures is not None:
            try:
                pictures.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise CannotWrite(
                    f"{pictures}: cannot be made a folder, {error.strerror}"
                ) from error

    def section(self, title: str) -> None:
        """Begin a new part, after waiting for whoever reads along."""
        if self._sections and self._wait is not None:
            self._wait()
        self._sections += 1
        self._write(f"{self._sections}. {title}", "-" * (len(title) + 3), "")

    def say(self, text: str) -> None:
        """Paragraphs of plain words; empty lines divide them, other line ends do not count."""
        for paragraph in text.strip().split("\n\n"):
            words = " ".join(paragraph.split())
            self._write(*textwrap.wrap(words, _WIDTH, break_on_hyphens=False), "")

    def show(self, *lines: str) -> None:
        """Numbers or a drawing, line by line as they are, set off from the words."""
        self._write(*(f"{_MARGIN}{line}".rstrip() for text in lines for line in text.split("\n")))
        self._write("")

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Columns under their heads; numbers are given as they should be read, as text."""
        cells = [list(heads), *([str(cell) for cell in row] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "   ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            for row in cells
        ]
        self.show(lines[0], "   ".join("-" * width for width in widths), *lines[1:])

    def picture(self, name: str, drawing: str, paint: Callable[[Any], None] | None = None) -> None:
        """A drawing in text for the terminal and, where a folder was named, a picture file.

        paint: is given an empty matplotlib figure to fill. Where matplotlib is not installed, or
        without `paint`, the drawing itself is saved. Raises CannotWrite.
        """
        self.show(drawing)
        if self._pictures is None:
            return
        figure = _empty_figure() if paint else None
        path = self._pictures / f"{self._name}-{name}{'.txt' if figure is None else '.png'}"
        inputs = [self.mnist] if self.mnist else []
        with durable(check_output(path, inputs, _is_ours, self._force)) as handle:
            if figure is None or paint is None:
                handle.write(f"{_TEXT_MARK}\n{drawing}\n".encode())
            else:
                paint(figure)
                figure.savefig(handle, format="png", metadata={"Software": _MAKER})
        self._write(f"[saved {path}]", "")

    def ending(self, lesson: Lesson) -> None:
        """What to try next, and what can be turned."""
        self._write("Try", "---", "")
        for command, purpose in lesson.TRY:
            self._write(f"{_MARGIN}{command}", f"{_MARGIN}{_MARGIN}{purpose}")
        self._write("")
        if lesson.SETTINGS:
            self._write("Settings")
            width = max(len(f"{one.name}={one.value}") for one in lesson.SETTINGS)
            self._write(
                *(
                    f"{_MARGIN}{f'{one.name}={one.value}':{width}}  {one.meaning}"
                    for one in lesson.SETTINGS
                )
            )

    def _write(self, *lines: str) -> None:
        self._out.write("".join(f"{line}\n" for line in lines))
        self._out.flush()


def _is_ours(path: Path) -> bool:
    """Whether a lesson saved this picture, by its mark near the beginning."""
    marks = (_TEXT_MARK.encode(), b"Software\0" + _MAKER.encode())
    with open(path, "rb") as handle:
        start = handle.read(_MARKED)
    return start.startswith(marks[0]) or marks[1] in start


def _empty_figure() -> Any:
    """A matplotlib figure that is painted without a screen, or None where there is no matplotlib.

    Built by hand rather than through pyplot, which would look for a screen and keep every figure.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return None
    figure = Figure(figsize=(8, 5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
