"""Reports the state of the box: to lamps and displays, to systemd, and to other processes."""

from __future__ import annotations

import os
from dataclasses import replace

from pi_reader.box.aiming import Aiming
from pi_reader.box.services import Clocks, Services
from pi_reader.box.status_file import StatusFile
from pi_reader.box.vote import Vote
from pi_reader.camera.base import Camera
from pi_reader.camera.image_quality import Conditions, conditions
from pi_reader.outputs.base import Output
from pi_reader.state import BoxState, LastReading
from pi_reader.values import Frame, Reading, State

CODE_SECONDS = 120.0  # that a code for the page is shown; then it may be asked for again
JUMP = 30.0  # seconds by which the wall clock is set, from which on the status is written at once
AWAKE_AFTER = 10  # reads after which starting is over, even if no two of them agree


class StatusReporter:
    """Reports the state of the box whenever it changes.

    The outputs are told, systemd's notifier and the status file of the services; the camera, the
    other services and the vote are queried; what only the main loop knows, the loop notes here.
    guests: what others may see at the page without being let in.
    frames, reads: how many there were; held: what a frozen display shows; aiming: figures for
    adjusting the lens.
    """

    def __init__(
        self,
        outputs: Output,
        camera: Camera,
        services: Services,
        vote: Vote,
        clocks: Clocks,
        guests: str = "nothing",
    ) -> None:
        self.frames = self.reads = 0
        self.held: Reading | None = None
        self.aiming = Aiming()
        self._outputs, self._camera, self._services = outputs, camera, services
        self._vote, self._clock, self._wall = vote, clocks.now, clocks.wall
        self._guests = guests
        self._weights = ""
        self._generation: int | None = None
        self._frame: Frame | None = None
        self._conditions: Conditions | None = None  # of that frame
        self._trouble: State | None = None
        self._code, self._code_until = "", -float("inf")
        self._is_awake = False
        self._state = BoxState()
        self._since = clocks.now()
        self._started = clocks.now()

    def reads_with(self, weights: str, generation: int | None) -> None:
        """Note the weights in use: their sha256, and the number of their generation."""
        self._weights, self._generation = weights, generation

    def show_code(self, code: str, now: float) -> None:
        """Show the code that lets somebody use the page for a while, "" to end that."""
        self._code, self._code_until = code, now + CODE_SECONDS

    def saw(self, frame: Frame) -> None:
        """Note that a frame was captured."""
        self.frames += 1
        self._frame, self._conditions = frame, None

    def has_read(self) -> None:
        """Note that the frame was read."""
        self.reads += 1
        self._is_awake = self._is_awake or self._vote.settled or self.reads >= AWAKE_AFTER
        if self._vote.settled:
            seen = self._seen()
            self._trouble = seen.trouble if seen else None

    def begin(self) -> None:
        """Report that the box is starting."""
        self._outputs.tell(self._state)

    def end(self, last_word: BoxState) -> None:
        """Show the final status on the outputs."""
        self._state = last_word
        with self._services.problems.kept_from_stopping_us("outputs"):
            self._outputs.tell(last_word)

    def close(self) -> None:
        """Write the final status for other processes."""
        if self._services.status_file is not None:
            self._write(self._services.status_file, None)

    def tell(self, now: float) -> None:
        """Report the current state to all, if it has changed."""
        before, self._state = self._state, self._state_now(now)
        state = self._state
        if state.state != before.state:
            self._since = now
        if state != before:
            self._outputs.tell(state)
        line = f"{state.state}: {state.text}" if state.text else str(state.state)
        self._services.notifier.say(f"{line}; {state.fault}" if state.fault else line)
        frame = self.frames if self.aiming.is_on(now) else 0
        clock = round((self._wall() - now) / JUMP)  # after a jump `updated` would look old
        key = (state, state.text, state.faults, state.broken, frame, clock)
        if self._services.status_file is not None and self._services.status_file.is_due(key, now):
            self._write(self._services.status_file, key)

    def report(self) -> BoxState:
        """The latest state with all its figures, for other processes."""
        state = self._state
        now, uptime = self._clock(), self._clock() - self._started
        services, seen, said = self._services, self._seen(), self._vote.said
        last, around = services.reading_log.events.last, services.host_monitor
        return replace(
            state,
            code="",
            fault=state.fault if state.state is State.FAULT else services.problems.newest,
            text=said.text if said else "",
            sure=said is not None and all(digit.sure for digit in said.digits),
            faults=services.problems.all,
            broken=self._broken(),
            since=self._wall() - (now - self._since),
            updated=self._wall(),
            uptime=uptime,
            pid=os.getpid(),
            frames=self.frames,
            reads=self.reads,
            unsure_share=services.reading_log.drift.share,
            looks_per_second=self.frames / uptime if uptime > 0 else 0.0,
            weights=self._weights,
            generation=self._generation,
            memory=services.memory.figures if services.memory else None,
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
            named=self._services.numbers.named,
        )

    def _seen(self) -> Conditions | None:
        """Light and focus of the latest frame, measured when they are asked for."""
        if self._conditions is None and self._frame is not None:
            self._conditions = conditions(self._frame.grey)
        return self._conditions

    def _state_now(self, now: float) -> BoxState:
        services, said = self._services, self._vote.said
        correction = services.actions.correction
        shown = self.held if services.actions.frozen else said
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
            services.problems.newest
            or next((f"{name}: {why}" for name, why in broken.items()), ""),
            self.aiming.words
            or services.actions.news(now)
            or services.host_monitor.message
            or services.reading_log.drift.hint,
            services.host_monitor.address,
            services.host_monitor.progress,
            correction,
            services.actions.frozen,
            code,
            services.numbers.now,
            text=said.text if said else "",
            faults=services.problems.all,
            broken=broken,
        )

    def _is_believed(self, shown: Reading) -> bool:
        """Whether all numbers of the settings that are there are good, or else all digits and
        values sure; of what is being corrected the digits alone, which somebody looks at."""
        numbers = self._services.numbers.now
        there = [one for one in numbers if one.read]
        frozen = self._services.actions.frozen
        if there and not frozen:
            return all(one.good for one in there)
        sure = all(digit.sure for digit in shown.digits)
        return sure and (bool(frozen) or all(value.sure for value in shown.values))

    def _broken(self) -> dict[str, str]:
        """The outputs that are broken, with the reason; a copy, which does not change meanwhile."""
        return dict(getattr(self._outputs, "broken", {}))

    def _write(self, file: StatusFile, key: object) -> None:
        with self._services.problems.kept_from_stopping_us("status file"):
            file.write(key, self.report(), self._clock())
