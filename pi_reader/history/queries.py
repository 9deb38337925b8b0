"""What was read: the readings in a history and the numbers in them, also while a service writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pi_reader.history.database import NUMBER_COLUMNS, OF_NUMBERS, numbers_beside, rows_of

_LAST = 1e11  # seconds since 1970: the year 5138; a corrupted card may give any number
# A reading without a time belongs to the period if it came after the period's first reading.
_SINCE = """FROM readings WHERE "when" >= :since
    OR ("when" = 0 AND id > (SELECT min(id) FROM readings WHERE "when" >= :since))"""


@dataclass(frozen=True)
class Past:
    """One reading of the past.

    id: counts upwards, even if the clock goes back; when: seconds since 1970, 0.0 if the clock
    was not set; text: as it was shown, `?` for unsure digits; sure: whether all its digits were;
    confidence: that of its least certain digit, 0 to 1; weights: sha256 of the weights file.
    """

    id: int
    when: float
    text: str
    sure: bool
    confidence: float
    weights: str


@dataclass(frozen=True)
class PastNumber:
    """One number of the settings in a reading of the past.

    reading: the number of the reading; when: seconds since 1970, 0.0 if the clock was not set.
    name, unit: as set; read: as written; value: what it was, "" unless it was believed; verdict:
    what was thought of it.
    """

    reading: int
    when: float
    name: str
    read: str
    value: str
    unit: str
    verdict: str


def past(path: Path, since: float = 0.0) -> Iterator[Past]:
    """The readings in a database from a wall time on, oldest first, even while a service writes.

    since: seconds since 1970, 0 for all. Nothing if there is no database yet. Raises BadData for
    a file that is damaged, something else or may not be read, Busy if another process holds it.
    """
    query = f"SELECT * {_SINCE} ORDER BY id"
    yield from map(_past, rows_of(path, query, since=since))


def some(path: Path, count: int, before: int = 0, after: int | None = None) -> Iterator[Past]:
    """The newest readings with a number below `before`, 0 for all, newest first; or the next ones
    above `after`, oldest first. Raises like `past`."""
    if after is None:
        where = "id < :before OR :before = 0"
        query = f"SELECT * FROM readings WHERE {where} ORDER BY id DESC LIMIT :count"
        rows = rows_of(path, query, before=before, count=count)
    else:
        query = "SELECT * FROM readings WHERE id > :after ORDER BY id LIMIT :count"
        rows = rows_of(path, query, after=after, count=count)
    yield from map(_past, rows)


def past_numbers(path: Path, since: float = 0.0) -> Iterator[PastNumber]:
    """The numbers in a database from a wall time on, oldest first; raises like `past`."""
    query = f'SELECT {NUMBER_COLUMNS} FROM numbers WHERE "when" >= :since ORDER BY id'
    rows = rows_of(numbers_beside(Path(path)), query, OF_NUMBERS, since=since)
    for reading, when, *words in rows:
        number = int(reading) if isinstance(reading, int) else 0
        yield PastNumber(number, _within(when, _LAST), *map(str, words))


def _past(row: tuple[Any, ...]) -> Past:
    number, when, text, sure, confidence, weights = row
    return Past(
        number,
        _within(when, _LAST),
        str(text),
        bool(sure),
        _within(confidence, 1.0),
        str(weights),
    )


def _within(value: Any, most: float) -> float:
    """A number from 0 to `most`; 0.0 for anything else, as from a corrupted card."""
    return float(value) if isinstance(value, int | float) and 0 <= value <= most else 0.0
