"""`aim`: live figures through the running service, or from a camera of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pi_reader.box.aiming import Best, advice, words
from pi_reader.cli import aim
from pi_reader.cli.main import main
from pi_reader.config import find_folders
from pi_reader.errors import Busy
from pi_reader.outputs.record import Recording
from pi_reader.requests import Requests

ROOT = Path(__file__).resolve().parents[1]
GOOD = {
    "focus": 10.0,
    "mean": 130.0,
    "clipped": 0.0,
    "sharpness": 0.6,
    "trouble": "",
    "digits": 4,
    "smallest": 31,
    "largest": 40,
    "edge": 52,
}


def test_ok__the_bar_peaks_at_the_best_focus() -> None:
    best = Best()
    shares = [best.share(focus) for focus in (2.0, 4.0, 8.0, 4.0, 8.0)]
    assert shares == pytest.approx([1, 1, 1, 0.5, 1], abs=0.01)
    drawn = [next(aim.lines(GOOD, share)) for share in (1.0, 0.5, 0.0)]
    assert [line.count("#") for line in drawn] == [40, 20, 0]
    for _ in range(1000):  # another page, not as rich: its own best counts before long
        share = best.share(3.0)
    assert share == 1
    assert Best().share(0.0) == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"trouble": "too dark"}, "some light"),
        ({"trouble": "glare"}, "move the lamp"),
        ({"trouble": "out of focus"}, "turn the lens"),
        ({"digits": 0}, "written page"),
        ({"smallest": 9}, "move nearer or write larger"),
        ({"edge": 0}, "away from the edge"),
    ],
)
def test_ok__advice(changes: dict, said: str) -> None:
    assert said in advice({**GOOD, **changes}) and bool(advice({**GOOD, **changes})) is bool(said)
    title, below = words({**GOOD, **changes}, 0.83).split("\n")
    assert title == "focus 83%" and below


def test_ok__figures_that_are_not_there() -> None:
    assert "no digits" in list(aim.lines({}, 0.0))[2]
    assert (
        "exposure ms 12.5, gain 2"
        in list(aim.lines({**GOOD, "exposure_ms": 12.5, "gain": 2.0}, 1.0))[1]
    )


@pytest.fixture
def box(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text('[camera]\nkind = "desk"\n')
    return tmp_path


def leave(box: Path, **changes: object) -> dict:
    """A status file as a service leaves it that aims."""
    status = {
        "state": "reading",
        "frames": 1,
        "updated": time.time(),
        "pid": os.getpid(),
        "camera": {"gain": 2.0},
        "aim": GOOD,
        **changes,
    }
    (box / "run").mkdir(exist_ok=True)
    beside = box / "run" / "beside"
    beside.write_text(json.dumps(status))
    beside.replace(box / "run" / "status.json")
    return status


@pytest.fixture
def service(box: Path) -> Iterator[Requests]:
    """Somebody who takes requests to aim, and writes a status file for each frame."""
    requests, stop = Requests(box / "requests"), threading.Event()

    def serve() -> None:
        frames = 0
        while not stop.wait(0.02):
            frames += 1
            status = leave(box, aim={**GOOD, "focus": float(frames)})
            for request in requests.take("aim"):
                requests.answer(request, status)

    leave(box)
    thread = threading.Thread(target=serve)
    thread.start()
    yield requests
    stop.set()
    thread.join()


def test_ok__through_the_service(
    box: Path, service: Requests, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["aim", "--json", "--seconds", "0.4", "--state", str(box)]) == 0
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(shown) > 1
    assert set(shown[0]) == {*GOOD, "gain", "share"}
    assert [one["focus"] for one in shown] == sorted({one["focus"] for one in shown}), "each once"


def test_fail__nobody_answers(
    box: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(box)
    monkeypatch.setattr(aim, "_ANSWER_SECONDS", 0.05)
    assert main(["aim", "--state", str(box)]) == 75
    assert "pi-reader status" in capsys.readouterr().err


def test_fail__the_service_goes_away(box: Path, service: Requests) -> None:
    """It answers, and then there is no status file to follow."""
    elsewhere = find_folders(box / "elsewhere")
    elsewhere.state.mkdir()
    (box / "requests").mkdir(exist_ok=True)
    elsewhere.requests.symlink_to(box / "requests")
    figures = aim.from_service(elsewhere)
    assert next(figures)["gain"] == 2.0
    with pytest.raises(Busy, match="is gone"):
        next(figures)


def test_ok__with_a_camera_of_its_own(
    box: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    display = Recording()
    monkeypatch.setattr("pi_reader.cli.build.open_outputs", lambda settings, log: display)
    assert main(["aim", "--seconds", "0.5", "--state", str(box)]) == 0
    said = capsys.readouterr().out
    assert "focus  [" in said and "page   " in said
    assert "\x1b" not in said, "no terminal, so nothing is overwritten"
    assert display.told and all(one.message.startswith("focus ") for one in display.told)
    assert display.closed


@pytest.mark.parametrize(
    ("settings", "code"),
    [("[leds]\nsrue = 3", 78), ('[camera]\nkind = "folder"\nfolder = "/nowhere"', 66)],
)
def test_fail__a_camera_that_is_none(
    box: Path, settings: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (box / "config.toml").write_text(settings)
    assert main(["aim", "--state", str(box)]) == code
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_fail__aim_usage(box: Path) -> None:
    assert main(["aim", "--seconds", "0", "--state", str(box)]) == 2
    assert main(["aim", "--seconds", "nan", "--state", str(box)]) == 2


def test_ok__beside_the_real_service(box: Path) -> None:
    """The whole way: a service with a drawn page, and every command that asks it something."""
    command = [sys.executable, "-m", "pi_reader"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def ask(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [*command, *words, "--state", str(box)],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        return done.returncode, done.stdout

    (box / "config.toml").write_text('[camera]\nkind = "desk"\n[console]\non = true\n')
    with open(box / "panel", "w") as panel:
        service = subprocess.Popen(
            [*command, "run", "--state", str(box)],
            env=environment,
            stdout=panel,
            stderr=subprocess.PIPE,
            text=True,
        )
    try:
        end = time.monotonic() + 30
        while ask("status")[0] and time.monotonic() < end:
            time.sleep(0.1)
        status = json.loads(ask("status", "--json")[1])
        assert status["running"] and status["status"]["pid"] == service.pid
        figures = ask("aim", "--json", "--seconds", "1")[1].splitlines()
        assert figures and json.loads(figures[-1])["focus"] > 0
        found = {one["name"]: one for one in json.loads(ask("doctor", "--json")[1])["checks"]}
        assert found["service"]["verdict"] == found["camera"]["verdict"] == "well"
    finally:
        service.terminate()
        errors = service.communicate(timeout=20)[1]
    assert service.returncode == 0, errors
    assert re.search(r"focus \d+%", (box / "panel").read_text()), "the displays show it, too"
    code, said = ask("status")
    assert code == 69 and "it was stopped" in said
