"""What a page says of its marks: how tall digits are here, what stands beside what, how dark.

Each mark gets a handful of numbers. A logistic regression (`network.logistic`), fitted on drawn
pages, turns them into the probability that it is a digit at all. Then each mark hears what that
came to for the others, and a second model, with a hidden layer, says how likely it is the digit
that the network names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pi_reader.errors import BadData
from pi_reader.network.base import Array
from pi_reader.network.neighbourhood import KINDS, SIGNS, Context
from pi_reader.reading.binarise import Ink
from pi_reader.reading.decode import Mark, usual_height, weighted_median
from pi_reader.reading.recall import Memory, recalled
from pi_reader.reading.windows import cut_windows
from pi_reader.values import CLASSES

_LETTER, _OTHER = KINDS.index("letter"), KINDS.index("other")
_SLASH, _BRACKETS = KINDS.index("/"), [KINDS.index("("), KINDS.index(")")]
SIGN_AT = 0.5  # probability from which a mark that is no sure digit is told as a sign
LEAST_HEIGHT = 0.5  # of the usual height: no window is made for a smaller mark than that
_SEVERAL = [KINDS.index(sign) for sign in "÷:=%"]  # signs of several parts
_LEAST = 1e-3  # probabilities below it are all the same
_DIGITS, _REST = 0.8, 0.1  # what a page is expected to hold before anything is seen
_TOUCHING = 0.05  # of the taller one's height: a gap that is none

FEATURES = (
    "network",  # log odds of the digit that the network for patches names
    "network: none",  # of no digit
    "network: margin",  # of the first digit against the second
    "digit",  # of any digit, by the neighbourhood
    "same digit",  # of that digit, by the neighbourhood
    "letter",  # logarithms of what else the neighbourhood holds possible
    "other",
    "slash",
    "bracket",
    "sign",
    "height",  # logarithm, in usual heights of the page's digits
    "odd height",  # how far that is from 0
    "height beside",  # in heights of the digits beside it
    "odd height beside",
    "width",  # logarithm of width over height
    "stroke",  # how much thicker or thinner than the page's digits it is written, logarithm
    "odd stroke",
    "darkness",  # logarithm, in shares of the surest digit's
    "page: digits",  # shares of the ink of all other marks
    "page: letters",
    "page: other",
    "beside: digits",  # shares of the marks beside it
    "beside: letters",
    "beside: other",
    "page: marks",  # logarithm of how many there are
    "torn",  # whether it was torn from ink of another line
    "touching",  # how many marks it touches, at most 2
    "off the line",  # how far its foot stands from those beside it, in usual heights
    "at the edge",  # whether it reaches the edge of the frame
)
HEARD = (
    "page: heard digits",  # log odds of a digit, mean over the ink of all other marks
    "beside: heard digits",  # the same, mean over the marks beside it
    "page: count of letters",  # logarithms of how many other marks are letters,
    "page: count of digits",  # and digits
    "cut",  # whether it was cut out of ink that may be one mark
    "cut: the others",  # log odds of a digit, the least of its other pieces; 0 where it is whole
)


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

    @property
    def sign(self) -> str:
        """The sign that it is, or ""."""
        if self.is_digit or not self.mark.kinds:
            return ""
        return _sign(self.mark)

    @property
    def is_letter(self) -> bool:
        """Whether it is a letter rather than anything else."""
        return not self.is_digit and bool(self.mark.kinds) and self.mark.kinds[_LETTER] > SIGN_AT

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
    marks = see(ink, marks, context, memory)
    if not marks:
        return []
    page = Page.of(marks)
    x = describe(page, ink.mask.shape)
    presence = context.presence(x)
    present = presence >= context.presence.threshold
    x = np.concatenate([x, hear(page, presence)], axis=1)
    confidence = context.page(x[:, : len(context.page.names)])  # earlier files hear less
    by_itself = [mark.kinds[mark.label] if mark.cut_from else 1.0 for mark in marks]
    confidence = np.minimum(confidence, np.array(by_itself, np.float32))
    present &= ~outlines(marks, confidence >= 0.5)
    return [
        Judged(mark, sure, sure >= 0.5 or (may_be and not _sign(mark)), any_digit)
        for mark, sure, may_be, any_digit in zip(
            marks, confidence.tolist(), present.tolist(), presence.tolist(), strict=True
        )
    ]


def outlines(marks: Sequence[Mark], digits: np.ndarray) -> np.ndarray:
    """Which marks hold the whole box of a digit, and so are a ring or a frame, (n,) bool.

    digits: (n,) bool, which marks are likely digits; these are no outlines.
    """
    box = np.array([(m.left, m.top, m.right, m.bottom) for m in marks], np.int32).reshape(-1, 4)
    inner = box[digits]
    holds = (box[:, None, :2] <= inner[:, :2]).all(2) & (box[:, None, 2:] >= inner[:, 2:]).all(2)
    return np.asarray(holds.any(axis=1) & ~digits)


def _sign(mark: Mark) -> str:
    """The sign that a mark likely is, or ""."""
    best = mark.kinds.index(max(mark.kinds))
    return KINDS[best] if KINDS[best] in SIGNS and mark.kinds[best] >= SIGN_AT else ""


def see(
    ink: Ink, marks: Sequence[Mark], context: Context, memory: Memory | None = None
) -> list[Mark]:
    """The marks with what the neighbourhood holds each for; signs of several parts are one."""
    if not marks:
        return []
    kinds = context.neighbourhood.predict(
        windows_of(ink, marks, marks),
        np.array([mark.patch for mark in marks], np.uint8),
        features(marks),
    )
    marks, kinds = recalled(marks, kinds, memory)
    return choose_wholes(told(marks, kinds))


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


def windows_of(ink: Ink, marks: Sequence[Mark], page: Sequence[Mark]) -> np.ndarray:
    """The windows of some marks of a page, (n, 56, 112) uint8; page: all marks there are."""
    return cut_windows(ink, marks, LEAST_HEIGHT * usual_height(page))


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

    Several components either are a sign like = or nothing as a whole, and then they stand for
    themselves. Ink that was cut into digits is a letter as a whole, or the cuts are right: which of
    the two says the page, too, by how many letters and how many digits stand on it.
    """
    wholes = [mark for mark in marks if mark.whole]
    parts = [mark for mark in marks if not mark.whole]
    letters = _REST + sum(mark.kinds[_LETTER] for mark in parts if not mark.cut_from)
    digits = _DIGITS + sum(sum(mark.kinds[:CLASSES]) for mark in parts if not mark.cut_from)
    likely = []
    for whole in wholes:
        pieces = [mark for mark in parts if mark.cut_from and mark.components == whole.components]
        if pieces:
            letter = letters * whole.kinds[_LETTER]
            row = digits * float(np.prod([max(mark.kinds[:CLASSES]) for mark in pieces]))
            likely.append(letter / max(letter + row, _LEAST))
        else:
            likely.append(max(whole.kinds[kind] for kind in _SEVERAL))
    taken: set[int] = set()
    chosen = []
    for index in np.argsort(likely)[::-1]:
        if likely[index] > 0.5 and not wholes[index].components & taken:
            chosen.append(wholes[index])
            taken |= wholes[index].components
    return [mark for mark in parts if not mark.components & taken] + chosen


