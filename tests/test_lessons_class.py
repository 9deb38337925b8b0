"""What a class and its teacher use: slide, lines of code, sheets, watched folder."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import lesson_world
import numpy as np
import pytest
from PIL import Image

from pi_reader.cli.main import main
from pi_reader.errors import CannotWrite
from pi_reader.handwriting.page import draw_page
from pi_reader.handwriting.patches import draw_patches
from pi_reader.lessons import course, handout, material, slide
from pi_reader.lessons.base import Blackboard
from pi_reader.lessons.sheets import SHEETS
from pi_reader.lessons.watch import WatchedFolder
from pi_reader.network.classic import ClassicNetwork, make_targets, scale_inputs

QUICK = ("faces", "miles", "bugs", "gates", "nodes", "blame", "descent")
told = partial(lesson_world.told, seed=2016)


# the slide


def test_ok__the_network_fits_on_a_slide_and_needs_no_helpers() -> None:
    lines = slide.NETWORK.splitlines()
    assert len(lines) <= 25 and max(map(len, lines)) <= 80
    assert re.findall(r"def (\w+)", slide.NETWORK) == ["initialise", "query", "train"]
    assert re.findall(r"^ *(?:import|from) .*", slide.NETWORK, re.MULTILINE) == ["import numpy"]
    assert ";" not in slide.NETWORK


def test_ok__the_slide_is_the_classic_network_weight_for_weight() -> None:
    labels = np.arange(1500) % 10
    inputs = scale_inputs(draw_patches(labels, np.random.default_rng(1)))
    classic = ClassicNetwork(784, 200, 10, 0.1, np.random.default_rng(5))
    network = slide.neural_network()
    network.initialise(784, 200, 10, 0.1, np.random.default_rng(5))
    np.testing.assert_array_equal(network.into_hidden, classic.input_to_hidden)
    np.testing.assert_array_equal(network.into_output, classic.hidden_to_output)
    begun = classic.input_to_hidden.copy()
    for one, target in zip(inputs, make_targets(labels), strict=True):
        network.train(one, target)
        classic.train(one, target)
    apart = slide.furthest_apart(network, classic.input_to_hidden, classic.hidden_to_output)
    assert apart < 1e-5 < np.abs(classic.input_to_hidden - begun).max() / 1000
    np.testing.assert_allclose(network.query(inputs[0]), classic.query(inputs[0]), atol=1e-5)
    assert network.into_hidden.dtype == np.float32


def test_ok__a_wrong_slide_would_be_noticed() -> None:
    network = slide.neural_network()
    network.initialise(784, 20, 10, 0.1, np.random.default_rng(5))
    into_hidden = network.into_hidden.copy()
    into_hidden[3, 5] += 0.25
    assert slide.furthest_apart(network, into_hidden, network.into_output) == pytest.approx(0.25)


def test_ok__the_lesson_shows_the_slide_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.arange(400) % 10
    patches = draw_patches(labels, np.random.default_rng(1))
    few = material.Digits(patches[:300], labels[:300], patches[300:], labels[300:], "drawn")
    monkeypatch.setattr("pi_reader.lessons.digits.load_digits", lambda *any_of_it: few)
    text = told("digits", "hidden=10", "epochs=1")
    assert slide.NETWORK in text
    assert "they are the same, but for rounding" in " ".join(text.split())


# the lines of code


def snippets(text: str) -> list[tuple[str, str]]:
    """Each with what is said to be printed."""
    found = re.findall(r"# ---- Python ----\n(.*?)# -+\n\nIt prints:\n\n(.*?)\n\n", text, re.DOTALL)
    return [(code, re.sub(r"^    ", "", printed, flags=re.MULTILINE)) for code, printed in found]


@pytest.mark.parametrize("name", [*QUICK, "minds"])
def test_ok__each_piece_of_code_runs_by_itself(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = np.arange(300) % 10
    patches = draw_patches(labels, np.random.default_rng(1))
    few = material.Digits(patches, labels, patches[:10], labels[:10], "drawn")
    monkeypatch.setattr("pi_reader.lessons.minds.load_digits", lambda *any_of_it: few)
    found = snippets(told(name, with_code=True))
    assert found
    for code, printed in found:
        path = tmp_path / "copied.py"
        path.write_text(code, encoding="utf-8")
        ran = subprocess.run(
            [sys.executable, str(path)], capture_output=True, check=True, text=True, cwd=tmp_path
        )
        assert ran.stdout.rstrip() == printed.rstrip()
    assert not snippets(told(name))


def test_ok__the_code_follows_the_settings() -> None:
    text = told("miles", "guess=0.9", "km=10", "share=1", with_code=True)
    assert "number = 0.9\n" in text and "number 0.9000, error -2.786" in text


# the sheets


class Whole(HTMLParser):
    """Notes what was opened and never closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: object) -> None:
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_ok__every_lesson_has_a_sheet() -> None:
    assert list(SHEETS) == list(handout.PICTURES) == list(course.LESSONS)
    for name, sheet in SHEETS.items():
        assert len(sheet.found) == len(course.find(name).TRY)
        assert 2 <= len(sheet.questions) <= 3
        assert all(question.endswith("?") for question, _ in sheet.questions)
        assert len(set(sheet.found)) == len(sheet.found)
    assert len({found for sheet in SHEETS.values() for found in sheet.found}) == sum(
        len(sheet.found) for sheet in SHEETS.values()
    )


