"""Pages of values: prices, temperatures, dates, times, meters, columns with headings, sums.

Unlike scenes, these pages know what each value is: the number or text that somebody meant, and
where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from pi_reader.handwriting.inking import lay, seen
from pi_reader.handwriting.layouts import Draft, fitting, height_of
from pi_reader.handwriting.marks import Mark, around
from pi_reader.handwriting.paper import View, light, photograph, sheet, stain
from pi_reader.handwriting.stamps import Stamps
from pi_reader.handwriting.writing import Hand
from pi_reader.values import Box, Frame

_TOP = 0.06  # of the page's height stays free above the first line
_TRIES = 20  # drafts before a page is given up that loses marks at its edges
_GAP, _SPACE = 0.4, 0.7  # heights: most between the digits, least between the words, of a value


@dataclass(frozen=True)
class Entry:
    """One value of a page.

    kind: "number", "time", "date", "fraction" or "sum"; text: as it is written, without a unit;
    number: its value, for numbers; box: around its ink, in pixels of the frame.
    """

    kind: str
    text: str
    number: Decimal | None
    box: Box


@dataclass(frozen=True)
class ValuePage:
    """A drawn page of values: what the camera sees, and the truth, in the order of writing."""

    frame: Frame
    kind: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class _Piece:
    """A part of a line: words, where `kind` is "", or a value of this kind."""

    text: str
    kind: str = ""


@dataclass
class _Form:
    """A page in the making, and which of its marks are values."""

    draft: Draft
    hand: Hand
    values: list[tuple[int, int, _Piece]]  # first and last mark of each, and what it is

    def row(self, left: float, base: float, *pieces: _Piece, flush: bool = False) -> None:
        """Write a line from `left` on, or up to it where it is flush right."""
        text, spans = "", []
        for piece in pieces:
            start = len(text.replace(" ", ""))
            text += piece.text
            spans.append((start, len(text.replace(" ", "")), piece))
        first = len(self.draft.marks)
        marks = self.draft.row(self.hand, text, left, base)
        if flush and marks:
            shift = left - around(marks)[2]
            self.draft.marks[first:] = [mark.moved(shift, 0) for mark in marks]
        self.values += [(first + a, first + b, piece) for a, b, piece in spans if piece.kind]


def draw_values(
    rng: np.random.Generator,
    kind: str | None = None,
    stamps: Stamps | None = None,
    difficulty: float | None = None,
    size: tuple[int, int] = (640, 480),
) -> ValuePage:
    """Draw a page of values; the same seed gives the same page.

    kind: one of KINDS, any by default. stamps: real digits, which half of the pages then show.
    difficulty: from 0, a fair copy in good light, to 1; by default anything up to 0.5. size:
    (width, height) in pixels. ValueError if there is no such kind.
    """
    if kind is None:
        kind = str(rng.choice(list(KINDS)))
    elif kind not in KINDS:
        raise ValueError(f"kind: is {kind}, must be one of {', '.join(KINDS)}")
    if difficulty is None:
        difficulty = float(rng.uniform(0, 0.5))
    stamps = stamps if stamps is not None and rng.random() < 0.5 else None
    view = View.random(rng, size, difficulty)
    form, marks = _filled(rng, kind, size, difficulty, stamps, view)
    cover = np.zeros((size[1], size[0]), np.float32)
    boxes = lay(cover, marks)
    paper = sheet(rng, size, view, difficulty)
    scene = stain(paper, cover, rng, difficulty) * light(rng, size, difficulty)
    entries = tuple(
        Entry(piece.kind, piece.text, _number(piece), _hull([box for box in boxes[a:b] if box]))
        for a, b, piece in form.values
    )
    return ValuePage(Frame(photograph(scene, rng, difficulty), f"drawn {kind}"), kind, entries)


def _filled(
    rng: np.random.Generator,
    kind: str,
    size: tuple[int, int],
    difficulty: float,
    stamps: Stamps | None,
    view: View,
) -> tuple[_Form, list[Mark]]:
    """A page all of whose marks are seen, and these in frame pixels."""
    for _ in range(_TRIES):
        draft = Draft(rng, size, difficulty, stamps)
        form = _Form(draft, _legible(draft, height_of(rng, size, 0.065, 0.13)), [])
        KINDS[kind](form)
        marks = seen(draft.marks, view, size, size)
        if len(marks) == len(draft.marks):
            return form, marks
    form = _Form(Draft(rng, size, difficulty, stamps), form.hand, [])  # a page that stayed empty
    return form, []


def value_page(draft: Draft) -> None:
    """Any of these pages but those that are withheld, as a layout for scenes."""
    form = _Form(draft, _legible(draft, height_of(draft.rng, draft.size, 0.065, 0.13)), [])
    kinds = [kind for kind in KINDS if kind not in WITHHELD]
    KINDS[kinds[draft.rng.integers(len(kinds))]](form)


def _legible(draft: Draft, tall: float) -> Hand:
    """Somebody who keeps the digits of a number together and its neighbours apart."""
    hand = draft.hand(tall)
    gap, space = min(hand.gap, _GAP), max(hand.space, _SPACE)
    return replace(hand, gap=gap, space=space, touching=0.0, climb=hand.climb * 0.4)


def _number(piece: _Piece) -> Decimal | None:
    if piece.kind != "number":
        return None
    plain = piece.text.replace("+", "")
    if "," in plain and "." in plain:
        plain = plain.replace("." if plain.rindex(",") > plain.rindex(".") else ",", "")
    return Decimal(plain.replace(",", "."))


def _hull(boxes: Sequence[Box]) -> Box:
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
    return Box(left, top, right - left, bottom - top)


def _rows(form: _Form, most: int) -> list[float]:
    """The baselines of some lines, one below the other; the hand writes as large as they allow."""
    rng, size = form.draft.rng, form.draft.size
    count = int(rng.integers(2, most + 1))
    pitch = min(size[1] * (1 - 2 * _TOP) / count, form.hand.tall * rng.uniform(1.7, 3.0))
    form.hand = form.hand.sized(min(form.hand.tall, pitch / 1.6))
    spare = max(0.0, 1 - 2 * _TOP - count * pitch / size[1])
    top = (_TOP + rng.uniform(0, 1) * spare) * size[1]
    return [top + pitch * (row + 0.85) for row in range(count)]


def _left(form: _Form, longest: str) -> float:
    """Where lines begin that are as long as this; the hand writes as large as they allow."""
    rng, width = form.draft.rng, form.draft.size[0]
    tall = fitting(form.draft, [longest], form.hand.tall, form.hand.gap + 0.12)
    form.hand = form.hand.sized(tall)
    return float(width * rng.uniform(0.04, 0.12))


def _word(rng: np.random.Generator, most: int = 6) -> str:
    return "@" * int(rng.integers(3, most + 1))


def decimal(
    rng: np.random.Generator, mark: str, digits: int = 3, decimals: int = 2, minus: float = 0.0
) -> str:
    """A number with so many decimals and up to so many digits before them."""
    whole = str(rng.integers(0, 10 ** int(rng.integers(1, digits + 1))))
    part = "".join(str(digit) for digit in rng.integers(0, 10, decimals))
    sign = "-" if rng.random() < minus else ""
    return f"{sign}{whole}" + (f"{mark}{part}" if decimals else "")


def _mark(rng: np.random.Generator) -> str:
    return ".,"[rng.integers(2)]


def prices(form: _Form) -> None:
    """Amounts of money one below the other, flush right, some with their currency."""
    rng, mark = form.draft.rng, _mark(form.draft.rng)
    bases = _rows(form, 6)
    right = form.draft.size[0] * rng.uniform(0.4, 0.9)
    tail = " €" if rng.random() < 0.2 else ""
    for base in bases:
        price = _Piece(decimal(rng, mark, 4), "number")
        form.row(right, base, price, _Piece(tail), flush=True)


def temperatures(form: _Form) -> None:
    """Temperatures with a decimal, above and below zero, some with °."""
    rng, mark = form.draft.rng, _mark(form.draft.rng)
    bases = _rows(form, 5)
    left = form.draft.size[0] * rng.uniform(0.05, 0.5)
    unit = ("", "°", " °C")[rng.integers(3)]
    for base in bases:
        form.row(left, base, _Piece(decimal(rng, mark, 2, 1, 0.4), "number"), _Piece(unit))


def dates(form: _Form) -> None:
    """Dates, all in the same one of the world's ways."""
    rng = form.draft.rng
    bases = _rows(form, 5)
    way, long = int(rng.integers(4)), rng.random() < 0.6
    left = _left(form, "24.11.2026")
    for base in bases:
        day, month = int(rng.integers(1, 29)), int(rng.integers(1, 13))
        year = int(rng.integers(1950, 2040))
        last = str(year) if long else f"{year % 100:02d}"
        text = (
            f"{day}.{month}.{last}",
            f"{day:02d}.{month:02d}.{last}",
            f"{day:02d}/{month:02d}/{last}",
            f"{year}-{month:02d}-{day:02d}",
        )[way]
        form.row(left, base, _Piece(text, "date"))


