"""What the button does: read again or freeze, correct, switch off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pi_reader.box.correction import CorrectionDialogue
from pi_reader.box.events import Event
from pi_reader.box.problems import TROUBLES
from pi_reader.box.reading_log import ReadingLog
from pi_reader.values import Correction, Reading

NEWS = 10.0  # seconds that a message about what was done is shown


class Press(Protocol):
    """One press: "short", "long" or, after five seconds, "hold"; at: seconds, monotonic."""

    @property
    def kind(self) -> str:
        """The kind of press."""

    @property
    def at(self) -> float:
        """When it happened, seconds, monotonic."""


class Button(Protocol):
    """A source of presses."""

    def events(self) -> Sequence[Press]:
        """The presses since the last call, oldest first."""

    def close(self) -> None:
        """Release the pin."""


class ButtonActions:
    """Turns presses into actions.

    short: what a short press does, "read" or "freeze"; power_off: switches the box off, None if
    the button may not do that. frozen: whether the display is frozen; a frozen reading can be
    corrected, which unfreezes it. read_again: set by a press, cleared by the main loop; off:
    whether the box is about to switch off.
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
        self._event: Event | None = None  # being corrected, or shown on the frozen display
        self._news = ""
        self._news_until = -float("inf")

    @property
    def correction(self) -> Correction | None:
        """The current correction, None if there is none."""
        return self._correcting.view if self._correcting else None

    @property
    def corrected(self) -> Reading | None:
        """The reading being corrected, None if there is none."""
        return self._event.reading if self._correcting and self._event else None

    def news(self, now: float) -> str:
        """A message about what a press did; "" once it is `NEWS` seconds old."""
        return self._news if now < self._news_until else ""

    def take(self, presses: Sequence[Press], now: float) -> None:
        """Handle presses and timeouts; now: seconds, monotonic."""
        for press in presses:
            if press.kind == "hold":
                self._hold()
            elif self._correcting is not None:
                self._correcting.press(press.kind, now)
                self._end_if_over(now)
            elif press.kind == "long":
                self._begin(now)
            elif self._short == "freeze":
                self.freeze(not self.frozen)
            else:
                self.read_again = True
        if self._correcting is not None:
            self._correcting.tick(now)
            self._end_if_over(now)

    def freeze(self, frozen: bool) -> None:
        """Hold the display, or let it go on; while something is being corrected, it stays so."""
        if self._correcting is None and frozen != self.frozen:
            self.frozen = frozen
            self._event = self._reading_log.events.last

    def identify(self, now: float) -> None:
        """Say on the display that it is this box that was meant."""
        self.say("it is me", now)

    def _begin(self, now: float) -> None:
        """Correct the last reading, or the frozen one, even if its page is gone by now."""
        if not self.frozen:
            self._event = self._reading_log.events.last
        self.frozen = False
        if self._event is None:
            self.say("nothing was read yet that could be corrected", now)
        else:
            self._correcting = CorrectionDialogue(self._event.reading, now)

    def _end_if_over(self, now: float) -> None:
        """Store a finished correction durably, before reporting that it was kept."""
        if self._correcting is None or self._event is None or not self._correcting.over:
            return
        kept, self._correcting = self._correcting.kept, None
        if not kept:
            return
        try:
            self._reading_log.corrected(self._event, kept)
        except TROUBLES as error:
            self.say(f"nothing was kept: {error}", now)
        else:
            self.say(f"kept {len(kept)} digit{'s' if len(kept) > 1 else ''}", now)

    def _hold(self) -> None:
        if self._power_off is not None:
            self.off = True
            self._correcting = None
            self._power_off()

    def say(self, news: str, now: float) -> None:
        """Show news for a while; now: seconds, monotonic."""
        self._news, self._news_until = news, now + NEWS
