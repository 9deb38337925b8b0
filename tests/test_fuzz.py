"""Damaged and hostile files by the thousand: an exit code of the table, one line, nothing touched.

`pytest -m acceptance tests/test_fuzz.py` tries all of them; the ordinary run tries some of each.
The seeds are fixed: a failure names the file's number, and the same number makes it again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import sqlite3
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from box import NOW, Clock, box, page, reading
from PIL import Image

from pi_reader.box import backup
from pi_reader.box.problems import Problems
from pi_reader.box.request_handler import Sight
from pi_reader.cli import build
from pi_reader.cli.main import main
from pi_reader.config import Folders, Settings, load_settings
from pi_reader.errors import PiReaderError
from pi_reader.history import History
from pi_reader.learning.samples import New, Samples, exchange
from pi_reader.learning.stores import Stores
from pi_reader.library import weights_path
from pi_reader.requests import KINDS

EXAMPLE = Path(__file__).resolve().parents[1] / "systemd" / "config.toml"
ALLOWED = {0, 2, 65, 66, 69, 73, 75, 78}  # of DESIGN's table; 70 would be our own bug


def share(whole: int, short: int) -> pytest.MarkDecorator:
    """How many are tried: some in the ordinary run, all of them in the long one."""
    return pytest.mark.parametrize(
        "count",
        [
            pytest.param(short, id=f"{short}"),
            pytest.param(whole, id=f"{whole}", marks=pytest.mark.acceptance),
        ],
    )


def mutated(content: bytes, rng: random.Random) -> bytes:
    """A file as a bad card, a bad download or a bad person leaves it."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if not data:
            return b""
        here, length = rng.randrange(len(data)), min(len(data), 1 << rng.randrange(12))
        kind = rng.randrange(9)
        if kind == 0:
            data[here] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[here] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == 2:
            del data[here:]
        elif kind == 3:
            del data[here : here + length]
        elif kind == 4:
            data[here:here] = rng.randbytes(length)
        elif kind == 5:
            data[here : here + length] = bytes(length)
        elif kind == 6:
            there = rng.randrange(len(data))
            data[here:here] = data[there : there + length]
        elif kind == 7:  # numbers that say how large something is
            data[here : here + 4] = rng.choice((b"\xff" * 4, b"\x7f" + b"\xff" * 3, bytes(4)))
        else:  # what stands at the head decides how the rest is taken
            head = min(here, 64)
            data[head : head + 2] = rng.randbytes(2)
    return bytes(data)


def mutated_text(text: str, rng: random.Random) -> str:
    """A table of settings or a JSON file as somebody mistypes it, or means harm by it."""
    lines = text.splitlines()
    for _ in range(rng.choice((1, 2, 5))):
        here = rng.randrange(len(lines))
        key = lines[here].lstrip("# ").split("=")[0].strip() or "x"
        lines[here] = rng.choice(
            (
                f"{key} = {rng.choice(VALUES)}",
                f"{key} = {rng.choice(VALUES)}",
                lines[here].lstrip("# "),
                lines[rng.randrange(len(lines))],
                f"[{rng.choice(('camera', 'leds', 'x', '[camera]', 'night.deep', ''))}]",
                "".join(chr(rng.choice((9, 34, 39, 61, 91, 93, 0x1F600, 0))) for _ in range(9)),
                lines[here] * 2,
            )
        )
    return "\n".join(lines)


# fmt: off
VALUES = (
    "true", "false", "0", "1", "-1", "3.5", "1e308", "-1e308", "nan", "inf", "9" * 24, "0x10", "27",
    "''", "'x'", "'/dev/zero'", "'../..'", "'\\u0000'", "'pi'", "'desk'", '"""x', "{}", "{a = 1}",
    "[]", "[1]", "[[1]]", "[1, 2, 3, 4]", "[0, 0, 0, 0]", "[1, 'a']", "[-5, 0, 10, 10]",
    "1979-05-27", "07:32:00",
)
# fmt: on


@contextlib.contextmanager
def nothing_outside(place: Path, *expected: str) -> Iterator[None]:
    """Watch a folder: only what is named may change in it."""
    before = dict(fingerprints(place, expected))
    yield
    assert dict(fingerprints(place, expected)) == before


def fingerprints(place: Path, without: Sequence[str]) -> Iterator[tuple[str, object]]:
    for path in sorted(place.rglob("*")):
        name = str(path.relative_to(place))
        if name.split("/")[0] not in without:
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            yield name, (path.lstat().st_mode, hashlib.sha256(content).digest())


def run(*words: str) -> tuple[int, str]:
    """The exit code of a command, and what it says on standard error."""
    said = io.StringIO()
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(said),
    ):
        warnings.simplefilter("ignore")  # as for a user, who is shown none
        try:
            code = main(words)
        except SystemExit as end:
            code = int(end.code or 0)
    return code, said.getvalue()


