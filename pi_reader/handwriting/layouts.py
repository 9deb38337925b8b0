"""Where writing stands on a page: rows, columns, tables, boxes, frames, fractions.

Every layout is a function that fills a `Draft`, and one kind of page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

import numpy as np

from pi_reader.handwriting import texts
from pi_reader.handwriting.marks import Mark, around, stroke
from pi_reader.handwriting.stamps import Stamps
from pi_reader.handwriting.writing import Hand, write

_MARGIN = 0.05  # of the page stays free of writing
_LEAST = 12.0  # pixels; a smaller digit is not legible after blur
_LENGTHS = {" ": 0.5, ".": 0.5, ",": 0.5, ":": 0.5, "^": 0.0, "§": 3.0}  # beside a digit's
_WIDE = 0.62  # average width of a character, in heights of a digit


@dataclass
class Draft:
    """A page in the making.

    size: (width, height) in page pixels; line: the next line's number; touching: the chance that
    ink of a character touches the next, if its hand does not bring the two closer.
    """

    rng: np.random.Generator
    size: tuple[int, int]
    difficulty: float
    stamps: Stamps | None
    marks: list[Mark] = field(default_factory=list)
    line: int = 0
    touching: float = 0.0

    def hand(self, tall: float) -> Hand:
        """Somebody who writes digits `tall` pixels high."""
        hand = Hand.random(self.rng, max(tall, _LEAST), self.difficulty, self.stamps)
        return replace(hand, touching=max(hand.touching, self.touching))

    def row(self, hand: Hand, text: str, left: float, base: float) -> list[Mark]:
        """Write a line from (left, base) on, the left end of its baseline; gives its marks."""
        marks = [mark.moved(left, base) for mark in write(self.rng, hand, text, self.line)]
        self.marks += marks
        self.line += bool(marks)
        return marks

    def centred(
        self, hand: Hand, text: str, middle: Sequence[float], line: int, name: str = ""
    ) -> list[Mark]:
        """Write text around a place as a piece of a line that has its number; gives its marks.

        name: what all of them are, if not what they look like.
        """
        marks = write(self.rng, hand, text, line)
        if not marks:
            return marks
        left, top, right, bottom = around(marks)
        shift = middle[0] - (left + right) / 2, middle[1] - (top + bottom) / 2
        marks = [replace(mark.moved(*shift), name=name or mark.name) for mark in marks]
        self.marks += marks
        return marks

    def straight(self, start: Sequence[float], end: Sequence[float], pen: float) -> None:
        """Draw a line by hand: a little bent, a little off."""
        self.marks.append(stroke([by_hand(self.rng, [start, end])], pen))


def by_hand(rng: np.random.Generator, corners: Sequence[Sequence[float]]) -> np.ndarray:
    """Straight lines through corners, (corners, 2), as a hand draws them: (points, 2) pixels."""
    out = [np.asarray(corners[0], float)]
    for start, end in pairwise(corners):
        way = np.asarray(end, float) - start
        share = np.linspace(0, 1, max(3, int(np.hypot(*way) / 40) + 2))[1:, None]
        bow = 4 * share * (1 - share) * rng.normal(0, 0.012) * way[::-1] * [-1, 1]
        out.append(np.asarray(start, float) + share * way + bow + rng.normal(0, 0.4, (1, 2)))
    return np.concatenate([out[0][None], *out[1:]])


def height_of(rng: np.random.Generator, size: tuple[int, int], least: float, most: float) -> float:
    """A height of digits between two shares of the page's, smaller ones as often as larger."""
    return size[1] * float(np.exp(rng.uniform(np.log(least), np.log(most))))


def fitting(draft: Draft, lines: Sequence[str], tall: float, gap: float = 0.0) -> float:
    """The height at which the longest of some lines fits the page's width."""
    longest = max(1.0, *(sum(_LENGTHS.get(c, 1.0) for c in text) for text in lines))
    room = draft.size[0] * (1 - 3 * _MARGIN)
    return max(_LEAST, min(tall, room / (longest * (_WIDE + max(gap, 0.25)))))


