"""Nodes: what one node does with its signals, and how they travel through three layers.

Nothing is learned here. Signals are followed forwards, first with a pencil, then with one line of
matrices that does the same, and much faster.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting, pick, so_many
from pi_reader.lessons.drawing import plot
from pi_reader.lessons.painting import paint_network

# The weights of the three-layer example. A row holds the weights INTO one node, so row 0, column 2
# of `INTO_HIDDEN` belongs to the link from the third input to the first hidden node.
INPUTS = np.array([0.9, 0.1, 0.8])
INTO_HIDDEN = np.array([[0.9, 0.3, 0.4], [0.2, 0.8, 0.2], [0.1, 0.5, 0.6]])
INTO_OUTPUT = np.array([[0.3, 0.7, 0.5], [0.6, 0.5, 0.2], [0.8, 0.1, 0.9]])

SETTINGS = (
    Setting("first", 1.0, "the first signal into the single node", -10, 10),
    Setting("second", 0.5, "the second one", -10, 10),
    Setting("hidden", 200, "nodes in the middle, where pencil and matrix race", 1, 2000),
)
TRY = (
    ("pi-reader lesson nodes first=-3 --fast", "what does the node say to a negative signal?"),
    ("pi-reader lesson nodes first=10 --fast", "and to a large one? could it tell 10 from 9 then?"),
    ("pi-reader lesson nodes hidden=1000", "does the matrix win by more, the larger it is?"),
)


def step(x: float) -> float:
    """Fires (1) above 0, is silent (0) otherwise."""
    return 1.0 if x > 0 else 0.0


def sigmoid(x: Any) -> Any:
    """The step with its corners rubbed off: 1 / (1 + e^-x), between 0 and 1."""
    return 1 / (1 + np.exp(-x))


def node(signals: Any, weights: Any) -> float:
    """One node with a pencil: each signal times its weight, all added up, through the sigmoid."""
    total = 0.0
    for signal, weight in zip(signals, weights, strict=True):
        total += signal * weight
    return float(sigmoid(total))


def by_pencil(signals: Any, weights: Any) -> list[float]:
    """A whole layer, node after node."""
    return [node(signals, into_one) for into_one in weights]


def by_matrix(signals: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The same layer in one stroke."""
    return sigmoid(weights @ signals)


