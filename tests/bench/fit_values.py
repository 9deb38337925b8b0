"""Fits what parts two numbers of a line, and when a value is believed; prints both for the code.

    python tests/bench/fit_values.py gaps [--pages 1500]
    python tests/bench/fit_values.py belief [--each 45] [--mnist DIR]

`gaps`, for `reading.spaces`: pages of one to four lines are written as `handwriting.writing` does;
one in sixteen holds several numbers a line, with one to three blanks between them. Nothing is read:
a gap is what the pen left free. The second half of the pages says how often the numbers err.

`belief`, for `values`: pages of values are read, none of those that `values.py` draws and none of
its withheld layouts. A value is sure from where, on pages that the numbers were not fitted on, so
many of all values are wrong and sure as may be.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import values
from measure import add_mnist, arguments

# isort: split
import numpy as np

from pi_reader.cli.common import open_reader
from pi_reader.handwriting.stamps import Stamps
from pi_reader.handwriting.values import KINDS, WITHHELD, decimal, draw_values
from pi_reader.handwriting.writing import Hand, write
from pi_reader.network.logistic import Logistic
from pi_reader.reading.reader import Reader
from pi_reader.reading.spaces import gap_features, measure_gaps, usual_gap
from pi_reader.training.data import load_test
from pi_reader.values import EVIDENCE, Digit, Reading

SEED = 18
SEVERAL = 1 / 16  # of the pages hold several numbers a line
TALL = 40.0  # pixels of a digit
LEAST_BLANK, WIDE = 0.5, 0.4  # heights: a blank that people can tell from a gap; from where these
# are so wide that blanks are wider, too
WRONG = 0.005  # of all values may be wrong and sure
RIDGE = 3.0
FOLDS = 2
Told = tuple[bool, list[tuple[float, ...] | None]]
Line = tuple[np.ndarray, np.ndarray, np.ndarray]  # places, which are digits, where blanks are


def main() -> None:
    """Fit one of the two."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("what", choices=("gaps", "belief"))
    parser.add_argument("--pages", type=int, default=1500, help="how many are written, for gaps")
    parser.add_argument("--each", type=int, default=45, help="pages of each kind, for belief")
    parser.add_argument("--weights", default="default", help="name or file")
    args = parser.parse_args()
    if args.what == "gaps":
        fit_gaps(args.pages)
    else:
        fit_belief(open_reader(args.weights), args.each, args.mnist)


def fit_gaps(pages: int) -> None:
    """Print `USUAL` and `PARTS`, fitted on the first half of some pages."""
    rng = np.random.default_rng(SEED)
    rows, blanks, usuals = [], [], []
    for _ in range(pages):
        page = write_page(rng)
        usual = usual_gap([(places, are_digits) for places, are_digits, _ in page])
        usuals.append(usual)
        for places, are_digits, blank in page:
            beside_sign = ~(are_digits[1:] & are_digits[:-1])
            rows.append(gap_features(measure_gaps(places, are_digits), beside_sign, usual))
            blanks.append(blank)
    x, parted = np.concatenate(rows), np.concatenate(blanks)
    half = len(x) // 2
    names = ("gap", "log gap", "beside a sign", "log usual gap")
    found = Logistic.fit(names, x[:half], parted[:half].astype(np.float64))
    print(f"USUAL = {np.median(usuals):.2f}")
    print(f"PARTS = {plain(found)}")
    wrong = (found(x[half:]) > 0.5) != parted[half:]
    count = int(parted[half:].sum())
    print(f"{len(wrong)} gaps, {count} of them blanks, {int(wrong.sum())} taken wrongly")


