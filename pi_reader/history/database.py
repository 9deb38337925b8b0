"""The files of the history: their tables, and how they are opened for writing and for reading.

The numbers of the settings have a file of their own beside the readings', so that versions which do
not know them go on with the readings.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pi_reader.errors import BadData, Busy
from pi_reader.files import check_file, make_shared

FORMAT = 0x7069_0001  # "pi", the only form of readings that versions before take
BOTH = 0x7069_0002  # with numbers in the same file, which are moved out of it
NUMBERS_FORMAT = 0x7069_1001  # of the file of numbers
LARGEST_LOG = 1 << 20  # bytes of the write-ahead log that stay on the card
CACHE = 256  # KiB of the database in memory; SQLite's default of 2 MB would fill over some weeks
_ADVICE = "; read it with sudo, or join the group pi-reader, and see that the disk is not full"
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
NUMBER_COLUMNS = 'reading, "when", name, read, value, unit, verdict'
_MOVE = f"""INSERT INTO beside.numbers ({NUMBER_COLUMNS})
    SELECT {NUMBER_COLUMNS} FROM main.numbers ORDER BY id"""
_PART = f"BEGIN IMMEDIATE; DROP TABLE main.numbers; PRAGMA main.user_version = {FORMAT}; COMMIT"
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# Errors of opening when nothing can be written beside the file: not ours, read-only, full.
_NO_ROOM_BESIDE = (
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
)


@dataclass(frozen=True)
class Form:
    """What a database holds: its forms with their counts of tables, and how it is made."""

    forms: tuple[tuple[int, int], ...]
    make: str


OF_READINGS = Form(((FORMAT, 1), (BOTH, 2), (0, 0)), _TABLE)
OF_NUMBERS = Form(((NUMBERS_FORMAT, 1), (0, 0)), _NUMBERS)


def numbers_beside(path: Path) -> Path:
    """Where the numbers of a history lie."""
    return path.with_name(f"{path.stem}-numbers{path.suffix}")


def rows_of(
    path: Path, query: str, form: Form = OF_READINGS, **values: float
) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, read-only; none if there is no database yet.

    Raises BadData for a file that is damaged, something else or may not be read, Busy if another
    process holds it.
    """
    path = Path(path)
    database = None
    try:
        database = _open_for_reading(path, form)
        if database is not None:
            yield from database.execute(query, values)
    except sqlite3.DatabaseError as error:
        if is_damage(error):
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


def _open_for_reading(path: Path, form: Form) -> sqlite3.Connection | None:
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


def open_for_writing(path: Path, form: Form, move: bool = True) -> sqlite3.Connection:
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
                return open_for_writing(path, form, move=False)
    except BaseException:
        database.close()
        raise
    return database


def _move_numbers(database: sqlite3.Connection, beside: Path) -> None:
    """Give numbers that lie among the readings their own file; cut short, they are moved again."""
    open_for_writing(beside, OF_NUMBERS).close()
    database.execute("ATTACH ? AS beside", (str(beside),))
    with database:
        database.execute(_MOVE)
    database.executescript(_PART)
    database.execute("DETACH beside")


def _check_format(database: sqlite3.Connection, form: Form) -> int:
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


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is damaged, as opposed to a card that cannot be written."""
    return type(error) is sqlite3.DatabaseError and _code(error) in (0, *_DAMAGED)
