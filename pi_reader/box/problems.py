"""What is broken at the moment, in words: said when it breaks and when it is whole again."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator

from pi_reader.errors import PiReaderError

TROUBLES = (PiReaderError, OSError, sqlite3.Error)  # what a card or a part may raise, ours or not


class Problems:
    """The box's list of complaints, the oldest first. log: is told one line per change."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._now: dict[str, str] = {}

    @property
    def newest(self) -> str:
        """The latest complaint, "" if there is none. Not the first: a low voltage at the start
        stands for as long as the power is on, and would hide all that comes after it."""
        return next(reversed(self._now.values()), "")

    @property
    def all(self) -> dict[str, str]:
        """Every complaint by the part it is about."""
        return dict(self._now)

    def set(self, part: str, words: str) -> None:
        """What is wrong with a part; "" if nothing is."""
        before = self._now.get(part, "")
        if words == before:
            return
        if words:
            self._now[part] = words
            self._log(words)
        else:
            del self._now[part]
            self._log(f"{part}: all right again")

    def mention(self, words: str) -> None:
        """Something went wrong that is over already."""
        self._log(words)

    @contextlib.contextmanager
    def kept_from_stopping_us(self, part: str) -> Iterator[None]:
        """Do something with a part that may break: then that is noted, and the box goes on."""
        try:
            yield
        except TROUBLES as error:
            self.set(part, str(error) or repr(error))
        else:
            self.set(part, "")
