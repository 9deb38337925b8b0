"""A box for tests: its clock stands until something sleeps, its camera plays what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Self

import numpy as np

from pi_reader.box.appliance import Appliance
from pi_reader.box.button_actions import ButtonActions
from pi_reader.box.host_monitor import HostMonitor
from pi_reader.box.services import Clocks, Services
from pi_reader.config import Settings
from pi_reader.learning.samples import Sample, Samples
from pi_reader.outputs.record import Recording
from pi_reader.reading.reader import Reader
from pi_reader.values import Box, Digit, Frame, Line, Reading

NOW = 1_800_000_000.0  # a wall time that can be believed


class Clock:
    """Monotonic and wall time that only `sleep` moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.offset = NOW

    def __call__(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.offset + self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Played:
    """A camera whose frames are prepared; what is an exception is raised, what can be called is
    called before the next."""

    def __init__(self, frames: Iterable[Frame | Exception | Callable[[], None]]) -> None:
        self._frames: Iterator[Any] = iter(frames)
        self.closed = 0

    def capture(self) -> Frame | None:
        for item in self._frames:
            if isinstance(item, Exception):
                raise item
            if isinstance(item, Frame):
                return item
            item()
        return None

    def close(self) -> None:
        self.closed += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Scripted(Reader):
    """A reader that takes a frame's source for what is written there."""

    def __init__(self, weights: str = "a" * 64) -> None:
        super().__init__(None, weights=weights)  # type: ignore[arg-type]

    def read(self, frame: Frame) -> Reading:
        return reading(frame.source, weights=self.weights)


class Given:
    """Weights that are there, or the error that opening them raises."""

    def __init__(self, reader: Reader | Exception) -> None:
        self.number: int | None = 3
        self.note = ""
        self.reader: Reader | Exception = reader
        self.proofs = 0

    def open(self) -> Reader:
        if isinstance(self.reader, Exception):
            raise self.reader
        return self.reader

    def stamp(self) -> object:
        return id(self.reader)

    def confirmed(self) -> None:
        self.proofs += 1


def reading(text: str, x: int = 100, y: int = 100, weights: str = "") -> Reading:
    """A reading of this text, each digit 20 by 30 pixels; `?` is an unsure 7."""
    lines = []
    for row, line in enumerate(text.split("\n") if text else ()):
        lines.append(
            Line(
                tuple(
                    Digit(
                        7 if letter == "?" else int(letter),
                        0.5 if letter == "?" else 0.99,
                        (1, 0.0001),
                        letter != "?",
                        Box(x + 30 * column, y + 50 * row, 20, 30),
                        np.full((28, 28), 10 * column, np.uint8),
                    )
                    for column, letter in enumerate(line)
                )
            )
        )
    return Reading("test", (640, 480), tuple(lines), weights=weights)


def page(text: str, shade: int = 200) -> Frame:
    """A frame that `Scripted` reads as this text; different texts look different."""
    grey = np.full((480, 640), shade, np.uint8)
    for place, letter in enumerate(text):
        left, top = 100 + 30 * (place % 15), 100 + 60 * (place // 15)
        grey[top : top + 30, left : left + 4 + 2 * (ord(letter) % 11)] = 40
    return Frame(grey, text)


def box(
    frames: Iterable[Any],
    clock: Clock,
    weights: Given | None = None,
    settings: Settings | None = None,
    **parts: Any,
) -> tuple[Appliance, Recording, list[str]]:
    """An appliance with these frames and parts, what it shows, and what it logs."""
    log: list[str] = []
    clocks = Clocks(clock, clock.wall, clock.sleep)
    shown = parts.pop("outputs", None) or Recording()
    services = Services.bare(log.append, clocks)
    if "problems" in parts:  # which the others use as well
        services.host_monitor = HostMonitor(parts["problems"], wall=clock.wall)
    if "reading_log" in parts:
        services.actions = ButtonActions(parts["reading_log"])
    services = replace(services, **parts)
    weights = weights or Given(Scripted())
    appliance = Appliance(Played(frames), weights, shown, services, settings, clocks)
    return appliance, shown, log


def last_event(samples: Samples) -> list[Sample]:
    """The digits of the newest event, in reading order; none if there is none."""
    return samples.event(max((sample.event for sample in samples.all()), default=0))
