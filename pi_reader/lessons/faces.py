"""Faces: why people find faces and cannot add, and computers the other way round.

Both are tried here, by you and by the machine. The brain that finds the face is made of neurons,
each of which does next to nothing; how many there are makes the difference.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting, pick
from pi_reader.lessons.drawing import bars, patches, plot

ROWS, COLUMNS, CELL = 2, 4, 36  # of the picture with one face among potatoes; pixels of each

# Neurons: White and others 1986; about; Dorkenwald and others 2024; Menzel and Giurfa 2001;
# Herculano-Houzel and others 2006, 2009.
BRAINS = {
    "roundworm": 302,
    "pond snail": 20_000,
    "fruit fly": 139_255,
    "honey bee": 960_000,
    "mouse": 71_000_000,
    "human": 86_000_000_000,
}

SETTINGS = (
    Setting("length", 4, "how many digits the two numbers have that are multiplied", 1, 9),
    Setting("threshold", 1.0, "how much must arrive until the neuron fires", -5, 5),
    Setting(
        "hidden", 200, "hidden nodes of the network that is compared with brains", 1, 1_000_000
    ),
)
TRY = (
    ("pi-reader lesson faces --seed 7", "another picture: does the rule find the face this time?"),
    (
        "pi-reader lesson faces length=1",
        "numbers of one digit: are you faster than the machine now?",
    ),
    (
        "pi-reader lesson faces threshold=2 --fast",
        "a higher threshold: how often does the neuron fire?",
    ),
)


def potato(eyes: float, mouth: float, tilt: float = 0.0, size: float = 14.0) -> np.ndarray:
    """A round thing with two dots and a bar, (36, 36) uint8, 255 is ink: a face or no face.

    eyes, mouth: how far above the middle they are, as a share of `size`, its radius in pixels;
    tilt: radians.
    """
    down, right = np.mgrid[:CELL, :CELL] - (CELL - 1) / 2
    x = (np.cos(tilt) * right + np.sin(tilt) * down) / size
    y = (np.cos(tilt) * down - np.sin(tilt) * right) / size
    rim = np.abs(np.hypot(x, y) - 1) < 0.13
    dots = np.hypot(np.abs(x) - 0.38, y + eyes) < 0.2
    bar = (np.abs(x) < 0.45) & (np.abs(y + mouth) < 0.14)
    return (255 * (rim | dots | bar)).astype(np.uint8)


def crowd(rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Eight potatoes (8, 36, 36), of which one is a face, and which one."""
    places = [(-0.4, 0.3), (-0.2, 0.4), (-0.55, -0.05), (0.1, 0.5)]  # the mouth above the eyes
    some = []
    for _ in range(ROWS * COLUMNS):
        eyes, mouth = places[rng.integers(len(places))]
        some.append(potato(eyes, mouth, rng.uniform(-0.5, 0.5), rng.uniform(12, 16)))
    where = int(rng.integers(ROWS * COLUMNS))
    tilt = rng.choice((-1, 1)) * rng.uniform(0.5, 0.9)
    some[where] = potato(0.35, -0.4, tilt, rng.uniform(12, 16))
    return np.array(some), where


def by_rule(pictures: np.ndarray, upright: np.ndarray) -> int:
    """Which of the pictures has most pixels in common with an upright face."""
    return int(np.argmax([np.mean(picture == upright) for picture in pictures]))


def fires(arrives: float, threshold: float) -> bool:
    """All that a neuron decides."""
    return arrives > threshold


def lesson(
    board: Blackboard, rng: np.random.Generator, length: int, threshold: float, hidden: int
) -> None:
    """A picture, a product, a neuron, and brains by numbers."""
    _find_the_face(board, rng)
    _multiply(board, rng, length)
    _one_neuron(board, threshold)
    _brains(board, 784 + hidden + 10)


def _find_the_face(board: Blackboard, rng: np.random.Generator) -> None:
    board.section("Find the face")
    pictures, where = crowd(rng)
    board.say(f"""
        Here are {len(pictures)} potatoes, each with two dots and a bar. One of them is a face:
        somebody who tilts the head. Count from the top left, row by row: which is it?
    """)
    start = time.perf_counter()

    def paint(figure: Any) -> None:
        figure.suptitle("Which of them is the face?")
        for number, axes in enumerate(figure.subplots(ROWS, COLUMNS).flat):
            axes.imshow(pictures[number], cmap="gray_r")
            axes.set(xticks=[], yticks=[], title=f"{number + 1}")

    board.picture("find", patches(pictures[:, ::2, ::2], across=COLUMNS), paint)
    if board.ask is not None:
        said = board.ask("Which one (1 to 8)?")
        taken = time.perf_counter() - start
        board.say(_found(said, where + 1, taken))
    start = time.perf_counter()
    guess = by_rule(pictures, potato(0.35, -0.4))
    took = time.perf_counter() - start
    board.say(f"""
        The face is number {where + 1}. Now the machine, by a rule that a person wrote for it: lay
        an upright face over each of them and take the one with most pixels in common. It takes
        number {guess + 1}, after {1000 * took:.2f} milliseconds. {_judged(guess == where)}
    """)


def _found(said: str, right: int, seconds: float) -> str:
    """What to say to somebody who looked for the face."""
    return pick(
        (said.strip() == str(right), f"Right, after {seconds:.1f} seconds, without any rule."),
        (not said.strip(), "Nobody said a number."),
        (True, f"No: look again at number {right}."),
    )


