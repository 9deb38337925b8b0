"""What the button does: read again or freeze, correct, switch off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pi_reader.box.correction import CorrectionDialogue
from pi_reader.box.events import Event
from pi_reader.box.problems import TROUBLES
from pi_reader.box.reading_log import ReadingLog
from pi_reader.values import Correction, Reading

NEWS = 10.0  # seconds that a line about what was done stands


class Press(Protocol):
    """One press: "short", "long" or, after five seconds, "hold"; at: seconds, monotonic."""

    @property
    def kind(self) -> str:
        """What was pressed."""

    @property
    def at(self) -> float:
        """When."""


class Button(Protocol):
    """What can be pressed."""

    def events(self) -> Sequence[Press]:
        """The presses since the last call, oldest first."""

    def close(self) -> None:
        """Let go of the line."""


class ButtonActions:
    """Turns presses into deeds.

    short: what a short press does, "read" or "freeze"; power_off: switches the box off, None if a
    button may not. frozen: whether the display is held; what is held can be corrected, which ends
    the holding. read_again: set by a press, for the loop to take back; off: whether the box is to
    go off.
    """

    def __init__(
        self,
        reading_log: ReadingLog,
        short: str = "read",
        power_off: Callable[[], None] | None = None,
    ) -> None:
        self.frozen = False
        self.read_again = False
        self.off = False
        self._reading_log = reading_log
        self._short = short
        self._power_off = power_off
        self._correcting: CorrectionDialogue | None = None
        self._event: Event | None = None  # the one that is corrected, or stands on the held display
        self._news = ""
        self._news_until = -float("inf")

    @property
    def correction(self) -> Correction | None:
        """What is being corrected now."""
        return self._correcting.view if self._correcting else None

    @property
    def corrected(self) -> Reading | None:
        """The reading that is being corrected now."""
        return self._event.reading if self._correcting and self._event else None

    def news(self, now: float) -> str:
        """A line about what a press has done, for some seconds."""
        return self._news if now < self._news_until else ""

    def take(self, presses: Sequence[Press], now: float) -> None:
        """Act on presses and let time pass; now: seconds, monotonic."""
        for press in presses:
            if press.kind == "hold":
                self._hold()
            elif self._correcting is not None:
                self._correcting.press(press.kind, now)
                self._end_if_over(now)
            elif press.kind == "long":
                self._begin(now)
            elif self._short == "freeze":
                self.frozen = not self.frozen
                self._event = self._reading_log.events.last
            else:
                self.read_again = True
        if self._correcting is not None:
            self._correcting.tick(now)
            self._end_if_over(now)

    def _begin(self, now: float) -> None:
        """Correct the last reading, or the one held, whether or not its paper still lies there."""
        if not self.frozen:
            self._event = self._reading_log.events.last
        self.frozen = False
        if self._event is None:
            self._say("nothing was read yet that could be corrected", now)
        else:
            self._correcting = CorrectionDialogue(self._event.reading, now)

    def _end_if_over(self, now: float) -> None:
        """Keep what was settled, on the card, before anybody is told so."""
        if self._correcting is None or self._event is None or not self._correcting.over:
            return
        kept, self._correcting = self._correcting.kept, None
        if not kept:
            return
        try:
            self._reading_log.corrected(self._event, kept)
        except TROUBLES as error:
            self._say(f"nothing was kept: {error}", now)
        else:
            self._say(f"kept {len(kept)} digit{'s' if len(kept) > 1 else ''}", now)

    def _hold(self) -> None:
        if self._power_off is not None:
            self.off = True
            self._correcting = None
            self._power_off()

    def _say(self, news: str, now: float) -> None:
        self._news, self._news_until = news, now + NEWS
