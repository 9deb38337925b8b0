"""The generations of weights that a box has learned, and the one in use.

Number 0 is the shipped weights. Each accepted training gets the next number, which is never
reused. A generation that cannot be loaded, or that was opened three times without ever reading a
page, is marked bad, and its parent is used instead. Opening needs no write: on a full or read-only
card the last confirmed generation is opened. Listing needs no numpy.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pi_reader import __version__, files
from pi_reader.errors import (
    BadData,
    Busy,
    CannotWrite,
    MissingFile,
    PiReaderError,
    UsageError,
)
from pi_reader.learning.generations.ledger import SHIPPED, Ledger, LedgerFile, Record
from pi_reader.network.card import Card, read_card

if TYPE_CHECKING:
    from pi_reader.network.model import Model

MOST_STARTS = 3  # that a generation may take to read its first page
MOST_OFFERED = 3  # candidates waiting for acceptance
LARGEST_OFFER = 2 << 20  # bytes; the shipped weights have less than 1 MB


@dataclass(frozen=True)
class Generation:
    """One generation, for display.

    number: 0 for the shipped weights; path, sha256: of its weights file; parent: the number of the
    one that it replaced. since: when it was last put in use, seconds since 1970, 0.0 if never or
    if the clock was not set. card: None if it cannot be read.
    state: "in use", "kept", "candidate" (waits for the judge), "refused" (by the judge) or "bad".
    why: what was wrong with one that is bad or was refused, what a candidate still waits for.
    """

    number: int
    path: Path
    sha256: str
    parent: int
    since: float
    card: Card | None
    state: str
    why: str = ""


class Generations:
    """The generations in one folder, on top of the shipped weights.

    shipped: the weights file that came with the software; keep: how many learned ones are kept,
    including those that must stay. clock: seconds since 1970. before_use: is given a network, its
    card and the sha256 of its file before it is put in use; what it raises keeps none from use.
    fallback_reason: after `open`, in words, why another generation than the selected one was
    opened, until another one comes into use; "" if it is the selected one.
    """

    def __init__(
        self,
        folder: Path,
        shipped: Path,
        keep: int = 8,
        clock: Callable[[], float] = time.time,
        before_use: Callable[[Model, Card, str], None] | None = None,
    ) -> None:
        self.shipped = Path(shipped)
        self.keep = keep
        self.fallback_reason = ""
        self._file = LedgerFile(folder)
        self._clock = clock
        self._before_use = before_use
        self._opened: int | None = None
        self._to_confirm = False
        self._stamp: tuple[object, tuple[int, str]] = (None, (SHIPPED, ""))

    # Reading: none of these methods has to write.

    def open(self) -> tuple[Model, Card, Generation]:
        """The network in use, or the most recent one before it that works.

        Counts the start until `confirmed` is called, so call it only after the first frame: a
        broken camera should not be blamed on the weights. Raises MissingFile or BadData only if
        the shipped weights themselves cannot be loaded.
        """
        ledger = self._file.read()
        notes = [ledger.note] if ledger.note else []
        number = ledger.in_use
        while number != SHIPPED:
            try:
                self._count_start(number, ledger.records[number])
                model, card = self._load(ledger, number)
                break
            except Exception as error:  # whatever it is, the box reads on with what came before
                notes.append(f"generation {number} is not used: {_why(error)}")
                number = self._fall(ledger, number, error)
        else:
            model, card = self._load(ledger, SHIPPED)
        if notes:
            notes.append(f"the box reads with {_name(number)}")
        if notes or number != self._opened:
            self.fallback_reason = "; ".join(notes)
        self._opened = ledger.in_use = number
        self._to_confirm = number != SHIPPED and ledger.records[number].proved != __version__
        return model, card, self._generation(ledger, number, card)

    def confirmed(self) -> None:
        """Record that the opened generation has read a page: from now on it is trusted.

        Cheap after the first call.
        """
        if not self._to_confirm or self._opened is None:
            return
        self._to_confirm = False
        with contextlib.suppress(CannotWrite, Busy), self._change() as ledger:
            if self._opened in ledger.records:
                ledger.records[self._opened].starts = 0
                ledger.records[self._opened].proved = __version__

    def stamp(self) -> tuple[int, str]:
        """Number and sha256 of the generation in use; cheap enough to check for every frame.

        When it differs from its value after `open`, open again.
        """
        try:
            found = os.stat(self._file.path)
            seen: object = (found.st_mtime_ns, found.st_ino, found.st_size)
        except OSError:
            seen = None
        if seen != self._stamp[0]:
            ledger = self._file.read()
            record = ledger.records.get(ledger.in_use)
            self._stamp = (seen, (ledger.in_use, record.sha256 if record else ""))
        return self._stamp[1]

    def current(self) -> Generation:
        """The generation in use, without opening it. Raises BadData if it may not be read."""
        ledger = self._look()
        return self._generation(ledger, ledger.in_use)

    def trouble(self) -> str:
        """What is wrong with the ledger, "" if nothing is. Raises BadData like `list`."""
        return self._look().note

    def list(self) -> tuple[Generation, ...]:
        """All of them, shipped first. Raises BadData if this user may not read the ledger."""
        ledger = self._look()
        return tuple(
            self._generation(ledger, number) for number in (SHIPPED, *sorted(ledger.records))
        )

    def get(self, number: int) -> Generation:
        """One of them. Raises UsageError if there is none of that number, BadData like `list`."""
        ledger = self._look()
        _check_known(ledger, number)
        return self._generation(ledger, number)

    def load(self, number: int) -> tuple[Model, Card]:
        """A network for inspection; not counted as a start. Raises UsageError, MissingFile,
        BadData."""
        ledger = self._look()
        _check_known(ledger, number)
        return self._load(ledger, number)

    def shipped_changed(self) -> bool:
        """Whether an upgrade brought shipped weights that have not been compared yet."""
        ledger = self._file.read()
        return ledger.in_use != SHIPPED and ledger.shipped != self._sha256_of_shipped()

    # Changing: these methods raise CannotWrite, or Busy if another process holds the lock.

    def add(self, model: Model, card: Card, use: bool) -> Generation:
        """Store a network as a new generation, either in use at once or as a candidate."""
        from pi_reader.network import store

        with self._change() as ledger:
            sha256 = store.save(self._file.weights(ledger.last + 1), model, card)
            return self._enter(ledger, sha256, use)

    def add_file(self, content: bytes, use: bool = False) -> Generation:
        """Store a weights file from elsewhere, unchanged, once it has been checked.

        Raises BadData if it is damaged or too large, Busy if too many candidates are waiting.
        """
        check_offer(content)
        with self._change() as ledger:
            waiting = sum(record.state == "candidate" for record in ledger.records.values())
            if not use and waiting >= MOST_OFFERED:
                raise Busy(
                    f"offered weights: {waiting} others wait for the judge; try again when "
                    "they are judged"
                )
            path = self._file.weights(ledger.last + 1)
            with files.durable(path) as handle:
                handle.write(content)
            return self._enter(ledger, files.sha256(path), use)

    def use(self, number: int) -> Generation:
        """Put a generation in use if it can be loaded. Raises UsageError, MissingFile, BadData."""
        with self._change() as ledger:
            return self._switch(ledger, number)

    def rollback(self) -> Generation:
        """Go back to the parent of the one in use. Raises UsageError if there is none."""
        with self._change() as ledger:
            if ledger.in_use == SHIPPED:
                raise UsageError("rollback: the shipped weights are in use, nothing came before")
            for number in ledger.way_back(ledger.in_use):
                with contextlib.suppress(BadData, MissingFile):
                    return self._switch(ledger, number)
            raise BadData(f"{self.shipped}: is damaged or missing; install pi-reader again")

    def begin_judging(self, number: int) -> bool:
        """Count that the judge takes up a candidate; whether it may.

        One that was taken up three times without a verdict ended the training each time: it is
        marked bad. One that was put in use or removed meanwhile is none any more.
        """
        with self._change() as ledger:
            record = ledger.records.get(number)
            if record is None or record.state != "candidate" or number == ledger.in_use:
                return False
            if record.starts >= MOST_STARTS:
                record.state = "bad"
                record.why = f"the training ended {record.starts} times while it was judged"
                return False
            record.starts += 1
            return True

    def conclude(self, number: int, state: str, why: str) -> bool:
        """Note the verdict on a candidate: "accepted" puts it in use, "refused", "bad" and
        "candidate" (it waits on) are kept with the reason.

        Gives False, and changes nothing, if it is no candidate any more: somebody put it in use,
        and that stands.
        """
        with self._change() as ledger:
            record = ledger.records.get(number)
            if record is None or record.state != "candidate" or number == ledger.in_use:
                return False
            if state == "accepted":
                self._switch(ledger, number)
            else:
                record.state, record.why, record.starts = state, why, 0
            return True

    def shipped_judged(self) -> None:
        """Record that the shipped weights have been compared."""
        with self._change() as ledger:
            ledger.shipped = self._sha256_of_shipped()

    def prune(self) -> None:
        """Remove the oldest beyond those to keep; never the one in use, its parent, candidates."""
        with self._change() as ledger:
            ledger.prune(self.keep)

    # Shared helpers.

    def _look(self) -> Ledger:
        self._file.check_allowed()
        return self._file.read()

    def _change(self) -> AbstractContextManager[Ledger]:
        return self._file.change(self._note_shipped)

    def _note_shipped(self, ledger: Ledger) -> None:
        """While the shipped weights are in use, those of an upgrade need no comparison."""
        if ledger.in_use == SHIPPED or not ledger.shipped:
            ledger.shipped = self._sha256_of_shipped()

    def _count_start(self, number: int, record: Record) -> None:
        """Count a start, unless it is confirmed. Raises BadData if there were too many."""
        if record.proved == __version__:
            return
        if record.starts >= MOST_STARTS:
            raise BadData(f"it was opened {record.starts} times and never read a page")
        try:
            with self._change() as ledger:
                if number in ledger.records:
                    ledger.records[number].starts += 1
        except (CannotWrite, Busy):
            if not record.proved:  # without the count, one that crashes would crash for ever
                raise

    def _load(self, ledger: Ledger, number: int) -> tuple[Model, Card]:
        """Raises MissingFile or BadData."""
        from pi_reader.network import store

        path = self._path(number)
        model, card = store.load(path)
        if number != SHIPPED and files.sha256(path) != ledger.records[number].sha256:
            raise BadData(f"{path}: is not the file that was kept under this number")
        _try(model, path)
        return model, card

    def _fall(self, ledger: Ledger, number: int, error: Exception) -> int:
        """The parent to use instead; marks the generation as bad, if the card is writable."""
        parent = next(ledger.way_back(number))
        ledger.records[number].state = "bad"
        if not isinstance(error, (CannotWrite, Busy, MemoryError)):
            with contextlib.suppress(CannotWrite, Busy), self._change() as kept:
                if kept.in_use == number:
                    kept.records[number].state, kept.records[number].why = "bad", _why(error)
                    kept.in_use = parent
        return parent

    def _enter(self, ledger: Ledger, sha256: str, use: bool) -> Generation:
        """Add the weights file that was just written under the next number to the ledger."""
        number = ledger.last = ledger.last + 1
        ledger.records[number] = Record(sha256, ledger.in_use, state="candidate")
        if use:
            self._make_ready(sha256, *self._load(ledger, number))
            ledger.put_in_use(number, files.believed(self._clock()))
        ledger.prune(self.keep)
        return self._generation(ledger, number)

    def _switch(self, ledger: Ledger, number: int) -> Generation:
        _check_known(ledger, number)
        record = ledger.records.get(number)
        sha256 = record.sha256 if record else self._sha256_of_shipped()
        self._make_ready(sha256, *self._load(ledger, number))
        ledger.put_in_use(number, files.believed(self._clock()))
        return self._generation(ledger, number)

    def _make_ready(self, sha256: str, model: Model, card: Card) -> None:
        """Let others prepare for weights that come into use."""
        if self._before_use is not None:
            with contextlib.suppress(PiReaderError, OSError, ValueError):
                self._before_use(model, card, sha256)

    def _generation(self, ledger: Ledger, number: int, card: Card | None = None) -> Generation:
        path = self._path(number)
        if card is None:
            with contextlib.suppress(BadData):
                card = read_card(path)
        record = ledger.records.get(number, Record(""))
        sha256 = record.sha256 if number != SHIPPED else self._sha256_of_shipped()
        state = "in use" if number == ledger.in_use else record.state
        return Generation(
            number, path, sha256, record.parent, record.since, card, state, record.why
        )

    def _path(self, number: int) -> Path:
        return self._file.weights(number) if number != SHIPPED else self.shipped

    def _sha256_of_shipped(self) -> str:
        return files.sha256_or_none(self.shipped)


def check_offer(content: bytes) -> None:
    """Raises BadData if a file is no whole weights, too large, or cannot read a patch."""
    from pi_reader.network import store

    if len(content) > LARGEST_OFFER:
        raise BadData(f"offered weights: more than {LARGEST_OFFER:,} bytes; offer smaller ones")
    _try(store.unpack(content, Path("offered weights"))[0], "offered weights")


def _try(model: Model, path: object) -> None:
    """Read an empty patch. Raises BadData if the network cannot, or says what is no number."""
    import numpy as np

    try:
        with np.errstate(all="ignore"):
            said = model.predict(np.zeros((1, 28, 28), np.uint8))
    except MemoryError:
        raise
    except Exception as error:
        raise BadData(f"{path}: its network cannot read a patch ({_why(error)})") from error
    if not np.isfinite(said).all():
        raise BadData(f"{path}: its network gives no numbers for an empty patch")


def _why(error: Exception) -> str:
    """An error in a line; of one that is not ours also its kind."""
    words = str(error) if isinstance(error, PiReaderError) else repr(error)
    return " ".join(words.split())[:300]


def _check_known(ledger: Ledger, number: int) -> None:
    if number != SHIPPED and number not in ledger.records:
        raise UsageError(
            f"generation {number}: there is none of that number; "
            "`pi-reader weights list` shows them"
        )


def _name(number: int) -> str:
    return f"generation {number}" if number != SHIPPED else "the shipped weights"
