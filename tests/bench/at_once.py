"""What the memory of taught digits does from one correction on; see `learning.py`.

Everything is read from pages by `Reader.read`, as the box does. A correction is a reading with a
misread digit, of which every digit is then labelled; readings that are right teach nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from measure import interleave, ratio, table

# isort: split
import numpy as np
from PIL import Image

from pi_reader.handwriting import draw_patches
from pi_reader.handwriting.page import draw_page
from pi_reader.handwriting.style import Style
from pi_reader.learning.memory import Kernel, Memory, units
from pi_reader.library import weights_path
from pi_reader.network import store
from pi_reader.network.base import Array
from pi_reader.network.model import Model
from pi_reader.network.neighbourhood import Neighbourhood
from pi_reader.reading import orientation
from pi_reader.reading import reader as steps
from pi_reader.reading.binarise import binarise
from pi_reader.reading.candidates import find_candidates
from pi_reader.reading.context import asked, told
from pi_reader.reading.decode import Mark, usual_height
from pi_reader.reading.reader import Reader, reader_of
from pi_reader.reading.recall import recalled
from pi_reader.reading.segmentation import Segmentation
from pi_reader.values import NO_DIGIT, SIDE, Box, Digit, Frame

COUNTS = (1, 3, 10)  # corrections after which is measured
PAGES, TESTED = 100, 60  # readings of a hand to learn from at most, and to look at
SIZE = 400, 300  # pixels of their frames
FULL = 2000  # digits that fill a memory
FIT_HANDS = 43  # keeps the people for the kernel apart from those that are measured
BLOCK = 160  # digits of semeion that are one after the other, of some eight writers
_KERNELS = (6.0, 7.0, 8.0), (0.75, 0.8), (0.0, 0.07), (0.0, 2.0)
_DIFFICULTY = 0.4  # of the hardest page
_SAME = 0.5  # overlap (intersection over union) from which what was read is what was written
Truth = Sequence[tuple[int, Box]]


@dataclass(frozen=True)
class Seen:
    """What was read of some pages: (n,) for each digit that is written there, label -1 for one
    that was not found."""

    truth: np.ndarray
    label: np.ndarray
    confidence: np.ndarray
    sure: np.ndarray
    decided: np.ndarray  # by the memory

    @property
    def wrong(self) -> np.ndarray:
        return np.asarray((self.label != self.truth) & (self.label >= 0))


@dataclass
class Hand:
    """One person's results: errors before, after each of `COUNTS` corrections, and perhaps with
    `FULL` digits in the memory."""

    name: object
    seen: dict[int, Seen] = field(default_factory=dict)
    taught: int = 0

    def gone(self, count: int) -> float:
        """The share of errors that are gone, below 0 if there are more."""
        before = int(self.seen[0].wrong.sum())
        return 1 - int(self.seen[count].wrong.sum()) / before if before else np.nan

    def broken(self, count: int) -> float:
        """The share of digits that were right before and are not now."""
        right = ~self.seen[0].wrong
        right &= self.seen[0].label >= 0
        now = self.seen[count]
        return float((right & (now.label != now.truth)).sum() / max(1, right.sum()))


def reader_with(model: Model | None = None) -> Reader:
    """A reader with the shipped weights, or with others for patches."""
    weights = store.load_all(weights_path("default"))
    if model is not None:
        weights = dataclasses.replace(weights, model=model)
    return reader_of(weights)


class Once:
    """Calls functions of the reading once for each frame and network: what comes before the memory
    stays the same, whatever was taught."""

    def __init__(self) -> None:
        self._kept: dict[object, object] = {}
        self._args: list[object] = []  # whose ids are in use
        for room, name in (
            (steps, "binarise"),
            (steps, "find_candidates"),
            (orientation, "find_candidates"),
            (orientation, "upright"),
        ):
            setattr(room, name, self._once(name, getattr(room, name)))
        steps.Segmentation = self._once(  # type: ignore[assignment,misc]
            "marks", lambda *args: Found(Segmentation(*args).run())
        )
        predict = Neighbourhood.predict
        Neighbourhood.predict = lambda mine, windows, patches, numbers: self._once(  # type: ignore
            patches.tobytes() + windows.tobytes() + numbers.tobytes(),
            lambda one: predict(one, windows, patches, numbers),
        )(mine)

    def forget(self) -> None:
        self._kept.clear()
        self._args.clear()

    def _once(self, name: object, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: object) -> object:
            key = name, *(arg if isinstance(arg, int | None) else id(arg) for arg in args)
            if key not in self._kept:
                self._kept[key] = function(*args)
                self._args += args
            return self._kept[key]

        return call


@dataclass(frozen=True)
class Found:
    """A page's marks, found already."""

    found: Segmentation

    def run(self) -> Segmentation:
        return self.found


