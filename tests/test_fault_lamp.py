"""The fault lamp: it finds a lamp whatever is broken, and says what is wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pi_reader.box import fault_lamp
from pi_reader.config import Folders, Settings, find_folders, settings_from
from pi_reader.errors import NoHardware
from pi_reader.outputs.patterns import FAST
from pi_reader.state import BoxState
from pi_reader.values import State

if TYPE_CHECKING:
    from gpiozero.pins.mock import MockFactory

FAULT = BoxState(State.FAULT, "the camera is gone")
LAMP = settings_from({"leds": {"unsure": 27, "sure": 17}})


class Enough(Exception):
    """Ends the shining."""


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """The board's lamp as the kernel shows it."""
    lamp = tmp_path / "ACT"
    lamp.mkdir()
    (lamp / "trigger").write_text("none timer [mmc0] heartbeat")
    (lamp / "brightness").write_text("0")
    return lamp


def shine(settings: Settings, seconds: float, look: object, *lamps: Path) -> list[str]:
    """Let the fault shine for a while by a clock of its own; `look` is called at every step."""
    now, lines = [0.0], []

    def sleep(pause: float) -> None:
        look()
        now[0] += pause
        if now[0] > seconds:
            raise Enough

    with pytest.raises(Enough):
        fault_lamp.shine(
            settings, FAULT, lines.append, clock=lambda: now[0], sleep=sleep, board_lamps=lamps
        )
    return lines


def test_ok__the_unsure_lamp_blinks_alone_and_is_let_go(pins: MockFactory, board: Path) -> None:
    seen = []
    shine(LAMP, 2 * sum(FAST), lambda: seen.append(pins.pin(27).state), board)
    assert {True, False} == {bool(state) for state in seen}
    assert pins.pin(17).function == "input"  # never touched
    assert pins.pin(27).function == "input"  # free for the reader again
    assert "[mmc0]" in (board / "trigger").read_text()


def test_ok__without_a_lamp_the_board_blinks_and_is_given_back(board: Path) -> None:
    seen = []
    shine(
        Settings(),
        1.0,
        lambda: seen.append(((board / "trigger").read_text(), (board / "brightness").read_text())),
        board,
    )
    assert {("none", "0"), ("none", "1")} == set(seen)
    assert (board / "trigger").read_text() == "mmc0"


def test_ok__a_pin_that_is_held_elsewhere_leaves_the_board(pins: MockFactory, board: Path) -> None:
    from gpiozero import LED

    seen = []
    with LED(27):
        lines = shine(LAMP, 1.0, lambda: seen.append((board / "brightness").read_text()), board)
    assert set(seen) == {"0", "1"}
    assert len(lines) == 1 and lines[0].startswith("leds: broken")


def test_ok__no_lamp_at_all_is_said_once_and_goes_on(tmp_path: Path) -> None:
    lines = shine(Settings(), 100.0, lambda: None, tmp_path / "no")
    assert len(lines) == 1 and "board" in lines[0]


def test_fail__a_lamp_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(NoHardware, match=r"/no: No such .*; a board has it"):
        fault_lamp.BoardLamp(tmp_path / "no")


@pytest.fixture
def box(tmp_path: Path) -> Folders:
    folders = find_folders(tmp_path)
    (tmp_path / fault_lamp.SETTINGS_THAT_WORKED).write_text("[leds]\nunsure = 5\n")
    return folders


def test_ok__settings_as_they_are(box: Folders) -> None:
    box.settings.write_text("[leds]\nunsure = 6\n")
    settings, words = fault_lamp.usable_settings(box)
    assert (settings.parts["leds"].unsure, words) == (6, "")


def test_ok__broken_settings_give_way_to_those_that_worked(box: Folders) -> None:
    box.settings.write_text("[leds]\nunsur = 6\n")
    settings, words = fault_lamp.usable_settings(box)
    assert settings.parts["leds"].unsure == 5 and "did you mean unsure" in words


def test_ok__if_those_are_broken_too_there_are_none(box: Folders) -> None:
    for path in (box.settings, box.state / fault_lamp.SETTINGS_THAT_WORKED):
        path.write_text("[leds")
    settings, words = fault_lamp.usable_settings(box)
    assert settings == Settings() and "is not TOML" in words


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"MONITOR_SERVICE_RESULT": "watchdog"}, "hung"),
        (
            {"MONITOR_SERVICE_RESULT": "exit-code", "MONITOR_EXIT_STATUS": "69"},
            "camera or the pins",
        ),
        ({"MONITOR_SERVICE_RESULT": "exit-code", "MONITOR_EXIT_STATUS": "70"}, "exit-code 70"),
        ({}, "no reason given"),
    ],
)
def test_ok__says_why(told: dict[str, str], words: str) -> None:
    assert words in fault_lamp.reason(told)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (
            '{"state": "fault", "fault": "camera: none is found", "frames": 0}',
            "camera: none is found",
        ),
        ('{"state": "fault", "fault": "said by an earlier fault lamp"}', ""),
        ('{"state": "reading", "fault": "the disk is full", "frames": 9}', ""),
        ("{", ""),
    ],
)
def test_ok__the_reader_s_own_last_word(tmp_path: Path, left: str, words: str) -> None:
    assert fault_lamp.last_word(tmp_path / "status.json") == ""
    (tmp_path / "status.json").write_text(left)
    assert fault_lamp.last_word(tmp_path / "status.json") == words


def test_ok__status_knows(box: Folders) -> None:
    box.runtime.mkdir()
    mask = os.umask(0o007)  # of the unit
    try:
        fault_lamp.leave_word(box.status, "no camera")
    finally:
        os.umask(mask)
    assert json.loads(box.status.read_text())["state"] == "fault"
    assert box.status.stat().st_mode & 0o777 == 0o640, "it is the owner who asks, not the box"
