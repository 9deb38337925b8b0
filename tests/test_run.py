"""The appliance as a process: started, told things by signals, killed."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pi_reader.cli.main import main

if TYPE_CHECKING:
    from gpiozero.pins.mock import MockFactory

ROOT = Path(__file__).resolve().parents[1]
STARTS = 30.0  # seconds that it may take on a busy machine


@contextmanager
def running(state: Path, *options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """The service with a simulated camera; killed at the end if it is still there."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "pi_reader",
            "run",
            "--camera",
            "desk",
            "--state",
            str(state),
            *options,
        ],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def status(state: Path) -> dict:
    """The status file, as soon as there is one."""
    path, until = state / "run" / "status.json", time.monotonic() + STARTS
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.02)
    return dict(json.loads(path.read_text()))


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(STARTS)
        yield listener, str(tmp_path / "notify")


def test_ok__ready_alive_and_stopped_within_seconds(
    systemd: tuple[socket.socket, str], tmp_path: Path
) -> None:
    listener, name = systemd
    with running(tmp_path / "box", NOTIFY_SOCKET=name, JOURNAL_STREAM="8:1") as process:
        first = [listener.recv(1000).decode() for _ in range(2)]
        while "STATUS=" not in listener.recv(1000).decode():
            pass
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=5)
        assert time.monotonic() - begun < 5
    assert first == ["STATUS=starting", "READY=1\nWATCHDOG=1"] and process.returncode == 0
    assert errors.startswith("<5>weights ") and len(errors.splitlines()) == 1
    listener.setblocking(False)
    heard = []
    with pytest.raises(BlockingIOError):
        while True:
            heard.append(listener.recv(1000).decode())
    assert "STOPPING=1" in heard
    assert status(tmp_path / "box")["state"] == "stopping"


def test_ok__a_line_of_the_log_stands_above_the_panel(tmp_path: Path) -> None:
    """On a terminal both come to one place: the panel gives way and is drawn anew."""
    (tmp_path / "config.toml").write_text("[console]\non = true\n")
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("4H", 30, 100, 0, 0))
    seen = b""
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "pi_reader",
            "run",
            "--camera",
            "desk",
            "--seconds",
            "2",
            "--state",
            str(tmp_path),
        ],
        cwd=ROOT,
        stdin=its,
        stdout=its,
        stderr=its,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
    ) as process:
        os.close(its)
        with suppress(OSError):  # Linux says so when the other side has closed
            while more := os.read(ours, 1 << 16):
                seen += more
    os.close(ours)
    assert process.returncode == 0
    before, _, after = seen.decode().partition("pi-reader: weights ")
    assert re.search(r"\x1b\[\d+F\x1b\[J$", before) and after.count("╭") >= 1


def test_ok__new_settings_by_hangup_and_broken_ones_not(tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.mkdir()
    with running(box) as process:
        assert status(box)["fault"] == ""
        (box / "config.toml").write_text("[camera]\nkidn = 3\n")
        process.send_signal(signal.SIGHUP)
        told = process.stderr.readline() + process.stderr.readline() if process.stderr else ""
        assert "camera.kidn" in told and "did you mean" in told and "old settings stay" in told
        (box / "config.toml").write_text("[history]\non = false\n")
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        assert "settings: all right again" in process.stderr.readline()
        assert "weights" in process.stderr.readline()  # built anew, in the same process
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 130


def test_ok__a_capture_that_hangs_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pi_reader.camera import desk\n"
        "def capture(self):\n    print('captures', flush=True)\n    time.sleep(60)\n"
        "desk.DeskCamera.capture = capture\n"
        "from pi_reader.cli.main import main\n"
        f"sys.exit(main(['run', '--camera', 'desk', '--state', {str(tmp_path)!r}]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == "captures\n"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=5)
        assert process.returncode == 0 and "did not answer in time" in errors
    finally:
        process.kill()
        process.communicate()


def test_fail__no_camera_is_69_and_no_settings_78(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--state", str(tmp_path), "--seconds", "9"]) == 69
    (tmp_path / "config.toml").write_text("[leds]\nsure = 17\nunsure = 17\n")
    assert main(["run", "--state", str(tmp_path), "--camera", "desk"]) == 78
    assert main(["run", "--seconds", "0"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3 and "GPIO17 is already used" in errors[1]


def test_ok__a_busy_pin_and_a_missing_display_stop_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text(
        "[leds]\nsure = 17\n[oled]\non = true\n[button]\npin = 10\n[light]\n[console]\non = true\n"
    )
    assert main(["run", "--state", str(tmp_path), "--camera", "desk", "--seconds", "1.5"]) == 0
    captured = capsys.readouterr()
    assert {line.split(":")[1].strip() for line in captured.err.splitlines()} >= {
        "leds",
        "oled",
        "button",
    }
    assert "(starting)" in captured.out
    report = json.loads((tmp_path / "run" / "status.json").read_text())
    assert set(report["broken"]) == {"leds", "oled"} and "button" in report["faults"]


def test_ok__a_pin_that_somebody_else_holds(
    pins: MockFactory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a button it reads; without its light it says why not, and systemd tries again."""
    from gpiozero import LED

    for part, code, told in (
        ("button", 0, "reads without it until it is started again"),
        ("light", 75, "stop what uses it"),
    ):
        (tmp_path / "config.toml").write_text(f"[{part}]\npin = 10\n")
        with LED(10):
            assert (
                main(["run", "--state", str(tmp_path), "--camera", "desk", "--seconds", "0.5"])
                == code
            )
        error = capsys.readouterr().err
        assert f"{part}: " in error and told in error


def test_ok__state_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    state = tmp_path / "file" / "box"
    (tmp_path / "mine.toml").touch()
    assert (
        main(
            [
                "run",
                "--state",
                str(state),
                "--config",
                str(tmp_path / "mine.toml"),
                "--camera",
                "desk",
                "--seconds",
                "1",
            ]
        )
        == 0
    )
    assert "cannot be made" in capsys.readouterr().err


def test_fail__settings_that_were_named_and_are_missing(tmp_path: Path) -> None:
    assert (
        main(
            [
                "run",
                "--state",
                str(tmp_path),
                "--config",
                str(tmp_path / "none.toml"),
                "--camera",
                "desk",
                "--seconds",
                "1",
            ]
        )
        == 66
    )


def test_fail__pictures_of_no_folder(tmp_path: Path) -> None:
    assert main(["run", "--state", str(tmp_path), "--camera", "folder", "--seconds", "1"]) == 78


def test_fail__a_second_box_in_the_same_folders(tmp_path: Path) -> None:
    from pi_reader.files import locked

    (tmp_path / "run").mkdir()
    with locked(tmp_path / "run" / "lock"):
        assert main(["run", "--state", str(tmp_path), "--camera", "desk", "--seconds", "1"]) == 75


def test_ok__folders_of_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np
    from PIL import Image

    from pi_reader.handwriting.page import draw_page

    drawn = draw_page(np.random.default_rng(3), difficulty=0.0)
    (tmp_path / "pictures").mkdir()
    Image.fromarray(drawn.frame.grey).save(tmp_path / "pictures" / "a.png")
    (tmp_path / "config.toml").write_text(
        f'[camera]\nkind = "folder"\nfolder = "{tmp_path}/pictures"\n[console]\non = true\n'
    )
    assert main(["run", "--state", str(tmp_path), "--seconds", "2"]) == 0
    assert " / ".join(drawn.text.split("\n")) in capsys.readouterr().out
    assert main(["readings", "--state", str(tmp_path)]) == 0
    assert "  ".join(drawn.text.split("\n")) in capsys.readouterr().out
