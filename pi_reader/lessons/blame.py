"""Blame: when the answer is wrong, who is to blame, and by how much?

The error is sent back along the links, more of it through the stronger ones. This rule is simple
enough for a pencil and nearly exact; the end says what "nearly" means.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting
from pi_reader.lessons.drawing import bars, crossed
from pi_reader.lessons.nodes import INPUTS, INTO_HIDDEN, INTO_OUTPUT, by_matrix

LINKS = np.array([[2.0, 3.0], [1.0, 4.0]])  # a row leads into one output, from both hidden nodes

SETTINGS = (
    Setting("first", 0.8, "the error of output 1 in the small example", -10, 10),
    Setting("second", 0.5, "the error of output 2", -10, 10),
    Setting("networks", 2000, "random networks that the rule is tried on", 10, 100_000),
)
TRY = (
    ("pi-reader lesson blame second=-0.5 --fast", "two errors that disagree: who is to blame?"),
    ("pi-reader lesson blame --seed 7", "other random networks: does the rule do as well?"),
)


def split(error: Any, links: np.ndarray) -> np.ndarray:
    """Share the error of each node out among the links into it, in proportion to their weights."""
    return (error * links.T / links.sum(axis=-1)).T


def recombine(errors: np.ndarray, links: np.ndarray) -> np.ndarray:
    """The blame of each hidden node: its shares of all output errors, added up."""
    return split(errors, links).sum(axis=0)


def send_back(errors: np.ndarray, links: np.ndarray) -> np.ndarray:
    """The lecture's short form: the links' matrix transposed, times the errors."""
    return links.T @ errors


def changes(
    inputs: np.ndarray, links: Sequence[np.ndarray], targets: np.ndarray, exact: bool
) -> tuple[np.ndarray, np.ndarray]:
    """How links into hidden and output nodes change: by the lecture's rule, or exactly."""
    hidden = by_matrix(inputs, links[0])
    output = by_matrix(hidden, links[1])
    errors = targets - output
    slopes = errors * output * (1 - output)
    blame = send_back(slopes if exact else errors, links[1])
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
    blame = recombine(errors, LINKS)
    board.say("""
        The data says what the outputs should have been, but nobody says what a hidden node should
        have sent. So its error is what its links bring back: each output splits its error among
        the links into it, and each hidden node adds up its shares (and so on, layer by layer):
    """)
    board.show(
        crossed(LINKS, "hidden", "output"),
        f"errors: {first} of output 1, {second} of output 2; the links into each add up to 5",
    )
    board.show(
        *(
            f"hidden {j + 1}: {first} × {LINKS[0, j]:g} / {LINKS[0].sum():g} + {second} × "
            f"{LINKS[1, j]:g} / {LINKS[1].sum():g} = {blame[j]:.2f}"
            for j in range(2)
        )
    )

    board.section("The same with a matrix")
    board.say("""
        The sums we divided by only set the scale, as the learning rate does anyway. Without
        them it is a matrix product again, rows and columns swapped ("transposed"), as we go back:
    """)
    board.show(
        *(
            f"hidden {j + 1}: {first} × {LINKS[0, j]:g} + {second} × {LINKS[1, j]:g} = {e:.2f}"
            for j, e in enumerate(send_back(errors, LINKS))
        ),
        "in numpy: links.T @ errors",
    )
    board.say("Larger numbers, but the blame is shared much as before (here, even exactly so).")

    board.section("From blame to a change, and how true it is")
    targets = np.array([0.01, 0.01, 0.99])
    rule, true = (
        changes(INPUTS, (INTO_HIDDEN, INTO_OUTPUT), targets, exact) for exact in (False, True)
    )
    board.say("""
        A link changes by its node's error, times the signal that came through it (no signal, no
        blame), times how steep the node's sigmoid is, which is output × (1 - output); and that
        times the learning rate. Output 1 of the last lesson said 0.726, and should say 0.01:
    """)
    board.show("hidden 1 to output 1: (0.01 - 0.726) × 0.761 × 0.726 × (1 - 0.726) = -0.108")
    board.say("""
        There is an exact answer, too: ask of every link how the error would change if that link
        alone grew a tiny bit. All these together are called the gradient. Side by side:
    """)
    board.table(
        ["link", "changed by the rule", "exactly", "rule ÷ exact"],
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
        output's sigmoid is, 1/4 at most, and the rule leaves this out.
    """)

    board.section("Does it matter?")
    alike = np.array([_try_one(rng) for _ in range(networks // 4 if board.fast else networks)])
    counts, edges = np.histogram(alike, 10, (-1, 1))
    names = [f"from {low:+.1f}" for low in edges[:-1]]

    def paint(figure: Any) -> None:
        figure.supxlabel("likeness of rule and gradient (cosine), among random networks")
        figure.subplots().hist(alike, 50, range=(-1, 1))

    board.say(f"""
        A smaller learning rate mends too large a step, but no wrong direction. So here are
        {len(alike)} random networks with random tasks, and for each the likeness of the two
        directions: 1 is the same way, 0 is across, below 0 would be uphill.
    """)
    board.picture("likeness", bars(names, counts.tolist(), form=".0f"), paint)
    board.say(f"""
        On average {alike.mean():.2f}, and {np.mean(alike <= 0):.1%} uphill. The rule also has an
        excuse: errors can be counted in another way (called cross-entropy), smallest where they
        are, and for the links into hidden nodes the rule is exactly its gradient. So the lecture's
        network learns, in fewer lines. How to walk down such a hill is the next lesson (descent).
    """)


def _try_one(rng: np.random.Generator) -> float:
    """A random network of 10, 10 and 5 nodes and a random task: are the two ways alike?"""
    inputs, targets = rng.random(10), np.full(5, 0.01)
    targets[rng.integers(5)] = 0.99
    links = [rng.standard_normal((10, 10)), rng.standard_normal((5, 10))]
    return likeness(*(changes(inputs, links, targets, exact)[0] for exact in (False, True)))
