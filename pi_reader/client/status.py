"""The status of the box as other processes see it, from its status files.

Used by the command line and over SSH. On a Pi Zero the answer must come at once, so nothing here
imports numpy.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pi_reader.config import Folders
from pi_reader.errors import BadData, MissingFile
from pi_reader.files import is_held, read_json
from pi_reader.state import BoxState, TrainingState
from pi_reader.values import State

STALE_SECONDS = 60.0  # the service writes every ten, but a Zero may read a printed page for twenty
LARGEST = 64 << 10  # bytes of a status file


@dataclass(frozen=True)
class BoxStatus:
    """The status of a box as seen from outside.

    problem: why it is not running or may hang, and what to do, "" if all is well.
    status, training: the last status of the service and of the training as they were written,
    empty if there is none; state, learning: the same as values.
    """

    running: bool
    problem: str = ""
    status: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> BoxState:
        """What the service said of the box."""
        return BoxState.from_json(self.status)

    @property
    def learning(self) -> TrainingState:
        """What the training said of itself."""
        return TrainingState.from_json(self.training)

    @property
    def values(self) -> dict[str, Any]:
        """The same as JSON values, for scripts."""
        return {
            "running": self.running,
            "problem": self.problem,
            "status": self.status or None,
            "training": self.training or None,
        }


def read_status(folders: Folders, now: float) -> BoxStatus:
    """Read the status of the box; `now` in seconds since 1970. Raises nothing."""
    training: dict[str, Any] = {}
    with suppress(MissingFile, BadData):
        training = read_json(folders.training, LARGEST)
    try:
        status = read_json(folders.status, LARGEST)
    except (MissingFile, BadData) as error:
        why = error if isinstance(error, BadData) else f"there is no {folders.status}"
        return BoxStatus(False, f"not running: {why}; {_start(folders)}", {}, training)
    return BoxStatus(*_judge(folders, status, now), status, training)


def read_training(folders: Folders) -> TrainingState:
    """What the training said last; nothing if there is none or its file is damaged."""
    return read_status(folders, 0.0).learning


def _judge(folders: Folders, status: Mapping[str, Any], now: float) -> tuple[bool, str]:
    """Whether the service that said this is alive, and what is wrong with it."""
    state = BoxState.from_json(status)
    age = now - state.updated
    if not _is_alive(state.pid) or (age > STALE_SECONDS and not _is_held(folders.lock)):
        ended = {State.STOPPING: "it was stopped", State.FAULT: "it gave up"}.get(
            state.state, "it ended without a word"
        )
        why = f" ({state.fault})" if state.state is State.FAULT else ""
        return False, f"not running: {ended} {span(age)} ago{why}; {_start(folders)}"
    if "frames" not in status:  # the fault lamp's process speaks for the reader, and only once
        return False, f"not running: {state.fault or 'no reason was given'}"
    if age > STALE_SECONDS:
        return False, f"hangs: its last word is {span(age)} old; {_restart(folders, state)}"
    return True, ""


def _start(folders: Folders) -> str:
    """What to do about a service that is not running."""
    if folders.is_device:
        return (
            "`sudo systemctl start pi-reader` starts it, "
            "`journalctl -u pi-reader -n 30` says why it ended"
        )
    return "`pi-reader run` starts it, with the same --state if one is given"


def _restart(folders: Folders, state: BoxState) -> str:
    """What to do about a service that hangs."""
    if folders.is_device:
        return (
            "the watchdog restarts it within a minute, else `sudo systemctl restart pi-reader` does"
        )
    return f"end process {state.pid} and start it again"


def _is_alive(pid: int | None) -> bool:
    """Whether there is a process with this number."""
    if pid is None or not 0 < pid < 1 << 31:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it exists and belongs to another user
        pass
    return True


def _is_held(lock: Path) -> bool:
    """Whether the service holds its lock, if that can be checked: after a reboot its process
    number may belong to another process, which must not be blamed."""
    return not lock.exists() or is_held(lock)


def span(seconds: float) -> str:
    """A duration in the unit that fits: 12 s, 3 min, 5 h, 2 days."""
    seconds = max(0.0, seconds)
    for size, unit, until in ((1, "s", 120), (60, "min", 120 * 60), (3600, "h", 48 * 3600)):
        if seconds < until:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} days"
