"""What a page says of each of its marks, as numbers: how tall digits are here, what stands beside
what, how dark. The models of `reading.context` were fitted on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pi_reader.network.base import Array
from pi_reader.network.neighbourhood import KINDS
from pi_reader.reading.decode import EVEN, Mark, places_of, weighted_median
from pi_reader.reading.same_hand import unlike_its_name
from pi_reader.values import CLASSES

LETTER = KINDS.index("letter")
LEAST = 1e-3  # probabilities below it are all the same
DIGITS, REST = 0.8, 0.1  # what a page is expected to hold before anything is seen
_OTHER, _SLASH = KINDS.index("other"), KINDS.index("/")
_BRACKETS = [KINDS.index("("), KINDS.index(")")]
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
    "unlike its name",  # how much more it is like marks named as its second choice (`same_hand`)
)


class Page:
    """The marks of a page, each number once for all of them; there is one mark at least.

    kinds: (n, kinds) what the neighbourhood holds each for; box: (n, 4) left, top, right, bottom in
    working pixels, width, height: (n,) of it; digit, letter, other: (n,) how likely each is what;
    weight: (n,) what each says of digits here; usual: their height in pixels; size: (n,) how much a
    mark counts, 0 to 1, as specks count for little; beside: (n, n) how much each one hears of each
    other, and company: (n,) of all others; touching: (n,) how many others each one touches.
    """

    def __init__(self, marks: Sequence[Mark]) -> None:
        self.marks = marks
        self.kinds = np.array([mark.kinds for mark in marks])
        self.box = places_of(marks).astype(np.float32)
        self.digit = self.kinds[:, :CLASSES].sum(1)
        self.letter, self.other = self.kinds[:, LETTER], self.kinds[:, _OTHER]
        left, top, right, bottom = self.box.T
        self.width, self.height = right - left, bottom - top
        likely = np.where(outlines(self.box, self.digit >= EVEN), 0.0, self.digit)
        self.weight = (likely + LEAST) * self.height  # dust counts for little
        self.usual = weighted_median(self.height, self.weight)
        self.size = np.minimum(np.maximum(self.width, self.height) / self.usual, 1) ** 2
        apart, level = _gaps(self.box)
        self.beside = np.exp(-np.maximum(apart, 0)) * level
        self.beside.flat[:: len(marks) + 1] = 0  # itself
        self.beside *= self.size
        self.company = self.beside.sum(1)
        self.touching = ((apart < _TOUCHING) & level).sum(1) - 1

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


def outlines(box: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """Which marks hold the whole box of a digit, and so are a ring or a frame, (n,) bool.

    digits: (n,) bool, which marks are likely digits; these are no outlines.
    """
    left, top, right, bottom = sides = box.T[:, :, None]
    inner = sides[:, digits, 0]
    holds = (left <= inner[0]) & (top <= inner[1]) & (right >= inner[2]) & (bottom >= inner[3])
    return np.asarray(holds.any(axis=1) & ~digits)


def hear(page: Page, presence: np.ndarray, count: int = len(HEARD)) -> Array:
    """The first numbers of `HEARD` for each mark of a page, (n, heard) float32.

    presence: (n,) how likely each is any digit, by the numbers of `FEATURES`; count: how many are
    wanted, since the models of earlier files hear less; they may be given more.
    """
    everywhere = page.of_the_others(presence, DIGITS)
    odds = log_odds(np.array([everywhere, page.near(presence, everywhere)]))
    pieces = np.array([id(mark.cut_from) if mark.cut_from else 0 for mark in page.marks])
    of_one = (pieces[:, None] == pieces) & (pieces[:, None] > 0)
    np.fill_diagonal(of_one, False)
    least = np.where(of_one, presence, 1.0).min(axis=1)
    others = np.where(of_one.any(axis=1), log_odds(least), 0.0)
    columns = [*odds, page.count(page.letter), page.count(presence), pieces > 0, others]
    if count > len(columns):
        columns.append(unlike_its_name(page.marks, presence * page.size))
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
    width, height = page.width, page.height
    thick = weighted_median(stroke, page.weight)
    digits = beside @ digit
    local = (beside @ (np.log(height) * digit) + 0.3 * np.log(usual)) / (digits + 0.3)
    foot = (beside @ (box[:, 3] * digit) + 0.3 * box[:, 3]) / (digits + 0.3)
    shares = (digit, DIGITS), (page.letter, REST), (page.other, REST)
    everywhere = [page.of_the_others(share, expected) for share, expected in shares]
    around = [page.near(share, on) for (share, _), on in zip(shares, everywhere, strict=True)]
    tall, wide, pen = np.log(height / usual), np.log(width / height), np.log(stroke / thick)
    off = np.log(height) - local
    room = np.minimum.reduce([box[:, 0], box[:, 1], shape[1] - box[:, 2], shape[0] - box[:, 3]])
    margin = first / np.maximum(first + second, 1e-9)
    odds = log_odds(np.array([first, chances[:, CLASSES], margin, digit, same]))
    sign, bracket = kinds[:, CLASSES:LETTER].sum(1), kinds[:, _BRACKETS].sum(1)
    rest = np.array([page.letter, page.other, kinds[:, _SLASH], bracket, sign])
    columns = [
        *odds,
        *np.log(rest + LEAST),
        tall,
        np.abs(tall),
        off,
        np.abs(off),
        wide,
        pen,
        np.abs(pen),
        np.log(darkness / (darkness[np.argmax(digit * darkness)] + 1e-6) + LEAST),
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
