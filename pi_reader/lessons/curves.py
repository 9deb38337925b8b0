"""Curves: which learning rate, how many nodes, how long? Nobody can say; but one can try them all.

Each setting is tried several times, begun with other random links: a single try may be luck.
`pi-reader sweep` does the same on a larger scale, on all cores or on several machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting
from pi_reader.lessons.drawing import plot
from pi_reader.lessons.material import load_digits
from pi_reader.training.sweep import (
    Material,
    Outcome,
    Trial,
    best,
    curves,
    share_right,
    spread,
    sweep,
    try_out,
)

RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0)
HIDDEN = (2, 5, 10, 30, 100, 200)
TITLES = {
    "rate": "learning rate",
    "hidden": "hidden nodes",
    "epochs": "epochs",
    "turned": "degrees turned both ways",
}

SETTINGS = (
    Setting("seeds", 3, "how often each setting is tried", 1, 20),
    Setting("epochs", 5, "how often each network sees every digit", 1, 50),
    Setting("digits", 5000, "how many digits they learn from", 50, 55_000),
    Setting("jobs", 1, "how many at a time; more than one needs joblib, -1 is all cores", -1, 256),
)
TRY = (
    ("pi-reader lesson curves digits=500 --fast", "few digits: do the best settings move?"),
    ("pi-reader lesson curves epochs=15 --fast", "is it still learning, or only by heart?"),
    (
        "pi-reader sweep --rates 0.05,0.1,0.2 --seeds 2 --limit 2000 --results sweep.json",
        "your own sweep: stop it with Ctrl-C, say it again, and it goes on",
    ),
)


def lesson(
    board: Blackboard, rng: np.random.Generator, seeds: int, epochs: int, digits: int, jobs: int
) -> None:
    """Try all settings, one at a time, and draw the curves."""
    if board.fast:
        digits, seeds, epochs = min(digits, 1000), min(seeds, 2), min(epochs, 15)
    loaded = load_digits(board, rng, digits + 1000, 1000)
    material = Material(
        loaded.patches[:-1000], loaded.labels[:-1000], loaded.patches[-1000:], loaded.labels[-1000:]
    )
    base = Trial(100 if board.fast else 200, 0.1)
    trials = curves(RATES, HIDDEN, (), epochs, seeds, base)
    board.section("Trying")
    board.say(f"""
        A network has settings that no learning finds: its learning rate, its number of hidden
        nodes, the number of epochs. From {base.hidden} nodes and a rate of {base.rate:g} we change
        one thing at a time. That is {len(trials)} networks, each learns from
        {len(material.labels):,} digits ({loaded.source}) and is examined with 1,000 others after
        every epoch. The columns are the {seeds} tries of each: their mean, and how far apart.
    """)
    outcomes = sweep(trials, material, jobs=jobs or 1)
    show(board, outcomes)
    _, network = try_out(best(outcomes).trial, material)
    right = share_right(network, loaded.test_patches, loaded.test_labels)
    board.say(f"""
        The highest of many tries is partly luck. So the best network is examined once more, with
        digits that had no say in choosing it: {right:.2%}.

        Three shapes to remember. The rate: too small and it has not arrived yet, too large and it
        jumps about, with a wide flat best in between. The nodes: a few are too few, and after
        enough of them more only cost time. The epochs: fast at first, then slower and slower; and
        where it goes down again, the network begins to learn its examples by heart.
    """)


def show(board: Blackboard, outcomes: Sequence[Outcome]) -> None:
    """Tables and curves of a sweep, for each setting that was changed, and the best of all."""
    for name, title in TITLES.items():
        found = spread(outcomes, name)
        if len(found) < 2:
            continue
        values = list(found)
        means = [float(np.mean(scores)) for scores in found.values()]
        board.section(f"Right, by {title}")
        board.table(
            [title, "mean", "lowest", "highest", "tries"],
            [
                [
                    f"{value:g}",
                    f"{mean:.2%}",
                    f"{min(scores):.2%}",
                    f"{max(scores):.2%}",
                    len(scores),
                ]
                for (value, scores), mean in zip(found.items(), means, strict=True)
            ],
        )
        # Rates and nodes grow by factors, so their axis does too.
        factors = name in ("rate", "hidden")
        places = [float(np.log10(value)) for value in values] if factors else values
        every = [
            (place, score)
            for place, scores in zip(places, found.values(), strict=True)
            for score in scores
        ]
        board.picture(
            name,
            plot(
                [("-", [place for place, _ in every], [s for _, s in every]), ("o", places, means)],
                height=12,
            ),
            partial(_paint, name, values, found, means),
        )
        if factors:
            board.say("(The axis below grows by factors: -1 stands for 0.1, 0 for 1, 1 for 10.)")
    top = best(outcomes)
    board.section("The best")
    board.show(
        ", ".join(f"{TITLES[name]} {getattr(top.trial, name):g}" for name in TITLES)
        + f", try {top.trial.seed}: {top.score:.2%}"
    )


def _paint(
    name: str, values: list[float], found: dict[float, list[float]], means: list[float], figure: Any
) -> None:
    axes = figure.subplots()
    axes.plot(values, means, "o-", label="mean")
    axes.fill_between(
        values,
        [min(scores) for scores in found.values()],
        [max(scores) for scores in found.values()],
        alpha=0.3,
        label="all tries",
    )
    axes.set(
        xlabel=TITLES[name],
        ylabel="share of digits read right",
        xscale="log" if name in ("rate", "hidden") else "linear",
    )
    axes.legend()
