"""Temporal voting: a reading counts when it was seen in k of the last n looks.

Looks are compared by position, so that a page which slides a little stays the same page, and
another page with the same number is announced again. Each digit position votes for itself: it
is sure when enough looks were sure of the same digit and no look was sure of another. A sign stands
in the text when enough looks saw it, and makes its value unsure when fewer did.

A reader is asked about pages of which somebody thinks that they hold digits; a camera sees whatever
lies on its desk, for hours. So a digit is sure only if half of the looks since the scene came to
rest were, and, where most of what may be digits is doubtful, only if it is clear.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pi_reader.values import CLEAR, SURE_SIGN, Box, Digit, Line, Reading, Sign

DRIFT = 0.5  # of a digit's size: how far the same digit may move between two looks
LEAST_SIGN = 6  # pixels: how far a point may move between two looks, however small it is
GROWTH = 1.6  # factor by which its box may grow or shrink: a faint stroke comes and goes
TRUSTED = 0.8  # trust in a page from which all its sure digits are; see tests/bench/trust.py
ODD = "where little looks like a digit"
HISTORY = 16  # looks since the scene came to rest, in half of which a sure digit must be seen
RARE = "seen in few of the looks"

_Sure = Mapping[int, Sequence[Box]]  # where a look is sure of each digit


class Vote:
    """Decides what is announced, and when.

    seen, of: a reading is announced when `seen` of the last `of` looks agree.
    said: the reading announced last, None if there is none.
    """

    def __init__(self, seen: int = 3, of: int = 4) -> None:
        self.said: Reading | None = None
        self._seen = seen
        self._looks: deque[Reading] = deque(maxlen=max(seen, of))
        self._history: deque[_Sure] = deque(maxlen=max(seen, of, HISTORY))
        self._reconsidering = False
        self._before: Reading | None = None  # what was announced before that
        self._moved = True  # since something was said
        self._settled: bool | None = False  # None: not known since the looks changed

    @property
    def settled(self) -> bool:
        """Whether further looks at the same scene would change nothing."""
        if self._settled is None:
            last = self._looks[-1]
            enough = len(self._alike(last)) >= self._seen
            self._settled = enough and _agrees(self.said, last)
        return self._settled

    def add(self, reading: Reading) -> Reading | None:
        """Add a look. Returns what to announce now: a reading, one without lines if the paper is
        gone, or None if the last announcement still holds."""
        self._looks.append(reading)
        self._history.append(_sure_of(reading))
        self._settled = None
        alike = self._alike(reading)
        if len(alike) < self._seen:
            return None
        if not reading.lines:
            if self.said is None:
                return None
            self.said = self._before = None
            return reading
        voted = self._voted(alike)
        if self.said is not None and same_place(self.said, voted):
            if not self._reconsidering:
                voted = _kept(self.said, voted)
            self._reconsidering = False
            if _still_holds(self.said, voted):
                self.said = _moved(self.said, reading)
                return None
        elif self._is_no_news(voted):
            return None
        self._before, self.said, self._moved = self.said, voted, False
        return voted

    def stir(self) -> None:
        """The scene has changed: earlier looks no longer count."""
        self._looks.clear()
        self._history.clear()
        self._settled = False

    def move(self) -> None:
        """Something moves: what was in doubt may be gone when it comes to rest."""
        self._moved = True

    def reconsider(self) -> None:
        """Something was taught: look again, and believe the next looks, even where they are unsure
        of what was announced for sure."""
        self.stir()
        self._reconsidering = True

    def forget(self) -> None:
        """Start over: the same page is announced again once it has been seen often enough."""
        self.said = None
        self.stir()

    def _is_old(self, voted: Reading) -> bool:
        """Whether nothing moved since the last announcement, or this was the one before it."""
        before = self._before
        again = before is not None and before.text == voted.text and same_place(before, voted)
        return again or not self._moved

    def _is_no_news(self, voted: Reading) -> bool:
        """Whether further looks must say what is there, or only a doubt has gone."""
        rare = any(one.reason == RARE for one in voted.digits)
        if rare and len(self._history) < (self._history.maxlen or 0):
            return True
        return self.said is not None and _doubts_less(self.said, voted) and self._is_old(voted)

    def _unless_rare(self, digit: Digit) -> Digit:
        """The same digit, unsure if few looks since the scene came to rest were sure of it: of a
        hundred looks at something that flickers, some three of four agree."""
        if not digit.sure:
            return digit
        seen = sum(
            any(_near(box, digit.box) for box in look.get(digit.label, ()))
            for look in self._history
        )
        rare = 2 * seen < len(self._history)
        return replace(digit, sure=False, reason=RARE) if rare else digit

    def _alike(self, reading: Reading) -> list[Reading]:
        """The looks that have digits in the same places, newest last."""
        return [look for look in self._looks if same_place(look, reading)]

    def _voted(self, looks: Sequence[Reading]) -> Reading:
        """One reading from looks with the same places; boxes and patches are from the newest."""
        columns = zip(*(look.digits for look in looks), strict=True)
        digits = [self._unless_rare(_vote(column, self._seen)) for column in columns]
        voted = _with_digits(looks[-1], digits if trust(digits) >= TRUSTED else _clear(digits))
        rows = zip(*(look.lines for look in looks), strict=True)
        signs = [_vote_signs(row, self._seen) for row in rows]
        return replace(
            voted,
            lines=tuple(
                replace(line, signs=sure, doubts=doubts)
                for line, (sure, doubts) in zip(voted.lines, signs, strict=True)
            ),
        )


def trust(digits: Sequence[Digit]) -> float:
    """The mean confidence of what may be digits on a page, 0 to 1, each weighted by its confidence;
    0 if there are none.

    On a page of digits most are clear. Letters, drawings and things give several likely ones, all
    for the same reason, so none of them speaks for the others.
    """
    chances = [digit.confidence for digit in digits]
    return sum(p * p for p in chances) / max(sum(chances), 1e-9)


def same_place(one: Reading, other: Reading) -> bool:
    """Whether two readings have their digits in the same places, whatever they are."""
    if [len(line.digits) for line in one.lines] != [len(line.digits) for line in other.lines]:
        return False
    return all(_near(a.box, b.box) for a, b in zip(one.digits, other.digits, strict=True))


def _agrees(said: Reading | None, look: Reading) -> bool:
    """Whether a look agrees with what was announced, as far as it is sure."""
    if said is None:
        return not look.lines
    return (
        same_place(said, look)
        and all(
            old.label == new.label or not (old.sure and new.sure)
            for old, new in zip(said.digits, look.digits, strict=True)
        )
        and all(
            any(old.sign == new.sign and _is_at(old, new) for old in line.signs)
            for line, now in zip(said.lines, look.lines, strict=True)
            for new in now.signs
            if new.confidence >= SURE_SIGN
        )
    )


def _still_holds(said: Reading, voted: Reading) -> bool:
    """Whether there is nothing to announce: the text is the same, and no value is sure that was
    not. One that is in doubt only now was announced, and stays."""
    pairs = zip(said.values, voted.values, strict=False)
    return said.text == voted.text and all(old.sure or not new.sure for old, new in pairs)


def _doubts_less(said: Reading, voted: Reading) -> bool:
    """Whether the only news is that a mark which nobody was sure of is not there: where nothing
    moved it may come and go from look to look."""
    left = list(said.digits)
    for new in voted.digits:
        old = next((one for one in left if _near(one.box, new.box)), None)
        if old is None or (new.sure and not (old.sure and old.label == new.label)):
            return False
        left.remove(old)
    return not any(one.sure for one in left)


def _is_at(one: Sign, other: Sign) -> bool:
    """Whether two signs can be the same one in two looks."""
    size = max(one.box.width, one.box.height, other.box.width, other.box.height, LEAST_SIGN)
    off_x = abs(one.box.x + one.box.right - other.box.x - other.box.right) / 2
    off_y = abs(one.box.y + one.box.bottom - other.box.y - other.box.bottom) / 2
    return max(off_x, off_y) <= size


def _vote_signs(lines: Sequence[Line], needed: int) -> tuple[tuple[Sign, ...], tuple[Sign, ...]]:
    """The signs of a line that enough looks saw, and those that only some of them did."""
    places: list[list[tuple[Sign, bool]]] = []  # of each: what looks saw there, and if as a sign
    for line in lines:
        for sign, is_told in [(one, True) for one in line.signs] + [
            (one, False) for one in line.doubts
        ]:
            home = next((p for p in places if _is_at(p[-1][0], sign)), None)
            if home is None:
                places.append(home := [])
            home.append((sign, is_told))
    sure: list[Sign] = []
    doubts: list[Sign] = []
    for place in places:
        told = Counter(sign.sign for sign, was_told in place if was_told)
        label, count = told.most_common(1)[0] if told else (place[-1][0].sign, 0)
        same = [sign for sign, _ in place if sign.sign == label]
        if count >= needed:
            mean = sum(sign.confidence for sign in same) / max(len(lines), len(same))
            sure.append(replace(same[-1], confidence=mean))
        elif len(place) > 1 or len(lines) == 1:  # what a single look saw is a speck
            doubts.append(same[-1])
    return tuple(sure), tuple(doubts)


def _sure_of(look: Reading) -> _Sure:
    """The boxes of the digits that a look is sure of, by what they are."""
    boxes: dict[int, list[Box]] = {}
    for digit in look.digits:
        if digit.sure:
            boxes.setdefault(digit.label, []).append(digit.box)
    return boxes


def _near(a: Box, b: Box) -> bool:
    """Whether two boxes can hold the same digit in two looks."""
    size = max(a.width, a.height, b.width, b.height)
    taller, lower = max(a.height, b.height), min(a.height, b.height)
    off_x = abs(a.x + a.right - b.x - b.right) / 2
    off_y = abs(a.y + a.bottom - b.y - b.bottom) / 2
    return max(off_x, off_y) <= DRIFT * size and taller <= GROWTH * lower


def _vote(looks: Sequence[Digit], needed: int) -> Digit:
    """The joint result of several looks at one digit."""
    believed = Counter(digit.label for digit in looks if digit.sure)
    guesses = Counter(digit.label for digit in looks)
    label = (believed or guesses).most_common(1)[0][0]
    sure = len(believed) == 1 and believed[label] >= needed
    same = [digit for digit in looks if digit.label == label]
    confidence = sum(digit.confidence for digit in same) / len(looks)
    last = [digit for digit in same if digit.sure or not sure][-1]  # no doubt of a sure one
    return replace(last, confidence=confidence, sure=sure, box=looks[-1].box)


def _clear(digits: Sequence[Digit]) -> list[Digit]:
    """The same digits, of which only those that are clear or were taught are sure."""
    return [
        replace(one, sure=False, reason=ODD)
        if one.sure and one.confidence < CLEAR and not one.reason
        else one
        for one in digits
    ]


def _kept(said: Reading, voted: Reading) -> Reading:
    """What was sure stays sure while later looks are merely unsure; another sure digit or sign
    replaces it."""
    digits = [
        replace(
            new,
            label=old.label,
            confidence=old.confidence,
            runner_up=old.runner_up,
            sure=True,
            reason=old.reason,
        )
        if old.sure and not new.sure
        else new
        for old, new in zip(said.digits, voted.digits, strict=True)
    ]
    kept = _with_digits(voted, digits)
    return replace(
        kept,
        lines=tuple(_kept_signs(old, new) for old, new in zip(said.lines, kept.lines, strict=True)),
    )


def _kept_signs(old: Line, new: Line) -> Line:
    """A line with the signs that were told before and may still be there, and its old spaces."""
    signs, doubts = list(new.signs), []
    for doubt in new.doubts:
        before = [one for one in old.signs if _is_at(one, doubt)]
        beside = any(_is_at(one, doubt) for one in signs)
        signs += before[:1] if before and not beside else []
        doubts += [] if before else [doubt]
    line = replace(new, signs=tuple(signs), doubts=tuple(doubts))
    return replace(line, spaces=old.spaces) if len(line.marks) == len(old.marks) else line


def _moved(said: Reading, look: Reading) -> Reading:
    """The announced reading with the boxes of a later look, so that a page may keep sliding."""
    return _with_digits(
        said,
        [replace(digit, box=now.box) for digit, now in zip(said.digits, look.digits, strict=True)],
    )


def _with_digits(reading: Reading, digits: Sequence[Digit]) -> Reading:
    """The same lines with other digits in them."""
    rest = iter(digits)
    return replace(
        reading,
        lines=tuple(
            replace(line, digits=tuple(next(rest) for _ in line.digits)) for line in reading.lines
        ),
    )
