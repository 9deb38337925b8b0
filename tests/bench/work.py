"""What a frame and a training step cost on a Raspberry Pi's processors: counted, not timed.

    PI_READER_ARM64_ROOT=/srv/arm64 PI_READER_ARMEL_ROOT=/srv/armel \\
        python tests/bench/work.py [--only a53] [--page '8 digits'] [--quick] [--beside DIR] [--pin]

An emulated Cortex-A53 (Zero 2 W, 3) and ARM1176 (Zero W) read pages with Debian's Python and numpy
while a plugin (work.c) counts instructions, bytes that are loaded and stored, and misses of caches
of the processor's sizes, stage by stage. The same code gives the same counts to one per cent,
however busy the machine is. --beside counts another checkout, too, and prints the ratio. --pin
notes the sum of the page with 8 digits in work.json, which tests/test_work.py then holds.

The trees are folders into which Debian's packages were unpacked; nothing in them is ever installed
or run as root:

    apt-get install qemu-user mmdebstrap gcc
    mmdebstrap --variant=extract --arch=arm64 --skip=check/qemu \\
        --include=python3,python3-numpy,python3-pil,libopenblas0-pthread bookworm /srv/arm64
    mmdebstrap --variant=extract --arch=armel --skip=check/qemu \\
        --include=python3,python3-numpy,python3-pil,libblas3,liblapack3 bookworm /srv/armel

Seconds are a range. At the least, every instruction takes as few cycles as the processor can, and
all data is in the cache: 1 cycle on an ARM1176, 1/2 on an A53. At the most, it takes what it takes
in Dhrystone by Arm's figures (1.25 and 2.3 DMIPS per megahertz; some 330 and 300 instructions a
round), and each miss what is published of memory: 20 cycles to the second cache, 150 ns to memory.
Debian's armel computes with numbers in floating point by subroutines; Raspberry Pi OS has the
processor do it. So on the ARM1176 the networks are not counted but computed: multiply-adds at
Linpack's 0.267 GFLOPS with OpenBLAS. What else has such numbers in it is counted too high.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from measure import arguments, table

# isort: split
from work_counts import (
    CHECKOUT,
    PINS,
    PROCESSORS,
    Counted,
    Processor,
    count,
    held,
    line,
    missing,
    pages,
)
from work_inside import counted_work

from pi_reader.cli.common import open_reader
from pi_reader.values import Frame

NETWORKS = ("network", "neighbourhood")


def main() -> None:
    """Count, and print a table for each processor."""
    parser = arguments(__doc__)
    parser.add_argument("--only", choices=PROCESSORS, help="one processor")
    parser.add_argument("--package", type=Path, default=CHECKOUT, help="checkout that is counted")
    parser.add_argument("--beside", type=Path, help="checkout to compare with")
    parser.add_argument("--page", choices=pages(), help="one page (default: all)")
    parser.add_argument("--quick", action="store_true", help="instructions only")
    parser.add_argument("--no-step", action="store_true", help="frames only")
    parser.add_argument("--pin", action="store_true", help="note the sums in work.json")
    args = parser.parse_args()
    chosen = [one for name, one in PROCESSORS.items() if args.only in (None, name)]
    pins = json.loads(PINS.read_text()) if PINS.exists() else {}
    reader = open_reader("default")
    pins["pages"] = {page: int(grey.sum(dtype="int64")) for page, grey in pages().items()}
    pins["frame"] = {page: counted_work(reader, Frame(grey)) for page, grey in pages().items()}
    shown = {page: grey for page, grey in pages().items() if args.page in (None, page)}
    for processor in chosen:
        if why := missing(processor):
            print(f"{processor.name}: {why}", file=sys.stderr)
            continue
        # with subroutines for every number a training step takes an hour, and says nothing
        step = not args.no_step and not processor.gflops
        counted = count(processor, shown, args.package, step, not args.quick)
        before = None
        if args.beside:
            before = count(processor, shown, args.beside, step, not args.quick)
        show(processor, counted, before)
        if args.pin:
            pins[processor.name] = held(processor)
    if args.pin:
        PINS.write_text(json.dumps(pins, indent=1) + "\n")


def show(processor: Processor, counted: Counted, before: Counted | None) -> None:
    """Print instructions by stage, then bytes, misses and seconds of each page, then of a step."""
    work = products() if processor.gflops else {}
    for names in (
        [run for run in counted if run != "step"],
        [run for run in counted if run == "step"],
    ):
        if not names:
            continue
        rows = [
            (stage, *(millions(counted, before, run, stage) for run in names))
            for stage in counted[names[0]]
        ]
        sums = [
            tuple(map(sum, zip(*own(processor, counted[run]).values(), strict=True)))
            for run in names
        ]
        what = "all but the networks" if processor.gflops else "all"
        rows.append((what, *(f"{s[0] / 1e6:.2f}" for s in sums)))
        seconds = "seconds, all in the cache"
        if all(s[1] for s in sums):  # bytes were counted
            rows.append(("MB loaded and stored", *(f"{(s[1] + s[2]) / 1e6:.0f}" for s in sums)))
            rows.append(("MB from memory", *(f"{s[4] * line(processor) / 1e6:.1f}" for s in sums)))
            seconds = "seconds"
        spans = [processor.seconds(s) for s in sums]
        extra = [2 * work.get(run, 0) / (processor.gflops or 1) / 1e9 for run in names]
        rows.append(
            (
                seconds,
                *(
                    f"{low + more:.2g} to {high + more:.2g}"
                    for (low, high), more in zip(spans, extra, strict=True)
                ),
            )
        )
        table((f"{processor.cpu}, million instructions", *names), rows)


def own(processor: Processor, stages: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The stages that are counted, not computed."""
    left_out = NETWORKS if processor.gflops else ()
    return {stage: counts for stage, counts in stages.items() if stage not in left_out}


def millions(counted: Counted, before: Counted | None, run: str, stage: str) -> str:
    """Instructions of one stage, and their share of what they were before."""
    now, then = (one[run][stage][0] if one else 0 for one in (counted, before))
    return f"{now / 1e6:.2f}" + (f" ({now / then:.0%})" if then else "")


def products() -> dict[str, int]:
    """Multiply-adds of both networks for each page, as read here."""
    reader = open_reader("default")
    return {
        name: counted_work(reader, Frame(grey))["multiply-adds"] for name, grey in pages().items()
    }


if __name__ == "__main__":
    main()
