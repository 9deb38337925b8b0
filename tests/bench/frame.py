"""One 640x480 frame to a reading, beside OpenCV with onnxruntime, on one core.

    python tests/bench/frame.py [--mnist DIR] [--rounds N] [--digits 1 8 25]

The page is pencil-grey digits of MNIST's test images on paper with uneven light: easy, so that
every reader has the same digits to classify; how many each read right is printed beside its time.
Growth is what the fullest page costs in terms of the emptiest.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path

from measure import add_mnist, arguments, interleave, ratio, table

# isort: split
import numpy as np
from peers import METHODS, Peer, peer_network
from PIL import Image

from pi_reader.cli.common import open_reader
from pi_reader.training.data import load_mnist
from pi_reader.values import Frame

WIDTH, HEIGHT = 640, 480
OURS = "pi-reader"


def main() -> None:
    """Print times for each number of digits, then the growth."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--rounds", type=int, default=101)
    parser.add_argument("--digits", type=int, nargs="+", default=[1, 8, 25])
    parser.add_argument("--weights", default="default", help="pi-reader's weights, name or file")
    args = parser.parse_args()
    reader = open_reader(args.weights)
    peers = {name: Peer(peer_network(args.mnist), name) for name in METHODS}
    mine = {}
    for count in args.digits:
        grey, text = page(args.mnist, count)
        frame = Frame(grey)
        found = {OURS: reader.read(frame).text} | {n: p.text(grey) for n, p in peers.items()}
        works: dict[str, Callable[[], object]] = {OURS: partial(reader.read, frame)}
        works |= {name: partial(peer.read, grey) for name, peer in peers.items()}
        times = interleave(works, args.rounds, warm_up=10)
        mine[count] = times[OURS].median
        table(
            (f"{count} digits", "right", "wall ms", "processor ms", "pi-reader takes"),
            [(name, right(found[name], text), f"{statistics.median(each.wall) * 1e3:.2f}",
              f"{statistics.median(each.processor) * 1e3:.2f}", f"{ratio(times[OURS], each):.2f} x")
             for name, each in times.items()],
        )
    least, most = min(mine), max(mine)
    print(f"growth: {most} digits take {mine[most] / mine[least]:.2f} times as long as {least}")


def page(mnist: Path, count: int) -> tuple[np.ndarray, str]:
    """A (480, 640) uint8 page with `count` digits in rows of up to seven, and its text."""
    data = load_mnist(mnist)
    rng = np.random.default_rng(count)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    paper = 215 - 40 * columns / WIDTH - 20 * (rows / HEIGHT) ** 2
    ink = Image.new("L", (WIDTH, HEIGHT))
    chosen = rng.choice(len(data.test_images), count, replace=False)
    for place, index in enumerate(chosen):
        row, column = divmod(place, 7)
        digit = Image.fromarray(data.test_images[index]).resize((84, 84), Image.Resampling.BICUBIC)
        x, y = 20 + 87 * column + rng.integers(-2, 3), 20 + 112 * row + rng.integers(-4, 5)
        ink.paste(digit, (int(x), int(y)))
    grey = paper * (1 - 0.7 * np.asarray(ink) / 255) + rng.normal(0, 2, paper.shape)
    labels = "".join(str(label) for label in data.test_labels[chosen])
    lines = [labels[start : start + 7] for start in range(0, count, 7)]
    return grey.clip(0, 255).astype(np.uint8), "\n".join(lines)


def right(found: str, truth: str) -> int:
    """How many digits stand in their places (a lost one only costs the rest of its line)."""
    pairs = zip(found.split("\n"), truth.split("\n"), strict=False)
    return sum(a == b for mine, true in pairs for a, b in zip(mine, true, strict=False))


if __name__ == "__main__":
    main()