def check(number: int, *words: str, most_lines: int = 1) -> int:
    """Run a command on the mutated file of that number."""
    code, said = run(*words)
    assert code in ALLOWED, (number, words, code, said[-2000:])
    assert "Traceback" not in said, (number, said[-2000:])
    lines = said.splitlines()
    assert len(lines) <= most_lines and (lines or code == 0), (number, code, said[-2000:])
    return code


def a_picture(kind: str, number: int) -> bytes:
    """A small page with two digits, as a file of that kind."""
    grey = page(f"{number % 10}7").grey[80:160, 80:240]
    picture = Image.fromarray(grey)
    if number % 3 == 1:
        picture = picture.convert("RGB" if kind != "GIF" else "P")
    content = io.BytesIO()
    picture.save(content, kind)
    return content.getvalue()


KINDS_OF_PICTURES = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM")


@share(5000, 150)
def test_fuzz__pictures(tmp_path: Path, count: int) -> None:
    """By 25, since a command has weights to load: each is read, or has a line of its own."""
    seen = set()
    for first in range(0, count, 25):
        numbers = range(first, min(count, first + 25))
        paths = [tmp_path / f"{number}.picture" for number in numbers]
        for number, path in zip(numbers, paths, strict=True):
            kind = KINDS_OF_PICTURES[number % len(KINDS_OF_PICTURES)]
            rng = random.Random(f"picture {number}")
            path.write_bytes(mutated(a_picture(kind, number), rng))
        with nothing_outside(tmp_path):
            seen.add(check(first, "read", *map(str, paths), "--json", most_lines=50))
        for path in paths:
            path.unlink()
    assert seen <= {0, 65} and 65 in seen


@share(3000, 40)
def test_fuzz__weights(tmp_path: Path, count: int) -> None:
    (tmp_path / "page.png").write_bytes(a_picture("PNG", 3))
    whole = {name: weights_path(name).read_bytes() for name in ("classic", "default")}
    seen = set()
    for number in range(count):
        rng = random.Random(f"weights {number}")
        content = whole["default" if number % 4 == 0 else "classic"]
        content = forged(content, rng) if number % 2 else mutated(content, rng)
        (tmp_path / "weights.npz").write_bytes(content)
        with nothing_outside(tmp_path):
            words = ("read", str(tmp_path / "page.png"), "--json", "--weights")
            seen.add(check(number, *words, str(tmp_path / "weights.npz"), most_lines=2))
    assert 65 in seen


