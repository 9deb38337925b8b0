"""Digits: everything so far, put together, and 784 pixels instead of three numbers.

The network is the lecture's own (pi_reader/network/classic.py, which is worth reading next to this
file): nodes with a sigmoid, errors sent back along the links, a step downhill for each example.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting
from pi_reader.lessons.drawing import bars, paint_patches, patches
from pi_reader.lessons.material import answers, load_digits, teach
from pi_reader.network.classic import make_targets, scale_inputs

SETTINGS = (
    Setting("hidden", 200, "nodes in the middle", 1, 1000),
    Setting("rate", 0.1, "learning rate", 0.0001, 2),
    Setting("epochs", 5, "how often it sees every digit", 1, 50),
    Setting("perhaps", 9, "show a digit that it takes for this one ...", 0, 9),
    Setting("maybe", 4, "... but perhaps it is that one", 0, 9),
)
TRY = (
    ("pi-reader lesson digits hidden=10 --fast", "how bad is it with ten nodes in the middle?"),
    ("pi-reader lesson digits rate=0.9 --fast", "too eager: what does it cost?"),
    ("pi-reader lesson digits perhaps=7 maybe=2 --fast", "which 7 could be a 2?"),
)


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
            figure, digits.patches[:40], [str(label) for label in digits.labels[:40]], columns=8
        ),
    )
    inputs = scale_inputs(digits.patches[:1])[0]  # (784,)
    row = slice(14 * 28 + 6, 14 * 28 + 20)
    board.say("""
        To the network a picture is just 784 inputs in a row; it does not even know which pixels are
        neighbours. They are squeezed into 0.01 to 1. Why not 0? A link that gets 0 is multiplied by
        0 and can never learn anything. The middle of the first picture:
    """)
    board.show(
        "pixels  " + " ".join(f"{p:4d}" for p in digits.patches[0].reshape(-1)[row]),
        "inputs  " + " ".join(f"{signal:4.2f}" for signal in inputs[row]),
    )

    board.section("What should come out")
    board.say(f"""
        There are ten outputs, one for each digit. For a {digits.labels[0]} we want that one to
        fire and the others to be silent. A sigmoid never quite reaches 0 or 1, so we do not ask
        for them: to want the impossible would drive the links larger and larger.
    """)
    targets = make_targets(digits.labels[:1])[0]
    board.show(
        "output   " + " ".join(f"{digit:4d}" for digit in range(10)),
        "target   " + " ".join(f"{target:4.2f}" for target in targets),
    )

    board.section("Learning")
    board.say(f"""
        784 inputs, {hidden} hidden nodes, 10 outputs: {784 * hidden + hidden * 10:,} links, all
        random at first. It sees {len(digits.labels):,} digits one after the other. After each, the
        error goes back along the links and every link takes a small step downhill. Going once
        through all of them is an epoch. The examination is on {len(digits.test_labels):,} other
        digits, which it never learns from: a pupil who has seen the answers proves nothing.
    """)
    start = time.perf_counter()
    scores: list[list[str]] = []
    network = teach(
        digits,
        rng,
        hidden,
        rate,
        epochs,
        lambda epoch, score: scores.append(
            [str(epoch), f"{score:.2%}", f"{time.perf_counter() - start:.1f}"]
        ),
    )
    board.table(["epoch", "right", "seconds so far"], scores)

    board.section("The examination")
    said = answers(network, digits.test_patches)  # (n, 10)
    guesses = said.argmax(axis=1)
    wrong = np.flatnonzero(guesses != digits.test_labels)
    board.say(f"""
        {1 - len(wrong) / len(guesses):.2%} right, so {len(wrong)} of {len(guesses):,} wrong. A
        network that only guesses gets 10 %. These are the first it got wrong, and what it said:
    """)
    names = [f"is {digits.test_labels[one]}, says {guesses[one]}" for one in wrong[:24]]
    if len(wrong):
        board.picture(
            "wrong",
            patches(digits.test_patches[wrong[:4]]),
            lambda figure: paint_patches(figure, digits.test_patches[wrong[:24]], names, columns=6),
        )
        board.show("from left to right, row by row: " + "; ".join(names[:4]))
    each = [float((guesses[digits.test_labels == digit] == digit).mean()) for digit in range(10)]
    board.say("And how many of each digit it got right:")
    board.show(bars([str(digit) for digit in range(10)], each, most=1))

    board.section(f"Probably {perhaps}, maybe {maybe}")
    doubtful = int(np.argmax((guesses == perhaps) * said[:, maybe]))
    board.say(f"""
        Ten outputs say more than one answer does. Of all test digits that it takes for a {perhaps},
        this is the one it finds most like a {maybe}. Its label says
        {digits.test_labels[doubtful]}. What would you say?
    """)

    def paint_doubt(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        left.imshow(digits.test_patches[doubtful], cmap="gray_r")
        left.set(xticks=[], yticks=[], title=f"labelled {digits.test_labels[doubtful]}")
        right.barh(range(10), said[doubtful])
        right.set(yticks=range(10), xlim=(0, 1), xlabel="output", title="what the network says")

    board.picture(
        "doubt",
        patches(digits.test_patches[doubtful : doubtful + 1])
        + "\n\n"
        + bars([str(digit) for digit in range(10)], said[doubtful].tolist(), most=1),
        paint_doubt,
    )
    board.say("""
        You have seen the whole way: a number that an error corrects, a line, a node, layers,
        blame sent back, steps downhill, and now a machine that reads. Nothing in it is magic, and
        all of it is in this folder. Now play: curves, rotations, minds, own, features, zero.
    """)
