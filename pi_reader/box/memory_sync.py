"""Keeps the reader's memory abreast of the samples: what was taught counts from the next look on.

Whoever teaches, the button, a command or a page, writes a sample; here the samples are looked at
once a look, which costs next to nothing while they stay the same. A memory that is damaged or
missing is said, and reading goes on: with what is known, until the rest is computed anew, a few
keys a look.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pi_reader.box.problems import TROUBLES, Problems
from pi_reader.errors import BadData
from pi_reader.learning import memory as files
from pi_reader.learning.memory import Memory
from pi_reader.learning.samples import Sample, Samples
from pi_reader.learning.samples.rows import name_of
from pi_reader.reading.reader import Reader
from pi_reader.values import NO_DIGIT, Frame, Reading

_AGAIN = 10.0  # seconds until samples that could not be read are tried again
_NO_SAMPLES = "none"  # instead of their version; the file is not made before something is taught
_AT_ONCE = 16  # keys computed between two looks: on a Zero they take a fifth of a second


class MemorySync:
    """Fills the memory of the reader in use.

    samples: a connection of its own; folder: of the files with the keys. wall: seconds since 1970.
    news: what was learned at the last change, for the display; "" if nobody taught anything.
    """

    def __init__(
        self,
        samples: Samples,
        folder: Path,
        problems: Problems,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.news = ""
        self._samples, self._folder, self._problems, self._wall = samples, folder, problems, wall
        self._reader: Reader | None = None
        self._memory: Memory | None = None
        self._version: object = None
        self._left = 0  # samples that are still to be taken in
        self._next = -float("inf")
        self._changed: tuple[str, int] = ("", 0)  # the day, and the digits that it changed then

    def begin(self, reader: Reader, now: float) -> None:
        """Fill the memory of a reader that comes into use, from its file as far as it goes.

        now: seconds, monotonic.
        """
        self._reader, memory = reader, reader.memory
        self._memory = memory if isinstance(memory, Memory) else None
        self._version, self._left, self._next = None, 0, now
        if self._memory is not None:
            try:
                self._memory.load(files.path_for(self._folder, reader.weights), reader.weights)
            except BadData as error:
                self._problems.mention(str(error))
            self.tick(now)
            if self._left:
                self._problems.mention(
                    f"memory: {self._left} of the taught digits are still to be taken in, some at"
                    " every look; reading goes on"
                )

    def tick(self, now: float) -> bool:
        """Take in what changed among the samples; whether what is remembered has changed."""
        if self._memory is None or now < self._next:
            return False
        self._next = now + _AGAIN
        changed = False
        with self._problems.kept_from_stopping_us("memory"):
            changed = self._follow(self._memory)
            self._next = now
        return changed

    def _follow(self, memory: Memory) -> bool:
        version = self._samples.version() if self._samples.path.exists() else _NO_SAMPLES
        if version == self._version and not self._left:
            return False
        is_new = self._version is not None and not self._left  # else it only catches up
        if version != _NO_SAMPLES:
            self._left = memory.follow(self._samples, _AT_ONCE)
        self._version = version
        self.news = self._read_again(memory.taken_in) if is_new and memory.taken_in else ""
        if not self._left and version != _NO_SAMPLES:
            self._keep(memory)
        return version != _NO_SAMPLES

    def _read_again(self, taught: Sequence[Sample]) -> str:
        """What was learned, in words, and as what the last digit that was misread is read now."""
        misread = [sample for sample in taught if sample.read != sample.label]
        if not misread or self._reader is None:
            return "learned"
        sample = self._samples.get(misread[0].id)
        if sample.cutout is None:
            return "learned"
        digits = self._reader.read(Frame(sample.cutout)).digits
        label = max(digits, key=lambda digit: digit.box.height).label if digits else NO_DIGIT
        if label != sample.label:
            return f"learned, but once more: {name_of(label)} for {name_of(sample.label)}"
        return f"learned: {name_of(sample.read)} → {name_of(label)}"

    def count(self, reading: Reading) -> None:
        """Count the digits of an announced reading that the memory changed."""
        changed = sum(digit.reason.startswith("taught ") for digit in reading.digits)
        self._changed = self._today, self.changed_today + changed

    @property
    def changed_today(self) -> int:
        """How many digits were read otherwise today than the network alone would have."""
        day, count = self._changed
        return count if day == self._today else 0

    @property
    def figures(self) -> dict[str, int] | None:
        """For the status file; None where the weights in use can have no memory."""
        if self._memory is None:
            return None
        return {"keys": len(self._memory), "changed_today": self.changed_today, "left": self._left}

    def close(self) -> None:
        """Close the samples; may be called twice."""
        self._samples.close()

    @property
    def _today(self) -> str:
        return time.strftime("%Y-%m-%d", time.localtime(self._wall()))

    def _keep(self, memory: Memory) -> None:
        """Write the keys, so that the next start need not compute them."""
        weights = self._reader.weights if self._reader is not None else ""
        try:
            memory.save(files.path_for(self._folder, weights), weights)
            files.forget(self._folder, files.KEPT)
        except TROUBLES as error:
            self._problems.mention(f"{error}; what was taught is computed anew at the next start")
