"""What a frame and a training epoch would cost on three boards: an estimate, nothing was measured.

    python tests/bench/estimate.py [--weights W] [--rounds N]

Two sums are added up. The network's products are counted in multiply-adds and divided by the
published speed of the board's core. All the rest (Python, and numpy moving bytes) is measured here
and multiplied by how much slower the board's core is: a Zero takes 2.3 s to import numpy, which
says how much against this machine; the Cortex-A53 of the others does 2.3 / 1.25 times as many
Dhrystones per megahertz as the Zero's ARM1176 (Arm's data sheets). The table also says what share
is guessed in this way, that is, all but the products. One core, as for reading; training keeps two
busy where there are four, which takes about half the time.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from measure import arguments, table

# isort: split
import numpy as np

from pi_reader.cli.common import open_reader
from pi_reader.handwriting.page import draw_page
from pi_reader.network.model import Model
from pi_reader.reading.reader import Reader
from pi_reader.training import networks
from pi_reader.training.augment import Augmenter
from pi_reader.training.batches import Mixture
from pi_reader.training.learners import BatchLearner
from pi_reader.training.recipes import Recipe, find

EPOCH = 60_000  # digits
ZERO_IMPORT = 2.3  # seconds to import numpy on a Zero's core
DHRYSTONE = {"ARM1176": 1.25, "A53": 2.3}  # DMIPS per MHz, Arm
MHZ = {"Zero W": 1000, "Zero 2 W": 1000, "3": 1200}


@dataclass(frozen=True)
class Board:
    """One core of a board: gflops of its products in float32, and how much slower it is than this
    machine in everything else."""

    name: str
    gflops: float
    slower: float


def main() -> None:
    """Measure here, then print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--weights", default="default", help="pi-reader's weights, name or file")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    reader = open_reader(args.weights)
    frame_rest, patches, per_patch = frame_cost(reader, args.rounds)
    step_rest, per_digit = epoch_cost(args.rounds)
    print(
        f"{per_patch:,} multiply-adds a patch, {patches:.0f} patches a page; "
        f"{per_digit:,} a digit in training\n"
    )
    rows = []
    for board in boards():
        products = patches * per_patch * 2 / board.gflops / 1e9
        rest = frame_rest * board.slower
        epoch_products = EPOCH * per_digit * 2 / board.gflops / 1e9
        epoch_rest = step_rest * board.slower
        rows.append(
            (
                board.name,
                f"{board.gflops:g}",
                f"{board.slower:.0f}",
                f"{products + rest:.2g}",
                f"{rest / (products + rest):.0%}",
                f"{(epoch_products + epoch_rest) / 60:.2g}",
                f"{epoch_rest / (epoch_products + epoch_rest):.0%}",
            )
        )
    table(("board", "GFLOPS a core", "slower", "frame s", "guessed", "epoch min", "guessed"), rows)


def boards() -> list[Board]:
    """The three boards; Linpack's 0.267 GFLOPS for the Zero with OpenBLAS, and the lower end of
    2.5 to 4 for an A53 in 64 bit, which the 3 runs a fifth faster."""
    zero = ZERO_IMPORT / import_seconds()
    per_clock = DHRYSTONE["A53"] / DHRYSTONE["ARM1176"]
    return [
        Board("Zero W", 0.267, zero),
        Board("Zero 2 W", 2.5, zero / per_clock),
        Board(
            "3", 2.5 * MHZ["3"] / MHZ["Zero 2 W"], zero / per_clock / (MHZ["3"] / MHZ["Zero 2 W"])
        ),
    ]


def import_seconds() -> float:
    """How long this machine takes to import numpy, in a fresh process."""
    code = "import time; t = time.process_time(); import numpy; print(time.process_time() - t)"
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        for _ in range(5)
    ]
    return statistics.median(float(run.stdout) for run in runs)


def frame_cost(reader: Reader, rounds: int) -> tuple[float, float, int]:
    """Per drawn page: seconds outside the network, patches judged; multiply-adds per patch."""
    model = reader.network
    assert isinstance(model, Model)
    inside, judged = [], []
    predict = model.predict

    def watched(patches: np.ndarray) -> np.ndarray:
        started = time.process_time()
        answer = predict(patches)
        inside.append(time.process_time() - started)
        judged.append(len(patches))
        return answer

    model.predict = watched  # type: ignore[method-assign]
    rng = np.random.default_rng(3)
    frames = [draw_page(rng, difficulty=0.3).frame for _ in range(10)]
    whole = seconds(lambda: [reader.read(frame) for frame in frames], 1)  # warms up, too
    inside.clear()
    judged.clear()
    whole = sum(seconds(lambda: [reader.read(frame) for frame in frames], 1) for _ in range(rounds))
    pages = rounds * len(frames)
    return (whole - sum(inside)) / pages, sum(judged) / pages, model.multiply_adds


def epoch_cost(rounds: int) -> tuple[float, int]:
    """Per epoch of `default`: seconds outside products; multiply-adds per digit and step.

    Learning takes three products of the size of reading's: forwards, and backwards for weights and
    for inputs. What they cost here is taken off what a step costs here.
    """
    recipe = find("default")
    assert isinstance(recipe, Recipe)
    model = networks.build(recipe.layers, 11, np.random.default_rng(1))
    learner = BatchLearner(model, recipe, cast(Mixture, Noise(recipe)), 1)
    steps = iter(range(10_000))
    step = seconds(lambda: [learner.learn(next(steps)) for _ in range(10)], rounds) / 10
    learner.close()
    products = recipe.batch * 3 * model.multiply_adds * 2 / (gflops_here() * 1e9)
    return max(0.0, step - products) * EPOCH / recipe.batch, 3 * model.multiply_adds


class Noise:
    """Batches that cost what real ones cost to augment; what is on them does not matter here."""

    steps_per_epoch = 10_000

    def __init__(self, recipe: Recipe) -> None:
        self._rng = np.random.default_rng(1)
        self._patches = self._rng.integers(0, 256, (recipe.batch, 28, 28)).astype(np.uint8)
        self._labels = self._rng.integers(0, 10, recipe.batch)
        self._augment = Augmenter(recipe.changes, recipe.batch)

    def take(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """The batch of a step."""
        return self._augment(self._patches, self._rng).copy()[..., None], self._labels


def gflops_here() -> float:
    """What this machine does in a product shaped like a convolution's."""
    columns, weights = np.ones((1024, 144), np.float32), np.ones((144, 48), np.float32)
    out = np.empty((1024, 48), np.float32)
    each = seconds(lambda: [np.dot(columns, weights, out=out) for _ in range(100)], 5) / 100
    return 2 * columns.size * weights.shape[1] / each / 1e9


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Processor seconds of the middle round."""
    runs = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        runs.append(time.process_time() - started)
    return statistics.median(runs)


if __name__ == "__main__":
    main()
