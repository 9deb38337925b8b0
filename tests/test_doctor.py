"""The doctor: on a desktop, before a made-up Raspberry Pi, beside a service, and with all ill."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fresh import printed

from pi_reader.cli import doctor, doctor_checks
from pi_reader.cli.doctor_checks import Box, judge_blas
from pi_reader.cli.main import main
from pi_reader.config import find_folders, settings_from
from pi_reader.config.folders import DEVICE_STATE
from pi_reader.files import written_mb
from pi_reader.history import History
from pi_reader.learning.night.report import ProgressFile
from pi_reader.parts.findings import Finding, Verdict, absent, well, worth_a_look, wrong
from pi_reader.requests import Requests
from pi_reader.state import BoxState

ROOT = Path(__file__).resolve().parents[1]
WIRED = {
    "leds": {"digits": [5, 6, 12, 13], "sure": 17, "unsure": 27},
    "segments": {"pins": [4, 18, 23, 24, 8, 7, 9]},
    "button": {"pin": 10},
    "light": {"pin": 11},
}


@pytest.fixture
def pi(tmp_path: Path) -> Box:
    """What a healthy Raspberry Pi shows in its files, and an empty box on it."""
    root = tmp_path / "root"
    for path, text in {
        "proc/device-tree/model": "Raspberry Pi Zero W Rev 1.1\0",
        "proc/meminfo": "MemTotal: 440000 kB\nMemAvailable:  300000 kB\n",
        "proc/mounts": "/dev/root / ext4 rw,noatime 0 0\ntmpfs /run tmpfs rw 0 0\n",
        "sys/class/thermal/thermal_zone0/temp": "48312\n",
        "sys/devices/platform/soc/soc:firmware/get_throttled": "0\n",
        "dev/gpiochip0": "",
        "dev/i2c-1": "",
        "run/systemd/timesync/synchronized": "",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return Box(folders=find_folders(tmp_path / "box"), root=root)


def write(box: Box, path: str, text: str) -> Box:
    (box.root / path).write_text(text)
    return box


def part(name: str, box: Box) -> Finding:
    """What is found of a part."""
    return doctor_checks.part(name, box)


def check(finding: Finding, verdict: Verdict, *words: str) -> None:
    assert finding.verdict is verdict, finding
    for word in words:
        assert word in finding.words


def test_ok__a_desktop_is_not_ill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--state", str(tmp_path)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1].startswith("nothing is wrong")
    assert len(said) == 25 and all(line.split("  ")[0] in list(Verdict) for line in said[:-1])
    assert list(tmp_path.iterdir()) == [], "the doctor leaves nothing behind"


def test_ok__for_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json", "--state", str(tmp_path)]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["exit_code"] == 0
    names = [one["name"] for one in values["checks"]]
    assert len(set(names)) == len(names) == 24
    assert {
        "camera",
        "lamps",
        "display",
        "groups",
        "blas",
        "temperature",
        "power",
        "disk",
        "clock",
        "weights",
        "settings",
        "service",
        "overlay",
    } <= set(names)
    assert all(set(one) == {"name", "verdict", "words"} for one in values["checks"])


def test_fail__broken_settings_do_not_hide_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text("[leds]\nsrue = 4\n")
    (tmp_path / "history.db").write_bytes(b"no database" * 100)
    assert main(["doctor", "--json", "--state", str(tmp_path)]) == 78
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)["checks"]}
    assert found["settings"]["verdict"] == "wrong" and "mean sure?" in found["settings"]["words"]
    assert found["history"]["verdict"] == "wrong" and "is damaged" in found["history"]["words"]
    assert found["weights"]["verdict"] == "well"


def test_ok__the_worst_decides() -> None:
    assert doctor.worst([]) == doctor.worst([well("a"), absent("b"), worth_a_look("c")]) == 0
    assert doctor.worst([wrong("pins"), well("a"), wrong("busy", 75)]) == 69
    assert doctor.worst([wrong("pins"), wrong("full", 73), wrong("settings", 78)]) == 78


def test_fail__a_check_that_breaks_is_ours(pi: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_checks, "memory", lambda box: 1 // 0)
    monkeypatch.setitem(sys.modules, "numpy", None)  # as if it were not installed
    found = dict(doctor.examine(pi))
    check(found["memory"], Verdict.WRONG, "ZeroDivisionError", "report")
    check(found["blas"], Verdict.WRONG, "numpy", "install")
    check(found["clock"], Verdict.WELL)
    assert doctor.worst(found.values()) == 70


def test_fail__software_that_the_settings_need(pi: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name in ("picamera2", "luma.oled"):
            raise metadata.PackageNotFoundError
        return "1.0"

    monkeypatch.setattr(metadata, "version", version)
    check(doctor_checks.software(pi), Verdict.WRONG, "picamera2 missing", "setup.sh install")
    pi.settings = settings_from({"camera": {"kind": "desk"}})
    check(doctor_checks.software(pi), Verdict.WELL, "numpy 1.0")
    pi.settings = settings_from({"camera": {"kind": "desk"}, "oled": {"on": True}})
    check(doctor_checks.software(pi), Verdict.WRONG, "luma.oled missing")


def test_ok__a_healthy_pi(pi: Box) -> None:
    found = dict(doctor.examine(pi))
    check(found["board"], Verdict.WELL, "Raspberry Pi Zero W Rev 1.1")
    check(found["temperature"], Verdict.WELL, "48 °C")
    check(found["power"], Verdict.WELL)
    check(found["memory"], Verdict.WELL, "300 MB")
    check(found["overlay"], Verdict.WELL)
    check(found["clock"], Verdict.WELL, "set by the network")


def test_fail__a_pi_that_suffers(pi: Box) -> None:
    write(pi, "sys/class/thermal/thermal_zone0/temp", "83700\n")
    write(pi, "sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n")
    write(pi, "proc/meminfo", "MemAvailable:  30000 kB\n")
    write(pi, "proc/mounts", "overlayroot / overlay rw,lowerdir=/media/root-ro 0 0\n")
    check(doctor_checks.temperature(pi), Verdict.LOOK, "84 °C", "air")
    check(doctor_checks.power(pi), Verdict.LOOK, "too low now", "supply")
    check(doctor_checks.memory(pi), Verdict.LOOK, "30 MB", "end other programs")
    check(doctor_checks.overlay(pi), Verdict.LOOK, "lost at power-off", "raspi-config")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("sys/class/thermal/thermal_zone0/temp", "hot"),
        ("proc/meminfo", "\xff\n:"),
        ("sys/devices/platform/soc/soc:firmware/get_throttled", ""),
        ("proc/mounts", "x\n\n"),
    ],
)
def test_ok__files_of_another_kernel(pi: Box, path: str, text: str) -> None:
    write(pi, path, text)
    assert (
        doctor.worst(
            finding
            for name, finding in doctor.examine(pi)
            if name in ("temperature", "power", "memory", "overlay")
        )
        == 0
    )


def test_fail__no_camera(pi: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    found = dict(doctor.examine(pi))
    check(found["camera"], Verdict.WRONG, "picamera2", "install")
    assert doctor.worst(found.values()) == 69


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A made-up picamera2, and what lies before its lens."""
    for name in ("picamera2", "libcamera"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "fakes"))
    import picamera2

    yield picamera2.bench
    monkeypatch.undo()  # else it brings back what a test took away
    for name in ("picamera2", "libcamera"):
        sys.modules.pop(name, None)


