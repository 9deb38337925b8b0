"""Shows what the box sees to those who watch, in one small file on a memory file system.

The file begins with a line of JSON; the frame follows, thinned, as a JPEG. One is written for each
time that the page's process touches another file, so making it costs the reader no more than is
looked at.
"""

from __future__ import annotations

import contextlib
import io
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pi_reader.errors import CannotWrite
from pi_reader.files import durable
from pi_reader.state import plain
from pi_reader.values import Frame, Reading

WATCHED = 6.0  # seconds since the last sign that somebody watches
PAUSE = 0.2  # seconds between two frames
LIVELY = 0.4  # seconds between two looks, at most, while somebody watches
LARGEST = 640  # pixels of the longer edge of what is shown
QUALITY = 70  # of the JPEG
MOST_LINES = 40  # of the log
_MODE = 0o640


class View:
    """Writes `latest` and `log` in a folder.

    watched: the file that is touched; describe: a reading as JSON values; wall: seconds since 1970.
    """

    def __init__(
        self,
        folder: Path,
        watched: Path,
        describe: Callable[[Reading], Mapping[str, Any]],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._folder, self._watched, self._describe, self._wall = folder, watched, describe, wall
        self._next = -float("inf")
        self._asked = 0  # when the last that was shown was asked for, nanoseconds since 1970
        self._trouble = ""  # why the last could not be written
        self._lines: deque[tuple[float, str]] = deque(maxlen=MOST_LINES)

    def is_watched(self) -> bool:
        """Whether somebody watches."""
        return abs(self._wall() - self._touched() / 1e9) < WATCHED

    def _touched(self) -> int:
        try:
            return self._watched.stat().st_mtime_ns
        except OSError:
            return 0

    def show(
        self, now: float, frame: Frame, said: Reading | None, facts: Mapping[str, Any]
    ) -> None:
        """Show a frame with what was read on it, if one was asked for; now: seconds, monotonic.

        Raises CannotWrite, from a try that failed to the next.
        """
        asked = self._touched()
        if not self.is_watched():
            return
        if now < self._next or asked == self._asked:
            if self._trouble:
                raise CannotWrite(self._trouble)
            return
        self._next, self._asked = now + PAUSE, asked
        height, width = frame.grey.shape
        reading = None if said is None else self._describe(said)
        values = plain({**facts, "size": [width, height], "reading": reading})
        self._trouble = ""
        try:
            self._write("latest", json.dumps(values).encode() + b"\n" + jpeg(frame.grey))
        except CannotWrite as error:
            self._trouble = str(error)
            raise

    def log(self, line: str) -> None:
        """Keep a line of the log for those who look later. Raises nothing."""
        self._lines.append((round(self._wall(), 3), line[:300]))
        lines = [{"when": when, "line": text} for when, text in self._lines]
        with contextlib.suppress(CannotWrite):  # which would be another line for the log
            self._write("log", json.dumps(lines).encode())

    def _write(self, name: str, content: bytes) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotWrite(f"{self._folder}: cannot be made ({error.strerror})") from error
        with durable(self._folder / name, _MODE, sync=False) as handle:
            handle.write(content)


def jpeg(grey: np.ndarray) -> bytes:
    """A frame, (height, width) uint8, as a JPEG; averaged down by a whole factor if it is large."""
    picture = Image.fromarray(grey)
    by = -(-max(picture.size) // LARGEST)
    content = io.BytesIO()
    (picture if by <= 1 else picture.reduce(by)).save(content, "JPEG", quality=QUALITY)
    return content.getvalue()
