"""`status` and `readings`: what the files say, also when they are broken, old or not there."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from fresh import printed

from pi_reader.box.status_file import StatusFile
from pi_reader.cli.main import main
from pi_reader.cli.readings import moment
from pi_reader.cli.status import OFFLINE
from pi_reader.client.status import span
from pi_reader.errors import CannotWrite, UsageError
from pi_reader.files import locked
from pi_reader.history import History
from pi_reader.state import BoxState

ROOT = Path(__file__).resolve().parents[1]
RUNNING = {
    "state": "reading",
    "text": "2016\n7",
    "sure": True,
    "fault": "",
    "message": "learned 12",
    "progress": None,
    "faults": {},
    "frozen": False,
    "address": "",
    "uptime": 7200.0,
    "frames": 14400,
    "reads": 12,
    "unsure_share": 0.25,
    "looks_per_second": 2.0,
    "weights": "ab" * 32,
    "generation": 3,
    "camera": {"exposure_ms": 12.5, "gain": 1.5},
    "aim": None,
    "conditions": {"mean": 131.0, "clipped": 0.01, "sharpness": None},
    "broken": {"oled": "not found at 0x3c"},
    "temperature": 51.5,
    "disk_free_mb": 9000.0,
    "last": {"text": "2016\n7", "event": 5},
}


def leave(box: Path, raw: str | None = None, **changes: object) -> None:
    """A status file as the service leaves it, of this very process and this moment."""
    (box / "run").mkdir(exist_ok=True)
    now = time.time()
    last = dict(RUNNING["last"], when=now - 300)  # type: ignore[call-overload]
    values = {
        **RUNNING,
        "last": last,
        "since": now - 60,
        "updated": now,
        "pid": os.getpid(),
        **changes,
    }
    (box / "run" / "status.json").write_text(json.dumps(values) if raw is None else raw)


def gone() -> int:
    """The id of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def asked(box: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main([*words, "--state", str(box)])
    return code, capsys.readouterr().out


def test_ok__a_box_that_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leave(tmp_path)
    (tmp_path / "run" / "training.json").write_text(
        json.dumps({"state": "training", "progress": 0.42, "message": "", "updated": time.time()})
    )
    code, said = asked(tmp_path, capsys, "status")
    assert code == 0
    assert said.splitlines() == [
        "reading for 60 s: 2016  7",
        "  message     learned 12",
        "  last        2016  7 (reading 5), 5 min ago",
        "  view        light 131 of 255, 1% overexposed",
        "  camera      12.5 ms, gain 1.5",
        "  counted     14400 frames, 12 read, 2.0 looks/s, 25% unsure",
        "  broken      oled: not found at 0x3c",
        "  weights     abababababab, generation 3",
        "  device      52 °C, 9000 MB free",
        "  up          2 h",
        "  training    training 42% (0 s ago)",
    ]


def test_ok__status_for_scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leave(tmp_path)
    code, said = asked(tmp_path, capsys, "status", "--json")
    values = json.loads(said)
    assert (code, values["running"], values["problem"]) == (0, True, "")
    assert values["status"]["text"] == "2016\n7" and values["training"] is None
    code, said = asked(tmp_path / "nowhere", capsys, "status", "--json")
    values = json.loads(said)
    assert (code, values["running"], values["status"]) == (OFFLINE, False, None)
    assert values["problem"].startswith("not running: there is no ")


def test_ok__a_fault_is_shown_while_it_reads_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(tmp_path, fault="the card is full; make room")
    code, said = asked(tmp_path, capsys, "status")
    assert code == 0 and "fault       the card is full; make room" in said
    leave(
        tmp_path,
        fault="one",
        faults={"disk": "one", "button": "two"},
        frozen=True,
        address="192.0.2.7",
    )
    said = asked(tmp_path, capsys, "status")[1]
    assert said.count("  fault       ") == 2 and "fault       two" in said
    assert "the display is held" in said and "address     192.0.2.7" in said


def test_ok__since_when_it_is_up_whenever_it_last_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(tmp_path, since=time.time() - 30, uptime=21.0, updated=time.time() - 9)
    said = asked(tmp_path, capsys, "status")[1]
    assert "reading for 30 s" in said and "up          30 s" in said


def test_fail__its_number_is_another_process_by_now(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a power cut; nobody should be told to end that one."""
    leave(tmp_path, updated=time.time() - 3600)
    with locked(tmp_path / "run" / "lock"):
        assert "hangs: " in asked(tmp_path, capsys, "status")[1]
    assert "not running: it ended without a word 60 min ago" in asked(tmp_path, capsys, "status")[1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"updated": time.time() - 3600}, "hangs: its last word is "),
        ({"pid": gone()}, "not running: it ended without a word"),
        ({"pid": gone(), "state": "stopping"}, "not running: it was stopped"),
        ({"pid": gone(), "state": "fault", "fault": "camera: lost"}, "ago (camera: lost); "),
        ({"pid": None}, "not running: it ended without a word"),
        ({"pid": -1}, "not running: it ended without a word"),  # a kill would reach every process
        ({"pid": 10**30}, "not running: it ended without a word"),
        ({"updated": "noon"}, "hangs: its last word is "),
        ({"raw": "not json"}, "is damaged"),
        ({"raw": ""}, "is damaged"),
        ({"raw": "[1, 2]"}, "is no table"),
        ({"raw": "[" * 50000}, "is damaged"),
        ({"raw": "{" + " " * 100_000 + "}"}, "more than"),
    ],
)
def test_fail__no_sign_of_life(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict, words: str
) -> None:
    leave(tmp_path, **changes)
    code, said = asked(tmp_path, capsys, "status")
    assert code == OFFLINE
    assert words in said and len(said.splitlines()) == 1
    assert "start" in said, "it says what to do"


def test_fail__the_fault_lamp_speaks_for_the_reader(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It writes once and then only blinks, so its word does not grow old."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "status.json").write_text(
        json.dumps(
            {
                "state": "fault",
                "fault": "leds.sure: is 99",
                "updated": time.time() - 4000,
                "pid": os.getpid(),
            }
        )
    )
    code, said = asked(tmp_path, capsys, "status")
    assert code == OFFLINE and "not running: leds.sure: is 99" in said


@pytest.mark.parametrize(
    "wrong", [None, "x", [], {}, float("nan"), float("inf"), 10**400, -1, True, "\x1b[2J\n"]
)
def test_ok__whatever_stands_in_the_status(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: object
) -> None:
    """Values of a wrong kind, as of another version, are left out or shown, and break nothing."""
    for key in RUNNING:
        if key != "frames":
            leave(tmp_path, **{key: wrong})
            code, said = asked(tmp_path, capsys, "status")
            assert code == 0 and "\x1b" not in said
    leave(tmp_path, **dict.fromkeys(RUNNING, wrong))
    (tmp_path / "run" / "training.json").write_text(
        json.dumps({"state": "training", "progress": wrong, "updated": wrong, "message": wrong})
    )
    assert asked(tmp_path, capsys, "status")[0] == 0


def test_fail__a_status_that_finds_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # as a write says it, without a path

    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(CannotWrite, match=r"status\.json: cannot be written, the disk is full"):
        StatusFile(tmp_path / "run" / "status.json").write(None, BoxState(), 0.0)


def test_fail__status_unreadable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run" / "status.json").mkdir(parents=True)
    code, said = asked(tmp_path, capsys, "status")
    assert code == OFFLINE and "cannot be read" in said


def test_ok__following_shows_changes_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(tmp_path, since=0, uptime=0, last=None)
    looks = iter([None, lambda: leave(tmp_path, state="unsure", last=None, uptime=0), None])

    def sleep(seconds: float) -> None:
        try:
            act = next(looks)
        except StopIteration:
            raise KeyboardInterrupt from None
        if act:
            act()

    monkeypatch.setattr("pi_reader.cli.status.time.sleep", sleep)
    code, said = asked(tmp_path, capsys, "status", "--follow", "--json")
    assert code == 130
    assert [json.loads(line)["status"]["state"] for line in said.splitlines()] == [
        "reading",
        "unsure",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "120 min"),
        (7200, "2 h"),
        (86400 * 3, "3 days"),
    ],
)
def test_ok__spans(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize("command", ["status", "readings"])
def test_ok__they_come_without_numpy(tmp_path: Path, command: str) -> None:
    with History(tmp_path / "history.db") as history:
        history.add("7", True, 0.9, "", 1.8e9)
    leave(tmp_path)
    code = (
        "import sys\nfrom pi_reader.cli.main import main\n"
        f"code = main(['{command}', '--state', {str(tmp_path)!r}])\n"
        "assert 'numpy' not in sys.modules and code == 0"
    )
    printed(code)


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A box that read 30 times, once a minute until now, and once before its clock was set."""
    now = time.time()
    with History(tmp_path / "history.db") as history:
        history.add("1970", True, 0.75, "", 0.0)
        for n in range(30):
            history.add(f"{n}\n?", False, 0.5, "f" * 64, now - 60 * (29 - n))
    return tmp_path


def test_ok__the_last_readings(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = asked(box, capsys, "readings")[1].splitlines()
    assert len(said) == 20
    assert said[-1].endswith("   50%  29  ?")
    said = asked(box, capsys, "readings", "--last", "100")[1].splitlines()
    assert len(said) == 31
    assert said[0] == "     1  time not known        75%  1970"


def test_ok__readings_since(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(asked(box, capsys, "readings", "--since", "10m")[1].splitlines()) == 10
    said = asked(box, capsys, "readings", "--since", "2100-01-01")[1]
    assert said == f"no readings since then in {box / 'history.db'}\n"


def test_ok__readings_for_scripts(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = asked(box, capsys, "readings", "--json")[1].splitlines()
    first, last = json.loads(lines[0]), json.loads(lines[-1])
    assert len(lines) == 31
    assert first == {
        "id": 1,
        "when": None,
        "time": None,
        "text": "1970",
        "sure": True,
        "confidence": 0.75,
        "weights": "",
        "utc_offset": None,
    }
    assert last["text"] == "29\n?" and abs(last["when"] - time.time()) < 60
    table = list(csv.DictReader(io.StringIO(asked(box, capsys, "readings", "--csv")[1])))
    assert len(table) == 31 and table[0]["time"] == ""
    assert table[-1]["text"] == "29\n?" and table[-1]["weights"] == "f" * 64
    assert datetime.fromisoformat(table[-1]["time"])


def test_ok__no_readings_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(tmp_path, capsys, "readings") == (
        0,
        f"no readings yet in {tmp_path / 'history.db'}\n",
    )
    assert asked(tmp_path, capsys, "readings", "--json") == (0, "")
    assert asked(tmp_path, capsys, "readings", "--csv")[1].startswith("id,time,text,")
    assert list(tmp_path.iterdir()) == [], "looking leaves nothing behind"


def test_fail__readings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "history.db").write_bytes(b"no database" * 1000)
    assert main(["readings", "--state", str(tmp_path)]) == 65
    assert "history.db: is damaged" in capsys.readouterr().err
    assert main(["readings", "--since", "soon", "--state", str(tmp_path)]) == 2
    assert main(["readings", "--last", "0", "--state", str(tmp_path)]) == 2


NOW = datetime(2027, 3, 10, 15, 30, 45)


@pytest.mark.parametrize(
    ("words", "when"),
    [
        ("today", datetime(2027, 3, 10)),
        ("Yesterday", datetime(2027, 3, 9)),
        ("2h", datetime(2027, 3, 10, 13, 30, 45)),
        ("90m", datetime(2027, 3, 10, 14, 0, 45)),
        ("1w", datetime(2027, 3, 3, 15, 30, 45)),
        ("8:05", datetime(2027, 3, 10, 8, 5)),
        ("2027-03-01", datetime(2027, 3, 1)),
        ("2027-03-01t12:00", datetime(2027, 3, 1, 12)),
        ("2027-03-01 12:00", datetime(2027, 3, 1, 12)),
    ],
)
def test_ok__moments(words: str, when: datetime) -> None:
    assert moment(words, NOW) == when.timestamp()


def test_ok__a_moment_in_another_zone() -> None:
    assert moment("2027-03-01T12:00+02:00", NOW) == 1803895200.0


@pytest.mark.parametrize(
    "words",
    [
        "",
        "x",
        "2x",
        "h",
        "-2h",
        "999999w",
        "9999999999d",
        "25:00",
        "2027-13-01",
        "0001-01-01",
        "٣h",
        "12:0٣:00:00:00",
    ],
)
def test_fail__moments(words: str) -> None:
    try:
        when = moment(words, NOW)
    except UsageError as error:
        assert "--since is" in str(error)
    else:
        assert words in ("0001-01-01", "٣h") and when < NOW.timestamp()
