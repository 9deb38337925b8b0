"""The same answers on a Raspberry Pi's processors, emulated.

Both tests run the package with Debian's own Python and numpy of another architecture: arm64 as on a
Zero 2 W or 3, and armel on an ARM1176, which is the Zero's processor (an instruction that it does
not have ends the process, as on the real board). They skip where there is no such system. As root
on Debian:

    apt-get install qemu-user-static mmdebstrap arch-test
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    cat /usr/lib/binfmt.d/qemu-aarch64.conf > /proc/sys/fs/binfmt_misc/register
    cat /usr/lib/binfmt.d/qemu-arm.conf > /proc/sys/fs/binfmt_misc/register
    for arch in arm64 armel; do
        mmdebstrap --variant=minbase --arch=$arch --skip=check/qemu \\
            --include=python3-numpy,python3-pil,python3-tqdm bookworm /srv/$arch
    done
    PI_READER_ARM64_ROOT=/srv/arm64 PI_READER_ARMEL_ROOT=/srv/armel \\
        python -m pytest -m emulated -s tests/test_emulated.py

Sums in float32 differ between architectures in the seventh digit, so labels are compared.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pi_reader.handwriting.page import draw_page

pytestmark = pytest.mark.emulated

CHECKOUT = Path(__file__).resolve().parents[1]
PAGES = 3


@dataclass(frozen=True)
class Board:
    """A Debian of another architecture, and the processor to run it on."""

    variable: str
    processor: str
    machine: str


@dataclass(frozen=True)
class Bench:
    """Where the package lies in that Debian: `inside` is how its own processes call `folder`."""

    board: Board
    root: Path
    folder: Path

    @property
    def inside(self) -> Path:
        return Path("/") / self.folder.relative_to(self.root)

    def run(self, *arguments: str) -> str:
        """Run its Python in the folder's place and return what it prints."""
        command = ["chroot", str(self.root), "/usr/bin/python3", *arguments]
        return printed(command, QEMU_CPU=self.board.processor, PYTHONPATH=str(self.inside))


BOARDS = [
    pytest.param(Board("PI_READER_ARM64_ROOT", "cortex-a53", "aarch64"), id="arm64"),
    pytest.param(Board("PI_READER_ARMEL_ROOT", "arm1176", "armv6l"), id="armel"),
]


@pytest.fixture(params=BOARDS)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    board: Board = request.param
    root = os.environ.get(board.variable, "")
    if not root or not Path(root, "usr/bin/python3").exists():
        pytest.skip(f"needs {board.variable}; see the head of this file")
    if os.geteuid() != 0:
        pytest.skip("needs root, for chroot")
    folder = Path(tempfile.mkdtemp(prefix="pi-reader-test-", dir=Path(root, "var/tmp")))
    shutil.copytree(
        CHECKOUT / "pi_reader", folder / "pi_reader", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(CHECKOUT / "weights", folder / "weights")
    yield Bench(board, Path(root), folder)
    shutil.rmtree(folder)


def printed(command: Sequence[str], **environment: str) -> str:
    """What a command prints; the test fails with its errors if it fails."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": os.environ["PATH"],
            "HOME": "/nowhere",
            "OPENBLAS_NUM_THREADS": "1",
            **environment,
        },
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def labels(lines: str) -> list[list[list[int]]]:
    """Pages, lines and digits of `read --json`: each digit's label."""
    pages = [json.loads(line) for line in lines.splitlines()]
    return [
        [[digit["label"] for digit in line["digits"]] for line in page["lines"]] for page in pages
    ]


def test_reads_the_same_digits(bench: Bench) -> None:
    assert bench.run("-c", "import platform; print(platform.machine())").strip() == (
        bench.board.machine
    )
    rng = np.random.default_rng(11)
    names = [f"page{number}.png" for number in range(PAGES)]
    for name in names:
        Image.fromarray(draw_page(rng, difficulty=0.2).frame.grey).save(bench.folder / name)
    read = ["-m", "pi_reader", "read", "--json"]
    there = labels(bench.run(*read, *(str(bench.inside / name) for name in names)))
    here = labels(
        printed(
            [sys.executable, *read, *(str(bench.folder / name) for name in names)],
            PYTHONPATH=str(bench.folder),
        )
    )
    print(f"\n{platform.machine()} and {bench.board.machine} on {bench.board.processor}:", *there)
    assert there == here
    assert sum(len(line) for page in there for line in page) >= 5 * PAGES


def test_learns_the_same_digits(bench: Bench) -> None:
    train = [
        "-m",
        "pi_reader",
        "train",
        "classic",
        "--drawn",
        "--epochs",
        "1",
        "--limit",
        "1000",
        "--seed",
        "1",
        "--out",
    ]
    bench.run(*train, str(bench.inside / "there.npz"))
    printed([sys.executable, *train, str(bench.folder / "here.npz")], PYTHONPATH=str(bench.folder))
    here, there = (predicted(bench.folder / name) for name in ("here.npz", "there.npz"))
    print(
        f"\n{bench.board.machine} on {bench.board.processor}: trained there and here, "
        f"{(here == there).mean():.1%} of {len(here)} labels agree"
    )
    assert (here == there).mean() > 0.99


def predicted(weights: Path) -> np.ndarray:
    """The labels that a network gives to freshly drawn digits, which it should mostly know."""
    from pi_reader.handwriting.patches import draw_patches
    from pi_reader.network.store import load

    truth = np.arange(1000) % 10
    guessed = load(weights)[0].predict(draw_patches(truth, np.random.default_rng(2))).argmax(axis=1)
    assert (guessed == truth).mean() > 0.5
    return guessed
