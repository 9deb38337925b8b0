"""Pages with print: paragraphs, forms that were filled in by hand, puzzles, displays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pi_reader.handwriting import texts
from pi_reader.handwriting.layouts import Draft, height_of
from pi_reader.handwriting.marks import Mark, around, stroke
from pi_reader.handwriting.printing import Type

_LEGIBLE = 15.0  # pixels of a typeface whose digits can still be told apart after blur


def printed(draft: Draft) -> None:
    """Paragraphs of words with a few numbers, or numbers alone; some very small without any."""
    rng = draft.rng
    size = float(np.exp(rng.uniform(np.log(11), np.log(80))))
    face = Type.random(rng, size)
    y = draft.size[1] * rng.uniform(0.02, 0.2) + size
    numbers = 0.0 if size < _LEGIBLE else float(rng.choice([0.0, 0.1, 0.3, 1.0]))
    for _ in range(int(rng.integers(1, 16))):
        if y > draft.size[1] * 0.96:
            break
        words, length = [], 0
        while length * size * 0.5 < draft.size[0] * rng.uniform(0.3, 0.8):
            is_number = rng.random() < numbers
            words.append(_value(rng) if is_number else _word(rng))
            length += len(words[-1]) + 1
        _set(draft, face, " ".join(words), draft.size[0] * 0.04, y)
        y += size * rng.uniform(1.2, 2.0)


def _word(rng: np.random.Generator) -> str:
    """A printed word, with a mark behind it now and then."""
    word = "@" * int(rng.integers(1, 11))
    if rng.random() < 0.2:
        word = "".join("ABCDEFGHIKLMNOPRSTUVW"[k] for k in rng.integers(0, 21, len(word)))
    return word + (".", ",", ":", ")", "", "", "", "", "", "")[rng.integers(10)]


def _value(rng: np.random.Generator) -> str:
    """A printed number, price, date or time."""
    kinds = (texts.number, texts.number, texts.price, texts.date, texts.time)
    return kinds[rng.integers(len(kinds))](rng)


def _set(draft: Draft, face: Type, text: str, left: float, base: float) -> list[Mark]:
    """Print a line of its own."""
    marks = face.set(draft.rng, text, left, base, draft.line)
    draft.marks += marks
    draft.line += bool(marks)
    return marks


def form(draft: Draft) -> None:
    """Printed labels with what somebody wrote behind them, on lines, dots, in fields or nothing."""
    rng = draft.rng
    size = float(np.exp(rng.uniform(np.log(13), np.log(34))))
    face = Type.random(rng, size)
    hand = draft.hand(size * rng.uniform(0.9, 2.2))
    pitch = max(size, hand.tall) * rng.uniform(1.4, 2.4)
    field = str(rng.choice(["line", "dots", "box", "none"]))
    y = draft.size[1] * 0.04 + pitch
    stop = draft.size[0] * rng.uniform(0.25, 0.55)
    for row in range(int(rng.integers(1, 9))):
        if y > draft.size[1] * 0.97:
            break
        label = f"{row + 1}." if rng.random() < 0.15 and size > _LEGIBLE else _word(rng)
        if rng.random() < 0.4:
            label += " " + _word(rng)
        end = _label(draft, face, label + ":" * (rng.random() < 0.6), stop, y)
        text = _entry(rng)
        marks = draft.centred(hand, text, (0, 0), draft.line)
        if marks:
            left, top, right, bottom = around(marks)
            shift = end + hand.tall * 0.4 - left, y - hand.tall * 0.45 - (top + bottom) / 2
            draft.marks[-len(marks) :] = [mark.moved(*shift) for mark in marks]
            right = end + hand.tall * 0.4 + (right - left)
        else:
            right = end + 4 * hand.tall
        _field(draft, field, (end + hand.tall * 0.2, y), max(right, draft.size[0] * 0.85), pitch)
        draft.line += 1
        y += pitch


def _entry(rng: np.random.Generator) -> str:
    """What somebody writes into a field, often nothing."""
    kinds = (texts.number, texts.number, texts.date, texts.price, texts.measure, texts.word)
    return "" if rng.random() < 0.12 else kinds[rng.integers(len(kinds))](rng)


def _label(draft: Draft, face: Type, text: str, stop: float, base: float) -> float:
    """Print a label as part of the row; gives where the field starts."""
    left = draft.size[0] * 0.03
    marks = face.set(draft.rng, text, left, base, draft.line)
    draft.marks += marks
    end = around(marks)[2] if marks else left
    return end if end > stop or draft.rng.random() < 0.4 else stop


def _field(draft: Draft, kind: str, start: tuple[float, float], right: float, pitch: float) -> None:
    """What a form has for people to write on: a line, dots, a box, nothing."""
    left, base = start
    dark = float(draft.rng.uniform(0.35, 0.9))
    low = base + pitch * 0.06
    if kind == "line":
        strokes = [np.array([(left, low), (right, low)])]
    elif kind == "dots":
        starts = np.arange(left, right, 6.0)
        strokes = [np.array([(x, low), (x + 1.5, low)]) for x in starts]
    elif kind == "box":
        top, low = base - pitch * 0.8, base + pitch * 0.16
        corners = [(left, top), (right, top), (right, low), (left, low), (left, top)]
        strokes = [np.array(corners)]
    else:
        return
    draft.marks.append(replace(stroke(strokes, 1.4, 24.0), dark=dark))


def puzzle(draft: Draft) -> None:
    """A square of cells with printed digits, and others that somebody filled in by hand."""
    rng = draft.rng
    count = int(rng.choice([3, 4, 6, 9], p=[0.2, 0.2, 0.2, 0.4]))
    shown = int(rng.integers(max(2, count // 2), count + 1))
    cell = min(draft.size[0] * 0.94 / count, draft.size[1] * 0.94 / shown)
    face = Type.random(rng, cell * rng.uniform(0.5, 0.85))
    hand = draft.hand(cell * rng.uniform(0.45, 0.72))
    left = (draft.size[0] - cell * count) * rng.uniform(0.1, 0.9)
    top = (draft.size[1] - cell * shown) * rng.uniform(0.1, 0.9)
    of_print, empty = rng.uniform(0.1, 0.6), rng.uniform(0, 0.3)
    for row in range(shown):
        for column in range(count):
            kind = rng.random()
            middle = (left + cell * (column + 0.5), top + cell * (row + 0.5))
            if kind < of_print:
                _print_in(draft, face, str(rng.integers(1, 10)), middle)
            elif kind < 1 - empty:
                shake = rng.normal(0, 0.05, 2) * cell
                there = (middle[0] + shake[0], middle[1] + shake[1])
                draft.centred(hand, str(rng.integers(1, 10)), there, draft.line)
        draft.line += 1
    bold = 3 if count == 9 else max(2, count // 2)
    for step in (1, bold):
        pen = float(1.2 if step == 1 else rng.uniform(1.5, 4))
        xs = left + cell * np.arange(0, count + 1, step)
        ys = top + cell * np.arange(0, shown + 1, step)
        lines = [np.array([(x, top), (x, top + cell * shown)]) for x in xs]
        lines += [np.array([(left, y), (left + cell * count, y)]) for y in ys]
        draft.marks.append(replace(stroke(lines, pen, 24.0), dark=float(rng.uniform(0.5, 1))))


def _print_in(draft: Draft, face: Type, text: str, middle: tuple[float, float]) -> None:
    """Print text around a place as part of the row."""
    marks = face.set(draft.rng, text, 0.0, 0.0, draft.line)
    if not marks:
        return
    left, top, right, bottom = around(marks)
    shift = middle[0] - (left + right) / 2, middle[1] - (top + bottom) / 2
    draft.marks += [mark.moved(*shift) for mark in marks]


# Which of the seven segments a to g each digit lights, and where they run, in heights.
_LIT = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")
_ENDS = {
    "a": ((0, 0), (0.5, 0)),
    "b": ((0.5, 0), (0.5, 0.5)),
    "c": ((0.5, 0.5), (0.5, 1)),
    "d": ((0, 1), (0.5, 1)),
    "e": ((0, 0.5), (0, 1)),
    "f": ((0, 0), (0, 0.5)),
    "g": ((0, 0.5), (0.5, 0.5)),
}


def display(draft: Draft) -> None:
    """The digits of a display with seven segments, with gaps between them or without."""
    rng = draft.rng
    text = texts.number(rng, 8) if rng.random() < 0.6 else texts.price(rng).strip("€$ ")
    text = "".join(character for character in text if character in "0123456789.-")
    tall = height_of(rng, draft.size, 0.1, 0.5)
    tall = min(tall, draft.size[0] * 0.85 / (max(len(text), 1) * 0.85))
    pen, gap = tall * rng.uniform(0.07, 0.15), rng.uniform(0, 0.07)
    lean, pitch = rng.uniform(0, 0.18), tall * rng.uniform(0.75, 0.95)
    x = draft.size[0] * rng.uniform(0.04, 0.15)
    top = rng.uniform(0.05, 0.9) * (draft.size[1] - tall)
    for character in text:
        if character == ".":
            foot = np.array([(x - pitch * 0.25, top + tall), (x - pitch * 0.25 + 1, top + tall)])
            draft.marks.append(replace(stroke([foot], pen * 1.1, name="."), line=draft.line))
            continue
        lit = _LIT[int(character)] if character.isdecimal() else "g"
        strokes = [_segment(np.array(_ENDS[one]), gap, lean) * tall + [x, top] for one in lit]
        draft.marks.append(replace(stroke(strokes, pen, name=character), line=draft.line))
        x += pitch
    draft.line += 1


def _segment(ends: np.ndarray, gap: float, lean: float) -> np.ndarray:
    """A segment that stops short of the corners, leaning to the right; in heights."""
    start, end = ends
    way = (end - start) / np.hypot(*(end - start))
    out = np.array([start + way * (gap + 0.02), end - way * (gap + 0.02)])
    out[:, 0] += lean * (1 - out[:, 1])
    return out
