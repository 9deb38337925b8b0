"""Which way up a page is: it is read as it lies, level, on its side and on its head, as far as it
does not read well, and what reads best is believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from pi_reader.reading.binarise import Ink
from pi_reader.reading.candidates import Candidates, find_candidates
from pi_reader.reading.classifier import Classifier
from pi_reader.reading.context import Judged
from pi_reader.reading.decode import EVEN, IN_DOUBT
from pi_reader.reading.turning import (
    CLEARLY,
    FOUR_SIDES,
    ONE_WAY_UP,
    Turn,
    Turned,
    find_angle,
    find_quarter,
    reads_on_its_head,
    upright,
)
from pi_reader.values import CLEAR

GOOD = 0.8  # digits for each component: a turned page reads well and needs no other look
MOSTLY = 0.5  # more digits read right than wrong for each mark of a page that stands upright
STEEP = 45.0  # degrees: only its digits say which way up a page is that lay by more
BETTER = 0.5  # digits: a page is turned only if so many more are read

Judge = Callable[[Candidates, int], tuple[list[Judged], int]]
Way = tuple[list[Judged], Turn | None]  # what stands on a page, and how it was turned for that


class Orientation:
    """The ways in which one page can be read.

    page: as it lies; ink: all of it, before anything was taken away. judge: says what stands on
    some candidates, and how many of so many patches the network may see of the frame after that.
    network: says what a patch shows; sure_at: the confidence from which a digit is believed; left:
    patches that the network may see.
    """

    def __init__(
        self,
        page: Candidates,
        ink: Ink,
        judge: Judge,
        network: Classifier,
        sure_at: float,
        left: int,
    ) -> None:
        self._page, self._seen, self._judge = page, replace(page, ink=ink), judge
        self._network, self._sure_at, self.left = network, sure_at, left
        self._sides: Turned = {}
        self._turned_by: dict[float, Way] = {}  # what was read already, by the angle

    def best(self) -> Way:
        """What stands on the page the way up in which it reads best."""
        way = judged, turn = self._level()
        angle = turn.angle if turn else 0.0
        lay = abs(angle) > STEEP  # on its side, by its digits alone
        if lay and not self._is_told(judged):
            return _doubted(judged, 0.5), turn
        clear = not lay and all(one.is_digit and one.confidence >= CLEAR for one in judged)
        if clear or (quarter := self._quarter(judged)) is None:
            return way
        if quarter:
            other = turned, turn = self._turned(angle + quarter)
            if (expected := _expected(turned)) < MOSTLY * len(turned):
                return way
        if not quarter or expected <= _expected(judged) + BETTER:
            return self._either_way_up(way, angle, 1.0 if lay else CLEARLY)
        if not self._is_told(turned):
            return _doubted(turned, 0.5), turn
        return self._either_way_up(other, angle + quarter, 1.0)

    def _level(self) -> Way:
        """What stands on the page, its lines level where they lie askew."""
        found = self._page.components
        angle = find_angle(found)
        if not angle or self._page.crossed:  # whose strokes lie level
            return self._read(self._page), None
        way = self._turned(angle)
        if _expected(way[0]) >= GOOD * len(found):
            return way
        if quarter := self._quarter(way[0]):
            other = self._turned(find_angle(found, angle + quarter))
            if _expected(other[0]) >= GOOD * len(found):
                return other
            if quarter % 180:  # lines that climb by more than half a right angle
                way = other
        judged = self._read(self._page)
        return way if _expected(way[0]) > _expected(judged) + BETTER else (judged, None)

    def _either_way_up(self, way: Way, angle: float, prior: float) -> Way:
        """What was read on a page that was turned back by some degrees, or what is read on its
        head, where it reads about as well; prior: times as likely it is the right way up."""
        judged, turn = way
        digits = [one.mark for one in judged if one.is_digit and not one.mark.unreadable]
        if len(digits) < 2 or len(digits) > self.left:
            return way  # of one digit nobody can tell
        self.left -= len(digits)
        if not reads_on_its_head(digits, self._network, self._sides):
            return way
        turned, other = self._turned(angle + 180)
        on_its_head = _on_its_head(judged, turned, prior)
        if on_its_head > EVEN and self._is_told(turned):
            return _doubted(turned, 1 - on_its_head), other
        return _doubted(judged, on_its_head), turn

    def _read(self, page: Candidates) -> list[Judged]:
        """What stands on some candidates."""
        judged, self.left = self._judge(page, self.left)
        return judged

    def _turned(self, angle: float) -> Way:
        """What stands on the page when it is turned back by some degrees."""
        if angle not in self._turned_by:
            ink, turn = upright(self._seen, angle)
            self._turned_by[angle] = self._read(find_candidates(ink)), turn
        return self._turned_by[angle]

    def _quarter(self, judged: Sequence[Judged]) -> int | None:
        """Which way what was read lies turned, as `find_quarter` says it; None if there is too much
        to look at."""
        if FOUR_SIDES * len(judged) > self.left:
            return None
        self.left -= FOUR_SIDES * len(judged)
        seen = [one for one in judged if one.presence != 0]  # what holds a digit is no digit turned
        present = [1.0 if one.presence is None or one.mark.taught else one.presence for one in seen]
        marks = [one.mark for one in seen]
        return find_quarter(marks, present, self._network, self._sides)

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


def _expected(judged: Sequence[Judged]) -> float:
    """How many more digits are likely read right than wrong, of those that can be read."""
    return sum(2 * one.confidence - 1 for one in judged if one.is_digit and not one.mark.unreadable)
