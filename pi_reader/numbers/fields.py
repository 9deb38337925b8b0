"""Finds a number of the settings in a reading, on the page as it lies now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from pi_reader.notation import DATE, FRACTION, NUMBER, TIME
from pi_reader.numbers.settings import NumberSettings
from pi_reader.values import Box, Digit, Line, Reading, Sign, Value, around

_KINDS = {"number": (NUMBER,), "time": (TIME,), "date": (DATE, FRACTION)}

Place = Callable[[float, float], tuple[float, float]]
"""Where a point of the frame would be if the page lay as in the reference, both in pixels."""


@dataclass(frozen=True)
class Found:
    """What stands where a number should: text as written, number its value if it is one.

    sure: whether all of it is, and it is but one value; box: in pixels of the frame.
    """

    text: str
    number: Decimal | None
    sure: bool
    box: Box

    @property
    def digits(self) -> int:
        """How many digits it has, unsure ones too."""
        return sum(letter.isdigit() or letter == "?" for letter in self.text)


def as_it_lies(x: float, y: float) -> tuple[float, float]:
    """The place of a point where the page has not moved, or nobody knows."""
    return x, y


def find_field(field: NumberSettings, reading: Reading, place: Place = as_it_lies) -> Found | None:
    """What was read for a number, None if nothing stands there.

    place: where the page was when its region was set.
    """
    if field.line is not None:
        if field.line > len(reading.lines):
            return None
        line = reading.lines[field.line - 1]
        if field.kind == "text":
            return _text([line])
        values = _values(field, [line])
        return _found(values[field.place - 1]) if len(values) >= field.place else None
    region = field.box
    assert region is not None
    lines = [part for line in reading.lines if (part := _within(line, region, place)).digits]
    if not lines:
        return None
    if field.kind == "text":
        return _text(lines)
    values = _values(field, lines)
    if len(values) == 1:
        return _found(values[0])
    text = _text(lines)
    return replace(text, number=None, sure=False) if text else None


def _values(field: NumberSettings, lines: list[Line]) -> list[Value]:
    """The values of the number's kind; if there is none, those of any kind, which do not fit."""
    values = [one for line in lines for one in line.values_in(field.mark, field.decimals)]
    return [one for one in values if one.kind in _KINDS[field.kind]]


def _found(value: Value) -> Found:
    return Found(value.text, value.number, value.sure, value.box)


def _text(lines: list[Line]) -> Found | None:
    values = [value for line in lines for value in line.values]
    if not values:
        return None
    sure = all(value.sure for value in values)
    box = around([value.box for value in values])
    return Found("\n".join(line.text for line in lines), None, sure, box)


def _within(line: Line, region: Box, place: Place) -> Line:
    """The part of a line whose marks stand in a region."""
    kept: list[Digit | Sign] = []
    spaces: list[int] = []
    before = False
    for number, mark in enumerate(line.marks):
        before = before or number in line.spaces
        if _is_in(mark.box, region, place):
            spaces += [len(kept)] if before and kept else []
            kept.append(mark)
            before = False
    return Line(
        tuple(mark for mark in kept if not isinstance(mark, Sign)),
        tuple(mark for mark in kept if isinstance(mark, Sign)),
        tuple(spaces),
        tuple(_those_in(line.doubts, region, place)),
        line.angle,
    )


def _those_in(marks: tuple[Sign, ...], region: Box, place: Place) -> Iterator[Sign]:
    return (mark for mark in marks if _is_in(mark.box, region, place))


def _is_in(box: Box, region: Box, place: Place) -> bool:
    x, y = place((box.x + box.right) / 2, (box.y + box.bottom) / 2)
    return region.x <= x < region.right and region.y <= y < region.bottom
