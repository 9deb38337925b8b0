"""The box and its memory: corrected once, read right at once, end to end on drawn pages."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import night_world
import numpy as np
import pytest
from box import Clock, Given, Scripted, box, page, reading

from pi_reader.box.memory_sync import MemorySync
from pi_reader.box.problems import Problems
from pi_reader.box.reading_log import ReadingLog
from pi_reader.box.vote import Vote
from pi_reader.box.weights import Fixed, Learned
from pi_reader.handwriting.page import Page, draw_page
from pi_reader.handwriting.style import Style
from pi_reader.learning import memory as files
from pi_reader.learning.generations import Generations
from pi_reader.learning.memory import Memory
from pi_reader.learning.samples import New, Samples
from pi_reader.library import load
from pi_reader.reading.reader import Reader
from pi_reader.values import Digit


@cache
def misread() -> tuple[Page, list[Digit]]:
    """A page of the person in `night_world` on which one digit or more is surely misread."""
    reader = load()
    style = Style.random(np.random.default_rng(night_world.PERSON))
    for number in range(200):
        one = draw_page(np.random.default_rng([7, number]), 0.1, style=style, lines=1)
        read = reader.read(one.frame)
        if len(read.digits) == len(one.text) > 1 and read.sure and read.number != one.text:
            return one, list(read.digits)
    raise AssertionError("this person is read without a mistake; take another one")


_OPEN: list[Samples] = []


def _opened(samples: Samples) -> Samples:
    """Samples that are closed when the test is over."""
    _OPEN.append(samples)
    return samples


@pytest.fixture(autouse=True)
def closed_samples() -> Iterator[None]:
    yield
    while _OPEN:
        _OPEN.pop().close()


class Desk:
    """A box before a page, with all that it takes to teach it."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.said: list[str] = []
        self.problems = Problems(self.said.append)
        self.folder = folder
        self.reading_log = ReadingLog(self.problems, samples=self.samples(), wall=self.clock.wall)
        self.weights = Learned(Generations(folder / "weights", night_world.SHIPPED))

    def samples(self) -> Samples:
        return _opened(Samples(self.folder / "samples.db"))

    def sync(self) -> MemorySync:
        return MemorySync(
            self.samples(), self.folder / "memory", self.problems, wall=self.clock.wall
        )

    def run(self, frames: list[Any], **parts: Any) -> tuple[Any, Any]:
        sync = parts.pop("memory", None) or self.sync()
        appliance, shown, _ = box(
            frames,
            self.clock,
            self.weights,  # type: ignore[arg-type]
            problems=self.problems,
            reading_log=self.reading_log,
            memory=sync,
            **parts,
        )
        appliance.run()
        return appliance, shown


def test_ok__corrected_once_read_right_at_once_and_after_a_restart(tmp_path: Path) -> None:
    one, wrong = misread()
    desk = Desk(tmp_path)
    labels = {place: int(label) for place, label in enumerate(one.text)}
    told: list[float] = []

    def correct() -> None:
        assert desk.reading_log.events.last is not None
        desk.reading_log.keep(desk.reading_log.events.last, labels, "button")
        told.append(desk.clock.now)

    frames = [one.frame] * 5 + [correct] + [one.frame] * 5
    appliance, shown = desk.run(frames)
    first, last = shown.shown[0], shown.shown[-1]
    assert first.number != one.text
    right = [digit.label for digit in last.digits]
    assert "".join(map(str, right)) == one.text
    changed = [k for k, digit in enumerate(wrong) if digit.label != int(one.text[k])]
    for place in changed:
        assert last.digits[place].reason.startswith("taught ")
    assert desk.clock.now - told[0] < 3.0  # five looks, of which three have to agree
    figures = appliance.reporter.report().memory
    assert figures == {"keys": len(one.text), "changed_today": len(changed), "left": 0}
    assert any(s.message.startswith("learned: ") for s in shown.told), shown.told

    again = Desk(tmp_path)
    _, shown = again.run([one.frame] * 5)
    assert "".join(str(digit.label) for digit in shown.shown[0].digits) == one.text


def test_ok__what_is_dropped_is_forgotten_at_once(tmp_path: Path) -> None:
    one, wrong = misread()
    desk = Desk(tmp_path)
    labels = {place: int(label) for place, label in enumerate(one.text)}

    def correct() -> None:
        assert desk.reading_log.events.last is not None
        desk.reading_log.keep(desk.reading_log.events.last, labels, "command")

    def drop() -> None:
        with desk.samples() as samples:
            samples.drop_all()

    frames = [one.frame] * 5 + [correct] + [one.frame] * 5 + [drop] + [one.frame] * 5
    appliance, shown = desk.run(frames)
    last = shown.shown[-1]
    assert [digit.label for digit in last.digits] == [digit.label for digit in wrong]
    assert appliance.reporter.report().memory["keys"] == 0


