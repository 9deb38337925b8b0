"""What can be set of a number: `[[numbers]]` in the settings, once for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pi_reader.errors import BadSettings
from pi_reader.parts import rules, setting
from pi_reader.values import Box

MOST = 24  # numbers of one page
KINDS = ("number", "time", "date", "text")
LARGEST = 1e15  # beyond it a number has more digits than anybody writes
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


def _range() -> rules.Rule:
    return rules.Rule(
        lambda v: (
            isinstance(v, list)
            and (not v or (len(v) == 2 and all(type(one) is int for one in v)))
            and (not v or 1 <= v[0] <= v[1] <= 40)
        ),
        "[least, most] digits, from 1 to 40, or [] for any",
    )


@dataclass(frozen=True)
class NumberSettings:
    """One number of the page. Raises BadSettings for what does not fit together."""

    name: str = setting(
        "",
        rules.matching(_NAME.pattern, "1 to 32 letters, digits, - and _"),
        "Its name, of letters, digits, - and _; each only once.",
    )
    region: tuple[int, ...] = setting(
        (),
        rules.box(),
        "Where it stands: [x, y, width, height] in pixels of the frame, or else its line and which "
        "number of that line it is, both counted from 1.",
    )
    line: int | None = setting(None, rules.whole(1, 99))
    place: int = setting(1, rules.whole(1, 99))
    kind: str = setting("number", rules.one_of(*KINDS), f"One of {', '.join(KINDS)}.")
    decimals: int | None = setting(
        None,
        rules.whole(0, 9),
        "How many decimals it has, also where no point is written, and which mark parts them off: "
        '"." or ","; "" takes only what is clear by itself.',
        example=1,
    )
    mark: str = setting("", rules.one_of("", ".", ","))
    digits: tuple[int, ...] = setting(
        (), _range(), "How many digits it has, [least, most]; [] for any number."
    )
    minimum: float | None = setting(
        None,
        rules.number(-LARGEST, LARGEST),
        "Its limits, and by how much it may change in an hour; what lies beyond is not believed. "
        "Five sure readings that agree are believed all the same, but never beyond the limits.",
        example=-20,
    )
    maximum: float | None = setting(None, rules.number(-LARGEST, LARGEST), example=45)
    rises_per_hour: float | None = setting(None, rules.number(0, LARGEST), example=10)
    may_fall: bool = setting(True, rules.switch(), "A meter never falls.")
    unit: str = setting("", rules.matching(r"[!-~°€µ²³Ω]{1,12}", "a unit of up to 12 characters"))

    def __post_init__(self) -> None:
        where = f"numbers.{self.name}" if self.name else "numbers"
        if not self.name:
            raise BadSettings(f'{where}: has no name; give it one, such as name = "kitchen"')
        if not self.region and self.line is None:
            raise BadSettings(f"{where}: has no place, should have a region or a line")
        if self.region and self.line is not None:
            raise BadSettings(f"{where}: has a region and a line, should have one of them")
        if None not in (self.minimum, self.maximum) and self.minimum > self.maximum:  # type: ignore[operator]
            raise BadSettings(
                f"{where}: minimum is {self.minimum:g}, should be at most the maximum, "
                f"{self.maximum:g}"
            )
        if self.kind != "number":
            for key in ("decimals", "minimum", "maximum", "rises_per_hour"):
                if getattr(self, key) is not None:
                    raise BadSettings(
                        f'{where}: {key} is for numbers, but kind is "{self.kind}"; leave it out'
                    )

    @property
    def box(self) -> Box | None:
        """Its region, None if it has none."""
        return Box(*self.region) if self.region else None


def check_numbers(numbers: Sequence[NumberSettings], frame: tuple[int, int]) -> None:
    """Check what depends on several numbers. frame: (width, height) of what is read, in pixels.

    Raises BadSettings for a name or a place that is used twice, regions that overlap or reach
    beyond the frame, and too many numbers.
    """
    if len(numbers) > MOST:
        raise BadSettings(f"numbers: are {len(numbers)}, should be at most {MOST}; leave some out")
    for one in numbers:
        box = one.box
        if box and (box.right > frame[0] or box.bottom > frame[1]):
            raise BadSettings(
                f"numbers.{one.name}: region {list(one.region)} reaches beyond the frame of "
                f"{frame[0]}x{frame[1]} pixels; make it smaller"
            )
    for one, other in combinations(numbers, 2):
        if one.name == other.name:
            raise BadSettings(f"numbers.{one.name}: is there twice; give each its own name")
        if one.box and other.box and one.box.common(other.box):
            raise BadSettings(
                f"numbers.{other.name}: its region overlaps that of numbers.{one.name}; "
                "make one of them smaller"
            )
        if one.line is not None and (one.line, one.place) == (other.line, other.place):
            raise BadSettings(
                f"numbers.{other.name}: is number {one.place} of line {one.line}, which is "
                f"numbers.{one.name}; name another"
            )


def section(table: Any) -> Sequence[Any]:
    """The tables of `[[numbers]]` as parsed. Raises BadSettings for anything else."""
    if not isinstance(table, list) or not all(isinstance(one, dict) for one in table):
        raise BadSettings("numbers: each should begin with a line [[numbers]], in two brackets")
    return table
