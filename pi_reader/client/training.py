"""Follows or cancels a training from another process.

The training runs on its own and writes a status file; following means reading that file. So
hanging up ends the following but never the training. Nothing here imports numpy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pi_reader.client.status import BoxStatus, number, read_status, read_training
from pi_reader.config import Folders

ACTIVE = ("training", "judging")
DEAD_SECONDS = 900.0  # without a word from a training: it was killed
START_SECONDS = 60.0  # that a training may take to begin: a Zero needs a while to load numpy
LONGEST_SECONDS = 26 * 3600.0  # that anybody is told for; a night is shorter

_POLL = 1.0  # seconds


def follow(
    folders: Folders, clock: Callable[[], float], wait: Callable[[float], None]
) -> Iterator[str]:
    """Yield the status of the box in lines; while a training runs, a line for each change.

    clock: seconds since 1970; wait: sleeps for some seconds.
    """
    begun, said, asked = clock(), "", False
    yield from service_lines(read_status(folders, begun))
    while clock() - begun < LONGEST_SECONDS:
        training = read_training(folders)
        if not asked and (folders.requests / "retrain").exists():
            asked = True
            yield "a training was asked for and is about to begin"
        line = training_line(training)
        if line != said:
            yield line
            said = line
        if not is_active(training, clock()):
            if not asked or number(training, "updated") >= begun:
                return
            if clock() - begun >= START_SECONDS:
                yield (
                    f"the training has not begun within {START_SECONDS:.0f} seconds; on the "
                    "box, `systemctl status pi-reader-train` tells why"
                )
                return
        wait(_POLL)


def is_active(training: Mapping[str, Any], now: float) -> bool:
    """Whether a training is running, according to its last status."""
    return training.get("state") in ACTIVE and abs(now - number(training, "updated")) < DEAD_SECONDS


def service_lines(known: BoxStatus) -> Iterator[str]:
    """The service's status in lines, or why there is none."""
    if not known.running:
        yield f"reader: {known.problem}"
        return
    text = "  ".join(str(known.status.get("text") or "").split())
    yield f"reader: {known.status.get('state')}" + (f", {text}" if text else "")
    for key in ("fault", "message"):
        if known.status.get(key):
            yield f"{key}: {known.status[key]}"


def training_line(training: Mapping[str, Any]) -> str:
    """The training's status in one line."""
    if not training.get("state"):
        return "training: none since the box was switched on"
    words = f"training: {training['state']}"
    if training["state"] in ACTIVE:
        words += f" {number(training, 'progress'):.0%}"
        if until := number(training, "until"):
            words += time.strftime(", until %H:%M", time.localtime(until))
    return words + (f": {training['message']}" if training.get("message") else "")
