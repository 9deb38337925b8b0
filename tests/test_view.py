"""What the box shows to those who watch: one frame for each that is asked for, and its log."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pi_reader.box.problems import Problems
from pi_reader.box.view import MOST_LINES, PAUSE, WATCHED, View
from pi_reader.config import find_folders
from pi_reader.errors import CannotWrite
from pi_reader.values import Frame
from pi_reader.web.watch import EACH, LOOK, TOUCH, Watch

FRAME = Frame(np.full((480, 640), 200, np.uint8), "a frame")


class Shown:
    """A view whose clock a test sets, and the file by which it knows that somebody watches."""

    def __init__(self, folder: Path) -> None:
        self.now, self.watched, self.latest = 1000.0, folder / "watched", folder / "v" / "latest"
        self.view = View(folder / "v", self.watched, lambda said: {}, lambda: self.now)

    def ask(self) -> None:
        self.watched.touch()
        os.utime(self.watched, (self.now, self.now))

    def show(self, seen: Frame = FRAME, **facts: Any) -> bool:
        """Whether a frame was shown at this look."""
        if self.latest.exists():
            self.latest.unlink()
        self.view.show(self.now, seen, None, facts)
        return self.latest.exists()


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(tmp_path)


def test_ok__one_frame_each_time_that_one_is_asked_for(shown: Shown) -> None:
    assert not shown.view.is_watched() and not shown.show()
    shown.ask()
    assert shown.view.is_watched() and shown.show(frame=7)
    head, _, picture = shown.latest.read_bytes().partition(b"\n")
    assert json.loads(head) == {"frame": 7, "size": [640, 480], "reading": None}
    assert Image.open(io.BytesIO(picture)).size == (640, 480)
    shown.now += 1
    assert not shown.show(), "the one before was not taken yet"
    shown.ask()
    assert shown.show()
    shown.now += PAUSE / 2
    shown.ask()
    assert not shown.show(), "too soon"
    shown.now += PAUSE
    assert shown.show()
    shown.ask()
    shown.now += WATCHED + 1
    assert not shown.view.is_watched() and not shown.show(), "nobody is there any more"


def test_ok__a_large_frame_is_made_small(shown: Shown) -> None:
    shown.ask()
    assert shown.show(Frame(np.zeros((1200, 1600), np.uint8), "large"))
    content = shown.latest.read_bytes()
    head, _, picture = content.partition(b"\n")
    assert json.loads(head)["size"] == [1600, 1200]
    assert Image.open(io.BytesIO(picture)).size == (534, 400) and len(content) < 4000


def test_ok__keeps_the_end_of_the_log(shown: Shown) -> None:
    for number in range(MOST_LINES + 5):
        shown.view.log(f"line {number} " + "x" * 1000)
    lines = json.loads(shown.latest.with_name("log").read_text())
    assert len(lines) == MOST_LINES and lines[0]["line"].startswith("line 5 ")
    assert all(len(one["line"]) == 300 for one in lines)


def test_fail__a_folder_that_cannot_be_made(shown: Shown) -> None:
    shown.latest.parent.write_text("a file")
    shown.ask()
    with pytest.raises(CannotWrite, match="cannot be"):
        shown.show()
    shown.view.log("this raises nothing")


@pytest.mark.parametrize("viewers", [1, 4, 20])
def test_ok__the_more_watch_the_fewer_frames_are_made(tmp_path: Path, viewers: int) -> None:
    folders = find_folders(tmp_path)
    folders.runtime.mkdir(parents=True)
    watch = Watch(folders)
    watch._viewing, asked, now, latest = 2 * viewers, [], 100.0, folders.view / "latest"
    folders.view.mkdir()
    for number in range(400):
        folders.watched.unlink(missing_ok=True)
        with watch._news:
            watch.look_at_view(now)
        if folders.watched.exists():
            asked.append(now)
            latest.with_name("new").write_bytes(json.dumps({"frame": number}).encode() + b"\nx")
            latest.with_name("new").rename(latest)
        now += LOOK
    pause = (asked[-1] - asked[0]) / (len(asked) - 1)
    wanted = max(2 * LOOK, 2 * viewers * EACH + LOOK)
    assert wanted - LOOK < pause < wanted + LOOK


def test_ok__a_frame_that_does_not_come_is_asked_for_again(tmp_path: Path) -> None:
    folders = find_folders(tmp_path)
    watch = Watch(folders)
    watch._viewing = 1
    for now, is_asked in ((100.0, True), (100.1, False), (100.1 + TOUCH, True), (102.5, False)):
        folders.watched.unlink(missing_ok=True)
        watch.look_at_view(now)
        assert folders.watched.exists() is is_asked


def test_fail__a_folder_that_cannot_be_written_is_said_once(shown: Shown, tmp_path: Path) -> None:
    (tmp_path / "v").write_text("in its place")
    log: list[str] = []
    problems = Problems(log.append)

    def look() -> None:
        with problems.kept_from_stopping_us("view"):
            shown.view.show(shown.now, FRAME, None, {})
        shown.now += PAUSE

    for number in range(20):
        if number % 3 == 0:
            shown.ask()
        look()
    assert len(log) == 1 and "cannot be made" in log[0]
    (tmp_path / "v").unlink()
    shown.ask()
    look()
    assert problems.all == {}
