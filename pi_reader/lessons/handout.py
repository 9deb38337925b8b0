"""A sheet to print for each lesson, and the teacher's solutions: HTML that needs no other file.

Each sheet fits on a page of A4 (or Letter): what the lesson is about, its picture, what to try and
what to ask oneself, with room to write.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pi_reader.files import durable, make_folder
from pi_reader.lessons import course
from pi_reader.lessons.base import Blackboard, painting
from pi_reader.lessons.sheets import SHEETS

PICTURES = {
    "faces": "find",
    "miles": "errors",
    "bugs": "garden",
    "gates": "xor",
    "nodes": "network",
    "blame": "network",
    "descent": "valleys",
    "digits": "some",
    "curves": "rate",
    "rotations": "turned",
    "minds": "minds",
    "own": "boxes",
    "features": "zones",
    "zero": "minutes",
}

NAME = '<p class="name">Name: ______________________</p>'
_STYLE = """
@page { size: A4; margin: 14mm 16mm }
body { font: 10.5pt/1.35 sans-serif; color: black; max-width: 178mm; margin: 0 auto }
h1 { font-size: 16pt; margin: 0 0 2mm } h2 { font-size: 11.5pt; margin: 4mm 0 1mm }
p { margin: 0 0 2mm } code { font: 9pt monospace; background: #eee; padding: 0 1mm }
img { display: block; max-width: 100%; max-height: 76mm; margin: 2mm auto }
pre { font: 6.5pt/1.1 monospace; margin: 2mm 0 } ol { margin: 0; padding-left: 6mm }
li { margin: 0 0 1.5mm; break-inside: avoid }
.room { border-bottom: 0.3mm solid #999; height: 8mm } .name { float: right; color: #555 }
.answer { margin: 0.5mm 0 0; font-style: italic }
"""


class _Sketch(Blackboard):
    """A blackboard that nobody sees: of a lesson given on it one picture is kept."""

    def __init__(self, wanted: str, **others: Any) -> None:
        super().__init__(io.StringIO(), fast=True, **others)
        self._wanted, self.kept = wanted, ""

    def picture(self, name: str, drawing: str, paint: Callable[[Any], None] | None = None) -> None:
        """Keep the picture that is wanted, as HTML."""
        if name != self._wanted:
            return
        png = painting(paint) if paint else None
        if png is None:
            self.kept = f"<pre>{html.escape(drawing)}</pre>"
        else:
            self.kept = f'<img alt="" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def write(folder: Path, names: Sequence[str], board: Blackboard, seed: int) -> list[Path]:
    """Write a sheet for each of these lessons, and their solutions; gives the files' paths.

    board: says with which digits and weights the lessons are given, and shows how far it is.
    Raises CannotWrite, and what the lessons raise.
    """
    make_folder(folder)
    written = []
    for name in board.progress(names, "sheets"):
        sketch = _Sketch(PICTURES[name], mnist=board.mnist, weights=board.weights)
        course.give(name, sketch, np.random.default_rng(seed))
        number = list(course.LESSONS).index(name) + 1
        written.append(folder / f"{number:02}-{name}.html")
        _save(written[-1], _page(f"{number}. {name}", _sheet(name, sketch.kept), NAME))
    written.append(folder / "solutions.html")
    parts = (part for name in names for part in _solutions(name))
    _save(written[-1], _page("Solutions for the teacher", parts))
    return written


def _sheet(name: str, picture: str) -> Iterable[str]:
    """The parts of one sheet, as HTML."""
    room = '<div class="room"></div>'
    lesson = course.find(name)
    _, _, about = (lesson.__doc__ or "").partition("\n\n")
    yield f"<p><b>{_text(_begun(course.LESSONS[name]))}</b></p>"
    yield f"<p>{_text(' '.join(about.split()))}</p>"
    yield picture
    yield f"<h2>Ask yourself</h2><p>The lesson tells: <code>pi-reader lesson {name}</code></p><ol>"
    for question, _ in SHEETS[name].questions:
        yield f"<li>{_text(question)}{room}</li>"
    yield "</ol><h2>Try, and write down what you observe</h2><ol>"
    for command, question in lesson.TRY:
        yield f"<li><code>{_text(command)}</code><br>{_text(_begun(question))}{room}</li>"
    yield "</ol>"


def _solutions(name: str) -> Iterable[str]:
    """The answers to one sheet, as HTML."""
    sheet, lesson = SHEETS[name], course.find(name)
    yield f"<h2>{name}</h2><ol>"
    for question, answer in sheet.questions:
        yield f'<li>{_text(question)}<p class="answer">{_text(answer)}</p></li>'
    yield "</ol><ol>"
    for (command, question), found in zip(lesson.TRY, sheet.found, strict=True):
        yield f"<li><code>{_text(command)}</code><br>{_text(_begun(question))}"
        yield f'<p class="answer">{_text(found)}</p></li>'
    yield "</ol>"


def _page(title: str, parts: Iterable[str], above: str = "") -> str:
    """A whole page; `above` stands before its title."""
    return "\n".join(
        (
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            f"<title>{_text(title)}</title><style>{_STYLE}</style>",
            above,
            f"<h1>{_text(title)}</h1>",
            *parts,
            "</html>\n",
        )
    )


def _begun(words: str) -> str:
    """With a capital letter at the beginning, as a sentence of its own."""
    return words[:1].upper() + words[1:]


def _text(words: str) -> str:
    """Words as HTML; what stands between backquotes is code there."""
    parts = html.escape(words).split("`")
    return "".join(
        f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)
    )


def _save(path: Path, text: str) -> None:
    with durable(path) as handle:
        handle.write(text.encode())
