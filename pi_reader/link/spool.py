"""What could not be sent yet: a short queue in a file, the oldest goes when it is full.

A new message costs one line at the file's end, so that a broker that is away for a month does not
wear out the card; now and then the file is written anew without what is no longer wanted.
"""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import Any

from pi_reader.errors import CannotWrite
from pi_reader.files import durable

_LARGEST = 4 << 20  # bytes of a file that is read at all


class Spool:
    """A queue of at most `most` messages. One process at a time; what is damaged is left out."""

    def __init__(self, path: Path, most: int) -> None:
        self._path, self._most = path, most
        self._lines = 0  # in the file, with those that are done
        self.waiting: deque[dict[str, Any]] = deque(self._read(), maxlen=most)

    def add(self, message: dict[str, Any]) -> None:
        """Put one at the end. Raises CannotWrite; it then waits in memory alone."""
        self.waiting.append(message)
        if self._lines >= 2 * self._most:
            self._write()
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with open(self._path, "a", encoding="utf-8") as file:
                file.write(json.dumps(message, ensure_ascii=False) + "\n")
        except OSError as error:
            raise CannotWrite(f"{self._path}: cannot be written ({error.strerror})") from error
        self._lines += 1

    def drop(self, count: int = 1) -> None:
        """Let go of the oldest, which were delivered. Raises CannotWrite."""
        for _ in range(min(count, len(self.waiting))):
            self.waiting.popleft()
        self._write()

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