def times(form: _Form) -> None:
    """Times of day."""
    rng = form.draft.rng
    left = form.draft.size[0] * rng.uniform(0.05, 0.4)
    seconds = rng.random() < 0.2
    for base in _rows(form, 5):
        text = f"{rng.integers(24)}:{rng.integers(60):02d}"
        text += f":{rng.integers(60):02d}" if seconds else ""
        form.row(left, base, _Piece(text, "time"))


def meters(form: _Form) -> None:
    """Names with their values: a meter, a room."""
    rng, mark = form.draft.rng, _mark(form.draft.rng)
    bases = _rows(form, 5)
    left = _left(form, "@@@@@@: 12345.67")
    joint = (": ", "  ", " = ")[rng.integers(3)]
    for base in bases:
        decimals = int(rng.integers(0, 3))
        value = _Piece(decimal(rng, mark, 5, decimals, 0.1 if joint == ": " else 0.0), "number")
        form.row(left, base, _Piece(_word(rng) + joint), value)


def rows(form: _Form) -> None:
    """Two to four numbers in each line, with blanks between them."""
    rng, mark = form.draft.rng, _mark(form.draft.rng)
    count, decimals = int(rng.integers(2, 5)), int(rng.integers(0, 2))
    bases = _rows(form, 5)
    left = _left(form, "    ".join(["123" + mark * decimals + "4" * decimals] * count))
    for base in bases:
        pieces: list[_Piece] = []
        for _ in range(count):
            number = decimal(rng, mark, 3, decimals)
            pieces += [_Piece(number, "number"), _Piece("   ")]
        form.row(left, base, *pieces[:-1])