def test_ok__a_camera_that_looks(pi: Box, bench: Any) -> None:
    page = np.full((480, 640), 200, np.uint8)
    page[100:140:8] = 20
    bench.scene = page
    check(doctor_checks.camera(pi), Verdict.WELL, "frames of 640x480 pixels, light")
    bench.light = 0.001
    check(doctor_checks.camera(pi), Verdict.LOOK, "too dark: give me some light")


def test_fail__a_camera_that_others_have(pi: Box, bench: Any) -> None:
    bench.busy = True
    found = dict(doctor.examine(pi))
    check(found["camera"], Verdict.WRONG, "another program")
    assert found["camera"].exit_code == 75
    bench.busy, bench.cameras = False, 0
    check(dict(doctor.examine(pi))["camera"], Verdict.WRONG, "none is found", "cable")


def test_ok__cameras_that_are_none(pi: Box, tmp_path: Path) -> None:
    pi.settings = settings_from({"camera": {"kind": "desk"}})
    check(doctor_checks.camera(pi), Verdict.WELL, "drawn pages")
    folder = tmp_path / "photographs"
    pi.settings = settings_from({"camera": {"kind": "folder", "folder": str(folder)}})
    check(doctor_checks.camera(pi), Verdict.WRONG, "cannot be read")
    folder.mkdir()
    check(doctor_checks.camera(pi), Verdict.WRONG, "is empty")
    (folder / "a.png").touch()
    check(doctor_checks.camera(pi), Verdict.WELL, "1 file")


