"""Ctrl-C and pipes that end: answered at once, with the right exit code and without a traceback."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest

from pi_reader.cli import main as cli

ROOT = Path(__file__).resolve().parents[1]
OURS = [sys.executable, "-m", "pi_reader"]
# What a shell started would do with Ctrl-C, even where the tests themselves run in the background.
LISTENING = [
    sys.executable,
    "-c",
    "import os, signal, sys\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "os.execv(sys.argv[1], sys.argv[1:])",
]


def begun(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*LISTENING, *OURS, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (3.0, "train default --drawn --limit 64 --epochs 9999 --out OUT/a.npz"),
        (3.0, "train mlp --drawn --limit 64 --epochs 9999 --out OUT/a.npz"),
        (3.0, "train classic --drawn --out OUT/a.npz"),
        (3.0, "train default --mnist OUT --out OUT/a.npz"),
        (2.0, "sweep --drawn --jobs 1 --results OUT/r.json"),
        (2.0, "demo --pages 50"),
        (2.0, "run --camera desk --state OUT/state"),
        (1.0, "status --follow --state OUT/state"),
        (2.0, "lesson rotations"),
    ],
)
def test_ok__ctrl_c_is_answered_within_a_second(tmp_path: Path, seconds: float, words: str) -> None:
    process = begun(*words.replace("OUT", str(tmp_path)).split())
    time.sleep(seconds)
    if process.poll() is None:
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130, said
        assert time.monotonic() - began < 2, "a second, and one more for a busy machine"
    else:
        said = process.communicate()[1]
        assert words.startswith(("train default --mnist", "lesson")), said
    assert "Traceback" not in said


def test_ok__no_traceback_however_early(tmp_path: Path) -> None:
    """From the first moment that is ours on: before that it is the interpreter that starts."""
    dice = random.Random(0)
    codes = []
    for _ in range(25):
        process = subprocess.Popen(
            [sys.executable, "-X", "frozen_modules=on", "-c", FROM_THE_START, str(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert process.stdout and process.stdout.readline() == "begun\n"
        time.sleep(dice.uniform(0, 0.25))
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert "Traceback" not in said and "KeyboardInterrupt" not in said
        codes.append(process.returncode)
    # The interpreter itself is ended by the signal in its last moment; a shell says 130 to it, too.
    # 69 is the command's own end, where it was through before the signal came.
    assert set(codes) <= {130, -signal.SIGINT, 69}


@pytest.mark.parametrize(
    "error", [RuntimeError("Error calling __set_name__"), ImportError("numpy")]
)
def test_ok__ctrl_c_that_became_another_error_is_a_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    """As in a class body before Python 3.12, and in numpy while it is imported."""

    def interrupted(words: list[str]) -> NoReturn:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise error from None
        raise AssertionError("nobody answered the signal")

    before = signal.signal(signal.SIGINT, cli.interrupt)
    try:
        monkeypatch.setattr(cli, "_arguments", interrupted)
        assert cli.main(["status"]) == 130
        assert capsys.readouterr().err == "pi-reader: stopped\n"
        monkeypatch.setattr(cli, "_arguments", broken)
        assert cli.main(["status"]) == 70, "what comes later is a mistake of ours again"
    finally:
        signal.signal(signal.SIGINT, before)


def broken(words: list[str]) -> NoReturn:
    raise RuntimeError("a mistake")


FROM_THE_START = """
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
signal.signal(signal.SIGINT, signal.default_int_handler)
print("begun", flush=True)
sys.argv = ["pi-reader", "status", "--state", sys.argv[1]]
import pi_reader.__main__ as door
signal.signal(signal.SIGINT, door._leave)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
sys.exit(door.start())
"""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "--help"),
        (0, "--version"),
        (0, "train --help"),
        (0, "lesson"),
        (2, "nonsense"),
        (65, "read DAMAGED"),
        (65, "read DAMAGED DAMAGED --json"),
        (66, "read missing.png"),
        (0, "weights list --state OUT"),
        (69, "status --state OUT"),
    ],
)
@pytest.mark.parametrize("closed", [" | true", " >&-", " | head -c 1 > /dev/null"])
def test_ok__a_closed_output_keeps_the_exit_code(
    tmp_path: Path, code: int, words: str, closed: str
) -> None:
    (tmp_path / "damaged.png").write_text("no picture")
    words = words.replace("DAMAGED", f"{tmp_path}/damaged.png").replace("OUT", str(tmp_path))
    done = subprocess.run(
        [
            "bash",
            "-c",
            f'"$0" -m pi_reader {words}{closed}; exit ${{PIPESTATUS[0]}}',
            sys.executable,
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr
