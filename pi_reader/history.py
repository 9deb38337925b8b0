"""The history of readings: a small database that spares the card and never stops the reading.

Readings are buffered in memory and written in batches, at most every half minute, with SQLite's
write-ahead log: a power cut costs the latest of them but never the file. A full or read-only card
is reported once, and readings stay in memory meanwhile. A damaged file is set aside and a new one
started. The numbers of the settings have a file of their own beside it, so that versions which do
not know them go on with the readings.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pi_reader.errors import BadData, Busy, CannotWrite
from pi_reader.files import believed, check_file, identity_of, make_shared
from pi_reader.state import NumberState

FORMAT = 0x7069_0001  # "pi", the only form of readings that versions before take
BOTH = 0x7069_0002  # with numbers in the same file, which are moved out of it
NUMBERS_FORMAT = 0x7069_1001  # of the file of numbers
MOST_WAITING = 1000  # readings buffered while the card cannot be written; about 300 KB
LONGEST_TEXT = 1000  # characters; a full page of digits has some 200
LARGEST_LOG = 1 << 20  # bytes of the write-ahead log that stay on the card
CACHE = 256  # KiB of the database in memory; SQLite's default of 2 MB would fill over some weeks
_ADVICE = "; read it with sudo, or join the group pi-reader, and see that the disk is not full"
_LAST = 1e11  # seconds since 1970: the year 5138; a corrupted card may give any number
_LOCKED_SECONDS = 0.5  # how long to wait for another process; the watchdog must be fed

_TABLE = f"""
CREATE TABLE readings (id INTEGER PRIMARY KEY, "when" REAL NOT NULL, text TEXT NOT NULL,
                       sure INTEGER NOT NULL, confidence REAL NOT NULL, weights TEXT NOT NULL);
PRAGMA user_version = {FORMAT};
"""
# What each number of the settings was in a reading; reading: its number there, or of the last one.
_NUMBERS = f"""
CREATE TABLE numbers (id INTEGER PRIMARY KEY, reading INTEGER NOT NULL, "when" REAL NOT NULL,
                      name TEXT NOT NULL, read TEXT NOT NULL, value TEXT NOT NULL,
                      unit TEXT NOT NULL, verdict TEXT NOT NULL);
PRAGMA user_version = {NUMBERS_FORMAT};
"""
_ADD_NUMBER = """INSERT INTO numbers (reading, "when", name, read, value, unit, verdict)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_PRUNE_NUMBERS = """DELETE FROM numbers WHERE reading < ?
    AND id <= (SELECT min(id) FROM numbers) + 10000"""
_NUMBER_COLUMNS = 'reading, "when", name, read, value, unit, verdict'
_MOVE = f"""INSERT INTO beside.numbers ({_NUMBER_COLUMNS})
    SELECT {_NUMBER_COLUMNS} FROM main.numbers ORDER BY id"""
_PART = f"BEGIN IMMEDIATE; DROP TABLE main.numbers; PRAGMA main.user_version = {FORMAT}; COMMIT"
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
# A reading without a time belongs to the period if it came after the period's first reading.
_SINCE = """FROM readings WHERE "when" >= :since
    OR ("when" = 0 AND id > (SELECT min(id) FROM readings WHERE "when" >= :since))"""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# Errors of opening when nothing can be written beside the file: not ours, read-only, full.
_NO_ROOM_BESIDE = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
)


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


@dataclass(frozen=True)
class _Form:
    """What a database holds: its forms with their counts of tables, and how it is made."""

    forms: tuple[tuple[int, int], ...]
    make: str


_OF_READINGS = _Form(((FORMAT, 1), (BOTH, 2), (0, 0)), _TABLE)
_OF_NUMBERS = _Form(((NUMBERS_FORMAT, 1), (0, 0)), _NUMBERS)


class _Database:
    """A file of the history, open for writing from its first use on, and the rows that wait."""

    def __init__(self, path: Path, form: _Form) -> None:
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
            self._open = _open_for_writing(self.path, self._form)
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
        self._readings = _Database(self._path, _OF_READINGS)
        self._numbers = _Database(numbers_beside(self._path), _OF_NUMBERS)
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
                    if not _is_damage(error):
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
        unsure, count = next(_rows(self._path, _DOUBT, newest=newest), (0, 0))
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
                newest = int(next(_rows(self._path, _NEWEST), (0,))[0])
            except (BadData, Busy) as error:
                cause = error.__cause__
                if not (isinstance(cause, sqlite3.Error) and _is_damage(cause)):
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
            oldest = int(next(_rows(self._path, _OLDEST), (0,))[0])
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


def numbers_beside(path: Path) -> Path:
    """Where the numbers of a history lie."""
    return path.with_name(f"{path.stem}-numbers{path.suffix}")


def _aside(path: Path) -> Path:
    """Where a damaged database goes."""
    return path.with_name(f"{path.name}.damaged")


def past(path: Path, since: float = 0.0) -> Iterator[Past]:
    """The readings in a database from a wall time on, oldest first, even while a service writes.

    since: seconds since 1970, 0 for all. Nothing if there is no database yet. Raises BadData for
    a file that is damaged, something else or may not be read, Busy if another process holds it.
    """
    query = f"SELECT * {_SINCE} ORDER BY id"
    yield from map(_past, _rows(path, query, since=since))


