"""Watches what changes slowly: temperature, power, disk, address, and a training's progress."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from pi_reader.box import host_sensors
from pi_reader.box.problems import Problems
from pi_reader.client.status import LARGEST
from pi_reader.errors import PiReaderError
from pi_reader.files import read_json, written_mb
from pi_reader.state import Stage, TrainingState

EVERY = 60.0  # seconds between two checks of temperature, disk and network
OFTEN = 1.0  # seconds between two checks of the training's status file
# Below the first the card counts as full, since SQLite and the nightly training need some space;
# from the second on it has room again. A single limit would flood the log when space hovers there.
LEAST_FREE_MB, FREE_AGAIN_MB = 20.0, 30.0
# Degrees Celsius: from the first on the processor throttles itself.
TOO_HOT, COOL_AGAIN = 80.0, 75.0


class HostMonitor:
    """Checks the host periodically and keeps the results.

    state: the folder whose disk must not be full; training: the training's status file; None
    skips the check. wall: seconds since 1970.
    """

    def __init__(
        self,
        problems: Problems,
        *,
        state: Path | None = None,
        training: Path | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.temperature: float | None = None
        self.disk_free_mb: float | None = None
        self.written_mb: float | None = None  # to the card, since this began
        self._written_before = written_mb() or 0.0
        self.address = ""
        self.progress: float | None = None
        self.message = ""
        self._problems = problems
        self._wall = wall
        self._state = state
        self._training = training
        self._stamp: tuple[int, int] | None = None
        self._word = TrainingState()
        self._next_slow = self._next_often = -float("inf")

    def tick(self, now: float) -> None:
        """Run the checks that are due; now: seconds, monotonic."""
        if now >= self._next_slow:
            self._next_slow = now + EVERY
            self._look_around()
        if now >= self._next_often:
            self._next_often = now + OFTEN
            self._listen()

    def _look_around(self) -> None:
        self.address = host_sensors.address()
        self.temperature = host_sensors.temperature()
        written = written_mb()
        self.written_mb = None if written is None else written - self._written_before
        self._problems.set("power", host_sensors.undervoltage() or "")
        limit = COOL_AGAIN if "temperature" in self._problems.all else TOO_HOT
        hot = self.temperature is not None and self.temperature >= limit
        self._problems.set(
            "temperature",
            f"temperature: has reached {TOO_HOT:.0f} °C, should stay below; give the box more air"
            if hot
            else "",
        )
        if self._state is not None:
            self._look_at_disk(self._state)

    def _look_at_disk(self, state: Path) -> None:
        if state.is_dir():
            self._problems.set("state", "")
        elif "state" not in self._problems.all:  # otherwise the reason was reported already
            self._problems.set(
                "state",
                f"{state}: is gone, so nothing can be kept; start pi-reader again, which makes it",
            )
        self.disk_free_mb = free = host_sensors.disk_free_mb(state)
        limit = FREE_AGAIN_MB if "disk" in self._problems.all else LEAST_FREE_MB
        full = free is not None and free < limit
        self._problems.set(
            "disk",
            f"{state}: the disk is full, less than {LEAST_FREE_MB:.0f} MB are"
            " left; make room, reading goes on but nothing is kept"
            if full
            else "",
        )

    def _listen(self) -> None:
        """Read the training's status file if it has changed."""
        if self._training is None:
            return
        try:
            found = os.stat(self._training)
            if (found.st_ino, found.st_mtime_ns) != self._stamp:
                self._stamp = found.st_ino, found.st_mtime_ns
                self._word = TrainingState.from_json(read_json(self._training, LARGEST))
        except (OSError, PiReaderError):
            self._word = TrainingState()
        word, active = self._word, self._word.is_active(self._wall())
        self.progress = min(1.0, max(0.0, word.progress)) if active else None
        killed = word.state in (Stage.TRAINING, Stage.JUDGING) and not active
        self.message = "" if killed else word.message
