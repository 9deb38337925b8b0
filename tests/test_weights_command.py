"""`pi-reader weights` as a shell sees it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from fresh import loaded_by

from pi_reader.cli.main import main
from pi_reader.files import locked
from pi_reader.learning.generations import LARGEST_OFFER, Generations
from pi_reader.learning.samples import New, Samples
from pi_reader.network import store
from pi_reader.network.card import Card, read_card
from pi_reader.network.layers import Dense, Flatten
from pi_reader.network.model import Model
from pi_reader.values import NO_DIGIT

SHIPPED = Path(__file__).resolve().parents[1] / "weights" / "default.npz"


def always(digit: int) -> Model:
    """A network that takes everything for one digit."""
    layer = Dense(784, 10, rng=np.random.default_rng(0))
    layer.parameters[0][:] = 0
    layer.parameters[1][:] = np.eye(10, dtype=np.float32)[digit]
    return Model([Flatten(), layer])


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A box with two learned generations, the second in use."""
    generations = Generations(tmp_path / "state" / "weights", SHIPPED)
    for digit in (1, 7):
        generations.add(always(digit), Card(recipe=f"only {digit}s\x1b[2J"), use=True)
    return tmp_path / "state"


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Ten patches: six ones, three sevens, a nine."""
    path = tmp_path / "digits.npz"
    labels = np.array([1] * 6 + [7] * 3 + [9], np.uint8)
    np.savez(path, x=np.zeros((10, 28, 28), np.uint8), y=labels)
    return path


def said(capsys: pytest.CaptureFixture[str], state: Path, *words: str) -> str:
    assert main(["weights", *words, "--state", str(state)]) == 0
    return capsys.readouterr().out


def failed(capsys: pytest.CaptureFixture[str], code: int, state: Path, *words: str) -> str:
    assert main(["weights", *words, "--state", str(state)]) == code
    error = capsys.readouterr().err
    assert error.startswith("pi-reader: ") and error.count("\n") == 1
    return error


def test_ok__list(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, state, "list").splitlines()
    assert [line.split()[0] for line in lines] == ["number", "0", "1", "2"]
    accuracy = read_card(SHIPPED).accuracy
    assert accuracy is not None
    assert "in use" in lines[3] and f"shipped, default, {accuracy:.2%} on" in lines[1]
    assert "only 7s\\x1b[2J" in lines[3]
    found = json.loads(said(capsys, state, "list", "--json"))
    assert [(one["number"], one["state"], one["parent"]) for one in found] == [
        (0, "kept", 0),
        (1, "kept", 0),
        (2, "in use", 1),
    ]


def test_ok__a_list_that_was_lost(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Then the shipped weights read; nobody should have to guess why."""
    for name in ("in-use.json", "in-use.old.json"):
        (state / "weights" / name).write_text("{")
    assert main(["weights", "list", "--json", "--state", str(state)]) == 0
    told = capsys.readouterr()
    assert [one["state"] for one in json.loads(told.out)] == ["in use", "kept", "kept"]
    assert "in-use.json: is damaged" in told.err and "`pi-reader weights use`" in told.err


def test_ok__list_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "in use" in said(capsys, tmp_path / "none", "list")
    assert not (tmp_path / "none").exists()


