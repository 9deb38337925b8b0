"""A night, from samples to the weights in use, and all that may come between."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from night_world import SHIPPED, hand, make_small, night_of, shipped_model, teach

from pi_reader.config.settings import NightSettings
from pi_reader.errors import Busy, CannotWrite
from pi_reader.files import locked, read_json
from pi_reader.learning import acceptance, rehearsal, trial
from pi_reader.learning.finetune import blend
from pi_reader.learning.generations import Generations
from pi_reader.learning.night import elsewhere
from pi_reader.learning.night import offered as offers
from pi_reader.learning.night.hours import hours
from pi_reader.learning.night.job import Night
from pi_reader.learning.samples import Samples, exchange, split
from pi_reader.learning.trial import Outcome
from pi_reader.network import store
from pi_reader.requests import Requests
from pi_reader.state import BoxState
from pi_reader.training import checkpoint

SPLIT = 3  # seed of which readings are held out, and of their names, from which trainings draw


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    make_small(monkeypatch.setattr)
    chance = random.Random(SPLIT)
    monkeypatch.setattr(split.random, "SystemRandom", lambda: chance)
    monkeypatch.setattr(os, "urandom", chance.randbytes)  # the names of readings


def taught_box(state: Path, count: int = 60) -> None:
    state.mkdir(exist_ok=True)
    with Samples(state / "samples.db") as samples:
        teach(samples, *hand(count))


def wrong(model, number: int = 9) -> int:
    patches, labels = hand(300, number)
    return int((model.predict(patches)[:, :10].argmax(axis=1) != labels).sum())


def test_ok__a_night_learns_a_hand_and_tells(tmp_path):
    taught_box(tmp_path)
    said: list[str] = []
    night, folders, generations = night_of(tmp_path, log=said.append)
    result = night.run()
    assert result.state == "done", said
    model, card, one = generations.open()
    assert one.number == 1 and wrong(model) <= wrong(shipped_model()[0]) // 2
    assert card.recipe == "night" and card.notes["learned"] + 4 <= 60
    assert card.notes["learned_to"] == 60  # what it knows of these leaves the memory
    assert "learned" in result.message and "in use since" in result.message
    word = read_json(folders.training)
    assert (word["state"], word["message"]) == ("done", result.message)
    assert any("TFLOP" in line for line in said)
    again = night_of(tmp_path, log=said.append)[0].run()
    assert again.state == "waiting" and "nothing new" in again.message
    assert not list((tmp_path / "night").glob("*.checkpoint"))


def test_ok__what_power_cuts_left_of_files_is_removed(tmp_path):
    left = [
        tmp_path / "night" / ".candidate.checkpoint.3ud7ewnk",
        tmp_path / "mnist" / ".train-images-idx3-ubyte.687idqx6",
    ]
    for path in left:
        path.parent.mkdir()
        path.write_bytes(b"half a file")
    night_of(tmp_path)[0].run()
    assert not any(path.exists() for path in left)


def test_ok__too_few_samples_wait_and_say_how_many(tmp_path):
    taught_box(tmp_path, 5)
    for _ in range(2):  # it says so again
        result = night_of(tmp_path)[0].run()
        assert result.state == "waiting" and "15 more labelled digits" in result.message


def test_ok__a_box_that_was_taught_nothing_does_nothing(tmp_path):
    tmp_path.joinpath("x").mkdir()
    assert night_of(tmp_path / "x")[0].run().state == "waiting"


def test_ok__labels_that_cannot_be_right_are_refused(tmp_path):
    with Samples(tmp_path / "samples.db") as samples:
        teach(samples, hand(40)[0], np.full(40, 3))
    result = night_of(tmp_path)[0].run()
    assert result.state == "refused" and "labelled 3 were surely read as" in result.message
    assert "refused" not in result.message, "the state says so already, wherever it is shown"
    assert night_of(tmp_path)[2].current().number == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_ok__interrupted_nights_end_as_one_that_was_not(tmp_path, monkeypatch, seed):
    """Whatever is held out, and whether the judge accepts what was learned or not."""
    monkeypatch.setattr(trial, "TRAINING_WORK", 0.0185e12)
    chance = random.Random(seed)
    monkeypatch.setattr(os, "urandom", chance.randbytes)
    monkeypatch.setattr(split.random, "SystemRandom", lambda: chance)
    prepared = rehearsal.prepare(None)  # once: the many nights would draw it again
    monkeypatch.setattr(rehearsal, "prepare", lambda mnist: prepared)
    outcomes, conclude = [], Night._conclude
    monkeypatch.setattr(
        Night,
        "_conclude",
        lambda night, outcome, *rest: outcomes.append(outcome) or conclude(night, outcome, *rest),
    )
    taught_box(tmp_path / "a", 40)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "samples.db").write_bytes((tmp_path / "a" / "samples.db").read_bytes())
    night_of(tmp_path / "a")[0].run()
    rounds, steps = 0, [0]

    def told() -> str:
        steps[0] += 1
        return "told to end" if steps[0] % 3 == 0 else ""

    while (result := night_of(tmp_path / "b", told=told)[0].run()).state == "stopped":
        rounds += 1
        assert "goes on from there" in result.message and rounds < 20
        if rounds == 2:  # taught meanwhile: comes in the night after
            with Samples(tmp_path / "b" / "samples.db") as samples:
                teach(samples, *hand(4, 5))
    assert rounds > 2
    whole, pieces = outcomes
    for name in ("state", "why", "sure_at", "before", "after", "taken"):
        assert getattr(whole, name) == getattr(pieces, name)
    assert all(map(np.array_equal, whole.model.parameters, pieces.model.parameters))
    one, other = (night_of(tmp_path / name)[2].current() for name in "ab")
    assert (one.number, one.card.notes.get("owner")) == (
        other.number,
        other.card.notes.get("owner"),
    )
    with Samples(tmp_path / "b" / "samples.db") as samples:
        assert night_of(tmp_path / "b")[0]._plan(samples) is not None


def test_ok__weights_chosen_while_it_learns_stay_in_use(tmp_path):
    taught_box(tmp_path)
    other, card = shipped_model()
    other.parameters[-1][...] += np.arange(11, dtype=np.float32) / 100
    chosen = []

    def told() -> str:
        if not chosen:
            chosen.append(generations.add(other, card, use=True))
        return ""

    night, _, generations = night_of(tmp_path, told=told)
    assert "other weights came into use" in night.run().message
    assert generations.current().number == 1 and len(generations.list()) == 2
    night_of(tmp_path)[0].run()
    assert generations.get(2).parent == 1  # learned anew from those


def test_ok__what_the_night_came_to_is_shown_all_day(tmp_path):
    taught_box(tmp_path)
    now = [1.8e9]
    folders = night_of(tmp_path)[1]
    done = night_of(tmp_path, clock=lambda: now[0])[0].run()
    assert done.state == "done"
    for later, state, message in (
        (1800, "done", done.message),
        (12 * 3600, "done", done.message),
        (24 * 3600, "waiting", "nothing new was taught"),
    ):
        now[0] = 1.8e9 + later  # the training is begun twice an hour
        assert "nothing new" in night_of(tmp_path, clock=lambda: now[0])[0].run().message
        word = read_json(folders.training)
        assert word["state"] == state and message in word["message"]


def test_ok__what_was_taken_back_is_no_news(tmp_path):
    taught_box(tmp_path)
    night, folders, generations = night_of(tmp_path)
    assert night.run().state == "done"
    generations.rollback()
    night_of(tmp_path)[0].run()
    assert "nothing new" in read_json(folders.training)["message"]


def test_ok__a_power_cut_after_the_switch_learns_nothing_twice(tmp_path):
    taught_box(tmp_path)
    night, _, generations = night_of(tmp_path)
    (tmp_path / "night" / "last.json").mkdir(parents=True)  # so that nothing can be noted
    with pytest.raises(CannotWrite):
        night.run()
    (tmp_path / "night" / "last.json").rmdir()
    assert generations.current().number == 1
    assert "nothing new" in night_of(tmp_path)[0].run().message
    assert [one.number for one in generations.list()] == [0, 1]


@pytest.mark.parametrize("last", ["null", "1e999", "9" * 30, '"x"', "[]", '{"digest": 1}'])
def test_ok__spoilt_notes_are_no_reason_not_to_learn(tmp_path, last):
    taught_box(tmp_path, 8)
    (tmp_path / "night").mkdir()
    with Samples(tmp_path / "samples.db") as samples:
        digest = samples.digest()
    for name in ("plan.json", "last.json"):
        (tmp_path / "night" / name).write_text(
            f'{{"last": {last}, "digest": "{digest[:-1]}", "base": 1, "when": {last},'
            f' "state": {last}, "message": {last}}}'
        )
    for _ in range(2):
        assert "8 labelled digits" in night_of(tmp_path)[0].run().message


def test_ok__what_is_taught_while_it_begins_is_learned_the_night_after(tmp_path, monkeypatch):
    taught_box(tmp_path, 8)
    newest = Samples.newest

    def taught_meanwhile(samples: Samples) -> int:
        number = newest(samples)
        teach(samples, *hand(4, 5))
        return number

    with monkeypatch.context() as patched:
        patched.setattr(Samples, "newest", taught_meanwhile)
        assert "8 labelled digits" in night_of(tmp_path)[0].run().message
    assert "12 labelled digits" in night_of(tmp_path)[0].run().message


def test_ok__cancel_the_clock_and_the_heat_stop_or_slow_it(tmp_path):
    taught_box(tmp_path, 40)
    folders = night_of(tmp_path)[1]
    now = [0.0]

    def later() -> float:
        now[0] += 1.0
        return now[0]

    result = night_of(tmp_path, seconds=30.0, monotonic=later)[0].run()
    assert result.state == "stopped" and "the time is up" in result.message
    Requests(folders.requests).ask("cancel")  # forgotten: means nothing to the next
    degrees, slept = [90.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        degrees[0] -= 4

    night = night_of(tmp_path, monotonic=later, temperature=lambda: degrees[0], sleep=sleep)[0]
    asked = []

    def told() -> str:
        if len(slept) > 4 and not asked:
            asked.append(Requests(folders.requests).ask("cancel"))
        return ""

    night._pace._told = told
    assert night.run().message.startswith("cancelled") and len(slept) >= 5


def test_fail__two_at_a_time(tmp_path):
    taught_box(tmp_path, 8)
    night = night_of(tmp_path)[0]
    night.folder.mkdir()
    with locked(night.folder / "lock"), pytest.raises(Busy):
        night.run()


def test_ok__without_a_clock_it_says_so_and_dates_nothing(tmp_path):
    taught_box(tmp_path)
    night, _, generations = night_of(tmp_path, clock=lambda: 12.0)
    result = night.run()
    assert result.state == "done" and result.message.endswith("in use now")
    assert generations.current().card.date == ""


def test_ok__offered_weights_face_the_same_judge(tmp_path, monkeypatch):
    taught_box(tmp_path)
    night, _, generations = night_of(tmp_path)
    assert night.run().state == "done"
    better = generations.load(1)
    generations.rollback()
    monkeypatch.setattr(acceptance, "LEAST", 8)
    worse = better[0].copy()
    worse.parameters[-1][...] += np.arange(11, dtype=np.float32)
    said: list[str] = []
    generations.add(worse, better[1], use=False)
    night_of(tmp_path, log=said.append)[0].run()
    assert "is refused" in said[0] and generations.list()[-1].state == "refused"
    monkeypatch.setattr(acceptance, "MAX_P", 1.0)  # a dozen held-out digits decide little
    generations.add_file(store_bytes(tmp_path, *better))
    night_of(tmp_path, log=said.append)[0].run()
    assert "is accepted" in said[-2] and generations.current().number == 3
    monkeypatch.setattr(acceptance, "LEAST", 1000)
    generations.add(worse, better[1], use=False)
    night_of(tmp_path, log=said.append)[0].run()
    assert "more are needed" in said[-2] and generations.list()[-1].state == "candidate"


def test_ok__what_is_offered_while_it_learns_is_judged_too(tmp_path, monkeypatch):
    taught_box(tmp_path)
    monkeypatch.setattr(acceptance, "LEAST", 8)
    offered = []

    def told() -> str:
        if not offered:
            offered.append(generations.add(*shipped_model(), use=False))
        return ""

    said: list[str] = []
    night, _, generations = night_of(tmp_path, told=told, log=said.append)
    night.run()
    assert generations.get(1).state == "refused"
    assert sum("which was offered" in line for line in said) == 1


@pytest.mark.parametrize(
    ("told", "verdict", "state"),
    [
        ("drawn digits", "refused", "refused"),
        ("drawn digits", "accepted", "accepted"),
        ("drawn digits", "waiting", "accepted"),
        ("MNIST", "refused", "refused"),
        ("", "accepted", "accepted"),
    ],
)
def test_ok__a_bigger_machine_judges_as_the_box_does(tmp_path, monkeypatch, told, verdict, state):
    """With MNIST at hand it accepted what a box without it refused."""
    model, card = shipped_model()
    own = rehearsal.Rehearsal("MNIST", None, *[None] * 6)
    drawn = rehearsal.Rehearsal("drawn digits", None, *[None] * 6)
    monkeypatch.setattr(elsewhere.rehearsal, "prepare", lambda mnist: own if mnist else drawn)
    monkeypatch.setattr(trial.Trial, "run", lambda self: Outcome("accepted", "good", model=model))
    asked = []

    def offered(parent, sure_at, model, its_sure_at, held, prepared, learned):
        asked.append(prepared.name)
        return Outcome(verdict, "drawn digits 98.83, now 98.69")

    monkeypatch.setattr(trial, "offered", offered)
    with Samples(tmp_path / "s.db") as samples:
        teach(samples, *hand(8))
        handle = io.BytesIO()
        exchange.write(list(samples.all()), handle, {"general": told} if told else {})
    said = []
    found, _ = elsewhere.learn_for_elsewhere(
        handle.getvalue(), "s", model, card, "ab", tmp_path, lambda: "", said.append
    )
    assert found.state == state and asked == [told or "MNIST"]
    assert ("98.83" in found.why) == (state == "refused")
    assert any("98.83" in line for line in said) == (verdict == "waiting")


def test_fail__weights_that_the_judge_cannot_read_with_keep_nobody_waiting(tmp_path, monkeypatch):
    generations = Generations(tmp_path / "weights", SHIPPED)
    poisoned, good = (generations.add(*shipped_model(), use=False) for _ in range(2))

    def offered(parent, sure_at, model, *rest):
        if generations.get(poisoned.number).state == "candidate":
            raise TypeError("an odd network")
        generations.use(good.number)  # while it is being judged
        return Outcome("refused", "no better")

    monkeypatch.setattr(offers, "offered", offered)
    held = offers.as_labelled([])
    assert "is bad" in offers.judge_offer(generations, poisoned, held, None)
    assert "odd network" in generations.get(poisoned.number).why
    assert "is not judged: it is in use" in offers.judge_offer(generations, good, held, None)
    assert "is not judged: it is bad" in offers.judge_offer(generations, poisoned, held, None)
    assert generations.current().number == good.number


def store_bytes(folder: Path, model, card) -> bytes:
    store.save(folder / "offer.npz", model, card)
    return (folder / "offer.npz").read_bytes()


def test_ok__an_upgrade_is_judged_on_what_was_held_out(tmp_path):
    taught_box(tmp_path)
    night_of(tmp_path)[0].run()
    model, card = shipped_model()
    spoiled = model.copy()
    spoiled.parameters[-1][...] += 3 * np.arange(11, dtype=np.float32)
    said: list[str] = []
    for new, number, word in (
        (spoiled, 0 + 1, "the learned ones stay"),
        (blend(model, night_of(tmp_path)[2].load(1)[0], 1.0), 0, "the shipped ones are in use"),
    ):
        store.save(tmp_path / "new.npz", new, replace(card, seed=number))
        _, _, generations = night_of(tmp_path, shipped=tmp_path / "new.npz")
        night_of(tmp_path, shipped=tmp_path / "new.npz", log=said.append)[0].run()
        assert any(word in line for line in said)
        assert generations.current().number == number or number == 0
        assert not generations.shipped_changed()


def test_ok__a_power_cut_after_an_upgrade_still_learns_all_anew(tmp_path, monkeypatch):
    taught_box(tmp_path)
    night, _, generations = night_of(tmp_path)
    assert night.run().state == "done"
    store.save(tmp_path / "new.npz", generations.load(1)[0], shipped_model()[1])
    night, _, generations = night_of(tmp_path, shipped=tmp_path / "new.npz")
    with monkeypatch.context() as patched:
        patched.setattr(Generations, "shipped_judged", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            night.run()
    assert generations.current().number == 0
    night = night_of(tmp_path, shipped=tmp_path / "new.npz")[0]
    assert "nothing new" not in night.run().message


QUIET = {"state": "nothing there", "since": 1000.0}


@pytest.mark.parametrize(
    ("clock", "status", "on", "is_night"),
    [
        ("02:00", {}, True, True),
        ("05:59", {}, True, True),
        ("06:00", {}, True, False),
        ("01:59", {}, True, False),
        ("03:00", {}, False, False),
        ("unset", {}, True, False),
        ("unset", QUIET, True, False),
        ("quiet", QUIET, True, True),
        ("quiet", {"state": "reading", "since": 1000.0}, True, False),
        ("quiet", {"state": "nothing there", "since": "x"}, True, False),
    ],
)
def test_ok__night_by_the_clock_or_by_quiet(clock, status, on, is_night):
    now = {"unset": 1000.0 + 7000, "quiet": 1000.0 + 7300}.get(clock)
    if now is None:
        now = time.mktime(time.strptime(f"2026-11-24 {clock}", "%Y-%m-%d %H:%M"))
    found = hours(replace(NightSettings(), on=on), now, BoxState.from_json(status))
    assert bool(found.seconds) == is_night and found.why
    assert found.seconds <= 4 * 3600


CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from night_world import *
make_small()
trial.TRAINING_WORK = 0.009e12
state = Path(sys.argv[1])
with Samples(state / "samples.db") as samples:
    number = samples.newest()
    while True:
        for _ in range(5):
            teach(samples, *hand(4, number := number + 1))
            print("kept", samples.newest(), flush=True)
        night = night_of(state, log=lambda line: print("#", line, flush=True))[0]
        print("night", night.run().state, flush=True)
"""


