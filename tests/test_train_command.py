"""`pi-reader train` as a shell sees it: what it writes, what it says, how it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_training_data import write_mnist  # the small MNIST of those tests

from pi_reader.cli.main import main
from pi_reader.errors import BadData, CannotWrite
from pi_reader.library import weights_path
from pi_reader.network import store
from pi_reader.training import batches, checkpoint, course, networks, recipes
from pi_reader.training.recipes import ClassicRecipe, Recipe

SMALL = Recipe("small", ("conv 5x5/2 4", "dense 12"), epochs=2, batch=32)
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Small networks, small pools, small hold-outs: seconds become milliseconds."""
    monkeypatch.setattr(batches, "PIECE", 64)
    for name in ("_PIECES", "_PIECES_WITHOUT_MNIST", "_PIECES_OF_MARKS"):
        monkeypatch.setattr(batches, name, (3, 1))
    monkeypatch.setattr(course, "_HELD_DRAWN", 100)
    monkeypatch.setattr(course, "_HELD_MARKS", 50)
    monkeypatch.setitem(recipes.RECIPES, "default", SMALL)
    monkeypatch.setitem(recipes.RECIPES, "classic", ClassicRecipe("small", hidden=10, epochs=1))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")


def train(out: Path, *words: object) -> int:
    return main(["train", *map(str, words), "--out", str(out)])


@pytest.mark.parametrize("recipe", ["default", "classic"])
def test_ok__drawn_weights_come_with_a_card_and_again_the_same(tmp_path, capsys, recipe):
    first, second, other = (tmp_path / f"{name}.npz" for name in "abc")
    assert train(first, recipe, "--drawn", "--limit", 160, "--seed", 3) == 0
    assert "digits drawn for the purpose" in capsys.readouterr().out
    assert train(second, recipe, "--drawn", "--limit", 160, "--seed", 3) == 0
    assert first.read_bytes() == second.read_bytes()
    train(other, recipe, "--drawn", "--limit", 160, "--seed", 4)
    assert first.read_bytes() != other.read_bytes()

    model, card = store.load(first)
    assert (card.recipe, card.seed, card.date) == (recipe, 3, "1970-01-02")
    assert set(card.data) == {"drawn"}
    assert model.outcomes == (11 if recipe == "default" else 10)
    assert card.accuracy is not None and 0 < card.reject_below < 1
    assert card.temperature == model.temperature
    assert card.notes["reject_curve"][0]["kept"] >= card.notes["reject_curve"][-1]["kept"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npz", "b.npz", "c.npz"]


def test_ok__mnist_from_a_folder(tmp_path):
    out = tmp_path / "a.npz"
    assert train(out, "classic", "--mnist", write_mnist(tmp_path), "--epochs", 2) == 0
    card = store.load(out)[1]
    assert set(card.data) == {"mnist"} and card.notes["epochs"] == 2
    assert "4 test images of MNIST" in card.measured


def test_ok__hours_become_epochs(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(course, "epochs_within", lambda planned, hours: 3)
    out = tmp_path / "a.npz"
    assert train(out, "classic", "--drawn", "--limit", 100, "--hours", 0.5) == 0
    assert store.load(out)[1].notes["epochs"] == 3
    assert "0.5 hours are enough for 3 epochs" in capsys.readouterr().err


def test_ok__a_trial_measures_epochs():
    planned = course.plan("classic", 0, None, limit=200)
    assert course.epochs_within(planned, 1e-9, steps=2) == 1
    assert course.epochs_within(planned, 1.0, steps=2) > 100


def test_ok__stopped_by_the_deadline_and_resumed_equals_unbroken(tmp_path, capsys):
    unbroken, broken = tmp_path / "a.npz", tmp_path / "b.npz"
    words = ["default", "--drawn", "--limit", 160]
    assert train(unbroken, *words, "--epochs", 1) == 0
    assert train(broken, *words, "--hours", 1e-9) == 75
    assert "--resume goes on" in capsys.readouterr().err
    assert not broken.exists() and (tmp_path / "b.npz.checkpoint").exists()
    assert train(broken, *words, "--resume") == 0
    assert "goes on after step" in capsys.readouterr().err
    assert broken.read_bytes() == unbroken.read_bytes()
    assert not (tmp_path / "b.npz.checkpoint").exists()


def test_ok__resume_without_a_checkpoint_begins(tmp_path, capsys):
    assert train(tmp_path / "a.npz", "classic", "--drawn", "--limit", 100, "--resume") == 0
    assert "starts from the beginning" in capsys.readouterr().err


def test_fail__resume_with_other_options(tmp_path, capsys):
    out = tmp_path / "a.npz"
    assert train(out, "default", "--drawn", "--limit", 160, "--hours", 1e-9) == 75
    assert train(out, "default", "--drawn", "--limit", 160, "--seed", 1, "--resume") == 2
    assert "seed" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_ok__killed_halfway_then_resumed_equals_unbroken(tmp_path, number):
    """A process of its own, really killed: by Ctrl-C, which saves, or by the mains."""
    script = (
        "import sys; sys.path[:0] = [sys.argv.pop(1), sys.argv.pop(1)]\n"
        "from pi_reader.training import batches, course, recipes, trainer\n"
        "from test_train_command import SMALL\n"
        "batches.PIECE = 64; batches._PIECES_WITHOUT_MNIST = batches._PIECES_OF_MARKS = (3, 1)\n"
        "course._HELD_DRAWN, course._HELD_MARKS = 100, 50\n"
        "recipes.RECIPES['default'] = SMALL; trainer.KEEP_EVERY = 0\n"
        "from pi_reader.cli.main import main; sys.exit(main(sys.argv[1:]))\n"
    )
    broken, unbroken = tmp_path / "a.npz", tmp_path / "b.npz"
    words = ["default", "--drawn", "--limit", "640", "--epochs", "3"]
    command = [sys.executable, "-c", script, str(ROOT), str(ROOT / "tests"), "train", *words]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    running = subprocess.Popen(
        [*command, "--out", str(broken)], stderr=subprocess.PIPE, env=environment
    )
    kept = tmp_path / "a.npz.checkpoint"
    deadline = time.monotonic() + 60
    while not kept.exists() and time.monotonic() < deadline and running.poll() is None:
        time.sleep(0.01)
    running.send_signal(number)
    said = running.communicate(timeout=60)[1].decode()
    if number == signal.SIGINT:
        assert running.returncode == 130 and "--resume goes on" in said
    assert kept.exists() and not broken.exists()
    assert train(broken, *words, "--resume") == 0
    assert train(unbroken, *words) == 0
    assert broken.read_bytes() == unbroken.read_bytes()


def test_ok__a_disk_full_on_the_way_is_said_and_the_training_goes_on(tmp_path, capsys, monkeypatch):
    def full(*args, **kwargs):
        raise CannotWrite("a.npz.checkpoint: cannot be written, the disk is full")

    monkeypatch.setattr(checkpoint, "save", full)
    monkeypatch.setattr("pi_reader.training.trainer.KEEP_EVERY", 0.0)
    assert train(tmp_path / "a.npz", "classic", "--drawn", "--limit", 100) == 0
    assert "no checkpoint" in capsys.readouterr().err


def test_ok__weights_that_find_no_room_are_not_lost(tmp_path, capsys, monkeypatch):
    def full(*args, **kwargs):
        raise CannotWrite("a.npz: cannot be written, the disk is full")

    out, words = tmp_path / "a.npz", ["classic", "--drawn", "--limit", 100]
    with monkeypatch.context() as disk:
        disk.setattr(store, "save", full)
        assert train(out, *words) == 73
    assert not out.exists()
    assert train(out, *words, "--resume") == 0
    assert "goes on after step 1 of 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["fancy", "--drawn"], 2, "classic-rotated"),
        (["classic", "--mnist", "nowhere"], 66, "no such folder"),
        (["classic", "--drawn", "--epochs", "0"], 2, "--epochs is 0"),
        (["classic", "--drawn", "--hours", "-1"], 2, "--hours is -1"),
        (["classic", "--drawn", "--hours", "nan"], 2, "--hours is nan"),
        (["classic", "--drawn", "--seed", "-1"], 2, "--seed is -1"),
        (["classic"], 2, "--mnist, --download or --drawn"),
        (["classic", "--download"], 69, "is there a network"),
        (["--samples", "a b.npz"], 2, "`pi-reader retrain --samples 'a b.npz' --out"),
        ([], 2, "name a recipe: classic"),
    ],
)
def test_fail__what_cannot_be(tmp_path, capsys, monkeypatch, words, code, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PI_READER_MNIST_MIRRORS", "http://127.0.0.1:9/")
    assert train(tmp_path / "a.npz", *words) == code
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    assert not (tmp_path / "a.npz").exists()


def test_ok__touching_digits_are_learned_beside_what_is_there(tmp_path, capsys):
    out = tmp_path / "a.npz"
    assert train(out, "touching", "--drawn", "--limit", 60) == 0
    assert "multiply-adds a mark beside" in capsys.readouterr().out
    before, after = store.load_all(weights_path("default")), store.load_all(out)
    assert after.card == before.card and after.context.touching.outcomes == 101
    mine, theirs = (
        [*one.model.parameters, *one.context.neighbourhood.parameters] for one in (after, before)
    )
    assert all(np.array_equal(*pair) for pair in zip(mine, theirs, strict=True))


def test_fail__touching_digits_need_a_neighbourhood_and_no_epochs(tmp_path, capsys):
    weights = store.load_all(weights_path("default"))
    bare, out = tmp_path / "bare.npz", tmp_path / "a.npz"
    store.save(bare, weights.model, weights.card)
    assert train(out, "touching", "--drawn", "--from", bare) == BadData.exit_code
    assert "train neighbourhood --from" in capsys.readouterr().err
    assert train(out, "touching", "--drawn", "--epochs", 3) == 2
    assert "in one go" in capsys.readouterr().err
    assert not out.exists()


def test_fail__places_that_cannot_be_written(tmp_path, capsys):
    for out in (tmp_path, tmp_path / "no" / "a.npz", Path("/dev/full/a.npz")):
        assert train(out, "classic", "--drawn", "--limit", 10) == 73
    assert "Traceback" not in capsys.readouterr().err


def test_fail__damaged_mnist(tmp_path, capsys):
    folder = write_mnist(tmp_path)
    images = folder / "train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-5])
    assert train(tmp_path / "a.npz", "classic", "--mnist", folder) == 65
    assert "its header promises" in capsys.readouterr().err


def test_ok__the_recipes_networks_can_be_built():
    for recipe in recipes.RECIPES.values():
        if isinstance(recipe, Recipe):
            model = networks.build(recipe.layers, 11, np.random.default_rng(0))
            assert model.multiply_adds <= 2_000_000
