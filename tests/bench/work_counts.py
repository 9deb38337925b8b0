"""Emulated processors, the pages that they read, and the plugin's counts; `work.py` shows them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from work_inside import PER_RUN, STAGES, STEP

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
PINS = HERE / "work.json"
DIGITS = CHECKOUT / "tests" / "golden" / "digits.npz"
COUNTS = (1, 8, 25)  # digits on a page
ROUND = {"zero": 330, "a53": 300}  # instructions of a round of Dhrystone
ROUNDS_PER_DMIPS = 1757
MEMORY = 150e-9  # seconds that a miss of both caches takes
SECOND = 20  # cycles that a miss of the first takes


@dataclass(frozen=True)
class Processor:
    """An emulated processor: its tree, QEMU and options, and what is published of its speed.

    gflops: where products are computed rather than counted; least: cycles of an instruction.
    """

    name: str
    variable: str
    qemu: str
    cpu: str
    caches: str
    libraries: tuple[str, ...]
    megahertz: float
    least: float
    dmips: float
    gflops: float = 0.0

    def seconds(self, counted: Sequence[int]) -> tuple[float, float]:
        """The least and the most that instructions and misses take."""
        instructions, _, _, first, second = counted
        cycle = 1e-6 / self.megahertz
        usual = 1e6 / (self.dmips * ROUNDS_PER_DMIPS * ROUND[self.name])  # cycles an instruction
        most = (instructions * usual + SECOND * first) * cycle + second * MEMORY
        return instructions * self.least * cycle, most


A53 = Processor(
    "a53",
    "PI_READER_ARM64_ROOT",
    "qemu-aarch64",
    "cortex-a53",
    "line=64,l1=32768,l2=524288",
    ("aarch64-linux-gnu/openblas-pthread",),
    1000,
    0.5,
    2.3,
)
ZERO = Processor(
    "zero",
    "PI_READER_ARMEL_ROOT",
    "qemu-arm",
    "arm1176",
    "line=32,l1=16384,l2=131072",
    ("arm-linux-gnueabi/blas", "arm-linux-gnueabi/lapack"),
    1000,
    1.0,
    1.25,
    0.267,
)
PROCESSORS = {one.name: one for one in (A53, ZERO)}

Counted = dict[str, dict[str, tuple[int, ...]]]  # page or "step", stage: five counts


def pages() -> dict[str, np.ndarray]:
    """Pages of 640 x 480 with clear digits on unevenly lit paper, whole numbers all the way."""
    with np.load(DIGITS) as archive:
        digits = archive["patches"]
    rows, columns = np.mgrid[0:480, 0:640]
    paper = 215 - 40 * columns // 640 - 20 * rows * rows // 480**2
    noise = np.random.default_rng(1).integers(-3, 4, paper.shape)
    made = {}
    for number in COUNTS:
        ink = np.zeros(paper.shape, np.int64)
        for place, digit in enumerate(digits[:number]):
            row, column = divmod(place, 7)
            large = np.asarray(Image.fromarray(digit).resize((84, 84), Image.Resampling.BICUBIC))
            top, left = 20 + 112 * row, 20 + 87 * column
            ink[top : top + 84, left : left + 84] = large
        grey = paper - paper * 7 * ink // 2550 + noise
        made[f"{number} digits" if number > 1 else "1 digit"] = grey.clip(0, 255).astype(np.uint8)
    return made


def missing(processor: Processor) -> str:
    """Why it cannot be emulated here, "" if it can."""
    if not os.environ.get(processor.variable):
        return f"{processor.variable} names no tree; see the head of tests/bench/work.py"
    if not Path(os.environ[processor.variable], "usr/bin/python3").exists():
        return f"{processor.variable}={os.environ[processor.variable]}: no Python in there"
    for program in (processor.qemu, "gcc", "setarch"):
        if not shutil.which(program):
            return f"no {program}"
    return ""


def count(
    processor: Processor,
    frames: Mapping[str, np.ndarray],
    package: Path,
    step: bool = False,
    memory: bool = True,
) -> Counted:
    """Read frames with a checkout's package, then do a training step: all counts by stage.

    memory: whether bytes and misses are counted, too, which takes three times as long.
    """
    root = Path(os.environ[processor.variable]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        plugin, pictures, out = (Path(folder, name) for name in ("work.so", "frames.npz", "out"))
        build = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(plugin), str(HERE / "work.c")]
        subprocess.run(build, check=True)
        np.savez(pictures, **frames)  # type: ignore[arg-type]
        libraries = ":".join(str(root / "usr/lib" / one) for one in processor.libraries)
        command = [
            *("setarch", "-R", processor.qemu, "-cpu", processor.cpu, "-L", str(root)),
            *("-plugin", f"{plugin},out={out},memory={memory:d},{processor.caches}"),
            *("-E", f"LD_LIBRARY_PATH={libraries}", str(root / "usr/bin/python3")),
            *("-B", str(HERE / "work_inside.py"), str(pictures), *(["step"] if step else [])),
        ]
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(package.resolve()),
            "PYTHONHASHSEED": "0",
            "OPENBLAS_NUM_THREADS": "1",
            "OPENBLAS_CORETYPE": "CORTEXA53",
        }
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        lines = [tuple(map(int, line.split())) for line in out.read_text().splitlines()]
    slots = {slot: counts for slot, _, *counts in lines}
    runs = [*frames, *(["step"] if step else [])]
    return {
        run: {
            stage: tuple(slots.get(number * PER_RUN + place, (0,) * 5))
            for place, stage in enumerate(STEP if run == "step" else STAGES, 1)
        }
        for number, run in enumerate(runs)
    }


def held(processor: Processor) -> dict[str, int]:
    """Instructions of reading the page with 8 digits, by itself: what was read before it in the
    same process would have made Python's code quicker."""
    page = {"8 digits": pages()["8 digits"]}
    counted = count(processor, page, CHECKOUT, memory=False)
    return {name: total(stages) for name, stages in counted.items()}


def total(stages: Mapping[str, Sequence[int]]) -> int:
    """Instructions of all stages."""
    return sum(counts[0] for counts in stages.values())


def line(processor: Processor) -> int:
    """Bytes of a line of its caches."""
    return int(processor.caches.split(",")[0].removeprefix("line="))