def overlap(a: Box, b: Box) -> float:
    common = a.common(b)
    return common / (a.width * a.height + b.width * b.height - common)


def matched(digits: Sequence[Digit], truth: Truth) -> list[int]:
    """What each digit that was read is: a digit, NO_DIGIT, or -1 if part of one or several."""
    names = []
    for digit in digits:
        best = max(truth, key=lambda one: overlap(digit.box, one[1]), default=None)
        share = overlap(digit.box, best[1]) if best else 0.0
        none = all(not digit.box.common(box) for _, box in truth)
        names.append(best[0] if best and share >= _SAME else NO_DIGIT if none else -1)
    return names


def look(reader: Reader, pages: Sequence[tuple[Frame, Truth]]) -> Seen:
    """Read pages."""
    rows: list[tuple[int, int, float, bool, bool]] = []
    for frame, truth in pages:
        digits = reader.read(frame).digits
        for name, box in truth:
            best = max(digits, key=lambda digit: overlap(digit.box, box), default=None)
            if best is None or overlap(best.box, box) < _SAME:
                rows.append((name, -1, 0.0, False, False))
            else:
                decided = best.reason.startswith("taught")
                rows.append((name, best.label, best.confidence, best.sure, decided))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Seen(*columns)


def pages_of(style: Style, rng: np.random.Generator, count: int) -> Iterator[tuple[Frame, Truth]]:
    """Pages with one number each, by one person."""
    for _ in range(count):
        page = draw_page(rng, float(rng.uniform(0, _DIFFICULTY)), SIZE, style, lines=1)
        yield page.frame, [digit for line in page.lines for digit in line]


def corrected(
    hand: Hand,
    reader: Reader,
    stream: Iterator[tuple[Frame, Truth]],
    tested: Sequence[tuple[Frame, Truth]],
    spoil: np.random.Generator | None = None,
) -> Hand:
    """Correct what is misread, one reading after the other, and look at other pages.

    spoil: makes three labels of ten wrong.
    """
    reader.memory = None
    hand.seen[0] = look(reader, tested)
    patches, labels = np.zeros((0, SIDE, SIDE), np.uint8), np.zeros(0, np.uint8)
    for frame, truth in stream:
        digits = [digit for digit in reader.read(frame).digits if digit.patch is not None]
        names = matched(digits, truth)
        if not any(
            name >= 0 and name != digit.label for digit, name in zip(digits, names, strict=True)
        ):
            continue
        new = np.array([name for name in names if name >= 0], np.uint8)
        new = spoiled(new, spoil)
        mine = [digit.patch for digit, name in zip(digits, names, strict=True) if name >= 0]
        patches = np.concatenate([patches, np.array(mine, np.uint8)])
        labels = np.concatenate([labels, new])
        assert isinstance(reader.network, Model)
        reader.memory = Memory(reader.network).learn(patches, labels)
        hand.taught += 1
        if hand.taught in COUNTS:
            hand.seen[hand.taught] = look(reader, tested)
        if hand.taught == COUNTS[-1]:
            break
    for count in COUNTS:  # there was nothing left to correct
        if count not in hand.seen:
            hand.seen[count] = look(reader, tested)
    return hand


def spoiled(labels: np.ndarray, spoil: np.random.Generator | None) -> np.ndarray:
    """Labels, three of ten of them wrong."""
    labels = labels.copy()
    if spoil is not None:
        bad = spoil.random(len(labels)) < 0.3
        labels[bad] = (labels[bad] + spoil.integers(1, 10, int(bad.sum()))) % 10
    return labels


