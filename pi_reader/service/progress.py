"""How a training gets on, told to somebody who is far away, without a word when nothing changes.

The training runs by itself and leaves a small file about itself; whoever follows reads that file.
So hanging up ends the following and never the training. Nothing here imports numpy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pi_reader.config import Folders
from pi_reader.errors import BadData, Busy, MissingFile
from pi_reader.files import read_json
from pi_reader.requests import Requests

ACTIVE = ("training", "judging")
SILENT_SECONDS = 30.0  # the service writes every ten
DEAD_SECONDS = 900.0  # without a word from a training: it was killed
START_SECONDS = 60.0  # that a training may take to begin: a Zero needs a while to load numpy
CANCEL_SECONDS = 60.0  # that it may take to finish its step
LONGEST_SECONDS = 26 * 3600.0  # that anybody is told for; a night is shorter

_POLL = 1.0  # seconds
_LARGEST = 64 << 10  # bytes of a status file
_BEYOND = 1e12  # no time and no share gets there


def follow(folders: Folders, clock: Callable[[], float],
           wait: Callable[[float], None]) -> Iterator[str]:
    """Lines on how the box is doing; while a training runs, one more whenever it has news.

    clock: seconds since 1970; wait: lets so many seconds pass.
    """
    begun, said, asked = clock(), "", False
    yield from service_lines(_read(folders.status), begun)
    while clock() - begun < LONGEST_SECONDS:
        training = _read(folders.training)
        if not asked and (folders.requests / "retrain").exists():
            asked = True
            yield "a training was asked for and is about to begin"
        line = training_line(training)
        if line != said:
            yield line
            said = line
        if not is_active(training, clock()):
            if not asked or _number(training, "updated") >= begun:
                return
            if clock() - begun >= START_SECONDS:
                yield (f"the training has not begun within {START_SECONDS:.0f} seconds; on the "
                       "box, `systemctl status pi-reader-train` tells why")
                return
        wait(_POLL)


def cancel(folders: Folders, requests: Requests, clock: Callable[[], float],
           wait: Callable[[float], None]) -> str:
    """Stop the training; gives what it said at last. Raises Busy if it does not stop."""
    if not is_active(_read(folders.training), clock()):
        return "no training is running"
    request = requests.ask("cancel")
    try:
        until = clock() + CANCEL_SECONDS
        while clock() < until:
            wait(_POLL)
            training = _read(folders.training)
            if not is_active(training, clock()):
                return training_line(training)
    finally:
        requests.withdraw(request)  # else the next training would find it
    raise Busy(f"cancel: the training has not stopped within {CANCEL_SECONDS:.0f} seconds; ask "
               "again")


def is_active(training: Mapping[str, Any], now: float) -> bool:
    """Whether a training runs, by what it said last."""
    return (training.get("state") in ACTIVE
            and now - _number(training, "updated") < DEAD_SECONDS)


def service_lines(status: Mapping[str, Any], now: float) -> Iterator[str]:
    """What the service said of itself."""
    age = now - _number(status, "updated")
    if not status:
        yield "reader: not running"
    elif age > SILENT_SECONDS:
        yield f"reader: no word for {age:.0f} seconds; it restarts by itself, or look at its lamps"
    else:
        text = "  ".join(str(status.get("text") or "").split())
        yield f"reader: {status.get('state')}" + (f", {text}" if text else "")
    for key in ("fault", "message"):
        if status.get(key):
            yield f"{key}: {status[key]}"


def training_line(training: Mapping[str, Any]) -> str:
    """What the training said of itself."""
    if not training.get("state"):
        return "training: none since the box was switched on"
    words = f"training: {training['state']}"
    if training["state"] in ACTIVE:
        words += f" {_number(training, 'progress'):.0%}"
        if until := _number(training, "until"):
            words += time.strftime(", until %H:%M", time.localtime(until))
    return words + (f": {training['message']}" if training.get("message") else "")


def _read(path: Path) -> dict[str, Any]:
    """A status file; nothing if there is none, or it is no good."""
    try:
        return read_json(path, _LARGEST)
    except (BadData, MissingFile):
        return {}


def _number(values: Mapping[str, Any], key: str) -> float:
    """A number from a file that anybody may have written; 0.0 if it is none."""
    value = values.get(key)
    if isinstance(value, (int, float)) and abs(value) < _BEYOND:
        return float(value)
    return 0.0
