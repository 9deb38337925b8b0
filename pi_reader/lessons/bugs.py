"""Bugs: a line between two kinds of animals, learned one animal at a time.

Caterpillars are long and thin, ladybirds short and wide. A line with the caterpillars above and the
ladybirds below tells them apart, and its slope is the only number to learn.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting, pick
from pi_reader.lessons.drawing import plot

MARGIN = 0.1  # the line should pass a bug at this distance, on the right side

SETTINGS = (
    Setting("rate", 0.05, "how much of what a bug wants it gets, 1 is all of it", 0, 1),
    Setting("bugs", 60, "how many bugs live in the garden", 2, 2000),
    Setting("blur", 0.5, "how far off the measuring is where it is bad", 0, 3),
    Setting("wrong", 0.2, "the share of wrong names where names are wrong", 0, 1),
)
TRY = (
    (
        "pi-reader lesson bugs rate=0.5 --fast",
        "half of what each bug wants: how far apart do the twenty gardeners end?",
    ),
    (
        "pi-reader lesson bugs rate=0.001 --fast",
        "a very small rate: is one walk through the garden enough to get anywhere?",
    ),
    (
        "pi-reader lesson bugs blur=2 wrong=0.5 --fast",
        "a careless gardener: what does more harm, bad measuring or wrong names?",
    ),
)
FRAMES = 6  # of the line on its way through the garden


def wanted(width: float, length: float, caterpillar: bool) -> float:
    """How high the line should be above this bug's width: a caterpillar belongs above it."""
    return length - MARGIN if caterpillar else length + MARGIN


def change(slope: float, width: float, length: float, caterpillar: bool, rate: float) -> float:
    """The book's rule: the error divided by the width, and only a share of that."""
    error = wanted(width, length, caterpillar) - slope * width
    return rate * error / width


def slopes_on(garden: np.ndarray, slope: float, rate: float) -> list[float]:
    """Look at each bug once, in this order; the slope before the first and after each, n + 1.

    garden: (n, 3), a row is width, length, and 1 for a caterpillar or 0 for a ladybird.
    """
    slopes = [slope]
    for width, length, kind in garden.tolist():
        slope += change(slope, width, length, kind == 1, rate)
        slopes.append(slope)
    return slopes


def walk(garden: np.ndarray, slope: float, rate: float) -> float:
    """The same; the slope at the end."""
    return slopes_on(garden, slope, rate)[-1]


def grow(n: int, rng: np.random.Generator) -> np.ndarray:
    """A garden (n, 3): half are caterpillars about 1 wide and 3 long, half ladybirds, 3 by 1."""
    kinds = np.arange(n) % 2
    sizes = np.where(kinds[:, None] == 1, [1.0, 3.0], [3.0, 1.0])
    sizes = np.maximum(sizes + 0.25 * rng.standard_normal((n, 2)), 0.2)
    return np.column_stack((sizes, kinds))


def right(garden: np.ndarray, slope: float) -> float:
    """The share of bugs on their own side of the line."""
    above = garden[:, 1] > slope * garden[:, 0]
    return float((above == (garden[:, 2] == 1)).mean())


