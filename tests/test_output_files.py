"""A file that a command writes never lands on what its user has."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest
from night_world import hand, teach
from PIL import Image

from pi_reader.box import backup
from pi_reader.cli.main import main
from pi_reader.config import find_folders
from pi_reader.errors import CannotWrite, MissingFile
from pi_reader.files import check_output
from pi_reader.handwriting.page import draw_page
from pi_reader.learning.samples import Samples


@pytest.fixture(scope="module")
def drawn() -> Image.Image:
    return Image.fromarray(draw_page(np.random.default_rng(3), difficulty=0.0).frame.grey)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    with Samples(tmp_path / "state" / "samples.db") as samples:
        teach(samples, *hand(2))
    return tmp_path / "state"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_fail__annotated_pictures_over_those_that_are_read(tmp_path, monkeypatch, drawn, force):
    for name in ("a.png", "b.png", "c.jpg"):
        drawn.save(tmp_path / name)
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["read", "a.png", "--annotate", ".", *force]) == 73
    assert main(["read", "c.jpg", "a.png", "b.png", "--annotate", str(tmp_path), *force]) == 73
    assert contents(tmp_path) == before


def test_ok__annotated_pictures_are_replaced_and_others_are_not(tmp_path, drawn):
    (tmp_path / "in").mkdir()
    page, out = tmp_path / "in" / "a.png", tmp_path / "out"
    drawn.save(page)
    for _ in range(2):
        assert main(["read", str(page), "--annotate", str(out)]) == 0
    drawn.save(out / "a.png")  # somebody else's
    theirs = (out / "a.png").read_bytes()
    assert main(["read", str(page), "--annotate", str(out)]) == 73
    assert (out / "a.png").read_bytes() == theirs
    assert main(["read", str(page), "--annotate", str(out), "--force"]) == 0
    assert (out / "a.png").read_bytes() != theirs


def test_ok__annotated_pictures_of_long_names(tmp_path, drawn):
    names = ["ä" * 125 + ".png", "x" * 251 + ".png", "x" * 250 + "y.png"]
    for name in names:
        drawn.save(tmp_path / name)
    words = [str(tmp_path / name) for name in names]
    assert main(["read", *words, "--annotate", str(tmp_path / "out")]) == 0
    assert len(os.listdir(tmp_path / "out")) == 3


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_fail__what_was_taught_is_not_replaced_by_what_was_learned(tmp_path, state, force):
    taught = tmp_path / "x.npz"
    assert main(["samples", "export", str(taught), "--state", str(state)]) == 0
    before = taught.read_bytes()
    assert main(["retrain", "--samples", str(taught), "--out", str(taught), *force]) == 73
    (tmp_path / "link.npz").symlink_to(taught)
    words = ["retrain", "--samples", str(taught), "--out", str(tmp_path / "link.npz"), *force]
    assert main(words) == 73
    assert taught.read_bytes() == before


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("name", ["samples.db", "new.npz", "weights/0001.npz"])
def test_fail__no_command_writes_into_a_state(state, name, force, capsys):
    (state / "weights").mkdir()
    before = contents(state)
    target = str(state / name)
    for words in (
        ["samples", "export", target, "--state", str(state)],
        ["samples", "sheet", target, "--state", str(state)],
        ["train", "classic", "--drawn", "--limit", "64", "--out", target],
        [
            "sweep",
            "--drawn",
            "--limit",
            "64",
            "--results",
            str(state / ".." / "r"),
            "--keep",
            target,
        ],
    ):
        assert main([*words, *force]) == 73
        assert "lies in the state of a box" in capsys.readouterr().err
    with pytest.raises(CannotWrite, match="lies in the state"):
        backup.save(find_folders(state), state / name)
    assert contents(state) == before


def test_fail__what_is_no_file(tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    names = ["pipe"]
    if os.geteuid() == 0:
        try:
            os.mknod(tmp_path / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
            names.append("null")
        except PermissionError:  # a container may not make devices
            pass
    (tmp_path / "link").symlink_to("pipe")
    before = {name: os.lstat(tmp_path / name).st_ino for name in os.listdir(tmp_path)}
    for name in [*names, "link"]:
        for force in ([], ["--force"]):
            words = ["train", "classic", "--drawn", "--limit", "64", "--out", str(tmp_path / name)]
            assert main([*words, *force]) == 73
            assert "is a pipe or a device" in capsys.readouterr().err
    assert {name: os.lstat(tmp_path / name).st_ino for name in os.listdir(tmp_path)} == before


def test_ok__a_link_is_written_through(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "nowhere").symlink_to("missing")
    assert check_output(tmp_path / "link", force=True) == tmp_path / "real"
    assert check_output(tmp_path / "link", is_ours=lambda _: True) == tmp_path / "real"
    with pytest.raises(CannotWrite, match="give --force"):
        check_output(tmp_path / "link")
    with pytest.raises(CannotWrite, match="is read by"):
        check_output(tmp_path / "link", [tmp_path / "real"], force=True)
    with pytest.raises(CannotWrite, match="is read by"):
        check_output(tmp_path / "link", [tmp_path], force=True)
    with pytest.raises(CannotWrite, match="link to nowhere"):
        check_output(tmp_path / "nowhere")
    with pytest.raises(CannotWrite):
        check_output(tmp_path / ("x" * 300))


def test_ok__a_lessons_pictures_are_its_own(tmp_path):
    words = ["lesson", "miles", "--fast", "--pictures", str(tmp_path)]
    assert main(words) == 0 and main(words) == 0
    saved = next(tmp_path.iterdir())
    saved.write_text("mine")
    assert main(words) == 73 and saved.read_text() == "mine"
    assert main([*words, "--force"]) == 0 and saved.read_bytes() != b"mine"


def test_fail__a_backup_over_somebody_elses_file(tmp_path, state):
    mine = tmp_path / "mine"
    mine.write_text("mine")
    with pytest.raises(CannotWrite, match="no such file of pi-reader"):
        backup.save(find_folders(state), mine)
    for _ in range(2):
        backup.save(find_folders(state), tmp_path / "backup")
    with pytest.raises(MissingFile):
        backup.save(find_folders(tmp_path / "none"), tmp_path / "backup")
