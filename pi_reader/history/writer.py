"""The box's side of the history: readings are buffered, and written in batches.

That is at most every half minute, with SQLite's write-ahead log: a power cut costs the latest of
them but never the file. A full or read-only card is reported once, and readings stay in memory
meanwhile. A damaged file is set aside and a new one started.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pi_reader.errors import BadData, Busy, CannotWrite
from pi_reader.files import believed, identity_of
from pi_reader.history.database import (
    OF_NUMBERS,
    OF_READINGS,
    Form,
    is_damage,
    numbers_beside,
    open_for_writing,
    rows_of,
)
from pi_reader.state import NumberState

MOST_WAITING = 1000  # readings buffered while the card cannot be written; about 300 KB
LONGEST_TEXT = 1000  # characters; a full page of digits has some 200
_ADD_NUMBER = """INSERT INTO numbers (reading, "when", name, read, value, unit, verdict)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_PRUNE_NUMBERS = """DELETE FROM numbers WHERE reading < ?
    AND id <= (SELECT min(id) FROM numbers) + 10000"""
# Its number was given when it was read; where another file came into the place of this, a higher.
_ADD = """INSERT INTO readings (id, "when", text, sure, confidence, weights)
    VALUES (max(?, (SELECT coalesce(max(id), 0) + 1 FROM readings)), ?, ?, ?, ?, ?)"""
_NEWEST = "SELECT coalesce(max(id), 0) FROM readings"
_OLDEST = "SELECT coalesce(min(id), 0) FROM readings"
# A limit that was lowered by millions is reached bit by bit: the watchdog must not starve.
_PRUNE = """DELETE FROM readings WHERE id <= min((SELECT max(id) FROM readings) - ?,
    (SELECT min(id) FROM readings) + 10000)"""
_DOUBT = """SELECT total(1 - sure), count(*)
    FROM (SELECT sure FROM readings ORDER BY id DESC LIMIT :newest)"""


class _Database:
    """A file of the history, open for writing from its first use on, and the rows that wait."""

    def __init__(self, path: Path, form: Form) -> None:
        self.path = path
        self.waiting: deque[tuple[Any, ...]] = deque(maxlen=MOST_WAITING)
        self._form = form
        self._open: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # device and inode of the open database

    def write(self, add: str, prune: str, limit: int) -> None:
        """Write all that waits in one transaction, and only then empty the buffer."""
        if self._open is not None and identity_of(self.path) != self._file:
            self.let_go()  # otherwise readings would go to a file that was removed
        if self._open is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._open = open_for_writing(self.path, self._form)
            self._file = identity_of(self.path)
        with self._open as database:
            database.executemany(add, self.waiting)
            database.execute(prune, (limit,))
        self.waiting.clear()

    def let_go(self) -> None:
        """Close it; after an error it is reopened."""
        if self._open is not None:
            with contextlib.suppress(sqlite3.Error):
                self._open.close()
            self._open = None

    def set_aside(self) -> None:
        """Move a damaged database out of the way, with the files that SQLite keeps beside it.

        One is kept, so that something may be rescued from it; an older one is deleted.
        """
        self.let_go()
        for tail in ("-shm", "-wal", ""):
            beside = Path(f"{self.path}{tail}")
            if beside.exists():
                os.replace(beside, f"{_aside(self.path)}{tail}")
            else:
                Path(f"{_aside(self.path)}{tail}").unlink(missing_ok=True)


