"""The loop: what it says, when it looks, and what it survives."""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from box import NOW, Clock, Given, Scripted, box, last_event, page, reading

from pi_reader.box.appliance import FAREWELL
from pi_reader.box.button_actions import ButtonActions
from pi_reader.box.host_monitor import HostMonitor
from pi_reader.box.problems import Problems
from pi_reader.box.reading_log import ReadingLog
from pi_reader.box.request_handler import RequestHandler
from pi_reader.box.status_file import StatusFile
from pi_reader.box.systemd_notifier import SystemdNotifier
from pi_reader.cli.run import _signals
from pi_reader.errors import BadData, BadSettings, Busy, CannotWrite, NoHardware
from pi_reader.files import write_json
from pi_reader.history import History, past
from pi_reader.learning.samples import Samples
from pi_reader.outputs.record import Recording
from pi_reader.outputs.together import Outputs
from pi_reader.requests import Requests
from pi_reader.state import BoxState
from pi_reader.values import Frame, State

EMPTY = page("")


def lying(text: str, looks: int = 8) -> list[Frame]:
    """A page that lies still for so many looks."""
    return [page(text)] * looks


def states(shown: Recording) -> list[State]:
    """What it was doing, one after the other."""
    return [state for state, _ in groupby(status.state for status in shown.told)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass
class Pressed:
    """A button that was pressed at these looks."""

    actions: dict[int, list[str]]
    looks: int = -1
    asked: list[float] = field(default_factory=list)
    waiting: list[Any] = field(default_factory=list)

    def due(self) -> None:
        self.looks += 1
        self.waiting += [
            type("Press", (), {"kind": kind, "at": 0.0})()
            for kind in self.actions.get(self.looks, ())
        ]

    def events(self) -> list[Any]:
        waiting, self.waiting = self.waiting, []
        return waiting

    def close(self) -> None:
        """Nothing is held."""


def test_ok__a_page_is_said_once_and_withdrawn(clock: Clock) -> None:
    frames = lying("", 3) + lying("12") + lying("", 4) + lying("345") + lying("77")
    appliance, shown, _ = box(frames, clock)
    appliance.run()
    assert shown.texts == ["12", "", "345", "77"]
    assert states(shown) == [
        State.STARTING,
        State.NOTHING,
        State.READING,
        State.NOTHING,
        State.READING,
        State.STOPPING,
    ]


def test_ok__what_moves_is_not_read_unless_it_never_rests(clock: Clock) -> None:
    passing = [page(str(number)) for number in range(1, 9)]
    appliance, shown, _ = box(passing + lying("5"), clock)
    appliance.run()
    assert shown.texts == ["5"] and appliance.reads <= 4
    trembling = [Frame(np.roll(page("12").grey, step % 2 * 9, axis=1), "12") for step in range(60)]
    appliance, shown, _ = box(trembling, Clock())
    appliance.run()
    assert shown.texts == ["12"]


def test_ok__what_never_rests_and_is_never_the_same_is_no_start(clock: Clock) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 480, 640), np.uint8)
    appliance, shown, _ = box(
        [Frame(grey, "1" * (1 + place % 7)) for place, grey in enumerate(noise)], clock
    )
    appliance.run()
    assert shown.texts == [] and states(shown) == [State.STARTING, State.NOTHING, State.STOPPING]


def test_ok__two_looks_a_second_at_rest_eight_while_something_happens(clock: Clock) -> None:
    times: list[float] = []
    frames = [
        item
        for text in [""] * 12 + ["12"] * 12
        for item in (lambda: times.append(clock.now), page(text))
    ]
    appliance, _, _ = box(frames, clock)
    appliance.run()
    waits = np.diff(times).round(3).tolist()
    assert waits[:2] == [0.125, 0.125] and waits[5:11] == [0.5] * 6  # settled on nothing
    assert waits[12:15] == [0.125] * 3 and waits[-5:] == [0.5] * 5
    assert appliance.reads < 10


def test_ok__doubt_is_shown_as_such(clock: Clock) -> None:
    appliance, shown, _ = box(lying("1?"), clock)
    appliance.run()
    assert shown.texts == ["1?"] and shown.told[-2].state == State.UNSURE


