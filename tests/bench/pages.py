"""How many drawn pages are read without a mistake: by pi-reader, and by OpenCV with onnxruntime.

    python tests/bench/pages.py [--mnist DIR] [--pages 200] [--difficulty D] [--seed N]

The peers should fail often: pages that any evening's project reads teach and test little. A page
counts when its text is right to the last digit and no digit was invented, whatever the lines; `?`
is a mistake. Beside it, the edit distance to the truth per digit written.
"""

from __future__ import annotations

from measure import add_mnist, arguments, table

# isort: split
import numpy as np
from peers import METHODS, Peer, peer_network

from pi_reader.cli.common import open_reader
from pi_reader.handwriting.page import draw_page
from pi_reader.scoring import edit_distance


def main() -> None:
    """Print one row per reader."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--difficulty", type=float, default=0.5, help="0 to 1")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--weights", default="default", help="pi-reader's weights, name or file")
    args = parser.parse_args()
    reader = open_reader(args.weights)
    peers = {name: Peer(peer_network(args.mnist), name) for name in METHODS}
    rng = np.random.default_rng(args.seed)
    scores = {name: Score() for name in ("pi-reader", *peers)}
    for _ in range(args.pages):
        page = draw_page(rng, args.difficulty)
        scores["pi-reader"].add(reader.read(page.frame).text, page.text)
        for name, peer in peers.items():
            scores[name].add(peer.text(page.frame.grey), page.text)
    rows = [(name, *score.figures()) for name, score in scores.items()]
    table((f"{args.pages} pages", "no mistake", "edits per digit"), rows)


class Score:
    """Counts over pages."""

    def __init__(self) -> None:
        self.pages = self.exact = self.digits = self.edits = 0

    def add(self, text: str, truth: str) -> None:
        """Take in one page: the text as read, and as it is written."""
        text, truth = text.replace("\n", ""), truth.replace("\n", "")
        self.pages += 1
        self.exact += text == truth
        self.digits += len(truth)
        self.edits += edit_distance(text, truth)

    def figures(self) -> tuple[str, str]:
        """The shares, for the table."""
        return f"{self.exact / self.pages:.1%}", f"{self.edits / self.digits:.3f}"


if __name__ == "__main__":
    main()
