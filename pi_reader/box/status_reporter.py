"""Reports the state of the box: to lamps and displays, to systemd, and to other processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from pi_reader.box.aiming import Aiming
from pi_reader.box.button_actions import ButtonActions
from pi_reader.box.host_monitor import HostMonitor
from pi_reader.box.memory_sync import MemorySync
from pi_reader.box.problems import Problems
from pi_reader.box.reading_log import ReadingLog
from pi_reader.box.status_file import StatusFile
from pi_reader.box.systemd_notifier import SystemdNotifier
from pi_reader.box.vote import Vote
from pi_reader.camera.base import Camera
from pi_reader.camera.image_quality import Conditions, conditions
from pi_reader.outputs.base import Output
from pi_reader.values import Frame, Reading, State, Status

AWAKE_AFTER = 10  # reads after which starting is over, even if no two of them agree


class StatusReporter:
    """Reports the state of the box whenever it changes.

    outputs, notifier, status_file: where it reports to; status_file: None for no status file.
    The other parts are queried; what only the main loop knows, the loop notes here. clock:
    seconds, monotonic; wall: since 1970.
    frames, reads: how many there were; held: what a frozen display shows; aiming: figures for
    adjusting the lens.
    """

    def __init__(
        self,
        outputs: Output,
        notifier: SystemdNotifier,
        status_file: StatusFile | None,
        *,
        camera: Camera,
        problems: Problems,
        reading_log: ReadingLog,
        host_monitor: HostMonitor,
        actions: ButtonActions,
        vote: Vote,
        clock: Callable[[], float],
        wall: Callable[[], float],
        memory: MemorySync | None = None,
    ) -> None:
        self.frames = self.reads = 0
        self.held: Reading | None = None
        self.aiming = Aiming()
        self._outputs, self._notifier, self._status_file = outputs, notifier, status_file
        self._camera, self._problems, self._reading_log = camera, problems, reading_log
        self._host_monitor, self._actions, self._vote = host_monitor, actions, vote
        self._clock, self._wall, self._memory = clock, wall, memory
        self._weights = ""
        self._generation: int | None = None
        self._conditions: Conditions | None = None
        self._trouble: State | None = None
        self._is_awake = False
        self._status = Status(State.STARTING)
        self._since = clock()
        self._started = clock()

    def reads_with(self, weights: str, generation: int | None) -> None:
        """Note the weights in use: their sha256, and the number of their generation."""
        self._weights, self._generation = weights, generation

    def saw(self, frame: Frame) -> None:
        """Note that a frame was captured."""
        self.frames += 1
        self._conditions = conditions(frame.grey)

    def has_read(self) -> None:
        """Note that the frame was read."""
        self.reads += 1
        self._is_awake = self._is_awake or self._vote.settled or self.reads >= AWAKE_AFTER
        if self._vote.settled:
            self._trouble = self._conditions.trouble if self._conditions else None

    def begin(self) -> None:
        """Report that the box is starting."""
        self._outputs.tell(self._status)

    def end(self, last_word: Status) -> None:
        """Show the final status on the outputs."""
        self._status = last_word
        with self._problems.kept_from_stopping_us("outputs"):
            self._outputs.tell(last_word)

    def close(self) -> None:
        """Write the final status for other processes."""
        if self._status_file is not None:
            with self._problems.kept_from_stopping_us("status file"):
                self._status_file.write({}, self.figures(), self._clock())

    def tell(self, now: float) -> None:
        """Report the current state to all, if it has changed."""
        status = self._status_now(now)
        if status != self._status:
            if status.state != self._status.state:
                self._since = now
            self._status = status
            self._outputs.tell(status)
        said = self._vote.said
        line = f"{status.state}: {said.text}" if said else str(status.state)
        self._notifier.say(f"{line}; {status.fault}" if status.fault else line)
        self._write_report(now)

    def figures(self) -> dict[str, Any]:
        """All values of the status file."""
        status, said, around = self._status, self._vote.said, self._host_monitor
        now, last, seen = self._clock(), self._reading_log.events.last, self._conditions
        uptime = now - self._started
        return {
            "state": str(status.state),
            "text": said.text if said else "",
            "sure": said is not None and all(digit.sure for digit in said.digits),
            "fault": status.fault if status.state is State.FAULT else self._problems.newest,
            "faults": self._problems.all,
            "message": status.message,
            "progress": status.progress,
            "frozen": status.frozen,
            "address": status.address,
            "since": self._wall() - (now - self._since),
            "updated": self._wall(),
            "uptime": uptime,
            "pid": os.getpid(),
            "frames": self.frames,
            "reads": self.reads,
            "unsure_share": self._reading_log.drift.share,
            "looks_per_second": self.frames / uptime if uptime > 0 else 0.0,
            "weights": self._weights,
            "generation": self._generation,
            "memory": self._memory.figures if self._memory is not None else None,
            "camera": dict(getattr(self._camera, "figures", {})),
            "conditions": vars(seen) if seen else None,
            "aim": self.aiming.figures,
            "broken": self._broken(),
            "temperature": around.temperature,
            "disk_free_mb": around.disk_free_mb,
            "last": {
                "text": last.reading.text,
                "when": last.when,
                "event": last.number,
                "sure": all(digit.sure for digit in last.reading.digits),
                "confidence": min(digit.confidence for digit in last.reading.digits),
            }
            if last
            else None,
        }

    def _status_now(self, now: float) -> Status:
        correction = self._actions.correction
        said = self.held if self._actions.frozen else self._vote.said
        if correction is not None:
            state = State.CORRECTING
        elif said is not None:
            state = State.READING if all(d.sure for d in said.digits) else State.UNSURE
        elif not self._is_awake:
            state = State.STARTING
        else:
            state = self._trouble or State.NOTHING
        broken = (f"{name}: {why}" for name, why in self._broken().items())
        return Status(
            state,
            self._problems.newest or next(broken, ""),
            self.aiming.words
            or self._actions.news(now)
            or self._host_monitor.message
            or self._reading_log.drift.hint,
            self._host_monitor.address,
            self._host_monitor.progress,
            correction,
            self._actions.frozen,
        )

    def _broken(self) -> dict[str, str]:
        """The outputs that are broken, with the reason; a copy, which does not change meanwhile."""
        return dict(getattr(self._outputs, "broken", {}))

    def _write_report(self, now: float) -> None:
        if self._status_file is None:
            return
        said = self._vote.said
        key = {
            "status": self._status,
            "text": said.text if said else "",
            "faults": self._problems.all,
            "broken": self._broken(),
            "frame": self.frames if self.aiming.is_on(now) else 0,
        }
        if self._status_file.is_due(key, now):
            with self._problems.kept_from_stopping_us("status file"):
                self._status_file.write(key, self.figures(), now)
