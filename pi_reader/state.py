"""What the box, and its training, say of themselves: one value each, for whoever wants to know.

Lamps, displays and the panel are given a `BoxState`; as JSON it is the status file, from which the
command line, the doctor, the clerk, the page and the link read it again. `from_json` takes whatever
stands there: what is missing, or of a kind that another version meant, counts as not said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from pi_reader.values import Correction, State

VERSION = 1  # of BoxState; counts up when a key changes its meaning, not when one is added
_BEYOND = 1e12  # above any valid time or count; excludes infinity


class _Said:
    """A value that other processes read as JSON."""

    def to_json(self) -> dict[str, Any]:
        """All keys and values; numbers rounded, infinities and NaN as None."""
        values: dict[str, Any] = plain(vars(self))
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """What another process said. Raises nothing."""
        said = {}
        for key in fields(cls):  # type: ignore[arg-type]
            value = _KINDS[str(key.type)](values.get(key.name))
            if value is not None:
                said[key.name] = value
        return cls(**said)


@dataclass(frozen=True)
class LastReading(_Said):
    """The last reading with digits. text, sure: what it was, and whether all its digits are sure.

    when: seconds since 1970, 0.0 if the clock was not set; event: its number, which a label names;
    confidence: of the least certain digit, 0 to 1.
    """

    text: str = ""
    when: float = 0.0
    event: int | None = None
    sure: bool = False
    confidence: float = 0.0


@dataclass(frozen=True)
class NumberState(_Said):
    """One number of the settings.

    name, kind, unit: as set; read: what stands there, as written; value: what it is, in plain
    digits with a point or as its text, "" unless it is good. verdict: "good", "unsure", "missing",
    "digits", "low", "high", "falling" or "too fast"; healed: whether it is good as a new level.
    when: since when the last good value stands, seconds since 1970, 0.0 if nobody knows; last:
    that value, "" if there was none.
    """

    name: str = ""
    kind: str = "number"
    read: str = ""
    value: str = ""
    verdict: str = "missing"
    healed: bool = False
    unit: str = ""
    when: float = field(default=0.0, compare=False)
    last: str = field(default="", compare=False)

    @property
    def good(self) -> bool:
        """Whether it is believed."""
        return self.verdict == "good"

    @property
    def amount(self) -> float | None:
        """The last good value as a number; None if there was none, or it is a time or a text."""
        try:
            amount = float(self.value or self.last) if self.kind == "number" else math.nan
        except ValueError:
            return None
        return amount if math.isfinite(amount) else None

    @property
    def words(self) -> str:
        """The number for people: its name, value and unit, and what is wrong with it."""
        shown = " ".join((self.value or self.read).split("\n"))
        text = " ".join(filter(None, [self.name, shown, self.unit if shown else ""]))
        return f"{text}, {self.verdict}" + (" (a new level)" if self.healed else "")


def _unshown(default: Any) -> Any:
    """A value that outputs do not show, and whose change is no news to them."""
    return (
        field(default_factory=default, compare=False)
        if callable(default)
        else field(default=default, compare=False)
    )


@dataclass(frozen=True)
class BoxState(_Said):
    """How the box is doing. Two are equal if outputs show the same.

    state: what it is doing, or what keeps it from reading.
    fault: what is wrong and what to do, "" if nothing is; it may keep reading with a fault.
    message: a line of news, such as what was learned last night; of several lines while aiming.
    address: its network address, "" if it has none.
    progress: of a training, 0 to 1, None if there is none.
    correction: what is being corrected with the button, None if nothing is.
    frozen: whether the display is frozen while the camera goes on.
    code: the digits that let somebody use the page, "" for none; never told to other processes.
    numbers: each number of the settings, while something lies there.

    text, sure: the reading, and whether all its digits are.
    faults: everything that is wrong, by the part it concerns; broken: outputs that do not work.
    since: since when it is in this state, updated: when it said so, seconds since 1970.
    uptime: seconds since the start; pid: the number of its process.
    frames, reads: how many frames were captured, and read; frames is None if the fault lamp's
    process speaks for the reader. looks_per_second: frames over uptime.
    unsure_share: of the latest readings, 0 to 1; None before there are enough.
    weights: the sha256 of those in use; generation: their number, None if they have none.
    memory: what was taught and remembered: keys, how many digits; changed_today, how many readings'
    digits it changed; None where nothing is taught.
    camera: what it says of its last frame, by name; conditions: brightness and sharpness of the
    frame; aim: figures for whoever turns the lens, None while nobody does.
    temperature: degrees Celsius; disk_free_mb: megabytes; written_mb: megabytes that the service
    has written to the card since its start; None if nothing tells.
    last: the last reading with digits, None before the first; version: of the meaning of the keys.
    guests: what others may see at the page without being let in.
    named: kind, unit and may_fall of each number of the settings, those of the page included, by
    name; None of a box that does not tell.
    """

    state: State = State.STARTING
    fault: str = ""
    message: str = ""
    address: str = ""
    progress: float | None = None
    correction: Correction | None = None
    frozen: bool = False
    code: str = ""
    numbers: tuple[NumberState, ...] = ()
    text: str = _unshown("")
    sure: bool = _unshown(False)
    faults: Mapping[str, str] = _unshown(dict)
    broken: Mapping[str, str] = _unshown(dict)
    since: float = _unshown(0.0)
    updated: float = _unshown(0.0)
    uptime: float = _unshown(0.0)
    pid: int | None = _unshown(None)
    frames: int | None = _unshown(None)
    reads: int | None = _unshown(None)
    looks_per_second: float = _unshown(0.0)
    unsure_share: float | None = _unshown(None)
    weights: str = _unshown("")
    generation: int | None = _unshown(None)
    memory: Mapping[str, Any] | None = _unshown(None)
    camera: Mapping[str, Any] = _unshown(dict)
    conditions: Mapping[str, Any] | None = _unshown(None)
    aim: Mapping[str, Any] | None = _unshown(None)
    temperature: float | None = _unshown(None)
    disk_free_mb: float | None = _unshown(None)
    written_mb: float | None = _unshown(None)
    last: LastReading | None = field(default=None, compare=False)
    guests: str = _unshown("nothing")
    named: Mapping[str, Any] | None = _unshown(None)
    version: int | None = _unshown(VERSION)


class Stage(StrEnum):
    """What a training is doing, or how it ended."""

    NONE = ""
    WAITING = "waiting"
    TRAINING = "training"
    JUDGING = "judging"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


DEAD_SECONDS = 900.0  # without a word from a training: it was killed


@dataclass(frozen=True)
class TrainingState(_Said):
    """How the training is doing. until: when it has to be over; seconds since 1970, 0.0 unknown.

    state: what it is doing, NONE if there was none; progress: 0 to 1; updated: seconds since 1970.
    written_mb: megabytes that it has written to the card; None if nothing tells.
    """

    state: Stage = Stage.NONE
    progress: float = 0.0
    until: float = 0.0
    message: str = ""
    updated: float = 0.0
    written_mb: float | None = None

    @property
    def words(self) -> str:
        """What it is doing and how far it is, "" if there was none."""
        is_under_way = self.state in (Stage.TRAINING, Stage.JUDGING)
        return f"{self.state} {self.progress:.0%}" if is_under_way else str(self.state)

    def is_active(self, now: float) -> bool:
        """Whether it is running. now: seconds since 1970."""
        is_under_way = self.state in (Stage.TRAINING, Stage.JUDGING)
        return is_under_way and abs(now - self.updated) < DEAD_SECONDS


def plain(value: Any) -> Any:
    """The value made fit for JSON: numbers rounded, infinities and NaN as None."""
    if isinstance(value, _Said | Correction):
        return plain(vars(value))
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value


def is_number(value: object) -> bool:
    """Whether a value is a number that can be shown."""
    return type(value) in (int, float) and abs(value) < _BEYOND  # type: ignore[arg-type]


def number(values: Mapping[str, Any], key: str) -> float:
    """A number of a table, 0.0 if it is missing or no number."""
    return float(values[key]) if is_number(values.get(key)) else 0.0


def _number(value: Any) -> float | None:
    return float(value) if is_number(value) else None


def _whole(value: Any) -> int | None:
    return value if type(value) is int and is_number(value) else None


def _table(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _one_of(kind: type[StrEnum]) -> Callable[[Any], Any]:
    return lambda value: kind(value) if isinstance(value, str) and value in set(kind) else None


_KINDS: dict[str, Callable[[Any], Any]] = {  # by annotation: the value if it is one, else None
    "str": lambda value: value if isinstance(value, str) else None,
    "bool": lambda value: value is True,
    "float": _number,
    "float | None": _number,
    "int | None": _whole,
    "State": _one_of(State),
    "Stage": _one_of(Stage),
    "Mapping[str, str]": lambda value: (
        {key: one for key, one in value.items() if isinstance(one, str)}
        if isinstance(value, dict)
        else None
    ),
    "Mapping[str, Any]": _table,
    "Mapping[str, Any] | None": _table,
    "Correction | None": lambda value: None,  # concerns the display alone
    "tuple[NumberState, ...]": lambda value: (
        tuple(NumberState.from_json(one) for one in value if isinstance(one, dict))
        if isinstance(value, list)
        else None
    ),
    "LastReading | None": lambda value: (
        LastReading.from_json(value) if isinstance(value, dict) else None
    ),
}
