"""Fits how lines are written, and then when a value is believed.

    python tests/bench/fit_values.py lines [--out FILE] [--weights W] [--mnist DIR]
    python tests/bench/fit_values.py belief [--out FILE] [--each N] [--weights W] [--mnist DIR]

`lines` writes all that `reading.language` knows. What follows what is counted on texts, those of
scenes and of pages of values. What that weighs beside what the networks say of each mark, and
beside the gaps, is fitted on pages that are drawn and read with these weights, so that what was
written becomes likeliest (a conditional random field: Lafferty, McCallum and Pereira 2001); then
how far a digit is to be believed. If FILE is a weights file, it goes into the notes of its card.

`belief`, for `values`: pages of values are read, none of those that `values.py` draws. A value is
sure from where, on pages that the numbers were not fitted on, so many of all values are expected to
be wrong and sure as may be.

Without --out, each writes the file that ships.

Nothing here sees the pages that `values.py` draws, or its withheld layouts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import values
from measure import add_mnist, arguments

# isort: split
import numpy as np

import pi_reader.values
from pi_reader.cli.common import open_reader
from pi_reader.handwriting import texts
from pi_reader.handwriting.inking import lay, seen
from pi_reader.handwriting.layouts import Draft, rows_of
from pi_reader.handwriting.marks import Mark
from pi_reader.handwriting.paper import View, light, photograph, sheet, stain
from pi_reader.handwriting.scenes import Glyph, draw_scene
from pi_reader.handwriting.signs import OTHER, TABLE
from pi_reader.handwriting.stamps import Stamps
from pi_reader.handwriting.values import KINDS, WITHHELD, draw_values, value_page
from pi_reader.handwriting.writing import Hand
from pi_reader.library import weights_path
from pi_reader.network import store
from pi_reader.network.logistic import Logistic
from pi_reader.network.neighbourhood import SIGNS
from pi_reader.reading import line_decode
from pi_reader.reading.context import Judged
from pi_reader.reading.forward_backward import Line, forward_backward
from pi_reader.reading.language import (
    BLANK,
    DIGIT,
    GAP_FACTORS,
    HEARD_FACTORS,
    LETTER,
    NOTE,
    NOTHING,
    SYMBOLS,
    Language,
    count,
)
from pi_reader.reading.reader import Reader
from pi_reader.training.data import load_test
from pi_reader.training.scenes import name_marks
from pi_reader.values import CLASSES, EVIDENCE, Digit, Frame, Reading

SEED = 18


def plain(rng: np.random.Generator) -> str:
    """A long number, a code of digits alone, or several numbers with blanks between them."""
    kind = rng.random()
    if kind < 0.5:
        return texts.number(rng, 12, 0.15)
    return " ".join(texts.number(rng, 6, 0.25) for _ in range(int(rng.integers(1, 5))))


TEXTS = {  # how often each kind of text is written
    texts.numbers: 12,
    plain: 12,
    texts.code: 4,
    texts.spread: 4,
    texts.lone: 3,
    texts.sum_: 12,
    texts.brackets: 3,
    texts.equation: 6,
    texts.price: 6,
    texts.date: 5,
    texts.time: 4,
    texts.measure: 5,
    texts.phone: 2,
    texts.item: 4,
    texts.label: 6,
    texts.words: 5,
    texts.prose: 2,
    texts.only_signs: 1,
}
LINES, DRAFTS = 20_000, 1200  # texts, and pages of values whose lines are counted
OFTEN = 3  # a line of the latter counts as so many
JOINED = 20_000  # lines of two to four of these
LEAST = 20  # times that a context must have come
PAGES, PLAIN, SCENES = 240, 20, 150  # that are read: of values, of numbers and codes, and others
SHARE = 0.3  # of the texts' probability; on other pages .2 and .4 make what was written less likely
STEPS = 25  # of Newton's method,
MOST, ENOUGH = 1.0, 0.01  # the longest in any factor, and one after which no more are made
PULL = 1.0  # ridge, in units of marks,
FIRMLY, LOOSELY = 20.0, 0.1  # and that of what signs and gaps count
NEWTON = 20  # steps
WRONG = 0.012  # of all values may be wrong and sure, by what the model expects, which is too much
RIDGE = 3.0
FOLDS = 2
FACTORS = len(SYMBOLS) + GAP_FACTORS
Told = tuple[bool, list[tuple[float, ...] | None]]


def main() -> None:
    """Fit one of the two."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("what", choices=("lines", "belief"))
    parser.add_argument("--each", type=int, default=75, help="pages of each kind, for belief")
    parser.add_argument("--weights", default="default", help="name or file")
    parser.add_argument("--out", type=Path, help="where it goes")
    args = parser.parse_args()
    stamps = Stamps(*load_test(args.mnist))
    if args.what == "belief":
        out = args.out or Path(pi_reader.values.__file__).with_name("belief.json")
        write(out, fit_belief(open_reader(args.weights), args.each, stamps))
    else:
        out = args.out or Path(line_decode.__file__).with_name("lines.json")
        save(out, fit_lines(weights_path(args.weights), stamps))


