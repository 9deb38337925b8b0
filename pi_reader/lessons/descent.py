"""Descent: finding the bottom of a valley in the fog, by the slope under your feet.

A network's error is a landscape over all its weights. Here it is one over a single number, so that
we can watch ourselves walk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting, fitted, pick
from pi_reader.lessons.drawing import plot

SETTINGS = (
    Setting("start", 4.0, "where the walk on x² begins", -5, 5),
    Setting("rate", 0.1, "length of a step, as a share of the slope", 0, 1.5),
    Setting("steps", 12, "how many steps", 1, 200),
    Setting("restarts", 20, "how many walks among the valleys, each begun elsewhere", 1, 10_000),
)
TRY = (
    ("pi-reader lesson descent rate=0.9 --fast", "too far each time: does it still arrive?"),
    ("pi-reader lesson descent rate=1.01 steps=40 --fast", "a little more: where does it go?"),
    (
        "pi-reader lesson descent restarts=3 --fast --seed 2",
        "only three walks: is the best one in the deepest valley? with other seeds?",
    ),
)


Curve = Callable[[Any], Any]


def bowl(x: Any) -> Any:
    """One valley with its bottom at 0."""
    return x**2


def slope_of_bowl(x: Any) -> Any:
    """How steep it is: to the right of 0 upwards, to the left downwards."""
    return 2 * x


def hills(x: Any) -> Any:
    """Several valleys of different depth."""
    return 0.1 * x**2 + np.sin(3 * x) + 1


def slope_of_hills(x: Any) -> Any:
    """How steep they are."""
    return 0.2 * x + 3 * np.cos(3 * x)


def walk(slope: Curve, x: float, rate: float, steps: int, shrink: float = 0.0) -> list[float]:
    """Step after step against the slope, the steeper the longer; all places on the way.

    shrink: the rate is divided by 1 + shrink × steps done; 0 leaves it as it is.
    """
    places = [x]
    for done in range(steps):
        x = x - rate / (1 + shrink * done) * slope(x)
        places.append(x)
    return places


def lesson(
    board: Blackboard,
    rng: np.random.Generator,
    start: float,
    rate: float,
    steps: int,
    restarts: int,
) -> None:
    """One valley, several valleys, steps too large, steps that shrink."""
    board.section("One valley")
    board.say(f"""
        You stand on a hillside in the fog and want to go down. (For a network, the place where you
        stand is its weights, and the height is its error.) You cannot see the valley, but your
        feet feel the slope. So you take a step against it, and again. Our hillside is x², its slope
        at x is 2x, and each step is {rate:g} × slope:
    """)
    places = walk(slope_of_bowl, start, rate, steps)
    shown = [*range(len(places))] if steps <= 40 else [*range(20), *range(steps - 19, steps + 1)]
    board.table(
        ["steps done", "x", "height x²", "slope 2x"],
        [
            [
                number,
                fitted(places[number], "+.4f"),
                fitted(bowl(places[number]), ".4f"),
                fitted(slope_of_bowl(places[number]), "+.4f"),
            ]
            for number in shown
        ],
    )
    board.code(f"""
        x = {start:g}
        for step in range({min(steps, 12)}):
            slope = 2 * x
            x = x - {rate:g} * slope
            print(f"step {{step + 1}}: x = {{x:+.4f}}, height {{x ** 2:.4f}}")
    """)
    x = np.linspace(-6, 6, 400)
    board.picture(
        "bowl",
        plot(
            [(".", x, bowl(x)), ("#", places, [bowl(p) for p in places])],
            (-5, 5),
            (0, 25),
            height=12,
            names=("x", "height"),
        ),
        lambda figure: _paint_walk(
            figure, x, bowl, places, f"Downhill on x², rate {rate:g}", joined=True
        ),
    )
    board.say(f"""
        {_arrival(places, rate)}
    """)

    board.section("Steps too large")
    board.table(
        ["rate", "where the first steps lead from 4", "leaves"],
        [
            [
                f"{one:g}",
                "  ".join(f"{p:+.2f}" for p in walk(slope_of_bowl, 4.0, one, 6)),
                f"{1 - 2 * one:+.1f}",
            ]
            for one in (0.1, 0.5, 0.9, 1.0, 1.1)
        ],
    )
    board.say("""
        0.5 happens to be perfect for this hill; nobody knows that beforehand on another one. 0.9
        jumps to the other side each time but settles; 1 jumps for ever; 1.1 flies out of the
        valley. A network whose error suddenly grows beyond all bounds has done just that.
    """)

    board.section("Several valleys")
    ends = [
        walk(slope_of_hills, float(place), 0.02, 200)[-1] for place in rng.uniform(-5, 5, restarts)
    ]
    best = _nearest_valley(min(ends, key=hills))
    counts = Counter(_nearest_valley(end) for end in ends)
    board.say(f"""
        Now a landscape with several valleys. Whoever walks only downhill ends in the valley where
        the walk began, and cannot know that there is a deeper one behind the next hill. The remedy
        is blunt: walk {"once" if restarts == 1 else f"{restarts} times, each time"} from a random
        place{"" if restarts == 1 else ", and keep the best"}.
    """)
    board.picture(
        "valleys",
        plot(
            [(".", x, hills(x)), ("#", ends, [hills(end) for end in ends])],
            (-6, 6),
            height=12,
            names=("x", "height"),
        ),
        lambda figure: _paint_walk(
            figure, x, hills, ends, f"Where {len(ends)} walks ended, each begun elsewhere"
        ),
    )
    board.table(
        ["valley at x", "height", "walks that ended there"],
        [[f"{valley:+.2f}", f"{hills(valley):.3f}", counts[valley]] for valley in sorted(counts)],
    )
    board.say(f"""
        {_luck(best, restarts)} Networks are begun with random weights for the same reason. (With
        many directions to go, seldom do all of them lead upwards: poor valleys are rarer there.)
    """)

    board.section("Steps that shrink")
    board.say("""
        If all steps were equally long, we would stride over the bottom for ever. Steps that follow
        the slope shrink by themselves. But often the slope is felt only roughly, because we look at
        one example at a time; then they tremble to the end, unless we make them shorter and
        shorter on purpose. How far from the bottom, on average, are the last 20 of 200 steps?
    """)

    def sign(x: float) -> float:
        return 1.0 if x > 0 else -1.0

    def rough(x: float) -> float:
        return slope_of_bowl(x) + 2 * rng.standard_normal()

    kinds: dict[str, tuple[Any, ...]] = {
        "all 0.3 long": (sign, 4, 0.3, 200),
        "0.2 × slope": (slope_of_bowl, 4, 0.2, 200),
        "the same, felt roughly": (rough, 4, 0.2, 200),
        "and shrinking": (rough, 4, 0.2, 200, 0.1),
    }
    far = {
        kind: float(np.abs([walk(*how)[-20:] for _ in range(20)]).mean())
        for kind, how in kinds.items()
    }
    board.table(
        ["steps", "distance from the bottom"],
        [[kind, f"{distance:.3f}"] for kind, distance in far.items()],
    )
    felt, shrinking = far["the same, felt roughly"], far["and shrinking"]
    board.say(
        pick(
            (
                shrinking < felt,
                f"Shrinking brings the rough walk {felt / shrinking:.1f} times as near to the "
                f"bottom.",
            ),
            (True, "Here shrinking did not bring the rough walk nearer to the bottom."),
        )
    )
    board.say("""
        Everything is together now: signals forwards (nodes), errors backwards (blame), steps
        downhill. In the next lesson (digits) it reads handwriting.
    """)


def _arrival(places: list[float], rate: float) -> str:
    """What became of the walk on x², and why."""
    left, began = 1 - 2 * rate, abs(places[0])
    ended = abs(places[-1]) / (began or 1.0)  # as a share of the distance at the start
    now = f"after {len(places) - 1} steps {ended:.2%} of it is left"
    leaves = f"Each step leaves {left:+.2f} times the distance before"
    return pick(
        (began == 0, "The walk begins at the bottom, where the slope is 0, and stays there."),
        (rate == 0, "With a rate of 0 no step leads anywhere."),
        (abs(left) < 1e-9, f"{leaves}: the first step leads straight to the bottom."),
        (
            0 < left < 1,
            "Nobody told it to slow down near the bottom. It does so by itself, since there the "
            f"slope is small and so is the step. {leaves}; {now}.",
        ),
        (
            -1 < left < 0,
            f"{leaves}: it jumps over the bottom to the other side each time, but lands nearer; "
            f"{now}.",
        ),
        (
            abs(left) <= 1 + 1e-9,
            f"{leaves}: it jumps to and fro between two places as high as each other, for ever.",
        ),
        (
            True,
            f"{leaves}: it jumps over the bottom each time and lands further away. Now it is "
            f"{fitted(ended, '.3g')} times as far from it as at the start.",
        ),
    )


def valleys() -> np.ndarray:
    """The bottoms of all valleys of `hills` from -7 to 7, from left to right."""
    x = np.linspace(-7, 7, 14_001)
    heights = hills(x)
    bottoms = (heights[1:-1] < heights[:-2]) & (heights[1:-1] < heights[2:])
    return x[1:-1][bottoms]


def _nearest_valley(end: float) -> float:
    """The bottom of the valley that a walk ended in."""
    bottoms = valleys()
    return float(bottoms[np.argmin(np.abs(bottoms - end))])


def _luck(best: float, restarts: int) -> str:
    """Whether the deepest valley was found."""
    bottoms = valleys()
    deepest = float(bottoms[np.argmin(hills(bottoms))])
    missed = "this walk did not find" if restarts == 1 else f"none of these {restarts} walks found"
    return pick(
        (
            abs(best - deepest) < 0.05,
            f"The best is at {best:+.2f}, and this time it is the deepest valley there is.",
        ),
        (
            True,
            f"The best is at {best:+.2f}, but there is a deeper valley at {deepest:+.2f} that "
            f"{missed}.",
        ),
    )


def _paint_walk(
    figure: Any, x: np.ndarray, curve: Curve, places: list[float], title: str, joined: bool = False
) -> None:
    """The curve, and a point at each place; numbered and joined where they follow each other."""
    axes = figure.subplots()
    axes.plot(x, curve(x), color="grey", label="the ground")
    inside = [place for place in places if abs(place) <= 6]
    style = "o--" if joined else "o"
    axes.plot(
        inside, [curve(place) for place in inside], style, label="steps" if joined else "ends"
    )
    for number, place in enumerate(inside[:6] if joined else ()):
        axes.annotate(f"{number}", (place, curve(place)), (6, 6), textcoords="offset points")
    axes.set(xlim=(-6, 6), xlabel="x", ylabel="height", title=title)
    axes.legend()
