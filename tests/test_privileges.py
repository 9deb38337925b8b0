"""What a member of the box's group leaves in the state leads root's commands nowhere else."""

from __future__ import annotations

import encodings.cp437  # zipfile's; where a checkout is root's own, nobody else imports
import encodings.utf_8_sig  # noqa: F401 - of the settings
import os
import shutil
import sqlite3
import stat
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest
from box import page
from night_world import hand, teach
from PIL import Image

from pi_reader.box import backup, snapshot
from pi_reader.box.migrate import migrate
from pi_reader.cli import numbers, readings, retrain, samples, web, weights  # noqa: F401 - imported once, not in each child
from pi_reader.cli.main import main
from pi_reader.config import find_folders
from pi_reader.errors import BadData, MissingFile
from pi_reader.files import write_json
from pi_reader.history import History
from pi_reader.learning.samples import Samples
from pi_reader.network import store
from pi_reader.requests import Requests

BOX, GROUP, MEMBER = 61_234, 61_235, 61_236
SECRET = b"the secret of somebody else, 7f3a"
SHIPPED = Path(__file__).resolve().parents[1] / "weights" / "default.npz"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who gives up rights")

# What may be a link, and whether to a folder.
NAMES = {
    "weights": True,
    "weights/lock": False,
    "weights/in-use.json": False,
    "weights/in-use.old.json": False,
    "weights/0001.npz": False,
    "samples.db": False,
    "samples.db.lock": False,
    "samples.db-journal": False,
    "samples.db.fresh": False,
    "samples.db.damaged-1": False,
    "history.db": False,
    "history.db-wal": False,
    "history.db-shm": False,
    "night": True,
    "night/lock": False,
    "night/plan.json": False,
    "requests": True,
    "requests/retrain": False,
    "settings-that-worked.toml": False,
    "config.toml": False,
}
LATER = {
    "history-numbers.db": False,
    "numbers.json": False,
    "numbers.png": False,
    "own.toml": False,
    "memory": True,
    "pictures": True,
    "pictures/1.jpg": False,
    "web": True,
    "web/sessions.json": False,
}
COMMANDS = (
    "samples list --all",
    "samples label 1 7",
    "samples drop --all",
    "samples drop 1",
    "samples import OUT/taught.npz",
    "samples export OUT/out.npz",
    "samples sheet OUT/out.png",
    "weights list",
    "weights use 0",
    "weights rollback",
    "weights offer OUT/offer.npz",
    "readings",
    "retrain --ask",
    "status",
)
COMMANDS_ON_LATER = (
    "samples label 1 7",
    "samples drop --all",
    "weights use 0",
    "readings --values",
    "readings --picture 1 --out OUT/out.jpg --force",
    "numbers list",
    "numbers set OUT/page.png",
    "web token",
    "web status",
)


def open_place() -> Iterator[Path]:
    """A folder that others can reach: pytest's are for its own user alone."""
    with tempfile.TemporaryDirectory(prefix="pi-reader-") as place:
        os.chmod(place, 0o755)
        yield Path(place)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    yield from open_place()


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    yield from open_place()


@pytest.fixture(scope="module")
def out(place: Path) -> Path:
    """A folder of root's, with files to import."""
    folder = place / "out"
    folder.mkdir()
    shutil.copy(SHIPPED, folder / "offer.npz")
    Image.fromarray(page("2016").grey).save(folder / "page.png")
    with Samples(folder / "box" / "samples.db") as some:
        teach(some, *hand(3))
    words = ["samples", "export", str(folder / "taught.npz"), "--state", str(folder / "box")]
    assert main(words) == 0
    return folder


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder of root's with files that the box has names for, and nobody else may see."""
    folder = tmp_path / "victim"
    (folder / "inside").mkdir(parents=True)
    for name in ("lock", "in-use.json", "0001.npz", "plan.json", "candidate.checkpoint", "x.db"):
        (folder / name).write_bytes(SECRET)
    folder.chmod(0o700)
    return folder


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A box's state, its owner another user."""
    folder = tmp_path / "state"
    with Samples(folder / "samples.db") as some:
        teach(some, *hand(2))
    with History(folder / "history.db") as history:
        history.add("7", True, 0.9, "", 0.0)
    (folder / "config.toml").write_text('[[numbers]]\nname = "meter"\nline = 1\n')
    (folder / "weights").mkdir()
    (folder / "night").mkdir()
    (folder / "requests").mkdir()
    own(folder)
    return folder


def own(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, BOX, GROUP, follow_symlinks=False)


def all_of(folder: Path) -> dict[str, tuple[object, ...]]:
    """All that somebody could have changed there."""
    found: dict[str, tuple[object, ...]] = {}
    for path in (folder, *folder.rglob("*")):
        facts = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (facts.st_mode, facts.st_uid, facts.st_gid, facts.st_size, content)
    return found


