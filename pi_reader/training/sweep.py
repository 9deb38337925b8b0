"""Hyperparameter sweeps of the lecture's network, on all cores or on several machines.

A trial is determined by its settings and the digits: where and when it runs, and beside how many
others, does not change its numbers. Each finished trial is saved at once, so an interrupted sweep
continues where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import asdict, astuple, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pi_reader.errors import BadData, MissingFile, NoHardware, PiReaderError, UsageError
from pi_reader.files import durable
from pi_reader.network.classic import ClassicNetwork, scale_inputs
from pi_reader.training import data
from pi_reader.training.batches import Labelled
from pi_reader.training.checkpoint import Stream, random_for
from pi_reader.training.learners import ClassicLearner
from pi_reader.training.recipes import ClassicRecipe

_FORMAT = 1  # of the file of results
_PIXELS, _DIGITS = 784, 10
_PATIENCE = 3  # times in a row that the workers may die without finishing a trial
_AT_ONCE = 1000  # digits examined together
_WAIT = 10  # seconds for a cluster to answer


@dataclass(frozen=True)
class Trial:
    """The hyperparameters of one training.

    turned: degrees; each digit is also shown rotated by this angle both ways, 0 for not rotated.
    seed: of the initial weights.
    """

    hidden: int = 200
    rate: float = 0.1
    epochs: int = 5
    turned: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Outcome:
    """The result of a trial: accuracy on the held-out digits after each epoch."""

    trial: Trial
    scores: tuple[float, ...]

    @property
    def score(self) -> float:
        """The accuracy at the end of the training."""
        return self.scores[-1]


@dataclass(frozen=True)
class Material:
    """Training digits, and held-out digits for choosing the best settings.

    patches (n, 28, 28) uint8, 0 paper to 255 ink, with labels (n,); held and held_labels likewise.
    """

    patches: np.ndarray
    labels: np.ndarray
    held: np.ndarray
    held_labels: np.ndarray

    @cached_property
    def digest(self) -> str:
        """sha256 of all arrays, so that results for different digits are never mixed."""
        return data.digest(self.patches, self.labels, self.held, self.held_labels)


def curves(
    rates: Sequence[float],
    hidden: Sequence[int],
    angles: Sequence[float],
    epochs: int,
    seeds: int,
    base: Trial | None = None,
) -> list[Trial]:
    """The trials for curves around `base`: one setting is changed at a time, each with all seeds.

    The curve over epochs needs no trials of its own: each trial is evaluated after each epoch.
    """
    base = replace(base or Trial(), epochs=epochs)
    settings = [
        base,
        *(replace(base, rate=rate) for rate in rates),
        *(replace(base, hidden=nodes) for nodes in hidden),
        *(replace(base, turned=angle) for angle in angles),
    ]
    return list(
        dict.fromkeys(replace(each, seed=seed) for each in settings for seed in range(seeds))
    )


def try_out(trial: Trial, material: Material) -> tuple[Outcome, ClassicNetwork]:
    """Run one trial; returns its outcome and the network."""
    network = ClassicNetwork(
        _PIXELS, trial.hidden, _DIGITS, trial.rate, random_for(trial.seed, Stream.WEIGHTS)
    )
    recipe = ClassicRecipe("a trial", trial.hidden, trial.rate, trial.epochs, trial.turned)
    digits = Labelled(material.patches, material.labels, np.arange(len(material.labels)))
    learner = ClassicLearner(network, recipe, digits, trial.epochs)
    scores = []
    with np.errstate(invalid="ignore"):  # some OpenBLAS warn of finite products: numpy#24067
        for step in range(learner.steps):
            learner.learn(step)
            if (step + 1) % learner.steps_per_epoch == 0:
                scores.append(share_right(network, material.held, material.held_labels))
    return Outcome(trial, tuple(scores)), network


def share_right(network: ClassicNetwork, patches: np.ndarray, labels: np.ndarray) -> float:
    """The share of (n, 28, 28) patches that a network reads as their (n,) labels."""
    right = 0
    for start in range(0, len(labels), _AT_ONCE):
        answers = network.query(scale_inputs(patches[start : start + _AT_ONCE]))
        right += int((answers.argmax(axis=1) == labels[start : start + _AT_ONCE]).sum())
    return right / len(labels)


def sweep(
    trials: Sequence[Trial],
    material: Material,
    path: Path | None = None,
    jobs: int = -1,
    cluster: str = "",
    shown: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Run all trials that `path` does not hold yet, and save each there as it finishes.

    jobs: processes at a time, -1 is one for each core. cluster: the address of a Dask scheduler to
    use instead. shown: is given each outcome as it arrives. Returns the outcomes in the order of
    `trials`. Raises BadData if the file is damaged or belongs to other digits, CannotWrite,
    NoHardware if there is no such cluster, PiReaderError if the workers keep dying.
    """
    done = read(path, material) if path is not None and path.exists() else {}
    failures = 0
    while left := [trial for trial in trials if trial not in done]:
        try:
            with ExitStack() as stack:
                for outcome in _outcomes(_longest_first(left), material, jobs, cluster, stack):
                    done[outcome.trial] = outcome
                    failures = 0
                    if path is not None:
                        write(path, material, done)
                    shown(outcome)
        except BrokenProcessPool as error:  # out of memory, or somebody killed a worker
            failures += 1
            if failures >= _PATIENCE:
                raise PiReaderError(
                    f"sweep: the workers died {failures} times in a row with nothing finished; "
                    "is there memory enough? try --jobs 1, or less digits with --limit"
                ) from error
    return [done[trial] for trial in trials]


