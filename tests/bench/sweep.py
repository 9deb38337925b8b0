"""How much faster a sweep is on two cores than on one, and that its numbers are the same.

    python tests/bench/sweep.py [--mnist DIR] [--rounds N]

On a machine that does other things as well the clock says nothing. So the seconds of CPU are given
too: what one process used, against what the busiest of two workers and their parent used together.
The latter is what the clock would show on two idle cores.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")  # `measure` keeps us to as many cores

from measure import add_mnist, arguments, table

# isort: split
import numpy as np

from pi_reader.handwriting import draw_patches
from pi_reader.training import data, sweep

LEARN, HELD = 4000, 1000


def main() -> None:
    """Sweep with one process and with two, in turn, then print the table."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    material = load(args.mnist if args.mnist.is_dir() else None)
    trials = sweep.curves([0.05, 0.2, 0.3], [100, 150], [10.0], epochs=2, seeds=2)
    sweep.sweep(trials[:2], material, jobs=2)  # starts the workers, which stay
    rows = []
    for _ in range(args.rounds):
        clock, busy, outcomes = zip(
            *(measured(trials, material, jobs) for jobs in (1, 2)), strict=True
        )
        assert outcomes[0] == outcomes[1], "the numbers differ"
        rows.append(
            (
                f"{clock[0]:.1f}",
                f"{clock[1]:.1f}",
                f"{clock[0] / clock[1]:.2f}",
                f"{busy[0]:.1f}",
                f"{busy[1]:.1f}",
                f"{busy[0] / busy[1]:.2f}",
            )
        )
    table(("one s", "two s", "faster", "one CPU s", "busiest CPU s", "faster"), rows)


def load(folder: Path | None) -> sweep.Material:
    """Some of MNIST, or drawn digits."""
    if folder is not None:
        mnist = data.load_mnist(folder)
        patches, labels = mnist.train_images[: LEARN + HELD], mnist.train_labels[: LEARN + HELD]
    else:
        labels = np.arange(LEARN + HELD) % 10
        patches = draw_patches(labels, np.random.default_rng(1))
    return sweep.Material(patches[:LEARN], labels[:LEARN], patches[LEARN:], labels[LEARN:])


def measured(
    trials: list[sweep.Trial], material: sweep.Material, jobs: int
) -> tuple[float, float, list[sweep.Outcome]]:
    """Seconds by the clock, seconds of CPU on the longest way, and what came out."""
    before, ours = workers(), time.process_time()
    start = time.perf_counter()
    outcomes = sweep.sweep(trials, material, jobs=jobs)
    clock = time.perf_counter() - start
    used = [seconds - before.get(pid, 0.0) for pid, seconds in workers().items()]
    return clock, time.process_time() - ours + max(used, default=0.0), outcomes


def workers() -> dict[int, float]:
    """CPU seconds of each process that joblib started for us."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes()
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if b"popen_loky_posix" in words and int(fields[1]) == os.getpid():
            found[int(entry.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


if __name__ == "__main__":
    main()
