"""The code for the page on displays and lamps; it is told to nobody else."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from box import Clock, box, page

from pi_reader.box.status_file import StatusFile
from pi_reader.files import read_json
from pi_reader.outputs import qr
from pi_reader.outputs.face import face
from pi_reader.outputs.patterns import lamps
from pi_reader.outputs.scene import Moment
from pi_reader.outputs.segments import character
from pi_reader.state import BoxState
from pi_reader.values import State

CODE = "482913"
PAIRING = BoxState(State.PAIRING, address="192.168.178.123", code=CODE)


def at(seconds: float) -> Moment:
    return Moment(told=PAIRING, told_for=seconds, now=seconds, read_for=999.0)


def test_ok__the_code_is_spelled_digit_by_digit() -> None:
    moments = [at(0.1 + second) for second in range(6)]
    assert "".join(character(moment)[0] for moment in moments) == CODE
    assert [lamps(moment).digits for moment in moments] == [frozenset({int(d)}) for d in CODE]


def test_ok__a_display_shows_it_as_qr_code_and_in_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {}
    for name in ("with", "without"):
        if name == "without":
            monkeypatch.setattr(qr, "draw", lambda *_: False)
        plain[name] = face(at(0.1))
    assert np.asarray(plain["without"]).any()
    if importlib.util.find_spec("segno") is None:
        pytest.skip("needs segno")
    lit = np.asarray(plain["with"])
    assert lit[:58, :58].mean() > 0.4 and lit[:, 64:].any()
    assert lit[0, :58].all() and lit[:58, 0].all(), "light all around it, as phones need it"
    assert lit.shape == (64, 128)
    small = face(at(0.1), 64, 32)
    assert np.asarray(small).any(), "where it has no room, digits do"


def test_ok__the_loop_shows_it_for_a_while_and_tells_no_other_process(tmp_path: Path) -> None:
    clock, seen = Clock(), []

    def look() -> None:
        seen.append(read_json(tmp_path / "status.json"))

    def show(code: str) -> None:
        appliance.reporter.show_code(code, clock())

    lying: list[Any] = [page("12")] * 8
    frames = [*lying, lambda: show(CODE), *lying, look, lambda: show(""), *lying, look]
    appliance, shown, _ = box(frames, clock, status_file=StatusFile(tmp_path / "status.json"))
    appliance.run()
    told = [status.code for status in shown.told if status.state is State.PAIRING]
    assert told and set(told) == {CODE}
    assert [status["state"] for status in seen] == ["pairing", "reading"]
    assert CODE not in str(seen)
