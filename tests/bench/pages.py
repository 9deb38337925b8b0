"""How many drawn pages are read without a mistake: by pi-reader, and by OpenCV with onnxruntime.

    python tests/bench/pages.py [--mnist DIR] [--pages 200] [--difficulty D] [--seed N]

The peers should fail often: pages that any evening's project reads teach and test little. A page
counts when its text is right to the last digit and no digit was invented; `?` is a mistake. Also
counted: the edit distance to the truth per digit written, and digits that were never there.
"""

from __future__ import annotations

from measure import add_mnist, arguments, table

# isort: split
import numpy as np
from peers import METHODS, Peer, peer_network

from pi_reader.cli.common import open_reader
from pi_reader.handwriting import draw_page
from pi_reader.scoring import edit_distance


def main() -> None:
    """Print one row per reader."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--difficulty", type=float, default=None, help="0 to 1 (default: as drawn)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--weights", default="default", help="pi-reader's weights, name or file")
    args = parser.parse_args()
    reader = open_reader(args.weights)
    peers = {name: Peer(peer_network(args.mnist), name) for name in METHODS}
    rng = np.random.default_rng(args.seed)
    settings = {} if args.difficulty is None else {"difficulty": args.difficulty}
    scores = {name: Score() for name in ("pi-reader", *peers)}
    for _ in range(args.pages):
        page = draw_page(rng, **settings)
        truth = ["".join(str(label) for label, _ in line) for line in page.lines]
        scores["pi-reader"].add(reader.read(page.frame).text, truth)
        for name, peer in peers.items():
            scores[name].add(peer.text(page.frame.grey), truth)
    rows = [(name, *score.figures()) for name, score in scores.items()]
    table((f"{args.pages} pages", "no mistake", "edits per digit"), rows)


class Score:
    """Counts over pages."""

    def __init__(self) -> None:
        self.pages = self.exact = self.digits = self.edits = 0

    def add(self, text: str, truth: list[str]) -> None:
        """Take in one page: the text as read, and its true lines."""
        self.pages += 1
        self.exact += text.split() == truth
        self.digits += sum(map(len, truth))
        self.edits += edit_distance(text.replace("\n", ""), "".join(truth))

    def figures(self) -> tuple[str, str]:
        """The shares, for the table."""
        return f"{self.exact / self.pages:.1%}", f"{self.edits / self.digits:.3f}"


if __name__ == "__main__":
    main()
