"""Keeps a training within its time, pauses when it is hot, handles "cancel", shows progress."""

from __future__ import annotations

import time
from collections.abc import Callable

from pi_reader.files import believed
from pi_reader.learning.night.report import ProgressFile
from pi_reader.requests import Requests
from pi_reader.training.trainer import minutes

_LOOK = 2.0  # seconds between two checks of requests and temperature
_REST = 10.0  # seconds of pause between two checks of the temperature
_COOLER = 5.0  # degrees it must have cooled down by before it goes on
_MEASURED = 10  # steps needed to estimate how long one takes


class Pace:
    """Decides after each step whether to stop; see `Night` for the arguments."""

    def __init__(
        self,
        requests: Requests,
        progress_file: ProgressFile,
        log: Callable[[str], None],
        told: Callable[[], str],
        seconds: float | None,
        hottest: float,
        temperature: Callable[[], float | None],
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._requests, self._progress, self._log, self._told = requests, progress_file, log, told
        self._seconds, self._hottest, self._temperature = seconds, hottest, temperature
        self._clock, self._monotonic, self._sleep = clock, monotonic, sleep
        self._began = self._looked = monotonic()
        self._first: tuple[int, float] | None = None  # steps done and time at the first call
        self._said = False

    def elapsed(self) -> float:
        """Seconds since the training began."""
        return self._monotonic() - self._began

    def stop(self) -> str:
        """A reason to stop, or ""."""
        if reason := self._told() or self._late():
            return reason
        if self._monotonic() - self._looked < _LOOK:
            return ""
        self._looked = self._monotonic()
        if self._requests.take("cancel"):
            return "cancelled"
        return self._rest()

    def _late(self) -> str:
        return (
            "the time is up"
            if self._seconds is not None and self.elapsed() >= self._seconds
            else ""
        )

    def _rest(self) -> str:
        """Wait until it is cooler."""
        degrees = self._temperature()
        if degrees is None or degrees < self._hottest:
            return ""
        self._log(f"rests at {degrees:.0f} °C until it is {self._hottest - _COOLER:.0f}")
        while degrees is not None and degrees > self._hottest - _COOLER:
            self._progress.say("training", f"rests, it is {degrees:.0f} °C warm")
            self._sleep(_REST)
            if (
                reason := self._told()
                or self._late()
                or ("cancelled" if self._requests.take("cancel") else "")
            ):
                return reason
            degrees = self._temperature()
        return ""

    def shown(self, done: int, steps: int) -> None:
        """Report the progress; done: steps of `steps`."""
        now = self._monotonic()
        if self._first is None:
            self._first = (done, now)
        if not self._progress.is_due():
            return
        each = (now - self._first[1]) / max(1, done - self._first[0])
        measured = done - self._first[0] >= _MEASURED
        left = (steps - done) * each
        until = believed(self._clock())
        until = until + left if until and measured else 0.0
        if measured and not self._said:
            self._said = True
            self._log(self._forecast(each, steps, left, until))
        self._progress.say("training", f"step {done} of {steps}", done / steps, until)

    def _forecast(self, each: float, steps: int, left: float, until: float) -> str:
        """Seconds per step and remaining time, in words."""
        when = (
            time.strftime("until %H:%M", time.localtime(until))
            if until
            else f"another {minutes(left)}"
        )
        line = f"a step takes {each:.2f} s; all {steps} will take {when}"
        if self._seconds is not None and self.elapsed() + left > self._seconds:
            line += ", longer than tonight; the next night goes on"
        return line
