"""Places in a row of digits that held something nobody can read now: a `?` stands there.

A digit that the edge of the frame cuts in two, or that a lamp's reflection has wiped out, or that
has grown together with the next or fallen to pieces, may be any digit. To leave it out would make
a shorter number, which is a wrong one. The digits of displays, whose segments say which they are,
are named here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pi_reader.network.neighbourhood import KINDS
from pi_reader.reading.candidates import Candidates
from pi_reader.reading.components import groups_of
from pi_reader.reading.context import Judged
from pi_reader.reading.decode import EVEN, POINT, Mark, Place, median, places_of
from pi_reader.reading.displays import Shown
from pi_reader.values import CLASSES

_OTHER = KINDS.index("other")
LEVEL = 0.5  # of the lower one's height that lies level with the other
SLACK = 0.3  # of the digit's height: so far may ink of its row reach out, and its parts be apart
PALER = 2.0  # times paler than the digit, at most, is ink of its row
ENOUGH = 0.5  # of a digit's ink, its stroke times its height: less is a trace of dirt
DOUBT = 0.25  # confidence from which what may be a letter may be a digit of its row, too
SHOWN = 0.999  # that lit segments say which digit it is
JOINED = "in pieces, or several digits grown together"
LETTER = "may be a letter"
CUT_OFF = "cut off by the edge of the frame"


def with_placeholders(page: Candidates, judged: Sequence[Judged]) -> list[Judged]:
    """What was read on a page, and a mark for each place in a row with digits that cannot be."""
    if page.displays:
        judged = _as_shown(page.displays, judged)
    if page.crossed:
        judged = _crossed_out(page, judged)
    digits = [one.mark for one in judged if one.is_digit and one.confidence >= EVEN]
    others = [one for one in judged if one.mark.kinds and not one.is_digit and not one.sign]
    others = [one for one in others if one.confidence >= DOUBT or _is_other(one.mark)]
    places: list[Mark] = []
    for place in [
        *_cut_off(page, digits),
        *_illegible([one.mark for one in others], digits),
        *_in_glare(page.ink.glare.tolist(), digits),
    ]:
        if not any(_same(place, other) for other in places):
            places.append(place)
    if not places:
        return list(judged)
    seen = [one for one in judged if not any(one.mark.is_inside(mark.place) for mark in places)]
    return seen + [Judged(place, 0.0, True) for place in places]


def _as_shown(displays: Sequence[Shown], judged: Sequence[Judged]) -> list[Judged]:
    """The same marks, with the digits of displays as their segments show them."""
    out = list(judged)
    for left, top, right, bottom, label in displays:
        box = left, top, right, bottom
        inside = [one for one in out if one.mark.is_inside(box)]
        out = [one for one in out if not one.mark.is_inside(box)]
        whole = [one.mark for one in inside if (one.mark.left, one.mark.right) == (left, right)]
        mark = whole[0] if whole else Mark(left, top, right, bottom, 0.0, ())
        chances = [(1 - SHOWN) / CLASSES] * (CLASSES + 1)
        if label >= 0:
            chances[label] = SHOWN
        why = "" if label >= 0 else "no digit of a display"
        mark = mark.but(chances=tuple(chances), unreadable=why, whole=False, cut_from=None)
        out.append(Judged(mark, SHOWN if label >= 0 else 0.0, True))
    return out


def _crossed_out(page: Candidates, judged: Sequence[Judged]) -> list[Judged]:
    """The same marks; those that are crossed out may be any digit."""
    out: list[Judged] = []
    for one in judged:
        boxes = [box for box in page.crossed if one.mark.is_inside(box)]
        tall = any(one.mark.height >= POINT * (box[3] - box[1]) for box in boxes)
        if boxes and (tall or one.is_digit):
            one = Judged(one.mark.but(unreadable="crossed out"), 0.0, True)
        out.append(one)
    return out


def _cut_off(page: Candidates, digits: Sequence[Mark]) -> Iterator[Mark]:
    """Marks for ink in a row of digits that reaches over the edge of the frame."""
    found, (height, width) = page.clutter, page.ink.mask.shape
    edge = (found.left == 0) | (found.top == 0) | (found.right == width) | (found.bottom == height)
    for one in np.flatnonzero(edge).tolist():
        left, top, right, bottom, area, strength, _ = found.bounds_of((one,))
        alike = [
            digit
            for digit in digits
            if area >= digit.stroke**2
            and PALER * strength >= digit.strength
            and digit.top - SLACK * digit.height <= top
            and bottom <= digit.bottom + SLACK * digit.height
        ]
        yield from _unread((left, top, right, bottom), alike, CUT_OFF)


def _in_glare(spots: Sequence[Place], digits: Sequence[Mark]) -> Iterator[Mark]:
    """Marks for reflections in rows of digits, one in each row."""
    for spot in spots:
        for digit in digits:
            if spot[2] - spot[0] >= POINT * digit.height:
                yield from _unread(spot, [digit], "lost in glare or between two digits")


def _illegible(marks: Sequence[Mark], digits: Sequence[Mark]) -> Iterator[Mark]:
    """Marks for ink in rows of digits, as tall as they are: digits that have grown together, lie in
    pieces or half washed out by light, or may be letters."""
    if not marks or not digits:
        return
    box = places_of(marks)
    apart = np.maximum(box[:, None, :2], box[:, :2]) - np.minimum(box[:, None, 2:], box[:, 2:])
    near = (apart <= SLACK * median([digit.height for digit in digits])).all(axis=2)
    for group in groups_of(len(marks), *np.nonzero(np.triu(near, 1))):
        left, top = box[group, :2].min(axis=0).tolist()
        right, bottom = box[group, 2:].max(axis=0).tolist()
        place = left, top, right, bottom
        if any(digit.is_inside(place) for digit in digits):
            continue
        pieces = [marks[one] for one in group]
        ink = sum(one.stroke * max(one.height, one.right - one.left) for one in pieces)
        dark = max(one.darkness for one in pieces)
        alike = [
            digit
            for digit in digits
            if abs(bottom - top - digit.height) <= SLACK * digit.height
            and ink >= ENOUGH * digit.stroke * digit.height
            and PALER * dark >= digit.darkness
        ]
        yield from _unread(place, alike, JOINED if all(map(_is_other, pieces)) else LETTER)


def _is_other(mark: Mark) -> bool:
    """Whether a mark is likelier none of the kinds that have a name than any of them."""
    return mark.kinds[_OTHER] >= max(mark.kinds)


def _same(place: Mark, other: Mark) -> bool:
    """Whether two places in rows are so close that they held one digit."""
    gap = max(place.left - other.right, other.left - place.right)
    return _level(place.place, other) and gap <= SLACK * place.height


def _in_row(box: Place, digit: Mark) -> bool:
    """Whether a box (left, top, right, bottom) stands beside a digit, no further off than that is
    tall."""
    gap = max(box[0] - digit.right, digit.left - box[2])
    return _level(box, digit) and gap <= digit.height


def _level(box: Place, mark: Mark) -> bool:
    common = min(box[3], mark.bottom) - max(box[1], mark.top)
    return common >= LEVEL * min(box[3] - box[1], mark.height)


def _unread(box: Place, digits: Sequence[Mark], why: str) -> Iterator[Mark]:
    """What stands in a box, as any digit in the row of the first digit that it stands beside."""
    for digit in digits:
        if _in_row(box, digit):
            place = box[0], digit.top, box[2], digit.bottom
            chances = (1 / CLASSES,) * CLASSES + (0.0,)
            yield Mark(*place, digit.strength, chances, stroke=digit.stroke, unreadable=why)
            return