def columns(form: _Form) -> None:
    """Two or three columns of numbers below headings."""
    rng, mark = form.draft.rng, _mark(form.draft.rng)
    count = int(rng.integers(2, 4))
    form.hand = form.hand.sized(min(form.hand.tall, form.draft.size[0] / (count * 7)))
    head, *bases = _rows(form, 6)
    across = form.draft.size[0] * 0.94 / count
    decimals = [int(rng.integers(0, 3)) for _ in range(count)]
    for column in range(count):
        right = form.draft.size[0] * 0.02 + across * (column + 1) - 1.2 * form.hand.tall
        form.row(right, head, _Piece(_word(rng, 4)), flush=True)
        for base in bases:
            value = decimal(rng, mark, 3 - decimals[column] // 2, decimals[column])
            form.row(right, base, _Piece(value, "number"), flush=True)


def sums(form: _Form) -> None:
    """Sums with and without their results, and fractions."""
    rng = form.draft.rng
    bases = _rows(form, 4)
    left = _left(form, "123 + 456 = 579")
    for base in bases:
        one, other = int(rng.integers(1, 1000)), int(rng.integers(1, 1000))
        sign = "+-×+"[rng.integers(4)]
        result = {"+": one + other, "-": max(one - other, 0), "×": other}[sign]
        text = f"{one} {sign} {other}" + (f" = {result}" if rng.random() < 0.5 else " =")
        if rng.random() < 0.25:
            form.row(left, base, _Piece(f"{one % 16 + 1}/{other % 64 + 1}", "fraction"))
        else:
            form.row(left, base, _Piece(text, "sum"))


def receipt(form: _Form) -> None:
    """Things with their prices flush right, and the total below."""
    rng, mark = form.draft.rng, _mark(form.draft.rng)
    bases = _rows(form, 6)
    width = form.draft.size[0]
    form.hand = form.hand.sized(min(form.hand.tall, width / 14))
    left, right = width * rng.uniform(0.03, 0.08), width * rng.uniform(0.75, 0.95)
    for base in bases:
        form.row(right, base, _Piece(decimal(rng, mark, 3), "number"), flush=True)
        marks = form.draft.marks
        free = around(marks[form.values[-1][0] :])[0] - form.hand.tall
        first = len(marks)
        form.row(left, base, _Piece(_word(rng, 5)))
        if len(marks) > first and around(marks[first:])[2] > free:
            del marks[first:]  # nobody writes a thing over its price


def log(form: _Form) -> None:
    """A day, a time and a value in each line."""
    rng, mark = form.draft.rng, _mark(form.draft.rng)
    bases = _rows(form, 6)
    left = _left(form, "24.11.  12:45   -12.5   ")
    for base in bases:
        day = f"{rng.integers(1, 29):02d}.{rng.integers(1, 13):02d}."
        time = f"{rng.integers(24):02d}:{rng.integers(60):02d}"
        value = decimal(rng, mark, 2, 1, 0.3)
        blank = _Piece("    ")
        pieces = _Piece(day, "date"), blank, _Piece(time, "time"), blank, _Piece(value, "number")
        form.row(left, base, *pieces)


KINDS: dict[str, Callable[[_Form], None]] = {
    "prices": prices,
    "temperatures": temperatures,
    "dates": dates,
    "times": times,
    "meters": meters,
    "rows": rows,
    "columns": columns,
    "sums": sums,
    "receipt": receipt,
    "log": log,
}
"""Every kind of page. What is learned from these pages leaves out those of WITHHELD."""
WITHHELD = ("receipt", "log")

__all__ = ["KINDS", "WITHHELD", "Entry", "ValuePage", "decimal", "draw_values", "value_page"]