def lesson(
    board: Blackboard, rng: np.random.Generator, rate: float, bugs: int, blur: float, wrong: float
) -> None:
    """Two bugs by hand, then a garden, then a garden full of mistakes."""
    board.section("Two bugs and a line")
    board.say("""
        Somebody measured two bugs: a ladybird 3 wide and 1 long, a caterpillar 1 wide and 3 long.
        Draw width to the right, length upwards. The line is length = slope × width. With a slope of
        0.25, where we begin, it is nearly flat. It should run above the ladybird and below the
        caterpillar.

        A bug tells the line how high it should be where the bug is: 1.1 at the ladybird, just
        above it, and 2.9 at the caterpillar, just below. The error is what it wants minus what
        the line has. Making the slope a little larger lifts the line by that times the width, so
        to correct the error the slope must change by error ÷ width.
    """)
    both = np.array([[3.0, 1.0, 0.0], [1.0, 3.0, 1.0]])
    for share, much in ((1.0, "all"), (0.5, "half")):
        board.say(f"Each bug gets {much} of what it wants (a learning rate of {share:g}):")
        slope, both_rows = 0.25, []
        for width, length, kind in both.tolist():
            wish = wanted(width, length, kind == 1)
            turn = change(slope, width, length, kind == 1, share)
            both_rows.append(
                [
                    "caterpillar" if kind else "ladybird",
                    f"{slope:.4f}",
                    f"{slope * width:.4f}",
                    f"{wish:.1f}",
                    f"{wish - slope * width:+.4f}",
                    f"{turn:+.4f}",
                    f"{slope + turn:.4f}",
                ]
            )
            slope += turn
        board.table(
            ["bug", "slope", "line is at", "wanted", "error", "change", "new slope"], both_rows
        )
    board.say("""
        With all it wants, the line passes where the last bug said, as if the other had never been
        there: the last example wins. With half of it both leave their mark, and it lies between.
    """)

    board.code("""
        slope = 0.25
        for width, length, kind in [(3, 1, "ladybird"), (1, 3, "caterpillar")]:
            wanted = length - 0.1 if kind == "caterpillar" else length + 0.1
            error = wanted - slope * width
            slope = slope + 0.5 * error / width
            print(f"after the {kind}: slope {slope:.4f}")
    """)

    board.section("A garden")
    garden = grow(bugs, rng)
    order = rng.permutation(garden)
    slopes = slopes_on(order, 0.25, rate)
    slope = slopes[-1]
    long, wide = garden[garden[:, 2] == 1], garden[garden[:, 2] == 0]
    line = np.linspace(0, 4, 100)

    def paint(figure: Any) -> None:
        figure.set_size_inches(10, 6.5)
        figure.suptitle(f"The line on its way through the garden, learning rate {rate:g}")
        seen = np.unique(np.geomspace(1, bugs + 1, FRAMES).round().astype(int)) - 1
        for axes, done in zip(
            figure.subplots(2, 3, sharex=True, sharey=True).flat, seen, strict=False
        ):
            axes.plot(*long.T[:2], "^", color="tab:green", alpha=0.4, label="caterpillars")
            axes.plot(*wide.T[:2], "o", color="tab:red", alpha=0.4, label="ladybirds")
            axes.plot(line, slopes[done] * line, color="black", label="the line")
            if done:
                axes.plot(
                    *order[done - 1, :2], "o", ms=14, mfc="none", mec="blue", label="this bug"
                )
            axes.set(xlim=(0, 4), ylim=(0, 4), title=f"bugs seen: {done}, slope {slopes[done]:.2f}")
        figure.supxlabel("width")
        figure.supylabel("length")
        axes.legend(fontsize=8)

    board.say(f"""
        Here are {bugs} bugs, no two alike: C is a caterpillar, L a ladybird. Each was seen once,
        with a learning rate of {rate:g}. The dotted line is what was learned: a slope of
        {slope:.2f}, with {round(bugs * right(garden, slope))} of {bugs} bugs on their
        own side.
        {_division(right(garden, slope))}
    """)
    board.picture(
        "garden",
        plot(
            [(".", line, slope * line), ("L", *wide.T[:2]), ("C", *long.T[:2])],
            (0, 4),
            (0, 4),
            height=18,
            names=("width", "length"),
        ),
        paint,
    )

    board.section("Twenty gardeners, and their mistakes")
    blurred = garden.copy()
    blurred[:, :2] = np.maximum(garden[:, :2] + blur * rng.standard_normal((bugs, 2)), 0.2)
    misnamed = garden.copy()
    misnamed[:, 2] = np.where(rng.random(bugs) < wrong, 1 - garden[:, 2], garden[:, 2])
    rows: list[list[str]] = []
    spreads: list[float] = []
    goods: list[float] = []
    for share in (1.0, rate):
        for name, taught in (
            ("all is well", garden),
            ("bad measuring", blurred),
            ("wrong names", misnamed),
        ):
            ends = [walk(rng.permutation(taught), 0.25, share) for _ in range(20)]
            good = [right(garden, end) for end in ends]
            spreads.append(max(ends) - min(ends))
            goods.append(float(np.mean(good)))
            rows.append(
                [
                    f"{share:g}",
                    name,
                    f"{min(ends):.2f}",
                    f"{max(ends):.2f}",
                    f"{np.mean(good):.0%}",
                    f"{min(good):.0%}",
                ]
            )
    board.say(f"""
        Twenty gardeners walk through the same garden, each on another path. Then again with badly
        measured bugs (off by about {blur:g}), then with {wrong:.0%} of the name tags swapped. How
        far apart do their slopes end, and how many bugs are then really on the right side?
    """)
    board.table(["rate", "what they see", "lowest slope", "highest", "right, mean", "worst"], rows)
    board.say(f"""
        {_careful(spreads[:3], spreads[3:], goods[3], rate)} {_harm(goods[3:])}
    """)
    board.say("""
        The two mistakes work in different ways. The rule pulls the line to each bug, and the name
        only says on which side to pass; bad measuring moves the bug itself.

        That is what the learning rate is for: to believe nobody completely. A small one takes a
        little from every bug, so that mistakes in all directions can cancel out. One line has its
        limits though, and the next lesson (gates) meets them.
    """)


