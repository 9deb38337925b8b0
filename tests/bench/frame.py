"""One 640x480 frame to a reading, beside OpenCV with onnxruntime, on one core.

    python tests/bench/frame.py [--mnist DIR] [--rounds N] [--digits 1 8 25]

The pages are digits of MNIST's test images on paper with uneven light: easy, so that every reader
has the same digits to classify; what share each read right is printed beside its time, which is the
mean over some pages. Growth is what the fullest pages cost in terms of the emptiest.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial

from measure import add_mnist, arguments, interleave, ratio, table

# isort: split
import numpy as np
from peers import METHODS, Peer, peer_network
from PIL import Image

from pi_reader.cli.common import open_reader
from pi_reader.training.data import MNIST, load_mnist
from pi_reader.values import Frame

WIDTH, HEIGHT = 640, 480
PAGES = 6  # of each kind
OURS = "pi-reader"


def main() -> None:
    """Print times for each number of digits, then the growth."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--digits", type=int, nargs="+", default=[1, 8, 25])
    parser.add_argument("--weights", default="default", help="pi-reader's weights, name or file")
    args = parser.parse_args()
    reader = open_reader(args.weights)
    peers = {name: Peer(peer_network(args.mnist), name) for name in METHODS}
    data = load_mnist(args.mnist)
    mine = {}
    for count in args.digits:
        pages = [page(data, count, seed) for seed in range(PAGES)]
        texts: dict[str, Callable[[np.ndarray], str]] = {OURS: lambda g: reader.read(Frame(g)).text}
        texts |= {name: peer.text for name, peer in peers.items()}
        found = {
            name: sum(right(text(grey), true) for grey, true in pages) / count / PAGES
            for name, text in texts.items()
        }
        frames = [grey for grey, _ in pages]
        works = {name: partial(each, text, frames) for name, text in texts.items()}
        times = {
            name: t.scaled(1 / PAGES)
            for name, t in interleave(works, args.rounds, warm_up=3).items()
        }
        mine[count] = times[OURS].median
        table(
            (f"{count} digits", "right", "wall ms", "processor ms", "pi-reader takes"),
            [
                (
                    name,
                    f"{found[name]:.0%}",
                    f"{statistics.median(t.wall) * 1e3:.2f}",
                    f"{statistics.median(t.processor) * 1e3:.2f}",
                    f"{ratio(times[OURS], t):.2f} x",
                )
                for name, t in times.items()
            ],
        )
    least, most = min(mine), max(mine)
    print(f"growth: {most} digits take {mine[most] / mine[least]:.2f} times as long as {least}")


def each(read: Callable[[np.ndarray], str], frames: list[np.ndarray]) -> None:
    """Read all pages."""
    for grey in frames:
        read(grey)


def page(data: MNIST, count: int, seed: int) -> tuple[np.ndarray, str]:
    """A (480, 640) uint8 page with `count` digits in rows of up to seven, and its text."""
    rng = np.random.default_rng([count, seed])
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