@pytest.mark.quick
def test_ok__a_memory_that_cannot_be_read_is_said_and_reading_goes_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with desk.samples() as samples:
        night_world.teach(samples, *night_world.hand(4))
    folder = tmp_path / "memory"
    folder.mkdir()
    sha = desk.weights.open().weights
    files.path_for(folder, sha).write_bytes(b"what")
    sync, reader = desk.sync(), desk.weights.open()
    sync.begin(reader, 0.0)
    assert any("is damaged" in line and "made anew" in line for line in desk.said)
    assert sync.figures == {"keys": 4, "changed_today": 0, "left": 0}
    assert not sync.tick(0.5)
    (tmp_path / "samples.db").unlink()
    (tmp_path / "samples.db").mkdir()
    sync, reader = desk.sync(), desk.weights.open()
    sync.begin(reader, 0.0)
    assert "memory" in desk.problems.all
    assert reader.read(misread()[0].frame).digits


@pytest.mark.quick
def test_ok__many_samples_are_taken_in_a_few_at_every_look(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with desk.samples() as samples:
        night_world.teach(samples, *night_world.hand(40))
    sync = desk.sync()
    sync.begin(desk.weights.open(), 0.0)
    assert any("24 of the taught digits are still to be taken in" in line for line in desk.said)
    assert sync.tick(0.5) and sync.tick(1.0) and not sync.tick(1.5)
    assert sync.figures is not None and sync.figures["keys"] == 40 and not sync.news
    with desk.samples() as samples:
        patches, labels = night_world.hand(1, 9)
        samples.keep([New(patches[0], int(labels[0]), 0.9, int(labels[0]))])
    assert sync.tick(2.0) and sync.news == "learned"
    other = desk.sync()
    other.begin(desk.weights.open(), 0.0)
    assert other.figures is not None and other.figures["keys"] == 41 and not other.news


@pytest.mark.quick
def test_ok__a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (tmp_path / "memory").write_text("a file")
    with desk.samples() as samples:
        night_world.teach(samples, *night_world.hand(4))
    sync = desk.sync()
    sync.begin(desk.weights.open(), 0.0)
    assert any("computed anew at the next start" in line for line in desk.said)
    assert sync.figures is not None and sync.figures["keys"] == 4


@pytest.mark.quick
def test_ok__networks_without_no_digit_have_no_memory(tmp_path: Path) -> None:
    classic = night_world.SHIPPED.with_name("classic.npz")
    reader = Fixed(classic).open()
    assert reader.memory is None
    sync = Desk(tmp_path).sync()
    sync.begin(reader, 0.0)
    assert sync.figures is None and not sync.tick(1.0)
    assert isinstance(Fixed(night_world.SHIPPED).open().memory, Memory)


@pytest.mark.quick
def test_ok__digits_changed_are_counted_by_the_day(tmp_path: Path) -> None:
    clock = Clock()
    sync = MemorySync(
        _opened(Samples(tmp_path / "samples.db")), tmp_path, Problems(print), wall=clock.wall
    )
    digits = [Digit(1, 0.9, (7, 0.1), True, reading("1").digits[0].box, reason="taught 12:04")]
    line = reading("12").lines[0]
    one = reading("12")
    taught = type(one)(one.source, one.size, (type(line)((*line.digits, *digits)),))
    sync.count(taught)
    sync.count(taught)
    sync.count(one)
    assert sync.changed_today == 2
    clock.now += 86400
    assert sync.changed_today == 0
    sync.count(taught)
    assert sync.changed_today == 1


@pytest.mark.quick
def test_ok__after_a_lesson_even_an_unsure_look_counts() -> None:
    vote = Vote(2, 3)
    for text in ("17", "17"):
        vote.add(reading(text))
    assert vote.said is not None and vote.said.number == "17"
    for text in ("?7", "?7", "?7"):  # merely unsure: what was said holds
        assert vote.add(reading(text)) is None
    vote.reconsider()
    assert not vote.settled
    vote.add(reading("?7"))
    said = vote.add(reading("?7"))
    assert said is not None and said.number == "?7"
    vote.reconsider()
    for text in ("?7", "?7"):  # and the same once more is no news
        assert vote.add(reading(text)) is None


@pytest.mark.quick
def test_ok__a_box_without_samples_reads(tmp_path: Path) -> None:
    clock = Clock()
    sync = MemorySync(Samples(tmp_path / "none" / "samples.db"), tmp_path, Problems(print))
    weights = Given(Scripted())
    appliance, shown, _ = box([page("42")] * 4, clock, weights, memory=sync)
    appliance.run()
    assert shown.shown[-1].text == "42"
    reader = Fixed(night_world.SHIPPED).open()
    assert isinstance(reader, Reader)
    sync.begin(reader, 0.0)
    assert not sync.tick(1.0) and not (tmp_path / "none").exists()
