"""Features: must the inputs be raw pixels?

Somebody in the audience asked this. Before networks were large, people thought hard about what to
tell them of a picture instead of all its pixels. Here the same small network gets four different
descriptions of the same digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting, pick, so_many, times
from pi_reader.lessons.drawing import bars, patches
from pi_reader.lessons.material import load_digits
from pi_reader.network.classic import ClassicNetwork, make_targets

SETTINGS = (
    Setting("hidden", 40, "nodes in the middle", 1, 500),
    Setting("rate", 0.1, "learning rate", 0.0001, 2),
    Setting("epochs", 5, "how often it sees every digit", 1, 50),
    Setting("few", 300, "how many digits the poor pupil gets", 10, 5000),
)
TRY = (
    ("pi-reader lesson features hidden=5 --fast", "hardly any nodes: which one suffers least?"),
    ("pi-reader lesson features few=50 --fast", "five of each digit: what helps most now?"),
    (
        "pi-reader lesson features epochs=15 --fast",
        "do the pixels catch up if they are given time?",
    ),
)


def pixels(digits: np.ndarray) -> np.ndarray:
    """Every pixel: (n, 784)."""
    return digits.reshape(len(digits), -1)


def sums(digits: np.ndarray) -> np.ndarray:
    """How much ink each row and each column has: (n, 56)."""
    return np.concatenate((digits.sum(axis=2), digits.sum(axis=1)), axis=1)


def zones(digits: np.ndarray) -> np.ndarray:
    """How much ink each of 7 × 7 zones of four by four pixels has: (n, 49)."""
    return digits.reshape(-1, 7, 4, 7, 4).sum(axis=(2, 4)).reshape(-1, 49)


def directions(digits: np.ndarray, parts: int = 8) -> np.ndarray:
    """How much edge runs in each of eight directions, in 4 × 4 zones of seven pixels: (n, 128).

    An edge is where the ink changes from one pixel to the next; its direction is where it grows.
    """
    down, right = np.gradient(digits, axis=(1, 2))
    strength = np.hypot(down, right)  # (n, 28, 28)
    which = np.round(np.arctan2(down, right) / (2 * np.pi) * parts).astype(int) % parts
    return np.stack(
        [
            np.where(which == part, strength, 0)
            .reshape(-1, 4, 7, 4, 7)
            .sum(axis=(2, 4))
            .reshape(-1, 16)
            for part in range(parts)
        ],
        axis=1,
    ).reshape(-1, 16 * parts)


NAMES = ("right", "right down", "down", "left down", "left", "left up", "up", "right up")
FEATURES = {"pixels": pixels, "row and column sums": sums, "zones": zones, "directions": directions}


def squeezed(described: np.ndarray, most: np.ndarray) -> np.ndarray:
    """Into 0.01 to 1, as the network wants its inputs: float32, `most` becomes 1."""
    scaled = described / np.maximum(most, 1e-6)
    return (0.01 + 0.99 * np.clip(scaled, 0, 1)).astype(np.float32)


def examine(
    board: Blackboard,
    learn: np.ndarray,
    labels: np.ndarray,
    test: np.ndarray,
    test_labels: np.ndarray,
    rng: np.random.Generator,
    hidden: int,
    rate: float,
    epochs: int,
) -> float:
    """Teach the lecture's network these inputs; the share of the test that it gets right."""
    network = ClassicNetwork(learn.shape[1], hidden, 10, rate, rng)
    targets = make_targets(labels)
    for place in board.progress(range(epochs * len(learn)), "learning"):
        network.train(learn[place % len(learn)], targets[place % len(learn)])
    return float((network.query(test).argmax(axis=1) == test_labels).mean())


