"""What could not be sent yet: a short queue in a file, the oldest goes when it is full.

A new message costs one line at the file's end, so that a broker that is away for a month does not
wear out the card; now and then the file is written anew without what is no longer wanted.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pi_reader.files import durable

_LARGEST = 4 << 20  # bytes of a file that is read at all


class Spool:
    """A queue of at most `most` messages in a file, for one process and any of its threads.

    A card that cannot be written is logged once; until it can, messages wait in memory alone.
    """

    def __init__(
        self, path: Path, most: int, log: Callable[[str], None] = lambda line: None
    ) -> None:
        self._path, self._most, self._log = path, most, log
        self._lock = threading.Lock()
        self._lines = 0  # in the file, including delivered ones
        self._trouble = ""
        self.waiting: deque[dict[str, Any]] = deque(self._read(), maxlen=most)

    def add(self, message: dict[str, Any]) -> None:
        """Append a message."""
        with self._lock, self._logged():
            self.waiting.append(message)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self._lines >= 2 * self._most:
                self._write()
                return
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(json.dumps(message, ensure_ascii=False) + "\n")
            self._lines += 1

    def drop(self, count: int = 1, first: object = None) -> None:
        """Delete the oldest messages, which were delivered; none if `first` is no longer first."""
        with self._lock, self._logged():
            if first is None or (self.waiting and self.waiting[0] is first):
                for _ in range(min(count, len(self.waiting))):
                    self.waiting.popleft()
                self._write()

    @contextlib.contextmanager
    def _logged(self) -> Iterator[None]:
        try:
            yield
            self._trouble = ""
        except OSError as error:  # also CannotWrite
            self._lines = 2 * self._most  # the next writes all anew: half a line may be there
            before, self._trouble = self._trouble, str(error)
            if before != self._trouble:
                self._log(f"{self._path}: cannot be written ({error})")

    def _write(self) -> None:
        with durable(self._path, 0o600, sync=False) as file:
            for message in self.waiting:
                file.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")
        self._lines = len(self.waiting)

    def _read(self) -> list[dict[str, Any]]:
        try:
            with open(self._path, "rb") as file:
                content = file.read(_LARGEST)
        except OSError:
            return []
        lines = content.splitlines()
        whole = content.endswith(b"\n")  # else a power cut left half a line, to be written anew
        self._lines = len(lines) if whole else 2 * self._most
        messages = []
        for line in lines:
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):  # cut short by a power cut
                continue
            if isinstance(message, dict):
                messages.append(message)
        return messages