def rows_of(
    text: texts.Text, most: int = 5, least: float = 0.055, tallest: float = 0.36
) -> Callable[[Draft], None]:
    """A layout of lines one below the other. least, tallest: heights, as shares of the page's."""

    def layout(draft: Draft) -> None:
        rng = draft.rng
        count = 1 if rng.random() < 0.25 else int(rng.integers(1, most + 1))
        lines = [text(rng) for _ in range(count)]
        room = draft.size[1] * (1 - 2 * _MARGIN) / count
        tall = min(room * 0.6, height_of(rng, draft.size, least, tallest))
        hand = draft.hand(tall)
        hand = hand.sized(fitting(draft, lines, hand.tall, hand.gap))
        pitch = min(room, hand.tall * rng.uniform(1.5, 4.0)) if rng.random() < 0.5 else room
        top = draft.size[1] * _MARGIN + rng.uniform(0, 1) * (room - pitch) * count
        left = draft.size[0] * rng.uniform(_MARGIN, 0.3)
        for row, line in enumerate(lines):
            base = top + pitch * row + pitch * rng.uniform(0.8, 0.92)
            put_row(draft, hand, line, left + rng.normal(0, 0.2) * hand.tall, base)

    return layout


def put_row(draft: Draft, hand: Hand, text: str, left: float, base: float) -> list[Mark]:
    """Write a line, moved to the left if it would leave the page."""
    marks = draft.row(hand, text, left, base)
    if not marks:
        return marks
    over = around(marks)[2] - draft.size[0] * (1 - _MARGIN)
    shift = min(max(over, 0.0), left - draft.size[0] * 0.02)
    if shift > 0:
        moved = [mark.moved(-shift, 0) for mark in marks]
        draft.marks[-len(marks) :] = moved
        return moved
    return marks


def column(draft: Draft) -> None:
    """Numbers one below the other, flush right, often with a rule and a result below."""
    rng = draft.rng
    count = int(rng.integers(2, 7))
    added = rng.random() < 0.6
    lines = [texts.number(rng, 5) if rng.random() < 0.8 else texts.price(rng) for _ in range(count)]
    if added:
        lines[-2] = "+-×"[rng.integers(3)] + " " + lines[-2]
    room = draft.size[1] * (1 - 2 * _MARGIN) / count
    hand = draft.hand(min(room * rng.uniform(0.55, 0.75), height_of(rng, draft.size, 0.06, 0.2)))
    hand = hand.sized(fitting(draft, lines, hand.tall, hand.gap))
    hand = replace(hand, gap=min(hand.gap, 0.45))
    pitch = min(room, hand.tall * rng.uniform(1.3, 2.2))
    wide = draft.size[0] * rng.uniform(0.35, 0.9)
    top = draft.size[1] * _MARGIN + rng.uniform(0, max(room - pitch, 1) * count)
    for row, text in enumerate(lines):
        base = top + pitch * (row + 0.9)
        marks = draft.row(hand, text, 0.0, base)
        shift = max(wide - around(marks)[2], draft.size[0] * 0.03)
        draft.marks[-len(marks) :] = [mark.moved(shift, 0) for mark in marks]
        if added and row == count - 2:
            length = hand.tall * rng.uniform(2, 4)
            low = base + pitch * rng.uniform(0.08, 0.16)
            draft.straight((max(wide - length, 4), low), (wide + 0.2 * hand.tall, low), hand.pen)


def fraction(draft: Draft) -> None:
    """Numbers above and below bars, alone or in a sum."""
    rng = draft.rng
    parts = int(rng.integers(1, 4))
    hand = draft.hand(height_of(rng, draft.size, 0.07, 0.2))
    hand = hand.sized(min(hand.tall, draft.size[0] * 0.8 / (parts * 3.2)))
    base = draft.size[1] * rng.uniform(0.4, 0.65)
    x = draft.size[0] * rng.uniform(_MARGIN, 0.2)
    whole, above, below = draft.line + 1, draft.line, draft.line + 2
    for part in range(parts):
        text = texts.number(rng, 2) if rng.random() < 0.4 else ""
        text = ("" if part == 0 else "+-×="[rng.integers(4)] + " ") + text
        x = _put(draft, hand, text, x, base, whole)
        x = _fraction_at(draft, hand, x, base, (above, below)) + hand.tall * rng.uniform(0.3, 0.9)
    draft.line += 3


