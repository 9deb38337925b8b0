"""Records announced readings: in the history, for corrections, and for drift detection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from pi_reader.box.drift import Drift
from pi_reader.box.events import Event, Events, keep
from pi_reader.box.problems import Problems
from pi_reader.errors import CannotWrite, PiReaderError
from pi_reader.files import believed
from pi_reader.history import History
from pi_reader.kept_pictures import KeptPictures
from pi_reader.learning.samples import Samples
from pi_reader.state import NumberState
from pi_reader.values import NO_DIGIT, Frame, Reading

_BASELINE = 20_000  # readings of the history that make the baseline


class ReadingLog:
    """Records readings; a card that cannot be written is reported and never stops the reading.

    history, pictures, samples: None disables them; pictures need the history, which numbers them.
    collect_unsure: whether unsure digits are stored too,
    unlabelled. wall: seconds since 1970.
    """

    def __init__(
        self,
        problems: Problems,
        *,
        history: History | None = None,
        pictures: KeptPictures | None = None,
        samples: Samples | None = None,
        collect_unsure: bool = False,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.events = Events()
        self.drift = Drift()
        self._problems = problems
        self._wall = wall
        self._history = history
        self._pictures = pictures
        self._samples = samples
        self._collect_unsure = collect_unsure
        if history is not None:
            with self._watched(history):
                self.drift = Drift(*history.unsure(_BASELINE))

    def enter(self, reading: Reading, frame: Frame) -> Event:
        """Record an announced reading that has digits."""
        sure = all(digit.sure for digit in reading.digits)
        when = believed(self._wall())
        number = 0
        if self._history is not None:
            number = self._history.add(
                reading.text, sure, min(d.confidence for d in reading.digits), reading.weights, when
            )
            if self._pictures is not None and number:
                with self._problems.kept_from_stopping_us("pictures"):
                    self._pictures.add(number, frame.grey)
        self.drift.add(sure)
        event = self.events.add(reading, frame, when, number)
        if self._collect_unsure and not sure:
            doubted = (place for place, digit in enumerate(reading.digits) if not digit.sure)
            with self._problems.kept_from_stopping_us("samples"):
                self.keep(event, dict.fromkeys(doubted), "unsure")
        return event

    def enter_numbers(self, numbers: Sequence[NumberState], event: Event | None = None) -> None:
        """Record the numbers of the settings, of an announced reading or of the last one."""
        event = event or self.events.last
        if self._history is not None and numbers and event is not None:
            self._history.add_numbers(event.number, numbers, believed(self._wall()))

    def keep(self, event: Event, labels: Mapping[int, int | None], source: str) -> None:
        """Store digits as samples; when this returns they are safe on the card.

        labels: by place; 0 to 9, NO_DIGIT, or None if unlabelled. Raises whatever Samples raises,
        BadData for places that the reading does not have, CannotWrite if samples are disabled.
        """
        if self._samples is None:
            raise CannotWrite("samples: are not kept here")
        keep(self._samples, event, labels, source)

    def corrected(self, event: Event, kept: Mapping[int, int | None]) -> None:
        """Store a correction made with the button, like `keep`; here None means no digit."""
        self.keep(
            event,
            {place: NO_DIGIT if label is None else label for place, label in kept.items()},
            "button",
        )

    def tick(self, now: float) -> None:
        """Let the history write pending readings if due; now: seconds, monotonic."""
        if self._history is not None:
            with self._watched(self._history):
                self._history.tick(now)

    def close(self) -> None:
        """Write pending readings and close the files."""
        if self._history is not None:
            with self._watched(self._history):
                self._history.close()
        if self._samples is not None:
            self._samples.close()

    @contextmanager
    def _watched(self, history: History) -> Iterator[None]:
        """Guard access to the history: errors are logged, and lasting ones become a problem."""
        try:
            yield
        except PiReaderError as error:
            if str(error) != history.trouble:
                self._problems.mention(str(error))
        self._problems.set("history", history.trouble)