@dataclass(frozen=True, eq=False)
class Page:
    """The marks of a page, each number once for all of them; there is one mark at least.

    kinds: (n, kinds) what the neighbourhood holds each for; box: (n, 4) left, top, right, bottom in
    working pixels; digit, letter, other: (n,) how likely each is what; usual: the height of digits
    here in pixels; size: (n,) how much a mark counts, 0 to 1, as specks count for little; beside:
    (n, n) how much each one hears of each other, and company: (n,) of all others; touching: (n,)
    how many others each one touches.
    """

    marks: Sequence[Mark]
    kinds: np.ndarray
    box: np.ndarray
    digit: np.ndarray
    letter: np.ndarray
    other: np.ndarray
    usual: float
    size: np.ndarray
    beside: np.ndarray
    company: np.ndarray
    touching: np.ndarray

    @classmethod
    def of(cls, marks: Sequence[Mark]) -> Page:
        """The page of some marks, with what the neighbourhood says of them."""
        kinds = np.array([mark.kinds for mark in marks])
        box = np.array([(m.left, m.top, m.right, m.bottom) for m in marks], np.float32)
        digit = kinds[:, :CLASSES].sum(1)
        width, height = box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]
        usual = weighted_median(height, (digit + _LEAST) * height)  # dust counts for little
        size = np.minimum(np.maximum(width, height) / usual, 1) ** 2
        letter, other = kinds[:, _LETTER], kinds[:, _OTHER]
        apart, level = _gaps(box)
        beside = np.exp(-np.maximum(apart, 0)) * level
        beside.flat[:: len(box) + 1] = 0  # itself
        beside *= size
        touching = ((apart < _TOUCHING) & level).sum(1) - 1
        return cls(
            marks,
            kinds,
            box,
            digit,
            letter,
            other,
            usual,
            size,
            beside,
            beside.sum(1),
            touching,
        )

    def of_the_others(self, share: np.ndarray, expected: float) -> np.ndarray:
        """The mean of `share` over all other marks, and one as expected."""
        counted = share * self.size
        total = counted.sum() - counted
        return np.asarray((total + expected) / (self.size.sum() - self.size + 1))

    def near(self, share: np.ndarray, on_page: np.ndarray) -> np.ndarray:
        """The mean of `share` over the marks beside each, and one as on the whole page."""
        return np.asarray((self.beside @ share + on_page) / (self.company + 1))

    def count(self, share: np.ndarray) -> np.ndarray:
        """The logarithm of one and the number of other marks that are something."""
        counted = share * self.size
        return np.asarray(np.log1p(counted.sum() - counted))


