"""The house's walls: which room may import which, and which libraries stay behind which door."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "pi_reader"
ROOMS = {  # what each may import besides itself; the longest name that fits a file counts
    "errors": "",
    "notation": "",
    "values": "notation errors",
    "hashing": "",
    "files": "hashing errors",
    "state": "values",
    "privileges": "",
    "numbers": "notation parts values errors",
    "parts": "state errors",
    "config": "camera inputs outputs numbers parts hashing errors",
    "network": "files hashing errors",
    "handwriting": "values errors",
    "reading": "network values errors",
    "camera": "handwriting parts state values errors",
    "inputs": "parts state values errors",
    "outputs": "pictures parts state values errors",
    "pictures": "values errors",
    "library": "camera reading network values files errors",
    "scoring": "reading values errors",
    "history": "state values files errors",
    "kept_pictures": "values files errors",
    "requests": "network values files errors",
    "training": "reading network handwriting values files errors",
    "learning.samples": "values files hashing errors",
    "learning.generations": "network values files errors",
    "learning.memory": "learning.samples network values files errors",
    "learning.stores": "learning.samples learning.generations learning.memory library config"
    " network",
    "learning": "training reading network handwriting requests config state values files errors",
    "client": "config state values files errors",
    "link": "client config numbers state values files errors",
    "web": "client config state values files errors",
    "box": "client camera inputs outputs reading network learning.samples learning.generations"
    " library learning.memory learning.stores history kept_pictures numbers requests config parts"
    " state values files privileges errors",
    "service": "box",
    "lessons": "camera reading network training handwriting pictures values files errors",
}
ONLY_IN = {
    "picamera2": {"camera/pi.py"},
    "libcamera": {"camera/pi.py"},
    "gpiozero": {"outputs/leds.py", "outputs/segments.py", "inputs/button.py", "camera/light.py"},
    "luma": {"outputs/oled.py"},
    "paho": {"link/broker.py"},
    "segno": {"outputs/qr.py"},
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


def name_of(path: Path) -> str:
    """A file's name as imports write it, without the package's own."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def is_in(name: str, rooms: list[str]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def home_of(name: str) -> str | None:
    return max((room for room in ROOMS if is_in(name, [room])), key=len, default=None)


def broken(home: str, names: set[str]) -> set[str]:
    """Those imports of the package's own rooms that the table does not allow."""
    ours = {name.removeprefix("pi_reader.") for name in names if name.startswith("pi_reader.")}
    allowed = [home, "__version__", *ROOMS[home].split()]
    return {name for name in ours if not is_in(name, allowed)}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_ok__imports_only_go_down(path: Path) -> None:
    name = name_of(path)
    if is_in(name, ["__init__", "__main__", "cli"]):
        return  # the front door may know every room
    home = home_of(name)
    assert home, f"{path}: a room that the plan does not know"
    assert not broken(home, imports(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_ok__libraries_stay_behind_their_door(path: Path) -> None:
    here = path.relative_to(PACKAGE).as_posix()
    outside = {name.split(".")[0] for name in imports(path)}
    assert not {name for name in outside & set(ONLY_IN) if here not in ONLY_IN[name]}


def test_ok__the_plan_speaks_of_what_is_there() -> None:
    """No room that is gone, and no door that nobody uses any more."""
    names = [name_of(path) for path in FILES]
    assert all(any(is_in(name, [room]) for name in names) for room in ROOMS)
    allowed = {other for others in ROOMS.values() for other in others.split()}
    assert all(any(is_in(name, [room]) for name in names) for room in allowed)
    for library, places in ONLY_IN.items():
        for place in places:
            assert library in {name.split(".")[0] for name in imports(PACKAGE / place)}, place


def test_fail__a_wrong_import_is_seen(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(
        "def late():\n    from pi_reader.training import trainer\n    import pi_reader.cli\n"
    )
    assert broken("reading", imports(bad)) == {"training.trainer", "cli"}


def test_ok__no_room_leads_back_to_itself() -> None:
    """Between files: following imports never comes back to where it started."""
    by_name = {f"pi_reader.{name_of(path)}": path for path in FILES}
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
    """Advice, shown among the reasons for skipped tests: a file holds one subject, however long."""
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    if long := [f"{path.relative_to(PACKAGE)} {n}" for path, n in lines.items() if n > 400]:
        pytest.skip(f"advice, two subjects by now? {', '.join(long)}")
