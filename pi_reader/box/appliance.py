"""The main loop of the box: capture, read, announce, and serve button and requests, for years.

One thread, one loop. Each look starts with motion detection on a downscaled frame; only a scene
that is still and has changed is read. Any other part that uses hardware or disk may fail: the
problem is reported and the loop goes on. A camera that delivers no frames ends the process, so
that systemd restarts it clean.
"""

from __future__ import annotations

from pi_reader.box.crop import Crop
from pi_reader.box.motion import MotionDetector
from pi_reader.box.request_handler import Sight
from pi_reader.box.services import Clocks, Services
from pi_reader.box.status_reporter import StatusReporter
from pi_reader.box.view import LIVELY
from pi_reader.box.vote import Vote
from pi_reader.box.weights import Weights
from pi_reader.camera.base import Camera
from pi_reader.config import Settings
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
    """The main loop.

    camera, weights, outputs: what it reads with, and where it shows it; services: who does the
    rest; settings: how often it looks, at what part of the frame, and when it is certain.
    is_capturing: whether it is waiting for the camera, which may hang.
    """

    def __init__(
        self,
        camera: Camera,
        weights: Weights,
        outputs: Output,
        services: Services,
        settings: Settings | None = None,
        clocks: Clocks | None = None,
    ) -> None:
        settings, self._clocks = settings or Settings(), clocks or Clocks()
        service = settings.service
        self.camera, self.weights, self.outputs = camera, weights, outputs
        self.services, self.actions, self.numbers = services, services.actions, services.numbers
        self.vote = Vote(service.seen, service.of)
        self.reporter = StatusReporter(
            outputs, camera, services, self.vote, self._clocks, settings.web.guest
        )
        self.wants_reload = self.is_capturing = False
        self._crop = Crop(settings.camera.region, settings.camera.masked)
        self._slow, self._fast = 1 / service.looks_per_second, 1 / service.fastest
        self._motion = MotionDetector()
        self._reader: Reader | None = None
        self._frame: Frame | None = None
        self._still_at = self._clocks.now()
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
            while not self._stopping and (until is None or self._clocks.now() < until):
                begun = self._clocks.now()
                hurried = self._look()
                if hurried is None:
                    break
                watched = self.services.view is not None and self.services.view.is_watched()
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
        self._frame = frame = self._crop.of(frame)
        self.reporter.saw(frame)
        now = self._clocks.now()
        motion = self._motion.look(frame.grey)
        if not motion.moving:
            self._still_at = now
        else:
            self.vote.move()
        reader = self._newest_reader(now)
        self._remember(now)
        unsettled = motion.changed or not self.vote.settled or self.numbers.wants(now)
        if unsettled and (not motion.moving or now - self._still_at > RESTLESS):
            if motion.changed and not motion.moving:
                self.vote.stir()
            self._read(reader, frame)
        report, aiming = self.reporter.report, self.reporter.aiming
        aiming.look(now, frame.grey, self.vote.said)
        self._show_view(now, frame)
        show_code = self.reporter.show_code
        self._tend(now, Sight(frame, reader, report, aiming, show_code, self.actions, self.numbers))
        self.services.notifier.beat()
        return motion.moving or not self.vote.settled or aiming.is_on(now)

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
            event = self.services.reading_log.enter(said, frame)
            self.services.reading_log.enter_numbers(self.numbers.now, event)
            if self.services.memory is not None:
                self.services.memory.count(said)
        if not self.actions.frozen and self.actions.corrected is None:
            self.outputs.show(said, frame)

    def _watch(self, reading: Reading | None, frame: Frame) -> None:
        """Look at the numbers of the settings in what is certain by now."""
        before = self.numbers.now
        with self.services.problems.kept_from_stopping_us("numbers"):
            self.numbers.see(reading, frame, self._clocks.now(), self._clocks.wall())
        if any(one.healed for one in self.numbers.now if one not in before):
            self.services.reading_log.enter_numbers(self.numbers.now)

    def _remember(self, now: float) -> None:
        """Take in what was taught; then the page on the desk is read again."""
        memory = self.services.memory
        if memory is not None and memory.tick(now):
            self._motion.forget()
            self.vote.reconsider()
            if memory.news:
                self.actions.say(memory.news, now)

    def _show_view(self, now: float, frame: Frame) -> None:
        """Show the frame, and what is read on it, to those who watch."""
        services, view = self.services, self.services.view
        if view is None:
            return
        said, last = self.vote.said, services.reading_log.events.last
        facts = {
            "frame": self.reporter.frames,
            "event": last.number if said is not None and last is not None else None,
            "settled": self.vote.settled,
        }
        with services.problems.kept_from_stopping_us("view"):
            view.show(now, frame, said, facts)

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
                self.services.problems.set("weights", f"{error}; the weights before stay in use")
            else:
                self.services.problems.set("weights", self.weights.note)
                if self.services.memory is not None:
                    self.services.memory.begin(self._reader, now)
                self._motion.forget()  # so that the page on the desk is read again
                self.vote.stir()
                self.reporter.reads_with(self._reader.weights, self.weights.number)
                self.services.problems.mention(f"weights {self._reader.weights[:12]} in use")
        assert self._reader is not None
        return self._reader

    def _tend(self, now: float, sight: Sight) -> None:
        """Everything apart from looking: host monitor, requests, button, status."""
        services, handler = self.services, self.services.request_handler
        services.host_monitor.tick(now)
        services.reading_log.tick(now)
        if self.numbers:
            if self.vote.settled and self.vote.said is not None:
                self.numbers.stay(now, self._clocks.wall())
            with services.problems.kept_from_stopping_us("numbers file"):
                self.numbers.tick(now)
        if services.heap is not None:
            services.heap.tick(now)
        if handler is not None:
            handler.run(now, sight)
            if self._reload_asked:
                self._reload_asked = False
                handler.reload()
            self.wants_reload = self.wants_reload or handler.wants_reload
            self._stopping = self._stopping or handler.wants_reload
        self._press(now)
        self.reporter.tell(now)

    def _press(self, now: float) -> None:
        """Act on the button, and on what was asked of the display."""
        self.actions.take(self.services.button.events(), now)
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
            now = self._clocks.now()
            self.outputs.tick(now)
            self._press(now)
            self.reporter.tell(now)
            if now >= until:
                return
            self._clocks.sleep(min(SLICE, until - now))

    def _end(self, last_word: BoxState) -> None:
        """Shut down in order: report it, write what is pending, switch the lamps off."""
        self.is_capturing = False
        if not self.wants_reload:  # systemd would kill a process that says this and keeps running
            self.services.notifier.stop()
        self.reporter.end(last_word)
        if self.numbers:
            with self.services.problems.kept_from_stopping_us("numbers file"):
                self.numbers.write()
        self.services.reading_log.close()
        if self.services.memory is not None:
            self.services.memory.close()
        self.reporter.close()