def test_ok__parts_on_their_pins(pi: Box, pins: object) -> None:
    pi.settings = settings_from(WIRED)
    for _ in range(2):  # it lets go of them again
        for name in ("lamps", "segments", "button", "light"):
            check(part(name, pi), Verdict.WELL, "nobody else has it")


def test_fail__a_pin_that_somebody_has(pi: Box, pins: object) -> None:
    from gpiozero import LED

    pi.settings = settings_from(WIRED)
    with LED(27):
        finding = part("lamps", pi)
    check(finding, Verdict.WRONG, "pi-reader-fault")
    assert finding.exit_code == 75


def test_fail__no_pins_and_no_bus(pi: Box) -> None:
    pi.settings = settings_from({**WIRED, "oled": {"on": True}})
    (pi.root / "dev/gpiochip0").unlink()
    (pi.root / "dev/i2c-1").unlink()
    check(part("lamps", pi), Verdict.WRONG, "group", "gpio")
    check(part("display", pi), Verdict.WRONG, "/dev/i2c-1", "raspi-config nonint do_i2c 0")


def test_fail__no_display_on_the_bus(pi: Box) -> None:
    pytest.importorskip("luma.oled")
    pi.folders.state.mkdir(parents=True)
    pi.folders.settings.write_text("[oled]\non = true\nport = 20\n")  # nobody has so many buses
    write(pi, "dev/i2c-20", "")
    found = dict(doctor.examine(pi))
    check(found["display"], Verdict.WRONG, "oled", "address")


def running(box: Box, **changes: object) -> None:
    """A status file as a living service leaves it."""
    box.folders.runtime.mkdir(parents=True, exist_ok=True)
    box.folders.status.write_text(
        json.dumps(
            {
                "state": "reading",
                "frames": 400,
                "uptime": 200,
                "updated": time.time(),
                "pid": os.getpid(),
                "conditions": {"mean": 120.0},
                "broken": {},
                **changes,
            }
        )
    )


def test_ok__a_running_service_is_asked_and_nothing_opened(pi: Box) -> None:
    pi.folders.state.mkdir(parents=True)
    pi.folders.settings.write_text("[leds]\nsure = 17\n[button]\npin = 10\n[oled]\non = true\n")
    running(pi)
    requests, stop = Requests(pi.folders.requests), threading.Event()

    def serve() -> None:
        while not stop.wait(0.02):
            for request in requests.take("doctor"):
                requests.answer(
                    request,
                    {
                        "frames": 500,
                        "state": "too dark",
                        "broken": {"oled": "not found"},
                        "faults": {"button": "GPIO10 is busy"},
                    },
                )

    service = threading.Thread(target=serve)
    service.start()
    try:
        found = dict(doctor.examine(pi))
    finally:
        stop.set()
        service.join()
    check(found["service"], Verdict.WELL, "it runs for 3 min")
    check(found["camera"], Verdict.LOOK, "500 frames", "too dark", "light")
    check(found["lamps"], Verdict.WELL, "the service has it")
    check(found["button"], Verdict.WRONG, "GPIO10 is busy")
    check(found["display"], Verdict.WRONG, "cannot use it", "not found")


