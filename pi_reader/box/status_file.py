"""The status file: the state of the service for other processes, as JSON on a memory file system.

`pi-reader status`, `aim` and `doctor` read it. It is replaced atomically but not synced to disk:
it describes the present and means nothing after a power cut.
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
    """Writes the file when something has changed, otherwise every ten seconds."""

    def __init__(self, path: Path) -> None:
        self._path = Path(path)
        self._last: Mapping[str, Any] | None = None
        self._at = -math.inf

    def is_due(self, key: Mapping[str, Any], now: float) -> bool:
        """Whether to write now: when `key`, the rarely changing part, differs, or time is up."""
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
    """The value made fit for JSON: numbers rounded, infinities and NaN as None."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value