def in_a_child(work: Callable[[], object], said: Path) -> int:
    """Do something in a process of its own, since rights that are given up do not come back."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            where = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(where, 1)
            os.dup2(where, 2)
            sys.stdout, sys.stderr = open(1, "w"), open(2, "w")  # noqa: SIM115
            code = int(work() or 0)  # type: ignore[call-overload]
            sys.stdout.flush()
            sys.stderr.flush()
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def links(state: Path, victim: Path, name: str, folder: bool) -> Iterator[None]:
    """Put one link after the other in a name's place: to what is there, and to what is not yet."""
    place = state / name
    for target in (victim, victim / "new") if folder else (victim / "x.db", victim / "nologin"):
        shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink(True)
        place.parent.mkdir(exist_ok=True)
        place.symlink_to(target)
        own(state)
        yield


@pytest.mark.parametrize("name", [*NAMES, *LATER])
def test_ok__no_link_leads_roots_commands_elsewhere(
    tmp_path: Path, state: Path, victim: Path, out: Path, name: str
) -> None:
    """29 names, 2 links each, 14 commands or 9: 722 attacks. None writes, reads, deletes there."""
    before = all_of(victim)
    whole = tmp_path / "whole"
    shutil.copytree(state, whole)
    for _ in links(state, victim, name, (NAMES | LATER)[name]):
        for command in COMMANDS if name in NAMES else COMMANDS_ON_LATER:
            words = command.replace("OUT", str(out)).split()
            said = tmp_path / "said"
            code = in_a_child(lambda w=words: main([*w, "--state", str(state)]), said)
            assert code in (0, 2, 65, 66, 69, 73, 75, 78), (command, said.read_text())
            assert SECRET not in said.read_bytes() and b"Traceback" not in said.read_bytes()
            for made in (out / "out.npz", out / "out.png", out / "out.jpg"):
                if made.exists():
                    assert SECRET not in made.read_bytes()
                    made.unlink()
            assert all_of(victim) == before, command


def test_ok__root_names_a_picture_that_is_roots_own(tmp_path: Path, state: Path, out: Path) -> None:
    """It is read with the rights of whoever typed the command, and kept as the box's."""
    (out / "page.png").chmod(0o600)
    words = ["numbers", "set", str(out / "page.png"), "--state", str(state)]
    said = tmp_path / "said"
    assert in_a_child(lambda: main(words), said) == 0, said.read_text()
    assert (state / "numbers.png").stat().st_uid == BOX


@pytest.mark.parametrize(
    "name", ["weights", "samples.db", "history.db", "night/plan.json", "mnist"]
)
def test_ok__a_backup_follows_no_link(tmp_path: Path, state: Path, victim: Path, name: str) -> None:
    before = all_of(victim)
    saved = tmp_path / "backup"
    for _ in links(state, victim, name, name == "weights"):
        saved.unlink(missing_ok=True)
        said = tmp_path / "said"
        code = in_a_child(lambda: bool(backup.save(find_folders(state), saved)) - 1, said)
        assert code == 0 and SECRET not in saved.read_bytes(), said.read_text()
        assert all_of(victim) == before