def write_page(rng: np.random.Generator) -> list[Line]:
    """The lines of one page, all by one hand."""
    hand = Hand.random(rng, TALL, float(rng.uniform(0, 0.5)), None)
    space = max(hand.space, LEAST_BLANK, LEAST_BLANK * hand.gap / WIDE)
    hand = replace(hand, space=space, touching=0.0)
    several = rng.random() < SEVERAL
    blanks, mark = " " * int(rng.integers(1, 4)), ".,"[rng.integers(2)]
    decimals = int(rng.integers(0, 3))
    page = []
    for _ in range(int(rng.integers(1, 5))):
        count = int(rng.integers(2, 5)) if several else 1
        text = blanks.join(decimal(rng, mark, 4, decimals, 0.1) for _ in range(count))
        page.append(write_line(rng, hand, text))
    return page


def write_line(rng: np.random.Generator, hand: Hand, text: str) -> Line:
    """Where the marks of a line stand, which are digits, and after which of them a blank comes."""
    places = np.array([mark.extent for mark in write(rng, hand, text, 0)], np.float32)
    letters = [(place, letter) for place, letter in enumerate(text) if letter != " "]
    are_digits = np.array([letter.isdigit() for _, letter in letters])
    return places, are_digits, np.diff([place for place, _ in letters]) > 1


def fit_belief(reader: Reader, each: int, mnist: Path) -> None:
    """Print `BELIEF` and `BELIEVED_AT`."""
    stamps = Stamps(*load_test(mnist))
    pages = []
    for number, kind in enumerate(KINDS):
        for seed in range(each if kind not in WITHHELD else 0):
            page = draw_values(np.random.default_rng([SEED, number, seed]), kind, stamps)
            pages.append(told(reader.read(page.frame), page.entries))
    report(pages)


def told(reading: Reading, entries: tuple[values.Entry, ...]) -> list[Told]:
    """What was read of each value that was written: whether it is right, and the evidence for each
    value that stands there."""
    where = {}
    for line in reading.lines:
        for value in line.values:
            inside = [
                m for m in line.marks if value.box.common(m.box) == m.box.width * m.box.height
            ]
            is_told = all(mark.sure for mark in inside if isinstance(mark, Digit))
            is_told &= value.kind != "number" or value.number is not None
            where[value] = line.evidence(inside) if inside and is_told else None
    return [
        (
            values.judge(entry, reading).startswith("right"),
            [where[value] for value in values.beside(entry, reading)],
        )
        for entry in entries
    ]


def report(pages: list[list[Told]]) -> None:
    """Fit, choose the threshold on what was not fitted on, and say what that gives.

    A value that was read as several is as sure as the least of these.
    """
    rows = [
        (fold % FOLDS, number, right, evidence)
        for number, (fold, right, found) in enumerate(
            (fold, right, found) for fold, page in enumerate(pages) for right, found in page
        )
        if found and None not in found
        for evidence in found
    ]
    count = sum(map(len, pages))
    folds, owner, right = (np.array([row[at] for row in rows]) for at in range(3))
    x = np.array([row[3] for row in rows], np.float32)
    chances = np.ones(count)
    for fold in range(FOLDS):
        found = Logistic.fit(EVIDENCE, x[folds != fold], right[folds != fold], RIDGE)
        np.minimum.at(chances, owner[folds == fold], found(x[folds == fold]))
    is_right = np.zeros(count, bool)
    is_right[owner] = right
    known = np.unique(owner)
    order = known[np.argsort(-chances[known])]
    sure = int(np.searchsorted(np.cumsum(~is_right[order]), WRONG * count, side="right"))
    threshold = chances[order[min(sure, len(order) - 1)]]
    print(f"BELIEF = {plain(Logistic.fit(EVIDENCE, x, right, RIDGE))}")
    print(f"BELIEVED_AT = {threshold:.3f}")
    print(f"{count} values, {len(order)} told without a ?, {is_right[order].mean():.1%} right")
    print(f"{sure / count:.1%} of all sure, {WRONG:.1%} wrong and sure")


def plain(found: Logistic) -> tuple[float, ...]:
    """The constant and the factors of numbers as they are."""
    slopes = found.weights[:-1] / found.scale
    first = found.weights[-1] - (slopes * found.mean).sum()
    return tuple(round(float(one), 2) for one in (first, *slopes))


if __name__ == "__main__":
    main()
