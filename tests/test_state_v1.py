"""What version 0.1.0 left on a card is read, used, learned from and saved by this one.

`data/state_v1.tar.xz` holds a state folder that its code wrote (62 samples, 3 readings, and a
generation that a short night learned), the backup that it made of it, and its exported samples.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from night_world import SHIPPED, hand, make_small, night_of, teach

from pi_reader.box import backup
from pi_reader.box.weights import Learned
from pi_reader.cli.main import main
from pi_reader.config import Folders, find_folders, load_settings
from pi_reader.files import read_json
from pi_reader.handwriting.page import draw_page
from pi_reader.history import past
from pi_reader.learning.generations import Generations
from pi_reader.learning.samples import Samples, exchange
from pi_reader.reading.reader import Reader
from pi_reader.values import NO_DIGIT

ROOT = Path(__file__).resolve().parents[1]
LEARNED = "442a638ec2f0711d12bf91e6e080b572e8caa353af530e669e2eca8f697c456b"
DIGEST = "c03e0a12bb8e11643a91b76538871f09b9ed20a82279a37cadee2e3d499dab9b"
TEXTS = ["2016", "20?6\n7", "1932"]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder with the state, its backup and its export."""
    with tarfile.open(ROOT / "tests/data/state_v1.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


@pytest.fixture
def box(old: Path) -> Folders:
    return find_folders(old / "state")


def generations(box: Folders) -> Generations:
    return Generations(box.weights, SHIPPED)


def test_ok__what_it_learned_is_opened_and_reads(box: Folders) -> None:
    weights = generations(box)
    model, card, one = weights.open()
    assert (one.number, one.sha256, weights.trouble()) == (1, LEARNED, "")
    assert (card.recipe, card.notes["owner"]["wrong"], card.notes["general"]["n"]) == (
        "night",
        6,
        1000,
    )
    page = draw_page(np.random.default_rng(1))
    reading = Reader(model, card.reject_below, one.sha256).read(page.frame)
    assert reading.text.split("\n")[:2] == page.text.split("\n")[:2] == ["75778", "814"]
    assert read_json(box.weights / "in-use.json")["generations"]["1"]["proved"] == "0.1.0"


def test_ok__what_it_was_taught_and_read_is_there(box: Folders, old: Path) -> None:
    with Samples(box.samples) as samples:
        assert samples.digest() == DIGEST and samples.counts().held_out == 12
        kept = samples.all()
    assert len(kept) == 62 and {sample.label for sample in kept} == {*range(11), None}
    assert sum(sample.label == NO_DIGIT for sample in kept) == 1
    exported = exchange.read((old / "samples.npz").read_bytes())
    assert [(one.key, one.place, one.label) for one in exported] == [
        (one.key, one.place, one.label) for one in kept
    ]
    assert [one.text for one in past(box.history)] == TEXTS
    settings = load_settings(box.settings)
    assert (settings.camera.kind, settings.parts["leds"].unsure) == ("desk", 27)


@pytest.mark.parametrize("words", [["weights", "list"], ["samples", "list"], ["readings"]])
def test_ok__is_listed(box: Folders, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--state", str(box.state)]) == 0
    out = capsys.readouterr().out
    assert {"weights": LEARNED[:8], "samples": "62", "readings": "1932"}[words[0]] in out


def test_ok__goes_back_and_forth(box: Folders) -> None:
    assert generations(box).rollback().number == 0
    assert generations(box).open()[2].number == 0
    generations(box).use(1)
    assert generations(box).open()[2].sha256 == LEARNED


def test_ok__is_backed_up_and_comes_back(box: Folders, old: Path) -> None:
    contents, damaged = backup.save(box, old / "new.tar")
    before = set(backup.check(old / "box.tar").files)
    # Only what a box keeps is saved now: no locks, nor what else lay in the folder.
    assert not damaged and set(contents.files) <= before
    assert {name.rpartition("/")[2] for name in before - set(contents.files)} <= {
        *("lock", "config.toml"),
    }
    for archive in ("box.tar", "new.tar"):
        place = old / archive.removesuffix(".tar")
        back = Folders(place / "config.toml", place / "state", place / "run")
        back.state.mkdir(parents=True)
        backup.restore(old / archive, back)
        assert generations(back).open()[2].sha256 == LEARNED
        assert [one.text for one in past(back.history)] == TEXTS


def test_ok__reads_on_though_the_shipped_weights_are_damaged(box: Folders, old: Path) -> None:
    spoilt = old / "spoilt.npz"
    spoilt.write_bytes(SHIPPED.read_bytes()[:1000])
    learned = Learned(Generations(box.weights, spoilt))
    reader = learned.open()
    assert reader.weights == LEARNED and reader.context is None
    assert "spoilt.npz" in learned.note
    assert Learned(generations(box)).open().context is not None  # lent by the shipped ones


def test_ok__an_older_setup_finds_the_backup_where_it_was(old: Path) -> None:
    """The command that setup.sh of another version runs on this installation."""
    words = [sys.executable, "-m", "pi_reader.service.backup", "check", str(old / "box.tar")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and "box.tar: " in done.stdout, done.stderr


def test_ok__it_goes_on_learning(box: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    make_small(monkeypatch.setattr)
    assert "nothing new" in night_of(box.state)[0].run().message
    with Samples(box.samples) as samples:
        teach(samples, *hand(24, 2))
    said: list[str] = []
    result = night_of(box.state, log=said.append)[0].run()
    assert result.state in ("done", "refused"), said
    assert any("of training in all" in line for line in said)
    assert read_json(box.state / "night" / "last.json")["state"] == result.state
