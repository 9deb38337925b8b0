"""Small things that commands promise: what an empty, odd or narrow place makes of their output."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pi_reader import errors
from pi_reader.cli.main import main
from pi_reader.cli.read import for_people
from pi_reader.history import History
from pi_reader.pictures import _overlap, annotated
from pi_reader.values import Box, Digit, Frame, Line, Reading

ROOT = Path(__file__).resolve().parents[1]


def on_a_terminal(*words: str, **variables: str) -> str:
    """What a command writes on a terminal of 60 columns."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pi_reader", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "60", "LINES": "40", "LC_ALL": "C.UTF-8", **variables},
    )
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 4096):
            said += piece
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(60) == 0, said
    return said.decode()


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999999"])
def test_fail__a_number_of_readings_that_makes_no_sense(tmp_path, capsys, number):
    assert main(["readings", "--last", number, "--state", str(tmp_path)]) == 2
    assert "--last is" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["0", "-1", "9" * 30])
def test_fail__a_place_that_is_none(tmp_path, capsys, place):
    words = ["samples", "label", "last", "7", "--place", place, "--state", str(tmp_path)]
    assert main(words) == 2
    assert "counted from 1" in capsys.readouterr().err


def test_ok__the_hour_before_winter_time_is_told_apart(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    first = 1_792_888_200.0  # 2026-10-25 02:30 in Berlin, an hour before it is 02:30 again
    try:
        with History(tmp_path / "history.db") as history:
            for when in (0.0, first, first + 3600):
                history.add("7", True, 0.9, "", when)
        assert main(["readings", "--csv", "--state", str(tmp_path)]) == 0
        unknown, summer, winter = csv.DictReader(io.StringIO(capsys.readouterr().out))
        assert summer["time"] == winter["time"] == "2026-10-25 02:30:00"
        assert (summer["utc_offset"], winter["utc_offset"]) == ("+0200", "+0100")
        assert float(winter["when"]) - float(summer["when"]) == 3600
        assert unknown["time"] == unknown["when"] == unknown["utc_offset"] == ""
    finally:
        monkeypatch.undo()
        time.tzset()


def test_ok__a_new_box_has_an_empty_list(tmp_path, capsys):
    assert main(["samples", "list", "--state", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("0 samples of 0 readings")
    assert main(["samples", "list", "--json", "--state", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
    assert list(tmp_path.iterdir()) == [], "looking makes nothing"


def test_ok__a_share_of_nothing_is_no_number(tmp_path, capsys):
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 28, 28), np.uint8), y=np.array([3, 3], np.uint8))
    assert main(["evaluate", "--npz", str(tmp_path / "a.npz")]) == 0
    said = capsys.readouterr().out
    assert "0: -" in said and "nan" not in said


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_ok__a_dumb_terminal_gets_no_escapes(tmp_path, term):
    said = on_a_terminal("demo", "--pages", "1", TERM=term, COLUMNS="100")
    assert ("\x1b" in said) is (term == "xterm")


def test_ok__tables_fit_the_terminal(tmp_path):
    said = on_a_terminal("weights", "list", "--state", str(tmp_path))
    assert max(map(len, said.splitlines())) == 60 and "…" in said
    piped = subprocess.run(
        [sys.executable, "-m", "pi_reader", "weights", "list", "--state", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "…" not in piped.stdout and max(map(len, piped.stdout.splitlines())) > 60


def reading_of(*digits: Digit) -> Reading:
    return Reading("a.jpg", (400, 200), (Line(digits),))


SEVEN = Digit(7, 0.7, (1, 0.2), False, Box(40, 60, 30, 50))


def test_ok__a_doubt_that_the_figure_does_not_explain_is_explained():
    certain = replace(SEVEN, confidence=0.999, reason="two lines touch here")
    said = for_people(reading_of(SEVEN, certain)).splitlines()[2:]
    assert said[0].endswith("or 1")
    assert "(100%)" in said[1] and said[1].endswith("; two lines touch here")


def test_ok__labels_do_not_hide_each_other(monkeypatch):
    from pi_reader import pictures

    written: list[tuple[float, ...]] = []
    write = pictures._write_label

    def note(*words):
        write(*words)
        written[:] = words[-1]

    monkeypatch.setattr(pictures, "_write_label", note)
    close = [replace(SEVEN, box=Box(100 + 12 * n, 60, 11, 50)) for n in range(8)]
    annotated(Frame(np.full((200, 400), 200, np.uint8), "a"), reading_of(*close))
    assert len(written) == 8
    pairs = [(one, other) for place, one in enumerate(written) for other in written[:place]]
    assert not any(_overlap(one, other) for one, other in pairs)


def test_ok__where_apt_does_not_help_pip_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    assert errors.how_to_install("python3-lgpio") == "sudo apt install python3-lgpio"
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    (tmp_path / "pyvenv.cfg").write_text("include-system-site-packages = true\n")
    assert errors.how_to_install("python3-lgpio") == "sudo apt install python3-lgpio"
    (tmp_path / "pyvenv.cfg").write_text("include-system-site-packages = false\n")
    assert "pip install lgpio" in errors.how_to_install("python3-lgpio")


def test_ok__json_tells_the_same(tmp_path, capsys):
    with History(tmp_path / "history.db") as history:
        history.add("7", True, 0.9, "", 0.0)
    assert main(["readings", "--json", "--state", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["utc_offset"] is None
