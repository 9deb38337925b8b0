"""Follows or cancels a training from another process.

The training runs on its own and writes a status file; following means reading that file. So
hanging up ends the following but never the training. Nothing here imports numpy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from pi_reader.client.status import BoxStatus, read_status, read_training
from pi_reader.config import Folders
from pi_reader.state import Stage, TrainingState

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
        if not training.is_active(clock()):
            if not asked or training.updated >= begun:
                return
            if clock() - begun >= START_SECONDS:
                yield (
                    f"the training has not begun within {START_SECONDS:.0f} seconds; on the "
                    "box, `systemctl status pi-reader-train` tells why"
                )
                return
        wait(_POLL)


def service_lines(known: BoxStatus) -> Iterator[str]:
    """The service's status in lines, or why there is none."""
    if not known.running:
        yield f"reader: {known.problem}"
        return
    state = known.state
    text = "  ".join(state.text.split())
    yield f"reader: {state.state}" + (f", {text}" if text else "")
    if state.fault:
        yield f"fault: {state.fault}"
    if state.message:
        yield f"message: {state.message}"


def training_line(training: TrainingState) -> str:
    """The training's status in one line."""
    if training.state is Stage.NONE:
        return "training: none since the box was switched on"
    words = f"training: {training.words}"
    if training.words != training.state and training.until:
        words += time.strftime(", until %H:%M", time.localtime(training.until))
    return words + (f": {training.message}" if training.message else "")
