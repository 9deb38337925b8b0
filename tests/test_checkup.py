"""The doctor's findings for those who ask often: at once, with their age, whatever he meets."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import pytest
from web_box import WebBox

from pi_reader.box import checkup, page_actions
from pi_reader.box.checkup import FRESH, Checkup

LONG = 120.0  # seconds, on a busy machine
WELL = {"name": "disk", "verdict": "well", "words": "room"}


def printing(words: str, more: str = "") -> list[str]:
    return [sys.executable, "-c", f"import sys\n{more}\nprint({words!r}, end='')"]


def report(*checks: object) -> str:
    return json.dumps({"exit_code": 0, "checks": checks})


def test_ok__looks_once_for_all_who_ask_until_it_is_old(tmp_path: Path) -> None:
    now, mark = [100.0], tmp_path / "looks"
    note = f"open({str(mark)!r}, 'a').write('x')"
    doctor = Checkup(printing(report(WELL), note), lambda: now[0])
    answers = []
    asking = [
        threading.Thread(target=lambda: answers.append(doctor.findings(LONG))) for _ in range(8)
    ]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert answers == [(0.0, [WELL])] * 8
    now[0] += FRESH - 1
    assert doctor.findings() == (FRESH - 1, [WELL])
    assert mark.read_text() == "x"
    now[0] += 2
    age, found = doctor.findings()
    assert (age, found) == (FRESH + 1, [WELL])  # what is known, while it is looked for anew
    end = time.monotonic() + LONG
    while doctor.findings()[0] != 0 and time.monotonic() < end:
        time.sleep(0.02)
    assert mark.read_text() == "xx"


def test_ok__nobody_waits_for_a_slow_doctor() -> None:
    doctor = Checkup(printing(report(WELL), "import time; time.sleep(2)"))
    assert doctor.findings(0.05) == (None, [])
    assert doctor.findings(LONG)[1] == [WELL]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (printing(""), "exit code 0, without a word"),
        (printing("", "print('no memory', file=sys.stderr); sys.exit(70)"), "70, no memory"),
        (printing(report(WELL)[:-9]), "JSONDecodeError"),
        (printing("[]"), "TypeError"),
        (printing("{}"), "KeyError"),
        (printing(report(7)), "TypeError"),
        (printing("", "import os; os.kill(os.getpid(), 9)"), "exit code -9"),
        (["/nowhere/python"], "FileNotFoundError"),
    ],
)
def test_fail__a_doctor_who_does_not_come_to_an_end(command: list[str], words: str) -> None:
    now = [0.0]
    doctor = Checkup(printing(report(WELL)), lambda: now[0])
    assert doctor.findings(LONG)[1] == [WELL]
    doctor._command, now[0] = command, 2 * FRESH
    doctor.findings()
    for _ in range(2):  # what he said of himself is not kept beside the next
        end = time.monotonic() + LONG
        while (answer := doctor.findings())[0] != 0 and time.monotonic() < end:
            time.sleep(0.02)
        trouble, *known = answer[1]
        assert known == [WELL]
        assert trouble["verdict"] == "look"
        assert words in trouble["words"]
        now[0] += 2 * FRESH
        doctor.findings()


def test_ok__the_page_has_whatever_he_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = WELL | {"words": "a\x7fb\n\u2028\x1b[2J ½"}
    doctor = Checkup(printing(report(odd)))
    doctor.findings(LONG)
    monkeypatch.setattr(page_actions, "checkup_of", lambda folders: doctor)
    with WebBox(tmp_path).running() as box:
        said = box.call("GET", "/api/1/health", role="pupil")
        assert said.status == 200, said.content
        assert said.values["checks"] == [odd] and 0 <= said.values["age"] < LONG
        doctor._found, doctor._at = [], None
        monkeypatch.setattr(checkup, "FRESH", -1.0)
        doctor._command = printing(report(odd), "import time; time.sleep(9)")
        said = box.call("GET", "/api/1/health", role="pupil")
        assert (said.values["age"], said.values["checks"]) == (None, [])


def test_fail__a_clerk_who_cannot_be_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = page_actions.ACTIONS | {"show health": lambda session: session.say('{"half": ')}
    monkeypatch.setattr("pi_reader.box.clerk.PAGE_ACTIONS", odd)
    with WebBox(tmp_path).running() as box:
        said = box.call("GET", "/api/1/health", role="pupil")
        assert said.status == 503 and "cannot be understood" in said.values["error"]
        assert not box.log


@pytest.mark.parametrize("broken", ["start", "_examine"])
def test_fail__what_goes_wrong_once_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """Where memory is short for a moment, no thread can be started, or nothing be read."""
    doctor = Checkup(printing(report(WELL)), lambda: now[0])
    now = [0.0]

    def short(*_: object) -> None:
        raise MemoryError if broken == "_examine" else RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        if broken == "start":
            patch.setattr(threading.Thread, "start", short)
            with pytest.raises(RuntimeError):
                doctor.findings()
        else:
            patch.setattr(doctor, "_examine", short)
            assert "MemoryError" in doctor.findings(LONG)[1][0]["words"]
    now[0] += FRESH + 1
    doctor.findings(LONG)
    end = time.monotonic() + LONG
    while doctor.findings()[1] != [WELL] and time.monotonic() < end:
        time.sleep(0.02)
    assert doctor.findings()[1] == [WELL]
