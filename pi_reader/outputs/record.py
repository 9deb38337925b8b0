"""An output for tests and for running without lamps: it remembers what it was shown."""

from __future__ import annotations

from collections import deque

from pi_reader.parts import Closing, Part
from pi_reader.state import BoxState
from pi_reader.values import Frame, Reading

MOST = 200  # of each kind, so that memory does not grow


class Recording(Closing):
    """Remembers the last calls, at most `MOST` of each kind.

    shown, told: readings and statuses, oldest first; frames: how many readings came with a
    picture; ticks: seconds of the clock at each of the last ticks; closed: how often.
    """

    def __init__(self, most: int = MOST) -> None:
        self.shown: deque[Reading] = deque(maxlen=most)
        self.told: deque[BoxState] = deque(maxlen=most)
        self.ticks: deque[float] = deque(maxlen=most)
        self.frames = 0
        self.closed = 0

    @property
    def texts(self) -> list[str]:
        """The text of each reading shown, oldest first."""
        return [reading.text for reading in self.shown]

    def show(self, reading: Reading, frame: Frame | None = None) -> None:
        """Remember the reading; of the picture only that there was one."""
        self.shown.append(reading)
        self.frames += frame is not None

    def tell(self, status: BoxState) -> None:
        """Remember the status."""
        self.told.append(status)

    def tick(self, now: float) -> None:
        """Remember when."""
        self.ticks.append(now)

    def close(self) -> None:
        """Count it: closing twice is allowed, and tests want to know."""
        self.closed += 1


PART = Part(None, lambda section, context: Recording(), package="")