@pytest.mark.parametrize(
    ("grey", "state"),
    [
        (np.full((480, 640), 10, np.uint8), State.DARK),
        (np.full((480, 640), 255, np.uint8), State.GLARE),
    ],
)
def test_ok__truth_in_the_dark(clock: Clock, grey: np.ndarray, state: State) -> None:
    appliance, shown, _ = box([Frame(grey, "")] * 4 + lying("4"), clock)
    appliance.run()
    assert states(shown)[1:3] == [state, State.READING]


def test_ok__the_heart_beats_once_a_frame(clock: Clock) -> None:
    beats: list[str] = []

    class Heart:
        def beat(self) -> None:
            beats.append("beat")

        def say(self, status: str) -> None:
            beats.append(status)

        def stop(self) -> None:
            beats.append("stop")

    appliance, _, _ = box(lying("8"), clock, notifier=Heart())
    appliance.run()
    assert beats.count("beat") == appliance.frames == 8 and beats[-1] == "stop"
    assert "reading: 8" in beats


def test_fail__a_camera_that_gives_out_ends_it(clock: Clock, tmp_path: Path) -> None:
    for trouble in (NoHardware("camera: lost"), Busy("camera: busy")):
        status_file = tmp_path / "status.json"
        appliance, shown, _ = box(
            [*lying("1"), trouble], clock, status_file=StatusFile(status_file)
        )
        with pytest.raises(type(trouble)):
            appliance.run()
        assert shown.texts == ["1"] and shown.told[-1] == BoxState(State.FAULT, str(trouble))
        last_word = json.loads(status_file.read_text())
        assert (last_word["state"], last_word["fault"]) == ("fault", str(trouble))


def test_ok__stop_is_heard_between_looks(clock: Clock) -> None:
    appliance, _, _ = box([*lying("1", 3), lambda: appliance.stop(), *lying("1", 50)], clock)
    appliance.run()
    assert appliance.frames == 4


