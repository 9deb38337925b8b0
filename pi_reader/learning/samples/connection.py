"""The open database of samples: reopened when the file was replaced, mended when it is damaged."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from pi_reader.errors import BadData
from pi_reader.files import identity_of
from pi_reader.learning.samples import rescue
from pi_reader.learning.samples.database import connect, in_our_words, is_emptied, may_be_damage


class Connection:
    """A connection to the database, opened when it is first needed.

    path: the file, created with its folder if missing; log: is given one line.
    """

    def __init__(self, path: Path, log: Callable[[str], None]) -> None:
        self.path, self._log = Path(path), log
        self._open: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None  # device and inode of the open file

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *what: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing."""
        with self._errors():
            database = self._begun()
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # it may have been rolled back already
                    database.execute("ROLLBACK")
                raise

    def _begun(self) -> sqlite3.Connection:
        """The database, in a transaction; waits while another process writes or mends the file."""
        while True:
            database = self._database()
            database.execute("BEGIN IMMEDIATE")
            if identity_of(self.path) == self._file:
                return database
            database.execute("ROLLBACK")  # the file was replaced while waiting

    def _database(self) -> sqlite3.Connection:
        """The open database, created if missing; reopened if the file was replaced."""
        if self._open is not None and identity_of(self.path) != self._file:
            self.close()
        if self._open is None:
            if is_emptied(self.path):
                self._log(
                    f"{self.path}: is empty, though it was there; what was taught is gone, and a"
                    " new one is begun; a backup may have it"
                )
            try:
                self._open = connect(self.path)
            except (sqlite3.DatabaseError, ValueError) as error:
                if not may_be_damage(error) or not (said := rescue.mend(self.path, error)):
                    raise
                self._log(said)
                self._open = connect(self.path)
            self._file = identity_of(self.path)
        return self._open

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Translate SQLite's errors to ours; mend a damaged file."""
        try:
            yield
        except (sqlite3.DatabaseError, ValueError) as error:
            if may_be_damage(error):
                self.close()
                if said := rescue.mend(self.path, error):
                    raise BadData(f"{said}; try again") from error
            if isinstance(error, sqlite3.DatabaseError):
                raise in_our_words(self.path, error) from error
            raise
