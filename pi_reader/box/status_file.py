"""The status file: the state of the service for other processes, as JSON on a memory file system.

It is replaced atomically but not synced to disk: it describes the present and means nothing after a
power cut. `client.status` reads it.
"""

from __future__ import annotations

import math
from pathlib import Path

from pi_reader.errors import CannotWrite
from pi_reader.files import write_json
from pi_reader.state import BoxState

EVERY = 10.0  # seconds between two reports while nothing changes
_MODE = 0o640  # the box's group may see it: what is read is nobody else's business


class StatusFile:
    """Writes the file when something has changed, otherwise every ten seconds."""

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._last: object = None
        self._at = -math.inf

    def is_due(self, key: object, now: float) -> bool:
        """Whether to write now: when `key`, the rarely changing part, differs, or time is up."""
        return key != self._last or not 0 <= now - self._at < EVERY

    def write(self, key: object, state: BoxState, now: float) -> None:
        """Replace the file. Raises CannotWrite."""
        self._last, self._at = key, now
        values = state.to_json()
        if state.frames is None:  # said by another process in the service's place
            values = {name: values[name] for name in ("state", "fault", "updated", "pid")}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._path, values, _MODE, sync=False)
        except OSError as error:
            why = error if isinstance(error, CannotWrite) else f"{self._path}: {error.strerror}"
            raise CannotWrite(
                f"{why}; `pi-reader status` does not know how the box is doing"
            ) from error