def from_patches(patches: np.ndarray, labels: np.ndarray) -> Iterator[tuple[Frame, Truth]]:
    """Pages with four patches in a row each, twice as large."""
    for start in range(0, len(labels) - 3, 4):
        grey, truth = np.full((120, 320), 230, np.uint8), []
        for place in range(4):
            wide = Image.fromarray(patches[start + place]).resize((56, 56), Image.BILINEAR)
            big = np.asarray(wide).astype(int)
            left = 20 + 70 * place
            grey[32:88, left : left + 56] = 230 - big * 190 // 255
            rows, columns = np.flatnonzero((big > 90).any(1)), np.flatnonzero((big > 90).any(0))
            box = Box(left + columns[0], 32 + rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1)
            truth.append((int(labels[start + place]), box))
        yield Frame(grey), truth


def report(title: str, hands: Sequence[Hand]) -> None:
    """A table of what became of the errors, and how far the confidence is to be believed."""
    rows = []
    for count in (*COUNTS, *({FULL} & hands[0].seen.keys())):
        gone = np.array([hand.gone(count) for hand in hands])
        broken = np.array([hand.broken(count) for hand in hands])
        seen = [hand.seen[count] for hand in hands]
        before = [hand.seen[0] for hand in hands]
        decided = np.concatenate([one.decided.astype(bool) for one in seen])
        right = np.concatenate([one.label == one.truth for one in seen])
        sure = np.concatenate([one.sure.astype(bool) for one in seen])
        was = np.concatenate([one.sure.astype(bool) for one in before])
        confidence = np.concatenate([one.confidence for one in seen])
        rows.append(
            (
                count,
                f"{np.nanmean(gone):.1%}",
                f"{np.nanmin(gone):.0%}",
                f"{broken.mean():.2%}",
                f"{broken.max():.2%}",
                f"{was.mean():.1%}",
                f"{sure.mean():.1%}",
                f"{right[sure].mean():.2%}",
                int(decided.sum()),
                f"{right[decided].mean():.1%}" if decided.any() else "",
                f"{confidence[decided].mean():.1%}" if decided.any() else "",
            )
        )
    print(f"\n{title}: {len(hands)}, errors before {sum(h.seen[0].wrong.sum() for h in hands)}")
    table(
        (
            "corrections",
            "gone",
            "least",
            "broken",
            "most",
            "sure before",
            "sure",
            "right of sure",
            "decided",
            "right",
            "confidence",
        ),
        rows,
    )


def full_of(model: Model, style: Style, rng: np.random.Generator) -> Memory:
    """A memory that is full of one hand."""
    labels = rng.integers(0, 10, FULL)
    return Memory(model).learn(draw_patches(labels, rng, style), labels)


def lost(model: Model, memory: Memory, hidden: Array, y: np.ndarray) -> int:
    """Errors more among other people's digits, of which `hidden` are the activations, with it."""
    chances = model.conclude(hidden)
    with_it = (chances * np.exp(memory.votes(hidden)[0]))[:, :NO_DIGIT].argmax(axis=1)
    return int((with_it != y).sum() - (chances[:, :NO_DIGIT].argmax(axis=1) != y).sum())


def frame_cost(style: Style, rng: np.random.Generator) -> tuple[float, float]:
    """Milliseconds for a frame with eight digits without a memory, and how many times as long it
    takes with a full one."""
    plain, full = reader_with(), reader_with()
    assert isinstance(full.network, Model)
    frame = next(f for f, t in pages_of(style, rng, 500) if len(t) == 8)
    full.memory = full_of(full.network, style, rng)
    looks = {"full": partial(full.read, frame), "plain": partial(plain.read, frame)}
    times = interleave(looks, 120)
    return 1000 * times["plain"].median, ratio(times["full"], times["plain"])


# Fitting the kernel


@dataclass(frozen=True)
class Cached:
    """A page as far as the memory does not change it: marks, kinds, and what each mark is."""

    marks: list[Mark]
    kinds: Array
    names: np.ndarray

    def wrong(self, memory: Memory | None) -> np.ndarray:
        """Which of the digits are misread."""
        named = told(*recalled(self.marks, self.kinds, memory))
        label = np.array([int(np.argmax(mark.chances[:NO_DIGIT])) for mark in named])
        digits = (self.names >= 0) & (self.names < NO_DIGIT)
        return np.asarray(label[digits] != self.names[digits])


