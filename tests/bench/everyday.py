"""How everyday paper is read, kind by kind: boxes, frames, rings, desks, columns, turned pages.

    python tests/bench/everyday.py [--mnist DIR] [--kinds plain,turned] [--each 40] [--first 100]

Every page is drawn from its kind and seed alone: half of them with digits of MNIST's test set, half
with a drawn hand. A page is exact if its digits are what is written, line by line, with `?` just
where nobody could say; it is wrong and sure if it is not and shows no `?`. Time is processor
milliseconds a page, beside plain paper in the same run. The last tenth of the seeds is kept from
sight: `--last` reads these, once, for the record.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

from measure import add_mnist, arguments, table

# isort: split
import numpy as np
from everyday_kinds import KINDS
from everyday_page import Page, drawn, save, stamped

from pi_reader.cli.common import open_reader
from pi_reader.reading.reader import Reader
from pi_reader.training.data import load_test
from pi_reader.values import Frame

SEEDS = 400  # of each kind; the last tenth is read only once


def main() -> None:
    """Print one row per kind."""
    args = parsed()
    reader = open_reader(args.weights)
    stamps = load_test(args.mnist)
    seen = range(SEEDS * 9 // 10)
    seeds = range(len(seen), SEEDS) if args.last else seen[args.first : args.first + args.each]
    rows, plain = [], Score()
    for kind in args.kinds.split(",") if args.kinds else KINDS:
        score = Score()
        for seed in seeds:
            page = draw(kind, seed, stamps)
            score.add(reader, page)
            if args.out:
                save(page, args.out / f"{kind}-{seed}.png")
        plain = score if kind == "plain" else plain
        rows.append((kind, *score.figures(plain)))
    head = (f"{len(seeds)} pages each", "exact", "of plain", "wrong and sure", "ms", "of plain")
    table(head, rows)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--kinds", default="", help=f"with commas between: {','.join(KINDS)}")
    parser.add_argument("--each", type=int, default=40, help="pages of each kind")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--last", action="store_true", help="the seeds that nobody looks at")
    parser.add_argument("--out", type=Path, help="folder to write the pages to")
    parser.add_argument("--weights", default="default", help="name or file")
    return parser.parse_args()


def draw(kind: str, seed: int, stamps: tuple[np.ndarray, np.ndarray]) -> Page:
    """The page of a kind with this seed."""
    rng = np.random.default_rng([14, list(KINDS).index(kind), seed])
    page = Page(rng, stamped(rng, *stamps) if seed % 2 else drawn(rng))
    KINDS[kind](page)
    if page.grey is None:
        page.grey = page.photographed()
    return page


@dataclass
class Score:
    """Counts over the pages of one kind."""

    pages: int = 0
    exact: int = 0
    sure: int = 0
    times: list[float] = field(default_factory=list)

    def add(self, reader: Reader, page: Page) -> None:
        """Read one page."""
        assert page.grey is not None
        begin = time.process_time()
        reading = reader.read(Frame(page.grey, "drawn"))
        self.times.append(1000 * (time.process_time() - begin))
        truth = "\n".join("".join(line) for line in page.lines)
        exact = re.fullmatch(truth, reading.number) is not None
        if page.blurred and reading.blurred:
            exact |= not any(digit.sure for digit in reading.digits)
        self.pages += 1
        self.exact += exact
        self.sure += not exact and "?" not in reading.number and bool(reading.digits)

    def figures(self, plain: Score) -> tuple[str, ...]:
        """The row of the table, beside plain paper where that was read."""
        cost = statistics.median(self.times)
        shares = ["", ""]
        if plain.exact:
            shares = [
                f"{self.exact / self.pages / (plain.exact / plain.pages):.0%}",
                f"{cost / statistics.median(plain.times):.2f}",
            ]
        return (
            f"{self.exact / self.pages:.1%}",
            shares[0],
            f"{self.sure / self.pages:.1%}",
            f"{cost:.1f}",
            shares[1],
        )


if __name__ == "__main__":
    main()