def _fraction_at(draft: Draft, hand: Hand, x: float, base: float, lines: tuple[int, int]) -> float:
    """One fraction whose bar starts at x, above the baseline; gives where it ends."""
    rng = draft.rng
    over = texts.number(rng, 3) if rng.random() < 0.8 else f"{texts.number(rng, 1)}+"
    over += texts.number(rng, 1) if over.endswith("+") else ""
    under = texts.number(rng, 3)
    small = hand.sized(hand.tall * rng.uniform(0.7, 1.0))
    bar = base - hand.tall * rng.uniform(0.4, 0.55)
    gap = hand.tall * rng.uniform(0.18, 0.4)
    start = len(draft.marks)
    upper = _put(draft, small, over, x, bar - gap, lines[0])
    middle = len(draft.marks)
    lower = _put(draft, small, under, x, bar + gap + small.tall, lines[1])
    end = max(upper, lower) + hand.tall * rng.uniform(0.0, 0.25)
    for rows, right in ((slice(start, middle), upper), (slice(middle, None), lower)):
        shift = (end - right) / 2
        draft.marks[rows] = [mark.moved(shift, 0) for mark in draft.marks[rows]]
    draft.straight((x - 0.15 * hand.tall, bar), (end + 0.1 * hand.tall, bar), hand.pen)
    return end


def _put(draft: Draft, hand: Hand, text: str, left: float, base: float, line: int) -> float:
    """Write a piece of a line that has its number already; gives where the next piece starts."""
    if not text:
        return left
    marks = [replace(mark, line=line).moved(left, base) for mark in write(draft.rng, hand, text, 0)]
    draft.marks += marks
    return around(marks)[2] + hand.gap * hand.tall


def grid_of(text: Callable[[np.random.Generator], str], draft: Draft) -> None:
    """Single digits or letters in rows far apart, as in somebody's sample of their hand."""
    rng = draft.rng
    count = int(rng.integers(1, 5))
    lines = [text(rng) for _ in range(count)]
    room = draft.size[1] * (1 - 2 * _MARGIN) / count
    across = draft.size[0] * (1 - 2 * _MARGIN) / max(len(line.split()) for line in lines)
    tall = min(room * 0.62, across * 0.62, height_of(rng, draft.size, 0.06, 0.3))
    hand = draft.hand(tall)
    pitch = max(min(across, hand.tall * rng.uniform(1.2, 3.5)), hand.tall * 1.1)
    for row, line in enumerate(lines):
        base = draft.size[1] * _MARGIN + room * (row + rng.uniform(0.78, 0.9))
        for place, mark in enumerate(line.split()):
            left = draft.size[0] * _MARGIN + pitch * (place + 0.2 + rng.normal(0, 0.06))
            _put(draft, hand, mark, left, base + rng.normal(0, 0.05) * hand.tall, draft.line)
        draft.line += 1


def scattered(draft: Draft) -> None:
    """A few digits anywhere, each a line of its own."""
    rng = draft.rng
    hand = draft.hand(height_of(rng, draft.size, 0.07, 0.2))
    cells = [(row, column) for row in range(3) for column in range(4)]
    chosen = sorted(rng.choice(len(cells), int(rng.integers(2, 9)), replace=False).tolist())
    for place in chosen:
        row, column = cells[place]
        left = draft.size[0] * (column + rng.uniform(0.1, 0.6)) / 4
        base = draft.size[1] * (row + rng.uniform(0.65, 0.95)) / 3
        draft.row(hand, str(rng.integers(10)), left, base)


