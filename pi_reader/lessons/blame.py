"""Blame: when the answer is wrong, who is to blame, and by how much?

The error is sent back along the links, more of it through the stronger ones. This rule is simple
enough for a pencil and nearly exact; the end says what "nearly" means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting, pick
from pi_reader.lessons.drawing import bars, crossed
from pi_reader.lessons.nodes import INPUTS, INTO_HIDDEN, INTO_OUTPUT, by_matrix
from pi_reader.lessons.painting import paint_network

WEIGHTS = np.array([[2.0, 3.0], [1.0, 4.0]])  # a row leads into one output, from both hidden nodes

SETTINGS = (
    Setting("first", 0.8, "the error of output 1 in the small example", -10, 10),
    Setting("second", 0.5, "the error of output 2", -10, 10),
    Setting("networks", 2000, "random networks that the rule is tried on", 10, 100_000),
)
TRY = (
    ("pi-reader lesson blame second=-0.5 --fast", "two errors that disagree: who is to blame?"),
    ("pi-reader lesson blame --seed 7", "other random networks: does the rule do as well?"),
)


def split(error: Any, weights: np.ndarray) -> np.ndarray:
    """Share the error of each node out among the links into it, in proportion to their weights."""
    return (error * weights.T / weights.sum(axis=-1)).T


def recombine(errors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The blame of each hidden node: its shares of all output errors, added up."""
    return split(errors, weights).sum(axis=0)


