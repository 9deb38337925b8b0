"""The latest readings, kept in memory so that they can still be corrected."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pi_reader.errors import BadData, UsageError
from pi_reader.learning.samples import New, Samples, as_png, cut_out
from pi_reader.values import NO_DIGIT, Frame, Reading

REMEMBERED = 20  # readings; with a full page each they take about 5 MB


@dataclass(frozen=True)
class Event:
    """One reading as it was announced.

    number: its number in the history, which never repeats; without a history, a count since the
    start. key: its permanent name among the samples; when: seconds since 1970, 0.0 if the clock
    was not set; cutouts: a grey crop of each digit, as the camera saw it.
    """

    number: int
    key: str
    when: float
    reading: Reading
    cutouts: tuple[np.ndarray, ...]


class Events:
    """The latest readings, at most `REMEMBERED`."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=REMEMBERED)
        self._count = 0

    @property
    def last(self) -> Event | None:
        """The latest, None if nothing has been read yet."""
        return self._events[-1] if self._events else None

    def add(self, reading: Reading, frame: Frame, when: float, number: int = 0) -> Event:
        """Remember a reading that has digits, with crops of its frame. number: its number in the
        history; 0 without a history, and the next one is counted."""
        self._count = number or self._count + 1
        cutouts = tuple(cut_out(frame.grey, digit.box) for digit in reading.digits)
        event = Event(self._count, os.urandom(16).hex(), when, reading, cutouts)
        self._events.append(event)
        return event

    def find(self, number: int) -> Event:
        """The reading with that number. Raises BadData if it is no longer remembered."""
        for event in self._events:
            if event.number == number:
                return event
        raise BadData(
            f"reading {number}: is not remembered, or not any more; the last {REMEMBERED} readings "
            "since the start are, `pi-reader readings` shows their numbers"
        )


def keep(samples: Samples, event: Event, labels: Mapping[int, int | None], source: str) -> int:
    """Store digits of a reading as samples, durably; returns how many.

    labels: by place in the reading; 0 to 9, NO_DIGIT, or None if unlabelled. Raises what Samples
    raises, and UsageError for a place that the reading does not have.
    """
    digits = event.reading.digits
    items = []
    for place, label in sorted(labels.items()):
        if not 0 <= place < len(digits):
            raise UsageError(f"digit {place + 1}: this reading has {len(digits)}, counted from 1")
        digit = digits[place]
        if digit.patch is not None:
            items.append(
                (
                    place,
                    New(
                        digit.patch,
                        digit.label,
                        digit.confidence,
                        label,
                        event.cutouts[place],
                        event.reading.weights,
                        source,
                    ),
                )
            )
    if items:
        number = samples.add_event(event.key, event.when, None, items)
        for sample in samples.event(number):  # stored earlier: only its label changes
            if labels.get(sample.place) not in (None, sample.label):
                samples.label(sample.id, labels[sample.place])
    return len(items)


def remembered(event: Event) -> dict[str, object]:
    """A reading with a picture of each of its digits, for the page."""
    reading = event.reading
    return {
        "when": event.when,
        "text": reading.text,
        "sure": reading.sure,
        "confidence": min(digit.confidence for digit in reading.digits),
        "weights": reading.weights,
        "digits": [
            {
                "label": digit.label,
                "confidence": digit.confidence,
                "runner_up": list(digit.runner_up),
                "sure": digit.sure,
                "box": [digit.box.x, digit.box.y, digit.box.width, digit.box.height],
                "picture": as_png(cutout) if cutout.size else "",
            }
            for digit, cutout in zip(reading.digits, event.cutouts, strict=True)
        ],
    }


def labels_from(text: str, event: Event) -> dict[int, int | None]:
    """Parse labels typed for a whole reading: one character per digit, `-` for no digit, `?` to
    leave one unlabelled. Raises BadData if there are more or fewer labels than digits."""
    letters = [letter for letter in text if not letter.isspace()]
    if len(letters) != len(event.reading.digits):
        read = "  ".join(event.reading.number.split("\n"))
        raise BadData(
            f"label {text!r:.40}: has {len(letters)}, should have one for each digit of "
            f"{read}, {len(event.reading.digits)} in all; - stands for what is no digit, "
            "? for one to leave as it is"
        )
    labels: dict[int, int | None] = {}
    for place, letter in enumerate(letters):
        if letter == "-":
            labels[place] = NO_DIGIT
        elif letter.isascii() and letter.isdigit():
            labels[place] = int(letter)
        elif letter != "?":
            raise BadData(f"label {text!r:.40}: {letter!r} is no digit, and neither - nor ?")
    return labels
