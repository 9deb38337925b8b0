"""What runs on the board whose plug is pulled: it says what it found, then writes without end.

Started by the unit that tests/test_power_cut.py puts on the card, with the state folder as its only
argument. Each line on the console that begins with `done` is a promise that the next start must
keep; each one with `found` says what the last start left.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from itertools import count
from pathlib import Path

import numpy as np

from pi_reader.history import History
from pi_reader.learning.generations import Generations
from pi_reader.learning.samples import New, Samples
from pi_reader.network import store
from pi_reader.network.card import Card
from pi_reader.network.layers import Dense, Flatten
from pi_reader.network.model import Model
from pi_reader.training import checkpoint

FACTS = {"recipe": "power cut"}
NUMBERS = 50_000  # float32 in a checkpoint, 200 KB
_WEIGHTS = ((784, 10),)


def say(word: str, what: str, number: int) -> None:
    """One line for the other side."""
    print(f"{word} {what} {number}", flush=True)


def model(seed: int) -> Model:
    """A small network, another one for each seed."""
    rng = np.random.default_rng(seed)
    return Model([Flatten(), *(Dense(*size, rng=rng) for size in _WEIGHTS)])


def patch(number: int) -> np.ndarray:
    """A patch that says its number."""
    return np.frombuffer(number.to_bytes(4, "big") * 196, np.uint8).reshape(28, 28)


def state_of(number: int) -> dict[str, np.ndarray]:
    """What a learner would hold after so many steps."""
    return {"weights": np.full(NUMBERS, number, np.float32)}


def found(folder: Path) -> tuple[int, int, int]:
    """Look at everything the last start left, and say it; gives where to go on."""
    samples, kept = Samples(folder / "samples.db", log=complain), -1
    for kept, sample in enumerate(samples.all()):
        assert np.array_equal(sample.patch, patch(kept)), f"sample {kept} is another"
    samples.close()
    say("found", "sample", kept)
    generations = shelf(folder)
    network, card, generation = generations.open()
    if generations.fallback_reason:
        complain(generations.fallback_reason)
    if generation.number:
        wanted = model(card.seed or 0).parameters  # not its number: a cut may leave one unused
        if not all(map(np.array_equal, network.parameters, wanted)):
            names = sorted(path.name for path in (folder / "weights").iterdir())
            complain(f"generation {generation.number} holds others' weights, beside {names}")
    generations.confirmed()
    say("found", "generation", generation.number)
    step, state = -1, state_of(0)
    if (folder / "checkpoint").exists():
        step = checkpoint.load(folder / "checkpoint", FACTS, state)
        assert (state["weights"] == step).all(), "the checkpoint is mixed"
    say("found", "checkpoint", step)
    if (folder / "history.db").exists():
        with closing(sqlite3.connect(folder / "history.db")) as database:
            verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            complain(f"history: {verdict}")
    for path in folder.rglob("*damaged*"):
        complain(f"{path.name} was set aside")
    return kept, generation.number, step


def shelf(folder: Path) -> Generations:
    """The generations, with shipped weights that are always there."""
    shipped = folder / "shipped.npz"
    if not shipped.exists():
        store.save(shipped, model(0), Card())
    return Generations(folder / "weights", shipped)


def complain(what: str) -> None:
    """Something that a power cut must not cause."""
    print(f"complaint {what}", flush=True)


def write_on(folder: Path, kept: int, generation: int, step: int) -> None:
    """Confirm samples, switch weights, keep checkpoints, remember readings, for ever."""
    samples, generations = Samples(folder / "samples.db", log=complain), shelf(folder)
    history = History(folder / "history.db", batch_seconds=0.0)
    for turn in count():
        kept += 1
        samples.keep([New(patch(kept), 7, 0.5, 7)])
        say("done", "sample", kept)
        step += 1
        checkpoint.save(folder / "checkpoint", step, FACTS, state_of(step))
        say("done", "checkpoint", step)
        history.add("2016", True, 0.99, "", 0.0)
        history.flush()
        if turn % 2:
            seed = generation + 1
            generation = generations.add(model(seed), Card(seed=seed), use=True).number
            generations.prune()
            say("done", "generation", generation)


def main() -> None:
    """Say what is there, then go on writing until the plug is pulled."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    say("found", "start", 0)
    try:
        write_on(folder, *found(folder))
    except BaseException as error:
        complain(f"{type(error).__name__}: {error}")
        raise


if __name__ == "__main__":
    main()
