"""Rescues what is readable from a corrupt database: row by row, each of them checked."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pi_reader.errors import Busy, CannotWrite
from pi_reader.files import locked
from pi_reader.learning.samples import carve
from pi_reader.learning.samples.database import PATIENCE, connect, in_our_words, remove, replace
from pi_reader.learning.samples.rows import digest_of, sample_of

_EVENT_COLUMNS, _SAMPLE_COLUMNS = 4, 13
_LONGEST_KEY = 32  # letters; exports hold as many
_DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)
_MOST_BETWEEN = 100_000  # row numbers that are tried within corrupt pages


def mend(path: Path, error: Exception) -> str:
    """Set a damaged file aside and create a new one with the rows that can still be read; returns
    what was done, in words, "" if the file is intact. error: the error that revealed the damage.

    Raises CannotWrite, or Busy if another process does not finish.
    """
    try:
        return _mend(path, error)
    except CannotWrite as trouble:
        raise CannotWrite(
            f"{path}: is damaged ({error}), and what can be read of it cannot be saved; {trouble}"
        ) from error


def _mend(path: Path, error: Exception) -> str:
    with locked(path.with_name(f"{path.name}.lock"), PATIENCE):
        with contextlib.suppress(*_DAMAGE), contextlib.closing(connect(path)) as database:
            if _is_whole(database):  # perhaps because another process has just mended it
                return ""
        fresh = path.with_name(f"{path.name}.fresh")
        remove(fresh)  # left by a power cut
        damaged = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
        with contextlib.closing(damaged) as old:
            # Else SQLite reads nothing of a file that is shorter than it says.
            old.execute("PRAGMA writable_schema = ON")
            try:
                old.execute("BEGIN IMMEDIATE")  # so that no process adds rows meanwhile
            except sqlite3.DatabaseError as trouble:  # of damage that is no wonder
                if isinstance(busy := in_our_words(path, trouble), Busy):
                    raise busy from error
            try:
                with contextlib.closing(connect(fresh)) as new:
                    saved = _take_over(old, path, new)
            except sqlite3.DatabaseError as trouble:
                raise in_our_words(fresh, trouble) from error
            aside = replace(path, fresh)
    return (
        f"{path}: is damaged ({error}) and was set aside as {aside.name}; a new one is begun "
        f"with the {saved} samples that could still be read"
    )


def _is_whole(database: sqlite3.Connection) -> bool:
    """Whether every page and every sample can be read."""
    try:
        verdict = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
        count = database.execute("SELECT count(*) FROM samples JOIN events ON events.id = event")
        readable = sum(_is_sample(row) for row in _rows(database, "samples"))
        return bool(verdict == "ok" and count.fetchone()[0] == readable)
    except _DAMAGE:
        return False


def _take_over(old: sqlite3.Connection, path: Path, database: sqlite3.Connection) -> int:
    """Bring what is whole into a new database, with its split; gives how many samples.

    One after the other: all at once, those of a full box would take 50 MB of memory. What SQLite
    reaches comes first, then what only its pages still hold. A sample whose event is lost gets one
    that is learned from: were it held out, the judge might go by what was learned.
    """
    database.execute("BEGIN IMMEDIATE")
    _insert(database, "events", filter(_is_event, _rows(old, "events")))
    _insert(database, "samples", filter(_is_sample, _rows(old, "samples")))
    _insert(database, "facts", _rows(old, "facts"))
    _insert(database, "events", filter(_is_event, _carved(path, _EVENT_COLUMNS)))
    _insert(database, "samples", filter(_is_sample, _carved(path, _SAMPLE_COLUMNS)))
    database.execute(
        "INSERT INTO events SELECT event, 'lost-' || lower(hex(randomblob(12))), 0.0, 0 FROM"
        " (SELECT DISTINCT event FROM samples WHERE event NOT IN (SELECT id FROM events))"
    )
    database.execute("DELETE FROM events WHERE id NOT IN (SELECT event FROM samples)")
    count = database.execute("SELECT count(*) FROM samples").fetchone()[0]
    database.execute("COMMIT")
    return int(count)


def _insert(database: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    columns = {"events": _EVENT_COLUMNS, "samples": _SAMPLE_COLUMNS, "facts": 2}[table]
    places = ", ".join("?" * columns)
    database.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({places})", rows)


def _carved(path: Path, columns: int) -> Iterator[tuple[Any, ...]]:
    """Rows with so many columns that stand in any page; first their number, left out there."""
    with contextlib.suppress(OSError):
        for number, values in carve.rows(path):
            if len(values) == columns and values[0] is None and number > 0:
                yield (number, *values[1:])


def _is_event(row: tuple[Any, ...]) -> bool:
    """Whether a row of `events` is what was once written."""
    identity, key, at, held_out = row
    return (
        type(identity) is int
        and isinstance(key, str)
        and 0 < len(key) <= _LONGEST_KEY
        and type(at) in (int, float)
        and held_out in (0, 1)
    )


def _rows(database: sqlite3.Connection, table: str) -> Iterator[tuple[Any, ...]]:
    """The rows that can be read, each selected by its number."""
    with contextlib.suppress(*_DAMAGE):
        database.execute(f"SELECT * FROM {table} LIMIT 0")
        for number in _numbers(database, table):
            with contextlib.suppress(*_DAMAGE):
                row = database.execute(f"SELECT * FROM {table} WHERE rowid = ?", (number,))
                yield from row.fetchmany(1)


def _numbers(database: sqlite3.Connection, table: str) -> list[int]:
    """The numbers of the rows: up to the first corrupt page, down to the last, all in between."""
    ways: list[list[int]] = []
    for order in ("ASC", "DESC"):
        ways.append([])
        with contextlib.suppress(*_DAMAGE):
            for (number,) in database.execute(
                f"SELECT rowid FROM {table} NOT INDEXED ORDER BY rowid {order}"
            ):
                ways[-1].append(number)
    up, down = ways
    first = max(up, default=0) + 1
    between = range(first, min([first + _MOST_BETWEEN, *down]))
    return sorted({*up, *between, *down})


def _is_sample(row: tuple[Any, ...]) -> bool:
    """Whether a row of `samples` is intact."""
    identity, event, place, read, confidence, label, weights, source, patch, digest, *cutout = row
    try:
        sample = sample_of(
            (
                identity,
                event,
                "",
                place,
                0.0,
                0,
                read,
                float(confidence),
                label,
                weights,
                source,
                patch,
                *cutout,
            )
        )
        return (
            digest_of(sample.patch) == digest
            and type(event) is int
            and type(place) is int
            and isinstance(weights, str)
            and isinstance(source, str)
        )
    except (TypeError, ValueError):
        return False
