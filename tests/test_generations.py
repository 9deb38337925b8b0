"""Generations: exactly one whole one in use, whatever is broken, missing, full or cut off."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from fresh import printed

from pi_reader import files
from pi_reader.errors import BadData, Busy, CannotWrite, MissingFile, UsageError
from pi_reader.learning.generations import LARGEST_OFFER, Generations, table
from pi_reader.learning.generations import store as generations_store
from pi_reader.network import store
from pi_reader.network.card import Card
from pi_reader.network.layers import Dense, Flatten, Rescale
from pi_reader.network.model import Model

ROOT = Path(__file__).resolve().parents[1]
NOW = 1.8e9


def model(seed: int) -> Model:
    rng = np.random.default_rng(seed)
    return Model([Flatten(), Dense(784, 10, rng=rng)], input_shape=(28, 28, 1))


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    path = tmp_path / "shipped.npz"
    store.save(path, model(0), Card(recipe="shipped"))
    return path


@pytest.fixture
def kept(tmp_path: Path, shipped: Path) -> Generations:
    return Generations(tmp_path / "state" / "weights", shipped, clock=lambda: NOW)


def again(kept: Generations, keep: int = 8) -> Generations:
    """The same folder as the next process sees it."""
    return Generations(folder(kept), kept.shipped, keep, clock=lambda: NOW)


def folder(kept: Generations) -> Path:
    return kept._file.folder


def learn(kept: Generations, *seeds: int) -> None:
    for seed in seeds:
        kept.add(model(seed), Card(recipe=f"night {seed}"), use=True)


def opened(kept: Generations) -> tuple[int, str]:
    """Number and recipe of what the next process opens; its weights must be the ones named."""
    network, card, generation = again(kept).open()
    seed = int(card.recipe.split()[1]) if generation.number else 0
    assert np.array_equal(network.layers[1].parameters[0], model(seed).layers[1].parameters[0])
    return generation.number, card.recipe


def prove(kept: Generations) -> None:
    next_process = again(kept)
    next_process.open()
    next_process.confirmed()


def states(kept: Generations) -> dict[int, str]:
    return {generation.number: generation.state for generation in kept.list()}


def test_ok__without_a_folder_the_shipped_weights_read(kept: Generations) -> None:
    _, card, generation = kept.open()
    kept.confirmed()
    assert (card.recipe, generation.number, generation.state) == ("shipped", 0, "in use")
    assert generation.sha256 == files.sha256(kept.shipped)
    assert kept.fallback_reason == "" and not folder(kept).exists()


def test_ok__each_night_a_new_number(kept: Generations) -> None:
    before = kept.stamp()
    learn(kept, 1, 2)
    assert kept.stamp() != before
    assert opened(kept) == (2, "night 2")
    first, second = kept.list()[1:]
    assert (first.parent, second.parent, second.since) == (0, 1, NOW)
    assert second.sha256 == files.sha256(second.path) and second.card == Card(recipe="night 2")
    assert states(kept) == {0: "kept", 1: "kept", 2: "in use"}


def test_ok__opening_and_proving_are_no_news(kept: Generations) -> None:
    learn(kept, 1)
    kept.open()
    stamp = kept.stamp()
    kept.confirmed()
    kept.add(model(2), Card(), use=False)
    assert kept.stamp() == stamp
    kept.rollback()
    assert kept.stamp() != stamp


def test_ok__there_and_back(kept: Generations) -> None:
    learn(kept, 1, 2)
    assert kept.rollback().number == 1 and opened(kept) == (1, "night 1")
    assert kept.use(2).number == 2 and opened(kept) == (2, "night 2")
    kept.rollback()
    assert kept.rollback().number == 0 and opened(kept) == (0, "shipped")
    with pytest.raises(UsageError, match="nothing came before"):
        kept.rollback()
    learn(kept, 3)
    assert opened(kept) == (3, "night 3") and kept.current().parent == 0


def test_ok__rollback_passes_over_what_is_broken(kept: Generations) -> None:
    learn(kept, 1, 2, 3)
    kept.get(2).path.write_bytes(b"")
    assert kept.rollback().number == 1


def test_ok__what_the_judge_refused_stays_so_though_somebody_uses_it(kept: Generations) -> None:
    learn(kept, 1)
    kept.add_file(kept.get(1).path.read_bytes())
    kept.conclude(2, "refused", "3 wrong, 1 before")
    kept.use(2)
    assert (kept.current().number, kept.current().why) == (2, "3 wrong, 1 before")
    learn(kept, 3)
    assert (kept.get(2).state, kept.get(2).why) == ("refused", "3 wrong, 1 before")
    assert kept.rollback().number == 2, "it was in use before"


def test_fail__no_way_back_to_what_was_refused_and_never_used(kept: Generations) -> None:
    learn(kept, 1)
    kept.add_file(kept.get(1).path.read_bytes())
    kept.conclude(2, "refused", "worse")
    learn(kept, 3)
    ledger = json.loads((folder(kept) / "in-use.json").read_text())
    ledger["generations"]["3"]["parent"] = 2
    (folder(kept) / "in-use.json").write_text(json.dumps(ledger))
    assert kept.rollback().number == 1


@pytest.mark.parametrize("number", [7, -1, 10**12])
def test_fail__no_such_generation(kept: Generations, number: int) -> None:
    learn(kept, 1)
    for ask in (kept.use, kept.get, kept.load):
        with pytest.raises(UsageError):
            ask(number)
    assert not kept.begin_judging(number) and not kept.conclude(number, "refused", "")
    assert opened(kept) == (1, "night 1")


def test_fail__use_of_a_broken_one_changes_nothing(kept: Generations) -> None:
    learn(kept, 1, 2)
    kept.get(1).path.write_bytes(b"broken")
    with pytest.raises(BadData):
        kept.use(1)
    kept.get(1).path.unlink()
    with pytest.raises(MissingFile):
        kept.use(1)
    assert opened(kept) == (2, "night 2")


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "missing", "another", "folder"])
def test_fail__a_broken_file_falls_back_and_says_so(kept: Generations, damage: str) -> None:
    learn(kept, 1, 2)
    path = kept.get(2).path
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "missing":
        path.write_bytes(
            {
                "empty": b"",
                "cut": content[:700],
                "flipped": content,
                "another": kept.get(1).path.read_bytes(),
            }[damage]
        )
    fallen = again(kept)
    assert fallen.open()[2].number == 1
    assert "generation 2 is not used" in fallen.fallback_reason
    assert "reads with generation 1" in fallen.fallback_reason
    assert states(kept) == {0: "kept", 1: "in use", 2: "bad"} and kept.get(2).why
    assert opened(kept) == (1, "night 1") and again(kept).fallback_reason == ""
    said = fallen.fallback_reason
    assert fallen.open()[2].number == 1 and fallen.fallback_reason == said, "it stays said"
    learn(kept, 3)
    assert opened(kept) == (3, "night 3"), "the number of a bad one is not used again"
    assert fallen.open()[2].number == 3 and fallen.fallback_reason == ""


def test_fail__all_broken_leaves_the_shipped(kept: Generations) -> None:
    learn(kept, 1, 2, 3)
    for number in (1, 2, 3):
        kept.get(number).path.write_bytes(b"")
    assert opened(kept) == (0, "shipped")
    kept.shipped.write_bytes(b"")
    with pytest.raises(BadData, match="shipped"):
        kept.open()


def test_fail__one_that_never_reads_a_page_falls_back(kept: Generations) -> None:
    learn(kept, 1)
    prove(kept)
    learn(kept, 2)
    assert [opened(kept)[0] for _ in range(5)] == [2, 2, 2, 1, 1]
    assert "opened 3 times" in kept.get(2).why
    assert kept.use(2).state == "in use"  # the owner insists: three more starts
    prove(kept)
    assert [opened(kept)[0] for _ in range(5)] == [2] * 5, "a proved one is not blamed"


def test_ok__a_new_version_has_to_prove_them_again(
    kept: Generations, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(kept, 1)
    prove(kept)
    monkeypatch.setattr(generations_store, "__version__", "99.0")
    assert [opened(kept)[0] for _ in range(4)] == [1, 1, 1, 0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\0" * 700,
        b'{"format": 2}',
        b'{"format": 1, "generations": []}',
        b'{"format": 1, "in_use": 9, "last": 9, "shipped": "", "generations": {}}',
        b'{"format": 1, "in_use": true, "last": 9, "shipped": "", "generations": {}}',
        b'{"format": 1, "in_use": 1, "last": 1, "shipped": "", '
        b'"generations": {"1": {"sha256": 5}}}',
    ],
)
def test_fail__a_damaged_ledger_has_a_copy(kept: Generations, content: bytes) -> None:
    learn(kept, 1, 2)
    kept._file.path.write_bytes(content)
    fallen = again(kept)
    assert fallen.open()[2].number == 2 and "its copy is used" in fallen.fallback_reason
    learn(kept, 3)  # mends it
    assert opened(kept) == (3, "night 3")


def test_fail__both_ledgers_gone_keeps_the_files(kept: Generations) -> None:
    learn(kept, 1, 2)
    kept._file.path.unlink()
    kept._file._copy.write_bytes(b"{")
    fallen = again(kept)
    assert fallen.open()[2].number == 0 and "weights use" in fallen.fallback_reason
    assert kept.use(2).number == 2 and opened(kept) == (2, "night 2")
    learn(kept, 3)
    assert kept.current().number == 3


def test_fail__parents_in_a_circle_come_to_an_end(kept: Generations) -> None:
    learn(kept, 1, 2)
    ledger = json.loads(kept._file.path.read_text())
    ledger["generations"]["1"]["parent"] = 2
    kept._file.path.write_text(json.dumps(ledger))
    for number in (1, 2):
        kept.get(number).path.write_bytes(b"")
    assert opened(kept) == (0, "shipped")


def test_ok__only_so_many_are_kept(kept: Generations) -> None:
    few = again(kept, keep=3)
    learn(few, 1, 2, 3, 4)
    assert sorted(states(few)) == [0, 2, 3, 4]
    few.use(2)
    few.use(3)
    candidate = few.add(model(5), Card(), use=False).number
    learn(few, 6)
    assert states(few) == {0: "kept", 3: "kept", 5: "candidate", 6: "in use"}
    few.conclude(candidate, "refused", "worse")
    learn(few, 7)
    assert states(few) == {0: "kept", 3: "kept", 6: "kept", 7: "in use"}
    names = {"0003.npz", "0006.npz", "0007.npz", "in-use.json", "in-use.old.json", "lock"}
    assert set(os.listdir(folder(few))) == names
    Generations(folder(kept), kept.shipped, keep=1).prune()
    assert sorted(states(few)) == [0, 6, 7], "the parent stays too"


def test_ok__an_offer_waits_for_the_judge(kept: Generations) -> None:
    learn(kept, 1)
    content = kept.get(1).path.read_bytes()
    offered = kept.add_file(content)
    assert (offered.state, offered.number) == ("candidate", 2) and opened(kept)[0] == 1
    assert offered.path.read_bytes() == content
    kept.conclude(2, "refused", "no better")
    assert kept.get(2).why == "no better"
    learn(kept, 3)
    accepted = kept.add_file(content)
    learn(kept, 5)
    assert kept.use(accepted.number).parent == 5, "its parent is the one that it replaced"
    assert kept.load(4)[1].recipe == "night 1"


@pytest.mark.parametrize("content", [b"", b"PK", b"\0" * (LARGEST_OFFER + 1), b"x" * 4000])
def test_fail__an_offer_that_is_no_weights(kept: Generations, content: bytes) -> None:
    with pytest.raises(BadData, match="offered weights"):
        kept.add_file(content)
    assert not folder(kept).exists()


def test_fail__too_many_offers(kept: Generations, shipped: Path) -> None:
    for _ in range(generations_store.MOST_OFFERED):
        kept.add_file(shipped.read_bytes())
    with pytest.raises(Busy, match="wait for the judge"):
        kept.add_file(shipped.read_bytes())


def test_ok__an_upgrade_is_noticed_until_it_is_judged(kept: Generations, shipped: Path) -> None:
    store.save(shipped, model(8), Card(recipe="shipped"))
    assert not kept.shipped_changed(), "nothing was learned: they are simply in use"
    learn(kept, 1)
    assert not kept.shipped_changed()
    store.save(shipped, model(9), Card(recipe="shipped"))
    prove(kept)
    assert kept.shipped_changed()
    kept.shipped_judged()
    assert not again(kept).shipped_changed()


def test_ok__a_clock_that_was_never_set_dates_nothing(kept: Generations) -> None:
    early = Generations(folder(kept), kept.shipped, clock=lambda: 1000.0)
    assert early.add(model(1), Card(), use=True).since == 0.0


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", no_space)


def test_fail__a_full_disk_still_reads(kept: Generations, request: pytest.FixtureRequest) -> None:
    learn(kept, 1)
    prove(kept)
    learn(kept, 2)
    request.getfixturevalue("full")
    reading = again(kept)
    assert reading.open()[2].number == 1, "what cannot be counted might crash for ever"
    assert "disk is full" in reading.fallback_reason
    for change in (lambda: learn(kept, 3), lambda: kept.use(1), kept.rollback, kept.prune):
        with pytest.raises(CannotWrite, match="full"):
            change()
    request.getfixturevalue("monkeypatch").undo()
    assert opened(kept) == (2, "night 2")


def test_fail__a_proved_one_reads_from_a_full_disk(
    kept: Generations, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    learn(kept, 1)
    prove(kept)
    request.getfixturevalue("full")
    monkeypatch.setattr(generations_store, "__version__", "99.0")
    reading = again(kept)
    assert reading.open()[2].number == 1 and reading.fallback_reason == ""
    reading.confirmed()  # cannot be noted, and is no error


def test_fail__somebody_holds_the_lock(kept: Generations, monkeypatch: pytest.MonkeyPatch) -> None:
    learn(kept, 1)
    with files.locked(folder(kept) / "lock"):
        monkeypatch.setattr(files.locked.__wrapped__, "__defaults__", (0.1,))
        with pytest.raises(Busy):
            kept.use(0)
        assert kept.list() and again(kept).open()[2].number == 0


def test_ok__a_list_needs_no_numpy(kept: Generations) -> None:
    learn(kept, 1)
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from pi_reader.learning.generations import Generations\n"
        "print([g.card.recipe for g in Generations(*map(Path, sys.argv[1:])).list()])\n"
        "assert 'numpy' not in sys.modules"
    )
    assert printed(code, folder(kept), kept.shipped) == "['shipped', 'night 1']\n"


BUSY = """
import sys, random
from pathlib import Path
from pi_reader.learning.generations import Generations
from pi_reader.network import store
kept = Generations(Path(sys.argv[1]), Path(sys.argv[2]), keep=3)
model, card = store.load(kept.shipped)
content = kept.shipped.read_bytes()
rng = random.Random(int(sys.argv[3]))
print("ready", flush=True)
while True:
    step = rng.choice(("add", "add", "offer", "use", "rollback", "prune", "refuse", "open"))
    numbers = [g.number for g in kept.list()]
    waiting = [g.number for g in kept.list() if g.state == "candidate"]
    if step == "add": kept.add(model, card, use=True)
    if step == "offer" and len(waiting) < 3: kept.add_file(content)
    if step == "use": kept.use(rng.choice(numbers))
    if step == "rollback" and kept.current().number: kept.rollback()
    if step == "prune": kept.prune()
    if step == "refuse" and waiting: kept.conclude(waiting[0], "refused", "worse")
    if step == "open": kept.open(); kept.confirmed()
    print(max(g.number for g in kept.list()), flush=True)
