"""Zero: what does all this cost on a computer for five euros?

Counting is exact, measuring is true for one machine, an estimate is neither: they are kept apart.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pi_reader.lessons.base import Blackboard, Setting, pick, so_many
from pi_reader.lessons.drawing import bars
from pi_reader.network.classic import ClassicNetwork

INPUTS, OUTPUTS, FLOAT = 784, 10, 4  # pixels, digits, bytes of a float32
IMPORT_ON_ZERO = 2.3  # seconds until numpy is there on a Zero W's core
DHRYSTONE = 2.3 / 1.25  # what a Cortex-A53 does per clock against the Zero's ARM1176, says Arm
BOARD_FILE = Path("/proc/device-tree/model")  # where Linux on a Pi says which one it is

SETTINGS = (
    Setting("hidden", 200, "nodes in the middle", 1, 2000),
    Setting("digits", 60_000, "digits in an epoch", 1, 1_000_000),
)
TRY = (
    ("pi-reader lesson zero hidden=100 --fast", "half the nodes: half the time?"),
    (
        "pi-reader lesson zero hidden=2000 --fast",
        "ten times the nodes: how long would a Zero take now?",
    ),
)


@dataclass(frozen=True)
class Board:
    """One core of a Raspberry Pi.

    gflops: thousand million sums or products a second in matrix work, from published Linpack runs
    with OpenBLAS (the lower end of 2.5 to 4 for the A53); slower: than a Zero W in all else.
    """

    name: str
    gflops: float
    slower: float


BOARDS = (
    Board("Zero W", 0.267, 1.0),
    Board("Zero 2 W", 2.5, 1 / DHRYSTONE),
    Board("3", 3.0, 1 / DHRYSTONE / 1.2),
)


def counted(hidden: int) -> dict[str, tuple[int, int]]:
    """Multiply-adds, and bytes of weights moved, for each step of learning from one digit."""
    weights = INPUTS * hidden + hidden * OUTPUTS
    return {
        "signals forwards": (weights, FLOAT * weights),
        "errors backwards": (hidden * OUTPUTS, FLOAT * hidden * OUTPUTS),
        # Each change is multiplied and stored, then it and the weight are read, added and stored.
        "changing every weight": (weights, 4 * FLOAT * weights),
    }


def seconds_for(work: Callable[[], object], times: int) -> float:
    """How long one turn of some work takes here, the quickest of five attempts."""
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(times):
            work()
        best = min(best, (time.perf_counter() - start) / times)
    return float(best)


def import_seconds() -> float:
    """How long this machine takes until numpy is there, in a fresh Python."""
    code = "import time; t = time.process_time(); import numpy; print(time.process_time() - t)"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        for _ in range(3)
    ]
    return min(float(run.stdout) for run in runs)


def lesson(board: Blackboard, rng: np.random.Generator, hidden: int, digits: int) -> None:
    """Count, measure, estimate; on a Pi, measure instead of estimating."""
    steps = counted(hidden)
    work = sum(each for each, _ in steps.values())
    board.section("Counted")
    board.say(f"""
        The lecture's network with {INPUTS} inputs, {so_many(hidden, "hidden node")} and {OUTPUTS}
        outputs has {INPUTS * hidden + hidden * OUTPUTS:,} weights. To read a digit each is
        multiplied with once. To learn from one it must also be changed. For a single digit that is:
    """)
    board.table(
        ["step", "multiply-adds", "kilobytes of weights moved"],
        [[name, f"{each:,}", f"{moved / 1000:,.0f}"] for name, (each, moved) in steps.items()],
    )
    board.say(f"""
        Together {work:,}, and for an epoch of {so_many(digits, "digit")}
        {work * digits / 1e9:,.1f} thousand million. See how much is carried for how little is
        calculated: a digit at a time, each number that is fetched is used once, and then the next
        must be fetched. That is why batches of many digits at once are quicker.
    """)

    board.section("Measured, on this machine")
    network = ClassicNetwork(INPUTS, hidden, OUTPUTS, 0.1, rng)
    inputs = rng.random(INPUTS, np.float32)
    target = np.full(OUTPUTS, 0.01, np.float32)
    times = 40 if board.fast else 400
    learning = seconds_for(lambda: network.train(inputs, target), times)
    reading = seconds_for(lambda: network.query(inputs), times)
    products = seconds_for(
        lambda: (
            network.input_to_hidden @ inputs,
            network.hidden_to_output @ np.zeros(hidden, np.float32),
            network.hidden_to_output.T @ target,
        ),
        times,
    )
    board.table(
        ["what", "microseconds", "an epoch, in seconds"],
        [
            [what, f"{1e6 * each:.1f}", f"{each * digits:.1f}"]
            for what, each in (
                ("reading one digit", reading),
                ("learning from one", learning),
                ("of that, products", products),
            )
        ],
    )
    board.say(f"""
        {_share(products / learning)} {_faster(learning / reading)}
    """)
    if name := board_name():
        board.say(f"This is a {name}, so this is no estimate but the answer.")
    board.section("Estimated, for a core of each board")
    here = import_seconds()
    board.say(f"""
        Nobody measured these. The products are counted and divided by published speeds; the rest
        was measured here and made slower by as much as a Zero takes longer to begin with numpy
        ({IMPORT_ON_ZERO} seconds there, {here:.2f} here). It may well be wrong by a factor of two,
        more so because a Zero's memory is slower still, and its cache too small for the weights.
    """)
    rows, minutes = [], []
    multiplied = steps["signals forwards"][0] + steps["errors backwards"][0]
    for each in BOARDS:
        rest = max(learning - products, 0.0) * IMPORT_ON_ZERO / here * each.slower
        whole = multiplied * 2 / (each.gflops * 1e9) + rest
        minutes.append(whole * digits / 60)
        rows.append(
            [
                each.name,
                each.gflops,
                f"{1000 * whole:.2f}",
                f"{rest / whole:.0%}",
                f"{minutes[-1]:.1f}",
            ]
        )
    board.table(
        ["board", "GFLOPS", "milliseconds a digit", "of it guessed", "minutes an epoch"], rows
    )

    def paint(figure: Any) -> None:
        left, right = figure.subplots(1, 2)
        left.barh(list(steps), [each for each, _ in steps.values()])
        left.set(xlabel="multiply-adds for one digit", title=f"Counted, {hidden} hidden nodes")
        left.tick_params(axis="x", rotation=30)
        filled = right.barh([each.name for each in BOARDS], minutes)
        right.bar_label(filled, fmt="%.1f")
        right.set(
            xlabel="minutes for an epoch", title=f"Estimated, {digits:,} digits", ylabel="board"
        )
        right.margins(x=0.15)

    board.picture("minutes", bars([each.name for each in BOARDS], minutes, form=".1f"), paint)
    board.say(f"""
        {_while(minutes[0])} What the network that pi-reader really reads with costs is in the
        README.
    """)


def _share(products: float) -> str:
    """What takes the time of learning from a digit; products: their share of it."""
    return pick(
        (
            products < 0.5,
            f"Multiplying the signals forwards and the errors backwards is {products:.0%} of the "
            "time of learning; most goes into changing the weights and into Python and numpy "
            "themselves.",
        ),
        (
            True,
            f"Multiplying the signals forwards and the errors backwards is {products:.0%} of the "
            "time of learning, more than changing the weights and all the rest.",
        ),
    )


def _faster(times: float) -> str:
    """How reading compares with learning."""
    return pick(
        (times > 1, f"To learn from a digit takes {times:.1f} times as long as to read one."),
        (True, f"To read a digit takes {1 / times:.1f} times as long as to learn from one."),
    )


def _while(minutes: float) -> str:
    """What one can do while a Zero W learns for so many minutes, and what that says."""
    epoch = "On a Zero W, a computer for five euros, one time through the digits would take about "
    return epoch + pick(
        (minutes < 1, f"{60 * minutes:.0f} seconds: hardly time to stand up."),
        (
            minutes < 15,
            f"{minutes:.0f} minutes: as long as making tea. That was the point of the lecture.",
        ),
        (
            minutes < 90,
            f"{minutes:.0f} minutes: as long as lunch. That was the point of the lecture.",
        ),
        (minutes < 600, f"{minutes / 60:.1f} hours: let it run overnight."),
        (True, f"{minutes / 1440:.1f} days: for this a larger machine is the better choice."),
    )


def board_name() -> str:
    """Which Raspberry Pi this is, "" if it is none."""
    try:
        name = BOARD_FILE.read_text(encoding="utf-8", errors="replace").strip("\0\n ")
    except OSError:
        return ""
    return name if "Raspberry Pi" in name else ""
