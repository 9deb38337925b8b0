"""What a night teaches: new hands, many hands, one digit corrected again and again, and the gate.

    python tests/bench/learning.py hands [--weights W]       five or more new hands, 60 digits each
    python tests/bench/learning.py semeion [--weights W]     60 digits of 80 writers, five splits
    python tests/bench/learning.py one [--weights W]         30 times the same digit of a hand
    python tests/bench/learning.py gate [--runs N]           N runs of each of four kinds of labels
    python tests/bench/learning.py mnist-only --out FILE     weights that never saw a drawn digit
    python tests/bench/learning.py at-once [--hands 20]      the memory after 1, 3, 10 corrections
    python tests/bench/learning.py fit-memory [--hands 15]   what each kernel would do

The last line of `at-once` is the mean share of errors that are gone after one correction. Its
hands are those of `hands` that are misread on pages, too; `fit-memory` has others. `--night` adds a
night with 60 digits, alone and with the memory, `--wrong` makes three labels of ten wrong.

`--drawn` takes MNIST away from the night (it is still tested by). semeion.npz is looked for beside
MNIST, or named with --semeion. Each prints a line for each run, then a summary; a run takes 15 to
20 seconds of one core.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import at_once
from measure import SHARED, add_mnist, arguments, table

# isort: split
import numpy as np

from pi_reader.handwriting import draw_patches
from pi_reader.handwriting.style import Style
from pi_reader.learning import rehearsal
from pi_reader.learning.finetune import LabelledDigits
from pi_reader.learning.memory import Memory
from pi_reader.learning.trial import Outcome, Trial
from pi_reader.network import store
from pi_reader.network.model import Model
from pi_reader.training import course, data, recipes, trainer
from pi_reader.values import Frame

LEARNED, OTHERS = 60, 500  # digits of a hand to learn from, and to look at afterwards
MANY = 3_000  # digits of a hand, to see what each digit lost
HARD = 0.05  # share misread from which a hand is a new one
EVENT = 4  # digits of a reading
_HANDS = 41  # keeps these people apart from those of any training


class Bench:
    """The weights to start from, and what they are tested by."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.parent, self.card = store.load(args.weights)
        self.memory = rehearsal.prepare(None if args.drawn else args.mnist)
        self.tested = data.load_test(args.mnist)
        self.base = errors(self.parent, *self.tested)
        self.known = Trial(self.parent, self.card.reject_below, nothing(), self.memory).general(
            self.parent
        )

    def night(self, taught: LabelledDigits, seed: int) -> Outcome:
        """A whole night: train, judge."""
        trial = Trial(
            self.parent, self.card.reject_below, taught, self.memory, seed, known=self.known
        )
        return trial.run()

    def lost(self, outcome: Outcome) -> float:
        """Points of MNIST's test images that were lost."""
        assert outcome.model is not None
        return (errors(outcome.model, *self.tested) - self.base) / len(self.tested[1]) * 100


def errors(model: Model, patches: np.ndarray, labels: np.ndarray) -> int:
    return int(wrong(model, patches, labels).sum())


def wrong(model: Model, patches: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict(patches)[:, :10].argmax(axis=1) != labels)


def nothing() -> LabelledDigits:
    return LabelledDigits(
        np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8), np.zeros(0, int), np.zeros(0, bool)
    )


