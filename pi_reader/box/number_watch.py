"""Watches the numbers of the settings: what each is now, whether that can be true, and since when.

The last good values lie in the state folder, so that a restart or a power cut forgets nothing of
them but the last half minute. What is damaged there counts as not known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pi_reader.errors import BadData, CannotWrite, MissingFile
from pi_reader.files import believed, durable, read_json
from pi_reader.numbers.align import find_move
from pi_reader.numbers.fields import Place, as_it_lies, find_field
from pi_reader.numbers.plausibility import JUMPS, LONGEST_TEXT, Clock, Past, Verdict, judge
from pi_reader.numbers.settings import NumberSettings
from pi_reader.reading.binarise import binarise
from pi_reader.state import NumberState
from pi_reader.values import Frame, Reading

LARGEST = 64 << 10  # bytes of the state file
EVERY = 30.0  # seconds between two writes of it
STILL_EVERY = 3600.0  # seconds between two writes while every value stays as it is
AGAIN = 2.0  # seconds after which a value that was not believed is looked at again
_FORMAT = 1


@dataclass(frozen=True)
class Reference:
    """How a page lay when its regions were set: its ink, (h, w) bool, and the frame's size."""

    ink: np.ndarray
    size: tuple[int, int]


class NumberWatch:
    """The numbers of the page.

    fields: from the settings, in their order; path: the state file, reference: the picture that
    was set, PNG; None for neither. log: is given a line for one that is damaged. now: what each
    number is, () while nothing lies there.
    """

    def __init__(
        self,
        fields: Sequence[NumberSettings],
        path: Path | None = None,
        reference: Path | None = None,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._log = log
        self.now: tuple[NumberState, ...] = ()
        self._fields = tuple(fields)
        self._path, self._reference_path = path, reference
        self._reference: Reference | None = None
        self._past = {field.name: Past() for field in fields}
        self._seen_at = self._written_at = -float("inf")
        self._is_new = False
        self._trouble = ""  # why the last try to write failed
        if fields and path is not None:
            self._remember(path)
        self.load_reference()

    def __bool__(self) -> bool:
        """Whether there is any number to watch."""
        return bool(self._fields)

    @property
    def named(self) -> dict[str, dict[str, Any]]:
        """What others need to know of each number that is watched, by name."""
        return {
            one.name: {"kind": one.kind, "unit": one.unit, "may_fall": one.may_fall}
            for one in self._fields
        }

    def load_reference(self) -> None:
        """Take the reference picture anew; without a readable one the page is taken as it lies."""
        self._reference = None
        if self._fields and self._reference_path is not None and self._reference_path.exists():
            from pi_reader.camera.files import load

            try:
                grey = load(self._reference_path).grey
            except (BadData, MissingFile) as error:
                self._log(f"{error}; the page is taken as it lies, until `pi-reader numbers set`")
                return
            self._reference = Reference(binarise(grey).mask, (grey.shape[1], grey.shape[0]))

    def set_reference(self, frame: Frame) -> str:
        """Keep a frame as the reference; gives what was done. Raises CannotWrite, BadData."""
        if self._reference_path is None or not self._fields:
            raise BadData("reference: there are no numbers; [[numbers]] in the settings names them")
        save_reference(self._reference_path, frame)
        self.load_reference()
        return f"{self._reference_path}: is the reference from now on"

    def wants(self, now: float) -> bool:
        """Whether to read again though nothing has changed: a value is not believed yet."""
        waits = any(one.verdict in JUMPS for one in self.now)
        return waits and now - self._seen_at >= AGAIN

    def see(self, reading: Reading | None, frame: Frame, steady: float, wall: float) -> None:
        """Take in what was announced, or read again; None or no lines: the page is gone.

        steady: seconds of a monotonic clock; wall: since 1970.
        """
        if not self._fields:
            return
        self._seen_at = steady
        if reading is None or not reading.lines:
            self.now = ()
            return
        clock = Clock(steady, believed(wall))
        place, moved = self._place(frame)
        states = []
        for field in self._fields:
            past = self._past[field.name]
            before = past.value, past.text
            found = find_field(field, reading, place)
            if found is not None and field.region and not moved:
                found = None  # the page is another one: nobody knows where the number stands
            judged = judge(field, found, past, clock)
            value = ""
            if judged.verdict is Verdict.GOOD and found:
                value = past.text = _shown(field, found.text, past)[:LONGEST_TEXT]
            self._is_new = self._is_new or (past.value, past.text) != before
            states.append(
                NumberState(
                    field.name,
                    field.kind,
                    found.text if found else "",
                    value,
                    str(judged.verdict),
                    judged.healed,
                    field.unit,
                    past.wall,
                    past.text,
                )
            )
        self.now = tuple(states)

    def stay(self, steady: float, wall: float) -> None:
        """The page lies there as before: what is good still is."""
        for state in self.now:
            past = self._past[state.name]
            if state.verdict == Verdict.GOOD:
                past.see(past.value, Clock(steady, believed(wall)))

    def tick(self, steady: float) -> None:
        """Write what is new, seldom. Raises CannotWrite, from a try that failed to the next."""
        if not self._fields or self._path is None:
            return
        every = EVERY if self._is_new else STILL_EVERY
        if steady - self._written_at >= every:
            self._written_at = steady  # first: a full card is not tried again at every look
            self._trouble = ""
            try:
                self.write()
            except CannotWrite as error:
                self._trouble = str(error)
        if self._trouble:
            raise CannotWrite(self._trouble)

    def write(self) -> None:
        """Write the last good values, durably. Raises CannotWrite."""
        if self._path is None or not any(past.text for past in self._past.values()):
            return
        said = {
            "format": _FORMAT,
            "numbers": {name: past.to_json() for name, past in self._past.items()},
        }
        with durable(self._path) as handle:
            handle.write(json.dumps(said).encode())
        self._is_new = False

    def _remember(self, path: Path) -> None:
        try:
            said = read_json(path, LARGEST)
        except MissingFile:
            return
        except BadData as error:
            self._log(f"{error}; the last good values are not known")
            return
        kept = said.get("numbers")
        if said.get("format") == _FORMAT and isinstance(kept, dict):
            for name in self._past:
                self._past[name] = Past.from_json(kept.get(name))

    def _place(self, frame: Frame) -> tuple[Place, bool]:
        """Where points of the frame were in the reference, and whether the page is the same."""
        reference = self._reference
        if reference is None or not any(field.region for field in self._fields):
            return as_it_lies, True
        size = frame.grey.shape[1], frame.grey.shape[0]
        if size != reference.size:
            return as_it_lies, True
        moved = find_move(reference.ink, binarise(frame.grey).mask, size)
        return (as_it_lies, False) if moved is None else (moved.back, True)


def save_reference(path: Path, frame: Frame) -> None:
    """Keep a frame as the picture that tells how the page lay. Raises CannotWrite, BadData."""
    from PIL import Image

    if not binarise(frame.grey).mask.any():  # no page would ever be taken for this one
        raise BadData(
            "reference: nothing is written there; lay the page under the camera, in more light"
        )
    with durable(path) as handle:
        Image.fromarray(frame.grey).save(handle, "PNG")


def _shown(field: NumberSettings, text: str, past: Past) -> str:
    """A good value in plain digits with a point, or its text."""
    return format(past.value, "f") if field.kind == "number" and past.value is not None else text
