"""Gates: what one line can decide, what it cannot, and how a few nodes together can.

A gate takes two times yes or no and says yes or no. One line is enough for AND and for OR, but not
for XOR (one of the two, not both), and that is why networks have more than one node.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting, pick, so_many
from pi_reader.lessons.drawing import patches
from pi_reader.lessons.painting import paint_network

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
GATES = {"AND": [0, 0, 0, 1], "OR": [0, 1, 1, 1], "XOR": [0, 1, 1, 0]}

SETTINGS = (
    Setting("nodes", 4, "nodes in the middle of the small network", 1, 50),
    Setting("rounds", 4000, "how often it sees the four questions", 20, 20_000),
)
TRY = (
    ("pi-reader lesson gates nodes=1", "one line again: what does the network make of XOR?"),
    ("pi-reader lesson gates nodes=2", "two could do it; how many of twenty networks find it?"),
    ("pi-reader lesson gates nodes=4 rounds=500", "and how many of them if there is less time?"),
)


def answers(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Of lines: whether a·x + b·y + c is above 0 for each of the four questions, (lines, 4)."""
    return (np.outer(a, CORNERS[:, 0]) + np.outer(b, CORNERS[:, 1]) + c[:, None]) > 1e-9


def sigmoid(x: np.ndarray) -> np.ndarray:
    """A soft step from 0 to 1; the next lesson looks at it closely."""
    return 1 / (1 + np.exp(-x))


class SmallNetwork:
    """Two inputs, a few nodes, one answer; an input that is always 1 moves the lines about."""

    def __init__(self, nodes: int, rng: np.random.Generator) -> None:
        self.into = rng.standard_normal((3, nodes))
        self.out = rng.standard_normal((nodes + 1, 1))

    def answer(self, x: np.ndarray) -> np.ndarray:
        """(n, 2) to (n, 1), each between 0 and 1."""
        self.x = np.column_stack((x, np.ones(len(x))))  # (n, 3)
        self.hidden = np.column_stack((sigmoid(self.x @ self.into), np.ones(len(x))))
        return sigmoid(self.hidden @ self.out)

    def learn(self, x: np.ndarray, truth: np.ndarray, rate: float = 0.5) -> None:
        """One small step downhill; the lessons `blame` and `descent` explain each line."""
        answer = self.answer(x)
        error = (truth - answer) * answer * (1 - answer)
        back = (error @ self.out.T) * self.hidden * (1 - self.hidden)
        self.out += rate * self.hidden.T @ error
        self.into += rate * self.x.T @ back[:, :-1]


