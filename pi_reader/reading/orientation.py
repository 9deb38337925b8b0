"""Which way up a page is: it is read as it lies, level, on its side and on its head, as far as it
does not read well, and what reads best is believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from pi_reader.reading.binarise import Ink
from pi_reader.reading.candidates import Candidates, find_candidates
from pi_reader.reading.classifier import Classifier
from pi_reader.reading.context import Judged
from pi_reader.reading.decode import EVEN, IN_DOUBT, LEAST_SIZE, median
from pi_reader.reading.turning import (
    CLEARLY,
    FOUR_SIDES,
    MOST_MARKS,
    ONE_WAY_UP,
    Turn,
    Turned,
    find_angle,
    find_quarters,
    reads_on_its_head,
    upright,
)
from pi_reader.values import CLEAR

GOOD = 0.9  # of the marks as large as digits: a page reads well and needs no other look
MOSTLY = 0.5  # the same of a page that stands upright
STEEP = 45.0  # degrees: only its digits say which way up a page is that lay by more
BETTER = 0.5  # digits: a page is turned only if so many more are read,
CLEARLY_MORE = 1.25  # times as many where it is laid on another side
LETTER = 0.5  # digits that a letter counts for, on a page that may hold no digits
UPRIGHT = ("+", "×", "÷", "=", "%")  # signs that no speck is taken for

Judge = Callable[[Candidates, int], tuple[list[Judged], int]]
Way = tuple[list[Judged], Turn | None]  # what stands on a page, and how it was turned for that


class Orientation:
    """The ways in which one page can be read.

    page: as it lies; ink: all of it, before anything was taken away. judge: says what stands on
    some candidates, and how many of so many patches the network may see of the frame after that.
    network: says what a patch shows; sure_at: the confidence from which a digit is believed; left:
    patches that the network may see. slope: degrees by which an upright page is turned clockwise as
    an earlier look saw it, 0 if there was none.
    """

    def __init__(
        self,
        page: Candidates,
        ink: Ink,
        judge: Judge,
        network: Classifier,
        sure_at: float,
        left: int,
        slope: float = 0.0,
    ) -> None:
        self._page, self._seen, self._judge = page, replace(page, ink=ink), judge
        self._network, self._sure_at = network, sure_at
        self.left, self._took, self._slope = left, 0, slope
        self._sides_seen: Turned = {}
        self._turned_by: dict[float, Way] = {}  # what was read already, by the angle

    def best(self) -> Way:
        """What stands on the page the way up in which it reads best."""
        way = self._at(self._slope) if self._slope else self._best_side()
        judged, turn = way
        angle = turn.angle if turn else 0.0
        lay = abs(angle) > STEEP  # on its side or on its head, by its digits alone
        if lay and not self._is_told(judged):
            return _doubted(judged, 0.5), turn
        if not lay and all(one.is_digit and one.confidence >= CLEAR for one in judged):
            return way
        return self._either_way_up(way, angle, 1.0 if lay else CLEARLY)

    @property
    def left_for_another(self) -> int:
        """Patches for another look at the page; none if it would take more than there are."""
        return self.left if self.left >= self._took else 0

    def _best_side(self) -> Way:
        """What stands on the page on the side on which it reads best."""
        level = 0.0 if self._page.crossed else find_angle(self._page.components)
        way = self._level(level)
        if _reads_well(way[0]):
            return way
        sides = map(self._at, self._sides(level))
        return next((side for side in sides if self._reads_better(side[0], way[0])), way)

    def _level(self, angle: float) -> Way:
        """What stands on the page, its lines level where they climb by this angle; as it lies
        where that reads about as well."""
        way = self._at(angle)
        if not angle or _expected(way[0]) >= GOOD * len(self._page.components):
            return way
        lying = self._at(0.0)
        return way if _expected(way[0]) > _expected(lying[0]) + BETTER else lying

    def _sides(self, level: float) -> Iterator[float]:
        """Angles by which the page may lie turned, the likeliest first: quarters of the page with
        its lines level, and of the page as it lies."""
        found = self._page.components
        for quarter in self._quarters(level):
            yield find_angle(found, level + quarter) if level else quarter
        if level:
            yield from self._quarters(0.0)

    def _either_way_up(self, way: Way, angle: float, prior: float) -> Way:
        """What was read on a page that was turned back by some degrees, or what is read on its
        head, where it reads about as well; prior: times as likely it is the right way up."""
        judged, turn = way
        digits = [one.mark for one in judged if one.is_digit and not one.mark.unreadable]
        if len(digits) < 2 or len(digits) > self.left:
            return way  # of one digit nobody can tell
        self.left -= len(digits)
        if not reads_on_its_head(digits, self._network, self._sides_seen):
            return way
        turned, other = self._at(angle + 180)
        on_its_head = _on_its_head(judged, turned, prior) if _is_upright(turned) else 0.0
        if on_its_head > EVEN and self._is_told(turned):
            return _doubted(turned, 1 - on_its_head), other
        return _doubted(judged, on_its_head), turn

    def _at(self, angle: float) -> Way:
        """What stands on the page when it is turned back by some degrees, read once."""
        angle = 180 - (180 - angle) % 360
        if angle not in self._turned_by:
            page, turn = self._page, None
            if angle:
                ink, turn = upright(self._seen, angle)
                page = find_candidates(ink)
            judged, left = self._judge(page, self.left)
            if abs(angle) <= STEEP:
                self._took += self.left - left
            self.left = left
            self._turned_by[angle] = judged, turn
        return self._turned_by[angle]

    def _quarters(self, angle: float) -> Sequence[float]:
        """Which way what is read at an angle may lie turned, as `find_quarters` says it; none if
        there is too much to look at."""
        judged, _ = self._at(angle)
        seen = [one for one in judged if one.presence != 0]  # what holds a digit is no digit turned
        cost = FOUR_SIDES * min(len(seen), MOST_MARKS)
        if cost > self.left:
            return ()
        self.left -= cost
        present = [1.0 if one.presence is None or one.mark.taught else one.presence for one in seen]
        marks = [one.mark for one in seen]
        return find_quarters(marks, present, self._network, self._sides_seen)

    def _reads_better(self, turned: Sequence[Judged], judged: Sequence[Judged]) -> bool:
        """Whether a turned page is one of digits, of which more are read than without that, clearly
        more unless it reads well; if none of them says which side is up, one more at least."""
        before = _worth(judged)
        if not _reads_well(turned):
            before *= CLEARLY_MORE
        more = _expected(turned) - before
        return _is_upright(turned) and more > (BETTER if self._is_told(turned) else 1)

    def _is_told(self, judged: Sequence[Judged]) -> bool:
        """Whether some sure digit says which side is up: of 0, 1, 6, 8 and 9 nobody can tell."""
        return any(
            one.is_digit and one.mark.label in ONE_WAY_UP and one.confidence >= self._sure_at
            for one in judged
        )


def _on_its_head(judged: Sequence[Judged], turned: Sequence[Judged], prior: float) -> float:
    """How likely a page lies on its head, by how likely all of its digits are right either way; 0
    if no more are right then. What could be any digit says nothing; prior: odds that it stands."""
    ways = [[one for one in way if not one.mark.unreadable] for way in (judged, turned)]
    if _expected(ways[1]) <= _expected(ways[0]):
        return 0.0
    right = [float(np.prod([one.confidence for one in way if one.is_digit])) for way in ways]
    stands, lies = (max(p, 1e-6) / max(1 - p, 1e-6) for p in right)
    return lies / (lies + prior * stands)


def _doubted(judged: Sequence[Judged], doubt: float) -> list[Judged]:
    """Marks as they are to be believed if the page is the other way up with this probability."""
    if doubt < IN_DOUBT:
        return list(judged)
    why = "may be upside down"
    return [one.doubted(one.confidence * (1 - doubt), why) for one in judged]


def _reads_well(judged: Sequence[Judged]) -> bool:
    """Whether nearly all that is as large as the digits is read: no other look is needed."""
    alike = _alike(judged)
    return alike > 0 and _expected(judged) >= GOOD * alike


def _is_upright(judged: Sequence[Judged]) -> bool:
    """Whether most that is as large as the digits is read."""
    return _expected(judged) >= MOSTLY * _alike(judged)


def _alike(judged: Sequence[Judged]) -> int:
    """How many marks are about as large as the digits of a page, whatever they are."""
    heights = [one.mark.height for one in judged if one.is_digit]
    usual = median(np.array(heights)) if heights else 0.0
    least, most = LEAST_SIZE * usual, usual / LEAST_SIZE
    return sum(least <= one.mark.height <= most for one in judged if heights)


def _worth(judged: Sequence[Judged]) -> float:
    """What is read on a page as it lies, in digits."""
    letters = sum(max(one.mark.kinds) for one in judged if one.is_letter)
    return max(0.0, _expected(judged)) + LETTER * letters


def _expected(judged: Sequence[Judged]) -> float:
    """How many more digits and signs are likely read right than wrong, of those that can be."""
    digits = [one.confidence for one in judged if one.is_digit and not one.mark.unreadable]
    signs = [max(one.mark.kinds) for one in judged if one.sign in UPRIGHT]
    return sum(2 * right - 1 for right in digits + signs)