def _division(share: float) -> str:
    """How well the line divides the garden, with this share of bugs on their own side."""
    return pick(
        (share == 1, "The line divides the garden without a mistake."),
        (share >= 0.9, "The line divides the garden well, but not without mistakes."),
        (
            share > 0.5,
            "That is better than tossing a coin, but the line is not where it should be.",
        ),
        (True, "That is no better than tossing a coin: the line has not arrived between the two."),
    )


def _careful(bold: list[float], modest: list[float], good: float, rate: float) -> str:
    """What the rate changes.

    bold, modest: how far apart the slopes end at rate 1 and at `rate`; good: the share of bugs
    right at `rate` where all is well.
    """
    old, new = max(bold), max(modest)
    apart = f"their slopes end {new:.2f} apart at most, at rate 1 {old:.2f}"
    return pick(
        (
            rate == 1,
            "At rate 1 the last bug decides alone, so each gardener ends elsewhere: lower the rate "
            "to see what changes.",
        ),
        (rate == 0, "At rate 0 nobody learns anything, so all end where they began."),
        (
            new < old / 2 and good < 0.9,
            f"At rate 1 the last bug decides alone. At rate {rate:g} the gardeners agree much "
            f"better ({apart}), but one walk was too short: the line has not arrived yet.",
        ),
        (
            new < old / 2,
            f"At rate 1 the last bug decides alone. At rate {rate:g} each bug gives a little, and "
            f"the gardeners agree much better: {apart}.",
        ),
        (
            new < 0.95 * old,
            f"At rate 1 the last bug decides alone. At rate {rate:g} the gardeners agree somewhat "
            f"better: {apart}.",
        ),
        (True, f"Here a rate of {rate:g} does not bring the gardeners together: {apart}."),
    )


def _harm(good: list[float]) -> str:
    """Which mistake did more harm; good: shares right with none, with blur, with wrong names."""
    without, blurred, misnamed = good
    right = (
        f"on average {blurred:.0%} of the bugs are right with it, {misnamed:.0%} with wrong names, "
        f"{without:.0%} without mistakes"
    )
    return pick(
        (
            min(blurred, misnamed) >= without - 0.01,
            f"At this rate neither bad measuring nor wrong names do harm: {right}.",
        ),
        (blurred < misnamed - 0.01, f"Bad measuring does more harm here: {right}."),
        (
            misnamed < blurred - 0.01,
            f"Bad measuring does less harm here than wrong names: {right}.",
        ),
        (True, f"Bad measuring does as much harm here as wrong names: {right}."),
    )
