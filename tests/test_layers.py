"""The house's walls: which room may import which, and which libraries stay behind which door."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "pi_reader"
BASE = {"errors"}
MAY_IMPORT = {
    "errors": set(),
    "values": BASE,
    "files": BASE,
    "privileges": set(),
    "config": BASE,
    "handwriting": {"values"} | BASE,
    "camera": {"handwriting", "values"} | BASE,
    "vision": {"values"} | BASE,
    "network": {"files"} | BASE,
    "outputs": {"values"} | BASE,
    "inputs": {"values"} | BASE,
    "reader": {"vision", "network", "values"} | BASE,
    "pictures": {"values"} | BASE,
    "scoring": {"reader", "values"} | BASE,
    "samples": {"values", "files"} | BASE,
    "history": {"values", "files"} | BASE,
    "generations": {"network", "files", "values"} | BASE,
    "requests": {"network", "files", "values"} | BASE,
    "training": {"vision", "network", "handwriting", "samples", "values", "files", "config"} | BASE,
    "night": {
        "training",
        "generations",
        "requests",
        "samples",
        "history",
        "network",
        "config",
        "values",
        "files",
    }
    | BASE,
    "service": {
        "privileges",
        "camera",
        "inputs",
        "outputs",
        "reader",
        "network",
        "samples",
        "history",
        "generations",
        "requests",
        "config",
        "values",
        "files",
    }
    | BASE,
    "lessons": {
        "camera",
        "vision",
        "reader",
        "network",
        "training",
        "handwriting",
        "pictures",
        "values",
        "files",
    }
    | BASE,
}
ONLY_IN = {
    "picamera2": {"camera/pi.py"},
    "libcamera": {"camera/pi.py"},
    "gpiozero": {"outputs/leds.py", "outputs/segments.py", "inputs/button.py", "camera/light.py"},
    "luma": {"outputs/oled.py"},
    "torch": set(),
    "cv2": set(),
    "onnxruntime": set(),
    "sklearn": set(),
    "scipy": set(),
}
FILES = sorted(PACKAGE.rglob("*.py"))


@cache
def imports(path: Path) -> set[str]:
    """Full names of everything a file imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports in full"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def broken(home: str, names: set[str]) -> set[str]:
    """Those imports of the package's own rooms that the table does not allow."""
    ours = {name.split(".")[1] for name in names if name.startswith("pi_reader.")}
    ours -= {"__version__", home}
    return ours - MAY_IMPORT[home]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_ok__imports_only_go_down(path: Path) -> None:
    home = room(path)
    if home in ("__init__", "__main__", "cli"):
        return  # the front door may know every room
    assert home in MAY_IMPORT, f"{path}: a room that the plan does not know"
    assert not broken(home, imports(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_ok__libraries_stay_behind_their_door(path: Path) -> None:
    here = path.relative_to(PACKAGE).as_posix()
    outside = {name.split(".")[0] for name in imports(path)}
    assert not {name for name in outside & set(ONLY_IN) if here not in ONLY_IN[name]}


def test_fail__a_wrong_import_is_seen(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(
        "def late():\n    from pi_reader.training import trainer\n    import pi_reader.cli\n"
    )
    assert broken("vision", imports(bad)) == {"training", "cli"}


def test_ok__no_room_leads_back_to_itself() -> None:
    """Between files: following imports never comes back to where it started."""
    by_name = {
        "pi_reader." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
        for path in FILES
    }
    graph = {
        name: {
            other
            for used in imports(path)
            for other in (used, used.rpartition(".")[0])
            if other in by_name and other != name
        }
        for name, path in by_name.items()
    }
    done: set[str] = set()

    def follow(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way, name))
        if name not in done:
            for other in graph[name]:
                follow(other, (*way, name))
            done.add(name)

    for name in graph:
        follow(name, ())
    assert len(done) == len(by_name) > 5


def test_ok__files_fit_the_eye() -> None:
    long = {
        str(path.relative_to(PACKAGE)): n
        for path in FILES
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > 330
    }
    assert not long, "two rooms by now?"