def lesson(
    board: Blackboard, rng: np.random.Generator, first: float, second: float, hidden: int
) -> None:
    """One node, then three layers by hand, then as matrices."""
    board.section("One node")
    total = first * 0.9 + second * 0.3
    board.say("""
        A node gets signals through links. Each link has a number, its weight: a signal that comes
        through the link is multiplied by it. A large weight lets much through, a weight near zero
        nothing, and a negative one turns the signal round. The node adds up what arrives:
    """)
    board.show(
        f"{first:>5} ---0.9--.",
        f"{'':15}node ---> ?",
        f"{second:>5} ---0.3--'",
        f"\n{first} × 0.9 + {second} × 0.3 = {total:.4g}",
    )
    board.say("""
        Then it decides. The simplest way is a step: silent up to 0, firing above, much as a nerve
        cell stays quiet until enough comes in. But with a step, a tiny change of a weight changes
        nothing or everything, and gives no hint which way to learn. So its corners are rubbed off:
        the sigmoid, 1 / (1 + e^-x), where x is what was added up and e is 2.718...
    """)
    x = np.linspace(-6, 6, 60)

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.plot([-6, 0, 0, 6], [0, 0, 1, 1], label="step")
        axes.plot(x, sigmoid(x), label="sigmoid")
        if abs(total) <= 6:
            axes.plot(total, sigmoid(total), "o", color="black", label="our node")
        axes.set(xlabel="what arrives, added up", ylabel="what the node sends on", xlim=(-6, 6))
        axes.set_title("A step, and a sigmoid: the step with its corners rubbed off")
        axes.legend()

    board.picture(
        "steps",
        plot(
            [
                ("-", x, [step(each) for each in x]),
                ("o", x, sigmoid(x)),
                ("@", [total], [sigmoid(total)]),
            ],
            (-6, 6),
            (0, 1),
            names=("what arrives, added up", "what the node sends on"),
        ),
        paint,
    )
    shown = " (@)" if abs(total) <= 6 else ""
    board.show(f"our node{shown}: step {step(total):.0f}, sigmoid {sigmoid(total):.4f}")
    board.say(_firing(total))
    board.code(f"""
        import numpy
        total = {first:g} * 0.9 + {second:g} * 0.3
        print("arrives:", total)
        print("sends on:", 1 / (1 + numpy.exp(-total)))
    """)

    board.section("Three layers, with a pencil")
    board.say("""
        Now three layers of three nodes. The first only passes on what comes in: 0.9, 0.1 and 0.8.
        The second is called hidden, since nobody outside sees its signals. The third gives the
        answer. Each node is linked to every node of the layer before.
    """)
    names = [[f"{layer} {n}" for n in (1, 2, 3)] for layer in ("input", "hidden", "output")]
    board.picture(
        "network",
        _network_text(),
        lambda figure: paint_network(
            figure, [INTO_HIDDEN, INTO_OUTPUT], names, "Three layers of three nodes"
        ),
    )
    signals = INPUTS.tolist()
    for name, weights in (("hidden", INTO_HIDDEN), ("output", INTO_OUTPUT)):
        sent = by_pencil(signals, weights)
        board.show(
            *(
                f"{name} {number}: "
                + " + ".join(
                    f"{signal:.3g} × {weight:g}"
                    for signal, weight in zip(signals, into_one, strict=True)
                )
                + f" = {float(np.dot(into_one, signals)):.3f}, sigmoid of that {answer:.3f}"
                for number, (into_one, answer) in enumerate(zip(weights, sent, strict=True), 1)
            )
        )
        signals = sent
    board.say("""
        Check one line with a pencil before you go on. That is all that a network does when it
        answers. The digits' network has 784 inputs instead of 3, and more nodes. (The c of the
        last lesson would be the weight of an input that is always 1; the lecture does without.)
    """)

    board.section("The same as matrices")
    answer = by_matrix(by_matrix(INPUTS, INTO_HIDDEN), INTO_OUTPUT)
    board.say("""
        Write the weights as a table, a row for each node. To multiply a row with the whole column
        of signals and add up, for each row, has a name in mathematics: the product of a matrix
        and a vector. numpy writes it @, so that a whole layer is sigmoid(weights @ signals)
    """)
    board.table(
        ["weights into hidden", "signals", "added up"],
        [
            [str(weights), signal, f"{weights @ INPUTS:.3f}"]
            for weights, signal in zip(INTO_HIDDEN, INPUTS, strict=True)
        ],
    )
    board.show("answer, by matrices: " + "  ".join(f"{each:.3f}" for each in answer))

    board.code("""
        import numpy
        def sigmoid(x):
            return 1 / (1 + numpy.exp(-x))

        inputs = numpy.array([0.9, 0.1, 0.8])
        into_hidden = numpy.array([[0.9, 0.3, 0.4], [0.2, 0.8, 0.2], [0.1, 0.5, 0.6]])
        into_output = numpy.array([[0.3, 0.7, 0.5], [0.6, 0.5, 0.2], [0.8, 0.1, 0.9]])
        hidden = sigmoid(into_hidden @ inputs)
        outputs = sigmoid(into_output @ hidden)
        print("hidden: ", hidden.round(3))
        print("outputs:", outputs.round(3))
    """)

    board.section("Why bother?")
    pixels = rng.random(784)
    weights = rng.standard_normal((hidden, 784))
    start = time.perf_counter()
    slow = by_pencil(pixels.tolist(), weights.tolist())
    middle = time.perf_counter()
    for _ in range(100):
        quick = by_matrix(pixels, weights)
    pencil, matrix = middle - start, (time.perf_counter() - middle) / 100
    board.say(f"""
        One layer with 784 inputs and {so_many(hidden, "node")} is
        {784 * hidden:,} multiplications. Node by node in Python it took {pencil * 1e3:.2f}
        milliseconds just now, as a matrix {matrix * 1e3:.4f}. The two answers differ by
        {np.abs(np.array(slow) - quick).max():.0e}. {_speed(pencil / matrix)}

        But who chose the weights? Up to here: we did. The next lesson (blame) asks which link is
        to blame when the answer is wrong.
    """)


def _firing(total: float) -> str:
    """What the node makes of what arrives."""
    sent = sigmoid(total)
    return pick(
        (
            sent > 0.99,
            "So much arrives that the sigmoid is all but flat there: the node fires, and a "
            "little more or less would hardly change what it sends.",
        ),
        (
            sent < 0.01,
            "So little arrives that the sigmoid is all but flat there: the node is silent, "
            "and a little more or less would hardly change what it sends.",
        ),
        (sent > 0.5, "More than half: the node leans towards firing."),
        (sent == 0.5, "Exactly half: nothing arrives, and the node is undecided."),
        (True, "Less than half: the node leans towards silence."),
    )


def _speed(times: float) -> str:
    """What a matrix gained over node by node."""
    return pick(
        (
            times >= 2,
            f"So the reason is time: the matrix was {times:.0f} times as fast. People have "
            "tuned matrix products for decades.",
        ),
        (
            True,
            f"Here the matrix was only {times:.1f} times as fast: for so few numbers it hardly "
            "pays.",
        ),
    )


def _network_text() -> str:
    """Which weights lead to each node, as text."""
    layers = (("input", "hidden", INTO_HIDDEN), ("hidden", "output", INTO_OUTPUT))
    return "\n".join(
        f"{start} 1, 2, 3 --- {'  '.join(f'{weight:.1f}' for weight in into_one)} ---> {end} {n}"
        for start, end, weights in layers
        for n, into_one in enumerate(weights, 1)
    )