def test_ok__show(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = json.loads(said(capsys, state, "show", "2", "--json"))
    assert shown["card"]["recipe"] == "only 7s\x1b[2J" and shown["parent"] == 1
    printed = said(capsys, state, "show", "2")
    assert "  recipe        only 7s\\x1b[2J\n" in printed and "  parent        1\n" in printed
    assert "{" not in said(capsys, state, "show", "0"), "for people, whatever its notes hold"


def test_ok__there_and_back(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "generation 1 is in use" in said(capsys, state, "rollback")
    assert json.loads(said(capsys, state, "use", "2", "--json"))["state"] == "in use"
    assert "generation 0 is in use: shipped, default" in said(capsys, state, "use", "0")
    assert "nothing came before" in failed(capsys, 2, state, "rollback")
    assert "none of that number" in failed(capsys, 2, state, "use", "9")
    (state / "weights" / "0001.npz").write_bytes(b"")
    assert "0001.npz" in failed(capsys, 65, state, "use", "1")


def test_ok__compare(state: Path, digits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts = json.loads(said(capsys, state, "compare", "1", "2", "--npz", str(digits), "--json"))
    assert counts == {"n": 10, "a": 6, "b": 3, "only_a": 6, "only_b": 3}
    printed = said(capsys, state, "compare", "1", str(SHIPPED), "--npz", str(digits))
    assert "A reads right   60.00%  (4 errors)" in printed


def test_ok__compare_on_what_is_held_out(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed(capsys, 2, state, "compare", "1", "2")
    rng = np.random.default_rng(1)
    labels = [7, 1] * 40 + [NO_DIGIT] * 20
    with Samples(state / "samples.db") as samples:
        for label in labels:
            samples.keep([New(rng.integers(0, 256, (28, 28), np.uint8), 3, 0.5, label)])
        held = [sample.label for sample in samples.held()]
    counts = json.loads(said(capsys, state, "compare", "1", "2", "--json"))
    assert counts["n"] == len(held) - held.count(NO_DIGIT) > 0
    assert (counts["only_a"], counts["only_b"]) == (held.count(1), held.count(7))


def test_fail__compare(state: Path, digits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, code in (
        (("1", "9"), 2),
        (("1", "nobody"), 66),
        (("1", str(digits)), 65),
        (("1", "9" * 5000), 66),
        (("1", "a" * 5000), 66),
    ):
        failed(capsys, code, state, "compare", *words, "--npz", str(digits))
    failed(capsys, 66, state, "compare", "1", "2", "--npz", "nobody.npz")


def test_ok__offer(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = said(capsys, state, "offer", str(SHIPPED))
    assert "generation 3 is whole" in told and "retrain --now` has it judged" in told
    assert "waits for the judge: the next training asks it" in said(capsys, state, "list")
    Generations(state / "weights", SHIPPED).conclude(3, "candidate", "5 more are needed")
    assert "waits for the judge: 5 more are needed" in said(capsys, state, "list")
    assert (state / "requests" / "retrain").exists(), "it has to be judged"

    class Incoming:
        buffer = io.BytesIO(SHIPPED.read_bytes())

    monkeypatch.setattr(sys, "stdin", Incoming)
    assert json.loads(said(capsys, state, "offer", "--json"))["number"] == 4
    states = {one.number: one.state for one in Generations(state / "weights", SHIPPED).list()}
    assert states == {0: "kept", 1: "kept", 2: "in use", 3: "candidate", 4: "candidate"}


def test_fail__offer(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.npz"
    for content in (b"", b"PK", SHIPPED.read_bytes()[:-100], bytes(LARGEST_OFFER + 1)):
        bad.write_bytes(content)
        assert "offered weights" in failed(capsys, 65, state, "offer", str(bad))
    failed(capsys, 66, state, "offer", str(tmp_path / "nobody.npz"))
    failed(capsys, 65, state, "offer", str(tmp_path))
    assert len(Generations(state / "weights", SHIPPED).list()) == 3
    assert not (state / "requests").exists()


@pytest.mark.parametrize("words", [[], ["lose"], ["use"], ["use", "x"], ["compare", "1"]])
def test_fail__usage(words: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["weights", *words])
    assert stop.value.code == 2


def test_fail__settings_that_are_broken(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (state / "config.toml").write_text("[night]\ngenerations = 1\n")
    assert "night.generations" in failed(capsys, 78, state, "list")


def test_ok__a_list_imports_no_numpy(state: Path) -> None:
    assert "numpy" not in loaded_by(["weights", "list", "--state", str(state)])
    assert store.load(SHIPPED)


def test_fail__one_that_may_be_judged_now_is_not_put_in_use(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Generations(state / "weights", SHIPPED).add(always(3), Card(), use=False)
    (state / "night").mkdir()
    with locked(state / "night" / "lock"):
        assert "may be judged" in failed(capsys, 75, state, "use", "3")
        said(capsys, state, "use", "1")
    said(capsys, state, "use", "3")