def save(path: Path, language: Language) -> None:
    """Write a language: a file of its own, or into the notes of a weights file."""
    if path.suffix != ".npz":
        return write(path, language.to_json())
    found = store.load_all(path)
    card = replace(found.card, notes={**found.card.notes, NOTE: language.to_json()})
    store.save(path, found.model, card, found.context)


def write(path: Path, found: dict[str, Any]) -> None:
    """Write what was found."""
    text = json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    path.write_text(text + "\n", encoding="utf-8")


class Recorded(Draft):
    """A page in the making that knows what was written: of each line the text, where it stands and
    its first mark."""

    def row(self, hand: Hand, text: str, left: float, base: float) -> list[Mark]:
        """Write a line, and remember it."""
        if not hasattr(self, "written"):
            self.written: list[tuple[float, float, str, int]] = []
        self.written.append((base, left, text, len(self.marks)))
        return super().row(hand, text, left, base)


def count_texts() -> dict[str, str]:
    """After each context how often each symbol came."""
    rng, lines = np.random.default_rng([SEED, 0]), Counter[str]()
    kinds = list(TEXTS)
    share = np.array([TEXTS[kind] for kind in kinds], float)
    for kind in rng.choice(len(kinds), LINES, p=share / share.sum()):
        lines[symbols_of(kinds[kind](rng))] += 1
    for number in range(DRAFTS):
        draft = Recorded(np.random.default_rng([SEED, 1, number]), (640, 480), 0.2, None)
        value_page(draft)
        rows: dict[float, list[tuple[float, str]]] = {}
        for base, left, text, _ in draft.written:
            rows.setdefault(base, []).append((left, text))
        for row in rows.values():
            lines[symbols_of(" ".join(text for _, text in sorted(row)))] += OFTEN
    single = list(lines)
    weight = np.array([lines[line] for line in single], float)
    for _ in range(JOINED):  # people write several things in a line, in any order
        some = rng.choice(len(single), int(rng.integers(2, 5)), p=weight / weight.sum())
        lines[BLANK.join(single[one] for one in some)] += 1
    counts: dict[str, Counter[str]] = {}
    for line, often in lines.items():
        count(line, counts, often=often)
    return {
        context: "".join(f"{symbol}{n}" for symbol, n in sorted(after.items()))
        for context, after in counts.items()
        if after.total() >= LEAST
    }


def symbols_of(text: str) -> str:
    """A text as a reader tells its characters apart, without those that are nothing to it."""
    out = ""
    for letter in text.replace("^", ""):
        symbol = DIGIT if letter.isdigit() else TABLE[letter].name if letter in TABLE else letter
        if symbol == OTHER:
            continue
        symbol = symbol if symbol in (DIGIT, *SIGNS, BLANK) else LETTER
        out += symbol if not symbol == BLANK == out[-1:] else ""
    return out.strip()


@dataclass
class Row:
    """One line that was read: its marks before it is heard, their gaps as `Rows.gaps` gives them,
    and what they truly are, as `name_marks` calls it and as a symbol, and whether a blank stands
    before; None where nobody knows."""

    marks: list[Judged]
    gaps: tuple[np.ndarray, list[int]]
    labels: list[str | None]
    names: list[str | None]
    blanks: list[bool | None]


