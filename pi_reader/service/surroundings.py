"""What changes slowly around the reading: heat, power, disk, address, and the training's word."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pi_reader.errors import PiReaderError
from pi_reader.files import read_json
from pi_reader.service import health
from pi_reader.service.faults import Faults

EVERY = 60.0  # seconds between two looks at heat, disk and network
OFTEN = 1.0  # and at the training's word
LEAST_FREE_MB = 20.0  # below that the card counts as full: SQLite and the night need some
TOO_HOT = 80.0  # degrees Celsius; the processor slows itself down from here on
_LARGEST = 64 << 10  # bytes of the training's word
_FORGOTTEN = 900.0  # seconds after which a training that says nothing more was killed


class Surroundings:
    """Looks around now and then, and keeps what it saw.

    state: the folder whose disk must not be full; training: the file in which the training says
    how far it is; None where there are none. wall: seconds since 1970.
    """

    def __init__(self, faults: Faults, *, state: Path | None = None, training: Path | None = None,
                 wall: Callable[[], float] = time.time) -> None:
        self.temperature: float | None = None
        self.disk_free_mb: float | None = None
        self.address = ""
        self.progress: float | None = None
        self.message = ""
        self._faults = faults
        self._wall = wall
        self._state = state
        self._training = training
        self._stamp: tuple[int, int] | None = None
        self._word: dict[str, Any] = {}
        self._next_slow = self._next_often = -float("inf")

    def tick(self, now: float) -> None:
        """Look around if it is time; now: seconds, monotonic."""
        if now >= self._next_slow:
            self._next_slow = now + EVERY
            self._look_around()
        if now >= self._next_often:
            self._next_often = now + OFTEN
            self._listen()

    def _look_around(self) -> None:
        self.address = health.address()
        self.temperature = health.temperature()
        self._faults.set("power", health.undervoltage() or "")
        hot = self.temperature is not None and self.temperature >= TOO_HOT
        self._faults.set("temperature", f"temperature: {self.temperature:.0f} °C, should stay below"
                         f" {TOO_HOT:.0f}; give the box more air" if hot else "")
        if self._state is not None:
            self.disk_free_mb = free = health.disk_free_mb(self._state)
            full = free is not None and free < LEAST_FREE_MB
            self._faults.set("disk", f"{self._state}: the disk is full, {free:.0f} MB are left;"
                             " make room, reading goes on but nothing is kept" if full else "")

    def _listen(self) -> None:
        """What the training says, if it has said anything new."""
        if self._training is None:
            return
        try:
            found = os.stat(self._training)
            if (found.st_ino, found.st_mtime_ns) != self._stamp:
                self._stamp = found.st_ino, found.st_mtime_ns
                self._word = read_json(self._training, _LARGEST)
        except (OSError, PiReaderError):
            self._word = {}
        progress, at = self._word.get("progress"), self._word.get("updated")
        fresh = isinstance(at, int | float) and abs(self._wall() - at) < _FORGOTTEN
        busy = self._word.get("state") in ("training", "judging") and fresh
        self.progress = float(progress) if busy and isinstance(progress, int | float) else None
        self.message = str(self._word.get("message", "")) if fresh or not busy else ""
