"""What is wrong at the moment: reported once when it breaks and once when it works again."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator

from pi_reader.errors import PiReaderError

TROUBLES = (PiReaderError, OSError, sqlite3.Error)  # anything a card or a part may raise


class Problems:
    """The current problems, oldest first. log: is given one line per change."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._now: dict[str, str] = {}

    @property
    def newest(self) -> str:
        """The latest problem, "" if there is none. Not the first: a low voltage at the start
        remains until the power is cut, and would hide all later ones."""
        return next(reversed(self._now.values()), "")

    @property
    def all(self) -> dict[str, str]:
        """Every problem by the part it concerns."""
        return dict(self._now)

    def set(self, part: str, words: str) -> None:
        """Set what is wrong with a part; "" clears it."""
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
        """Log something that went wrong but does not last."""
        self._log(words)

    @contextlib.contextmanager
    def kept_from_stopping_us(self, part: str) -> Iterator[None]:
        """Guard work with a part that may fail: an error becomes a problem and is not raised."""
        try:
            yield
        except TROUBLES as error:
            self.set(part, str(error) or repr(error))
        else:
            self.set(part, "")