def hear(page: Page, presence: np.ndarray) -> Array:
    """The numbers of `HEARD` for each mark of a page, (n, heard) float32.

    presence: (n,) how likely each is any digit, by the numbers of `FEATURES`.
    """
    everywhere = page.of_the_others(presence, _DIGITS)
    odds = log_odds(np.array([everywhere, page.near(presence, everywhere)]))
    pieces = np.array([id(mark.cut_from) if mark.cut_from else 0 for mark in page.marks])
    of_one = (pieces[:, None] == pieces) & (pieces[:, None] > 0)
    np.fill_diagonal(of_one, False)
    least = np.where(of_one, presence, 1.0).min(axis=1)
    others = np.where(of_one.any(axis=1), log_odds(least), 0.0)
    columns = [*odds, page.count(page.letter), page.count(presence), pieces > 0, others]
    return _by_mark(columns)


def describe(page: Page, shape: tuple[int, int]) -> Array:
    """The numbers of `FEATURES` for each mark of a page, (n, features) float32.

    shape: (height, width) of the page in working pixels.
    """
    marks, kinds = page.marks, page.kinds
    chances = np.array([mark.chances for mark in marks])  # (n, 11)
    box, digit, usual, beside = page.box, page.digit, page.usual, page.beside
    stroke = np.array([max(mark.stroke, 0.5) for mark in marks])
    darkness = np.array([mark.darkness for mark in marks])
    label = chances[:, :CLASSES].argmax(1)
    second, first = np.sort(chances[:, :CLASSES], axis=1)[:, -2:].T
    same = kinds[np.arange(len(marks)), label]
    width, height = box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]
    thick = weighted_median(stroke, (digit + _LEAST) * height)
    digits = beside @ digit
    local = (beside @ (np.log(height) * digit) + 0.3 * np.log(usual)) / (digits + 0.3)
    foot = (beside @ (box[:, 3] * digit) + 0.3 * box[:, 3]) / (digits + 0.3)
    shares = (digit, _DIGITS), (page.letter, _REST), (page.other, _REST)
    everywhere = [page.of_the_others(share, expected) for share, expected in shares]
    around = [page.near(share, on) for (share, _), on in zip(shares, everywhere, strict=True)]
    tall, wide, pen = np.log(height / usual), np.log(width / height), np.log(stroke / thick)
    off = np.log(height) - local
    room = np.minimum.reduce([box[:, 0], box[:, 1], shape[1] - box[:, 2], shape[0] - box[:, 3]])
    margin = first / np.maximum(first + second, 1e-9)
    odds = log_odds(np.array([first, chances[:, CLASSES], margin, digit, same]))
    sign, bracket = kinds[:, CLASSES:_LETTER].sum(1), kinds[:, _BRACKETS].sum(1)
    rest = np.array([page.letter, page.other, kinds[:, _SLASH], bracket, sign])
    columns = [
        *odds,
        *np.log(rest + _LEAST),
        tall,
        np.abs(tall),
        off,
        np.abs(off),
        wide,
        pen,
        np.abs(pen),
        np.log(darkness / (darkness[np.argmax(digit * darkness)] + 1e-6) + _LEAST),
        *everywhere,
        *around,
        np.full(len(marks), np.log(page.size.sum() + 0.5)),
        [mark.torn for mark in marks],
        np.minimum(page.touching, 2),
        np.minimum(np.abs(box[:, 3] - foot) / usual, 2),
        room < 2,
    ]
    return _by_mark(columns)


def _by_mark(columns: Sequence[Sequence[float] | np.ndarray]) -> Array:
    """Numbers of each mark, given one by one, as rows, (n, numbers) float32."""
    return np.ascontiguousarray(np.array(columns, np.float32).T)


def log_odds(p: np.ndarray) -> np.ndarray:
    """log(p / (1 - p)) of probabilities, at most 9 either way."""
    p = np.minimum(np.maximum(p, 1e-4), 1 - 1e-4)
    return np.asarray(np.log(p / (1 - p)))


def _gaps(box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Between each two boxes (n, 4): the gap from left to right in heights of the taller one,
    and whether they stand level, both (n, n)."""
    left, top, right, bottom = box.T
    height = bottom - top
    apart = np.maximum(left, left[:, None]) - np.minimum(right, right[:, None])
    level = np.minimum(bottom, bottom[:, None]) > np.maximum(top, top[:, None])
    return apart / np.maximum(height, height[:, None]), level
