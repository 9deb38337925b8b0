"""How surely signs and letters that nobody trained on are refused, in a line with digits.

    python tests/bench/marks_in_line.py [--mnist DIR] [--marks FILE] [--each 100]

FILE is an .npz of `x` uint8 (n, 28, 28), white on black, and `name`. Of each name the second half
is read: every mark stands between two digits of MNIST's test images on either side, at the height
and size that it has in writing. It is refused if no sure digit lies on it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from measure import SHARED, add_mnist, arguments, table

# isort: split
import numpy as np
from PIL import Image

from pi_reader.cli.common import open_reader
from pi_reader.training.data import load_test
from pi_reader.values import Box, Frame

TALL = 60  # pixels of a digit
SIZES = {  # of the longer edge beside a digit's height, and the foot above the baseline
    "dot": (0.14, 0.0),
    "minus": (0.5, 0.45),
    "plus": (0.6, 0.2),
    "slash": (1.1, -0.05),
    "y": (0.9, -0.3),
}
USUAL = (0.7, 0.0)


def main() -> None:
    """Print one row per name."""
    args = parsed()
    reader = open_reader(args.weights)
    images, _ = load_test(args.mnist)
    marks = np.load(args.marks)
    rows = []
    for name in np.unique(marks["name"]):
        own = marks["x"][marks["name"] == name]
        own = own[len(own) // 2 :][: args.each]
        refused = right = 0
        for number, mark in enumerate(own):
            rng = np.random.default_rng([2026, number])
            digits = images[rng.choice(len(images), 4, replace=False)]
            grey, box = line(rng, [*digits[:2], mark, *digits[2:]], str(name))
            found = [digit for digit in reader.read(Frame(grey)).digits if digit.sure]
            on_it = [digit for digit in found if _holds(box, digit.box)]
            refused += not on_it
            right += len(found) - len(on_it)
        rows.append((name, len(own), f"{refused / len(own):.1%}", f"{right / len(own) / 4:.1%}"))
    table(("mark", "lines", "refused", "digits beside it that are sure"), rows)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--marks", type=Path, default=SHARED / "digits" / "marks.npz")
    parser.add_argument("--each", type=int, default=100, help="lines of each name")
    parser.add_argument("--weights", default="default", help="name or file")
    return parser.parse_args()


def line(rng: np.random.Generator, shapes: list[np.ndarray], name: str) -> tuple[np.ndarray, Box]:
    """A picture, (height, width) uint8, of four digits and a mark in their middle, and its box."""
    paper = Image.new("L", (640, 240))
    left, base, box = 60.0, 150, Box(0, 0, 0, 0)
    for place, shape in enumerate(shapes):
        size, foot = SIZES.get(name, USUAL) if place == 2 else (1.0, 0.0)
        ink = Image.fromarray(shape)
        ink = ink.crop(ink.point(lambda grey: 255 * (grey > 60)).getbbox())
        scale = size * TALL / (max(ink.size) if place == 2 else ink.height)
        ink = ink.resize((max(2, round(ink.width * scale)), max(2, round(ink.height * scale))))
        top = round(base - foot * TALL - ink.height + rng.normal(0, 1))
        paper.paste(ink, (round(left), top))
        if place == 2:
            box = Box(round(left), top, ink.width, ink.height)
        left += ink.width + TALL * rng.uniform(0.25, 0.45)
    grey = 215 - 0.7 * np.asarray(paper, np.float32) + rng.normal(0, 2, (240, 640))
    return grey.clip(0, 255).astype(np.uint8), box


def _holds(one: Box, other: Box) -> bool:
    """Whether the middle of one box lies in the other."""
    return any(
        a.x <= b.x + b.width / 2 < a.right and a.y <= b.y + b.height / 2 < a.bottom
        for a, b in ((one, other), (other, one))
    )


if __name__ == "__main__":
    main()
