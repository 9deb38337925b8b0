"""Compares the box's readings with what the simulated camera drew."""

from __future__ import annotations

from collections.abc import Callable

from pi_reader.camera.desk import DeskCamera
from pi_reader.handwriting.page import Page
from pi_reader.parts import Closing
from pi_reader.scoring import Score, Truth, count
from pi_reader.state import BoxState
from pi_reader.values import Frame, Reading


class Referee(Closing):
    """A camera that wraps the simulated one, and an output, so that it sees both sides of the box.

    say: is given the verdict on each page as soon as the next one comes. total: the score; said:
    how many readings were announced, milliseconds: how long reading them took.
    """

    def __init__(self, desk: DeskCamera, say: Callable[[str], None]) -> None:
        self.total = Score()
        self.said = 0
        self.milliseconds = 0.0
        self._desk = desk
        self._say = say
        self._page: Page | None = None
        self._reading = Reading("", (0, 0))

    def capture(self) -> Frame | None:
        """The camera's next frame."""
        frame = self._desk.capture()
        page = self._desk.page
        if frame is not None and page is not None and page is not self._page:
            self.judge()
            self._page = page
        return frame

    def judge(self) -> None:
        """Score the last page by the latest reading of it."""
        if self._page is None:
            return
        page, self._page = self._page, None
        truth = Truth(
            "",
            tuple(digit for line in page.lines for digit in line),
            tuple("".join(str(label) for label, _ in line) for line in page.lines),
        )
        one = count(truth, self._reading)
        self.total += one
        self._reading = Reading("", (0, 0))
        verdict = "right" if one.exact else f"written was {'  '.join(truth.reading or ())}"
        self._say(f"   page {self.total.photos}: {verdict}")

    def show(self, reading: Reading, frame: Frame | None = None) -> None:
        """Note the latest reading; an empty one, after the page was removed, does not count."""
        if reading.lines:
            self._reading = reading
            self.said += 1
            self.milliseconds += reading.milliseconds.get("total", 0.0)

    def tell(self, status: BoxState) -> None:
        """Ignore the status."""

    def tick(self, now: float) -> None:
        """Ignore the time."""

    def close(self) -> None:
        """Do nothing: the camera belongs to the caller."""