def forged(content: bytes, rng: random.Random) -> bytes:
    """Weights whose zip is sound, but whose card or arrays are not."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        chosen = rng.choice(old.namelist())
        for name in old.namelist():
            member = old.read(name)
            if name == chosen:
                if name == "card.npy":
                    member = array_of(forged_card(member, rng))
                elif rng.random() < 0.5:
                    member = array_of(forged_array(np.load(io.BytesIO(member)), rng))
                else:
                    member = mutated(member, rng)
            new.writestr(name, member)
    return out.getvalue()


def forged_array(values: np.ndarray, rng: random.Random) -> np.ndarray:
    """An array with a number that is none, or of another type or shape."""
    values = values.copy()
    flat = values.reshape(-1)
    if flat.size and flat.dtype.kind == "f":
        flat[rng.randrange(flat.size)] = rng.choice((np.nan, np.inf, 1e30, 0))
    elif flat.size and flat.dtype.kind in "iu":
        flat[rng.randrange(flat.size)] = rng.choice((0, 99, np.iinfo(flat.dtype).max))
    if rng.random() < 0.3 and flat.dtype.kind in "fiu":
        with np.errstate(all="ignore"):
            values = values.astype(rng.choice(("<f8", "<i4", "<f2", "|u1")))
    return values[1:] if rng.random() < 0.2 and values.ndim else values


def forged_card(member: bytes, rng: random.Random) -> np.ndarray:
    """The card with a value that is none, somewhere."""
    card = json.loads(np.load(io.BytesIO(member)).tobytes())
    where = card
    while True:
        key = rng.choice(list(where) if isinstance(where, dict) else range(len(where)))
        inner = where[key]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.8:
            where = inner
            continue
        where[key] = rng.choice((True, None, -1, 0, 1e300, "", "x" * 999, [], {}, [28, 28, True]))
        return np.frombuffer(json.dumps(card).encode(), np.uint8)


def array_of(values: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, values)
    return content.getvalue()


@share(3000, 300)
def test_fuzz__settings(tmp_path: Path, count: int) -> None:
    """Each is taken whole or refused in a line; now and then by a command."""
    path, example, taken = tmp_path / "config.toml", EXAMPLE.read_text(), 0
    for number in range(count):
        rng = random.Random(f"settings {number}")
        content = mutated_text(example, rng).encode("utf-8", "surrogatepass")
        path.write_bytes(mutated(content, rng) if number % 4 == 3 else content)
        with nothing_outside(tmp_path):
            try:
                taken += isinstance(load_settings(path), Settings)
            except PiReaderError as error:
                assert error.exit_code == 78 and "\n" not in str(error)[:-1], (number, error)
            if number % 100 == 0:
                assert check(number, "link", "test", "--state", str(tmp_path)) in (69, 78)
    assert 0 < taken < count


@share(5000, 200)
def test_fuzz__requests(tmp_path: Path, count: int) -> None:
    """Whatever lies in the folder where members of the group may write: the box goes on."""
    state = tmp_path / "state"
    folders = Folders(tmp_path / "config.toml", state, tmp_path / "run")
    build.make_folders(folders)
    folders.requests.mkdir()
    log: list[str] = []
    problems, clock = Problems(log.append), Clock()
    reading_log = build.open_reading_log(Settings(), folders, problems, log.append)
    stores = Stores(folders, Settings(), log.append)
    handler = build.open_request_handler(stores, reading_log, problems)
    appliance, *_ = box([], clock, reading_log=reading_log, problems=problems)
    event = reading_log.enter(reading("2016"), page("2016"))
    reporter = appliance.reporter
    sight = Sight(
        page("7"),
        appliance.weights.open(),
        reporter.report,
        reporter.aiming,
        reporter.show_code,
        appliance.actions,
    )
    for number in range(count):
        leave_request(folders.requests, random.Random(f"request {number}"), number, event.number)
        clock.now += 1.0
        with nothing_outside(tmp_path, "state", "run"):
            handler.run(clock.now, sight)
        if number % 50 == 49:
            for path in folders.requests.iterdir():  # answers that nobody takes
                if path.is_file():
                    path.unlink()
    assert not [line for line in log if "Traceback" in line]
    reading_log.close()


def leave_request(folder: Path, rng: random.Random, number: int, event: int) -> None:
    """A file in the form of a request, more or less."""
    kind = rng.choice((*KINDS, "x", "", "READ"))
    if kind in ("retrain", "cancel"):
        kind = "label"
    name = f"{kind}-{int(NOW * 1e6) + number:018d}-{rng.getrandbits(32):08x}.json"
    name = rng.choice((name, name, name, name, "retrain.json", f"{kind}.json", name + "\n", "…"))
    anything = (
        None, True, -1, 0, 3, 2**70, 1e308, "", "last", "2016", "20-?", "x" * 300, "../../x",
        [], {}, [1, 2], {"a": {}}, event,
    )  # fmt: skip
    keys = ("event", "label", "place", "read", "file", "number", "id", "ids", "labels", "all")
    words = {key: rng.choice(anything) for key in rng.sample(keys, rng.randrange(6))}
    values: object = {"kind": kind, "when": rng.choice((NOW, NOW, *anything)), "words": words}
    if rng.random() < 0.1:
        values = rng.choice(anything)
    content = json.dumps(values).encode()
    path = folder / name
    fate = rng.randrange(12)
    if os.path.lexists(path):  # one of those that nobody takes
        return
    if fate == 0:
        path.mkdir()
    elif fate == 1:
        path.symlink_to(rng.choice(("/dev/zero", "/etc/passwd", folder.parent / "samples.db")))
    elif fate == 2:
        os.mkfifo(path)
    else:
        path.write_bytes(mutated(content, rng) if fate < 6 else content)


def some_samples() -> list[New]:
    rng = np.random.default_rng(1)
    patch = rng.integers(0, 256, (28, 28), np.uint8)
    return [
        New(np.roll(patch, place), place, 0.5, place, np.roll(patch, place), "a" * 64, "command")
        for place in range(10)
    ]


@share(1000, 60)
def test_fuzz__samples(tmp_path: Path, count: int) -> None:
    """Exports that are brought in, and the database itself on a card that fails."""
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "guard").write_text("mine")
    with Samples(state / "samples.db", 5000, 64) as samples:
        samples.add_event("a" * 32, NOW, None, list(enumerate(some_samples())))
        out = io.BytesIO()
        exchange.write(list(samples.all()), out, {"general": "drawn digits", "parent": ""})
    export, database = out.getvalue(), (state / "samples.db").read_bytes()
    seen = set()
    for number in range(count):
        rng = random.Random(f"samples {number}")
        for path in state.iterdir():
            path.unlink()
        if number % 3:
            content = forged(export, rng) if number % 3 == 1 else mutated(export, rng)
            (tmp_path / "in.npz").write_bytes(content)
            words = ("import", str(tmp_path / "in.npz"))
        else:
            (state / "samples.db").write_bytes(mutated(database, rng))
            words = ("list",)
        with nothing_outside(tmp_path, "state"):
            code = check(number, "samples", *words, "--state", str(state), most_lines=4)
        seen.add(code)
        if not number % 3 and code == 0:
            with contextlib.closing(sqlite3.connect(state / "samples.db")) as whole:
                whole.execute("SELECT count(*) FROM samples").fetchone()
    assert 65 in seen


@share(800, 60)
def test_fuzz__archives(tmp_path: Path, count: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Backups: everything comes back or nothing is changed."""
    folders = Folders(tmp_path / "etc" / "config.toml", tmp_path / "state", tmp_path / "run")
    (folders.state / "weights").mkdir(parents=True)
    folders.settings.parent.mkdir()
    (tmp_path / "guard").write_text("mine")
    folders.settings.write_text("[leds]\nunsure = 27\n")
    (folders.state / "weights" / "0001.npz").write_bytes(bytes(range(256)) * 9)
    with History(folders.history) as history:
        history.add("2016", True, 0.99, "a" * 64, NOW)
    backup.save(folders, tmp_path / "whole.tar")
    whole = (tmp_path / "whole.tar").read_bytes()
    beside = ("etc", "state", "state.before-restore", "in.tar")
    for number in range(count):
        rng = random.Random(f"archive {number}")
        content = another_tar(whole, rng) if number % 2 else mutated(whole, rng)
        (tmp_path / "in.tar").write_bytes(content)
        before = dict(fingerprints(folders.state, ()))
        with nothing_outside(tmp_path, *beside):
            try:
                backup.restore(tmp_path / "in.tar", folders)
            except PiReaderError as error:
                assert error.exit_code in (65, 66, 73, 78), (number, error)
                assert "\n" not in str(error), (number, error)
                assert dict(fingerprints(folders.state, ())) == before, number
                assert folders.settings.exists()
            else:
                assert not list(tmp_path.glob("*.restoring")), number
                assert not [path for path in folders.state.rglob("*") if path.is_symlink()]
            told(tmp_path / "in.tar", number, capsys)


