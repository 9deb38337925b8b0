"""Reports the state of the box: to lamps and displays, to systemd, and to other processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

from pi_reader.box.aiming import Aiming
from pi_reader.box.button_actions import ButtonActions
from pi_reader.box.host_monitor import HostMonitor
from pi_reader.box.memory_sync import MemorySync
from pi_reader.box.number_watch import NumberWatch
from pi_reader.box.problems import Problems
from pi_reader.box.reading_log import ReadingLog
from pi_reader.box.status_file import StatusFile
from pi_reader.box.systemd_notifier import SystemdNotifier
from pi_reader.box.vote import Vote
from pi_reader.camera.base import Camera
from pi_reader.camera.image_quality import Conditions, conditions
from pi_reader.outputs.base import Output
from pi_reader.state import BoxState, LastReading
from pi_reader.values import Frame, Reading, State

CODE_SECONDS = 120.0  # that a code for the page is shown; then it may be asked for again
AWAKE_AFTER = 10  # reads after which starting is over, even if no two of them agree


class StatusReporter:
    """Reports the state of the box whenever it changes.

    outputs, notifier, status_file: where it reports to; status_file: None for no status file.
    The other parts are queried; what only the main loop knows, the loop notes here. guests: what
    others may see at the page without being let in. clock: seconds, monotonic; wall: since 1970.
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
        guests: str,
        clock: Callable[[], float],
        wall: Callable[[], float],
        memory: MemorySync | None = None,
        numbers: NumberWatch | None = None,
    ) -> None:
        self.frames = self.reads = 0
        self.held: Reading | None = None
        self.aiming = Aiming()
        self._outputs, self._notifier, self._status_file = outputs, notifier, status_file
        self._camera, self._problems, self._reading_log = camera, problems, reading_log
        self._host_monitor, self._actions, self._vote = host_monitor, actions, vote
        self._clock, self._wall, self._memory = clock, wall, memory
        self._guests = guests
        self._numbers = numbers
        self._weights = ""
        self._generation: int | None = None
        self._conditions: Conditions | None = None
        self._trouble: State | None = None
        self._code, self._code_until = "", -float("inf")
        self._is_awake = False
        self._state = BoxState()
        self._since = clock()
        self._started = clock()

    def reads_with(self, weights: str, generation: int | None) -> None:
        """Note the weights in use: their sha256, and the number of their generation."""
        self._weights, self._generation = weights, generation

    def show_code(self, code: str, now: float) -> None:
        """Show the code that lets somebody use the page for a while, "" to end that."""
        self._code, self._code_until = code, now + CODE_SECONDS

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
        self._outputs.tell(self._state)

    def end(self, last_word: BoxState) -> None:
        """Show the final status on the outputs."""
        self._state = last_word
        with self._problems.kept_from_stopping_us("outputs"):
            self._outputs.tell(last_word)

    def close(self) -> None:
        """Write the final status for other processes."""
        if self._status_file is not None:
            self._write(self._status_file, None)

    def tell(self, now: float) -> None:
        """Report the current state to all, if it has changed."""
        before, self._state = self._state, self._state_now(now)
        state = self._state
        if state.state != before.state:
            self._since = now
        if state != before:
            self._outputs.tell(state)
        line = f"{state.state}: {state.text}" if state.text else str(state.state)
        self._notifier.say(f"{line}; {state.fault}" if state.fault else line)
        frame = self.frames if self.aiming.is_on(now) else 0
        key = (state, state.text, state.faults, state.broken, frame)
        if self._status_file is not None and self._status_file.is_due(key, now):
            self._write(self._status_file, key)

    def report(self) -> BoxState:
        """The latest state with all its figures, for other processes."""
        state = self._state
        now, uptime = self._clock(), self._clock() - self._started
        last, seen, around = self._reading_log.events.last, self._conditions, self._host_monitor
        said = self._vote.said
        return replace(
            state,
            code="",
            fault=state.fault if state.state is State.FAULT else self._problems.newest,
            text=said.text if said else "",
            sure=said is not None and all(digit.sure for digit in said.digits),
            faults=self._problems.all,
            broken=self._broken(),
            since=self._wall() - (now - self._since),
            updated=self._wall(),
            uptime=uptime,
            pid=os.getpid(),
            frames=self.frames,
            reads=self.reads,
            unsure_share=self._reading_log.drift.share,
            looks_per_second=self.frames / uptime if uptime > 0 else 0.0,
            weights=self._weights,
            generation=self._generation,
            memory=self._memory.figures if self._memory is not None else None,
            camera=dict(getattr(self._camera, "figures", {})),
            conditions=vars(seen) if seen else None,
            aim=self.aiming.figures,
            temperature=around.temperature,
            disk_free_mb=around.disk_free_mb,
            written_mb=around.written_mb,
            last=LastReading(
                last.reading.text,
                last.when,
                last.number,
                all(digit.sure for digit in last.reading.digits),
                min(digit.confidence for digit in last.reading.digits),
            )
            if last
            else None,
            guests=self._guests,
        )

    def _state_now(self, now: float) -> BoxState:
        correction, said = self._actions.correction, self._vote.said
        shown = self.held if self._actions.frozen else said
        code = self._code if correction is None and now < self._code_until else ""
        if correction is not None:
            state = State.CORRECTING
        elif code:
            state = State.PAIRING
        elif shown is not None:
            state = State.READING if self._is_believed(shown) else State.UNSURE
        elif not self._is_awake:
            state = State.STARTING
        else:
            state = self._trouble or State.NOTHING
        broken = self._broken()
        return BoxState(
            state,
            self._problems.newest or next((f"{name}: {why}" for name, why in broken.items()), ""),
            self.aiming.words
            or self._actions.news(now)
            or self._host_monitor.message
            or self._reading_log.drift.hint,
            self._host_monitor.address,
            self._host_monitor.progress,
            correction,
            self._actions.frozen,
            code,
            self._numbers.now if self._numbers is not None else (),
            text=said.text if said else "",
            faults=self._problems.all,
            broken=broken,
        )

    def _is_believed(self, shown: Reading) -> bool:
        """Whether all numbers of the settings that are there are good, or else all digits sure."""
        numbers = self._numbers.now if self._numbers is not None else ()
        there = [one for one in numbers if one.read]
        if there and not self._actions.frozen:
            return all(one.good for one in there)
        return all(digit.sure for digit in shown.digits)

    def _broken(self) -> dict[str, str]:
        """The outputs that are broken, with the reason; a copy, which does not change meanwhile."""
        return dict(getattr(self._outputs, "broken", {}))

    def _write(self, file: StatusFile, key: object) -> None:
        with self._problems.kept_from_stopping_us("status file"):
            file.write(key, self.report(), self._clock())
