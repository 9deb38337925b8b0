"""Pages as people really fill them, with the truth about every mark: digits, signs, letters, rest.

`page` draws lines of digits for reading tests. Scenes are wider: sums, equations, dates, prices,
words, tables, boxes, forms, pages without any digit, and real digits stamped among the drawn ones.
They teach a network what stands around a digit. Kinds have names, so that some can be withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from pi_reader.handwriting import bold, forms, layouts, outlined, texts
from pi_reader.handwriting.asides import add_aside
from pi_reader.handwriting.inking import lay, seen
from pi_reader.handwriting.intruders import intruded
from pi_reader.handwriting.layouts import Draft, rows_of
from pi_reader.handwriting.marks import Mark
from pi_reader.handwriting.paper import View, light, photograph, sheet, stain
from pi_reader.handwriting.scenery import scenery
from pi_reader.handwriting.signs import SIGNS
from pi_reader.handwriting.stamps import Stamps
from pi_reader.handwriting.surroundings import (
    board,
    glared,
    look_at,
    look_at_note,
    moved,
    on_desk,
    pale,
    scan,
    worn,
)
from pi_reader.handwriting.values import value_page
from pi_reader.values import Box, Frame

__all__ = ["KINDS", "SIGNS", "Glyph", "Scene", "Stamps", "draw_scene"]

_SIZES = ((640, 480), (800, 600), (400, 300), (480, 640))  # width and height in pixels
_SIZE_SHARES = (0.6, 0.12, 0.1, 0.18)
_STAMPED = 0.43  # of the pages use stamps where some are given
_TOLD = frozenset("0123456789" + SIGNS)  # what belongs to the text of a line
_TRIES = 8  # drafts before a page is accepted that lost more of its marks than this at its edges
_KEPT = 0.85
_ENDS_LINE = 2.5  # heights of a character: a wider gap ends a line


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


@dataclass(frozen=True)
class _Kind:
    """A kind of page: how common beside the others, how it is filled, and what it stands on."""

    share: float
    layout: Callable[[Draft], None] | None
    ground: str = "paper"


_KINDS: dict[str, _Kind] = {
    "number": _Kind(10, rows_of(texts.numbers)),
    "touching": _Kind(7, layouts.touching),
    "lone": _Kind(6, layouts.lone),
    "spread": _Kind(6, partial(layouts.grid_of, texts.spread)),
    "alphabet": _Kind(6, partial(layouts.grid_of, texts.alphabet)),
    "scattered": _Kind(1.5, layouts.scattered),
    "large": _Kind(2, layouts.one_large),
    "column": _Kind(4, layouts.column),
    "columns": _Kind(2, layouts.columns),
    "sum": _Kind(14, rows_of(texts.sum_)),
    "brackets": _Kind(4, rows_of(texts.brackets, most=4)),
    "equation": _Kind(7, rows_of(texts.equation)),
    "exponent": _Kind(4, rows_of(texts.exponent)),
    "fraction": _Kind(3, layouts.fraction),
    "price": _Kind(3, rows_of(texts.price)),
    "date": _Kind(3, rows_of(texts.date)),
    "time": _Kind(2, rows_of(texts.time)),
    "measure": _Kind(3, rows_of(texts.measure)),
    "phone": _Kind(1.5, rows_of(texts.phone)),
    "code": _Kind(4, rows_of(texts.code)),
    "list": _Kind(3, rows_of(texts.item, most=6)),
    "values": _Kind(14, value_page),
    "label": _Kind(5, rows_of(texts.label)),
    "words": _Kind(5, rows_of(texts.words, most=6, tallest=0.16)),
    "prose": _Kind(4, rows_of(texts.prose, most=7, tallest=0.16)),
    "signs": _Kind(3.5, layouts.signs),
    "table": _Kind(4, outlined.table),
    "boxes": _Kind(3.5, outlined.boxes),
    "frame": _Kind(2.5, outlined.frame),
    "ring": _Kind(2.5, outlined.ring),
    "underlined": _Kind(2, outlined.underlined),
    "struck": _Kind(1.5, outlined.struck),
    "form": _Kind(5, forms.form),
    "printed": _Kind(3, forms.printed),
    "puzzle": _Kind(2, forms.puzzle),
    "display": _Kind(1, forms.display),
    "cursive": _Kind(3, rows_of(texts.cursive, most=6, tallest=0.18)),
    "bold": _Kind(2, bold.bold),
    "dark_desk": _Kind(3.5, layouts.simple, "desk"),
    "blackboard": _Kind(2, layouts.simple, "blackboard"),
    "whiteboard": _Kind(2, layouts.simple, "whiteboard"),
    "scan": _Kind(3, layouts.simple, "scan"),
    "empty": _Kind(1.5, layouts.empty),
    "scene": _Kind(3.5, None),
}
_TOTAL = sum(kind.share for kind in _KINDS.values())
KINDS: dict[str, float] = {name: kind.share / _TOTAL for name, kind in _KINDS.items()}
"""Every kind of page and its usual share; the shares add up to 1."""


def draw_scene(
    rng: np.random.Generator,
    kind: str | None = None,
    stamps: Stamps | None = None,
    withheld: Collection[str] = (),
) -> Scene:
    """Draw a page of one kind, or of any by its share; the same seed gives the same page.

    stamps: real digits, which some 43 % of the pages then show instead of drawn ones. withheld:
    kinds that are not drawn by their share. ValueError if there is no such kind.
    """
    asked = kind
    while kind is None or (asked is None and kind in withheld):
        kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    if kind not in KINDS:
        raise ValueError(f"kind: is {kind}, must be one of {', '.join(KINDS)}")
    size = _SIZES[rng.choice(len(_SIZES), p=_SIZE_SHARES)]
    difficulty = float(rng.uniform(0, 0.9))
    if _KINDS[kind].layout is None:
        picture = scenery(rng, size) * light(rng, size, difficulty)
        return Scene(Frame(photograph(picture, rng, difficulty), f"drawn {kind}"), (), kind)
    stamped = stamps if stamps is not None and rng.random() < _STAMPED else None
    ground = _KINDS[kind].ground
    view, page = _look(rng, size, difficulty, ground)
    marks = _written(rng, kind, page, difficulty, stamped, view, size)
    cover = np.zeros((size[1], size[0]), np.float32)
    boxes = lay(cover, marks)
    glyphs = _glyphs(marks, boxes)
    grey = _seen(rng, cover, view, page, glyphs, difficulty, ground)
    return Scene(Frame(grey, f"drawn {kind}"), glyphs, kind)


def _look(
    rng: np.random.Generator, size: tuple[int, int], difficulty: float, ground: str
) -> tuple[View, tuple[int, int]]:
    """How the camera looks at the page, and how large the page is in its own pixels."""
    if ground == "desk":
        return look_at_note(rng, size)
    return look_at(rng, size, difficulty), size


def _seen(
    rng: np.random.Generator,
    cover: np.ndarray,
    view: View,
    page: tuple[int, int],
    glyphs: Sequence[Glyph],
    difficulty: float,
    ground: str,
) -> np.ndarray:
    """The picture of a page whose ink is known: (height, width) uint8."""
    size = (cover.shape[1], cover.shape[0])
    boxes = [glyph.box for glyph in glyphs]
    cover = pale(rng, cover)
    if ground == "scan":
        return scan(rng, cover)
    if ground in ("blackboard", "whiteboard"):
        scene = board(rng, cover, ground == "whiteboard")
    else:
        paper = worn(rng, sheet(rng, size, view, difficulty), cover, boxes)
        scene = stain(paper, cover, rng, difficulty)
    if ground == "desk":
        scene = on_desk(rng, scene, view, page)
    scene = intruded(rng, scene, boxes)
    scene = moved(rng, glared(rng, scene) * light(rng, size, difficulty), boxes)
    return photograph(scene, rng, difficulty)


def _glyphs(marks: Sequence[Mark], boxes: Sequence[Box | None]) -> tuple[Glyph, ...]:
    """What the page shows of its marks; those that are one to the eye as one."""
    out: list[Glyph] = []
    at: dict[int, int] = {}
    for mark, box in zip(marks, boxes, strict=True):
        if box is None:
            continue
        if mark.joined in at:
            place = at[mark.joined]
            out[place] = replace(out[place], box=_hull(out[place].box, box))
            continue
        if mark.joined >= 0:
            at[mark.joined] = len(out)
        out.append(Glyph(mark.name, box, mark.line))
    return _parted(out)


def _parted(glyphs: Sequence[Glyph]) -> tuple[Glyph, ...]:
    """The same glyphs, but lines end at wide gaps and are numbered from 0 in reading order."""
    tall = {
        line: float(np.median([glyph.box.height for glyph in glyphs if glyph.line == line]))
        for line in {glyph.line for glyph in glyphs}
    }
    places: list[tuple[int, int]] = []  # of each glyph: its line, and which part of it
    reach: dict[int, tuple[int, int]] = {}  # of each line: its last part, and where that ends
    for glyph in glyphs:
        part, end = reach.get(glyph.line, (0, glyph.box.x))
        part += glyph.box.x - end > _ENDS_LINE * tall[glyph.line]
        reach[glyph.line] = part, max(end, glyph.box.right)
        places.append((glyph.line, part))
    order = {place: row for row, place in enumerate(sorted(set(places) - _outside(places)))}
    return tuple(
        replace(glyph, line=order.get(place, -1))
        for glyph, place in zip(glyphs, places, strict=True)
    )


def _outside(places: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """The places that belong to no line."""
    return {place for place in places if place[0] < 0}


def _hull(one: Box, other: Box) -> Box:
    """The box around two."""
    x, y = min(one.x, other.x), min(one.y, other.y)
    right, bottom = max(one.right, other.right), max(one.bottom, other.bottom)
    return Box(x, y, right - x, bottom - y)


def _written(
    rng: np.random.Generator,
    kind: str,
    page: tuple[int, int],
    difficulty: float,
    stamps: Stamps | None,
    view: View,
    size: tuple[int, int],
) -> list[Mark]:
    """Fill a page until most of it is seen; gives its marks in frame pixels."""
    layout = _KINDS[kind].layout or layouts.empty
    best: list[Mark] = []
    most = -1.0
    for _ in range(_TRIES):
        draft = Draft(rng, page, difficulty, stamps)
        layout(draft)
        add_aside(draft)
        marks = seen(draft.marks, view, page, size)
        written, whole = (sum(mark.line >= 0 for mark in those) for those in (draft.marks, marks))
        kept = whole / max(written, 1)
        if kept > most:
            best, most = marks, kept
        if kept >= _KEPT or layout is layouts.empty:
            break
    return best