def test_ok__a_backup_is_not_swapped_for_a_link(
    tmp_path: Path, state: Path, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at a name and its opening, a link takes the file's place."""
    really = snapshot.open_whole

    def swapped(source: Path) -> BinaryIO:
        if source.suffix == ".json":
            source.unlink()
            source.symlink_to(victim / "x.db")
        return really(source)

    (state / "weights" / "in-use.json").write_text("{}")
    own(state)
    monkeypatch.setattr(backup, "open_whole", swapped)
    saved = tmp_path / "backup"
    said = tmp_path / "said"
    code = in_a_child(lambda: bool(backup.save(find_folders(state), saved)) - 1, said)
    assert code == 0 and SECRET not in saved.read_bytes(), said.read_text()


def test_ok__only_what_a_box_keeps_comes_back(tmp_path: Path) -> None:
    """A forged backup, whole by its table, brings no code and no names of its own."""
    import hashlib
    import io
    import json
    import tarfile

    odd = (
        "state/.local/lib/python3.11/site-packages/usercustomize.py",
        "state/lib/x.pth",
        "state/.ssh/authorized_keys",
        "state/weights/../x",
        "state/weights/0001.npz/x",
        "state/requests/retrain",
        "state/weights/lock",
        "state/samples.db-journal",
    )
    files = {name: b"import os" for name in odd if ".." not in name}
    files["state/night/last.json"] = b"{}"
    with tarfile.open(tmp_path / "forged", "w") as archive:
        table = {
            "format": 1,
            "when": 0,
            "files": {n: [len(c), hashlib.sha256(c).hexdigest()] for n, c in files.items()},
        }
        for name, content in {**files, backup.CONTENTS: json.dumps(table).encode()}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    (tmp_path / "state").mkdir()
    os.chown(tmp_path / "state", BOX, GROUP)
    backup.restore(tmp_path / "forged", find_folders(tmp_path / "state"))
    found = list((tmp_path / "state").rglob("*"))
    assert [str(path.relative_to(tmp_path / "state")) for path in found] == [
        "night",
        "night/last.json",
    ]
    for path in (tmp_path / "state", *found):
        facts = path.lstat()
        assert (facts.st_uid, facts.st_gid) == (BOX, GROUP)
        assert stat.S_IMODE(facts.st_mode) == (0o750 if path.is_dir() else 0o640)


def test_ok__a_state_of_an_earlier_version_is_taken_from_the_group(
    tmp_path: Path, state: Path, victim: Path
) -> None:
    before = all_of(victim)
    state.chmod(0o2770)
    for path in state.rglob("*"):
        path.chmod(0o2770 if path.is_dir() else 0o660)
        os.chown(path, MEMBER, GROUP)
    (state / "link").symlink_to(victim)
    (state / "weights" / "0001.npz").symlink_to(victim / "0001.npz")
    os.link(victim / "x.db", state / "weights" / "0002.npz")
    os.mkfifo(state / "pipe")
    said = migrate(state, BOX, GROUP)
    assert len(said) == 4 and all("left as it is" in line for line in said)
    assert all_of(victim) == before
    for path in (state, *state.rglob("*")):
        facts = path.lstat()
        if stat.S_ISDIR(facts.st_mode) and path.name != "requests":
            assert (facts.st_uid, stat.S_IMODE(facts.st_mode)) == (BOX, 0o750)
        elif stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1:
            assert (facts.st_uid, facts.st_mode & 0o027) == (BOX, 0)


def as_member(work: Callable[[], object]) -> Callable[[], object]:
    def do() -> object:
        os.setgroups([GROUP])
        os.setresgid(GROUP, GROUP, GROUP)
        os.setresuid(MEMBER, MEMBER, MEMBER)
        return work()

    return do


def test_ok__a_member_asks_and_the_box_does_it(tmp_path: Path, state: Path, out: Path) -> None:
    """Six things that members did themselves; each leaves a request, and changes nothing else."""
    (state / "requests").chmod(0o2770)
    for path in state.rglob("*"):
        if path.name != "requests":
            path.chmod(0o750 if path.is_dir() else 0o640)
    state.chmod(0o750)
    (out / "offer.npz").chmod(0o644)
    (out / "taught.npz").chmod(0o644)
    status = {"pid": os.getpid(), "updated": time.time(), "frames": 1, "state": "reading"}
    (state / "run").mkdir()
    write_json(state / "run" / "status.json", status, 0o644)
    before = {name: facts for name, facts in all_of(state).items() if "/requests" not in name}
    asked = []
    for words in (
        "samples label 1 7",
        "samples drop 1 2",
        "weights use 0",
        "weights rollback",
        f"samples import {out}/taught.npz",
        f"weights offer {out}/offer.npz",
    ):
        said = tmp_path / "said"
        argv = [*words.split(), "--state", str(state)]
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("pi_reader.box.labelling.ANSWER_SECONDS", 0.05)
            code = in_a_child(as_member(lambda a=argv: main(a)), said)
        waits = "import" not in words and "offer" not in words
        assert code == (75 if waits else 0), said.read_text()
        asked += [path.name for path in (state / "requests").iterdir()]
        if waits:  # nobody took it, so it was withdrawn
            assert "nobody took it up" in said.read_text()
        found = {name: facts for name, facts in all_of(state).items() if "/requests" not in name}
        assert found == before, words
    kinds = {name.partition("-")[0] for name in asked}
    assert {"import", "offer", "retrain"} <= kinds
    requests = Requests(state / "requests")
    (offer,), (taught,) = requests.take("offer"), requests.take("import")
    assert requests.file_of(offer) == (out / "offer.npz").read_bytes()
    assert requests.file_of(taught) == (out / "taught.npz").read_bytes()
    assert [path.name for path in (state / "requests").iterdir()] == ["retrain"]


@pytest.mark.parametrize("odd", ["../samples.db", "a" * 16, 7, None, "0" * 16 + ".handed-in"])
def test_fail__a_file_that_was_not_handed_in(tmp_path: Path, state: Path, odd: object) -> None:
    requests = Requests(state / "requests")
    (state / "requests" / ("0" * 16 + ".handed-in")).symlink_to(state / "samples.db")
    requests.ask("offer", file=odd)
    with pytest.raises((BadData, MissingFile)):
        requests.file_of(requests.take("offer")[0])
    assert (state / "samples.db").exists()


def test_ok__what_root_does_belongs_to_the_box(tmp_path: Path, state: Path, out: Path) -> None:
    state.chmod(0o750)
    for command in COMMANDS:
        words = command.replace("OUT", str(out)).split()
        in_a_child(lambda w=words: main([*w, "--state", str(state)]), tmp_path / "said")
    for path in (state, *state.rglob("*")):
        assert path.lstat().st_uid == BOX, path
    assert (out / "out.npz").stat().st_uid == 0, "what root named is root's"
    with closing(sqlite3.connect(state / "samples.db")) as database:
        assert database.execute("SELECT count(*) FROM samples").fetchone()[0]
    store.load(state / "weights" / "0001.npz")
