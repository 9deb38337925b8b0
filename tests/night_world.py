"""A small world for tests of the night: one new hand, a short training, a small general test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pi_reader.config import Folders, find_folders, settings_from
from pi_reader.handwriting import draw_patches
from pi_reader.handwriting.style import Style
from pi_reader.learning import rehearsal, trial
from pi_reader.learning.generations import Generations
from pi_reader.learning.night.job import Night
from pi_reader.learning.samples import New, Samples
from pi_reader.network import store

SHIPPED = Path(__file__).parents[1] / "weights" / "default.npz"
PERSON = (41, 7)  # whose 4s look like 9s to the weights of the day, so there is much to learn


def make_small(put: Callable[[Any, str, Any], None] = setattr) -> None:
    """Short trainings, small tests; the same code otherwise. put: of a monkeypatch, which puts
    everything back after a test."""
    put(rehearsal, "_DRAWN_ALONE", 512)
    put(rehearsal, "_DRAWN_MARKS", 128)
    put(rehearsal, "_CALIBRATED", 200)
    put(rehearsal, "TESTED", 1000)
    put(rehearsal, "MARKS", 100)
    put(trial, "TRAINING_WORK", 0.06e12)


def hand(count: int, number: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Digits of one person: patches and labels."""
    rng = np.random.default_rng([*PERSON, number])
    labels = rng.integers(0, 10, count).astype(np.uint8)
    return draw_patches(labels, rng, Style.random(np.random.default_rng(PERSON))), labels


def teach(samples: Samples, patches: np.ndarray, labels: np.ndarray, read: int = 0) -> None:
    """Keep digits, four to a reading."""
    for start in range(0, len(labels), 4):
        samples.keep(
            [
                New(patches[k], read, 0.5, int(labels[k]), source="button")
                for k in range(start, min(start + 4, len(labels)))
            ],
            1.8e9 + start,
        )


def night_of(state: Path, **words: Any) -> tuple[Night, Folders, Generations]:
    """A night of a box in `state`; what is said is collected by `log`."""
    folders = find_folders(state)
    settings = settings_from({"night": {"generations": 8}})
    generations = Generations(folders.weights, words.pop("shipped", SHIPPED))
    return Night(folders, settings, generations, **words), folders, generations


def shipped_model() -> Any:
    return store.load(SHIPPED)
