"""Changes that members of the box's group ask for, who may not write into its state.

What is quick the running reader does between two frames (`ACTS`), and what is not, in parts of it
(`Housekeeping.tick`). Files that were handed in, samples or weights, are taken in by the training,
which a request for it starts.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pi_reader.box.problems import TROUBLES
from pi_reader.errors import BadData, Busy, CannotWrite, MissingFile, UsageError
from pi_reader.files import is_held, locked, read_json, write_json
from pi_reader.learning.generations import SHIPPED, Generation, table
from pi_reader.learning.memory import forget
from pi_reader.learning.samples.rows import name_of
from pi_reader.learning.stores import Stores
from pi_reader.values import NO_DIGIT

AT_ONCE = 16  # taught digits that new weights look at in one go: a Zero takes 0.2 s for them
MOST_DROPPED = 10_000  # samples in one request
_HIGHEST = 1 << 60  # number of a sample


class Housekeeping:
    """What may be asked for. stores: what the box has learned, and what it was taught."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self._switch: Switch | None = None
        self._note = stores.folders.state / "switch.json"  # what was asked for, while it waits
        self._is_new = True

    def tick(self) -> None:
        """Go on with a change of weights for a fraction of a second, also with one that was asked
        for before a restart. Raises PiReaderError."""
        if self._is_new:
            self._is_new = False
            self._resume()
        switch, self._switch = self._switch, None
        if switch is not None and not self._made_ready(switch):
            try:
                switch.conclude()
            finally:
                self._strike_note()

    @property
    def night(self) -> Path:
        """The folder where a training keeps what it has reached."""
        return self.stores.folders.state / "night"

    def relabel(self, words: Mapping[str, Any]) -> Mapping[str, Any]:
        """Say what a sample is. words: id; label, 0 to 9 or NO_DIGIT."""
        number, label = _number(words.get("id")), words.get("label")
        if type(label) is not int or not 0 <= label <= NO_DIGIT:
            raise BadData(f"relabel: label is {label!r:.20}, should be 0 to {NO_DIGIT}")
        with self.stores.samples() as samples:
            sample = samples.label(number, label)
        return {"done": f"sample {number} is {name_of(sample.label)}"}

    def drop(self, words: Mapping[str, Any]) -> Mapping[str, Any]:
        """Forget samples. words: ids, a list of numbers, or all, true."""
        everything, ids = words.get("all") is True, words.get("ids", [])
        if type(ids) is not list or len(ids) > MOST_DROPPED or everything == bool(ids):
            raise BadData("drop: should name samples' numbers, or be for all")
        numbers = [_number(one) for one in ids]
        with self.stores.samples() as samples, without_training(self.night, everything):
            gone = samples.drop_all() if everything else samples.drop(numbers)
            forget(self.stores.folders.memory)
        return {"done": f"{gone} sample{'' if gone == 1 else 's'} dropped", "gone": gone}

    def use(self, words: Mapping[str, Any]) -> Mapping[str, Any]:
        """Put a generation in use. words: number."""
        number = words.get("number")
        if type(number) is not int or not 0 <= number < _HIGHEST:
            raise BadData(f"use: number is {number!r:.20}, should be that of a generation")
        generations = self.stores.generations()
        one = generations.get(number)
        if one.state == "candidate" and is_learning(self.night):
            raise Busy(
                f"generation {number}: may be judged at this moment; use it when the training is "
                "over, `pi-reader status` tells"
            )
        return self._switch_to("use", number, lambda: generations.use(number))

    def rollback(self, words: Mapping[str, Any]) -> Mapping[str, Any]:
        """Go back to the parent of the generation in use."""
        generations = self.stores.generations()
        now = generations.current()
        if now.number == SHIPPED:
            generations.rollback()  # which says why not
        return self._switch_to("rollback", now.parent, generations.rollback)

    def _switch_to(
        self, kind: str, number: int, conclude: Callable[[], Generation]
    ) -> Mapping[str, Any]:
        """Put a generation in use, at once if little is to be computed for it."""
        switch = Switch(self.stores.remember(number, AT_ONCE), conclude)
        self._strike_note()  # the newest wish counts
        if left := self._made_ready(switch):
            over = self.stores.generations().current().sha256
            with contextlib.suppress(CannotWrite):  # a restart would forget it, no more
                write_json(self._note, {"kind": kind, "number": number, "over": over})
            return {
                "done": f"generation {number} comes into use as soon as it has looked at the {left}"
                " digits that were taught and that it does not know yet; `pi-reader status` tells"
            }
        one = conclude()
        return {"done": f"generation {one.number} is in use: {table.summary(one)}"}

    def _strike_note(self) -> None:
        with contextlib.suppress(OSError):  # at worst the same is asked for once more
            self._note.unlink()

    def _resume(self) -> None:
        """Begin again with a change that waited when the box ended, unless other weights have come
        into use since."""
        try:
            noted = read_json(self._note)
        except MissingFile:
            return
        except BadData:
            noted = {}
        self._strike_note()
        if noted.get("over") == self.stores.generations().current().sha256:
            self.rollback({}) if noted.get("kind") == "rollback" else self.use(noted)

    def _made_ready(self, switch: Switch) -> int:
        """How many digits new weights still have to look at; they wait for these."""
        left = 0
        with contextlib.suppress(*TROUBLES):  # without a memory, or not at all: it will be seen
            left = next(switch.left, 0)
        self._switch = switch if left else None
        return left


@dataclass(frozen=True)
class Switch:
    """A change of weights that is under way.

    left: yields how many taught digits they still have to look at; conclude: puts them in use.
    """

    left: Iterator[int]
    conclude: Callable[[], Generation]


ACTS = ("relabel", "drop", "use", "rollback")


@contextlib.contextmanager
def without_training(night: Path, everything: bool) -> Iterator[None]:
    """To forget everything, forget too what a training that goes on another time had learned.

    Raises Busy while one is running, CannotWrite if this user may not remove it.
    """
    if not everything or not night.is_dir():
        yield
        return
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(night / "lock", 0.0))
        except Busy as error:
            raise Busy(
                "samples drop: a training is learning from them; nothing is dropped, try "
                "again when it is over; `pi-reader status` tells"
            ) from error
        for path in (night / "plan.json", *night.glob("*.checkpoint")):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise CannotWrite(
                    f"{path}: cannot be removed ({error.strerror}), nothing is "
                    "dropped; try it with sudo"
                ) from error
        yield


def is_learning(night: Path) -> bool:
    """Whether a training is at work, which judges what was offered."""
    lock = night / "lock"
    return lock.exists() and is_held(lock)


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < _HIGHEST:
        raise UsageError(f"{value!r:.40} should be a sample's number")
    return value