class History:
    """Stores the readings of a box; used in a `with` block, by one thread.

    path: the database, created with the first reading; most: how many readings it holds before the
    oldest are deleted; batch_seconds: minimum time between two writes.
    """

    def __init__(self, path: Path, most: int = 100_000, batch_seconds: float = 30.0) -> None:
        self._path = Path(path)
        self._most = most
        self._batch_seconds = batch_seconds
        self._readings = _Database(self._path, OF_READINGS)
        self._numbers = _Database(numbers_beside(self._path), OF_NUMBERS)
        self._newest: int | None = None  # the highest number that was given
        self._tried = -float("inf")
        self.trouble = ""  # why nothing can be written now, "" if all is well
        self.lost = 0  # readings that found no room while they waited, since the start
        self._untold = 0  # of these, what nobody was told of

    def add(self, text: str, sure: bool, confidence: float, weights: str, when: float) -> int:
        """Remember one reading; quick, writes nothing yet. when: as the wall clock says.

        Gives its number, which no other reading of this history has, nor will have; 0 as long as
        the file cannot be read, and the number is given when it can be written.
        """
        self._lose(len(self._readings.waiting) == MOST_WAITING)
        number = self._next_number()
        text, when = text[:LONGEST_TEXT], believed(when)
        self._readings.waiting.append((number, when, text, bool(sure), float(confidence), weights))
        return number

    def add_numbers(self, reading: int, numbers: Sequence[NumberState], when: float) -> None:
        """Remember what the numbers of the settings were in a reading; quick, writes nothing."""
        for one in numbers:
            row = one.read[:LONGEST_TEXT], one.value[:LONGEST_TEXT], one.unit, one.verdict
            self._numbers.waiting.append((reading, believed(when), one.name, *row))

    def tick(self, now: float) -> None:
        """Write buffered readings if it is due. now: seconds, monotonic.

        Raises like `flush`.
        """
        if self._waits and now - self._tried >= self._batch_seconds:
            self._tried = now
            self.flush()

    def flush(self) -> None:
        """Write buffered readings.

        Raises CannotWrite once when the card takes nothing, and not again until that has changed;
        the readings wait. Raises BadData once after a damaged file was set aside and what waited
        went into a new one, and CannotWrite once for readings that were lost meanwhile.
        """
        damage: list[str] = []
        path = self._path
        try:
            for database, write in (
                (self._readings, self._write_readings),
                (self._numbers, self._write_numbers),
            ):
                path = database.path
                try:
                    write()
                except sqlite3.DatabaseError as error:
                    if not is_damage(error):
                        raise
                    database.set_aside()
                    write()
                    damage.append(
                        f"{database.path}: was damaged ({error}); it is set aside as"
                        f" {_aside(database.path).name}, and a new history was begun"
                    )
        except (sqlite3.Error, OSError) as error:
            self._let_go()
            reason = getattr(error, "strerror", error)  # SQLite's errors have only a message
            return self._say(
                CannotWrite(
                    f"{path}: cannot be written, {reason}; reading goes on, and the last"
                    f" {MOST_WAITING} readings wait in memory; make room or replace the card"
                )
            )
        self.trouble = ""
        if damage:
            raise BadData("; ".join(damage))
        lost, self._untold = self._untold, 0
        if lost:
            raise CannotWrite(
                f"{self._path}: {lost} readings were lost while nothing could be written there;"
                " the others are kept"
            )

    def unsure(self, newest: int) -> tuple[int, int]:
        """How many of the newest readings had a `?`, and of how many: there may be fewer.

        Raises like `flush` and `past`.
        """
        self.flush()
        unsure, count = next(rows_of(self._path, _DOUBT, newest=newest), (0, 0))
        return int(unsure), count

    def close(self) -> None:
        """Write what waits and let go of the file. Raises like `flush`, and CannotWrite for what is
        lost with this."""
        try:
            if self._waits:
                self.flush()
        finally:
            self._let_go()
            lost = len(self._readings.waiting)
            self._readings.waiting.clear()
            self._numbers.waiting.clear()
            if lost:
                self._lose(lost)
                raise CannotWrite(
                    f"{self._path}: {self._untold} reading{'s' * (self._untold > 1)} lost for good,"
                    f" {self.trouble or 'nothing was written'}"
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _next_number(self) -> int:
        """The number of the next reading; 0 if nobody can tell now which were given."""
        if self._newest is None:
            try:
                newest = int(next(rows_of(self._path, _NEWEST), (0,))[0])
            except (BadData, Busy) as error:
                cause = error.__cause__
                if not (isinstance(cause, sqlite3.Error) and is_damage(cause)):
                    return 0
                newest = 0  # a new file is begun
            self._newest = newest + len(self._readings.waiting)
        self._newest += 1
        return self._newest

    @property
    def _waits(self) -> bool:
        """Whether anything waits to be written."""
        return bool(self._readings.waiting or self._numbers.waiting)

    def _write_readings(self) -> None:
        self._readings.write(_ADD, _PRUNE, self._most)

    def _write_numbers(self) -> None:
        """Write the numbers, and drop those of readings that are gone."""
        if self._numbers.waiting:
            oldest = int(next(rows_of(self._path, _OLDEST), (0,))[0])
            self._numbers.write(_ADD_NUMBER, _PRUNE_NUMBERS, oldest)

    def _let_go(self) -> None:
        self._readings.let_go()
        self._numbers.let_go()

    def _lose(self, count: int) -> None:
        self.lost += count
        self._untold += count

    def _say(self, error: CannotWrite) -> None:
        """Raise an error once, and again only when it has changed."""
        known, self.trouble = self.trouble, str(error)
        if known != self.trouble:
            raise error


def _aside(path: Path) -> Path:
    """Where a damaged database goes."""
    return path.with_name(f"{path.name}.damaged")
