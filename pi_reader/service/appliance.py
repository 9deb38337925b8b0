"""The day of the box: look, read, say, and tend to whoever wants something, for years.

One thread, one loop. A look begins with a glance at a thinned frame; only what is at rest and has
changed is read. What holds hardware or disk beside the camera may break: that is said, and the
loop goes on. A camera that gives no frames ends the process, so that it is started clean.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pi_reader.camera.base import Camera
from pi_reader.errors import PiReaderError
from pi_reader.outputs.base import Output
from pi_reader.reading.reader import Reader
from pi_reader.service.account import Account
from pi_reader.service.caution import cautious
from pi_reader.service.diary import Diary
from pi_reader.service.errands import Errands, Sight
from pi_reader.service.faults import Faults
from pi_reader.service.glance import Eye
from pi_reader.service.heap import Heap
from pi_reader.service.heartbeat import Heartbeat
from pi_reader.service.presses import Button, Presses
from pi_reader.service.report import Report
from pi_reader.service.steady import Steady
from pi_reader.service.surroundings import Surroundings
from pi_reader.service.weights import Weights
from pi_reader.service.window import Window
from pi_reader.values import Frame, Reading, State, Status

RESTLESS = 2.0  # seconds: what moves for longer is read all the same, a page in a trembling hand
SLICE = 0.1  # seconds between two ticks of the outputs and two looks at the button
WEIGHTS_EVERY = 1.0  # seconds between two looks for new weights
FAREWELL = "unplug when the green lamp on the board stays dark"  # our own go out long before


class Appliance:
    """The loop, and what it holds on to.

    camera, weights, outputs, heartbeat: what it looks with, reads with, tells with, lives by.
    faults, diary, surroundings, presses: shared with whoever built them. errands, button, report:
    None where nobody asks, presses or wants to know; heap: None where the process ends soon.
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
        faults: Faults,
        diary: Diary,
        surroundings: Surroundings,
        presses: Presses,
        steady: Steady | None = None,
        heartbeat: Heartbeat | None = None,
        errands: Errands | None = None,
        button: Button | None = None,
        report: Report | None = None,
        window: Window | None = None,
        heap: Heap | None = None,
        looks_per_second: float = 2.0,
        fastest: float = 8.0,
        log: Callable[[str], None] = lambda line: None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.camera, self.weights, self.outputs = camera, weights, outputs
        self.faults, self.diary, self.surroundings = faults, diary, surroundings
        self.presses, self.errands, self.button = presses, errands, button
        self.steady = steady or Steady()
        self.heartbeat = heartbeat or Heartbeat({})
        self.window = window or Window()
        self.account = Account(
            outputs,
            self.heartbeat,
            report,
            camera=camera,
            faults=faults,
            diary=diary,
            surroundings=surroundings,
            presses=presses,
            steady=self.steady,
            clock=clock,
            wall=wall,
        )
        self._heap = heap
        self.wants_reload = False
        self.is_capturing = False
        self._slow, self._fast = 1 / looks_per_second, 1 / fastest
        self._log, self._clock, self._sleep = log, clock, sleep
        self._eye = Eye()
        self._reader: Reader | None = None
        self._frame: Frame | None = None
        self._still_at = clock()
        self._stamp: object = None
        self._weights_at = -float("inf")
        self._stopping = self._reload_asked = False

    @property
    def frames(self) -> int:
        """How many were seen."""
        return self.account.frames

    @property
    def reads(self) -> int:
        """How many of them were read."""
        return self.account.reads

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
            self.account.begin()
            while not self._stopping and (until is None or self._clock() < until):
                begun = self._clock()
                hurried = self._look()
                if hurried is None:
                    break
                self._wait(begun + (self._fast if hurried else self._slow))
            if self.presses.off:
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
        self._frame = frame = self.window.of(frame)
        self.account.saw(frame)
        now = self._clock()
        glance = self._eye.look(frame.grey)
        if not glance.moving:
            self._still_at = now
        reader = self._newest_reader(now)
        unsettled = glance.changed or not self.steady.settled
        if unsettled and (not glance.moving or now - self._still_at > RESTLESS):
            if glance.changed and not glance.moving:
                self.steady.stir()
            self._read(reader, frame)
        self.account.aiming.look(now, frame.grey, self.steady.said)
        self._tend(now, Sight(frame, reader, self.account))
        self.heartbeat.beat()
        return glance.moving or not self.steady.settled or self.account.aiming.is_on(now)

    def _read(self, reader: Reader, frame: Frame) -> None:
        """Read the frame; say what is certain by now."""
        self._eye.remember()
        reading = cautious(reader.read(frame), reader.sure_at)
        self.weights.confirmed()
        said = self.steady.add(reading)
        self.account.has_read()
        if said is None:
            return
        if said.lines:
            self.diary.enter(said, frame)
        if not self.presses.frozen and self.presses.corrected is None:
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
                self.faults.set("weights", f"{error}; the weights before stay in use")
            else:
                self.faults.set("weights", self.weights.note)
                self._eye.forget()  # what lies there is read again
                self.steady.stir()
                self.account.reads_with(self._reader.weights, self.weights.number)
                self._log(f"weights {self._reader.weights[:12]} in use")
        assert self._reader is not None
        return self._reader

    def _tend(self, now: float, sight: Sight) -> None:
        """Everything but looking: the slow things around, and those who want something."""
        self.surroundings.tick(now)
        self.diary.tick(now)
        if self._heap is not None:
            self._heap.tick(now)
        if self.errands is not None:
            self.errands.run(now, sight)
            if self._reload_asked:
                self._reload_asked = False
                self.errands.reload()
            if self.errands.wants_reload:
                self.wants_reload = self._stopping = True
        self._press(now)
        self.account.tell(now)

    def _press(self, now: float) -> None:
        """Act on the button."""
        if self.button is None:
            return
        before = self.presses.frozen, self.presses.corrected
        self.presses.take(self.button.events(), now)
        if before != (self.presses.frozen, self.presses.corrected):
            self._hold()
        if self.presses.read_again:
            self.presses.read_again = False
            self.steady.forget()
        self._stopping = self._stopping or self.presses.off

    def _hold(self) -> None:
        """Hold what is shown, or show what is to be corrected; after that, what was said since."""
        if self.presses.frozen:
            self.account.held = self.steady.said
        else:
            nothing = Reading("", (0, 0))
            self.outputs.show(self.presses.corrected or self.steady.said or nothing, self._frame)

    def _wait(self, until: float) -> None:
        """Let the time until the next look pass, with an eye on button and displays."""
        while not self._stopping:
            now = self._clock()
            self.outputs.tick(now)
            self._press(now)
            self.account.tell(now)
            if now >= until:
                return
            self._sleep(min(SLICE, until - now))

    def _end(self, last_word: Status) -> None:
        """End in good order: say so, write what waits, let the lamps go dark."""
        self.is_capturing = False
        if not self.wants_reload:  # systemd would kill what says this and goes on
            self.heartbeat.stop()
        self.account.end(last_word)
        self.diary.close()
        self.account.close()
