"""What the build carries: every room, the shipped weights, and what installing needs."""

from __future__ import annotations

import json
import tomllib
from fnmatch import fnmatch
from pathlib import Path

from pi_reader.values import EVIDENCE

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


def test_ok__the_build_carries_what_the_code_reads() -> None:
    left_out = [
        path.relative_to(ROOT)
        for path in (ROOT / "pi_reader").rglob("*")
        if path.is_file() and path.suffix not in {".py", ".md", ".png"}
        if "__pycache__" not in path.parts and not path.name.startswith(".")
        if not any(
            fnmatch(str(path.relative_to(ROOT)), f"{package.replace('.', '/')}/{pattern}")
            for package, patterns in BUILD["package-data"].items()
            for pattern in patterns
        )
    ]
    assert not left_out, "name them in pyproject.toml's package-data"


def test_ok__what_ships_says_what_each_evidence_counts() -> None:
    shipped = json.loads((ROOT / "pi_reader/belief.json").read_text(encoding="utf-8"))
    assert set(shipped["factors"]) == set(EVIDENCE) and 0.5 < shipped["sure_at"] < 1