def best(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome with the highest final score; the first of several."""
    return max(outcomes, key=lambda outcome: outcome.score)


def spread(outcomes: Sequence[Outcome], name: str) -> dict[float, list[float]]:
    """Scores by the value of one setting, over its seeds, with all other settings at the base.

    name: "hidden", "rate" or "turned", or "epochs" for the scores after each epoch. The base is
    what most trials have in common.
    """
    base = _base(outcomes)
    found: dict[float, list[float]] = {}
    for outcome in outcomes:
        values = asdict(outcome.trial)
        if any(values[other] != base[other] for other in base if other != name):
            continue
        on_the_way = (
            enumerate(outcome.scores, 1) if name == "epochs" else [(values[name], outcome.score)]
        )
        for value, score in on_the_way:
            found.setdefault(value, []).append(score)
    return dict(sorted(found.items()))


def read(path: Path, material: Material) -> dict[Trial, Outcome]:
    """The results that an earlier sweep of the same digits saved. Raises BadData, MissingFile."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        outcomes = [
            Outcome(Trial(**each["trial"]), tuple(map(float, each["scores"])))
            for each in kept["outcomes"]
        ]
        known, digits = kept["format"] == _FORMAT, kept["digits"]
        whole = all(
            len(each.scores) == each.trial.epochs and all(0 <= score <= 1 for score in each.scores)
            for each in outcomes
        )
    except FileNotFoundError as error:
        raise MissingFile(f"{path}: no such file") from error
    except OSError as error:
        raise BadData(f"{path}: cannot be read, {error.strerror}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadData(f"{path}: is no file of a sweep's results; name another one") from error
    if not known or not whole:
        raise BadData(f"{path}: is damaged or of another version; name another one")
    if digits != material.digest:
        raise BadData(
            f"{path}: holds results for other digits; name another one, or sweep with "
            "the same digits as then"
        )
    return {outcome.trial: outcome for outcome in outcomes}


def write(path: Path, material: Material, done: dict[Trial, Outcome]) -> None:
    """Replace the file of results atomically."""
    outcomes = sorted(done.values(), key=lambda outcome: astuple(outcome.trial))
    text = json.dumps(
        {
            "format": _FORMAT,
            "digits": material.digest,
            "outcomes": [
                {"trial": asdict(outcome.trial), "scores": outcome.scores} for outcome in outcomes
            ],
        },
        indent=1,
    )
    with durable(path) as handle:
        handle.write(text.encode())


def _outcomes(
    trials: list[Trial], material: Material, jobs: int, cluster: str, stack: ExitStack
) -> Iterator[Outcome]:
    """The outcomes as they arrive, in any order."""
    if jobs == 1 and not cluster:
        return (_one(trial, *_arrays(material)) for trial in trials)
    try:
        from joblib import Parallel, delayed, parallel_config
    except ImportError as error:
        raise UsageError(
            "sweep: more than one process needs joblib (pip install joblib), or use --jobs 1"
        ) from error
    if cluster:
        stack.enter_context(parallel_config("dask", client=_client(cluster, stack)))
        parallel = Parallel(batch_size=1, return_as="generator_unordered", pre_dispatch="all")
    else:
        parallel = Parallel(jobs, batch_size=1, return_as="generator_unordered", pre_dispatch="all")
    outcomes: Iterator[Outcome] = parallel(
        delayed(_one)(trial, *_arrays(material)) for trial in trials
    )
    return outcomes


def _arrays(material: Material) -> tuple[np.ndarray, ...]:
    """The arrays as separate arguments: joblib then maps them into memory shared by all workers."""
    return material.patches, material.labels, material.held, material.held_labels


def _one(trial: Trial, *arrays: np.ndarray) -> Outcome:
    """Run one trial in a worker."""
    return try_out(trial, Material(*arrays))[0]


def _client(address: str, stack: ExitStack) -> Any:
    """A connection to a Dask scheduler, closed with the stack."""
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError("sweep: --cluster needs Dask (pip install 'dask[distributed]')") from error
    try:
        return stack.enter_context(Client(address, timeout=_WAIT, set_as_default=False))
    except (OSError, ValueError) as error:
        raise NoHardware(
            f"{address}: no Dask scheduler answers there; start one with `dask "
            "scheduler`, and workers with `dask worker ADDRESS`"
        ) from error


def _longest_first(trials: list[Trial]) -> list[Trial]:
    """Longest first, so that no core ends up waiting for a long trial."""
    return sorted(
        trials, key=lambda trial: -trial.epochs * (trial.hidden + 20) * (3 if trial.turned else 1)
    )


def _base(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """For each setting but the seed, the value that most trials have."""
    base = {}
    for name in ("hidden", "rate", "epochs", "turned"):
        values = [getattr(outcome.trial, name) for outcome in outcomes]
        base[name] = max(dict.fromkeys(values), key=values.count)
    return base
