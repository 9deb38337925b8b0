"""What a look costs: a frame that has not changed, one that has, and the start of the service.

    python tests/bench/look.py [--rounds 300] [--starts 5]

Processor milliseconds on one core. "Unchanged" is everything that the loop does for a frame when
nothing happens: the change check, light and focus, and a look at who wants something. "Start" is a
process from nothing to READY, with the simulated camera.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from measure import arguments, table

# isort: split
import numpy as np

from pi_reader.box.motion import MotionDetector
from pi_reader.camera.image_quality import conditions
from pi_reader.cli.common import open_reader
from pi_reader.handwriting.page import draw_page

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from box import Clock, box


def main() -> None:
    """Print one row per thing that is timed."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--starts", type=int, default=5)
    args = parser.parse_args()
    frame = replace(draw_page(np.random.default_rng(3), 0.3).frame, source="123")
    reader, detector = open_reader("default"), MotionDetector()
    detector.look(frame.grey)
    detector.remember()
    clock = Clock()
    appliance, _, _ = box([frame] * (2 * args.rounds + 20), clock)
    for _ in range(10):
        appliance._look()
    rows = [
        ("change check", timed(lambda: detector.look(frame.grey), args.rounds)),
        ("light and focus", timed(lambda: conditions(frame.grey), args.rounds)),
        ("unchanged frame, the whole loop", timed(appliance._look, args.rounds)),
        ("reading it", timed(lambda: reader.read(frame), args.rounds // 5)),
    ]
    table(("640x480", "median ms"), [(name, f"{value:.3f}") for name, value in rows])
    starts = [start() for _ in range(args.starts)]
    medians = (f"{statistics.median(column):.2f}" for column in zip(*starts, strict=True))
    table(("start", "processor s", "wall s"), [("to READY", *medians)])


def timed(work: Callable[[], object], rounds: int) -> float:
    """Median processor milliseconds."""
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        times.append(1000 * (time.process_time() - begun))
    return statistics.median(times)


def start() -> tuple[float, float]:
    """Processor and wall seconds from a process's start until it says READY."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
    ):
        systemd.bind(f"{folder}/notify")
        systemd.settimeout(60)
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "pi_reader", "run", "--camera", "desk", "--state", folder],
            env={**os.environ, "NOTIFY_SOCKET": f"{folder}/notify"},
            stderr=subprocess.DEVNULL,
        )
        while b"READY=1" not in systemd.recv(1000):
            pass
        wall = time.perf_counter() - begun
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        process.terminate()
        process.wait(10)
    return used, wall


if __name__ == "__main__":
    main()
