"""Pages as people really fill them, with the truth about every mark: digits, signs, letters, rest.

`page` draws lines of digits for reading tests. Scenes are wider: sums, equations, dates, prices,
words, tables, boxes, forms, pages without any digit, and real digits stamped among the drawn ones.
They teach a network what stands around a digit. Kinds have names, so that some can be withheld.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pi_reader.handwriting import layouts, texts
from pi_reader.handwriting.inking import lay, seen
from pi_reader.handwriting.layouts import Draft, rows_of
from pi_reader.handwriting.paper import View, light, photograph, sheet, stain
from pi_reader.handwriting.signs import SIGNS
from pi_reader.handwriting.stamps import Stamps
from pi_reader.handwriting.writing import Mark
from pi_reader.values import Box, Frame

__all__ = ["KINDS", "SIGNS", "Glyph", "Scene", "Stamps", "draw_scene"]

_SIZES = ((640, 480), (800, 600), (400, 300), (480, 640))  # width and height in pixels
_SIZE_SHARES = (0.6, 0.12, 0.1, 0.18)
_STAMPED = 0.43  # of the pages use stamps where some are given
_TOLD = frozenset("0123456789" + SIGNS)  # what belongs to the text of a line
_TRIES = 8  # drafts before a page is accepted that lost more of its marks than this at its edges
_KEPT = 0.85


@dataclass(frozen=True)
class Glyph:
    """One mark of a scene.

    name: a digit "0" to "9", one of SIGNS, "letter" or "other"; box: around its visible ink, all
    parts together, in pixels of the frame; line: row of the page in reading order, -1 outside any.
    """

    name: str
    box: Box
    line: int


@dataclass(frozen=True)
class Scene:
    """A drawn page: what the camera sees, every mark on it, and which kind of page it is."""

    frame: Frame
    glyphs: tuple[Glyph, ...]
    kind: str

    @property
    def lines(self) -> tuple[str, ...]:
        """The digits and signs of each line, in reading order; lines without any are left out."""
        told = [glyph for glyph in self.glyphs if glyph.line >= 0 and glyph.name in _TOLD]
        rows = sorted({glyph.line for glyph in told})
        return tuple("".join(g.name for g in told if g.line == row) for row in rows)


_LAYOUTS: dict[str, tuple[float, Callable[[Draft], None]]] = {
    "number": (10, rows_of(texts.numbers)),
    "lone": (6, layouts.lone),
    "spread": (6, layouts.grid_of_digits),
    "scattered": (1.5, layouts.scattered),
    "large": (2, layouts.one_large),
    "column": (4, layouts.column),
    "sum": (14, rows_of(texts.sum_)),
    "brackets": (4, rows_of(texts.brackets, most=4)),
    "equation": (7, rows_of(texts.equation)),
    "exponent": (4, rows_of(texts.exponent)),
    "fraction": (3, layouts.fraction),
    "price": (3, rows_of(texts.price)),
    "date": (3, rows_of(texts.date)),
    "time": (2, rows_of(texts.time)),
    "measure": (3, rows_of(texts.measure)),
    "phone": (1.5, rows_of(texts.phone)),
    "list": (3, rows_of(texts.item, most=6)),
    "label": (5, rows_of(texts.label)),
    "words": (5, rows_of(texts.words, most=6, tallest=0.16)),
    "prose": (3, rows_of(texts.prose, most=7, tallest=0.16)),
    "signs": (3, rows_of(texts.only_signs)),
}
_TOTAL = sum(share for share, _ in _LAYOUTS.values())
KINDS: dict[str, float] = {kind: share / _TOTAL for kind, (share, _) in _LAYOUTS.items()}
"""Every kind of page and its usual share; the shares add up to 1."""


def draw_scene(
    rng: np.random.Generator, kind: str | None = None, stamps: Stamps | None = None
) -> Scene:
    """Draw a page of one kind, or of any by its share; the same seed gives the same page.

    stamps: real digits, which some 43 % of the pages then show instead of drawn ones. ValueError
    if there is no such kind.
    """
    if kind is None:
        kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    elif kind not in KINDS:
        raise ValueError(f"kind: is {kind}, must be one of {', '.join(KINDS)}")
    size = _SIZES[rng.choice(len(_SIZES), p=_SIZE_SHARES)]
    difficulty = float(rng.uniform(0, 0.9))
    stamped = stamps if stamps is not None and rng.random() < _STAMPED else None
    view = View.random(rng, size, difficulty)
    marks = _written(rng, kind, size, difficulty, stamped, view)
    cover = np.zeros((size[1], size[0]), np.float32)
    boxes = lay(cover, marks)
    glyphs = tuple(
        Glyph(mark.name, box, mark.line)
        for mark, box in zip(marks, boxes, strict=True)
        if box is not None
    )
    paper = sheet(rng, size, view, difficulty)
    scene = stain(paper, cover, rng, difficulty) * light(rng, size, difficulty)
    return Scene(Frame(photograph(scene, rng, difficulty), f"drawn {kind}"), glyphs, kind)


def _written(
    rng: np.random.Generator,
    kind: str,
    size: tuple[int, int],
    difficulty: float,
    stamps: Stamps | None,
    view: View,
) -> list[Mark]:
    """Write a page of a kind until most of it is seen; gives its marks in frame pixels."""
    best: list[Mark] = []
    for _ in range(_TRIES):
        draft = Draft(rng, size, difficulty, stamps)
        _LAYOUTS[kind][1](draft)
        marks = seen(draft.marks, view, size)
        if len(marks) > len(best):
            best = marks
        if marks and len(marks) >= _KEPT * len(draft.marks):
            return marks
    return best