"""


def kill_often(kept: Generations, times: int, seed: int) -> None:
    """SIGKILL at random moments; after each, one whole generation is in use and nothing is odd."""
    rng = random.Random(seed)
    highest = 0
    for turn in range(times):
        worker = subprocess.Popen(
            [sys.executable, "-c", BUSY, folder(kept), kept.shipped, str(seed * 1000 + turn)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert worker.stdout and worker.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0.0, 0.15))
        worker.send_signal(signal.SIGKILL)
        lines = worker.stdout.read().splitlines()
        worker.wait()
        worker.stdout.close()
        after = again(kept, keep=3)
        _, _, generation = after.open()
        assert after.fallback_reason == "", f"turn {turn}: {after.fallback_reason}"
        after.confirmed()
        assert [g.number for g in after.list() if g.state == "in use"] == [generation.number]
        assert all(files.sha256(g.path) == g.sha256 for g in after.list()), "a file is not whole"
        told = max([int(line) for line in lines if line.isdigit()], default=0)
        number = after.add(*store.load(kept.shipped), use=False).number
        assert number > max(highest, told), "a number was used twice"
        after.conclude(number, "refused", "a test")
        highest = number


def test_ok__killed_at_any_moment(kept: Generations) -> None:
    kill_often(kept, 8, 1)


@pytest.mark.acceptance
def test_ok__killed_at_any_moment_many_times(kept: Generations) -> None:
    kill_often(kept, 150, 2)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e18, 1e300, float("inf"), float("nan")])
def test_ok__no_time_at_all(seconds: float) -> None:
    assert table.when(seconds) == "-"


def test_ok__beyond_what_a_32_bit_system_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def localtime(seconds: float) -> time.struct_time:
        raise OverflowError("timestamp out of range for platform time_t")

    monkeypatch.setattr(time, "localtime", localtime)
    assert table.when(3e9) == "-"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_fail__for_those_who_may_not_see_them() -> None:
    """Else all would seem to be missing, and the shipped weights in use."""
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from pi_reader.learning.generations import Generations\n"
        "os.setuid(65534)\nshelf = Generations(Path(sys.argv[1], 'weights'), Path('none'))\n"
        "for look in (shelf.list, shelf.current, shelf.trouble, lambda: shelf.get(0)):\n"
        "    try:\n        look()\n    except Exception as error:\n        print(repr(error))"
    )
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        os.mkdir(f"{folder}/weights", 0o700)
        done = subprocess.run(
            [sys.executable, "-c", code, folder],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert all("BadData" in line and "read it with sudo" in line for line in lines)


def test_ok__what_was_put_in_use_meanwhile_is_no_candidate_any_more(kept: Generations) -> None:
    learn(kept, 1)
    offered = kept.add_file(kept.get(1).path.read_bytes()).number
    assert kept.begin_judging(offered)
    kept.use(offered)
    for verdict in ("refused", "accepted", "bad", "candidate"):
        assert not kept.conclude(offered, verdict, "worse")
    assert opened(kept)[0] == offered and kept.current().why == ""


def test_ok__what_ends_the_training_again_and_again_is_bad(kept: Generations) -> None:
    """Killed in the middle of judging, as by the memory running out, nobody notes a verdict."""
    learn(kept, 1)
    offered = kept.add_file(kept.get(1).path.read_bytes()).number
    for _ in range(3):
        assert again(kept).begin_judging(offered)
    assert not kept.begin_judging(offered)
    assert kept.get(offered).state == "bad" and "3 times" in kept.get(offered).why
    other = kept.add_file(kept.get(1).path.read_bytes()).number
    assert kept.begin_judging(other), "the next one is not kept waiting"


@pytest.mark.parametrize("error", [TypeError("odd"), ZeroDivisionError(), KeyError("x")])
def test_fail__a_start_that_crashes_is_marked_bad_at_once(
    kept: Generations, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    learn(kept, 1, 2)
    load = Generations._load

    def crashes(self: Generations, ledger: object, number: int) -> object:
        if number == 2:
            raise error
        return load(self, ledger, number)

    monkeypatch.setattr(Generations, "_load", crashes)
    assert opened(kept) == (1, "night 1")
    assert type(error).__name__ in kept.get(2).why and states(kept)[2] == "bad"


def test_fail__a_network_that_cannot_read(kept: Generations) -> None:
    odd = model(1)
    odd.parameters[0][...] = 3e38
    odd.parameters[1][...] = -3e38
    odd.parameters[1][0] = 3e38
    odd.layers.append(Rescale(scale=3e38, offset=0.0))
    store.save(kept.shipped.with_name("odd.npz"), Model(odd.layers), Card())
    with pytest.raises(BadData, match="no numbers for an empty patch"):
        kept.add_file(kept.shipped.with_name("odd.npz").read_bytes())
