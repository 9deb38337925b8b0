"""What visitors of the page cost the reader's watchdog beat on a slow board.

    sudo python tests/bench/beat.py [--scene still] [--viewers 20] [--seconds 120] [--rounds 5]

Reader and page run as their units would, on one core of which both together get 1/40 (a cgroup's
quota): about what a Zero W has beside this machine. Viewers do what the page does in a browser, a
stream of events and one picture after the other each, from another core. Rounds without and with
them take turns, so that other work on this machine falls on both. A beat is the time between two
WATCHDOG=1 at systemd's end, stamped by the kernel. The camera shows a drawn page that lies still,
or with `--scene pages` one after the other, each of which must be read: that alone takes seconds of
so little. Drawing them costs nothing here. Needs root and a cgroup with cpu.max, or the older
cpu.cfs_quota_us.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from measure import arguments, table

PERIOD = 100_000  # microseconds
SETTLE = 15.0  # seconds after viewers came or went
LONGEST_START = 60.0  # seconds
WEIGHTS = {"reader": 100, "page": 10}  # CPUWeight of the units
NICE = {"reader": 0, "page": 10}
HOME = Path("/sys/fs/cgroup")
SO_TIMESTAMPNS = 35
BOOT = """
import sys
sys.path.insert(0, {bench!r})
import beat
beat.be_the_box({state!r}, {frames!r})
"""


def main() -> None:
    """Measure in turns, and print a row for each case."""
    parser = arguments(__doc__)
    parser.add_argument("--scene", choices=("still", "pages"), default="still")
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=120.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--share", type=float, default=1 / 40, help="of a core")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that all that was begun is ended
    with ExitStack() as opened:
        measure(args, opened)


def measure(args: argparse.Namespace, opened: ExitStack) -> None:
    """Start everything, take the rounds, and print what came of them."""
    folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="beat-", dir="/dev/shm")))
    draw(folder / "frames.npy", args.seed, args.scene)
    groups = opened.enter_context(slow_board(args.share))
    beats = Beats(folder / "notify")
    port = free_port()
    boot = BOOT.format(
        bench=str(Path(__file__).parent), state=str(folder), frames=str(folder / "frames.npy")
    )
    core, others = split_cores()
    page = [sys.executable, "-m", "pi_reader", "web", "run", "--state", str(folder)]
    started = {
        "reader": opened.enter_context(
            running([sys.executable, "-c", boot], core, NOTIFY_SOCKET=str(folder / "notify"))
        ),
        "page": opened.enter_context(running([*page, "--port", str(port)], core)),
    }
    os.sched_setaffinity(0, others)
    secret = token(folder)
    until_there(beats, port)
    for name, process in started.items():
        groups[name].joinpath("cgroup.procs").write_text(str(process.pid))
        os.setpriority(os.PRIO_PROCESS, process.pid, NICE[name])
    times: dict[int, list[float]] = {0: [], args.viewers: []}
    used = {count: dict.fromkeys(started, 0.0) for count in times}
    gaps: list[float] = []
    for turn in range(args.rounds):
        for count in times:
            with viewing(folder, port, secret, count) as seen:
                time.sleep(SETTLE)
                before = {name: processor(process.pid) for name, process in started.items()}
                begun = time.time()
                time.sleep(args.seconds)
                times[count] += beats.between(begun, time.time())
                for name, process in started.items():
                    used[count][name] += processor(process.pid) - before[name]
                gaps += [gap for at, gap in list(seen) if at > begun]
            print(f"round {turn + 1}, {count} viewers: {figures(times[count])}", flush=True)
    seconds = args.seconds * args.rounds
    head = ("viewers", "beats", "median s", "p95 s", "p99 s", "worst s", "reader ms/s", "page ms/s")
    rows = [
        (count, len(found), *(f"{value:.2f}" for value in figures(found)),
         *(f"{1e3 * used[count][name] / seconds:.1f}" for name in started))
        for count, found in times.items()
    ]  # fmt: skip
    table(head, rows)
    few, many = (figures(found)[1] for found in times.values())
    print(f"p95 {100 * (many / few - 1):+.1f} %")
    if gaps:
        print("a viewer's picture: median, p95, p99, worst s", figures(gaps))


def figures(found: list[float]) -> list[float]:
    """Median, 95th and 99th percentile, worst."""
    inorder = sorted(found) or [float("nan")]
    last = len(inorder) - 1
    return [round(inorder[round(share * last)], 3) for share in (0.5, 0.95, 0.99, 1.0)]


# The box


def draw(path: Path, seed: int, scene: str) -> None:
    """Frames of six pages that come, lie for twelve seconds and go; or of one that lies."""
    import numpy as np

    from pi_reader.camera.desk import DeskCamera

    camera = DeskCamera(np.random.default_rng(seed), 6 if scene == "pages" else 1, looks=32)
    frames = []
    while (frame := camera.capture()) is not None:
        if scene == "pages" or camera.page is not None:
            frames.append(frame.grey)
    np.save(path, np.stack(frames))


def be_the_box(state: str, path: str) -> None:
    """The reader, with a camera that plays drawn frames for ever."""
    import numpy as np

    from pi_reader.cli.build import build
    from pi_reader.config import Settings, find_folders
    from pi_reader.parts import Closing
    from pi_reader.values import Frame

    class Player(Closing):
        def __init__(self) -> None:
            self._frames = itertools.cycle(np.load(path, mmap_mode="r"))

        def capture(self) -> Frame:
            return Frame(np.array(next(self._frames)), "played")

        def close(self) -> None:
            """Nothing is held."""

    with ExitStack() as opened:
        appliance = build(
            Settings(),
            find_folders(Path(state)),
            lambda line: print(line, flush=True),
            opened,
            Player(),
        )
        signal.signal(signal.SIGTERM, lambda *_: appliance.stop())
        appliance.run()


@contextmanager
def running(
    command: list[str], core: set[int], **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A process on one core."""
    process = subprocess.Popen(
        command,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **environment},
        preexec_fn=lambda: os.sched_setaffinity(0, core),
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def token(state: Path) -> str:
    """One that lets its bearer watch."""
    from pi_reader.config import find_folders
    from pi_reader.web.access import PUPIL, Access

    return Access(find_folders(state)).add(PUPIL, "token", "a viewer")


