"""What a box was taught and what it has learned, opened with the limits of its settings.

Nothing here imports numpy before samples are opened: a list of generations does without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pi_reader.config import Folders, Settings
from pi_reader.learning.generations import Generations
from pi_reader.library import weights_path

if TYPE_CHECKING:
    from pi_reader.learning.samples import Samples
    from pi_reader.network.card import Card
    from pi_reader.network.model import Model


@dataclass(frozen=True)
class Stores:
    """The samples and the generations of a box.

    log: is given lines for people; shipped: the weights that generations begin with.
    """

    folders: Folders
    settings: Settings
    log: Callable[[str], None] = lambda line: None
    shipped: Path = field(default_factory=lambda: weights_path("default"))

    def samples(self) -> Samples:
        """A connection of its own to the samples, made when it is first needed."""
        from pi_reader.learning.samples import Samples

        limits = self.settings.samples
        return Samples(self.folders.samples, limits.most, limits.megabytes, self.log)

    def generations(self) -> Generations:
        """The generations, on top of the shipped weights."""
        return Generations(
            self.folders.weights,
            self.shipped,
            self.settings.night.generations,
            before_use=self._remember,
        )

    def judged_by(self) -> dict[str, str]:
        """By what this box judges weights, for an export; see `samples.exchange`."""
        general = "MNIST" if self.settings.night.mnist else "drawn digits"
        return {"general": general, "parent": self.generations().current().sha256}

    def remember(self, number: int, at_once: int) -> Iterator[int]:
        """Compute what a generation's weights make of the samples, at most so many at once, after
        which it yields how many are left. Raises UsageError, MissingFile, BadData, CannotWrite."""
        generations = self.generations()
        sha256 = generations.get(number).sha256
        yield from self._remembered(*generations.load(number), sha256, at_once)

    def _remember(self, model: Model, card: Card, sha256: str) -> None:
        """Compute what these weights make of the samples, so that the reader need not wait."""
        for _ in self._remembered(model, card, sha256):
            pass

    def _remembered(
        self, model: Model, card: Card, sha256: str, at_once: int | None = None
    ) -> Iterator[int]:
        from pi_reader.learning import memory

        if self.folders.samples.exists():
            with self.samples() as samples:
                yield from memory.prepare(
                    self.folders.memory, samples, model, card, sha256, at_once
                )
