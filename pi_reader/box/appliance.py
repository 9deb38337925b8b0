"""The main loop of the box: capture, read, announce, and serve button and requests, for years.

One thread, one loop. Each look starts with motion detection on a downscaled frame; only a scene
that is still and has changed is read. Any other part that uses hardware or disk may fail: the
problem is reported and the loop goes on. A camera that delivers no frames ends the process, so
that systemd restarts it clean.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pi_reader.box.button_actions import Button, ButtonActions
from pi_reader.box.crop import Crop
from pi_reader.box.heap import Heap
from pi_reader.box.host_monitor import HostMonitor
from pi_reader.box.memory_sync import MemorySync
from pi_reader.box.motion import MotionDetector
from pi_reader.box.number_watch import NumberWatch
from pi_reader.box.problems import Problems
from pi_reader.box.reading_log import ReadingLog
from pi_reader.box.request_handler import RequestHandler, Sight
from pi_reader.box.status_file import StatusFile
from pi_reader.box.status_reporter import StatusReporter
from pi_reader.box.systemd_notifier import SystemdNotifier
from pi_reader.box.view import LIVELY, View
from pi_reader.box.vote import Vote
from pi_reader.box.weights import Weights
from pi_reader.camera.base import Camera
from pi_reader.errors import PiReaderError
from pi_reader.outputs.base import Output
from pi_reader.reading.reader import Reader
from pi_reader.state import BoxState
from pi_reader.values import Frame, Reading, State

RESTLESS = 2.0  # seconds of motion after which a frame is read anyway: a page in a trembling hand
SLICE = 0.1  # seconds between two ticks of the outputs and two polls of the button
WEIGHTS_EVERY = 1.0  # seconds between two checks for new weights
FAREWELL = "unplug when the green lamp on the board stays dark"  # our own lamps go out long before


class Appliance:
    """The main loop and the parts it works with.

    camera, weights, outputs, notifier: required parts; the notifier speaks to systemd.
    problems, reading_log, host_monitor, actions: shared with the code that built them.
    request_handler, button, status_file: None disables the part; heap: None for a process that
    ends soon; memory: None where nothing is taught. view: where watchers see the frames, None for
    none; guests: see `StatusReporter`.
    looks_per_second: rate while nothing moves; fastest: rate while something moves or is unsure.
    clock: seconds, monotonic; wall: since 1970.
    is_capturing: whether it is waiting for the camera, which may hang.
    """

    def __init__(
        self,
        camera: Camera,
        weights: Weights,
        outputs: Output,
        *,
        problems: Problems,
        reading_log: ReadingLog,
        host_monitor: HostMonitor,
        actions: ButtonActions,
        vote: Vote | None = None,
        notifier: SystemdNotifier | None = None,
        request_handler: RequestHandler | None = None,
        button: Button | None = None,
        status_file: StatusFile | None = None,
        crop: Crop | None = None,
        heap: Heap | None = None,
        memory: MemorySync | None = None,
        view: View | None = None,
        guests: str = "nothing",
        numbers: NumberWatch | None = None,
        looks_per_second: float = 2.0,
        fastest: float = 8.0,
        log: Callable[[str], None] = lambda line: None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.camera, self.weights, self.outputs = camera, weights, outputs
        self.problems, self.reading_log, self.host_monitor = problems, reading_log, host_monitor
        self.actions, self.request_handler, self.button = actions, request_handler, button
        self.vote = vote or Vote()
        self.notifier = notifier or SystemdNotifier({})
        self.crop = crop or Crop()
        self.reporter = StatusReporter(
            outputs,
            self.notifier,
            status_file,
            camera=camera,
            problems=problems,
            reading_log=reading_log,
            host_monitor=host_monitor,
            actions=actions,
            vote=self.vote,
            guests=guests,
            clock=clock,
            wall=wall,
            memory=memory,
            numbers=numbers,
        )
        self.numbers, self._wall = numbers or NumberWatch(()), wall
        self._heap, self._memory, self._view = heap, memory, view
        self.wants_reload = False
        self.is_capturing = False
        self._slow, self._fast = 1 / looks_per_second, 1 / fastest
        self._log, self._clock, self._sleep = log, clock, sleep
        self._motion = MotionDetector()
        self._reader: Reader | None = None
        self._frame: Frame | None = None
        self._still_at = clock()
        self._stamp: object = None
        self._weights_at = -float("inf")
        self._stopping = self._reload_asked = False
        self._held: tuple[bool, Reading | None] = (False, None)  # frozen, corrected

    @property
    def frames(self) -> int:
        """How many frames were captured."""
        return self.reporter.frames

    @property
    def reads(self) -> int:
        """How many frames were read."""
        return self.reporter.reads

    def stop(self) -> None:
        """End the loop after the current look; may be called from a signal handler."""
        self._stopping = True

    def reload(self) -> None:
        """Apply new settings after the current look; may be called from a signal handler."""
        self._reload_asked = True

    def run(self, until: float | None = None) -> None:
        """Run until told to stop, until the clock reaches `until`, or until frames run out.

        Afterwards `wants_reload` says whether new settings are waiting. Raises NoHardware if the
        camera fails, BadData or MissingFile if no weights can be read at the start.
        """
        last_word = BoxState(State.STOPPING)
        try:
            self.reporter.begin()
            while not self._stopping and (until is None or self._clock() < until):
                begun = self._clock()
                hurried = self._look()
                if hurried is None:
                    break
                watched = self._view is not None and self._view.is_watched()
                slow = min(self._slow, max(self._fast, LIVELY)) if watched else self._slow
                self._wait(begun + (self._fast if hurried else slow))
            if self.actions.off:
                last_word = BoxState(State.STOPPING, message=FAREWELL)
        except Exception as error:
            last_word = BoxState(State.FAULT, str(error) or repr(error))
            raise
        finally:
            self._end(last_word)

    def _look(self) -> bool | None:
        """One look. Returns whether the next should follow soon; None if there was no frame."""
        self.is_capturing = True
        frame = self.camera.capture()
        self.is_capturing = False
        if frame is None:
            return None
        self._frame = frame = self.crop.of(frame)
        self.reporter.saw(frame)
        now = self._clock()
        motion = self._motion.look(frame.grey)
        if not motion.moving:
            self._still_at = now
        reader = self._newest_reader(now)
        self._remember(now)
        unsettled = motion.changed or not self.vote.settled or self.numbers.wants(now)
        if unsettled and (not motion.moving or now - self._still_at > RESTLESS):
            if motion.changed and not motion.moving:
                self.vote.stir()
            self._read(reader, frame)
        self.reporter.aiming.look(now, frame.grey, self.vote.said)
        self._show_view(now, frame)
        self._tend(now, Sight(frame, reader, self.reporter, self.actions, self.numbers))
        self.notifier.beat()
        return motion.moving or not self.vote.settled or self.reporter.aiming.is_on(now)

    def _read(self, reader: Reader, frame: Frame) -> None:
        """Read the frame; announce what is certain by now."""
        self._motion.remember()
        reading = reader.read(frame)
        self.weights.confirmed()
        again = self.vote.settled  # nothing has changed, but a number was not believed
        said = self.vote.add(reading)
        self.reporter.has_read()
        if self.numbers and (said is not None or again):
            self._watch(said or self.vote.said, frame)
        if said is None:
            return
        if said.lines:
            event = self.reading_log.enter(said, frame)
            self.reading_log.enter_numbers(self.numbers.now, event)
            if self._memory is not None:
                self._memory.count(said)
        if not self.actions.frozen and self.actions.corrected is None:
            self.outputs.show(said, frame)

    def _watch(self, reading: Reading | None, frame: Frame) -> None:
        """Look at the numbers of the settings in what is certain by now."""
        before = self.numbers.now
        with self.problems.kept_from_stopping_us("numbers"):
            self.numbers.see(reading, frame, self._clock(), self._wall())
        if any(one.healed for one in self.numbers.now if one not in before):
            self.reading_log.enter_numbers(self.numbers.now)

    def _remember(self, now: float) -> None:
        """Take in what was taught; then the page on the desk is read again."""
        if self._memory is not None and self._memory.tick(now):
            self._motion.forget()
            self.vote.reconsider()
            if self._memory.news:
                self.actions.say(self._memory.news, now)

    def _show_view(self, now: float, frame: Frame) -> None:
        """Show the frame, and what is read on it, to those who watch."""
        if self._view is None:
            return
        said, last = self.vote.said, self.reading_log.events.last
        facts = {
            "frame": self.reporter.frames,
            "event": last.number if said is not None and last is not None else None,
            "settled": self.vote.settled,
        }
        with self.problems.kept_from_stopping_us("view"):
            self._view.show(now, frame, said, facts)

    def _newest_reader(self, now: float) -> Reader:
        """The reader, replaced if there are new and valid weights.

        Opened only once there is a frame, so that a broken camera is not blamed on the weights.
        """
        if self._reader is not None and now - self._weights_at < WEIGHTS_EVERY:
            return self._reader
        self._weights_at = now
        stamp = self.weights.stamp()
        if self._reader is None or stamp != self._stamp:
            self._stamp = stamp
            try:
                self._reader = self.weights.open()
            except PiReaderError as error:
                if self._reader is None:
                    raise
                self.problems.set("weights", f"{error}; the weights before stay in use")
            else:
                self.problems.set("weights", self.weights.note)
                if self._memory is not None:
                    self._memory.begin(self._reader, now)
                self._motion.forget()  # so that the page on the desk is read again
                self.vote.stir()
                self.reporter.reads_with(self._reader.weights, self.weights.number)
                self._log(f"weights {self._reader.weights[:12]} in use")
        assert self._reader is not None
        return self._reader

    def _tend(self, now: float, sight: Sight) -> None:
        """Everything apart from looking: host monitor, requests, button, status."""
        self.host_monitor.tick(now)
        self.reading_log.tick(now)
        if self.numbers:
            if self.vote.settled and self.vote.said is not None:
                self.numbers.stay(now, self._wall())
            with self.problems.kept_from_stopping_us("numbers"):
                self.numbers.tick(now)
        if self._heap is not None:
            self._heap.tick(now)
        if self.request_handler is not None:
            self.request_handler.run(now, sight)
            if self._reload_asked:
                self._reload_asked = False
                self.request_handler.reload()
            if self.request_handler.wants_reload:
                self.wants_reload = self._stopping = True
        self._press(now)
        self.reporter.tell(now)

    def _press(self, now: float) -> None:
        """Act on the button, and on what was asked of the display."""
        if self.button is not None:
            self.actions.take(self.button.events(), now)
        held = self.actions.frozen, self.actions.corrected
        if held != self._held:
            self._held = held
            self._hold()
        if self.actions.read_again:
            self.actions.read_again = False
            self.vote.forget()
        self._stopping = self._stopping or self.actions.off

    def _hold(self) -> None:
        """Freeze the display, or show what is being corrected; afterwards, the latest reading."""
        if self.actions.frozen:
            self.reporter.held = self.vote.said
        else:
            nothing = Reading("", (0, 0))
            self.outputs.show(self.actions.corrected or self.vote.said or nothing, self._frame)

    def _wait(self, until: float) -> None:
        """Wait for the next look while serving the button and the displays."""
        while not self._stopping:
            now = self._clock()
            self.outputs.tick(now)
            self._press(now)
            self.reporter.tell(now)
            if now >= until:
                return
            self._sleep(min(SLICE, until - now))

    def _end(self, last_word: BoxState) -> None:
        """Shut down in order: report it, write what is pending, switch the lamps off."""
        self.is_capturing = False
        if not self.wants_reload:  # systemd would kill a process that says this and keeps running
            self.notifier.stop()
        self.reporter.end(last_word)
        if self.numbers:
            with self.problems.kept_from_stopping_us("numbers"):
                self.numbers.write()
        self.reading_log.close()
        if self._memory is not None:
            self._memory.close()
        self.reporter.close()