def draw_page(
    rng: np.random.Generator, stamps: Stamps, layout: Callable[[Draft], None]
) -> tuple[Frame, list[Glyph], list[int]]:
    """A page: what the camera sees, its glyphs, and before which of them a blank stands: 1, or not:
    0, or nobody asks: -1."""
    size, difficulty = (640, 480), float(rng.uniform(0, 0.5))
    view = View.random(rng, size, difficulty)
    while True:
        draft = Recorded(rng, size, difficulty, stamps if rng.random() < 0.5 else None)
        layout(draft)
        marks = seen(draft.marks, view, size, size)
        if len(marks) == len(draft.marks):
            break
    cover = np.zeros((size[1], size[0]), np.float32)
    boxes = lay(cover, marks)
    scene = stain(sheet(rng, size, view, difficulty), cover, rng, difficulty)
    frame = Frame(photograph(scene * light(rng, size, difficulty), rng, difficulty))
    parted = [-1] * len(marks)
    for _, _, text, first in draft.written:
        places = [place for place, letter in enumerate(text) if letter != " "]
        for mark, (one, other) in enumerate(pairwise(places), first + 1):
            parted[mark] = int(other - one > 1)
    shown = [place for place, box in enumerate(boxes) if box]
    glyphs = [Glyph(marks[i].name, box, marks[i].line) for i in shown if (box := boxes[i])]
    return frame, glyphs, [parted[i] for i in shown]


