"""Curves: which learning rate, how many nodes, how long? Nobody can say; but one can try them all.

Each setting is tried several times, begun with other random weights: a single try may be luck.
`pi-reader sweep` does the same on a larger scale, on all cores or on several machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting, pick, times
from pi_reader.lessons.drawing import plot
from pi_reader.lessons.material import load_digits
from pi_reader.lessons.painting import paint_spread
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
        every epoch. Each setting is tried {times(seeds)}: the columns are the mean, and how far
        apart.
    """)
    with board.bar("networks", len(trials)) as bar:
        outcomes = sweep(trials, material, jobs=jobs or 1, shown=lambda outcome: bar.update())
    show(board, outcomes)
    _, network = try_out(best(outcomes).trial, material)
    right = share_right(network, loaded.test_patches, loaded.test_labels)
    board.say(f"""
        The highest of many tries is partly luck. So the best network is examined once more, with
        digits that had no say in choosing it: {right:.2%}. {_honest(right, best(outcomes).score)}

        {_rates(_means(outcomes, "rate"))} {_nodes(_means(outcomes, "hidden"))}
        {_epochs(_means(outcomes, "epochs"))}
    """)


def _means(outcomes: Sequence[Outcome], name: str) -> dict[float, float]:
    """The mean score (0 to 1) by the values of one setting."""
    return {value: float(np.mean(scores)) for value, scores in spread(outcomes, name).items()}


def _honest(right: float, chosen: float) -> str:
    """How the second examination compares with the score that the network was chosen by."""
    return pick(
        (
            right < chosen,
            f"That is {100 * (chosen - right):.2f} points less than the {chosen:.2%} it was chosen "
            "for.",
        ),
        (
            True,
            f"That is no less than the {chosen:.2%} it was chosen for: this time no luck was in "
            f"it.",
        ),
    )


def _rates(means: dict[float, float]) -> str:
    """The shape of the curve over the learning rate."""
    top = max(means, key=lambda rate: means[rate])
    low, high = min(means), max(means)
    best = f"The rate: best at {top:g} with {means[top]:.2%}"
    return pick(
        (
            low < top < high,
            f"{best}. At {low:g} it has not arrived yet ({means[low]:.2%}), at {high:g} it jumps "
            f"about ({means[high]:.2%}).",
        ),
        (top == high, f"{best}, the largest that was tried: a still larger one might be better."),
        (True, f"{best}, the smallest that was tried: a still smaller one might be better."),
    )


def _nodes(means: dict[float, float]) -> str:
    """The shape of the curve over the number of hidden nodes."""
    low, *_, before, most = sorted(means)
    return (
        f"The nodes: {means[low]:.1%} with {low:g}, {means[before]:.1%} with {before:g}, "
        + pick(
            (
                means[most] > means[before] + 0.005,
                f"and {means[most]:.1%} with {most:g}: more nodes still help.",
            ),
            (
                True,
                f"and {means[most]:.1%} with {most:g}: after enough of them, more only cost time.",
            ),
        )
    )


def _epochs(means: dict[float, float]) -> str:
    """The shape of the curve over the epochs."""
    *_, last = means
    top = max(means, key=lambda epoch: means[epoch])
    return pick(
        (last == 1, "The epochs: there was one only."),
        (
            top == last,
            f"The epochs: from {means[1]:.1%} after the first to {means[last]:.1%} after {last:g}, "
            "the best of all.",
        ),
        (
            means[last] > means[top] - 0.005,
            f"The epochs: {means[1]:.1%} after the first, {means[top]:.1%} after {top:g}, and then "
            f"it hardly changes any more: {means[last]:.1%} after {last:g}.",
        ),
        (
            True,
            f"The epochs: {means[1]:.1%} after the first, best after {top:g} with "
            f"{means[top]:.1%}, and {means[last]:.1%} after {last:g}: where it goes down, the "
            f"network begins to learn its examples by heart.",
        ),
    )


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
        factors = name in ("rate", "hidden")  # these grow by factors, so their axis does too
        every = [(value, 100 * score) for value, scores in found.items() for score in scores]
        labels = (title, "% of digits read right")
        board.picture(
            name,
            plot(
                [
                    ("-", [value for value, _ in every], [score for _, score in every]),
                    ("o", values, [100 * mean for mean in means]),
                ],
                height=12,
                names=labels,
                factors=factors,
                form=".1f",
            ),
            partial(
                paint_spread,
                values=values,
                found=found,
                labels=labels,
                title=f"Right, by {title}",
                factors=factors,
            ),
        )
    top = best(outcomes)
    board.section("The best")
    board.show(
        ", ".join(f"{TITLES[name]} {getattr(top.trial, name):g}" for name in TITLES)
        + f", try {top.trial.seed}: {top.score:.2%}"
    )