@pytest.mark.parametrize("rounds", [5, pytest.param(300, marks=pytest.mark.acceptance)])
def test_ok__killed_at_any_moment_everything_is_whole(tmp_path, rounds):
    """Correcting, training, judging, switching: killed in the middle of each."""
    chance = random.Random(1)
    child = CHILD.format(tests=str(Path(__file__).parent))
    resumed, switched = 0, 0
    for _ in range(rounds):
        process = subprocess.Popen(
            [sys.executable, "-c", child, str(tmp_path)],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        time.sleep(chance.uniform(0, 4))
        os.kill(process.pid, signal.SIGKILL)
        lines += process.stdout.read().splitlines()
        process.wait()
        process.stdout.close()
        assert not any("Error" in line for line in lines), lines
        resumed += any("goes on after step" in line for line in lines)
        kept = max(int(line.split()[1]) for line in lines if line.startswith("kept"))
        with Samples(tmp_path / "samples.db") as samples:
            assert samples.newest() >= kept and samples.counts().samples % 4 == 0
            assert samples._database().execute("PRAGMA integrity_check").fetchone() == ("ok",)
        generations = night_of(tmp_path)[2]
        model, _, one = generations.open()
        assert not generations.fallback_reason and model.predict(hand(2)[0]).shape == (2, 11)
        generations.confirmed()
        switched = max(switched, one.number)
        for path in (tmp_path / "night").glob("*.checkpoint"):
            assert checkpoint.facts_of(path)
        assert len(list((tmp_path / "night").glob(".*"))) <= 1  # of this kill, no older one
    print(f"{rounds} kills, {resumed} resumed from a checkpoint, generation {switched}")
    assert SHIPPED.exists()
