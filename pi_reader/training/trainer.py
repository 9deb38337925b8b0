"""The training loop: progress, checkpoints, and stopping on request."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from pi_reader.training.learners import Steps

KEEP_EVERY = 240.0  # seconds between checkpoints; a power cut may cost five minutes at most
INTERRUPTED = "interrupted"  # the reason after Ctrl-C
_unbroken: list[None] = []  # one for each `unbroken` block that the main thread is in
_LINE_EVERY = 20.0  # seconds between two lines if the output is not a terminal
# Steps and seconds after the first step from which the pace can be extrapolated; the first step,
# which draws a supply of digits, does not count.
_TRUSTED = 10, 10.0


@dataclass(frozen=True)
class Run:
    """The result of a training run.

    steps: how many are done in total; seconds: the duration of this run; loss: its running mean at
    the end; stopped: why it ended early, "" if it is complete.
    """

    steps: int
    seconds: float
    loss: float
    stopped: str = ""


def train(
    learner: Steps,
    start: int = 0,
    keep: Callable[[int], None] = lambda steps: None,
    stop: Callable[[], str] = lambda: "",
    shown: Progress | None = None,
    keep_every: float | None = None,
) -> Run:
    """Run the steps from `start`, the number already done, to the end.

    keep: saves a checkpoint; called with the number of steps done, every `keep_every` seconds
    (KEEP_EVERY by default) and before an early end. stop: called after each step; returns a reason
    to stop, or "". While a batch is being drawn, `told_to_stop` ends the run at once.
    """
    every = KEEP_EVERY if keep_every is None else keep_every
    began = kept = time.monotonic()
    loss = 0.0
    for step in range(start, learner.steps):
        try:
            learner.prepare(step, shown.wait if shown else lambda done, total: None)
        except Stopped as stopped:
            keep(step)
            return Run(step, time.monotonic() - began, loss, str(stopped))
        with unbroken():
            now = learner.learn(step)
        loss = now if step == start else 0.98 * loss + 0.02 * now
        if shown:
            shown.show(step + 1, loss)
        reason = stop() if step + 1 < learner.steps else ""
        if reason or time.monotonic() - kept >= every:
            with unbroken():
                keep(step + 1)
            kept = time.monotonic()
        if reason:
            return Run(step + 1, time.monotonic() - began, loss, reason)
    return Run(learner.steps, time.monotonic() - began, loss)


class Progress:
    """A progress bar on a terminal; occasional lines if the output goes to a file or a journal."""

    def __init__(self, learner: Steps, start: int = 0, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._steps, self._per_epoch = learner.steps, learner.steps_per_epoch
        self._next_line = time.monotonic() + _LINE_EVERY
        self._first: tuple[int, float] | None = None  # steps and seconds when the first was done
        self._bar: Any = None
        if self._out.isatty():
            from tqdm import tqdm

            self._bar = tqdm(
                total=self._steps,
                initial=start,
                file=self._out,
                bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}{postfix}]",
            )

    def wait(self, done: int, total: int) -> None:
        """Show that a supply of digits is being drawn: `done` pieces of `total`."""
        said = f"drawing digits, {done} of {total}"
        if self._bar is not None:
            self._bar.set_postfix_str(said)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_EVERY
            print(said, file=self._out, flush=True)

    def show(self, steps: int, loss: float) -> None:
        """Show that `steps` steps are done."""
        now = time.monotonic()
        self._first = self._first or (steps, now)
        said = f"loss {loss:.3f}{self._left(steps, now)}"
        if self._bar is not None:
            self._bar.set_postfix_str(said, refresh=False)
            self._bar.update(steps - self._bar.n)
            return
        if now >= self._next_line or steps == self._steps:
            self._next_line = now + _LINE_EVERY
            epoch = f"epoch {steps / self._per_epoch:.1f} of {self._steps / self._per_epoch:.0f}"
            print(f"{epoch}, {said}", file=self._out, flush=True)

    def _left(self, steps: int, now: float) -> str:
        """The remaining time in words, "" until it can be estimated."""
        assert self._first is not None
        done, seconds = steps - self._first[0], now - self._first[1]
        if done < _TRUSTED[0] or seconds < _TRUSTED[1]:
            return ""
        return f", {minutes((self._steps - steps) * seconds / done)} left"

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *what: object) -> None:
        """Leave the finished bar on the screen; output continues below it."""
        if self._bar is not None:
            self._bar.close()


class Stopped(BaseException):
    """A request to stop, with the reason. No Exception, so that no error handler swallows it."""


@contextmanager
def unbroken() -> Iterator[None]:
    """A block that `told_to_stop` does not interrupt: `train` asks for the reason afterwards."""
    _unbroken.append(None)
    try:
        yield
    finally:
        _unbroken.pop()


@contextmanager
def told_to_stop() -> Iterator[Callable[[], str]]:
    """Turn Ctrl-C and SIGTERM into Stopped, raised at once; inside an `unbroken` block, into a
    reason for `train` to stop after the current step.

    A second Ctrl-C interrupts as usual. Yields the function that returns the reason, "" for none.
    """
    reasons: list[str] = []

    def note(number: int, frame: object) -> None:
        reasons.append(INTERRUPTED if number == signal.SIGINT else "asked to stop")
        signal.signal(number, before[signal.Signals(number)])
        if not _unbroken:
            raise Stopped(reasons[0])

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: reasons[0] if reasons else ""
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def minutes(seconds: float) -> str:
    """A duration for people: "40 s", "12 min", "3.5 h"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
