"""Rotations: more examples for nothing, and why too much of a good thing hurts.

A 4 that leans a little is still a 4. So every digit can be shown three times: as it is, turned a
little to the left, turned a little to the right. But a 6 turned far enough is no 6 any more.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting
from pi_reader.lessons.drawing import paint_patches, patches, plot
from pi_reader.lessons.material import load_digits
from pi_reader.training.augment import turned
from pi_reader.training.sweep import Material, Trial, curves, spread, sweep

ANGLES = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0)

SETTINGS = (
    Setting("seeds", 3, "how often each angle is tried", 1, 20),
    Setting("epochs", 5, "how often each network sees every digit", 1, 50),
    Setting("digits", 3000, "how many digits they learn from", 50, 55_000),
    Setting("rate", 0.05, "learning rate", 0.0001, 2),
    Setting("jobs", 1, "how many at a time; more than one needs joblib, -1 is all cores", -1, 256),
)
TRY = (
    ("pi-reader lesson rotations digits=300 --fast", "few digits: do the copies help more?"),
    ("pi-reader lesson rotations epochs=1 --fast", "or is it only that it sees more digits?"),
    (
        "pi-reader sweep --angles 5,10,15 --epochs 10 --seeds 5 --results angles.json",
        "on all digits and all cores: which angle is really best?",
    ),
)


def lesson(
    board: Blackboard,
    rng: np.random.Generator,
    seeds: int,
    epochs: int,
    digits: int,
    rate: float,
    jobs: int,
) -> None:
    """Look at turned digits, then try angle after angle."""
    if board.fast:
        digits, seeds, epochs = min(digits, 800), min(seeds, 2), min(epochs, 3)
    loaded = load_digits(board, rng, digits + 2000, 0)
    material = Material(
        loaded.patches[:-2000], loaded.labels[:-2000], loaded.patches[-2000:], loaded.labels[-2000:]
    )
    board.section("Turning")
    board.say("Here is one digit as it is, and turned by 10, 45 and 90 degrees:")
    six = material.patches[[int(np.argmax(material.labels == 6))]]
    views = np.concatenate([turned(six, angle) for angle in (0.0, 10.0, 45.0, 90.0)])
    board.picture(
        "turned",
        patches(views),
        lambda figure: paint_patches(figure, views, ["as it is", "10°", "45°", "90°"], columns=4),
    )
    board.say("""
        The first two could be from the same person on two days, and the network may be shown both.
        It learns that leaning does not matter, without anybody writing a digit more. The last one
        nobody writes; and halfway round, a 6 has become a 9, with the label 6 still on it.
    """)

    board.section("The curve over the angle")
    trials = curves((), (), ANGLES, epochs, seeds, Trial(100 if board.fast else 200, rate))
    board.say(f"""
        For each angle {seeds} networks, which see each of {len(material.labels):,} digits
        ({loaded.source}) as it is and turned both ways by that angle, {epochs} times over. All are
        examined with the same 2,000 digits, as people wrote them:
    """)
    found = spread(sweep(trials, material, jobs=jobs or 1), "turned")
    means = {angle: float(np.mean(scores)) for angle, scores in found.items()}
    board.table(
        ["degrees", "mean", "lowest", "highest"],
        [
            [f"{angle:g}", f"{means[angle]:.2%}", f"{min(scores):.2%}", f"{max(scores):.2%}"]
            for angle, scores in found.items()
        ],
    )

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.plot(list(means), list(means.values()), "o-", label="mean")
        axes.fill_between(
            list(found),
            [min(scores) for scores in found.values()],
            [max(scores) for scores in found.values()],
            alpha=0.3,
            label="all tries",
        )
        axes.set(xlabel="degrees turned both ways", ylabel="share of digits read right")
        axes.legend()

    every = [(angle, score) for angle, scores in found.items() for score in scores]
    board.picture(
        "curve",
        plot(
            [
                ("-", [a for a, _ in every], [s for _, s in every]),
                ("o", list(means), list(means.values())),
            ],
            height=13,
        ),
        paint,
    )
    top = max(means, key=lambda angle: means[angle])
    board.say(f"""
        Best here is {top:g} degrees, with {means[top]:.2%} against {means[0.0]:.2%} without copies;
        at 90 degrees it is {means[90.0]:.2%}. A little turning is what hands really do, so it is
        knowledge about the world that we give the network for nothing. Much turning is untrue: it
        spends its nodes on digits that nobody writes, and on some that mean something else.

        The recipe `classic-rotated` of `pi-reader train` does this with all of MNIST at 10 degrees.
    """)
