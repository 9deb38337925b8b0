"""What the recipes reach, trained in full: half an hour of work, so only when asked for.

python -m pytest -m acceptance tests/test_accuracy.py
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pi_reader.cli.main import main

pytestmark = pytest.mark.acceptance


def trained(out: Path, *words: str) -> Path:
    assert main(["train", *words, "--out", str(out)]) == 0
    return out


def accuracy(capsys, weights: Path, *words: str) -> float:
    capsys.readouterr()
    assert main(["evaluate", *words, "--weights", str(weights), "--json"]) == 0
    return float(json.loads(capsys.readouterr().out)["accuracy"])


def test_ok__classic_reads_as_well_as_published_runs(tmp_path, shared, capsys):
    mnist = str(shared / "mnist")
    reached = [
        accuracy(
            capsys,
            trained(tmp_path / "a.npz", "classic", "--mnist", mnist, "--seed", str(seed)),
            "--mnist",
            mnist,
        )
        for seed in range(5)
    ]
    assert sum(reached) / 5 >= 0.971


def test_ok__turned_copies_help(tmp_path, shared, capsys):
    mnist = str(shared / "mnist")
    weights = trained(tmp_path / "a.npz", "classic-rotated", "--mnist", mnist)
    assert accuracy(capsys, weights, "--mnist", mnist) >= 0.979


def test_ok__default_reads_mnist_and_other_hands(tmp_path, shared, capsys):
    mnist = str(shared / "mnist")
    weights = trained(tmp_path / "a.npz", "default", "--mnist", mnist)
    assert accuracy(capsys, weights, "--mnist", mnist) >= 0.995
    assert accuracy(capsys, weights, "--npz", str(shared / "digits" / "semeion.npz")) >= 0.94


def test_ok__drawn_digits_alone_teach_reading(tmp_path, shared, capsys):
    weights = trained(tmp_path / "a.npz", "default", "--drawn")
    assert accuracy(capsys, weights, "--mnist", str(shared / "mnist")) >= 0.95
    assert accuracy(capsys, weights, "--npz", str(shared / "digits" / "semeion.npz")) >= 0.88