def told(path: Path, number: int, capsys: pytest.CaptureFixture[str]) -> None:
    """What `setup.sh restore` calls first."""
    code = backup.main(["check", str(path)])
    said = capsys.readouterr()
    assert code in (0, 65) and "Traceback" not in said.err, (number, code, said.err)


def another_tar(content: bytes, rng: random.Random) -> bytes:
    """An archive whose form is sound, but whose members are not those of a box."""
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(content)) as old,
        tarfile.open(fileobj=out, mode="w") as new,
    ):
        members = list(old)
        chosen = rng.randrange(len(members))
        for place, member in enumerate(members):
            data = old.extractfile(member).read()
            if place == chosen:
                member, data = rng.choice(TAMPERED)(member, data, rng)
            member.size = len(data) if member.isreg() else 0
            new.addfile(member, io.BytesIO(data))
            if rng.random() < 0.1:
                new.addfile(member, io.BytesIO(data))
    return out.getvalue()


Tamper = Callable[[tarfile.TarInfo, bytes, random.Random], tuple[tarfile.TarInfo, bytes]]


def renamed(
    member: tarfile.TarInfo, data: bytes, rng: random.Random
) -> tuple[tarfile.TarInfo, bytes]:
    names = (
        "../x",
        "/etc/x",
        "state/../../x",
        "state",
        "state/",
        "",
        "state/a\nb",
        "state/.x",
        ".",
    )
    member.name = rng.choice((*names, "state/requests/x", "state/weights/in-use.json"))
    return member, data


def retyped(
    member: tarfile.TarInfo, data: bytes, rng: random.Random
) -> tuple[tarfile.TarInfo, bytes]:
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE)
    member.type, member.linkname = rng.choice(kinds), "../../guard"
    return member, data


def retold(
    member: tarfile.TarInfo, data: bytes, rng: random.Random
) -> tuple[tarfile.TarInfo, bytes]:
    """A table of contents with values that are none."""
    if member.name != backup.CONTENTS:
        return member, mutated(data, rng)
    table = json.loads(data)
    odd = (None, True, -1, 1e308, 2**70, "x", [], {}, [1], [1, 2, 3], float("nan"))
    key = rng.choice((*table, "files"))
    if key == "files" and rng.random() < 0.7:
        table["files"][rng.choice((*table["files"], "state/x"))] = rng.choice(odd)
    else:
        table[key] = rng.choice(odd)
    return member, json.dumps(table).encode()


TAMPERED: tuple[Tamper, ...] = (renamed, retyped, retold, retold)
