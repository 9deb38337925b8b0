"""What the marks of a page are, by what stands around each and by the page as a whole.

The page gives each mark a handful of numbers (`reading.page`). A logistic regression
(`network.logistic`), fitted on drawn pages, turns them into the probability that it is a digit at
all. Then each mark hears what that came to for the others, and a second model, with a hidden
layer, says how likely it is the digit that the network names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pi_reader.errors import BadData
from pi_reader.network.base import Array
from pi_reader.network.neighbourhood import KINDS, SIGNS, Context, Neighbourhood
from pi_reader.reading.binarise import Ink
from pi_reader.reading.decode import EVEN, LEAST_SIZE, Mark, usual_height
from pi_reader.reading.page import (
    DIGITS,
    FEATURES,
    HEARD,
    LEAST,
    LETTER,
    REST,
    Page,
    describe,
    hear,
    outlines,
)
from pi_reader.reading.recall import Memory, recalled
from pi_reader.reading.windows import cut_windows
from pi_reader.values import CLASSES

_SEVERAL = [KINDS.index(sign) for sign in "÷:=%"]  # signs of several parts
NAMELESS = 0.5  # weight of ink that is neither digit, sign nor letter for standing by itself
NAMED = 2.0  # how much more the names of two that touch count, on a page of digits alone
_PERCENT = KINDS.index("%")  # the one that two touching digits look like


def has_our_names(context: Context) -> bool:
    """Whether its regressions were fitted on numbers that a page gives here; those of other
    versions may not be."""
    known, names = FEATURES + HEARD, context.page.names
    fits = len(FEATURES) <= len(names) and names == known[: len(names)]
    return fits and context.presence.names == FEATURES


def check_names(context: Context) -> None:
    """Raises BadData if its regressions were fitted on other numbers than a page gives here."""
    if not has_our_names(context):
        raise BadData(
            "weights: their page model was fitted on other numbers than this pi-reader takes;"
            " train it again, or update pi-reader"
        )


@dataclass(frozen=True, eq=False)
class Judged:
    """A mark and what the page makes of it.

    confidence: how likely it is the digit that the network names, 0 to 1; is_digit: whether a
    digit may stand here, whichever, or several that have grown together; presence: how likely
    that is by the page, None where only the neighbourhood was asked.
    """

    mark: Mark
    confidence: float
    is_digit: bool
    presence: float | None = None

    def doubted(self, confidence: float, why: str) -> Judged:
        """The same with less confidence."""
        mark = self.mark.but(unreadable=self.mark.unreadable or why)
        return replace(self, mark=mark, confidence=confidence)

    @property
    def sign(self) -> str:
        """The sign that it is, or ""."""
        if self.is_digit or not self.mark.kinds:
            return ""
        return _sign(self.mark)

    @property
    def is_letter(self) -> bool:
        """Whether it is a letter rather than anything else."""
        return not self.is_digit and bool(self.mark.kinds) and self.mark.kinds[LETTER] > EVEN

    @property
    def reason(self) -> str:
        """Why it is not believed, in a few words."""
        if self.mark.unreadable:
            return self.mark.unreadable
        chances = self.mark.chances[:CLASSES]
        second, first = sorted(range(CLASSES), key=chances.__getitem__)[-2:]
        if self.mark.disputed:
            return f"was taught as {min(first, second)} and as {max(first, second)}"
        if self.mark.torn:
            return "torn from ink of another line"
        if chances[second] > 0.1 * chances[first]:
            return f"may be {first} or {second}"
        kind = KINDS[int(np.argmax(self.mark.kinds))] if self.mark.kinds else "other"
        if kind.isdecimal():
            return "odd on this page"
        return {"letter": "may be a letter", "other": "may be no digit"}.get(kind, f"may be {kind}")


def in_context(
    ink: Ink, marks: Sequence[Mark], context: Context, memory: Memory | None = None
) -> list[Judged]:
    """What the marks of a page are, by what stands around them and by the page as a whole, and by
    what a memory knows of them.

    A page of digits makes a doubtful mark surer, but not a piece of what was cut: any other cut
    might have made a digit, too.
    """
    if not marks:
        return []
    usual = usual_height(marks)
    page = _page(ink, marks, context, memory, usual)
    if LEAST_SIZE * max(page.usual, usual) > min(page.usual, usual):  # misled by dust or a frame
        page = _page(ink, marks, context, memory, page.usual)
    x = describe(page, ink.mask.shape)
    presence = context.presence(x)
    numbers = len(context.page.names)  # earlier files hear less
    x = np.concatenate([x, hear(page, presence, numbers - len(FEATURES))], axis=1)
    confidence = context.page(x[:, :numbers])
    by_itself = [mark.kinds[mark.label] if mark.cut_from else 1.0 for mark in page.marks]
    confidence = np.minimum(confidence, np.array(by_itself, np.float32))
    presence[outlines(page.box, confidence >= EVEN)] = 0
    present = presence >= context.presence.threshold
    return [
        Judged(mark, sure, sure >= EVEN or (may_be and not _sign(mark)), any_digit)
        for mark, sure, may_be, any_digit in zip(
            page.marks, confidence.tolist(), present.tolist(), presence.tolist(), strict=True
        )
    ]


def _page(
    ink: Ink, marks: Sequence[Mark], context: Context, memory: Memory | None, usual: float
) -> Page:
    """The marks of a page with what the neighbourhood holds them for; usual: how tall digits seem
    to be, in working pixels."""
    kinds = with_names(asked(context.neighbourhood, ink, marks, usual), marks)
    return Page(choose_wholes(told(*recalled(marks, kinds, memory))))


def _sign(mark: Mark) -> str:
    """The sign that a mark likely is, or ""."""
    best = mark.kinds.index(max(mark.kinds))
    return KINDS[best] if KINDS[best] in SIGNS and mark.kinds[best] >= EVEN else ""


def asked(neighbourhood: Neighbourhood, ink: Ink, marks: Sequence[Mark], usual: float) -> Array:
    """What the neighbourhood holds some marks of a page for, (n, kinds) float32; usual: how
    tall digits are there, in working pixels."""
    patches = np.array([mark.patch for mark in marks], np.uint8)
    return neighbourhood.predict(windows_of(ink, marks, usual), patches, features(marks))


def with_names(kinds: Array, marks: Sequence[Mark]) -> Array:
    """What the neighbourhood holds marks for, (n, kinds), changed in place: of two that were named
    together (`Mark.paired`) the names count, too, the more digits and the fewer letters there are
    besides."""
    alone = [place for place, mark in enumerate(marks) if not mark.cut_from and not mark.whole]
    digits = DIGITS + float(kinds[alone, :CLASSES].sum())
    letters = REST + float(kinds[alone, LETTER].sum())
    weight = NAMED * digits / (digits + letters)
    for kind, mark in zip(kinds, marks, strict=True):
        if mark.paired:
            kind[:CLASSES] += weight * np.array(mark.paired, np.float32)
            kind /= kind.sum()
    return kinds


def told(marks: Sequence[Mark], kinds: Array) -> list[Mark]:
    """Marks with what the neighbourhood holds them for, (n, kinds).

    Which digit a mark is, if it is one, both networks say: the product of their probabilities.
    """
    chances = np.array([mark.chances for mark in marks], np.float32)
    both = chances[:, :CLASSES] * kinds[:, :CLASSES] + np.float32(1e-12)
    both *= ((1 - chances[:, CLASSES]) / both.sum(axis=1))[:, None]
    return [
        mark.but(chances=(*digits, mark.chances[CLASSES]), kinds=tuple(kind))
        for mark, digits, kind in zip(marks, both.tolist(), kinds.tolist(), strict=True)
    ]


def windows_of(ink: Ink, marks: Sequence[Mark], usual: float) -> np.ndarray:
    """The windows of some marks of a page, (n, 56, 112) uint8; usual: how tall digits are there,
    in working pixels."""
    return cut_windows(ink, marks, LEAST_SIZE * usual)


def features(marks: Sequence[Mark]) -> Array:
    """What the neighbourhood is told of each patch: the network's activations and logarithms of
    its probabilities, scaled to about 1; (n, features) float32."""
    hidden = np.array([mark.hidden for mark in marks], np.float32)
    chances = np.array([mark.chances for mark in marks], np.float32)
    return np.concatenate(
        [hidden * np.float32(0.5), np.log(np.maximum(chances, 6e-6)) * np.float32(0.25)], axis=1
    )


def choose_wholes(marks: Sequence[Mark]) -> list[Mark]:
    """Marks without those that are made of the same ink as likelier ones.

    Several components are one digit, one letter or one sign like =, or they stand for
    themselves. Ink that was cut into digits is a letter or a % as a whole, or the cuts are right:
    which says the page, too, by how many letters and how many digits stand on it.
    """
    wholes = [mark for mark in marks if mark.whole]
    parts = [mark for mark in marks if not mark.whole]
    letters = REST + sum(mark.kinds[LETTER] for mark in parts if not mark.cut_from)
    digits = DIGITS + sum(sum(mark.kinds[:CLASSES]) for mark in parts if not mark.cut_from)
    likely = []
    for whole in wholes:
        pieces = [mark for mark in parts if mark.cut_from and mark.components == whole.components]
        if pieces:
            itself = letters * whole.kinds[LETTER] + digits * whole.kinds[_PERCENT]
            row = digits * float(np.prod([max(mark.kinds[:CLASSES]) for mark in pieces]))
            likely.append(itself / max(itself + row, LEAST))
        else:
            several = max(whole.kinds[kind] for kind in _SEVERAL)
            likely.append(max(several, _as_one(whole, parts)))
    taken: set[int] = set()
    chosen = []
    for index in np.argsort(likely)[::-1]:
        if likely[index] > EVEN and not wholes[index].components & taken:
            chosen.append(wholes[index])
            taken |= wholes[index].components
    return [mark for mark in parts if not mark.components & taken] + chosen


def _as_one(whole: Mark, parts: Sequence[Mark]) -> float:
    """How likely several components are one digit, or one letter, rather than what each of them is
    alone."""
    apart = [mark.kinds for mark in parts if mark.components & whole.components]
    if len(apart) < 2 or not whole.is_digit:
        return 0.0
    one = max(whole.kinds[whole.label], whole.kinds[LETTER])
    each = float(np.prod([max(*named, NAMELESS * other) for *named, other in apart]))
    return one / max(one + each, LEAST)