def read_pages(reader: Reader, stamps: Stamps) -> Iterator[list[Row]]:
    """The lines of each page of values, of numbers and codes, and of scenes."""
    layouts = [value_page] * PAGES + [rows_of(plain), rows_of(texts.code)] * (PLAIN // 2)
    for number, layout in enumerate(layouts):
        page = draw_page(np.random.default_rng([SEED, 2, number]), stamps, layout)
        yield list(lines_of(reader, *page))
    for number in range(SCENES):
        scene = draw_scene(np.random.default_rng([SEED, 3, number]), stamps=stamps)
        unasked = [-1] * len(scene.glyphs)
        yield list(lines_of(reader, scene.frame, list(scene.glyphs), unasked))


def lines_of(
    reader: Reader, frame: Frame, glyphs: list[Glyph], parted: Sequence[int]
) -> Iterator[Row]:
    """The lines of a page, read by a reader that knows no language."""
    found = reader.explain(frame)
    if found.reading.angle or not any(one.is_digit for one in found.marks):
        return
    page = line_decode.Rows(found.marks)
    boxes = page.box.astype(np.float32) * found.ink.scale
    names = name_marks(boxes, glyphs)
    where = [
        nearest(box, glyphs) if name not in ("", "other", "joined") else -1
        for box, name in zip(boxes, names, strict=True)
    ]
    for row in page.whole():
        blanks: list[bool | None] = []
        before = -1  # the glyph that was last written
        for i in row:
            one, known = where[i], -1
            if min(before, one) >= 0 and glyphs[before].line != glyphs[one].line:
                known = 1  # two columns
            elif one == before + 1 > 0:
                known = parted[one]
            blanks.append(None if known < 0 else bool(known))
            before = before if names[i] == "other" else one
        yield Row(
            [found.marks[i] for i in row],
            page.gaps(row),
            [names[i] or None for i in row],
            [_symbol(names[i]) for i in row],
            blanks,
        )


def nearest(box: np.ndarray, glyphs: Sequence[Glyph]) -> int:
    """The glyph that a mark is: the one most of which lies in its box."""
    low = [np.maximum(box[:2], (g.box.x, g.box.y)) for g in glyphs]
    high = [np.minimum(box[2:], (g.box.right, g.box.bottom)) for g in glyphs]
    return int(np.argmax(np.prod(np.maximum(np.array(high) - low, 0), axis=1)))


def _symbol(name: str) -> str | None:
    """What a mark with a name is in a line, None where nobody knows."""
    known = {"": None, "joined": None, "other": NOTHING, "letter": LETTER}
    return known.get(name, DIGIT if name.isdecimal() else name)


def fit_lines(path: Path, stamps: Stamps) -> Language:
    """All of a language, for the weights in a file."""
    reader = open_reader(str(path))
    reader.language = None
    pages = list(read_pages(reader, stamps))
    rows = [row for page in pages for row in page]
    first = Language(
        count_texts(),
        SHARE,
        1.0,
        dict.fromkeys(SYMBOLS, 0.0),
        (0.0,) * GAP_FACTORS,
        (0.0,) * HEARD_FACTORS,
    )
    rest = np.array([1.0, *[0.0] * (len(SYMBOLS) - 1 + GAP_FACTORS)])
    pull = np.array([FIRMLY] * len(SYMBOLS) + [LOOSELY] * GAP_FACTORS)
    at = rest.copy()
    for _ in range(STEPS):
        found = with_factors(first, at)
        slope, bend = map(sum, zip(*(_slope(row, found) for row in rows), strict=True))
        step = np.linalg.solve(bend + np.diag(pull), slope - pull * (at - rest))
        at += np.clip(step, -MOST, MOST)
        if np.abs(step).max() < ENOUGH:
            break
    found = with_factors(first, at)
    return replace(found, heard=fit_heard(pages, found))


def with_factors(language: Language, factors: np.ndarray) -> Language:
    """A language with other numbers: its trust, bias of all symbols but digits, and gaps."""
    trust, *bias = (round(float(one), 3) for one in factors[:-GAP_FACTORS])
    return replace(
        language,
        trust=trust,
        bias=dict(zip(SYMBOLS, [0.0, *bias], strict=True)),
        gaps=tuple(round(float(one), 3) for one in factors[-GAP_FACTORS:]),
    )


def _slope(row: Row, language: Language) -> tuple[np.ndarray, np.ndarray]:
    """How much likelier what was written becomes with each factor, for one line; and how fast that
    changes, as if each mark and each gap stood alone."""
    options = [line_decode.options_of(one, language) for one in row.marks]
    chances = line_decode.chances_of(*row.gaps, language.gaps)
    written = [
        {name: may_be[name]} if name in may_be else may_be
        for name, may_be in zip(row.names, options, strict=True)
    ]
    known = [
        by_gap if blank is None else [float(blank)] * len(by_gap)
        for by_gap, blank in zip(chances, row.blanks, strict=True)
    ]
    free = forward_backward(options, chances, language)
    true = forward_backward(written, known, language)
    slope, bend = np.zeros(FACTORS), np.zeros((FACTORS, FACTORS))
    marks, gaps = slice(len(SYMBOLS)), slice(len(SYMBOLS), None)
    for one, may_be, expected, really in zip(row.marks, options, free[0], true[0], strict=True):
        if len(may_be) == 1:
            continue
        p = np.array([expected.get(symbol, 0.0) for symbol in SYMBOLS])
        more = np.array([really.get(symbol, 0.0) for symbol in SYMBOLS]) - p
        chance = [sum(one.mark.kinds[:CLASSES]), *one.mark.kinds[CLASSES:]]
        features = np.eye(len(SYMBOLS))
        features[:, 0] = np.log(np.maximum(chance, line_decode.LEAST))
        slope[marks] += more @ features
        bend[marks, marks] += (features.T * p) @ features - np.outer(p @ features, p @ features)
    x, chance = row.gaps[0], np.array([p for by_gap in chances for p in by_gap])
    unparted, parted = np.concatenate([np.reshape(both, (-1, 2)) for both in free[1]]).T
    asked = np.concatenate([np.reshape(both, (-1, 2)) for both in true[1]])
    slope[gaps] = (asked[:, 1] - chance * asked.sum(axis=1)) @ x
    slope[gaps] -= (parted - chance * (unparted + parted)) @ x
    bend[gaps, gaps] = (x.T * (parted * unparted)) @ x
    return slope, bend


def fit_heard(pages: Sequence[Sequence[Row]], language: Language) -> tuple[float, ...]:
    """What a change of the probability of any digit counts: a logistic regression beside the log
    odds that the digit was right before."""
    x, right = [], []
    for page in pages:
        lines: list[Line] = [
            (
                [line_decode.options_of(one, language) for one in row.marks],
                line_decode.chances_of(*row.gaps, language.gaps),
            )
            for row in page
        ]
        for row, (options, _), heard in zip(
            page, lines, line_decode.hear(lines, language), strict=True
        ):
            if heard is None:
                continue
            for one, may_be, symbols, label in zip(
                row.marks, options, heard[0], row.labels, strict=True
            ):
                if label is not None and len(may_be) > 1:
                    x.append(line_decode.heard_features(one, symbols))
                    right.append(label == str(int(np.argmax(one.mark.chances[:CLASSES]))))
    own, changes, true = np.array(x)[:, 0], np.array(x)[:, 1:], np.array(right, float)
    factors = np.zeros(HEARD_FACTORS)
    for _ in range(NEWTON):
        p = 1 / (1 + np.exp(-own - changes @ factors))
        bend = (changes * (p * (1 - p))[:, None]).T @ changes + PULL * np.eye(HEARD_FACTORS)
        factors -= np.linalg.solve(bend, changes.T @ (p - true) + PULL * factors)
    return tuple(round(float(one), 3) for one in factors)


def fit_belief(reader: Reader, each: int, stamps: Stamps) -> dict[str, Any]:
    """All that `values` knows of when a value is sure."""
    pages = []
    for number, kind in enumerate(KINDS):
        for seed in range(each if kind not in WITHHELD else 0):
            page = draw_values(np.random.default_rng([SEED, number, seed]), kind, stamps)
            pages.append(told(reader.read(page.frame), page.entries))
    return believed(pages)


def told(reading: Reading, entries: tuple[values.Entry, ...]) -> list[Told]:
    """What was read of each value that was written: whether it is right, and the evidence for each
    value that stands there."""
    where = {}
    for line in reading.lines:
        for value in line.values:
            inside = [
                m for m in line.marks if value.box.common(m.box) == m.box.width * m.box.height
            ]
            is_told = all(mark.sure for mark in inside if isinstance(mark, Digit))
            is_told &= value.kind != "number" or value.number is not None
            where[value] = line.evidence(inside) if inside and is_told else None
    return [
        (
            values.judge(entry, reading).startswith("right"),
            [where[value] for value in values.beside(entry, reading)],
        )
        for entry in entries
    ]


def believed(pages: list[list[Told]]) -> dict[str, Any]:
    """Fit, choose the threshold on what was not fitted on, and say what that gives.

    A value that was read as several is as sure as the least of these.
    """
    rows = [
        (fold % FOLDS, number, right, evidence)
        for number, (fold, right, found) in enumerate(
            (fold, right, found) for fold, page in enumerate(pages) for right, found in page
        )
        if found and None not in found
        for evidence in found
    ]
    count = sum(map(len, pages))
    folds, owner, right = (np.array([row[at] for row in rows]) for at in range(3))
    x = np.array([row[3] for row in rows], np.float32)
    chances = np.ones(count)
    for fold in range(FOLDS):
        found = doubting(x[folds != fold], right[folds != fold])
        np.minimum.at(chances, owner[folds == fold], found(x[folds == fold]))
    is_right = np.zeros(count, bool)
    is_right[owner] = right
    known = np.unique(owner)
    order = known[np.argsort(-chances[known])]
    expected = np.cumsum(1 - chances[order])  # of few wrong ones the count alone says little
    sure = max(1, int(np.searchsorted(expected, WRONG * count, side="right")))
    threshold = chances[order[sure - 1]]
    wrong = (~is_right[order[:sure]]).sum()
    print(f"{count} values, {len(order)} told without a ?, {is_right[order].mean():.1%} right")
    print(
        f"{sure / count:.1%} of all sure; wrong and sure {wrong / count:.1%}, {WRONG:.1%} expected"
    )
    first, *factors = as_they_are(doubting(x, right))
    return {
        "constant": first,
        "factors": dict(zip(EVIDENCE, factors, strict=True)),
        "sure_at": round(float(threshold), 4),
    }


def doubting(x: np.ndarray, right: np.ndarray) -> Logistic:
    """A regression in which no doubt makes a value likelier right: numbers that would, one after
    the other, count nothing."""
    counts = np.ones(len(EVIDENCE), np.float32)
    while True:
        found = Logistic.fit(EVIDENCE, x * counts, right, RIDGE)
        most = int(np.argmax(found.weights[:-1]))
        if found.weights[most] <= 0:
            return found
        counts[most] = 0


def as_they_are(found: Logistic) -> tuple[float, ...]:
    """The constant and the factors of numbers as they are."""
    slopes = found.weights[:-1] / found.scale
    first = found.weights[-1] - (slopes * found.mean).sum()
    return tuple(round(float(one), 2) for one in (first, *slopes))


if __name__ == "__main__":
    main()
