"""How values are read on drawn pages of prices, temperatures, dates, times, rows, columns and sums.

    python tests/bench/values.py [--mnist DIR] [--each 44] [--kinds prices,log] [--show]
    python tests/bench/values.py --printed 20 [--fonts DIR]

Half of the pages show digits of MNIST's test set. A value is right if the text that stands in its
place is what is written, as a number if it is one. It is wrong and sure if another value stands
there and is not marked unsure; a point is lost or invented if that differs in its point alone.
`receipt` and `log` are layouts from which nothing was learned or fitted.

`--printed N` reads pages of printed decimals instead, in up to N fonts that lie below DIR, by
default those of this machine; each weight and slant is a font, those of symbols are left out.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

from measure import add_mnist, arguments, table

# isort: split
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pi_reader.cli.common import open_reader
from pi_reader.handwriting.scenes import Stamps
from pi_reader.handwriting.values import KINDS, WITHHELD, Entry, decimal, draw_values
from pi_reader.reading.reader import Reader
from pi_reader.training.data import load_test
from pi_reader.values import Box, Frame, Reading, Value

SEED = 17
FONTS = Path("/usr/share/fonts")
SYMBOLS = ("cmex", "cmsy", "siz", "nonuni", "symbol", "ornament", "emoji", "icon")


def main() -> None:
    """Print one row per kind of page."""
    args = parsed()
    reader = open_reader(args.weights)
    if args.printed:
        return read_printed(args, reader)
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


def read_printed(args: argparse.Namespace, reader: Reader) -> None:
    """Print one row per font, and one of all."""
    rows, total = [], Counter[str]()
    for number, (name, path) in enumerate(fonts_below(args.fonts, args.printed)):
        score = Counter[str]()
        for seed in range(args.first, args.first + args.each):
            page, entries = print_page(np.random.default_rng([SEED, seed]), path)
            if args.out:
                args.out.mkdir(parents=True, exist_ok=True)
                Image.fromarray(page.grey).save(args.out / f"printed-{number}-{seed}.png")
            reading = reader.read(page)
            for entry in entries:
                verdict = judge(entry, reading)
                score[verdict] += 1
                if args.show and verdict != "right":
                    said = [value.text for value in beside(entry, reading)]
                    print(name, seed, verdict, repr(entry.text), said, flush=True)
        total += score
        rows.append((name, *figures(score)))
    if not rows:
        raise SystemExit(f"{args.fonts}: has no fonts (*.ttf, *.otf); name a folder with --fonts")
    rows.append((f"all {len(rows)} fonts", *figures(total)))
    head = (f"{args.each} pages each", "values", "right", "unsure", "wrong and sure", "point")
    table(head, rows)


def fonts_below(folder: Path, most: int) -> list[tuple[str, Path]]:
    """Up to so many fonts that have digits, each name once, spread over all there are."""
    found: dict[str, Path] = {}
    for path in sorted([*folder.rglob("*.ttf"), *folder.rglob("*.otf")]):
        if any(word in path.stem.lower() for word in SYMBOLS):
            continue
        try:
            font = ImageFont.truetype(str(path), 40)
        except OSError:
            continue
        shapes = {bytes(font.getmask(letter)) for letter in "0123456789\uffff"}
        if len(shapes) == 11:  # else some are the box that stands for what a font does not have
            found.setdefault(" ".join(filter(None, font.getname())), path)
    names = list(found)
    chosen = np.unique(np.linspace(0, len(names) - 1, min(most, len(names))).astype(int))
    return [(names[place], found[names[place]]) for place in chosen]


def print_page(rng: np.random.Generator, path: Path) -> tuple[Frame, list[Entry]]:
    """A page of five decimals in one font and size, with noise, and the truth."""
    picture = Image.new("L", (640, 480), int(rng.integers(190, 235)))
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(str(path), int(rng.integers(36, 64)))
    ink, mark, entries = int(rng.integers(10, 70)), ".,"[rng.integers(2)], []
    for row in range(5):
        text = decimal(rng, mark, 4, int(rng.integers(1, 3)), 0.2)
        x, y = int(rng.integers(30, 250)), 20 + 90 * row
        draw.text((x, y), text, fill=ink, font=font)
        left, top, right, bottom = (int(edge) for edge in draw.textbbox((x, y), text, font=font))
        number = Decimal(text.replace(",", "."))
        entries.append(Entry("number", text, number, Box(left, top, right - left, bottom - top)))
    grey = np.asarray(picture, np.float32) + rng.normal(0, 3, (480, 640))
    return Frame(np.clip(grey, 0, 255).astype(np.uint8), "printed"), entries


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--kinds", default="", help=f"with commas between: {','.join(KINDS)}")
    parser.add_argument("--each", type=int, default=45, help="pages of each kind")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--printed", type=int, default=0, metavar="N", help="read N fonts instead")
    parser.add_argument("--fonts", type=Path, default=FONTS, metavar="DIR", help="where they lie")
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