def taught(patches: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> LabelledDigits:
    """Digits in readings of four, of which one in five is held out."""
    events = np.arange(len(labels)) // EVENT
    block = np.unique(events) // 5
    held = {
        int(rng.choice(np.flatnonzero(block == part)))
        for part in np.unique(block)
        if (block == part).sum() == 5
    }
    return LabelledDigits(patches, labels.astype(np.uint8), events, np.isin(events, sorted(held)))


def hands(
    parent: Model, skip: int = 0, people: int = _HANDS
) -> Iterator[tuple[int, Style, np.ndarray, np.ndarray]]:
    """Some people whose digits the weights misread often, but for the first `skip`: number, style,
    500 digits, labels."""
    labels = np.arange(OTHERS) % 10
    for number in range(100_000):
        rng = np.random.default_rng([people, number])
        style = Style.random(rng)
        few = draw_patches(labels[:100], rng, style)  # a quick look
        if errors(parent, few, labels[:100]) < 100 * HARD / 2:
            continue
        patches = draw_patches(labels, rng, style)
        if errors(parent, patches, labels) < HARD * OTHERS:
            continue
        skip -= 1
        if skip < 0:
            yield number, style, patches, labels


def run_hands(args: argparse.Namespace, bench: Bench) -> None:
    rows = []
    for number, style, patches, labels in hands(bench.parent, args.skip):
        rng = np.random.default_rng([_HANDS, number, 1])
        before = errors(bench.parent, patches, labels)
        for split in range(args.splits):
            given = rng.integers(0, 10, LEARNED)
            lesson = taught(draw_patches(given, rng, style), given, rng)
            began = time.process_time()
            outcome = bench.night(lesson, split)
            rows.append(
                [
                    number,
                    split,
                    before,
                    *figures(bench, outcome, patches, labels, before),
                    time.process_time() - began,
                ]
            )
            print(rows[-1], outcome.why, flush=True)
        if len(rows) >= args.hands * args.splits:
            break
    summary(rows)


def figures(
    bench: Bench, outcome: Outcome, patches: np.ndarray, labels: np.ndarray, before: int
) -> list[object]:
    """After, share removed, points lost, state, how much was taken over, TFLOP."""
    if outcome.model is None:
        return [before, 0.0, 0.0, outcome.state, outcome.taken, round(outcome.work / 1e12, 2)]
    after = errors(outcome.model, patches, labels)
    return [
        after,
        round(1 - after / before, 3),
        round(bench.lost(outcome), 3),
        outcome.state,
        outcome.taken,
        round(outcome.work / 1e12, 2),
    ]


def summary(rows: list[list[object]]) -> None:
    removed = [float(row[4]) for row in rows]
    lost = [float(row[5]) for row in rows]
    table(
        (
            "runs",
            "removed mean",
            "least",
            "points lost mean",
            "most",
            "accepted",
            "TFLOP most",
            "processor s",
        ),
        [
            (
                len(rows),
                f"{np.mean(removed):.1%}",
                f"{min(removed):.1%}",
                f"{np.mean(lost):.3f}",
                f"{max(lost):.3f}",
                sum(row[6] == "accepted" for row in rows),
                max(float(row[8]) for row in rows),
                f"{np.mean([float(row[9]) for row in rows]):.1f}",
            )
        ],
    )


def run_semeion(args: argparse.Namespace, bench: Bench) -> None:
    with np.load(args.semeion) as arrays:
        x, y = arrays["x"], arrays["y"]
    rows = []
    for split in range(args.splits):
        rng = np.random.default_rng([3, split])
        order = rng.permutation(len(y))
        some, rest = order[:LEARNED], order[LEARNED:]
        before = errors(bench.parent, x[rest], y[rest])
        began = time.process_time()
        lesson = taught(x[some], y[some], rng)  # all sixty are learned from, none is held out
        lesson = dataclasses.replace(lesson, held_out=np.zeros(LEARNED, bool))
        outcome = bench.night(lesson, split)
        rows.append(
            [
                0,
                split,
                before,
                *figures(bench, outcome, x[rest], y[rest], before),
                time.process_time() - began,
            ]
        )
        print(rows[-1], outcome.why, flush=True)
    summary(rows)


def run_one(args: argparse.Namespace, bench: Bench) -> None:
    """Thirty times the digit that a hand is misread in most, and nothing else."""
    rows = []
    drawn = rehearsal.prepare(None).tested
    for number, style, patches, labels in hands(bench.parent, args.skip):
        labels = np.arange(MANY) % 10
        patches = draw_patches(labels, np.random.default_rng([_HANDS, number, 4]), style)
        was = wrong(bench.parent, patches, labels)
        digit = int(np.bincount(labels[was], minlength=10).argmax())
        rng = np.random.default_rng([_HANDS, number, 2])
        given = np.full(30, digit)
        lesson = dataclasses.replace(
            taught(draw_patches(given, rng, style), given, rng), events=np.arange(30)
        )
        began = time.process_time()
        outcome = bench.night(lesson, number)
        model = outcome.model or bench.parent
        now = wrong(model, patches, labels)
        before, after = int(was[labels == digit].sum()), int(now[labels == digit].sum())
        worst = []
        for x, y in ((patches, labels), bench.tested, drawn):
            change = wrong(model, x, y).astype(int) - wrong(bench.parent, x, y).astype(int)
            worst.append(
                max((round(100 * change[y == d].mean(), 2), d) for d in range(10) if d != digit)
            )
        rows.append(
            [
                number,
                digit,
                before,
                after,
                round(1 - after / before, 3),
                round(bench.lost(outcome), 3) if outcome.model else 0.0,
                outcome.state,
                outcome.taken,
                round(outcome.work / 1e12, 2),
                time.process_time() - began,
            ]
        )
        print(
            rows[-1],
            "worst other digit, points: hand, MNIST, drawn",
            worst,
            outcome.why,
            flush=True,
        )
        if len(rows) >= args.hands:
            break
    summary(rows)


def spoiled(kind: str, given: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What the owner says the digits are."""
    if kind == "30 % wrong":
        bad = rng.permutation(len(given))[: round(0.3 * len(given))]
        given = given.copy()
        given[bad] = (given[bad] + rng.integers(1, 10, len(bad))) % 10
    if kind == "all one digit":
        return np.full(len(given), rng.integers(0, 10))
    return given


KINDS = ("clean", "30 % wrong", "all one digit", "five only")


def run_gate(args: argparse.Namespace, bench: Bench) -> None:
    """Who comes through, and who should not have."""
    people = []
    for person in hands(bench.parent, args.skip):
        people.append(person)
        if len(people) >= args.hands:
            break
    results = []
    for kind in args.kinds or KINDS:
        good = bad = accepted = taken_good = 0
        for run in range(args.first, args.first + args.runs):
            number, style, patches, labels = people[run % len(people)]
            rng = np.random.default_rng([_HANDS, number, 3, run])
            given = rng.integers(0, 10, 5 if kind == "five only" else LEARNED)
            x = draw_patches(given, rng, style)
            outcome = bench.night(taught(x, spoiled(kind, given, rng), rng), run)
            before = errors(bench.parent, patches, labels)
            after, removed, lost, *_ = figures(bench, outcome, patches, labels, before)
            is_bad = outcome.model is not None and (after > before or float(lost) > 0.1)
            is_good = float(removed) >= 0.3 and not is_bad
            through = outcome.state == "accepted"
            good, accepted, bad = good + is_good, accepted + through, bad + (is_bad and through)
            taken_good += is_good and through
            print(
                kind,
                run,
                number,
                before,
                after,
                removed,
                lost,
                outcome.state,
                outcome.taken,
                f"{outcome.work / 1e12:.2f}",
                "BAD" if is_bad else "",
                outcome.why,
                flush=True,
            )
        results.append((kind, args.runs, accepted, bad, good, taken_good))
    table(
        (
            "labels",
            "runs",
            "accepted",
            "bad ones accepted",
            "remove 30 % or more",
            "of these accepted",
        ),
        results,
    )


def run_mnist_only(args: argparse.Namespace) -> None:
    """Train the default network without any drawn digit."""
    plain = dataclasses.replace(
        recipes.RECIPES["default"],
        drawn=0.0,
        non_digits=0.0,  # type: ignore
        pages=0.0,
    )
    recipes.RECIPES["mnist-only"] = plain
    settled = course.plan("mnist-only", args.seed, args.mnist, args.epochs)
    learner = course.learner_for(settled)
    trainer.train(learner, shown=trainer.Progress(learner))
    model = learner.result()
    card = course.calibrate_and_card(settled, model)
    learner.close()
    store.save(args.out, model, card)
    print(f"{args.out}: {card.accuracy:.2%} on {card.measured}")


def run_fit_memory(args: argparse.Namespace) -> None:
    """The kernel, on other people than those that are measured."""
    parent, _ = store.load(args.weights)
    images, names = data.load_train(args.mnist, mapped=True)
    rows = slice(None, None, course.HELD_EVERY)  # which the shipped weights were not trained on
    others = np.asarray(images[rows]), np.asarray(names[rows])
    people = ((number, style) for number, style, *_ in hands(parent, args.skip, at_once.FIT_HANDS))
    at_once.fit(args, people, others)


def run_at_once(args: argparse.Namespace, bench: Bench) -> None:
    """The memory alone; with `--night` also a night alone, and both."""
    reader, rng = at_once.reader_with(), np.random.default_rng(_HANDS)
    milliseconds, times = at_once.frame_cost(Style.random(rng), rng)
    once = at_once.Once()
    done, nights, both, lost = [], [], [], []
    x, y = bench.tested
    hidden = bench.parent.hidden(x)
    for number, style, *_ in hands(bench.parent, args.skip):
        once.forget()
        rng = np.random.default_rng([_HANDS, number, 5])
        tested = list(at_once.pages_of(style, rng, at_once.TESTED))
        reader.memory = None
        if at_once.look(reader, tested).wrong.mean() < HARD:  # on pages it is read better
            continue
        stream = list(at_once.pages_of(style, rng, at_once.PAGES))
        spoil = rng if args.wrong else None
        hand = at_once.corrected(at_once.Hand(number), reader, iter(stream), tested, spoil)
        done.append(hand)
        reader.memory = full = at_once.full_of(bench.parent, style, rng)
        hand.seen[at_once.FULL] = at_once.look(reader, tested)
        lost.append(at_once.lost(bench.parent, full, hidden, y))
        gone = [f"{hand.gone(count):.0%}" for count in at_once.COUNTS]
        words = [number, int(hand.seen[0].wrong.sum()), *gone, f"{hand.taught} corrections"]
        if args.night:
            nights.append(one_night(bench, hand, stream, tested, number, both))
            words += [f"night {nights[-1]:.0%}", f"both {both[-1]:.0%}"]
        print(*words, f"of MNIST's test {lost[-1]} more wrong", flush=True)
        if len(done) >= args.hands:
            break
    with np.load(args.semeion) as arrays:
        patches, labels = arrays["x"], arrays["y"]
    blocks = []
    for block in range(0, len(labels) - at_once.BLOCK + 1, at_once.BLOCK):
        once.forget()
        some = slice(block, block + at_once.BLOCK)
        pages = list(at_once.from_patches(patches[some], labels[some]))
        half = len(pages) // 2
        one = at_once.Hand(block)
        blocks.append(at_once.corrected(one, reader, iter(pages[:half]), pages[half:]))
    at_once.report("hands, three labels of ten wrong" if args.wrong else "hands", done)
    at_once.report("blocks of semeion", [one for one in blocks if one.seen[0].wrong.any()])
    if nights:
        print(f"\nnight alone {np.mean(nights):.1%}, memory and night {np.mean(both):.1%} gone")
    print(
        f"\nfull of one hand: {np.mean(lost) / 100:.3f} points of MNIST's test lost, at most "
        f"{max(lost) / 100:.2f}; a frame of 8 digits takes {milliseconds:.1f} ms, with it "
        f"{times:.3f} times as long"
    )
    print(f"{np.nanmean([hand.gone(1) for hand in done]):.1%}")


def one_night(
    bench: Bench,
    hand: at_once.Hand,
    stream: list[tuple[Frame, at_once.Truth]],
    tested: list[tuple[Frame, at_once.Truth]],
    number: int,
    both: list[float],
) -> float:
    """Share of errors gone after a night that learns the first 60 digits; `both` gets that with
    the memory beside the new weights, which has left out what they know."""
    reader, found = at_once.reader_with(), []
    for frame, truth in stream:
        digits = [digit for digit in reader.read(frame).digits if digit.patch is not None]
        names = at_once.matched(digits, truth)
        found += [(d.patch, n) for d, n in zip(digits, names, strict=True) if 0 <= n < 10]
    patches = np.stack([patch for patch, _ in found[:LEARNED]])
    labels = np.array([name for _, name in found[:LEARNED]], np.uint8)
    outcome = bench.night(taught(patches, labels, np.random.default_rng(number)), number)
    model = outcome.model if outcome.state == "accepted" else None
    learned = at_once.reader_with(model)
    assert isinstance(learned.network, Model)
    known = outcome.sure_at if model is not None else 2.0
    shares = []
    for memory in (None, Memory(learned.network).learn(patches, labels, known)):
        learned.memory = memory
        after = at_once.look(learned, tested)
        shares.append(1 - after.wrong.sum() / hand.seen[0].wrong.sum())
    both.append(float(shares[1]))
    return float(shares[0])


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("what", choices=[*RUNS, "mnist-only", "fit-memory"])
    add_mnist(parser)
    parser.add_argument(
        "--weights",
        type=Path,
        metavar="W",
        default=Path(__file__).parents[2] / "weights" / "default.npz",
    )
    parser.add_argument("--semeion", type=Path, default=SHARED / "digits" / "semeion.npz")
    parser.add_argument("--drawn", action="store_true", help="the night has no MNIST")
    parser.add_argument("--night", action="store_true", help="for at-once: a night, too")
    parser.add_argument("--wrong", action="store_true", help="for at-once: 30 % of labels wrong")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--hands", type=int, default=5, help="people (default: %(default)s)")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many of the people")
    parser.add_argument("--runs", type=int, default=100, help="of each kind, for gate")
    parser.add_argument("--first", type=int, default=0, help="number of the first run, for gate")
    parser.add_argument("--kinds", nargs="*", choices=KINDS, help="for gate (default: all)")
    parser.add_argument("--epochs", type=int, default=10, help="for mnist-only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="for mnist-only")
    args = parser.parse_args()
    if args.what == "mnist-only":
        run_mnist_only(args)
        return
    if args.what == "fit-memory":
        run_fit_memory(args)
        return
    RUNS[args.what](args, Bench(args))


RUNS = {
    "hands": run_hands,
    "semeion": run_semeion,
    "one": run_one,
    "gate": run_gate,
    "at-once": run_at_once,
}


if __name__ == "__main__":
    main()