def until_there(beats: Beats, port: int) -> None:
    """Wait until the reader beats and the page answers."""
    end = time.monotonic() + LONGEST_START
    while time.monotonic() < end:
        time.sleep(0.5)
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            if beats.times:
                return
    raise SystemExit("beat: reader or page did not start")


class Beats:
    """What the reader tells systemd. times: of each WATCHDOG=1, seconds since 1970."""

    def __init__(self, path: Path) -> None:
        self.times: list[float] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind(str(path))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            said, more, _, _ = self._socket.recvmsg(4096, 256)
            if b"WATCHDOG=1" in said:
                at = next((content for _, kind, content in more if kind == SO_TIMESTAMPNS), b"")
                seconds, nano = struct.unpack("ll", at) if at else (time.time(), 0)
                self.times.append(seconds + nano / 1e9)

    def between(self, begun: float, ended: float) -> list[float]:
        """The gaps between beats of a time."""
        found = [at for at in self.times if begun <= at <= ended]
        return [late - early for early, late in itertools.pairwise(found)]


# The slow board


@contextmanager
def slow_board(share: float) -> Iterator[dict[str, Path]]:
    """Groups of processes that share a part of a core, with the units' weights."""
    is_new = "cpu" in _read(HOME / "cgroup.controllers").split()
    top = (HOME if is_new else HOME / "cpu") / f"pi-reader-beat-{os.getpid()}"
    quota = round(share * PERIOD)
    made: list[Path] = []
    try:
        top.mkdir()
        made.append(top)
        if is_new:
            (HOME / "cgroup.subtree_control").write_text("+cpu")
            (top / "cgroup.subtree_control").write_text("+cpu")
            (top / "cpu.max").write_text(f"{quota} {PERIOD}")
            (top / "cpu.weight").write_text("10000")  # of other work on this machine, none
        else:
            (top / "cpu.cfs_period_us").write_text(str(PERIOD))
            (top / "cpu.cfs_quota_us").write_text(str(quota))
            (top / "cpu.shares").write_text("262144")
        for name, weight in WEIGHTS.items():
            group = top / name
            group.mkdir()
            made.append(group)
            if is_new:
                (group / "cpu.weight").write_text(str(weight))
            else:
                (group / "cpu.shares").write_text(str(round(10.24 * weight)))
        yield {name: top / name for name in WEIGHTS}
    except OSError as error:
        raise SystemExit(f"beat: needs root and a cgroup that may share a core: {error}") from error
    finally:
        for group in reversed(made):
            for _ in range(50):
                with suppress(OSError):
                    group.rmdir()
                    break
                time.sleep(0.1)


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def split_cores() -> tuple[set[int], set[int]]:
    """One core for the board, the others for those who watch."""
    cores = sorted(os.sched_getaffinity(0) | set(range(os.cpu_count() or 1)))
    return {cores[-1]}, set(cores[:-1]) or {cores[-1]}


def processor(pid: int) -> float:
    """Seconds that a process has computed."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port that the system chose."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


# Viewers


@contextmanager
def viewing(
    folder: Path, port: int, secret: str, count: int
) -> Iterator[list[tuple[float, float]]]:
    """So many viewers; gives when each picture came, and seconds since the one before."""
    over = threading.Event()
    seen: list[tuple[float, float]] = []
    lines: list[http.client.HTTPConnection] = []
    for number in range(count):
        for work in (_listen_to_events, _take_pictures):
            line = http.client.HTTPConnection(
                "127.0.0.1", port, timeout=60, source_address=(f"127.0.0.{2 + number}", 0)
            )
            lines.append(line)
            words = {"Authorization": f"Bearer {secret}"}
            threading.Thread(target=work, args=(line, words, over, seen), daemon=True).start()
    try:
        yield seen
    finally:
        over.set()
        for line in lines:
            if line.sock is not None:
                with suppress(OSError):
                    line.sock.shutdown(socket.SHUT_RDWR)
            line.close()


def _listen_to_events(line, words, over, seen) -> None:  # type: ignore[no-untyped-def]
    with suppress(OSError, http.client.HTTPException, ValueError, AttributeError):
        line.request("GET", "/api/1/events", headers=words)
        answer = line.getresponse()
        while not over.is_set() and answer.readline():
            pass


def _take_pictures(line, words, over, seen) -> None:  # type: ignore[no-untyped-def]
    after, last = "0", time.time()
    while not over.is_set():
        try:
            line.request("GET", f"/api/1/frame.jpg?after={after}", headers=words)
            answer = line.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            line.close()
            over.wait(2.0)
            continue
        if answer.status == 200 and content:
            after, now = answer.headers["X-Frame"], time.time()
            seen.append((now, now - last))
            last = now
        elif answer.status != 204:
            over.wait(2.0)
        else:
            after = "0"


if __name__ == "__main__":
    main()
