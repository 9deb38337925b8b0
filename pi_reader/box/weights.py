"""Where the reader's network comes from, and how a new one is noticed while the box reads."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pi_reader.files import sha256
from pi_reader.learning.generations import Generations
from pi_reader.network import store
from pi_reader.reading.reader import Reader, reader_of


class Weights(Protocol):
    """Opens readers, as often as there are new weights.

    number: of the generation that was opened, None where there are none; note: what is to be said
    about the one that was opened, "" if it is the one it should be.
    """

    number: int | None
    note: str

    def open(self) -> Reader:
        """A reader with the newest weights. Raises MissingFile or BadData."""

    def stamp(self) -> object:
        """Equal to the last one for as long as nothing has changed; cheap."""

    def confirmed(self) -> None:
        """The reader that was opened has read a frame."""


class Learned:
    """The generation in use. sure_at: from which confidence a digit is believed, 0 leaves it to
    the weights' card."""

    def __init__(self, generations: Generations, sure_at: float = 0.0) -> None:
        self.number: int | None = None
        self.note = ""
        self._generations = generations
        self._sure_at = sure_at

    def open(self) -> Reader:
        """The generation in use, or the nearest before it that works."""
        model, card, generation = self._generations.open()
        shipped = store.load_all(self._generations.shipped)
        self.number, self.note = generation.number, self._generations.fallback_reason
        return reader_of(
            store.Weights(model, card), generation.sha256, self._sure_at, shipped.context
        )

    def stamp(self) -> object:
        """Changes when another generation comes into use."""
        return self._generations.stamp()

    def confirmed(self) -> None:
        """This generation works."""
        self._generations.confirmed()


class Fixed:
    """One weights file, named in the settings; see `Learned` for sure_at."""

    def __init__(self, path: Path, sure_at: float = 0.0) -> None:
        self.number: int | None = None
        self.note = ""
        self._path = Path(path)
        self._sure_at = sure_at

    def open(self) -> Reader:
        """The file as it is now."""
        return reader_of(store.load_all(self._path), sha256(self._path), self._sure_at)

    def stamp(self) -> object:
        """Changes when the file is replaced or written to."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def confirmed(self) -> None:
        """A file has no parent to fall back to, so nothing is to be noted."""
