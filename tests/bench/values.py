"""How values are read on drawn pages of prices, temperatures, dates, times, columns and sums.

    python tests/bench/values.py [--mnist DIR] [--each 44] [--kinds prices,log] [--printed 20]

Half of the pages show digits of MNIST's test set. A value is right if the text that stands in its
place is what is written, as a number if it is one. It is wrong and sure if another value stands
there and is not marked unsure; a point is lost or invented if that differs in its point alone.
`receipt` and `log` are layouts from which nothing was learned or fitted. `--printed N` reads lines
of printed decimals in N typefaces instead: fonts of this machine at several widths and slants.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from pathlib import Path

from measure import add_mnist, arguments, table

# isort: split
import numpy as np
from PIL import Image

from pi_reader.cli.common import open_reader
from pi_reader.handwriting.scenes import Stamps
from pi_reader.handwriting.values import KINDS, WITHHELD, Entry, draw_values
from pi_reader.training.data import load_test
from pi_reader.values import Reading, Value

SEED = 17


def main() -> None:
    """Print one row per kind of page."""
    args = parsed()
    reader = open_reader(args.weights)
    stamps = Stamps(*load_test(args.mnist))
    rows, total, withheld = [], Counter[str](), Counter[str]()
    for kind in args.kinds.split(",") if args.kinds else KINDS:
        score, times = Counter[str](), []
        for seed in range(args.first, args.first + args.each):
            rng = np.random.default_rng([SEED, list(KINDS).index(kind), seed])
            page = draw_values(rng, kind, stamps)
            begin = time.process_time()
            reading = reader.read(page.frame)
            times.append(1000 * (time.process_time() - begin))
            for entry in page.entries:
                verdict = judge(entry, reading)
                score[verdict] += 1
                if args.show and verdict != "right":
                    said = [value.text for value in beside(entry, reading)]
                    print(kind, seed, verdict, repr(entry.text), said, flush=True)
            if args.out:
                args.out.mkdir(parents=True, exist_ok=True)
                Image.fromarray(page.frame.grey).save(args.out / f"{kind}-{seed}.png")
        total += score
        withheld += score if kind in WITHHELD else Counter()
        rows.append((kind, *figures(score), f"{statistics.median(times):.0f}"))
    rows.append(("all", *figures(total), ""))
    rows.append(("withheld", *figures(withheld), ""))
    head = (f"{args.each} pages each", "values", "right", "unsure", "wrong and sure", "point", "ms")
    table(head, rows)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--kinds", default="", help=f"with commas between: {','.join(KINDS)}")
    parser.add_argument("--each", type=int, default=45, help="pages of each kind")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--show", action="store_true", help="print what is not right")
    parser.add_argument("--out", type=Path, help="folder to write the pages to")
    parser.add_argument("--weights", default="default", help="name or file")
    return parser.parse_args()


def beside(entry: Entry, reading: Reading) -> list[Value]:
    """The values that were read where an entry stands."""
    return [
        value
        for value in reading.values
        if 2 * value.box.common(entry.box) > value.box.width * value.box.height
    ]


def judge(entry: Entry, reading: Reading) -> str:
    """What became of one value: right, unsure, missing, wrong, point."""
    found = beside(entry, reading)
    if not found:
        return "missing"
    text = entry.text.replace(" ", "").rstrip("=")
    if len(found) == 1:
        got = found[0].text.replace(" ", "").rstrip("=")
        same_number = entry.number is not None and found[0].number == entry.number
        if got == text or same_number:
            return "right" if found[0].sure else "right, unsure"
    if not all(value.sure for value in found):
        return "unsure"
    digits = "".join(letter for value in found for letter in value.text if letter.isdigit())
    alike = digits == "".join(letter for letter in text if letter.isdigit())
    return "point" if alike and entry.kind == "number" else "wrong"


def figures(score: Counter[str]) -> tuple[str, ...]:
    """A row of the table: shares of all values."""
    count = max(1, sum(score.values()))
    right = score["right"] + score["right, unsure"]
    unsure = score["unsure"] + score["right, unsure"] + score["missing"]
    wrong = score["wrong"] + score["point"]
    return (
        str(sum(score.values())),
        *(f"{part / count:.1%}" for part in (right, unsure, wrong, score["point"])),
    )


if __name__ == "__main__":
    main()
