"""Miles: a machine with one number in it, and an error that says how to turn that number.

This is all of machine learning in its smallest form: guess, compare with what is known to be true,
change the number a little in the direction that makes the error smaller, and again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting, fitted, pick
from pi_reader.lessons.drawing import plot

MILES_IN_A_KILOMETRE = 0.621371
MOON = 384_400.0  # kilometres

SETTINGS = (
    Setting("guess", 0.5, "the number that the machine begins with", -100, 100),
    Setting("share", 0.6, "how much of the error is corrected each time; 1 is all of it", 0, 3),
    Setting("km", 100.0, "the distance it learns from", 0.1, 100_000),
    Setting("tries", 8, "how often it tries by rule", 1, 200),
)
TRY = (
    (
        "pi-reader lesson miles guess=0.9",
        "begin far above: does coming down need another rule than going up?",
    ),
    (
        "pi-reader lesson miles share=1.8 tries=20",
        "correct nearly twice the error: it overshoots every time; does it still arrive?",
    ),
    ("pi-reader lesson miles share=2.1 tries=20", "a little more: where does it end?"),
)


def predict(number: float, km: float) -> float:
    """What the machine says: so many miles."""
    return number * km


def error(number: float, km: float) -> float:
    """The truth minus what the machine says, in miles: above 0 if it says too little."""
    return MILES_IN_A_KILOMETRE * km - predict(number, km)


def improve(number: float, km: float, share: float) -> float:
    """The next number by rule: the larger the error, the larger the change."""
    return number + share * error(number, km) / km


def lesson(
    board: Blackboard, rng: np.random.Generator, guess: float, share: float, km: float, tries: int
) -> None:
    """First by hand, then by rule."""
    board.section("A machine that does not know its number")
    board.say(f"""
        Kilometres go in, miles come out. All we know is that twice as many kilometres are twice as
        many miles, so the machine must multiply by some number. We do not know which. But we do
        know one true example: {km:g} kilometres are {MILES_IN_A_KILOMETRE * km:.3f} miles.

        So we guess a number, let the machine say its miles, and look at the error: the truth
        minus what the machine said.
    """)

    board.section("By hand")
    by_hand = [0.5, 0.6, 0.7, 0.61]
    thoughts = [
        "our first guess",
        "too little, so more",
        "far too much: overshot",
        "back, but gently",
    ]
    board.table(
        ["number", "machine says", "truth", "error", "what we thought"],
        [
            [
                f"{number:.2f}",
                f"{predict(number, km):.3f}",
                f"{MILES_IN_A_KILOMETRE * km:.3f}",
                f"{error(number, km):+.3f}",
                thought,
            ]
            for number, thought in zip(by_hand, thoughts, strict=True)
        ],
    )
    board.say("""
        Two things to see. The sign of the error says which way to turn: plus means more, minus
        means less. And its size says how far: with a small error a large step goes past the
        answer, as from 0.6 to 0.7. That is the whole trick, and we did it without knowing
        the formula.
    """)

    board.section("By rule")
    number = guess
    found = [number]
    rows = []
    for turn in range(tries):
        following = improve(number, km, share)
        rows.append(
            [
                str(turn + 1),
                fitted(number, ".4f"),
                fitted(predict(number, km), ".3f"),
                fitted(error(number, km), "+.3f"),
                fitted(following - number, "+.4f"),
            ]
        )
        number = following
        found.append(number)
    ours = by_hand[0]
    begins = f" It begins with {guess:g}, not with our {ours:g}." if guess != ours else ""
    board.say(f"""
        Now let the machine correct itself.{begins} The rule: change the number by {share:g} ×
        error ÷ kilometres. (Divided, because the error gathered over {km:g} kilometres, and the
        number is for one.) To correct all of the error, a share of 1, would need one step only,
        because there is only one example. In the lessons to come there are many examples that
        disagree, and a machine that believes each of them completely never settles. So we
        practise small steps here already.
    """)
    board.table(["try", "number", "machine says", "error", "change"], rows)
    board.code(f"""
        number = {guess:g}
        for step in range(5):
            error = {MILES_IN_A_KILOMETRE * km:.6g} - number * {km:g}
            print(f"number {{number:.4f}}, error {{error:+.3f}}")
            number = number + {share:g} * error / {km:g}
    """)
    board.say(f"""
        The number is now {fitted(number, ".4f")}; the true one is {MILES_IN_A_KILOMETRE}.
        {_arrival(number, guess)}
        Each step leaves {1 - share:+.2f} times the error before it: wherever one begins,
        {_outlook(share)}.
    """)
    steps = list(range(len(found)))
    left = [error(each, km) for each in found]
    zero = ("-", list(np.linspace(0, tries, 60)), [0.0] * 60)

    def paint(figure: Any) -> None:
        axes = figure.subplots()
        axes.axhline(0, color="grey", linewidth=1)
        axes.plot(steps, left, "o-", label=f"by rule, share {share:g}")
        axes.plot(range(4), [error(each, km) for each in by_hand], "s--", label="by hand")
        axes.set(
            xlabel="number of tries",
            ylabel="error in miles",
            title=f"The error steers the next try ({km:g} kilometres)",
        )
        axes.legend()

    board.say("The error after each try, from left to right:")
    board.picture(
        "errors",
        plot([zero, ("o", steps, left)], height=11, names=("tries", "error in miles")),
        paint,
    )

    board.section("Does it know other distances?")
    board.table(
        ["km", "machine says", "truth"],
        [
            [
                f"{other:g}",
                fitted(predict(number, other), ".2f"),
                f"{MILES_IN_A_KILOMETRE * other:.2f}",
            ]
            for other in (5.0, 42.195, MOON)
        ],
    )
    off = abs(error(number, MOON)) / (MILES_IN_A_KILOMETRE * MOON)
    board.say(f"""
        It was shown a single example and answers for a run in the park, for a marathon and for the
        way to the moon. {_reach(off)} The next lesson (bugs) has two kinds of animals and many
        examples that do not agree.
    """)


def _reach(off: float) -> str:
    """What to say of a machine that is `off` by this share of the truth, at any distance."""
    return pick(
        (
            off < 0.001,
            "It is right to a tenth of a percent everywhere. Learning one number was enough, "
            "because the world is simple here.",
        ),
        (
            off < 0.05,
            f"Everywhere it is wrong by {off:.1%}. One number is enough here, but this one is not "
            "quite found yet.",
        ),
        (
            True,
            f"Everywhere it is wrong by {fitted(100 * off, '.0f')}%. One number would be enough "
            "here, but this one is not the right one.",
        ),
    )


def _arrival(number: float, guess: float) -> str:
    """How far the rule has come from the first guess."""
    began, left = abs(guess - MILES_IN_A_KILOMETRE), abs(number - MILES_IN_A_KILOMETRE)
    part = left / max(began, 1e-12)
    return pick(
        (max(began, left) < 1e-9, "The first guess was right, so there was nothing to correct."),
        (left < 0.0005, "It has arrived: the first three decimals are right."),
        (
            left < 0.999 * began,
            f"It is still {left:.2g} away, {part:.1%} of the distance at the beginning; "
            "more tries would help.",
        ),
        (left <= 1.001 * began, "It is as far away as at the beginning."),
        (
            True,
            f"It has run away: it is {fitted(part, '.3g')} times as far off as at the beginning.",
        ),
    )


def _outlook(share: float) -> str:
    """What correcting this share of the error leads to, step after step."""
    return pick(
        (share == 0, "nothing is corrected at all"),
        (share < 1, "it comes nearer from one side"),
        (share == 1, "one step is enough"),
        (share < 2, "it jumps past the answer each time, but less and less far"),
        (share == 2, "it jumps past the answer each time and never comes nearer"),
        (True, "it jumps past the answer each time, further and further"),
    )
