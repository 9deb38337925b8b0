"""Writing that stands in something drawn: tables, boxes, frames, rings, underlines, struck out.

Outlines are marks named "other" outside any line; nothing in them is cut out or left free, so they
touch and cross the digits as often as they do on paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pi_reader.handwriting import texts
from pi_reader.handwriting.layouts import Draft, by_hand, fitting, height_of, put_row
from pi_reader.handwriting.marks import Mark, around, stroke
from pi_reader.handwriting.signs import OTHER
from pi_reader.handwriting.writing import Hand

Corners = tuple[float, float, float, float]  # left, top, right, bottom in page pixels


def table(draft: Draft) -> None:
    """A table: drawn with the pen of its digits, or printed; some cells stay empty."""
    rng = draft.rng
    rows, columns = int(rng.integers(1, 7)), int(rng.integers(2, 9))
    left, right = draft.size[0] * np.sort(rng.uniform([0.02, 0.55], [0.3, 0.98]))
    high = min((right - left) / columns * rng.uniform(0.5, 1.3), draft.size[1] * 0.92 / rows)
    top = draft.size[1] * 0.04 + rng.uniform(0, 1) * (draft.size[1] * 0.92 - high * rows)
    wide = (right - left) / columns
    most = 1 if wide < 1.3 * high else int(rng.integers(1, 4))
    hand = draft.hand(min(high * rng.uniform(0.4, 0.8), wide / most * 0.95))
    for row in range(rows):
        line = draft.line
        draft.line += 1
        for column in range(columns):
            if rng.random() < 0.12:
                continue
            text = texts.number(rng, most) if rng.random() < 0.95 else "-"
            shake = rng.normal(0, 0.05, 2) * [wide, high]
            middle = np.array([left + wide * (column + 0.5), top + high * (row + 0.5)]) + shake
            draft.centred(hand, text, middle.tolist(), line)
    _grid(draft, (left, top, right, top + high * rows), rows, columns, hand)


def _grid(draft: Draft, inside: Corners, rows: int, columns: int, hand: Hand) -> None:
    """The lines of a table; by hand they run over the corners, or the outer ones are missing."""
    rng = draft.rng
    left, top, right, bottom = inside
    printed = rng.random() < 0.4
    pen = hand.pen * rng.uniform(0.6, 1.2) if not printed else rng.uniform(1.0, 3.0)
    dark = rng.uniform(0.4, 1.0) if printed else rng.uniform(0.8, 1.0)
    over = 0.0 if printed else rng.uniform(0, 0.15) * (bottom - top) / rows
    outer = int(printed or rng.random() < 0.7)
    strokes = []
    for row in range(1 - outer, rows + outer):
        y = top + (bottom - top) * row / rows
        ends = [(left - rng.uniform(0, over), y), (right + rng.uniform(0, over), y)]
        strokes.append(by_hand(rng, ends) if not printed else np.array(ends))
    for column in range(1 - outer, columns + outer):
        x = left + (right - left) * column / columns
        ends = [(x, top - rng.uniform(0, over)), (x, bottom + rng.uniform(0, over))]
        strokes.append(by_hand(rng, ends) if not printed else np.array(ends))
    if strokes:
        draft.marks.append(replace(stroke(strokes, float(max(pen, 1.0)), 24.0), dark=dark))


def boxes(draft: Draft) -> None:
    """One digit in each square of a form: apart, joined, double, dotted or rounded."""
    rng = draft.rng
    kind = str(rng.choice(["apart", "joined", "comb", "double", "dotted", "rounded"]))
    printed = rng.random() < 0.7
    count = int(rng.integers(1, 9))
    side = min(draft.size[0] * 0.85 / count, height_of(rng, draft.size, 0.08, 0.3))
    gap = side * rng.uniform(0.08, 0.4) if kind != "joined" and kind != "comb" else 0.0
    side = min(side, (draft.size[0] * 0.9 - gap * (count - 1)) / count)
    high = side * rng.uniform(1.0, 1.5)
    hand = draft.hand(min(high * rng.uniform(0.5, 0.9), side * rng.uniform(0.7, 1.1)))
    pen = float(rng.uniform(1.0, 3.5) if printed else hand.pen * rng.uniform(0.6, 1.1))
    dark = float(rng.uniform(0.35, 1.0))
    for _ in range(int(rng.integers(1, max(2, int(draft.size[1] * 0.5 / high))))):
        free = draft.size[0] - count * (side + gap)
        left = rng.uniform(0.03, 0.97) * max(free, 1)
        top = (draft.line + 0.2) * high * 1.7 + draft.size[1] * 0.03
        for place in range(count):
            x = left + place * (side + gap)
            for strokes in _box(rng, (x, top, x + side, top + high), kind, printed):
                draft.marks.append(replace(stroke(strokes, pen, 24.0), dark=dark))
            if rng.random() < 0.1:
                continue
            middle = [x + side / 2, top + high / 2] + rng.normal(0, 0.09, 2) * side
            draft.centred(hand, str(rng.integers(10)), middle.tolist(), draft.line)
        draft.line += 1


def _box(
    rng: np.random.Generator, inside: Corners, kind: str, printed: bool
) -> list[list[np.ndarray]]:
    """The strokes of one box, as one or two marks."""
    left, top, right, bottom = inside
    if kind == "comb":
        return [[np.array([(left, top + (bottom - top) * 0.6), (left, bottom), (right, bottom)])]]
    if kind == "rounded":
        return [[rounded(inside, 0.25 * (right - left))]]
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    if kind == "dotted":
        return [_dots(np.array(corners), 6.0)]
    out = [[np.array(corners) if printed else by_hand(rng, corners)]]
    if kind == "double":
        by = 0.09 * (right - left)
        inner = np.array(corners) + np.array([[1, 1], [-1, 1], [-1, -1], [1, -1], [1, 1]]) * by
        out.append([inner if printed else by_hand(rng, inner.tolist())])
    return out


def _dots(corners: np.ndarray, pitch: float) -> list[np.ndarray]:
    """A way through corners as short dashes."""
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    starts = np.arange(0, way[-1], pitch)
    ends = np.stack([starts, starts + pitch * 0.35], axis=1)
    return [
        np.stack([np.interp(piece, way, corners[:, axis]) for axis in (0, 1)], axis=1)
        for piece in ends
    ]


def rounded(inside: Corners, radius: float) -> np.ndarray:
    """The outline of a box with round corners: (points, 2) page pixels."""
    left, top, right, bottom = inside
    radius = min(radius, (right - left) / 2, (bottom - top) / 2)
    centres = [
        (right, top, -1, 1),
        (right, bottom, -1, -1),
        (left, bottom, 1, -1),
        (left, top, 1, 1),
    ]
    angles = np.linspace(-np.pi / 2, 0, 6)
    pieces = [
        np.stack([np.cos(angles + turn), np.sin(angles + turn)], axis=1) * radius
        + [x + across * radius, y + along * radius]
        for (x, y, across, along), turn in zip(centres, np.arange(4) * np.pi / 2, strict=True)
    ]
    outline = np.concatenate(pieces)
    return np.concatenate([outline, outline[:1]])


def frame(draft: Draft) -> None:
    """A line or two of writing with a frame around them, thin or thick, open or twice."""
    rng = draft.rng
    marks, hand = _few_lines(draft)
    room = hand.tall * rng.uniform(0.12, 0.9, 2)
    left, top, right, bottom = around(marks)
    inside = (left - room[0], top - room[1], right + room[0], bottom + room[1])
    pen = float(rng.uniform(1, 6) if rng.random() < 0.4 else hand.pen * rng.uniform(0.6, 1.2))
    draft.marks.append(stroke([_frame(rng, inside)], pen, 24.0))
    if rng.random() < 0.15:
        away = hand.pen * rng.uniform(2, 4)
        left, top, right, bottom = inside
        outer = (left - away, top - away, right + away, bottom + away)
        draft.marks.append(stroke([_frame(rng, outer)], pen, 24.0))


def _frame(rng: np.random.Generator, inside: Corners) -> np.ndarray:
    """One frame: by hand, straight or rounded; its end misses its start now and then."""
    left, top, right, bottom = inside
    if rng.random() < 0.25:
        return rounded(inside, float(rng.uniform(0.1, 0.5) * (bottom - top)))
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    if rng.random() < 0.5:
        miss = rng.normal(0, 0.05, 2) * (bottom - top)
        corners[-1] = (left + miss[0], top + miss[1])
        return by_hand(rng, corners)
    return np.array(corners)


def _few_lines(draft: Draft) -> tuple[list[Mark], Hand]:
    """One to three short lines in the middle of the page; gives their marks and their hand."""
    rng = draft.rng
    kinds = (texts.number, texts.number, texts.sum_, texts.price, texts.label, texts.measure)
    count = int(rng.choice([1, 1, 1, 2, 3]))
    lines = [kinds[rng.integers(len(kinds))](rng) for _ in range(count)]
    hand = draft.hand(min(height_of(rng, draft.size, 0.07, 0.25), draft.size[1] * 0.4 / count))
    hand = hand.sized(fitting(draft, lines, hand.tall * 0.9, hand.gap) * 0.85)
    left = draft.size[0] * rng.uniform(0.12, 0.4)
    top = draft.size[1] * rng.uniform(0.12, 0.4)
    marks: list[Mark] = []
    for row, line in enumerate(lines):
        marks += put_row(draft, hand, line, left, top + hand.tall * (1 + 1.5 * row))
    return marks, hand


def ring(draft: Draft) -> None:
    """Lines of writing with a ring around a digit, a number or a line."""
    rng = draft.rng
    marks, hand = _few_lines(draft)
    for _ in range(int(rng.integers(1, 3))):
        line = rng.choice(sorted({mark.line for mark in marks}))
        whole = [mark for mark in marks if mark.line == line]
        start = int(rng.integers(len(whole)))
        count = 1 if rng.random() < 0.4 else int(rng.integers(1, len(whole) + 1))
        draft.marks.append(_ring(rng, whole[start : start + count], hand))


def _ring(rng: np.random.Generator, marks: Sequence[Mark], hand: Hand) -> Mark:
    """An oval around some marks, touching them now and then; its ends miss or overlap."""
    left, top, right, bottom = around(marks)
    room = hand.tall * rng.uniform(0.05, 0.5)
    wide = (right - left) / 2 * 1.15 + room
    high = (bottom - top) / 2 * 1.2 + room * rng.uniform(0.6, 1.0)
    angles = rng.uniform(0, 2 * np.pi) + np.linspace(0, rng.uniform(1.9, 2.25) * np.pi, 40)
    swell = 1 + rng.normal(0, 0.03) * np.cos(2 * angles) + np.linspace(0, rng.normal(0, 0.07), 40)
    x = (left + right) / 2 + wide * swell * np.cos(angles)
    y = (top + bottom) / 2 + high * swell * np.sin(angles)
    return stroke([np.stack([x, y], axis=1)], hand.pen * float(rng.uniform(0.7, 1.2)), 24.0)


def underlined(draft: Draft) -> None:
    """Lines of writing with lines under, over or beside them, single or double."""
    rng = draft.rng
    marks, hand = _few_lines(draft)
    for line in sorted({mark.line for mark in marks}):
        left, top, right, bottom = around([mark for mark in marks if mark.line == line])
        reach = hand.tall * rng.uniform(-0.2, 0.5)
        for away in [0.0] if rng.random() < 0.7 else [0.0, hand.pen * 2.5]:
            y = bottom + away + hand.tall * rng.uniform(0.02, 0.3)
            if rng.random() < 0.15:
                y = top - away - hand.tall * rng.uniform(0.05, 0.3)
            draft.straight((left - reach, y), (right + reach, y), hand.pen)


def struck(draft: Draft) -> None:
    """Lines of writing where some characters or whole numbers were struck out; these are other."""
    rng = draft.rng
    marks, hand = _few_lines(draft)
    for group, line in enumerate(sorted({mark.line for mark in marks})):
        whole = [mark for mark in marks if mark.line == line]
        start = int(rng.integers(len(whole)))
        count = int(rng.integers(1, min(len(whole) - start, 5) + 1))
        gone = whole[start : start + count]
        for mark in gone:
            at = next(row for row, other in enumerate(draft.marks) if other is mark)
            draft.marks[at] = replace(mark, name=OTHER, joined=group)
        strike = _strike(rng, gone, hand)
        draft.marks.append(replace(strike, line=line, joined=group))


def _strike(rng: np.random.Generator, marks: Sequence[Mark], hand: Hand) -> Mark:
    """What strikes some marks out: a line or two, a cross, a zigzag."""
    left, top, right, bottom = around(marks)
    reach = hand.tall * rng.uniform(0.0, 0.25)
    left, right = left - reach, right + reach
    middle = (top + bottom) / 2 + rng.normal(0, 0.08) * hand.tall
    kind = rng.integers(4)
    if kind == 0:
        tilt = rng.normal(0, 0.15) * hand.tall
        strokes = [by_hand(rng, [(left, middle + tilt), (right, middle - tilt)])]
    elif kind == 1:
        away = hand.tall * rng.uniform(0.08, 0.2)
        strokes = [by_hand(rng, [(left, y), (right, y)]) for y in (middle - away, middle + away)]
    elif kind == 2:
        strokes = [
            by_hand(rng, ends)
            for ends in ([(left, top), (right, bottom)], [(right, top), (left, bottom)])
        ]
    else:
        turns = int(np.clip((right - left) / hand.tall * 5, 5, 40))
        x = np.linspace(left, right, turns) + rng.normal(0, 0.06, turns) * hand.tall
        y = np.where(np.arange(turns) % 2, top, bottom) + rng.normal(0, 0.1, turns) * hand.tall
        strokes = [np.stack([x, y], axis=1)]
    return stroke(strokes, hand.pen)
