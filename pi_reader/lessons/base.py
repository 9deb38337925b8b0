"""The blackboard that lessons write and draw on, and the settings a pupil may turn.

All the handling of terminals, files and libraries is here, so that a lesson's own file can be
about its idea alone.
"""

from __future__ import annotations

import contextlib
import io
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO, TypeVar

from pi_reader.errors import UsageError
from pi_reader.files import check_output, durable, make_folder

if TYPE_CHECKING:
    import numpy as np

_WIDTH = 78  # columns; a projector in a classroom shows 80
_MAKER = "pi-reader lesson"  # by which picture files are known as ours
_TEXT_MARK = f"# {_MAKER}"
_MARKED = 4096  # bytes of a file within which the mark stands
_MARGIN = "    "  # before numbers and drawings
_QUIET = 1.5  # seconds of work before a progress bar appears

_Item = TypeVar("_Item")


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


def pick(*cases: tuple[object, str]) -> str:
    """The sentence of the first case that is true: what a lesson states follows its figures.

    The last case should always be true. Raises ValueError if none is.
    """
    for true, sentence in cases:
        if true:
            return sentence
    raise ValueError("none of the sentences is true")


def so_many(number: int, name: str) -> str:
    """So many of something: 1 node, 200 nodes."""
    return f"{number:,} {name}" + ("" if number == 1 else "s")


def times(number: int) -> str:
    """How often: once, 5 times."""
    return "once" if number == 1 else f"{number:,} times"


def fitted(value: float, form: str) -> str:
    """A number as `form` says; with three digits and a power of ten where it would be too long."""
    return f"{value:{form}}" if abs(value) < 1e8 else f"{value:{'+' * ('+' in form)}.2e}"


class Blackboard:
    """Where a lesson is written: words, numbers, tables and drawings as text, and picture files.

    out: the terminal, or any text stream. fast: do less of everything, for the impatient.
    pictures: the folder for picture files; without it there are only the drawings in text.
    mnist: the folder of MNIST's files, for the lessons that learn digits; weights: finds the
    weights file for the one that reads a page, or raises MissingFile.
    wait: is called before each new section; a terminal waits for Enter there.
    ask: puts a question to whoever sits there and gives the answer; None where nobody does.
    with_code: show the lines of code that a lesson speaks of, and run them.
    watched: photographs as they come into a folder, for the lesson that reads a page.
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
        ask: Callable[[str], str] | None = None,
        with_code: bool = False,
        watched: Iterable[Path] | None = None,
        force: bool = False,
    ) -> None:
        self.fast, self.mnist, self.weights, self.ask = fast, mnist, weights, ask
        self.watched = watched
        self._with_code = with_code
        self._force = force
        self._out, self._name, self._pictures = out, name, pictures
        self._wait, self._sections = wait, 0
        if pictures is not None:
            make_folder(pictures)

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

    def code(self, lines: str) -> None:
        """With --code: lines of Python that need nothing but themselves, and what they print.

        They are written from the first column, between comments, so that they can be copied as
        they stand.
        """
        if not self._with_code:
            return
        lines = textwrap.dedent(lines).strip()
        self.listing(lines)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(lines, "<lesson>", "exec"), {"__name__": "lesson"})
        self.say("It prints:")
        self.show(printed.getvalue().rstrip())

    def listing(self, lines: str) -> None:
        """Lines of Python as they are, to be copied."""
        self._write("# ---- Python ----", *lines.splitlines(), "# ----------------", "")

    def progress(
        self, items: Iterable[_Item], what: str, total: int | None = None
    ) -> Iterator[_Item]:
        """The items one after the other; on a terminal with a bar and the time left.

        Work that is done within two seconds shows no bar. The bar is on stderr, and gone at the
        end.
        """
        if total is None and isinstance(items, Sized):
            total = len(items)
        with self.bar(what, total) as bar:
            for item in items:
                yield item
                bar.update()

    def bar(self, what: str, total: int | None) -> Any:
        """Such a bar by itself, to be moved with `update()`; use it in `with`."""
        from tqdm import tqdm

        return tqdm(desc=what, total=total, leave=False, disable=None, delay=_QUIET, ncols=_WIDTH)

    def picture(self, name: str, drawing: str, paint: Callable[[Any], None] | None = None) -> None:
        """A drawing in text for the terminal and, where a folder was named, a picture file.

        paint: is given an empty matplotlib figure to fill. Where matplotlib is not installed, or
        without `paint`, the drawing itself is saved. Raises CannotWrite.
        """
        self.show(drawing)
        if self._pictures is None:
            return
        painted = None if paint is None else painting(paint)
        path = self._pictures / f"{self._name}-{name}{'.txt' if painted is None else '.png'}"
        inputs = [self.mnist] if self.mnist else []
        with durable(check_output(path, inputs, _is_ours, self._force)) as handle:
            handle.write(f"{_TEXT_MARK}\n{drawing}\n".encode() if painted is None else painted)
        self._write(f"[saved {path}]", "")

    def ending(self, lesson: Lesson, chosen: Mapping[str, Any]) -> None:
        """What to try next, and what can be turned: as it was `chosen` this time."""
        self._write("Try", "---", "")
        for command, question in lesson.TRY:
            self._write(f"{_MARGIN}{command}", f"{_MARGIN}{_MARGIN}{question}")
        self._write("")
        if lesson.SETTINGS:
            self._write("Settings")
            now = [f"{one.name}={chosen[one.name]}" for one in lesson.SETTINGS]
            width = max(map(len, now))
            for one, said in zip(lesson.SETTINGS, now, strict=True):
                usual = "" if chosen[one.name] == one.value else f" (usually {one.value})"
                self._write(f"{_MARGIN}{said:{width}}  {one.meaning}{usual}")

    def _write(self, *lines: str) -> None:
        self._out.write("".join(f"{line}\n" for line in lines))
        self._out.flush()


def painting(paint: Callable[[Any], None]) -> bytes | None:
    """The PNG file that `paint` makes of an empty figure; None where there is no matplotlib."""
    figure = _empty_figure()
    if figure is None:
        return None
    paint(figure)
    png = io.BytesIO()
    figure.savefig(png, format="png", metadata={"Software": _MAKER})
    return png.getvalue()


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
