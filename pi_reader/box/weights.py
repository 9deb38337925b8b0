"""Where the reader's network comes from, and how a new one is noticed while the box is running."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pi_reader.errors import BadData, MissingFile
from pi_reader.files import sha256
from pi_reader.learning.generations import Generations
from pi_reader.learning.memory import Memory
from pi_reader.network import store
from pi_reader.network.neighbourhood import Context
from pi_reader.reading.reader import Reader, needs_context, reader_of
from pi_reader.values import NO_DIGIT


class Weights(Protocol):
    """Opens a reader whenever there are new weights.

    number: of the generation that was opened, None if weights have no generations; note: why
    another generation than the selected one was opened, "" if it is the selected one.
    """

    number: int | None
    note: str

    def open(self) -> Reader:
        """A reader with the latest weights. Raises MissingFile or BadData."""

    def stamp(self) -> object:
        """A cheap value that stays equal until the weights change."""

    def confirmed(self) -> None:
        """The reader that was opened has read a frame."""


class Learned:
    """The generation in use. sure_at: confidence from which a digit is sure; 0 takes the threshold
    from the weights' card."""

    def __init__(self, generations: Generations, sure_at: float = 0.0) -> None:
        self.number: int | None = None
        self.note = ""
        self._generations = generations
        self._sure_at = sure_at

    def open(self) -> Reader:
        """Open the generation in use, or the most recent one before it that works."""
        model, card, generation = self._generations.open()
        context, trouble = _lent(self._generations.shipped)
        notes = filter(None, [self._generations.fallback_reason, trouble])
        self.number, self.note = generation.number, "; ".join(notes)
        return _reader(store.Weights(model, card), generation.sha256, self._sure_at, context)

    def stamp(self) -> object:
        """Changes when another generation comes into use."""
        return self._generations.stamp()

    def confirmed(self) -> None:
        """Record that this generation works."""
        self._generations.confirmed()


class Fixed:
    """One weights file, named in the settings; see `Learned` for sure_at.

    shipped: the weights that lend their context to a network alone; None for none.
    """

    def __init__(self, path: Path, sure_at: float = 0.0, shipped: Path | None = None) -> None:
        self.number: int | None = None
        self.note = ""
        self._path = Path(path)
        self._sure_at = sure_at
        self._shipped = shipped

    def open(self) -> Reader:
        """Open the file as it is now."""
        weights = store.load_all(self._path)
        context = None
        if self._shipped is not None and needs_context(weights):
            context, self.note = _lent(self._shipped)
        return _reader(weights, sha256(self._path), self._sure_at, context)

    def stamp(self) -> object:
        """Changes when the file is replaced or written to."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def confirmed(self) -> None:
        """Do nothing: a file has no earlier generation to fall back to."""


def _reader(weights: store.Weights, sha256: str, sure_at: float, shipped: Context | None) -> Reader:
    """A reader with an empty memory, if its network can tell what is no digit."""
    reader = reader_of(weights, sha256, sure_at, shipped)
    if weights.model.outcomes > NO_DIGIT:
        reader.memory = Memory.beside(weights.model, weights.card)
    return reader


def _lent(shipped: Path) -> tuple[Context | None, str]:
    """The context of the shipped weights, or None and what is to be said: good weights read on."""
    try:
        return store.load_all(shipped).context, ""
    except (BadData, MissingFile) as error:
        return None, f"{error}; digits are read, but not told from signs and letters so well"
