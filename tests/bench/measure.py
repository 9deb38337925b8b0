"""What every benchmark needs: a fixed number of threads, interleaved timing, MNIST, a table.

Import this before numpy, torch or cv2 (`isort: split` keeps it there): the number of threads is
settled when they are loaded. It is one unless OMP_NUM_THREADS says otherwise, as in
`OMP_NUM_THREADS=2 python tests/bench/epoch.py`, and the process keeps to as many cores; pi-reader
trains with threads of its own, each with OpenBLAS on one.

This file itself loads none of them, so that a process which only starts others stays small (a
child's peak memory counts what its parent held when it was started).
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))
os.environ["MKL_NUM_THREADS"] = str(THREADS)
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-THREADS:])

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pi-reader-bench"
SHARED = Path(os.environ.get("PI_READER_SHARED") or Path(__file__).parents[3] / "shared")


def arguments(description: str | None) -> argparse.ArgumentParser:
    """A parser that shows the script's own docstring as its help."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def add_mnist(parser: argparse.ArgumentParser) -> None:
    """Let the user say where MNIST's four IDX files are."""
    parser.add_argument(
        "--mnist",
        type=Path,
        default=SHARED / "mnist",
        metavar="DIR",
        help="folder of MNIST's IDX files (default: %(default)s)",
    )


@dataclass(frozen=True)
class Times:
    """What the rounds of one candidate took, in seconds.

    wall: what a clock on the wall says; processor: what the process computed, which other programs
    on a busy machine do not change. On one core the two agree when nobody else is there.
    """

    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    @property
    def fair(self) -> list[float]:
        """The one to compare by: the processor's time on one core, else the wall's."""
        return self.processor if THREADS == 1 else self.wall

    @property
    def median(self) -> float:
        """Seconds of the middle round."""
        return statistics.median(self.fair)

    def scaled(self, factor: float) -> Times:
        """The same for another amount of work."""
        return Times([t * factor for t in self.wall], [t * factor for t in self.processor])


def interleave(
    candidates: Mapping[str, Callable[[], object]], rounds: int, warm_up: int = 1
) -> dict[str, Times]:
    """Time several things turn by turn, so that a busy moment of the machine falls on all."""
    times = {name: Times() for name in candidates}
    for turn in range(-warm_up, rounds):
        for name, work in candidates.items():
            wall, processor = time.perf_counter(), time.process_time()
            work()
            if turn >= 0:
                times[name].processor.append(time.process_time() - processor)
                times[name].wall.append(time.perf_counter() - wall)
    return times


def ratio(times: Times, reference: Times) -> float:
    """How many times as long as the reference: the median over the rounds, each with its pair."""
    pairs = zip(times.fair, reference.fair, strict=True)
    return statistics.median(mine / other for mine, other in pairs)


def compare(title: str, times: Mapping[str, Times], unit: str = "ms") -> None:
    """Print medians, the fastest round, and each one's time as a multiple of the last one's."""
    scale = {"s": 1.0, "ms": 1e3}[unit]
    reference = list(times.values())[-1]
    rows = [
        (
            name,
            f"{statistics.median(each.wall) * scale:.2f}",
            f"{min(each.wall) * scale:.2f}",
            f"{statistics.median(each.processor) * scale:.2f}",
            f"{ratio(each, reference):.2f}",
        )
        for name, each in times.items()
    ]
    table((title, f"wall {unit}", "fastest", f"processor {unit}", "ratio"), rows)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table that reads well in a terminal and can be pasted into a README."""
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print("\n".join(lines), end="\n\n", flush=True)


def keep_large_blocks() -> None:
    """Tell glibc to keep blocks above 128 KB for reuse; otherwise each is fetched afresh from the
    system, page by page (mallopt(3): M_TRIM_THRESHOLD is -1, M_MMAP_THRESHOLD is -3)."""
    import ctypes

    libc = ctypes.CDLL(None)
    libc.mallopt(-1, 1 << 30)
    libc.mallopt(-3, 1 << 30)


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The share of rows whose largest of the ten digits is the label; an eleventh outcome,
    "no digit", is left out of the choice."""
    return float((probabilities[:, :10].argmax(axis=1) == labels).mean())