def some(path: Path, count: int, before: int = 0, after: int | None = None) -> Iterator[Past]:
    """The newest readings with a number below `before`, 0 for all, newest first; or the next ones
    above `after`, oldest first. Raises like `past`."""
    if after is None:
        where = "id < :before OR :before = 0"
        query = f"SELECT * FROM readings WHERE {where} ORDER BY id DESC LIMIT :count"
        rows = _rows(path, query, before=before, count=count)
    else:
        query = "SELECT * FROM readings WHERE id > :after ORDER BY id LIMIT :count"
        rows = _rows(path, query, after=after, count=count)
    yield from map(_past, rows)


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


def past_numbers(path: Path, since: float = 0.0) -> Iterator[PastNumber]:
    """The numbers in a database from a wall time on, oldest first; raises like `past`."""
    query = f'SELECT {_NUMBER_COLUMNS} FROM numbers WHERE "when" >= :since ORDER BY id'
    rows = _rows(numbers_beside(Path(path)), query, _OF_NUMBERS, since=since)
    for reading, when, *words in rows:
        number = int(reading) if isinstance(reading, int) else 0
        yield PastNumber(number, _within(when, _LAST), *map(str, words))


def _within(value: Any, most: float) -> float:
    """A number from 0 to `most`; 0.0 for anything else, as from a corrupted card."""
    return float(value) if isinstance(value, int | float) and 0 <= value <= most else 0.0


def _rows(
    path: Path, query: str, form: _Form = _OF_READINGS, **values: float
) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, read-only. Raises like `past`."""
    path = Path(path)
    database = None
    try:
        database = _open_for_reading(path, form)
        if database is not None:
            yield from database.execute(query, values)
    except sqlite3.DatabaseError as error:
        if _is_damage(error):
            raise BadData(
                f"{path}: is damaged or no history ({error}); the service sets it aside"
                " when it writes its next reading"
            ) from error
        if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Busy(f"{path}: another process holds it; try again") from error
        raise BadData(f"{path}: cannot be read ({error}){_ADVICE}") from error
    except OSError as error:
        raise BadData(f"{path}: cannot be read ({error.strerror}){_ADVICE}") from error
    finally:
        if database is not None:
            database.close()


def _open_for_reading(path: Path, form: _Form) -> sqlite3.Connection | None:
    """The database, read-only; None if there is nothing in it yet. Raises sqlite3.DatabaseError.

    A user who may not write beside it cannot use its write-ahead log; if there is none, the file
    is complete and can be read by itself.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    for way in (address, f"{address}&immutable=1"):
        if not path.exists():
            return None
        check_file(path)
        database = sqlite3.connect(way, timeout=10 * _LOCKED_SECONDS, uri=True)
        try:
            if _check_format(database, form):
                database.text_factory = lambda raw: raw.decode("utf-8", "replace")
                return database
            database.close()
        except sqlite3.DatabaseError as error:
            database.close()
            if way != address or _code(error) not in _NO_ROOM_BESIDE or _size(f"{path}-wal"):
                raise
    return None


def _size(name: str) -> int:
    """Bytes of a file; 0 if it is not there."""
    try:
        return os.stat(name).st_size
    except OSError:
        return 0


def _open_for_writing(path: Path, form: _Form, move: bool = True) -> sqlite3.Connection:
    """The database, made if there is none; numbers that lie among readings are moved out of it, if
    `move` and it goes. Raises sqlite3.DatabaseError.
    """
    with contextlib.suppress(OSError):  # SQLite's message is better
        make_shared(path)
    database = sqlite3.connect(path, timeout=_LOCKED_SECONDS)
    try:
        begun = _check_format(database, form)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(f"PRAGMA journal_size_limit = {LARGEST_LOG}")
        database.execute(f"PRAGMA cache_size = {-CACHE}")
        if not begun:
            database.executescript(f"BEGIN IMMEDIATE; {form.make} COMMIT")
        elif begun == BOTH and move:
            try:
                _move_numbers(database, numbers_beside(path))
            except sqlite3.Error:  # their own file is at fault; the readings are none the worse
                database.close()
                return _open_for_writing(path, form, move=False)
    except BaseException:
        database.close()
        raise
    return database


def _move_numbers(database: sqlite3.Connection, beside: Path) -> None:
    """Give numbers that lie among the readings their own file; cut short, they are moved again."""
    _open_for_writing(beside, _OF_NUMBERS).close()
    database.execute("ATTACH ? AS beside", (str(beside),))
    with database:
        database.execute(_MOVE)
    database.executescript(_PART)
    database.execute("DETACH beside")


def _check_format(database: sqlite3.Connection, form: _Form) -> int:
    """Which form the tables have; 0 for an empty file.

    Raises sqlite3.DatabaseError, as SQLite does for a file that is no database, for other tables.
    """
    ((number,),) = database.execute("PRAGMA user_version")
    ((tables,),) = database.execute("SELECT count(*) FROM sqlite_schema")
    if (number, tables) not in form.forms:
        raise sqlite3.DatabaseError("file is not a history of this version")
    return int(number)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary error code; 0 for our own errors."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is damaged, as opposed to a card that cannot be written."""
    return type(error) is sqlite3.DatabaseError and _code(error) in (0, *_DAMAGED)
