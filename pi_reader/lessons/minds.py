"""Minds: what does the network have in mind when it thinks of a 7?

The same network as in `digits`, run from the answer to the question: the wish for a 7 goes in at
the outputs, goes back through links and nodes, and comes out where the pixels are.
"""

from __future__ import annotations

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting
from pi_reader.lessons.drawing import paint_patches, patches
from pi_reader.lessons.material import load_digits, teach

SETTINGS = (
    Setting("hidden", 200, "nodes in the middle", 1, 1000),
    Setting("epochs", 5, "how often it sees every digit", 0, 50),
    Setting("show", 7, "the digit that is drawn large", 0, 9),
)
TRY = (
    ("pi-reader lesson minds show=3 --fast", "another digit: what does it look at in a 3?"),
    ("pi-reader lesson minds epochs=0 --fast", "what is in a mind that learned nothing?"),
    ("pi-reader lesson minds hidden=10 --fast", "fewer nodes: are the pictures clearer?"),
)


def backwards(signal: np.ndarray) -> np.ndarray:
    """The sigmoid's way back: which sum made a node send this? log(y / (1 - y))."""
    return np.log(signal / (1 - signal))


def average(digits: np.ndarray, labels: np.ndarray, label: int) -> np.ndarray:
    """All pictures of one digit laid over each other: (28, 28), 0 to 255."""
    return digits[labels == label].mean(axis=0)


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """How alike two pictures are, whatever their brightness: 1 the same, 0 nothing in common."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def lesson(
    board: Blackboard, rng: np.random.Generator, hidden: int, epochs: int, show: int
) -> None:
    """Teach, ask backwards, compare with the average picture."""
    board.section("The way back")
    board.say("""
        Forwards, a node adds up what arrives and sends the sigmoid of that. Backwards we know what
        it sent and ask what arrived. The sigmoid can be read from right to left:
    """)
    board.show(
        *(
            f"sent {sent}: so {backwards(np.array(sent)):+.2f} had arrived"
            for sent in (0.01, 0.5, 0.7408, 0.99)
        )
    )
    board.say("""
        (0.7408 is the node from the lesson `nodes`, and 1.05 it was.) But what each single link had
        brought cannot be known: many ways lead to one sum. So the sum is shared out along the links
        as the errors were, and after each layer the signals are stretched to 0.01 to 0.99, where
        signals must be. What comes out is no photograph of a memory. It is a picture in which ink
        speaks for the digit and paper against it, and grey says that it does not matter.
    """)

    board.section(f"What makes a {show}?")
    digits = load_digits(board, rng, *(3000, 100) if board.fast else (60_000, 1000))
    network = teach(digits, rng, hidden, 0.1, epochs)
    minds = np.array([network.backquery(label).reshape(28, 28) * 255 for label in range(10)])
    means = np.array([average(digits.patches, digits.labels, label) for label in range(10)])
    board.say(f"""
        A network with {hidden} hidden nodes has seen {len(digits.labels):,} digits
        ({digits.source}), {epochs} times each. On the left is what it has in mind for a {show};
        on the right all the {show}s it was shown, laid over each other:
    """)

    board.picture(
        "minds",
        patches(np.stack((minds[show], means[show]))),
        lambda figure: paint_patches(
            figure,
            np.concatenate((minds, means)),
            [
                *(f"mind: {label}" for label in range(10)),
                *(f"mean: {label}" for label in range(10)),
            ],
            columns=10,
        ),
    )

    board.section("All ten")
    rows = []
    for label in range(10):
        alike = [likeness(minds[label], means[other]) for other in range(10)]
        rows.append(
            [
                label,
                f"{alike[label]:.2f}",
                int(np.argmax(alike)),
                f"{np.mean([alike[other] for other in range(10) if other != label]):.2f}",
            ]
        )
    board.say("""
        How alike is what it has in mind to the average picture of that digit (1 is the same, 0 has
        nothing in common), which digit's average is it most like, and how like is it to the others?
    """)
    board.table(["digit", "like its average", "most like", "like the others"], rows)
    board.say("""
        They are alike, but not the same, and that is the lesson. The average shows where ink
        usually is. The network cares only about what tells one digit from another: it wants ink
        where only this digit has it, and paper where ink would make it another one, as in the
        middle of a 0. At the rim, where no digit ever has ink, it has learned nothing: the
        grain there is what is left of the random start.
    """)
