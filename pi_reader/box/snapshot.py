"""Copies of files that are in use, from a card that may be full, read-only or failing.

That is when one is wanted. So nothing need be writable there: a database, which has to be copied
whole before it can be read as a file, is copied in memory where the card has no room.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from itertools import product
from pathlib import Path
from typing import BinaryIO

IN_MEMORY = Path("/dev/shm")
_NOT_NOW = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_BUSY,
)

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_PIECE = 1 << 20  # bytes read at once


@contextmanager
def scratch_for(state: Path) -> Iterator[list[Path]]:
    """Folders for a copy that is in the making: on the card, and in memory, as far as they go."""
    with ExitStack() as opened:
        found = []
        for folder in (state, IN_MEMORY):
            with suppress(OSError):  # full, read-only
                scratch = tempfile.TemporaryDirectory(
                    prefix=".backup-", dir=folder, ignore_cleanup_errors=True
                )
                found.append(Path(opened.enter_context(scratch)))
        yield found


def copied(source: Path, scratch: Sequence[Path]) -> Path:
    """A consistent snapshot of a database that is being written to, in one of these folders.

    Raises sqlite3.DatabaseError.
    """
    address = source.absolute().as_uri()
    ways = [f"{address}?mode=rw", f"{address}?mode=ro"]
    if not _has_log(source):  # then the file is complete, and nothing need be written beside it
        ways.append(f"{address}?mode=ro&immutable=1")
    trouble: sqlite3.DatabaseError = sqlite3.OperationalError("there is no room for a copy")
    trouble.sqlite_errorcode = sqlite3.SQLITE_FULL
    for folder, way in product(scratch, ways):
        copy = folder / "copy.db"
        copy.unlink(missing_ok=True)
        try:
            with (
                closing(sqlite3.connect(way, uri=True)) as here,
                closing(sqlite3.connect(copy)) as there,
            ):
                here.backup(there)
            return copy
        except sqlite3.DatabaseError as error:
            if not is_of_the_place(error):
                raise
            trouble = error
    raise trouble


def _has_log(source: Path) -> bool:
    """Whether a part of a database lies in a file beside it."""
    beside = (Path(f"{source}{tail}") for tail in ("-wal", "-journal"))
    return any(path.exists() and path.stat().st_size for path in beside)


def is_of_the_place(error: sqlite3.DatabaseError) -> bool:
    """Whether a database's place is at fault, or something else has it; else it is damaged."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _NOT_NOW


def open_whole(source: Path) -> BinaryIO:
    """A file to be copied. It is read once before: what a failing card holds back must not break
    the archive off. Raises OSError, FileNotFoundError for what is no file.
    """
    handle = os.fdopen(os.open(source, _READ), "rb")
    try:
        if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
            raise FileNotFoundError(errno.ENOENT, "is no file any more", str(source))
        while handle.read(_PIECE):
            pass
        handle.seek(0)
    except BaseException:
        handle.close()
        raise
    return handle
