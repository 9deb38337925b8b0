"""Minds: what does the network have in mind when it thinks of a 7?

The same network as in `digits`, run from the answer to the question: the wish for a 7 goes in at
the outputs, goes back through links and nodes, and comes out where the pixels are.
"""

from __future__ import annotations

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting, pick, so_many
from pi_reader.lessons.drawing import patches
from pi_reader.lessons.material import load_digits, teach
from pi_reader.lessons.painting import paint_patches

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
MIDDLE = slice(12, 16)  # rows and columns in the middle of a patch


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
        (0.7408 is what the node of the lesson `nodes` sent; 1.05 had arrived there.) But what each
        single link had brought cannot be known: many ways lead to one sum. So the sum is shared out
        along the weights as the errors were, and after each layer the signals are stretched to 0.01
        to 0.99, where signals must be. What comes out is no photograph of a memory. It is a picture
        in which ink speaks for the digit and paper against it, and grey says that it does not
        matter.
    """)

    board.code("""
        import numpy
        for sent in (0.01, 0.5, 0.7408, 0.99):
            print("sent", sent, "so there had arrived", numpy.log(sent / (1 - sent)).round(2))
    """)

    board.section(f"What makes a {show}?")
    digits = load_digits(board, rng, *(3000, 100) if board.fast else (60_000, 1000))
    network = teach(board, digits, rng, hidden, 0.1, epochs)
    minds = np.array([network.backquery(label).reshape(28, 28) * 255 for label in range(10)])
    means = np.array([average(digits.patches, digits.labels, label) for label in range(10)])
    board.say(f"""
        A network with {so_many(hidden, "hidden node")}
        {_schooling(len(digits.labels), epochs, digits.source)} On the left is what it has in mind
        for a {show}; on the right all the {show}s it was shown, laid over each other:
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
            title=f"What the network has in mind, and the mean of each digit ({digits.source})",
        ),
    )

    board.section("All ten")
    alike = np.array([[likeness(mind, mean) for mean in means] for mind in minds])  # (10, 10)
    others = (alike.sum(axis=1) - alike.diagonal()) / 9
    rows = [
        [label, f"{alike[label, label]:.2f}", int(np.argmax(alike[label])), f"{others[label]:.2f}"]
        for label in range(10)
    ]
    board.say("""
        How alike is what it has in mind to the average picture of that digit (1 is the same, 0 has
        nothing in common), which digit's average is it most like, and how like is it to the others?
    """)
    board.table(["digit", "like its average", "most like", "like the others"], rows)
    board.say(f"""
        {_alike(alike, epochs)}

        {_hole(minds[0], means[0], epochs)}
    """)


def _schooling(digits: int, epochs: int, source: str) -> str:
    """What the network has learned from."""
    return pick(
        (epochs == 0, f"has learned nothing: its weights are random. ({digits:,} {source} wait.)"),
        (epochs == 1, f"has seen {digits:,} digits ({source}), each once."),
        (True, f"has seen {digits:,} digits ({source}), {epochs} times each."),
    )


def _alike(alike: np.ndarray, epochs: int) -> str:
    """Which minds are like the averages of their own digits: likenesses (10 minds, 10 averages)."""
    own, best = alike.diagonal(), alike.argmax(axis=1)
    strangers = [f"{n} (most like {best[n]})" for n in range(10) if best[n] != n]
    mean = f"on average {own.mean():.2f} like its own digit's average"
    return pick(
        (
            epochs == 0,
            f"A network that has learned nothing has noise in mind: it is {mean}, and "
            f"{10 - len(strangers)} of the ten are most like the right one, as chance has it.",
        ),
        (
            not strangers,
            f"Each of the ten is most like the average of its own digit. But they are not the "
            f"same: what it has in mind is {mean}, where 1 would be the same, and that is the "
            f"lesson.",
        ),
        (
            len(strangers) <= 5,
            f"{10 - len(strangers)} of the ten are most like the average of their own digit. Not "
            f"so: {', '.join(strangers)}. What it has in mind is {mean}, and that is the lesson.",
        ),
        (
            True,
            f"Most are more like the average of another digit: {', '.join(strangers)}. What it has "
            f"in mind is {mean}.",
        ),
    ) + (
        " The average shows where ink usually is. The network cares only about what tells one "
        "digit from another: ink where only this digit has it, and paper where ink would make it "
        "another one."
        if epochs and len(strangers) <= 5
        else ""
    )


def _hole(mind: np.ndarray, mean: np.ndarray, epochs: int) -> str:
    """What the middle of a 0 is to the network: both pictures (28, 28), 0 paper to 255 ink."""
    rim = (
        "At the rim, where hardly any digit has ink, there was nothing to learn from: the grain "
        "there is left over from the random start."
    )
    middle, whole = mind[MIDDLE, MIDDLE].mean(), mind.mean()
    seen = f"(the middle has {middle:.0f}, the whole picture {whole:.0f} of 255)"
    return pick(
        (epochs == 0, "All of it is left over from the random start."),
        (
            middle < whole - 10,
            f"Look into the 0: in its middle the network wants paper {seen}. {rim}",
        ),
        (
            True,
            f"Look into the 0: one would think that the network wants paper in its middle, but "
            f"this one does not say so {seen}. {rim}",
        ),
    )