def test_ok__only_a_camera_is_given_up(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """A Zero may take longer to read a page, or to write what it read, than a camera may hang."""
    late = partial(signal.raise_signal, signal.SIGALRM)
    for frames, busy, given_up in (([*lying("1"), late], int, True), (lying("1"), late, False)):
        weights = Given(Scripted())
        weights.confirmed = busy  # type: ignore[method-assign]  # called after each reading
        appliance, shown, _ = box(frames, clock, weights)
        with _signals(appliance):
            appliance.run()
        assert ("camera did not answer" in capsys.readouterr().err) == given_up
        assert appliance.frames == 8 and shown.told[-1].state == State.STOPPING


def test_ok__until(clock: Clock) -> None:
    appliance, _, _ = box(lying("1", 500), clock)
    appliance.run(until=10.0)
    assert 10.0 <= clock.now < 10.6


# Weights


def test_ok__new_weights_are_taken_up_between_frames(clock: Clock) -> None:
    given = Given(Scripted("a" * 64))
    appliance, shown, log = box(
        [
            *lying("1", 8),
            lambda: setattr(given, "reader", Scripted("b" * 64)),
            *lying("1", 8),
            *lying("2", 8),
        ],
        clock,
        given,
    )
    appliance.run()
    assert [one.weights[0] for one in shown.shown] == ["a", "b"] and given.proofs > 4
    assert log == [f"weights {'a' * 12} in use", f"weights {'b' * 12} in use"]


def test_ok__broken_weights_are_said_and_the_old_ones_stay(clock: Clock) -> None:
    given = Given(Scripted())
    good = given.reader
    appliance, shown, log = box(
        [
            *lying("1", 8),
            lambda: setattr(given, "reader", BadData("0004.npz: cut short")),
            *lying("2", 8),
            lambda: setattr(given, "reader", good),
            *lying("3", 8),
        ],
        clock,
        given,
    )
    appliance.run()
    assert shown.texts == ["1", "2", "3"]
    problems = [status.fault for status in shown.told]
    assert any(fault.startswith("0004.npz: cut short") for fault in problems)
    assert shown.told[-2].fault == "" and sum("cut short" in line for line in log) == 1


def test_fail__no_weights_at_the_start(clock: Clock) -> None:
    appliance, shown, _ = box(lying("1"), clock, Given(BadData("default.npz: damaged")))
    with pytest.raises(BadData, match="damaged"):
        appliance.run()
    assert not shown.shown


# What breaks beside the camera


@pytest.mark.parametrize(
    "trouble",
    [
        OSError(121, "Remote I/O error"),
        NoHardware("oled: gone"),
        Busy("leds: GPIO5 is taken"),
        ValueError("luma's own"),
    ],
)
def test_ok__an_output_that_breaks(clock: Clock, trouble: Exception) -> None:
    class Breaking(Recording):
        def show(self, *_: object) -> None:
            raise trouble

    good, log = Recording(), list[str]()
    both = Outputs({"oled": Breaking, "good": lambda: good}, log.append)
    appliance, _, _ = box(lying("12") + lying("3"), clock, outputs=both)
    appliance.run()
    assert good.texts == ["12", "3"] and len(log) == 1 and log[0].startswith("oled: broken")
    assert good.told[-2].fault == f"oled: {str(trouble).removeprefix('oled: ')}", "others tell it"
    assert not appliance.services.problems.all


def test_ok__every_output_that_breaks_is_reported_at_once(clock: Clock, tmp_path: Path) -> None:
    class Breaking(Recording):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def tick(self, now: float) -> None:
            if self.name in pulled:
                raise OSError(121, "Remote I/O error")

    pulled: list[str] = []
    reported: list[list[str]] = []

    def look_it_up() -> None:
        reported.append(list(json.loads((tmp_path / "status.json").read_text())["broken"]))

    frames = [
        *lying("1"),
        lambda: pulled.append("oled"),
        *lying("1", 3),
        look_it_up,
        lambda: pulled.append("leds"),
        *lying("1", 3),
        look_it_up,
    ]
    both = Outputs({name: partial(Breaking, name) for name in ("leds", "oled")}, lambda line: None)
    box(frames, clock, outputs=both, status_file=StatusFile(tmp_path / "status.json"))[0].run()
    assert reported == [["oled"], ["oled", "leds"]]


def test_ok__a_clock_that_is_set_does_not_make_the_status_look_old(
    clock: Clock, tmp_path: Path
) -> None:
    """Who finds the last word a day old takes the box for hung, and asks it nothing."""
    ages: list[float] = []

    def look_it_up() -> None:
        status = json.loads((tmp_path / "status.json").read_text())
        ages.append(clock.wall() - status["updated"])

    def set_it(seconds: float) -> None:
        clock.offset += seconds

    frames: list[Any] = lying("1")
    for seconds in (86400.0, -86400.0, 45.0):
        frames += [partial(set_it, seconds), *lying("1", 2), look_it_up]
    box(frames, clock, status_file=StatusFile(tmp_path / "status.json"))[0].run()
    assert len(ages) == 3 and all(0 <= age <= 2 for age in ages), ages


def test_ok__the_newest_fault_is_shown() -> None:
    """A low voltage at the start stands until the power is off, and must hide nothing."""
    problems = Problems(lambda line: None)
    for part in ("power", "disk"):
        problems.set(part, part)
    assert problems.newest == "disk"
    problems.set("disk", "")
    assert problems.newest == "power"


@contextmanager
def full_disk(most: int = 0) -> Iterator[None]:
    """No file of this process can grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_ok__a_full_disk(clock: Clock, tmp_path: Path) -> None:
    log: list[str] = []
    problems = Problems(log.append)
    reading_log = ReadingLog(
        problems,
        history=History(tmp_path / "history.db", batch_seconds=1.0),
        samples=Samples(tmp_path / "samples.db"),
        wall=clock.wall,
    )
    actions = ButtonActions(reading_log)
    limit = full_disk()
    frames = [
        limit.__enter__,
        *lying("12", 12),
        lambda: pressed.due(),
        *lying("12", 12),
        lambda: limit.__exit__(None, None, None),
        *lying("34"),
        *lying("", 8),
    ]
    pressed = Pressed({0: ["long", "long", "long"]})
    appliance, shown, _ = box(
        frames,
        clock,
        problems=problems,
        reading_log=reading_log,
        actions=actions,
        button=pressed,
        status_file=StatusFile(tmp_path / "status.json"),
    )
    appliance.run()
    assert shown.texts == ["12", "34", ""]
    assert any("history.db: cannot be written" in line for line in log)
    assert "history: all right again" in log and len(log) < 10
    assert any(status.fault for status in shown.told)
    assert not problems.all and not any(s.message.startswith("kept") for s in shown.told)
    assert any("samples.db" in status.message for status in shown.told)
    assert [one.text for one in past(tmp_path / "history.db")] == ["12", "34"]


def test_fail__a_folder_in_the_history_s_place(clock: Clock, tmp_path: Path) -> None:
    log: list[str] = []
    problems = Problems(log.append)
    reading_log = ReadingLog(
        problems, history=History(tmp_path, batch_seconds=1.0), wall=clock.wall
    )
    appliance, shown, _ = box(lying("12", 20), clock, problems=problems, reading_log=reading_log)
    appliance.run()
    log = [line for line in log if not line.startswith("weights ")]
    assert shown.texts == ["12"] and len(log) == 2, "it never worked again, nor did it at the end"
    assert "1 reading lost for good" in log[1]
    assert "cannot be written" in log[0] and set(problems.all) == {"history"}


def test_ok__a_disk_with_little_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pi_reader.box import host_sensors

    log: list[str] = []
    problems = Problems(log.append)
    around = HostMonitor(problems, state=tmp_path)
    for minute, free in enumerate((19, 3, 25, 18, 40, 25)):
        monkeypatch.setattr(host_sensors, "disk_free_mb", lambda folder, free=free: float(free))
        monkeypatch.setattr(host_sensors, "temperature", lambda free=free: 100.0 - free)
        around.tick(60.0 * minute)
    around.tick(60.0 * minute + 30.0)
    assert [line.rpartition(": ")[2][:13] for line in log] == [
        "has reached 8",
        "the disk is f",
        "all right aga",
        "all right aga",
    ], "said once"
    assert log[0].startswith("temperature") and not problems.all


def test_ok__a_state_folder_that_goes_and_comes_back(tmp_path: Path) -> None:
    problems = Problems(lambda line: None)
    around = HostMonitor(problems, state=tmp_path / "state")
    around.tick(0.0)
    assert "is gone" in problems.all["state"]
    (tmp_path / "state").mkdir()
    around.tick(60.0)
    assert not problems.all


def test_ok__the_clock_jumps_by_years(clock: Clock, tmp_path: Path) -> None:
    problems = Problems(lambda line: None)
    reading_log = ReadingLog(
        problems, history=History(tmp_path / "history.db", batch_seconds=1.0), wall=clock.wall
    )

    def at(wall: float) -> Callable[[], None]:
        return lambda: setattr(clock, "offset", wall)

    frames = [
        at(0.0),
        *lying("1"),
        at(NOW),
        *lying("2"),
        at(NOW + 3e9),
        *lying("3"),
        at(-5e9),
        *lying("4"),
    ]
    frames += [at(NOW), *lying("4", 30)]
    appliance, shown, _ = box(
        frames,
        clock,
        problems=problems,
        reading_log=reading_log,
        status_file=StatusFile(tmp_path / "status.json"),
    )
    appliance.run(until=clock.now + 20.0)
    assert shown.texts == ["1", "2", "3", "4"] and not problems.all
    status = json.loads((tmp_path / "status.json").read_text())
    assert 0 <= status["updated"] - status["since"] < 21, "not for years, whatever the clock did"
    assert [(one.text, one.when > 0) for one in past(tmp_path / "history.db")] == [
        ("1", False),
        ("2", True),
        ("3", True),
        ("4", False),
    ]


# The button


def test_ok__freeze_holds_the_display_and_looks_on(clock: Clock) -> None:
    pressed = Pressed({0: ["short"], 1: ["short"]})
    problems = Problems(lambda line: None)
    reading_log = ReadingLog(problems, wall=clock.wall)
    frames = [*lying("1"), pressed.due, *lying(""), *lying("2"), pressed.due, *lying("2", 2)]
    appliance, shown, _ = box(
        frames,
        clock,
        problems=problems,
        reading_log=reading_log,
        button=pressed,
        actions=ButtonActions(reading_log, "freeze"),
    )
    appliance.run()
    assert shown.texts == ["1", "2"] and appliance.frames == 26
    assert states(shown) == [State.STARTING, State.READING, State.STOPPING], "lamps are held, too"
    assert reading_log.events.last is not None and reading_log.events.last.number == 2
    assert [status.frozen for status in shown.told if status.frozen]


def test_ok__switched_off_with_the_button_it_says_when_to_unplug(clock: Clock) -> None:
    pressed, deeds = Pressed({0: ["long", "hold"]}), list[str]()
    reading_log = ReadingLog(Problems(lambda line: None), wall=clock.wall)
    appliance, shown, _ = box(
        [*lying("1"), pressed.due, *lying("1", 5)],
        clock,
        button=pressed,
        actions=ButtonActions(reading_log, power_off=lambda: deeds.append("off")),
    )
    appliance.run()
    assert deeds == ["off"] and appliance.frames == 9
    assert shown.told[-1] == BoxState(State.STOPPING, message=FAREWELL)
    appliance, shown, _ = box(lying("1"), clock)
    appliance.run()
    assert shown.told[-1] == BoxState(State.STOPPING), "nobody unplugs it for a restart"


def test_ok__what_is_corrected_is_shown_and_stays(clock: Clock, tmp_path: Path) -> None:
    """Its digits are shown as pictures, so no other reading may take their place."""
    pressed = Pressed({0: ["long"], 1: ["long"]})
    reading_log = ReadingLog(
        Problems(lambda line: None), samples=Samples(tmp_path / "s.db"), wall=clock.wall
    )
    frames = [*lying("1"), *lying(""), pressed.due, *lying("2"), pressed.due, *lying("2", 2)]
    appliance, shown, _ = box(
        frames, clock, reading_log=reading_log, actions=ButtonActions(reading_log), button=pressed
    )
    appliance.run()
    assert shown.texts == ["1", "", "1", "2"]


def test_ok__what_was_held_can_be_corrected(clock: Clock, tmp_path: Path) -> None:
    pressed = Pressed({0: ["short"], 1: ["long", "long"]})
    reading_log = ReadingLog(
        Problems(lambda line: None), samples=Samples(tmp_path / "s.db"), wall=clock.wall
    )
    frames = [*lying("8"), pressed.due, *lying("5"), pressed.due, *lying("5", 3)]
    appliance, shown, _ = box(
        frames,
        clock,
        reading_log=reading_log,
        actions=ButtonActions(reading_log, "freeze"),
        button=pressed,
    )
    appliance.run()
    with Samples(tmp_path / "s.db") as samples:
        assert [sample.label for sample in last_event(samples)] == [8], "what the owner looked at"
    assert shown.texts[-1] == "5" and not shown.told[-2].frozen


def test_ok__a_short_press_says_it_again(clock: Clock) -> None:
    pressed = Pressed({0: ["short"]})
    appliance, shown, _ = box([*lying("1"), pressed.due, *lying("1")], clock, button=pressed)
    appliance.run()
    assert shown.texts == ["1", "1"]


def test_ok__correction_is_on_the_display(clock: Clock, tmp_path: Path) -> None:
    pressed = Pressed({0: ["long"], 1: ["short", "long"]})
    reading_log = ReadingLog(
        Problems(lambda line: None), samples=Samples(tmp_path / "s.db"), wall=clock.wall
    )
    frames = [*lying("8"), pressed.due, *lying("8", 2), pressed.due, *lying("8", 2)]
    appliance, shown, _ = box(
        frames, clock, reading_log=reading_log, actions=ButtonActions(reading_log), button=pressed
    )
    appliance.run()
    assert State.CORRECTING in states(shown) and "kept 1 digit" in [s.message for s in shown.told]
    with Samples(tmp_path / "s.db") as samples:
        assert [sample.label for sample in last_event(samples)] == [9]


# Requests


def request_handler(
    folder: Path,
    reading_log: ReadingLog,
    problems: Problems,
    check: Callable[[], object] = lambda: None,
) -> RequestHandler:
    return RequestHandler(
        Requests(folder),
        reading_log,
        problems,
        describe=lambda one: {"text": one.text},
        check_settings=check,
    )


def asked(
    tmp_path: Path,
    clock: Clock,
    kind: str,
    check: Callable[[], object] = lambda: None,
    **words: Any,
) -> tuple[dict[str, Any], Any]:
    """What a request is answered while a page lies there, and the appliance."""
    problems = Problems(lambda line: None)
    reading_log = ReadingLog(problems, samples=Samples(tmp_path / "samples.db"), wall=clock.wall)
    requests = Requests(tmp_path / "requests", sleep=lambda seconds: None)
    sent: list[Any] = []
    frames = [*lying("478"), lambda: sent.append(requests.ask(kind, **words)), *lying("478", 4)]
    appliance, _, _ = box(
        frames,
        clock,
        problems=problems,
        reading_log=reading_log,
        status_file=StatusFile(tmp_path / "status.json"),
        request_handler=request_handler(tmp_path / "requests", reading_log, problems, check),
    )
    appliance.run()
    return requests.wait(sent[0], 1.0), appliance


def test_ok__freeze_release_identify_without_a_button(tmp_path: Path, clock: Clock) -> None:
    answer, appliance = asked(tmp_path, clock, "freeze")
    assert answer == {"frozen": True} and appliance.actions.frozen
    assert appliance.reporter.held is not None and appliance.reporter.held.text == "478"
    answer, appliance = asked(tmp_path, clock, "release")
    assert answer == {"frozen": False} and not appliance.actions.frozen
    _, appliance = asked(tmp_path, clock, "identify")
    status = json.loads((tmp_path / "status.json").read_text())
    assert appliance.actions.news(clock()) == "it is me"
    assert status["last"]["confidence"] == 0.99 and status["last"]["sure"] is True


def test_ok__read_aim_doctor(tmp_path: Path, clock: Clock) -> None:
    assert asked(tmp_path, clock, "read")[0] == {"text": "478"}
    asked(tmp_path, clock, "aim")
    assert json.loads((tmp_path / "status.json").read_text())["aim"]["digits"] == 3
    values, _ = asked(tmp_path, clock, "doctor")
    assert values["generation"] == 3 and values["faults"] == {} and values["pid"] == os.getpid()
    status = json.loads((tmp_path / "status.json").read_text())
    assert set(values) == set(status) and status["last"]["text"] == "478"


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ({"label": "478"}, [4, 7, 8]),
        ({"event": 1, "label": "4?-"}, [4, 10]),
        ({"label": "1", "place": 1}, [1]),
    ],
)
def test_ok__label(tmp_path: Path, clock: Clock, words: dict[str, Any], kept: list[int]) -> None:
    labels = [4, None, 10] if "?" in words["label"] else kept
    answer, _ = asked(tmp_path, clock, "label", **words)
    assert answer == {"kept": len(kept), "event": 1, "read": "478"}
    with Samples(tmp_path / "samples.db") as samples:
        assert [s.label for s in last_event(samples)] == [one for one in labels if one is not None]


@pytest.mark.parametrize(
    "words",
    [
        {"label": "47"},
        {"label": "47x"},
        {},
        {"label": "4", "place": 7},
        {"label": "478", "event": 9},
        {"label": "478", "event": "first"},
        {"label": "12", "place": 1},
        {"label": "²", "place": 0},
    ],
)
def test_fail__label(tmp_path: Path, clock: Clock, words: dict[str, Any]) -> None:
    answer, _ = asked(tmp_path, clock, "label", **words)
    assert answer["exit_code"] == (2 if words.get("place") == 7 else 65) and answer["error"]


def test_ok__a_flood_of_requests_does_not_keep_it_from_looking(
    tmp_path: Path, clock: Clock
) -> None:
    problems = Problems(lambda line: None)
    reading_log = ReadingLog(problems, wall=clock.wall)
    requests = Requests(tmp_path)
    for _ in range(20):
        requests.ask("read")
    waiting: list[int] = []
    frames = [
        item
        for frame in lying("478", 30)
        for item in (lambda: waiting.append(len(list(tmp_path.glob("read-*.json")))), frame)
    ]
    appliance, _, _ = box(
        frames,
        clock,
        problems=problems,
        reading_log=reading_log,
        request_handler=request_handler(tmp_path, reading_log, problems),
    )
    appliance.run()
    assert np.diff(waiting).min() == -1, "the watchdog is fed once a look"
    assert waiting[-1] == 0 and len(list(tmp_path.glob("read-*.answer"))) == 20


def test_ok__a_figure_that_is_no_number_is_answered(tmp_path: Path, clock: Clock) -> None:
    problems = Problems(lambda line: None)
    reading_log = ReadingLog(problems, wall=clock.wall)
    asked = Requests(tmp_path).ask("doctor")
    appliance, _, _ = box(
        lying("1"),
        clock,
        problems=problems,
        reading_log=reading_log,
        request_handler=request_handler(tmp_path, reading_log, problems),
    )
    appliance.camera.figures = {"lux": float("nan"), "gain": 2.0}  # type: ignore[attr-defined]
    appliance.run()
    assert Requests(tmp_path).wait(asked, 1.0)["camera"] == {"lux": None, "gain": 2.0}


def label_when(tmp_path: Path, clock: Clock, age: float, **words: Any) -> dict[str, Any]:
    """The answer to a label that is asked for so many seconds after a reading of 367."""
    problems, said = Problems(lambda line: None), time.time()
    history = History(tmp_path / "history.db")
    for number in range(41):
        history.add(str(number), True, 0.9, "", 0.0)
    log = ReadingLog(
        problems, history=history, samples=Samples(tmp_path / "samples.db"), wall=lambda: said
    )
    log.enter(reading("367"), page("367"))
    asked = Requests(tmp_path, clock=lambda: said + age)
    request = asked.ask("label", **words)
    errand = request_handler(tmp_path, log, problems)
    errand._requests = Requests(tmp_path, clock=lambda: said + age)
    errand.run(clock(), None)  # type: ignore[arg-type]
    answer = asked.wait(request, 1.0)
    log.close()
    return answer


def test_ok__teaching_is_no_race(tmp_path: Path, clock: Clock) -> None:
    """A paper that was changed while somebody typed must not get the other one's label."""
    cases: tuple[tuple[float, dict[str, Any], int | str], ...] = (
        (1.0, {"label": "361"}, 75),
        (1.0, {"label": "361", "read": "367"}, 3),
        (1.0, {"label": "361", "read": "3 67"}, 3),
        (1.0, {"label": "361", "read": "412"}, 65),
        (9.0, {"label": "361", "read": "412"}, 65),
        (9.0, {"label": "361"}, 3),
        (1.0, {"label": "361", "event": 42}, 3),
        (9.0, {"label": "361", "event": 41}, 65),
        (1.0, {"label": "361", "event": 42, "read": "412"}, 65),
    )
    for number, (age, words, found) in enumerate(cases):
        place = tmp_path / str(number)
        place.mkdir()
        answer = label_when(place, clock, age, **words)
        assert answer.get("exit_code", answer.get("kept")) == found, (words, answer)
        if found == 3:
            assert answer["event"] == 42
    assert "`last 367=361`" in label_when(tmp_path, clock, 1.0, label="361")["error"]


def test_fail__samples_that_are_somebody_elses(tmp_path: Path, clock: Clock) -> None:
    with closing(sqlite3.connect(tmp_path / "samples.db")) as other:
        other.execute("CREATE TABLE events (name TEXT)")
        other.execute("PRAGMA user_version = 1")
    answer, appliance = asked(tmp_path, clock, "label", label="478")
    assert answer["error"] and appliance.frames == 12


def test_fail__nowhere_to_answer(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []
    problems = Problems(log.append)
    reading_log = ReadingLog(problems, wall=clock.wall)
    Requests(tmp_path).ask("read")

    def full(*_: object) -> None:
        raise CannotWrite("the disk is full")

    monkeypatch.setattr(Requests, "answer", full)
    appliance, _, _ = box(
        lying("1"),
        clock,
        problems=problems,
        reading_log=reading_log,
        request_handler=request_handler(tmp_path, reading_log, problems),
    )
    appliance.run()
    assert log[1:] == ["request read: was not answered, the disk is full"]  # after its weights
    assert not problems.all, "nobody else will ask soon, and the fault would stand for weeks"


def test_ok__reload_ends_the_loop_for_new_settings(tmp_path: Path, clock: Clock) -> None:
    answer, appliance = asked(tmp_path, clock, "reload")
    assert "done" in answer and appliance.wants_reload and appliance.frames == 9


def test_ok__a_reload_is_no_farewell_to_systemd(clock: Clock) -> None:
    """It would be killed some seconds after it said STOPPING=1, whatever it does then."""
    for reloads in (False, True):
        stops: list[str] = []
        notifier = SystemdNotifier({})
        notifier.stop = lambda stops=stops: stops.append("stop")  # type: ignore[misc]
        appliance, _, _ = box(lying("1"), clock, notifier=notifier)
        appliance.wants_reload = reloads
        appliance.run()
        assert stops == ([] if reloads else ["stop"])


def test_ok__broken_settings_while_running(tmp_path: Path, clock: Clock) -> None:
    def check() -> None:
        raise BadSettings("config.toml: camera.kid: there is no such setting")

    answer, appliance = asked(tmp_path, clock, "reload", check)
    assert answer["exit_code"] == 78 and "old settings stay in use" in answer["error"]
    assert not appliance.wants_reload and appliance.frames == 12
    assert "camera.kid" in appliance.services.problems.newest


# What the training says


def test_ok__training_is_told(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "training.json"
    around = HostMonitor(Problems(lambda line: None), training=path, wall=clock.wall)

    def says(state: str, progress: float) -> Callable[[], None]:
        return lambda: write_json(
            path, {"state": state, "progress": progress, "message": state, "updated": clock.wall()}
        )

    frames = [
        says("training", 0.5),
        *lying("1", 20),
        says("done", 1.0),
        *lying("1", 20),
        lambda: path.write_text("{"),
        *lying("1", 20),
    ]
    appliance, shown, _ = box(frames, clock, host_monitor=around)
    appliance.run()
    seen = [(status.progress, status.message) for status in shown.told]
    assert (0.5, "training") in seen and (None, "done") in seen and seen[-2] == (None, "")


@pytest.mark.parametrize(
    "word",
    [
        '{"state": "training", "updated": HUGE}',
        '{"state": "training", "progress": []}',
        '{"state": "training", "progress": HUGE, "updated": NOW}',
        '{"state": "training", "progress": NaN, "updated": NOW}',
        '{"state": []}',
        "[]",
    ],
)
def test_fail__a_word_of_the_training_that_makes_no_sense(
    tmp_path: Path, clock: Clock, word: str
) -> None:
    word = word.replace("NOW", str(NOW)).replace("HUGE", "1" + 400 * "0")
    (tmp_path / "training.json").write_text(word)
    around = HostMonitor(
        Problems(lambda line: None), training=tmp_path / "training.json", wall=clock.wall
    )
    appliance, shown, _ = box(lying("1", 20), clock, host_monitor=around)
    appliance.run()
    assert appliance.frames == 20 and len(shown.told) < 5, "what has not changed is not told again"
    assert shown.told[-2].progress in (None, 0.0)


def test_ok__drift_is_hinted_at_and_remembered(tmp_path: Path, clock: Clock) -> None:
    with History(tmp_path / "history.db") as history:
        for number in range(300):
            history.add("1", number % 20 != 0, 0.9, "", NOW)
        reading_log = ReadingLog(Problems(lambda line: None), history=history, wall=clock.wall)
        for number in range(100):
            reading_log.enter(reading("?" if number % 4 == 0 else "1"), page("1"))
            assert (reading_log.drift.hint != "") == (number == 99)
    assert "25% of the last 100" in reading_log.drift.hint and "5% before" in reading_log.drift.hint
