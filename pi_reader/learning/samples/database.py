"""The database file of the samples: opening, schema, setting aside if damaged, error messages."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from pi_reader.errors import BadData, Busy, CannotWrite, PiReaderError
from pi_reader.files import check_file, locked, make_folder, make_shared, sync_folder

_SCHEMA = """
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, at REAL NOT NULL,
    held_out INTEGER NOT NULL);
CREATE TABLE samples (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event INTEGER NOT NULL REFERENCES events(id),
    place INTEGER NOT NULL, read INTEGER NOT NULL, confidence REAL NOT NULL, label INTEGER,
    weights TEXT NOT NULL, source TEXT NOT NULL, patch BLOB NOT NULL, digest BLOB NOT NULL,
    cutout BLOB, height INTEGER NOT NULL, width INTEGER NOT NULL, UNIQUE (event, place));
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE INDEX by_digest ON samples(digest);
CREATE INDEX unlabelled ON samples(id) WHERE label IS NULL;
"""
_VERSION = 1  # of the schema
_BESIDE = ("-journal", "-wal", "-shm")  # what SQLite keeps beside a database
PATIENCE = 15.0  # seconds to wait for another process that is writing


def connect(path: Path) -> sqlite3.Connection:
    """Open the database, creating its tables if needed. Raises sqlite3.Error and BadData."""
    make_folder(path.parent)
    check_file(path)
    with contextlib.suppress(OSError):  # SQLite's message is better
        make_shared(path)
    database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
    try:
        for setting in ("journal_mode = TRUNCATE", "synchronous = FULL", "secure_delete = ON"):
            database.execute(f"PRAGMA {setting}")
        if _version(database) == 0:
            _lay_out(database)
        if _version(database) != _VERSION:
            raise BadData(f"{path}: is of another version of pi-reader; update, or move it away")
    except BaseException:
        database.close()
        raise
    return database


def is_emptied(path: Path) -> bool:
    """Whether a database is there without a single byte, as no one that was laid out ever is; one
    whose journal waits to be rolled back is not lost."""
    sizes = []
    for rest in ("", "-journal"):
        try:
            sizes.append(os.stat(f"{path}{rest}").st_size)
        except OSError:
            sizes.append(-1)
    return sizes[0] == 0 and sizes[1] <= 0


def _lay_out(database: sqlite3.Connection) -> None:
    """Create the tables, unless another process has just done so, or the file has others."""
    database.execute("BEGIN IMMEDIATE")
    if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        for statement in _SCHEMA.split(";"):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {_VERSION}")
    database.execute("COMMIT")


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def bytes_in_use(database: sqlite3.Connection) -> int:
    """The bytes of the file in use, without free pages."""
    pages, free, size = (
        database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def may_be_damage(error: Exception) -> bool:
    """Whether an error can mean that the database is corrupt: not only if SQLite says so, since
    corrupt text cannot be decoded, and a corrupt schema has other columns. Errors of our own, such
    as for a file of another version, do not count."""
    if isinstance(error, PiReaderError):
        return False
    return not isinstance(error, sqlite3.DatabaseError) or _code(error) in (
        0,
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_CONSTRAINT,
    )


def _code(error: sqlite3.DatabaseError) -> int:
    """SQLite's error code; 0 for errors raised by Python's module itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def replace(path: Path, fresh: Path) -> Path:
    """Replace a damaged database by a new one; returns the new path of the damaged one.

    A power cut leaves one or the other in place. Raises CannotWrite.
    """
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        try:
            os.link(path, aside)
        except OSError:  # a file system without links, such as FAT
            path.rename(aside)
        for rest in _BESIDE:
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + rest).rename(aside.with_name(aside.name + rest))
        os.replace(fresh, path)
        sync_folder(path.parent)
    except OSError as error:
        raise CannotWrite(
            f"{path}: is damaged and cannot be set aside ({error.strerror})"
        ) from error
    remove(fresh)  # what SQLite left beside it
    return aside


def remove(path: Path) -> None:
    """Remove a database and SQLite's files beside it, if they exist."""
    for rest in ("", *_BESIDE):
        with contextlib.suppress(OSError):
            path.with_name(path.name + rest).unlink()


def set_aside(path: Path) -> list[Path]:
    """The damaged databases that were set aside, and an unfinished new one that a power cut
    left."""
    return [
        found
        for kind in ("damaged-", "fresh")
        for found in path.parent.glob(f"{path.name}.{kind}*")
    ]


def remove_set_aside(path: Path) -> None:
    """Remove the files set aside. Raises CannotWrite, or Busy if another process is adding one."""
    with locked(path.with_name(f"{path.name}.lock"), PATIENCE):
        for found in set_aside(path):
            try:
                found.unlink(missing_ok=True)
            except OSError as error:
                raise CannotWrite(
                    f"{found}: cannot be removed ({error.strerror}), and holds "
                    "samples; try it with sudo"
                ) from error


def in_our_words(path: Path, error: sqlite3.DatabaseError) -> Exception:
    """One of our errors, with advice, for an error of SQLite's; that itself if it is a bug."""
    code = _code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Busy(f"{path}: another process has been writing for {PATIENCE:.0f} s; try later")
    reasons = {
        sqlite3.SQLITE_FULL: "the disk is full; make room and try again",
        sqlite3.SQLITE_READONLY: "it is read-only; change its owner or mount it writable",
        sqlite3.SQLITE_IOERR: "the disk reports an error; is it full or failing?",
        sqlite3.SQLITE_CANTOPEN: "it cannot be opened; look at its folder and its owner",
        sqlite3.SQLITE_PERM: "no permission; change its owner",
    }
    if code in reasons:
        return CannotWrite(f"{path}: cannot be written, {reasons[code]}")
    return error
