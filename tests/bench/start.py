"""What it costs to start pi-reader, and how much memory it needs, each time in a fresh process.

    python tests/bench/start.py [--rounds N] [--weights W] [--train] [--mnist DIR]

Wall time, processor time and the peak of resident memory (as `/usr/bin/time -v` gives it) of a
command, beside the bare interpreter and the imports that the peers cannot do without. `--train`
adds an epoch of `train default`, with MNIST and without, and of `train classic --drawn`.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from measure import add_mnist, arguments, table

READER = [sys.executable, "-m", "pi_reader"]


def main() -> None:
    """Print one row per command."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--weights", default="default", help="pi-reader's weights, name or file")
    parser.add_argument("--train", action="store_true", help="also measure training")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        page, photo = Path(folder) / "page.png", Path(folder) / "photo.jpg"
        draw(page, photo)
        read = [*READER, "read", "--json", "--weights", args.weights]
        commands = {
            "python": [sys.executable, "-c", "pass"],
            "import numpy": [sys.executable, "-c", "import numpy"],
            "import cv2, onnxruntime": [sys.executable, "-c", "import cv2, onnxruntime"],
            "import torch": [sys.executable, "-c", "import torch"],
            "pi-reader --help": [*READER, "--help"],
            "pi-reader read (640x480)": [*read, str(page)],
            "pi-reader read (12 megapixels)": [*read, str(photo)],
        }
        report(commands, args.rounds)
        if args.train:
            short = ["--epochs", "1", "--out", str(Path(folder) / "w.npz")]
            report(
                {
                    "train default --mnist": [
                        *READER,
                        "train",
                        "default",
                        "--mnist",
                        str(args.mnist),
                        *short,
                    ],
                    "train default --drawn": [*READER, "train", "default", "--drawn", *short],
                    "train classic --drawn": [*READER, "train", "classic", "--drawn", *short],
                },
                1,
            )


def draw(page: Path, photo: Path) -> None:
    """Have a page drawn by another process, so that this one stays small; and a photo of it, in
    colour and as large as phones make them."""
    code = (
        "import sys, numpy as np; from PIL import Image;"
        "from pi_reader.handwriting.page import draw_page;"
        "page = Image.fromarray(draw_page(np.random.default_rng(3)).frame.grey);"
        "page.save(sys.argv[1]); page.resize((4000, 3000)).convert('RGB').save(sys.argv[2])"
    )
    subprocess.run([sys.executable, "-c", code, str(page), str(photo)], check=True)


def report(commands: Mapping[str, Sequence[str]], rounds: int) -> None:
    """Run the commands in turn, so many times each, and print medians."""
    runs: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command))
    rows = []
    for name, each in runs.items():
        wall, processor, _ = (statistics.median(column) for column in zip(*each, strict=True))
        rows.append((name, f"{wall:.2f}", f"{processor:.2f}", f"{max(m for *_, m in each):.0f}"))
    table(("command", "wall s", "processor s", "peak MB"), rows)


def run(command: Sequence[str]) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak memory in MB (2**20 bytes) of one process."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        print(f"{' '.join(command)}: exit code {process.returncode}", file=sys.stderr)
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
