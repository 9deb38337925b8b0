"""Rotations: more examples for nothing, and why too much of a good thing hurts.

A 4 that leans a little is still a 4. So every digit can be shown three times: as it is, turned a
little to the left, turned a little to the right. But a 6 turned far enough is no 6 any more.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting, pick, so_many, times
from pi_reader.lessons.drawing import patches, plot
from pi_reader.lessons.material import load_digits
from pi_reader.lessons.painting import paint_patches, paint_spread
from pi_reader.training.augment import turned
from pi_reader.training.sweep import Material, Trial, curves, spread, sweep

ANGLES = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0)

# Mean of five seeds on MNIST's test images; `mlp` one seed.
FULL = (
    ("classic", "97.36 %", "pi-reader train classic --download --out a.npz"),
    ("classic-rotated", "98.12 %", "pi-reader train classic-rotated --download --out b.npz"),
    ("mlp", "99.06 %", "pi-reader train mlp --download --out c.npz"),
)

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
        lambda figure: paint_patches(
            figure, views, ["as it is", "10°", "45°", "90°"], columns=4, title="One digit, turned"
        ),
    )
    board.say("""
        The first two could be from the same person on two days, and the network may be shown both.
        It learns that leaning does not matter, without anybody writing a digit more. The last one
        nobody writes; and halfway round, a 6 has become a 9, with the label 6 still on it.
    """)

    board.section("The curve over the angle")
    trials = curves((), (), ANGLES, epochs, seeds, Trial(100 if board.fast else 200, rate))
    written = "as people wrote them" if loaded.source == "MNIST" else "as they were drawn, unturned"
    board.say(f"""
        For each angle {so_many(seeds, "network")}, shown each of {len(material.labels):,} digits
        ({loaded.source}) as it is and turned both ways by that angle, {times(epochs)}. All are
        examined with the same 2,000 digits, {written}:
    """)
    with board.bar("networks", len(trials)) as bar:
        outcomes = sweep(trials, material, jobs=jobs or 1, shown=lambda outcome: bar.update())
    found = spread(outcomes, "turned")
    means = {angle: float(np.mean(scores)) for angle, scores in found.items()}
    board.table(
        ["degrees", "mean", "lowest", "highest"],
        [
            [f"{angle:g}", f"{means[angle]:.2%}", f"{min(scores):.2%}", f"{max(scores):.2%}"]
            for angle, scores in found.items()
        ],
    )

    labels = ("degrees turned both ways", "% of digits read right")
    every = [(angle, 100 * score) for angle, scores in found.items() for score in scores]
    board.picture(
        "curve",
        plot(
            [
                ("-", [angle for angle, _ in every], [score for _, score in every]),
                ("o", list(means), [100 * mean for mean in means.values()]),
            ],
            height=13,
            names=labels,
            form=".1f",
        ),
        partial(
            paint_spread,
            values=list(means),
            found=found,
            labels=labels,
            title="More examples by turning",
        ),
    )
    board.say(f"""
        {_worth(found)} {_harm(means)}
    """)

    board.section("At full length")
    board.say("""
        With all 60,000 digits of MNIST, which takes minutes and not seconds, the same network gets
        this many of the 10,000 test images right:
    """)
    board.table(["784-200-10 nodes", "right", "command"], FULL)
    board.say("""
        `classic-rotated` turns by 10 degrees both ways and lets its steps shrink, as in the lesson
        `descent`, from 0.1 to 0.001. `mlp` has the same nodes, but is taught with what was found
        out since: digits that are bent, sheared and thickened anew each time, and steps that are
        chosen for each weight by itself.
    """)


def _worth(found: dict[float, list[float]]) -> str:
    """Whether turned copies helped, and whether that may be luck: scores (0 to 1) by angle."""
    means = {angle: float(np.mean(scores)) for angle, scores in found.items()}
    top = max(means, key=lambda angle: means[angle])
    gain = f"{means[top]:.2%} against {means[0.0]:.2%} without copies"
    return pick(
        (top == 0, f"Turned copies did not help here: best is no turning, with {means[0.0]:.2%}."),
        (
            min(found[top]) > max(found[0.0]),
            f"Best here is {top:g} degrees, with {gain}; even its worst try beats the best without "
            "copies, so it is not luck alone. What hands do anyway is knowledge about the world "
            "that we give the network for nothing.",
        ),
        (
            True,
            f"Best here is {top:g} degrees, with {gain}; but the tries overlap, so it may be luck: "
            "more seeds or more digits would tell.",
        ),
    )


def _harm(means: dict[float, float]) -> str:
    """What the largest angle does: mean scores (0 to 1) by angle."""
    far = max(means)
    return pick(
        (
            means[far] < means[0.0] - 0.001,
            f"At {far:g} degrees it is {means[far]:.2%}, worse than without copies. Much turning "
            f"is untrue: the network spends its nodes on digits that nobody writes, and on some "
            f"that mean something else.",
        ),
        (
            means[far] < max(means.values()),
            f"At {far:g} degrees it is {means[far]:.2%}: not worse than without copies, but worse "
            "than the best. Digits lying on their side are nothing that anybody writes.",
        ),
        (True, f"At {far:g} degrees, oddly, it is best of all, with {means[far]:.2%}."),
    )