def lesson(
    board: Blackboard, rng: np.random.Generator, hidden: int, rate: float, epochs: int, few: int
) -> None:
    """Describe, compare, and compare again with few examples."""
    digits = load_digits(board, rng, *(2000, 1000) if board.fast else (20_000, 5000))
    learn = digits.patches.astype(np.float32)
    test = digits.test_patches.astype(np.float32)
    board.section("Four ways to describe a digit")
    one = learn[:1]
    board.say(f"""
        This is a {digits.labels[0]} ({digits.source}). The lecture tells the network all 784
        pixels. One could also say how much ink is in each row and each column (56 numbers); or in
        each of 7 × 7 zones (49); or, in 4 × 4 larger zones, how much of the ink's edge runs in each
        of eight directions (128).
    """)
    coarse = np.kron(zones(one).reshape(1, 7, 7), np.ones((4, 4))) / 16
    edges = directions(one).reshape(8, 16)
    board.picture(
        "zones",
        patches(np.concatenate((one, coarse))),
        lambda figure: _paint_descriptions(figure, one[0], coarse[0], edges.sum(axis=1)),
    )
    board.say("On the right the same by zones. And its edges, by where the ink grows:")
    board.show(bars(NAMES, edges.sum(axis=1).tolist(), form=".0f"))

    board.section("The same network for all")
    few = min(few, len(learn))
    board.say(f"""
        Each description goes into a network with {so_many(hidden, "hidden node")}, the same
        otherwise, that sees {len(learn):,} digits {times(epochs)}; and then into another one that
        gets only {few} digits, but looks at them so much more often. Right on {len(test):,} test
        digits:
    """)
    rows: list[list[object]] = []
    right: list[tuple[float, float]] = []
    for name, describe in FEATURES.items():
        described = describe(learn)
        most = described.max() if name == "pixels" else described.max(axis=0)
        inputs, exam = squeezed(described, most), squeezed(describe(test), most)
        full, poor = (
            examine(
                board,
                inputs[:count],
                digits.labels[:count],
                exam,
                digits.test_labels,
                rng,
                hidden,
                rate,
                epochs * (len(learn) // count),
            )
            for count in (len(learn), few)
        )
        rows.append(
            [
                name,
                inputs.shape[1],
                f"{inputs.shape[1] * hidden + 10 * hidden:,}",
                f"{full:.1%}",
                f"{poor:.1%}",
            ]
        )
        right.append((full, poor))
    board.table(
        ["description", "inputs", "weights", f"{len(learn):,} digits", f"{few} digits"],
        rows,
    )

    amounts = (f"learned from {len(learn):,} digits", f"learned from {few} digits")

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        for side, name in enumerate(amounts):
            shares = [100 * score[side] for score in right]
            filled = axes.bar(np.arange(4) + 0.4 * side, shares, 0.4, label=name)
            axes.bar_label(filled, fmt="%.0f")
        axes.set(
            xticks=np.arange(4) + 0.2,
            xticklabels=list(FEATURES),
            xlabel="description",
            ylabel="% of digits read right",
            ylim=(0, 115),
            title="The same network, four descriptions",
        )
        axes.legend()

    board.picture("right", bars(list(FEATURES), [full for full, _ in right], most=1), paint)
    with_all, with_few = (
        dict(zip(FEATURES, shares, strict=True)) for shares in zip(*right, strict=True)
    )
    board.say(f"""
        {_answer(with_all, f"With {len(learn):,} digits")}
        {_answer(with_few, f"With {few} digits")} A good description makes the task easier and
        needs fewer weights; a bad one throws away what mattered (with row and column sums alone,
        who can say which corner the ink is in?). The price is that a person had to think of it.
        Today's networks with convolutions learn such edge-finders themselves, and so does the
        network that pi-reader reads with.
    """)


def _answer(shares: dict[str, float], given: str) -> str:
    """Whether the pixels were best, by the share read right (0 to 1) with each description."""
    best = max(shares, key=lambda name: shares[name])
    worst = min(shares, key=lambda name: shares[name])
    behind = f"worst are {worst}, with {shares[worst]:.1%}"
    return pick(
        (
            shares["pixels"] == shares[best],
            f"{given} nothing beats the pixels ({shares['pixels']:.1%}); {behind}.",
        ),
        (
            True,
            f"{given} the inputs need not be pixels: {best} get {shares[best]:.1%}, pixels "
            f"{shares['pixels']:.1%}; {behind}.",
        ),
    )


def _paint_descriptions(
    figure: Any, picture: np.ndarray, coarse: np.ndarray, edges: np.ndarray
) -> None:
    """One digit (28, 28) in four ways; edges: (8,) how much runs in each direction."""
    figure.suptitle("One digit, described in four ways")
    (pixels_at, zones_at), (sums_at, edges_at) = figure.subplots(2, 2)
    pixels_at.imshow(picture, cmap="gray_r")
    pixels_at.set(xticks=[], yticks=[], title="784 pixels")
    zones_at.imshow(coarse, cmap="gray_r")
    zones_at.set(xticks=[], yticks=[], title="7 × 7 zones")
    sums_at.plot(picture.sum(axis=1), label="of rows, from the top")
    sums_at.plot(picture.sum(axis=0), label="of columns, from the left")
    sums_at.set(xlabel="row or column", ylabel="ink", title="sums")
    sums_at.legend(fontsize=8)
    edges_at.barh(range(8), edges)
    edges_at.set(yticks=range(8), yticklabels=NAMES, xlabel="edge", title="directions")
