"""The status file: what the service says of itself to other processes, as JSON in memory.

`pi-reader status`, `aim` and `doctor` read it. It is replaced as a whole, but not forced to a
disk: it says what is true right now and means nothing after a power cut.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pi_reader.errors import CannotWrite
from pi_reader.files import write_json

EVERY = 10.0  # seconds between two reports while nothing changes
_MODE = 0o640  # the box's group may see it: what is read is nobody else's business


class StatusFile:
    """Writes the file when something has changed, else every ten seconds."""

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._last: Mapping[str, Any] | None = None
        self._at = -math.inf

    def is_due(self, key: Mapping[str, Any], now: float) -> bool:
        """Whether it is time: `key` is what matters and changes rarely; now in seconds."""
        return key != self._last or not 0 <= now - self._at < EVERY

    def write(self, key: Mapping[str, Any], values: Mapping[str, Any], now: float) -> None:
        """Replace the file. Raises CannotWrite."""
        self._last, self._at = dict(key), now
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._path, plain(values), _MODE, sync=False)
        except OSError as error:
            why = error if isinstance(error, CannotWrite) else f"{self._path}: {error.strerror}"
            raise CannotWrite(
                f"{why}; `pi-reader status` does not know how the box is doing"
            ) from error


def plain(value: Any) -> Any:
    """Fit for JSON: numbers rounded to what anybody reads, and no infinities."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value
