"""Descent: finding the bottom of a valley in the fog, by the slope under your feet.

A network's error is a landscape over all its weights. Here it is one over a single number, so that
we can watch ourselves walk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting
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
        "pi-reader lesson descent restarts=3 --fast --seed 5",
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
        You stand on a hillside in the fog and want to go down. (For a network, where you stand is
        the numbers on its links, and the height is its error.) You cannot see the valley, but your
        feet feel the slope. So you take a step against it, and again. Our hillside is x², its slope
        at x is 2x, and each step is {rate:g} × slope:
    """)
    places = walk(slope_of_bowl, start, rate, steps)
    board.table(
        ["steps done", "x", "height x²", "slope 2x"],
        [
            [number, f"{place:+.4f}", f"{bowl(place):.4f}", f"{slope_of_bowl(place):+.4f}"]
            for number, place in enumerate(places)
        ],
    )
    x = np.linspace(-5, 5, 300)
    board.picture(
        "bowl",
        plot(
            [(".", x, bowl(x)), ("#", places, [bowl(p) for p in places])],
            (-5, 5),
            (0, 25),
            height=12,
        ),
        lambda figure: _paint_walk(figure, x, bowl, places, "Downhill on x²"),
    )
    board.say(f"""
        Nobody told it to slow down near the bottom. It does so by itself, since there the slope is
        small and so is the step. Each step leaves {1 - 2 * rate:+.2f} times the distance before.
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
    best = min(ends, key=hills)
    found = sorted({round(end, 2) for end in ends})
    board.say(f"""
        Now a landscape with several valleys. Who walks only downhill ends in the valley in which
        the walk began, and cannot know of a deeper one behind the next hill. The remedy is blunt:
        walk {restarts} times, each from another place, and keep the best.
    """)
    board.picture(
        "valleys",
        plot([(".", x, hills(x)), ("#", ends, [hills(end) for end in ends])], (-5, 5), height=12),
        lambda figure: _paint_walk(figure, x, hills, ends, "Where the walks ended"),
    )
    board.table(
        ["valley at x", "height", "walks that ended there"],
        [
            [
                f"{valley:+.2f}",
                f"{hills(valley):.3f}",
                str(sum(abs(e - valley) < 0.01 for e in ends)),
            ]
            for valley in found
        ],
    )
    board.say(f"""
        The best is at {best:+.2f}. Networks are begun with random links for the same reason. (With
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
    board.table(
        ["steps", "distance from the bottom"],
        [
            [kind, f"{np.abs([walk(*how)[-20:] for _ in range(20)]).mean():.3f}"]
            for kind, how in kinds.items()
        ],
    )
    board.say("""
        Everything is together now: signals forwards (nodes), errors backwards (blame), steps
        downhill. In the next lesson (digits) it reads handwriting.
    """)


def _paint_walk(figure: Any, x: np.ndarray, curve: Curve, places: list[float], title: str) -> None:
    axes = figure.subplots()
    axes.plot(x, curve(x), color="grey")
    axes.plot(places, [curve(place) for place in places], "o")
    axes.set(xlim=(-5, 5), xlabel="x", ylabel="height", title=title)