def lesson(board: Blackboard, rng: np.random.Generator, nodes: int, rounds: int) -> None:
    """Search all lines, take two, then let a network find its own."""
    board.section("Three gates")
    board.say("""
        Two questions, each answered with 0 (no) or 1 (yes). AND says 1 if both are yes. OR says 1
        if at least one is. XOR says 1 if exactly one is: "tea or coffee?".
    """)
    board.table(
        ["x", "y", *GATES],
        [
            [*pair, *(gate[row] for gate in GATES.values())]
            for row, pair in enumerate(CORNERS.tolist())
        ],
    )
    board.say("""
        Draw each as a map: the four pairs are the corners of a square, x to the right, y upwards.
        A line on this map says 1 on one side of it and 0 on the other.
    """)
    board.show(
        "AND  0----1     OR  1----1     XOR  1----0",
        "     |    |         |    |          |    |",
        "     0----0         0----1          0----1",
    )

    board.section("Every line there is")
    step = 0.5 if board.fast else 0.1
    grid = np.linspace(-2, 2, round(4 / step) + 1)
    lines = np.stack(np.meshgrid(grid, grid, grid)).reshape(3, -1)
    said = answers(*lines)  # (lines, 4)
    board.say(f"""
        A line, now anywhere on the map, is three numbers: say 1 where a·x + b·y + c is above 0. Let
        us not be clever but try all of them, each number from -2 to 2 in steps of {step:g}.
    """)
    rows = []
    for name, gate in GATES.items():
        good = np.flatnonzero((said == gate).all(axis=1))
        one = [f"{value:+.1f}" for value in lines[:, good[len(good) // 2]]] if len(good) else "-"
        rows.append([name, f"{lines.shape[1]:,}", f"{len(good):,}", " ".join(one)])
    board.table(["gate", "lines tried", "lines that do it", "one of them (a b c)"], rows)
    board.say("""
        Not one for XOR, and a finer grid would not help. XOR wants b + c and a + c above 0
        (for 01 and 10); added, a + b + 2c is above 0. It also wants c and a + b + c not above 0
        (for 00 and 11); added, a + b + 2c is not above 0. No three numbers can do both.
    """)

    board.code("""
        corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
        xor = [0, 1, 1, 0]
        numbers = [n / 2 for n in range(-4, 5)]
        found = 0
        for a in numbers:
            for b in numbers:
                for c in numbers:
                    said = [int(a * x + b * y + c > 0) for x, y in corners]
                    found = found + (said == xor)
        print(f"{len(numbers) ** 3} lines tried, {found} do XOR")
    """)

    board.section("Two lines, and a node that joins them")
    either, not_both = answers(np.array([1, -1]), np.array([1, -1]), np.array([-0.5, 1.5]))
    board.say("""
        But two lines can: x + y - 0.5 above 0 says OR, and 1.5 - x - y above 0 says "not both".
        Where both lines say 1, XOR is 1; and "both say 1" is just an AND, one line more. These
        three lines, two of which feed the third, are a neural network, built by hand.
    """)
    board.table(
        ["x", "y", "OR", "not both", "AND of these two"],
        [
            [x, y, int(one), int(other), int(one and other)]
            for (x, y), one, other in zip(CORNERS, either, not_both, strict=True)
        ],
    )

    board.section("A network that finds its own lines")
    truth = np.array(GATES["XOR"])[:, None]  # (4, 1)
    networks = [SmallNetwork(nodes, rng) for _ in range(5 if board.fast else 20)]
    board.say(f"""
        Each line is called a node, and now nobody tells the nodes their numbers, which are called
        weights. A few lines of numpy (the class SmallNetwork in this lesson's file) start with
        random ones, for {so_many(nodes, "node")} in the middle and one that
        answers. They see the four questions {rounds} times and are corrected a little each time.
        How that works is for the lessons to come; here we only watch the four answers of one
        network:
    """)
    progress = []
    for turn in board.progress(range(rounds + 1), "learning"):
        if turn in (0, rounds // 20, rounds // 5, rounds // 2, rounds):
            progress.append([turn, *(f"{said:.3f}" for said in networks[0].answer(CORNERS).flat)])
        for network in networks if turn < rounds else ():
            network.learn(CORNERS, truth)
    board.table(["rounds", "0 and 0", "0 and 1", "1 and 0", "1 and 1"], progress)
    worst = np.array([np.abs(network.answer(CORNERS) - truth).max() for network in networks])
    best = networks[int(np.argmin(worst))]
    board.say(f"""
        Of {len(networks)} such networks, each begun with other random numbers,
        {(worst < 0.5).sum()} got all four right (above 0.5 for 1, below for 0).
        {_verdict(int((worst < 0.5).sum()), len(networks), nodes)}

        What the best of them answers all over the map, from blank for 0 to @ for 1:
    """)
    y, x = np.mgrid[1:0:40j, 0:1:40j]  # the square, y upwards
    surface = best.answer(np.column_stack((x.ravel(), y.ravel()))).reshape(1, 40, 40)

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        figure.set_size_inches(7, 6)
        colours = axes.imshow(surface[0], extent=(0, 1, 0, 1), vmin=0, vmax=1)
        figure.colorbar(colours, label="what the network answers, from 0 to 1")
        axes.scatter(*CORNERS.T, c=truth[:, 0], s=300, edgecolors="red", clip_on=False, zorder=3)
        for place, target in zip(CORNERS, truth[:, 0], strict=True):
            axes.annotate(f"{target}", place, ha="center", va="center", color="red", zorder=4)
        axes.set(
            xlabel="x",
            ylabel="y",
        )
        axes.set_title(f"XOR, nodes in the middle: {nodes} (at the corners: what is right)", pad=16)

    board.picture("xor", patches(255 * surface), paint)
    if nodes <= 8:
        board.picture(
            "weights",
            _weights_text(best),
            lambda figure: paint_network(
                figure,
                [best.into.T, best.out.T],
                [
                    ["x", "y", "always 1"],
                    [*(f"node {each + 1}" for each in range(nodes)), "always 1"],
                    ["answer"],
                ],
                "The network that learned XOR best",
            ),
        )
    board.say(f"""
        {_map(surface.min(), surface.max(), bool(worst.min() < 0.5))} What exactly a node does, and
        how signals go through layers of them, is the next lesson (nodes).
    """)


def _weights_text(network: SmallNetwork) -> str:
    """The weights that lead to each node, as numbers."""
    rows = [("node " + str(n + 1), weights) for n, weights in enumerate(network.into.T)]
    lines = [f"{name}: {x:+.2f} × x {y:+.2f} × y {always:+.2f}" for name, (x, y, always) in rows]
    *into_answer, always = network.out[:, 0]
    parts = [f"{weight:+.2f} × node {n + 1}" for n, weight in enumerate(into_answer)]
    return "\n".join([*lines, f"answer: {' '.join(parts)} {always:+.2f}"])


def _verdict(found: int, tried: int, nodes: int) -> str:
    """Why so many of the networks got XOR right, with `nodes` in the middle."""
    return pick(
        (
            nodes == 1,
            "With one node in the middle there is one line only, and no single line can do XOR: "
            "neither more time nor better luck would help.",
        ),
        (
            found == tried,
            "Where a network begins made no difference to that.",
        ),
        (
            found > 0,
            "The others had the same number of nodes and as much time: they had bad luck at the "
            "start, and would need more rounds or another start (see `descent`).",
        ),
        (
            True,
            "They have enough nodes for it, so what they lacked is time or luck (see `descent`).",
        ),
    )


def _map(lowest: float, highest: float, right: bool) -> str:
    """What the map of answers shows, whose lowest and highest answers are given."""
    return pick(
        (
            right,
            "Nobody drew these borders: the network found its own lines, and on the map the two "
            "corners with a 1 are parted from the two with a 0.",
        ),
        (
            highest - lowest < 0.2,
            f"The map is nearly of one shade, from {lowest:.2f} to {highest:.2f}: the network says "
            "about the same everywhere.",
        ),
        (
            True,
            f"The answers go from {lowest:.2f} to {highest:.2f}, but at least one corner has the "
            "wrong one: these borders do not do XOR.",
        ),
    )