def send_back(errors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The lecture's short form: the matrix of weights transposed, times the errors."""
    return weights.T @ errors


def changes(
    inputs: np.ndarray, weights: Sequence[np.ndarray], targets: np.ndarray, exact: bool
) -> tuple[np.ndarray, np.ndarray]:
    """How weights into hidden and output nodes change: by the lecture's rule, or exactly."""
    hidden = by_matrix(inputs, weights[0])
    output = by_matrix(hidden, weights[1])
    errors = targets - output
    slopes = errors * output * (1 - output)
    blame = send_back(slopes if exact else errors, weights[1])
    return np.outer(blame * hidden * (1 - hidden), inputs), np.outer(slopes, hidden)


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """1 if both point the same way, 0 if across, -1 if opposite: the cosine of their angle."""
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def lesson(
    board: Blackboard, rng: np.random.Generator, first: float, second: float, networks: int
) -> None:
    """Split, recombine, transpose, and compare with the truth."""
    board.section("Two links into one node")
    strong, weak = split(8.0, np.array([3.0, 1.0]))
    board.say("""
        A node said too little: its error is 8. Two links lead into it, with weights 3 and 1. Who is
        to blame? Half each would be unfair, since (if both signals were alike) three quarters of
        what arrived came through the strong link. So the error is split 3 to 1:
    """)
    board.show(f"8 × 3 / (3 + 1) = {strong:g}", f"8 × 1 / (3 + 1) = {weak:g}")

    board.section("Back through a layer")
    errors = np.array([first, second])
    blame = recombine(errors, WEIGHTS)
    board.say("""
        The data says what the outputs should have been, but nobody says what a hidden node should
        have sent. So its error is what its links bring back: each output splits its error among
        the links into it, and each hidden node adds up its shares (and so on, layer by layer):
    """)
    board.picture(
        "network",
        crossed(WEIGHTS, "hidden", "output"),
        lambda figure: paint_network(
            figure,
            [WEIGHTS],
            [
                ["hidden 1", "hidden 2"],
                [f"output 1\n{first:+g}", f"output 2\n{second:+g}"],
            ],
            "Two outputs with their errors, and the weights that lead to them",
        ),
    )
    board.show(
        f"errors: {first} of output 1, {second} of output 2; the weights into each add up to 5"
    )
    board.show(
        *(
            f"hidden {j + 1}: {first} × {WEIGHTS[0, j]:g} / {WEIGHTS[0].sum():g} + {second} × "
            f"{WEIGHTS[1, j]:g} / {WEIGHTS[1].sum():g} = {blame[j]:.2f}"
            for j in range(2)
        )
    )
    board.say(_culprit(first, second, *blame.tolist()))

    board.section("The same with a matrix")
    board.say("""
        The sums we divided by only set the scale, as the learning rate does anyway. Without
        them it is a matrix product again, with rows and columns swapped ("transposed"), since we go
        back:
    """)
    board.show(
        *(
            f"hidden {j + 1}: {first} × {WEIGHTS[0, j]:g} + {second} × {WEIGHTS[1, j]:g} = {e:.2f}"
            for j, e in enumerate(send_back(errors, WEIGHTS))
        ),
        "in numpy: weights.T @ errors",
    )
    back = send_back(errors, WEIGHTS)
    board.say(_scale(back))
    board.code(f"""
        import numpy
        weights = numpy.array([[2.0, 3.0], [1.0, 4.0]])
        errors = numpy.array([{first:g}, {second:g}])
        shares = errors[:, None] * weights / weights.sum(axis=1, keepdims=True)
        print("split and added up:", shares.sum(axis=0).round(3))
        print("in one stroke:     ", (weights.T @ errors).round(3))
    """)

    board.section("From blame to a change, and how true it is")
    targets = np.array([0.01, 0.01, 0.99])
    rule, true = (
        changes(INPUTS, (INTO_HIDDEN, INTO_OUTPUT), targets, exact) for exact in (False, True)
    )
    board.say("""
        A weight changes by its node's error, times the signal that came through it (no signal, no
        blame), times how steep the node's sigmoid is, which is output × (1 - output); and all that
        times the learning rate. Output 1 of the last lesson said 0.726, and should say 0.01:
    """)
    board.show("hidden 1 to output 1: (0.01 - 0.726) × 0.761 × 0.726 × (1 - 0.726) = -0.108")
    board.say("""
        There is an exact answer, too: ask of every weight how the error would change if that weight
        alone grew a tiny bit. All these together are called the gradient. Side by side:
    """)
    board.table(
        ["weight", "changed by the rule", "exactly", "rule ÷ exact"],
        [
            [link, f"{ours:+.5f}", f"{exact:+.5f}", f"{ours / exact:.2f}"]
            for link, ours, exact in (
                *((f"hidden {j + 1} to output 1", rule[1][0, j], true[1][0, j]) for j in range(3)),
                *((f"input 1 to hidden {j + 1}", rule[0][j, 0], true[0][j, 0]) for j in range(3)),
            )
        ],
    )
    board.say("""
        Into the outputs the rule IS the gradient. Into the hidden nodes it is too large, not by the
        same factor for each: on its way back an error should be multiplied by how steep the
        output's sigmoid is, 1/4 at most, and the rule leaves this out. (Sending errors back in
        this way is called backpropagation.)
    """)

    board.section("Does it matter?")
    alike = np.array(
        [
            _try_one(rng)
            for _ in board.progress(
                range(max(networks // 4, 10) if board.fast else networks), "networks"
            )
        ]
    )
    counts, edges = np.histogram(alike, 10, (-1, 1))
    names = [f"from {low:+.1f}" for low in edges[:-1]]

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.hist(alike, 50, range=(-1, 1))
        axes.set(
            xlabel="likeness of rule and gradient (cosine): 1 the same way, 0 across, below 0 "
            "uphill",
            ylabel="random networks",
            title=f"Does the rule point downhill? {len(alike)} random networks",
        )

    board.say(f"""
        A smaller learning rate is a remedy for too large a step, but not for a wrong direction. So
        here are {len(alike)} random networks with random tasks, and for each the likeness of the
        two directions: 1 is the same way, 0 is across, below 0 would be uphill.
    """)
    board.picture("likeness", bars(names, counts.tolist(), form=".0f"), paint)
    board.say(f"""
        {_faith(float(alike.mean()), float(np.mean(alike <= 0)))} The rule also has an excuse:
        errors can be counted in another way (called cross-entropy), smallest where they are, and
        for the weights into hidden nodes the rule is exactly its gradient. So the lecture's
        network learns, in fewer lines. How to walk down such a hill is the next lesson (descent).
    """)


def _culprit(first: float, second: float, blame_1: float, blame_2: float) -> str:
    """Which hidden node has the larger error, and whether the shares worked against each other."""
    size_1, size_2 = abs(blame_1), abs(blame_2)
    who = pick(
        (first == second == 0, "Nothing was wrong, so nobody is to blame."),
        (abs(size_1 - size_2) < 0.005, "Both hidden nodes are equally to blame."),
        (
            size_1 > size_2,
            f"Hidden 1 has the larger part of the blame: {size_1:.2f} against {size_2:.2f}.",
        ),
        (True, f"Hidden 2 has the larger part of the blame: {size_2:.2f} against {size_1:.2f}."),
    )
    disagree = "The two errors have opposite signs, so that their shares partly cancel out. "
    return (disagree if first * second < 0 else "") + who


def _scale(back: np.ndarray) -> str:
    """How the blame without division compares with the one that was split."""
    if not back.any():
        return "Nothing to send back here: there was no error."
    return (
        f"All numbers are {WEIGHTS[0].sum():g} times as large as before, so the blame is shared in "
        "the very same way. (That is so because the weights into both outputs add up to 5; in "
        "other networks it is shared much as before, not exactly.)"
    )


def _faith(mean: float, uphill: float) -> str:
    """Whether the rule may be trusted: its mean likeness to the gradient, and how often uphill."""
    share = "never" if uphill == 0 else f"in {uphill:.1%} of the networks"
    return pick(
        (
            mean > 0.5 and uphill < 0.1,
            f"On average {mean:.2f}, and uphill {share}: not the steepest way down, but nearly "
            "always a way down.",
        ),
        (
            True,
            f"On average {mean:.2f}, and uphill {share}: for these networks the rule is no good "
            "guide.",
        ),
    )


def _try_one(rng: np.random.Generator) -> float:
    """A random network of 10, 10 and 5 nodes and a random task: are the two ways alike?"""
    inputs, targets = rng.random(10), np.full(5, 0.01)
    targets[rng.integers(5)] = 0.99
    weights = [rng.standard_normal((10, 10)), rng.standard_normal((5, 10))]
    return likeness(*(changes(inputs, weights, targets, exact)[0] for exact in (False, True)))