def cached(reader: Reader, frame: Frame, truth: Truth) -> Cached | None:
    """Read a page once, up to where the memory comes in."""
    assert reader.context is not None
    found = Segmentation(reader.network, find_candidates(binarise(frame.grey))).run()
    ink, marks = found.page.ink, found.marks
    if not marks:
        return None
    kinds = asked(reader.context.neighbourhood, ink, marks, usual_height(marks))
    digits = [
        Digit(0, 0, (0, 0), False, Box(*(s * ink.scale for s in _place(mark)))) for mark in marks
    ]
    return Cached(marks, kinds, np.array(matched(digits, truth)))


def _place(mark: Mark) -> tuple[int, int, int, int]:
    return mark.left, mark.top, mark.right - mark.left, mark.bottom - mark.top


def fit(args: argparse.Namespace, people: Iterator[tuple[int, Style]], others: Array) -> None:
    """Print what each kernel does to people who are measured nowhere else.

    others: (n, 28, 28) digits of other people with their labels, that no network was trained on.
    """
    reader = reader_with()
    assert isinstance(reader.network, Model)
    model, (x, y) = reader.network, others
    hidden = model.hidden(x)
    pages: dict[int, list[Cached]] = {}
    full: dict[int, tuple[Array, np.ndarray]] = {}
    for number, style in itertools.islice(people, args.hands):
        rng = np.random.default_rng([FIT_HANDS, number, 7])
        stream = pages_of(style, rng, PAGES // 2)
        pages[number] = [p for f, t in stream if (p := cached(reader, f, t)) is not None]
        labels = rng.integers(0, 10, FULL)
        full[number] = units(model.hidden(draw_patches(labels, rng, style))), labels
        print(f"person {number}", flush=True)
    rows = []
    for kernel in itertools.starmap(Kernel, itertools.product(*_KERNELS)):
        memory = Memory(model, kernel=kernel)
        learned = [_taught(memory, mine, None) for mine in pages.values()]
        spoiled = [
            _taught(memory, mine, np.random.default_rng(number)) for number, mine in pages.items()
        ]
        away = []
        for keys, labels in full.values():
            memory.hold([0.0] * len(labels), keys, labels)
            away.append(lost(model, memory, hidden, y) / len(y))
        rows.append(
            (
                *dataclasses.astuple(kernel),
                *(f"{share:.1%}" for share in np.nanmean([gone for gone, _ in learned], axis=0)),
                f"{np.mean([broken for _, broken in learned]):.2%}",
                *(f"{share:.0%}" for share in np.nanmean([gone for gone, _ in spoiled], axis=0)),
                f"{100 * np.mean(away):.3f}",
                f"{100 * max(away):.3f}",
                "in use" if kernel == Kernel() else "",
            )
        )
        print(rows[-1], flush=True)
    table(
        (
            *(field.name for field in dataclasses.fields(Kernel)),
            *(f"after {count}" for count in COUNTS),
            "broken",
            *(f"30 % wrong: {count}" for count in COUNTS),
            "points lost",
            "most",
            "",
        ),
        rows,
    )


def _taught(
    memory: Memory, pages: list[Cached], spoil: np.random.Generator | None
) -> tuple[list[float], float]:
    """Shares of errors gone after each of `COUNTS` corrections, and broken after the last.

    spoil: makes three labels of ten wrong.
    """
    learned, tested = pages[: len(pages) * 2 // 3], pages[len(pages) * 2 // 3 :]
    before = np.concatenate([page.wrong(None) for page in tested])
    nothing = np.zeros((0, len(pages[0].marks[0].hidden)), np.float32)  # type: ignore[arg-type]
    keys, labels = [nothing], [np.zeros(0, np.uint8)]
    gone: list[float] = []

    def hold() -> None:
        every = np.concatenate(labels).astype(np.uint8)
        memory.hold([0.0] * len(every), np.concatenate(keys), every)

    def now() -> np.ndarray:
        return np.concatenate([page.wrong(memory) for page in tested])

    hold()
    for page in learned:
        if not page.wrong(memory).any() or len(keys) > COUNTS[-1]:
            continue
        known = page.names >= 0
        keys.append(units(np.array([m.hidden for m in page.marks], np.float32)[known]))
        labels.append(spoiled(page.names[known], spoil))
        hold()
        if len(keys) - 1 in COUNTS:
            gone.append(1 - now().sum() / before.sum() if before.any() else np.nan)
    after = now()
    gone += [1 - after.sum() / before.sum() if before.any() else np.nan] * (len(COUNTS) - len(gone))
    return gone, float((after & ~before).sum() / max(1, (~before).sum()))
