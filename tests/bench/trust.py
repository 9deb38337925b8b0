"""From what trust in a page its sure digits are believed (`box.vote.TRUSTED`), and what that costs.

    python tests/bench/trust.py [--each 300] [--weights W] [--mnist DIR]

Drawn scenes are read that hold digits, and as many that hold none (alphabets, prose, signs,
photographs of things), kinds by their share. For each bar: the share of the pages, among those with
sure digits, that stay below it, and what it makes `?` of the digits of the first: right, and wrong.
"""

from __future__ import annotations

from measure import add_mnist, arguments, table

# isort: split
import numpy as np

from pi_reader.box.vote import trust
from pi_reader.cli.common import open_reader
from pi_reader.handwriting.scenes import KINDS, draw_scene
from pi_reader.handwriting.stamps import Stamps
from pi_reader.reading.reader import Reader
from pi_reader.scoring import match
from pi_reader.training.data import load_test
from pi_reader.values import CLEAR

SEED = 21
NONE = ("alphabet", "prose", "signs", "scene")  # kinds that hold no digits
BARS = (0.6, 0.7, 0.75, 0.8, 0.85, 0.9)


def main() -> None:
    """Print one row per bar."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--each", type=int, default=300, help="scenes with digits; as many without")
    parser.add_argument("--weights", default="default", help="name or file")
    args = parser.parse_args()
    reader, stamps = open_reader(args.weights), Stamps(*load_test(args.mnist))
    digits, none = (see(reader, stamps, args.each, holds) for holds in (True, False))
    rows = []
    for bar in BARS:
        below = [[page for page in pages if page[0] < bar] for pages in (digits, none)]
        shares = [
            f"{len(some)} of {len(all_)}" for some, all_ in zip(below, (digits, none), strict=True)
        ]
        right, wrong = (sum(page[which] for page in below[0]) for which in (1, 2))
        rows.append((f"{bar:g}", *shares, right, wrong))
    table(("trust below", "pages with digits", "pages without", "right ones lost", "wrong"), rows)


def see(reader: Reader, stamps: Stamps, each: int, holds: bool) -> list[tuple[float, int, int]]:
    """Of each scene with a sure digit: the trust in it, and how many digits that are sure and not
    clear are right and wrong."""
    kinds = [kind for kind in KINDS if (kind in NONE) != holds]
    shares = np.array([KINDS[kind] for kind in kinds])
    pages = []
    for number in range(each):
        rng = np.random.default_rng([SEED, holds, number])
        scene = draw_scene(rng, str(rng.choice(kinds, p=shares / shares.sum())), stamps)
        written = [(g.name, g.box) for g in scene.glyphs if g.name.isdecimal()]
        digits = reader.read(scene.frame).digits
        if bool(written) != holds or not any(digit.sure for digit in digits):
            continue
        pairs = match([digit.box for digit in digits], [box for _, box in written])
        right = [
            i in pairs and written[pairs[i]][0] == str(digit.label)
            for i, digit in enumerate(digits)
            if digit.sure and digit.confidence < CLEAR
        ]
        pages.append((trust(digits), sum(right), len(right) - sum(right)))
    return pages


if __name__ == "__main__":
    main()