def _judged(right: bool) -> str:
    """What the rule's answer is worth."""
    return pick(
        (
            right,
            "This time it is right. But try other seeds: the rule knows nothing of heads that "
            "tilt.",
        ),
        (
            True,
            "Wrong: the rule knows nothing of heads that tilt. One could write another rule for "
            "those, and then for beards, hats and shadows, without end. Better let the machine "
            "learn from examples.",
        ),
    )


def _multiply(board: Blackboard, rng: np.random.Generator, length: int) -> None:
    board.section("Multiply")
    one, other = (int(number) for number in rng.integers(10 ** (length - 1), 10**length, 2))
    board.say("Now the other way round. How much is this, without a calculator?")
    board.show(f"{one} × {other}")
    start = time.perf_counter()
    said = board.ask("The answer, or just Enter to give up:") if board.ask is not None else ""
    taken = time.perf_counter() - start
    start = time.perf_counter()
    for _ in range(10_000):
        product = one * other
    took = (time.perf_counter() - start) / 10_000
    board.say(f"""
        {_worked_out(said, product, taken) if board.ask is not None else ""} The machine:
        {product}, in {1e9 * took:.0f} billionths of a second. In one second it could do
        {1 / took / 1e6:,.0f} million such products, one after the other, without a slip.
    """)
    board.code(f"""
        print({one} * {other})
    """)


def _worked_out(said: str, product: int, seconds: float) -> str:
    """What to say to somebody who multiplied."""
    digits = "".join(letter for letter in said if letter.isdigit())
    return pick(
        (digits == str(product), f"Right, after {seconds:.1f} seconds."),
        (not digits, f"Given up after {seconds:.1f} seconds."),
        (True, f"Not quite, after {seconds:.1f} seconds."),
    )


def _one_neuron(board: Blackboard, threshold: float) -> None:
    board.section("A neuron and its threshold")
    sums = np.round(np.linspace(-1, 3, 9), 1)
    firing = [fires(each, threshold) for each in sums.tolist()]
    board.say(f"""
        What finds the face is made of neurons. One neuron does little: signals arrive from others,
        they add up, and as long as they do not exceed a threshold (here {threshold:g}), it stays
        silent. Above it, it fires and so sends a signal on.
    """)
    board.table(
        ["arrives", "neuron"],
        [
            [f"{each:.1f}", "fires" if fired else "silent"]
            for each, fired in zip(sums, firing, strict=True)
        ],
    )
    ground = np.linspace(-1, 3, 60)
    answers = [float(fires(each, threshold)) for each in ground.tolist()]

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.step(ground, answers)
        axes.axvline(threshold, color="grey", linestyle=":", label=f"threshold {threshold:g}")
        axes.set(
            xlabel="what arrives, added up",
            ylabel="what is sent on: 1 fires, 0 silent",
            title="A neuron stays silent until enough arrives",
            xlim=(-1, 3),
        )
        axes.legend()

    names = ("what arrives", "sent on")
    board.picture("neuron", plot([("o", ground, answers)], y=(0, 1), height=6, names=names), paint)
    board.say(f"{_firing(sum(firing), len(firing))} A network's nodes do the same, in numbers.")


def _firing(fired: int, tried: int) -> str:
    """How often the neuron fired."""
    return pick(
        (fired == 0, f"With so high a threshold it fires at none of these {tried}."),
        (fired == tried, f"With so low a threshold it fires at all of these {tried}."),
        (True, f"It fires at {fired} of these {tried}."),
    )


def _brains(board: Blackboard, nodes: int) -> None:
    board.section("How many")
    everybody = {**BRAINS, "our network": nodes}
    ranked = sorted(everybody, key=lambda name: everybody[name])
    board.table(["who", "neurons"], [[name, f"{everybody[name]:,}"] for name in ranked])
    lengths = [float(np.log10(everybody[name])) for name in ranked]

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        counts = [everybody[name] for name in ranked]
        colours = ["tab:red" if name == "our network" else "tab:blue" for name in ranked]
        axes.barh(ranked, counts, color=colours)
        axes.set(
            xscale="log",
            xlabel="neurons or nodes; each mark is ten times the one before",
            title="Brains by numbers",
        )

    board.say("As bars, where each further mark (#) is about twice as many:")
    board.picture("brains", bars(ranked, lengths, form=".1f"), paint)
    board.say(f"""
        (The numbers beside the bars are how many zeros the count has.) The network that will read
        handwriting at the end of this lecture has {nodes:,} nodes: {_rank(nodes)} Yet a neuron
        fires a few hundred times a second at most, and a computer does thousands of millions of
        sums in a second: that is why it adds so well. How a machine can learn at all is the next
        lesson (miles), and it begins with a single number.
    """)


def _rank(nodes: int) -> str:
    """Between which brains a network of so many nodes stands."""
    below = [name for name, neurons in BRAINS.items() if neurons <= nodes]
    above = [name for name, neurons in BRAINS.items() if neurons > nodes]
    return pick(
        (not below, f"fewer than even the {above[:1] and above[0]} has neurons."),
        (not above, "more than a human has neurons."),
        (
            True,
            f"more than a {below[-1:] and below[-1]} has neurons, fewer than a "
            f"{above[:1] and above[0]}.",
        ),
    )