def columns(draft: Draft) -> None:
    """Two or three columns of figures far apart, each read from top to bottom before the next; row
    by row where one of them is mostly single digits, which may number the rows."""
    rng = draft.rng
    count, rows = int(rng.integers(2, 4)), int(rng.integers(2, 6))
    lines = [[texts.number(rng, 4) for _ in range(rows)] for _ in range(count)]
    pitch = draft.size[1] * (1 - 2 * _MARGIN) / rows
    tall = min(pitch * 0.6, height_of(rng, draft.size, 0.05, 0.14))
    hand = draft.hand(
        min(tall, draft.size[0] * 0.9 / (count * (4 * _WIDE + 0.4) + (count - 1) * 2.8))
    )
    hand = replace(hand, climb=hand.climb * 0.3)
    left = draft.size[0] * rng.uniform(0.02, 0.06)
    first, written = draft.line, len(draft.marks)
    for column_of in lines:
        right = left
        for row, text in enumerate(column_of):
            marks = draft.row(hand, text, left, draft.size[1] * _MARGIN + pitch * (row + 0.85))
            right = max(right, around(marks)[2])
        left = right + hand.tall * rng.uniform(2.8, 4.0)
    if any(2 * sum(len(text) > 1 for text in column_of) < rows for column_of in lines):
        for place, mark in enumerate(draft.marks[written:], written):
            column, row = divmod(mark.line - first, rows)
            draft.marks[place] = replace(mark, line=first + row * count + column)


def one_large(draft: Draft) -> None:
    """One digit or two that fill the page."""
    rng = draft.rng
    text = str(rng.integers(10)) if rng.random() < 0.7 else texts.number(rng, 2)
    tall = draft.size[1] * rng.uniform(0.4, 0.85)
    tall = min(tall, draft.size[0] * 0.8 / len(text))
    hand = draft.hand(tall)
    hand = replace(hand, pen=float(hand.pen * rng.uniform(0.35, 1.3)))
    base = draft.size[1] / 2 + tall / 2 + draft.size[1] * rng.normal(0, 0.03)
    marks = draft.row(hand, text, 0.0, base)
    left, _, right, _ = around(marks)
    free = draft.size[0] - (right - left)
    shift = rng.uniform(0.3, 0.7) * free - left
    draft.marks[-len(marks) :] = [mark.moved(shift, 0) for mark in marks]


def lone(draft: Draft) -> None:
    """A digit by itself, or a few, of any height."""
    rng = draft.rng
    text = texts.lone(rng)
    tall = height_of(rng, draft.size, 0.06, 0.7)
    hand = draft.hand(fitting(draft, [text], tall, 0.4))
    base = hand.tall * 1.1 + rng.uniform(0, 1) * max(draft.size[1] - 1.3 * hand.tall, 1)
    put_row(draft, hand, text, draft.size[0] * rng.uniform(_MARGIN, 0.75), base)


_SIGN_ROWS = rows_of(texts.only_signs)


def signs(draft: Draft) -> None:
    """Rows of signs without a digit, or one or two large ones."""
    rng = draft.rng
    if rng.random() < 0.7:
        _SIGN_ROWS(draft)
        return
    text = "  ".join("+-×÷/=()%"[rng.integers(9)] for _ in range(int(rng.integers(1, 3))))
    hand = draft.hand(fitting(draft, [text], height_of(rng, draft.size, 0.15, 0.7), 0.5))
    base = hand.tall * 1.2 + rng.uniform(0, 1) * max(draft.size[1] - 1.7 * hand.tall, 1)
    put_row(draft, hand, text, draft.size[0] * rng.uniform(0.1, 0.5), base)


def empty(draft: Draft) -> None:
    """Nothing: the paper alone."""


_SIMPLE: tuple[Callable[[Draft], None], ...] = (
    rows_of(texts.numbers),
    rows_of(texts.numbers),
    rows_of(texts.sum_),
    rows_of(texts.label, most=4),
    rows_of(texts.price),
    rows_of(texts.only_signs),
    lone,
    partial(grid_of, texts.spread),
    column,
)


_DENSE = _SIMPLE[:5] + (column,)


def simple(draft: Draft) -> None:
    """Any of the common layouts, where the kind of page is in what it stands on."""
    _SIMPLE[draft.rng.integers(len(_SIMPLE))](draft)


def touching(draft: Draft) -> None:
    """Numbers and a few other lines by somebody whose digits often touch."""
    draft.touching = draft.rng.uniform(0.2, 0.7)
    _DENSE[draft.rng.integers(len(_DENSE))](draft)