def test_fail__a_service_that_does_not_answer(pi: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_ANSWER_SECONDS", 0.05)
    running(pi)
    check(doctor.service(pi), Verdict.LOOK, "does not answer")
    assert pi.state is not None and pi.state.frames == 400, "then its file has to do"
    running(pi, fault="the card is full; make room")
    pi.folders.requests.rmdir()
    pi.folders.requests.touch()  # where nobody can ask
    check(doctor.service(pi), Verdict.LOOK, "the card is full")


@pytest.mark.parametrize("wrong_kind", [None, "x", 3, [], {}])
def test_ok__whatever_the_service_says(
    pi: Box, wrong_kind: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_ANSWER_SECONDS", 0.05)
    pi.folders.state.mkdir(parents=True)
    pi.folders.settings.write_text("[leds]\nsure = 17\n")
    running(pi, **dict.fromkeys(("state", "uptime", "conditions", "broken", "fault"), wrong_kind))
    assert (
        doctor.worst(finding for name, finding in doctor.examine(pi) if name != "software") == 0
    )  # picamera2 is not here


def test_ok__what_the_box_keeps(pi: Box) -> None:
    with History(pi.folders.history) as history:
        history.add("7", True, 0.9, "", 1.8e9)
    check(doctor_checks.history(pi), Verdict.WELL, "1 reading")
    from pi_reader.learning.samples import Samples

    samples = Samples(pi.folders.samples)
    samples.counts()
    samples.close()
    check(doctor_checks.samples(pi), Verdict.WELL, "0 digits")
    pi.folders.samples.write_bytes(b"x" * 5000)
    check(doctor_checks.samples(pi), Verdict.WRONG, "samples.db", "backup")
    pi.folders.runtime.mkdir()
    pi.folders.training.write_text('{"state": "failed", "message": "no memory"}')
    check(doctor_checks.training(pi), Verdict.LOOK, "failed: no memory", "journalctl")


def test_ok__the_digits_that_the_settings_promise(pi: Box, tmp_path: Path) -> None:
    check(doctor_checks.mnist(pi), Verdict.ABSENT, "drawn")
    folder = tmp_path / "mnist"
    pi.settings = settings_from({"night": {"mnist": str(folder)}})
    check(
        doctor_checks.mnist(pi), Verdict.LOOK, f"night.mnist: {folder}: no such folder", "without"
    )
    folder.mkdir()
    for name, count in (("train", 3), ("t10k", 2)):
        pixels = struct.pack(">4I", 0x803, count, 28, 28) + bytes(784 * count)
        (folder / f"{name}-images-idx3-ubyte").write_bytes(pixels)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(
            struct.pack(">2I", 0x801, count) + bytes(count)
        )
    check(doctor_checks.mnist(pi), Verdict.WELL, "3 digits to learn from, 2 to judge by")
    (folder / "train-images-idx3-ubyte").write_bytes(pixels[:-1])
    check(doctor_checks.mnist(pi), Verdict.LOOK, "damaged", "without")
    device = Box(
        folders=find_folders(None), settings=settings_from({"night": {"mnist": "/home/pi/mnist"}})
    )
    device.folders = replace(device.folders, state=DEVICE_STATE)
    check(doctor_checks.mnist(device), Verdict.LOOK, "/home/pi/mnist", f"into {DEVICE_STATE}")


def test_fail__damaged_weights(pi: Box, tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    whole = (ROOT / "weights" / "default.npz").read_bytes()
    pi.folders.state.mkdir(parents=True)
    pi.folders.settings.write_text(f'[reader]\nweights = "{path}"\n')
    for content, code in ((None, 66), (whole[:5000], 65), (whole, 0)):
        if content is not None:
            path.write_bytes(content)
        found = dict(doctor.examine(pi))
        assert found["weights"].exit_code == code
        assert str(path) in found["weights"].words


def test_fail__the_list_of_weights_was_lost(pi: Box) -> None:
    pi.folders.weights.mkdir(parents=True)
    (pi.folders.weights / "in-use.json").write_text("{")
    check(
        doctor_checks.weights(pi),
        Verdict.LOOK,
        "the shipped weights",
        "is damaged",
        "`pi-reader weights use`",
    )


@pytest.mark.parametrize(
    ("library", "verdict"),
    [
        ("/usr/lib/arm-linux-gnueabihf/blas/libblas.so.3.11.0", Verdict.LOOK),
        ("/usr/lib/aarch64-linux-gnu/openblas-pthread/libblas.so.3", Verdict.WELL),
        ("/usr/lib/aarch64-linux-gnu/openblas-pthread/libopenblasp-r0.3.21.so", Verdict.WELL),
        ("/opt/numpy.libs/libscipy_openblas64_-32a4b2a6.so", Verdict.WELL),
    ],
)
def test_ok__which_blas(library: str, verdict: Verdict) -> None:
    finding = judge_blas({library}, 0.02)
    assert finding.verdict is verdict
    assert ("libopenblas0-pthread" in finding.words) is (verdict is Verdict.LOOK)
    assert judge_blas(set(), 0.02).verdict is Verdict.LOOK
    assert judge_blas(set(), 2.0).verdict is Verdict.WELL


def test_ok__the_blas_of_this_python(pi: Box) -> None:
    """By a real multiplication: what is loaded then is found by its name."""
    code = (
        "from pathlib import Path\nfrom pi_reader.cli import doctor_checks\n"
        "from pi_reader.cli.doctor_checks import Box\nfrom pi_reader.config import find_folders\n"
        "print(doctor_checks.blas(Box(folders=find_folders(Path('/nowhere')))))"
    )
    said = printed(code)
    assert "GFLOPS" in said and "unknown" not in said


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_ok__a_user_who_may_not_look() -> None:
    """The state of a device belongs to its own user; somebody else is told to use sudo."""
    code = (
        "import contextlib, io, os, sys\nfrom importlib import metadata\n"
        "from pi_reader.cli.main import main\n"
        "metadata.version = lambda name: '1.0'\n"  # packages may lie where nobody else may look
        "words = ['doctor', '--json', '--state', sys.argv[1]]\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    main(words)\n"  # loads all modules, which may lie there too
        "os.setuid(65534)\nmain(words)\nsys.exit(main(['doctor', *words[2:]]))"
    )
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        state = Path(folder) / "box"
        with History(state / "history.db") as history:
            history.add("7", True, 0.9, "", 1.8e9)
        state.chmod(0o700)
        done = subprocess.run(
            [sys.executable, "-c", code, str(state)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    first, *lines = done.stdout.splitlines()
    assert "as far as this user may look" in lines[-1]
    found = {one["name"]: one for one in json.loads(first)["checks"]}
    assert found["history"]["verdict"] == "look" and "sudo" in found["history"]["words"]
    assert found["disk"]["verdict"] != "wrong"
    assert not [one for one in found.values() if "report" in one["words"]], done.stdout


@pytest.mark.parametrize(
    "name",
    [
        "samples.db",
        "history.db",
        "config.toml",
        "run/status.json",
        "run/training.json",
        "run/lock",
        "weights/in-use.json",
        "requests",
        "mnist/train-images-idx3-ubyte",
    ],
)
def test_ok__nobody_waits_at_a_pipe(tmp_path: Path, name: str) -> None:
    """A pipe in any file's place, to which nobody writes, keeps neither doctor nor others."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    os.mkfifo(tmp_path / name)
    if name.startswith("mnist"):
        (tmp_path / "config.toml").write_text(f'[night]\nmnist = "{tmp_path / "mnist"}"\n')
    for words in (["doctor"], ["weights", "list"], ["samples", "list"], ["status"]):
        done = subprocess.run(
            [sys.executable, "-m", "pi_reader", *words, "--state", str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            cwd=ROOT,
        )
        assert done.returncode in (0, 65, 66, 69, 73, 78), done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("written", "seconds", "verdict", "words"),
    [
        (0.4, 600.0, Verdict.WELL, "0.4 MB since"),
        (2.0, 43200.0, Verdict.WELL, "4.0 MB a day"),
        (60.0, 86400.0, Verdict.LOOK, "60.0 MB a day, should be less than 50"),
        (None, 600.0, Verdict.ABSENT, "counts"),
        ("much", 86400.0, Verdict.ABSENT, "counts"),
        (float("inf"), 86400.0, Verdict.ABSENT, "counts"),
    ],
)
def test_ok__how_much_is_written_to_the_card(
    tmp_path: Path, written: object, seconds: float, verdict: Verdict, words: str
) -> None:
    said = BoxState.from_json({"written_mb": written, "uptime": seconds})
    box = Box(folders=find_folders(tmp_path), state=said)
    finding = doctor_checks.writes(box)
    assert finding.verdict is verdict and words in finding.words


def test_ok__what_a_process_has_written_is_counted(tmp_path: Path) -> None:
    before = written_mb()
    if before is None:
        pytest.skip("needs Linux's count of what a process has written")
    with open(tmp_path / "much", "wb") as file:
        file.write(bytes(3_000_000))
        os.fsync(file.fileno())
    after = written_mb()
    assert after is not None
    if after != before:  # else the temporary folder lies in memory
        assert 2.9 < after - before < 4
    for text in ("", "write_bytes: x\n", "nothing at all"):
        (tmp_path / "io").write_text(text)
        assert written_mb(tmp_path / "io") is None


def test_ok__what_a_training_wrote_is_said(tmp_path: Path) -> None:
    folders = find_folders(tmp_path)
    folders.runtime.mkdir(parents=True)
    ProgressFile(folders.training, time.time, time.monotonic).say("done", "learned 12 samples")
    words = doctor_checks.training(Box(folders=folders)).words
    assert words.startswith("done: learned 12 samples (") and words.endswith("written to the card)")
