"""What the build carries: every room, the shipped weights, and what installing needs."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]


def test_ok__the_build_knows_every_room() -> None:
    rooms = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "pi_reader").rglob("__init__.py")
    }
    assert rooms | {"pi_reader.systemd", "pi_reader.weights"} == set(BUILD["packages"])


def test_ok__the_build_carries_weights_and_units() -> None:
    for package, pattern in (("pi_reader.weights", "*.npz"), ("pi_reader.systemd", "*")):
        folder = ROOT / BUILD["package-dir"][package]
        assert BUILD["package-data"][package] == [pattern]
        assert len(list(folder.glob(pattern))) >= 2
