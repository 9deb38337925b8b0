"""What the box says of itself: the keys others rely on, and whatever may stand there instead."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import pytest

from pi_reader.state import VERSION, BoxState, LastReading, Stage, TrainingState
from pi_reader.values import Correction, State

KEYS = {
    "aim",
    "broken",
    "camera",
    "conditions",
    "disk_free_mb",
    "fault",
    "faults",
    "frames",
    "frozen",
    "generation",
    "last",
    "looks_per_second",
    "message",
    "pid",
    "progress",
    "reads",
    "sure",
    "state",
    "since",
    "temperature",
    "text",
    "unsure_share",
    "updated",
    "uptime",
    "weights",
    "address",
}
"""Of the first boxes: more may come, none may go."""

FULL = BoxState(
    State.READING,
    "the disk is full",
    "learned 12",
    "10.0.0.2",
    0.25,
    Correction("12", 1, None),
    True,
    text="12",
    sure=True,
    faults={"disk": "the disk is full"},
    broken={"oled": "no answer"},
    since=1.8e9,
    pid=17,
    frames=400,
    reads=12,
    conditions={"mean": 120.5, "sharpness": None},
    generation=3,
    last=LastReading("12", 1.8e9, 7, True, 0.98),
)


def test_ok__all_keys_and_their_version() -> None:
    said = FULL.to_json()
    assert set(said) >= KEYS and said["version"] == VERSION
    assert said["correction"] == {"text": "12", "place": 1, "label": None}
    assert said["last"] == {
        "text": "12",
        "when": 1.8e9,
        "event": 7,
        "sure": True,
        "confidence": 0.98,
    }


def test_ok__read_again_it_is_the_same_but_for_the_correction() -> None:
    again = BoxState.from_json(json.loads(json.dumps(FULL.to_json())))
    assert vars(again) == vars(dataclasses.replace(FULL, correction=None))
    training = TrainingState(Stage.JUDGING, 0.5, 1.8e9, "generation 3", 1.8e9)
    assert TrainingState.from_json(json.loads(json.dumps(training.to_json()))) == training


def test_ok__each_value_is_explained() -> None:
    for kind in (BoxState, LastReading):
        explained = set(re.findall(r"\w+", kind.__doc__ or ""))
        assert {key.name for key in dataclasses.fields(kind)} <= explained


def test_ok__equal_is_what_outputs_show_alike() -> None:
    assert dataclasses.replace(FULL, frames=401, temperature=50.0) == FULL
    assert dataclasses.replace(FULL, message="learned 13") != FULL
    with pytest.raises(dataclasses.FrozenInstanceError):
        FULL.frames = 0  # type: ignore[misc]


@pytest.mark.parametrize("wrong", [None, "x", [], {"a": []}, -1, 10**400, 1e999, float("nan"), 7])
def test_ok__whatever_stands_there_is_a_state(wrong: Any) -> None:
    keys = [key.name for key in dataclasses.fields(BoxState)]
    one_by_one = [BoxState.from_json({**FULL.to_json(), key: wrong}) for key in keys]
    for state in (*one_by_one, BoxState.from_json(dict.fromkeys(keys, wrong))):
        json.dumps(state.to_json(), allow_nan=False)
        assert isinstance(state.state, State) and isinstance(state.fault, str)
    TrainingState.from_json({"state": wrong, "progress": wrong}).is_active(0.0)