def test_ok__sheets_hold_their_picture_and_questions(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    written = handout.write(
        tmp_path / "new", ["miles", "gates"], Blackboard(io.StringIO()), seed=2016
    )
    assert [path.name for path in written] == ["02-miles.html", "04-gates.html", "solutions.html"]
    sheet, _, solutions = (path.read_text(encoding="utf-8") for path in written)
    assert not Whole(sheet).open and not Whole(solutions).open
    assert "data:image/png;base64," in sheet and "size: A4" in sheet
    assert "pi-reader lesson miles guess=0.9" in sheet
    assert "62.137" in sheet and "+12.137" not in sheet  # the question, not its answer
    assert "+12.137" in solutions and "6.7 times" in solutions


def test_ok__sheets_without_matplotlib_have_drawings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["lesson", "miles", "--handout", str(tmp_path)]) == 0
    assert "<pre>" in (tmp_path / "02-miles.html").read_text(encoding="utf-8")


def test_fail__sheets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["lesson", "miles", "--handout", str(tmp_path / "file")]) == 73
    assert main(["lesson", "miles", "share=2", "--handout", str(tmp_path / "new")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "settings", "seed", "figures"),
    [
        ("miles", ("share=1.8", "tries=20"), 2016, ("0.6200", "-0.80 times")),
        ("miles", ("share=2.1", "tries=20"), 2016, ("-1.10 times", "6.73 times")),
        ("bugs", ("rate=0.001",), 2016, ("0.33", "85%")),
        ("bugs", ("blur=2", "wrong=0.5"), 2016, ("73% of the bugs", "100% with wrong names")),
        ("nodes", ("first=-3",), 2016, ("-2.55", "step 0, sigmoid 0.0724")),
        ("nodes", ("first=10",), 2016, ("sigmoid 0.9999",)),
        ("nodes", ("first=9",), 2016, ("sigmoid 0.9997",)),
        ("blame", ("second=-0.5",), 2016, ("0.22 against 0.08", "cancel out")),
        ("descent", ("rate=0.9",), 2016, ("+0.2749", "lands nearer")),
        ("descent", ("rate=1.01", "steps=40"), 2016, ("-1.02 times", "2.21 times")),
        ("descent", ("restarts=3",), 2, ("The best is at -2.56", "none of these 3 walks found")),
        ("faces", (), 7, ("The face is number 4", "It takes number 6")),
        ("faces", ("threshold=2",), 2016, ("fires at 2 of these 9",)),
    ],
)
def test_ok__the_solutions_are_what_is_found(
    name: str, settings: tuple[str, ...], seed: int, figures: tuple[str, ...]
) -> None:
    out = io.StringIO()
    board = Blackboard(out, name, fast=True)
    course.give(name, board, np.random.default_rng(seed), settings)
    flat = " ".join(out.getvalue().split())
    assert all(figure in flat for figure in figures)


@pytest.mark.parametrize(
    ("settings", "figure"),
    [
        ((), "20 got all"),
        (("nodes=1",), "0 got all"),
        (("nodes=2",), "17 got all"),
        (("rounds=500",), "16 got all"),
    ],
)
def test_ok__the_solutions_to_gates(settings: tuple[str, ...], figure: str) -> None:
    out = io.StringIO()
    course.give("gates", Blackboard(out, "gates"), np.random.default_rng(2016), settings)
    assert figure in out.getvalue()


# the watched folder


def test_ok__photographs_are_given_once_and_only_when_whole(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    looks = 0

    def wait() -> bool:
        nonlocal looks
        looks += 1
        if looks == 1:
            (folder / "a.jpg").write_bytes(b"half")
            (folder / ".hidden.jpg").write_bytes(b"no")
            (folder / "empty.jpg").touch()
        if looks == 2:
            (folder / "a.jpg").write_bytes(b"all of it")  # still being sent
        if looks == 5:
            (folder / "b.jpg").write_bytes(b"another")
            (folder / "folder").mkdir()
        return looks == 9

    given = [(looks, path.name) for path in WatchedFolder(folder, wait)]
    assert given == [(3, "a.jpg"), (6, "b.jpg")]


def test_fail__a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="cannot be made a folder"):
        WatchedFolder(tmp_path / "file")
    assert main(["lesson", "miles", "--watch", str(tmp_path)]) == 2


def test_ok__the_class_reads_its_own_pages(
    tmp_path: Path, weights: Path = Path(__file__).parents[1] / "weights" / "default.npz"
) -> None:
    pages = [draw_page(np.random.default_rng(seed), difficulty=0.0) for seed in (3, 4)]
    ready = tmp_path / "ready"
    ready.mkdir()
    for number, page in enumerate(pages):
        Image.fromarray(page.frame.grey).save(ready / f"page{number}.png")
    (ready / "broken.png").write_text("no picture")
    looks = 0

    def wait() -> bool:
        nonlocal looks
        looks += 1
        if looks == 1:
            for path in ready.iterdir():
                shutil.copy(path, tmp_path / "watched")
        return looks == 4

    watched = WatchedFolder(tmp_path / "watched", wait)
    text = told("own", weights=lambda: weights, watched=watched, pictures=tmp_path / "made")
    assert "page0.png: 640 × 480" in text and "page1.png: 640 × 480" in text
    assert "Not read:" in text and text.count("The answer\n") == 2
    made = {path.stem for path in (tmp_path / "made").iterdir()}
    assert {"own-page0-frame", "own-page1-patches"} <= made
    for page in pages:
        for line in page.text.splitlines():
            assert f"    {line}\n" in text
