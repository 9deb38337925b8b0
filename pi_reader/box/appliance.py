"""The day of the box: look, read, say, and tend to whoever wants something, for years.

One thread, one loop. A look begins with a glance at a thinned frame; only what is at rest and has
changed is read. What holds hardware or disk beside the camera may break: that is said, and the
loop goes on. A camera that gives no frames ends the process, so that it is started clean.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pi_reader.box.button_actions import Button, ButtonActions
from pi_reader.box.crop import Crop
from pi_reader.box.heap import Heap
from pi_reader.box.host_monitor import HostMonitor
from pi_reader.box.motion import MotionDetector
from pi_reader.box.problems import Problems
from pi_reader.box.reading_log import ReadingLog
from pi_reader.box.request_handler import RequestHandler, Sight
from pi_reader.box.status_file import StatusFile
from pi_reader.box.status_reporter import StatusReporter
from pi_reader.box.systemd_notifier import SystemdNotifier
from pi_reader.box.vote import Vote
from pi_reader.box.weights import Weights
from pi_reader.camera.base import Camera
from pi_reader.errors import PiReaderError
from pi_reader.outputs.base import Output
from pi_reader.reading.reader import Reader
from pi_reader.values import Frame, Reading, State, Status

RESTLESS = 2.0  # seconds: what moves for longer is read all the same, a page in a trembling hand
SLICE = 0.1  # seconds between two ticks of the outputs and two looks at the button
WEIGHTS_EVERY = 1.0  # seconds between two looks for new weights
FAREWELL = "unplug when the green lamp on the board stays dark"  # our own go out long before


class Appliance:
    """The loop, and what it holds on to.

    camera, weights, outputs, notifier: what it looks with, reads with, tells with, lives by.
    problems, reading_log, host_monitor, actions: shared with whoever built them. request_handler,
    button, status_file: None where nobody asks, presses or wants to know; heap: None where the
    process ends soon.
    looks_per_second: while nothing moves, fastest: while something does or is not certain.
    clock: seconds, monotonic; wall: since 1970.
    is_capturing: whether it waits for the camera, which may hang.
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
            clock=clock,
            wall=wall,
        )
        self._heap = heap
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

    @property
    def frames(self) -> int:
        """How many were seen."""
        return self.reporter.frames

    @property
    def reads(self) -> int:
        """How many of them were read."""
        return self.reporter.reads

    def stop(self) -> None:
        """End the loop after this look; may be called from a signal handler."""
        self._stopping = True

    def reload(self) -> None:
        """Take new settings into use after this look; may be called from a signal handler."""
        self._reload_asked = True

    def run(self, until: float | None = None) -> None:
        """Look until told to stop, until a clock's time, or until the camera has no more frames.

        Afterwards `wants_reload` says whether new settings wait. Raises NoHardware if the camera
        gives out, BadData or MissingFile if no weights can be read at the start.
        """
        last_word = Status(State.STOPPING)
        try:
            self.reporter.begin()
            while not self._stopping and (until is None or self._clock() < until):
                begun = self._clock()
                hurried = self._look()
                if hurried is None:
                    break
                self._wait(begun + (self._fast if hurried else self._slow))
            if self.actions.off:
                last_word = Status(State.STOPPING, message=FAREWELL)
        except Exception as error:
            last_word = Status(State.FAULT, str(error) or repr(error))
            raise
        finally:
            self._end(last_word)

    def _look(self) -> bool | None:
        """One look. Gives whether the next should follow soon, None if there was no frame."""
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
        unsettled = motion.changed or not self.vote.settled
        if unsettled and (not motion.moving or now - self._still_at > RESTLESS):
            if motion.changed and not motion.moving:
                self.vote.stir()
            self._read(reader, frame)
        self.reporter.aiming.look(now, frame.grey, self.vote.said)
        self._tend(now, Sight(frame, reader, self.reporter))
        self.notifier.beat()
        return motion.moving or not self.vote.settled or self.reporter.aiming.is_on(now)

    def _read(self, reader: Reader, frame: Frame) -> None:
        """Read the frame; say what is certain by now."""
        self._motion.remember()
        reading = reader.read(frame)
        self.weights.confirmed()
        said = self.vote.add(reading)
        self.reporter.has_read()
        if said is None:
            return
        if said.lines:
            self.reading_log.enter(said, frame)
        if not self.actions.frozen and self.actions.corrected is None:
            self.outputs.show(said, frame)

    def _newest_reader(self, now: float) -> Reader:
        """The reader; another one if there are new weights, and they are good.

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
                self._motion.forget()  # what lies there is read again
                self.vote.stir()
                self.reporter.reads_with(self._reader.weights, self.weights.number)
                self._log(f"weights {self._reader.weights[:12]} in use")
        assert self._reader is not None
        return self._reader

    def _tend(self, now: float, sight: Sight) -> None:
        """Everything but looking: the slow things around, and those who want something."""
        self.host_monitor.tick(now)
        self.reading_log.tick(now)
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
        """Act on the button."""
        if self.button is None:
            return
        before = self.actions.frozen, self.actions.corrected
        self.actions.take(self.button.events(), now)
        if before != (self.actions.frozen, self.actions.corrected):
            self._hold()
        if self.actions.read_again:
            self.actions.read_again = False
            self.vote.forget()
        self._stopping = self._stopping or self.actions.off

    def _hold(self) -> None:
        """Hold what is shown, or show what is to be corrected; after that, what was said since."""
        if self.actions.frozen:
            self.reporter.held = self.vote.said
        else:
            nothing = Reading("", (0, 0))
            self.outputs.show(self.actions.corrected or self.vote.said or nothing, self._frame)

    def _wait(self, until: float) -> None:
        """Let the time until the next look pass, with an eye on button and displays."""
        while not self._stopping:
            now = self._clock()
            self.outputs.tick(now)
            self._press(now)
            self.reporter.tell(now)
            if now >= until:
                return
            self._sleep(min(SLICE, until - now))

    def _end(self, last_word: Status) -> None:
        """End in good order: say so, write what waits, let the lamps go dark."""
        self.is_capturing = False
        if not self.wants_reload:  # systemd would kill what says this and goes on
            self.notifier.stop()
        self.reporter.end(last_word)
        self.reading_log.close()
        self.reporter.close()
