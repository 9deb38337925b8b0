"""How far each stage of a frame is from what this machine could do: memory, products, and calls.

    python tests/bench/limits.py [--rounds N]

The pages are those of `work.py`. Beside the processor milliseconds of each stage stands its limit:
the bytes that it cannot do without, once through memory at the speed of a large copy, or its
multiply-adds at the speed of one large product of matrices, whichever takes longer. What lies
between is resampling, which numpy and Pillow do number by number, and calls: how many Python makes
in each stage is the last column. A second table has what each digit adds where none is in doubt, by
the pages with one and with eight.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from measure import arguments, table

# isort: split
import numpy as np
from PIL import Image
from work_counts import pages
from work_inside import STAGES, counted_work, watched

from pi_reader.cli.common import open_reader
from pi_reader.values import Frame

COPIED = 1 << 26  # bytes: more than any cache holds
EDGE = 1024  # of the matrices that are multiplied


def main() -> None:
    """Print one table, with three columns for each page."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    args = parser.parse_args()
    reader = open_reader("default")
    a_second, products = bandwidth(), peak()
    columns = []
    for grey in pages().values():
        frame = Frame(grey)
        counts = counted_work(reader, frame)
        own = times(lambda frame=frame: reader.read(frame), args.rounds)
        made = calls(lambda frame=frame: reader.read(frame))
        least = {
            stage: 1e3 * max(moved / a_second, 2 * multiplied / products)
            for stage, (moved, multiplied) in needed(reader, counts).items()
        }
        columns.append((own, least, made))
    rows = [
        (stage, *(cell for one in columns for cell in cells(*(each[stage] for each in one))))
        for stage in STAGES
    ]
    sums = [cells(*(sum(each.values()) for each in one)) for one in columns]
    rows.append(("all", *(cell for one in sums for cell in one)))
    head = [f"{page}: ms" if part == "ms" else part for page in pages() for part in HEAD]
    table(("", *head), rows)
    one, more = columns[:2]
    added = {
        stage: [(b[stage] - a[stage]) / 7 for a, b in zip(one, more, strict=True)]
        for stage in STAGES
    }
    rows = [(stage, *(f"{each:.3f}" for each in added[stage])) for stage in STAGES]
    rows.append(("all", *(f"{sum(each):.3f}" for each in zip(*added.values(), strict=True))))
    table(("each digit more", *HEAD), rows)
    print(f"{a_second / 1e9:.1f} GB/s read and written, {products / 1e9:.0f} GFLOPS")
    print(f"Pillow resamples a window in {resampling():.3f} ms")


HEAD = ("ms", "limit", "calls")


def cells(own: float, least: float, made: float) -> tuple[str, str, str]:
    """Milliseconds, those at the limit, and calls, as the table shows them."""
    return f"{own:.2f}", f"{least:.2f}" if least else "", f"{made:.0f}"


def needed(reader: Any, counts: dict[str, int]) -> dict[str, tuple[float, float]]:
    """For each stage the bytes that it must read and write, and its multiply-adds."""
    pixels, patches, windows = (counts[name] for name in ("pixels", "patches", "windows"))
    network, second = reader.network, reader.context.neighbourhood
    patch, window = 28 * 28, 56 * 112
    return dict.fromkeys(STAGES, (0, 0)) | {
        "light": (2 * pixels, 0),  # the frame in, contrast out
        "threshold": (3 * pixels, 0),  # contrast in, threshold and mask out
        "components": (pixels, 0),
        "patches": (2 * pixels + patches * patch, 0),
        "windows": (pixels + windows * window, 0),
        "network": (weights(network) + patches * patch, patches * network.multiply_adds),
        "neighbourhood": (
            weights(second) + windows * (window + patch),
            windows * second.multiply_adds,
        ),
    }


def weights(network: Any) -> int:
    """Bytes of a network's parameters."""
    return sum(array.nbytes for array in network.parameters)


def times(read: Callable[[], object], rounds: int) -> dict[str, float]:
    """Processor milliseconds of each stage, of the round in which it took least."""
    best = dict.fromkeys(STAGES, float("inf"))
    names = ["", *STAGES]
    for _ in range(rounds):
        spent = dict.fromkeys(names, 0.0)
        now = ["", time.thread_time()]

        def switch(stage: int, spent: Any = spent, now: Any = now) -> None:
            then = time.thread_time()
            spent[now[0]] += then - now[1]
            now[:] = names[stage], time.thread_time()

        with watched(STAGES, switch):
            read()
        best = {stage: min(best[stage], 1e3 * spent[stage]) for stage in STAGES}
    return best


def calls(read: Callable[[], object]) -> dict[str, int]:
    """How many functions, Python's and others, are called in each stage."""
    made = dict.fromkeys(["", *STAGES], 0)
    names = ["", *STAGES]
    now = [""]

    def switch(stage: int) -> None:
        now[0] = names[stage]

    def seen(_: object, event: str, __: object) -> None:
        made[now[0]] += event in ("call", "c_call")

    with watched(STAGES, switch):
        sys.setprofile(seen)
        try:
            read()
        finally:
            sys.setprofile(None)
    del made[""]
    return made


def bandwidth() -> float:
    """Bytes a second that a large copy reads and writes."""
    from_, to = np.ones(COPIED, np.uint8), np.zeros(COPIED, np.uint8)
    return 2 * COPIED / quickest(lambda: np.copyto(to, from_))


def peak() -> float:
    """Floating point operations a second of a large product."""
    one = np.random.default_rng(1).random((EDGE, EDGE), np.float32)
    out = np.empty_like(one)
    return 2 * EDGE**3 / quickest(lambda: np.dot(one, one, out=out))


def resampling() -> float:
    """Milliseconds that Pillow's bilinear filter takes for a window of half again its size."""
    picture, box = Image.new("L", (640, 480), 99), (9.5, 9.5, 177.5, 93.5)
    return 1e3 * quickest(lambda: picture.resize((112, 56), Image.Resampling.BILINEAR, box), 99)


def quickest(work: Callable[[], object], rounds: int = 7) -> float:
    """Processor seconds of the round that took least."""
    each = []
    for _ in range(rounds):
        begin = time.thread_time()
        work()
        each.append(time.thread_time() - begin)
    return min(each)


if __name__ == "__main__":
    main()
