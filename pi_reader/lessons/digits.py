"""Digits: everything so far, put together, and 784 pixels instead of three numbers.

The network is the lecture's own, and its whole class fits on a slide (slide.py beside this file):
nodes with a sigmoid, errors sent back along the links, a step downhill for each example.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting, pick, so_many
from pi_reader.lessons.drawing import bars, patches
from pi_reader.lessons.material import PIXELS, Digits, answers, load_digits
from pi_reader.lessons.painting import paint_patches
from pi_reader.lessons.slide import NETWORK, furthest_apart, neural_network
from pi_reader.network.classic import ClassicNetwork, make_targets, scale_inputs

SETTINGS = (
    Setting("hidden", 200, "nodes in the middle", 1, 1000),
    Setting("rate", 0.1, "learning rate", 0.0001, 2),
    Setting("epochs", 5, "how often it sees every digit", 1, 50),
    Setting("perhaps", 9, "show a digit that it takes for this one ...", 0, 9),
    Setting("maybe", 4, "... but perhaps it is that one", 0, 9),
)
TRY = (
    ("pi-reader lesson digits hidden=10 --fast", "how bad is it with ten nodes in the middle?"),
    ("pi-reader lesson digits rate=0.9 --fast", "a very large rate: what does it cost?"),
    ("pi-reader lesson digits perhaps=7 maybe=2 --fast", "which 7 could be a 2?"),
)
CHECKED = 1000  # digits after which the slide's weights are compared with those of classic.py


def lesson(
    board: Blackboard,
    rng: np.random.Generator,
    hidden: int,
    rate: float,
    epochs: int,
    perhaps: int,
    maybe: int,
) -> None:
    """Look at the data, teach, examine, and look at a doubtful case."""
    digits = load_digits(board, rng, *(3000, 1000) if board.fast else (60_000, 10_000))
    board.section("What goes in")
    board.say(f"""
        Here are four handwritten digits ({digits.source}). Each is 28 × 28 pixels, and each pixel
        a number: 0 is paper, 255 is ink. Beside each is noted what it is, its label:
        {", ".join(map(str, digits.labels[:4]))}.
    """)
    board.picture(
        "some",
        patches(digits.patches[:4]),
        lambda figure: paint_patches(
            figure,
            digits.patches[:40],
            [str(label) for label in digits.labels[:40]],
            columns=8,
            title=f"Forty digits and their labels ({digits.source})",
        ),
    )
    inputs = scale_inputs(digits.patches[:1])[0]  # (784,)
    row = slice(14 * 28 + 6, 14 * 28 + 20)
    board.say("""
        To the network a picture is just 784 inputs in a row; it does not even know which pixels are
        neighbours. They are squeezed into 0.01 to 1. Why not 0? A weight
        whose signal is 0 is multiplied by 0, and can never learn anything. The middle of the first
        picture:
    """)
    board.show(
        "pixels  " + " ".join(f"{p:4d}" for p in digits.patches[0].reshape(-1)[row]),
        "inputs  " + " ".join(f"{signal:4.2f}" for signal in inputs[row]),
    )

    board.section("What should come out")
    board.say(f"""
        There are ten outputs, one for each digit. For a {digits.labels[0]} we want that one to
        fire and the others to be silent. A sigmoid never quite reaches 0 or 1, so we do not ask
        for them: the weights would grow larger and larger on the way to a goal out of reach.
    """)
    targets = make_targets(digits.labels[:1])[0]
    board.show(
        "output   " + " ".join(f"{digit:4d}" for digit in range(10)),
        "target   " + " ".join(f"{target:4.2f}" for target in targets),
    )

    board.section("The whole network on one slide")
    board.say("""
        Here it is, all of it. `initialise` makes random weights, `query` sends signals forwards,
        `train` sends errors backwards and changes each weight by a small step downhill:
    """)
    board.listing(NETWORK)

    board.section("Learning")
    board.say(f"""
        784 inputs, {so_many(hidden, "hidden node")}, 10 outputs: {784 * hidden + hidden * 10:,}
        weights, all random at first. It sees {len(digits.labels):,} digits one after the other.
        After each, the error goes back along the links and every weight takes a small step
        downhill. Going once through all of them is an epoch. The examination is on
        {len(digits.test_labels):,} other digits, which it never learns from: a pupil who has seen
        the answers proves nothing. The network is the slide's, run as it stands there:
    """)
    network, shares = _learn(board, digits, rng, hidden, rate, epochs)
    board.table(
        ["epoch", "right"],
        [[epoch, f"{share:.2%}"] for epoch, share in enumerate(shares, 1)],
    )
    board.say(_progress(shares))

    board.section("The examination")
    said = answers(network, digits.test_patches)  # (n, 10)
    guesses = said.argmax(axis=1)
    wrong = np.flatnonzero(guesses != digits.test_labels)
    board.say(f"""
        {1 - len(wrong) / len(guesses):.2%} right, so {len(wrong)} of {len(guesses):,} wrong.
        {_mark(1 - len(wrong) / len(guesses))}
        {"These are the first it got wrong, and what it said:" if len(wrong) else ""}
    """)
    names = [f"is {digits.test_labels[one]}, says {guesses[one]}" for one in wrong[:24]]
    if len(wrong):
        board.picture(
            "wrong",
            patches(digits.test_patches[wrong[:4]]),
            lambda figure: paint_patches(
                figure,
                digits.test_patches[wrong[:24]],
                names,
                columns=6,
                title="The first that it got wrong",
            ),
        )
        board.show("from left to right, row by row: " + "; ".join(names[:4]))
    each = [float((guesses[digits.test_labels == digit] == digit).mean()) for digit in range(10)]
    board.say("And how many of each digit it got right:")
    board.show(bars([str(digit) for digit in range(10)], each, most=1))

    board.section(f"Probably {perhaps}, maybe {maybe}")
    some = np.flatnonzero(guesses == perhaps)
    board.say("Ten outputs say more than one answer does.")
    if not len(some):
        board.say(
            f"But of all test digits it takes none for a {perhaps}, so there is nothing to show."
        )
    else:
        _doubt(board, digits, said, int(some[np.argmax(said[some, maybe])]), perhaps, maybe)
    board.say("""
        You have seen the whole way: a number that an error corrects, a line, a node, layers,
        blame sent back, steps downhill, and now a machine that reads. Nothing in it is magic, and
        all of it is in this folder. Now play: curves, rotations, minds, own, features, zero.
    """)


def _learn(
    board: Blackboard,
    digits: Digits,
    rng: np.random.Generator,
    hidden: int,
    rate: float,
    epochs: int,
) -> tuple[ClassicNetwork, list[float]]:
    """Teach the slide's network; the share it has right after each epoch, 0 to 1.

    On the way its weights are compared with those of the network that pi-reader ships. What comes
    back holds the slide's weights.
    """
    start = rng.integers(2**32)
    slide, shipped = (
        neural_network(),
        ClassicNetwork(PIXELS, hidden, 10, rate, np.random.default_rng(start)),
    )
    slide.initialise(PIXELS, hidden, 10, rate, np.random.default_rng(start))
    inputs, targets = scale_inputs(digits.patches), make_targets(digits.labels)
    network = ClassicNetwork(PIXELS, hidden, 10, rate, rng)
    shares = []
    for epoch in range(1, epochs + 1):
        for done in board.progress(range(len(inputs)), f"epoch {epoch} of {epochs}"):
            slide.train(inputs[done], targets[done])
            if epoch == 1 and done < CHECKED:
                shipped.train(inputs[done], targets[done])
            if epoch == 1 and done + 1 == min(CHECKED, len(inputs)):
                apart = furthest_apart(slide, shipped.input_to_hidden, shipped.hidden_to_output)
                board.say(_twins(apart, done + 1, 794 * hidden))
        network.input_to_hidden[...] = slide.into_hidden
        network.hidden_to_output[...] = slide.into_output
        guesses = answers(network, digits.test_patches).argmax(axis=1)
        shares.append(float((guesses == digits.test_labels).mean()))
    return network, shares


def _twins(apart: float, digits: int, weights: int) -> str:
    """Whether the slide is what pi-reader ships: how far weights are apart after so many digits."""
    return pick(
        (
            apart < 1e-4,
            f"(After {digits:,} digits the {weights:,} weights of the slide and those of the "
            f"network that pi-reader ships as `classic` differ by {apart:.0e} at most: they are "
            f"the same, but for rounding.)",
        ),
        (
            True,
            f"(After {digits:,} digits the weights of the slide and those of pi-reader's `classic` "
            f"differ by up to {apart:.0e}: with these settings rounding grows from step to step.)",
        ),
    )


def _progress(shares: list[float]) -> str:
    """What the shares after each epoch show, 0 to 1."""
    first, last = shares[0], shares[-1]
    best = max(shares)
    return pick(
        (len(shares) == 1, f"Once through all the digits, and it has {last:.2%} right."),
        (
            last == best and last > first,
            f"From the first epoch to the last it went up from {first:.2%} to {last:.2%}.",
        ),
        (
            last >= first,
            f"The best was {best:.2%}, after epoch {shares.index(best) + 1}; at the end it is "
            f"{last:.2%}.",
        ),
        (
            True,
            f"It got worse: {first:.2%} after the first epoch, {last:.2%} at the end. The best was "
            f"{best:.2%}.",
        ),
    )


def _mark(share: float) -> str:
    """How good that is."""
    return "A network that only guesses gets 10 %; " + pick(
        (share > 0.95, "this one reads."),
        (share > 0.7, "this one reads, with many mistakes."),
        (share > 0.2, "this one has learned a little."),
        (True, "this one does hardly better, or no better."),
    )


def _doubt(
    board: Blackboard, digits: Digits, said: np.ndarray, doubtful: int, perhaps: int, maybe: int
) -> None:
    """The picture that the network takes for one digit, and most of all of these for another."""
    label, second = digits.test_labels[doubtful], said[doubtful, maybe]
    board.say(f"""
        Of all test digits that it takes for a {perhaps}, this is the one in which it sees a {maybe}
        most: its output {maybe} says {second:.2f}. The label says {label}. What would you say?
    """)

    def paint_doubt(figure: Any) -> None:
        figure.suptitle(f"Taken for a {perhaps}; how much does it look like a {maybe}?")
        left, right = figure.subplots(1, 2)
        left.imshow(digits.test_patches[doubtful], cmap="gray_r")
        left.set(xticks=[], yticks=[], title=f"labelled {label}")
        right.barh(range(10), said[doubtful])
        right.set(yticks=range(10), xlim=(0, 1), xlabel="output", ylabel="digit")
        right.set_title("what the network says")

    board.picture(
        "doubt",
        patches(digits.test_patches[doubtful : doubtful + 1])
        + "\n\n"
        + bars([str(digit) for digit in range(10)], said[doubtful].tolist(), most=1),
        paint_doubt,
    )
