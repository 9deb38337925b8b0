"""The commands as a shell sees them: output, errors, exit codes, and what they import."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fresh import loaded_by, printed
from PIL import Image

from pi_reader import __version__
from pi_reader.cli import demo
from pi_reader.cli import main as door
from pi_reader.cli.main import COMMANDS, main
from pi_reader.learning.samples import Samples
from pi_reader.scoring import Score

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of three lines: a plain page drawn by the handwriting room."""
    from pi_reader.handwriting.page import draw_page

    drawn = draw_page(np.random.default_rng(3), difficulty=0.0)
    path = tmp_path_factory.mktemp("page") / "page.png"
    Image.fromarray(drawn.frame.grey).save(path)
    return path


def options(command: str) -> list[argparse.Action]:
    parser = argparse.ArgumentParser()
    door.arguments(parser, door._command(command))
    return [action for action in parser._actions if action.dest != "help"]


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["read", "--help"], ["train", "--help"], ["demo", "--help"]],
)
def test_ok__help_comes_without_numpy(arguments: list[str]) -> None:
    assert not loaded_by(arguments) & {"numpy", "PIL", "tqdm"}


def test_ok__read_imports_only_what_it_uses(page: Path) -> None:
    loaded = loaded_by(["read", str(page)])
    assert "numpy" in loaded
    loaded -= set(printed("import sys, numpy\nprint(*sys.modules)").split())  # 1.24 loads more
    assert not {
        name
        for name in loaded
        if name.startswith(
            (
                "pi_reader.training",
                "pi_reader.handwriting",
                "pi_reader.outputs",
                "tqdm",
                "pi_reader.pictures",
                "numpy.testing",
                "numpy.ma",
                "_hashlib",
                "PIL.PdfImagePlugin",
                "importlib.resources",
                "sqlite3",
            )
        )
    }


def test_ok__version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"pi-reader {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [[], ["rea"], ["read"], ["read", "--jsn", "a"], ["evaluate"], ["demo", "--pages", "none"]],
)
def test_fail__usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "there are read, demo, run"),
        (["sampels"], "did you mean samples?"),
        (["samples"], "there are list, show, label"),
        (["samples", "lable"], "did you mean label?"),
        (["weights", "xyzzy"], "there are list, show, use"),
        (["run", "--camera", "dsk"], "mean desk?"),
        (["retrain", "--nwo"], "pi-reader retrain: error: there is no '--nwo' here"),
    ],
)
def test_fail__says_which_words_there_are(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (2, "samples show 7"),
        (2, "samples label 7 3"),
        (2, "samples label last x"),
        (2, "samples drop 7"),
        (2, "samples drop"),
        (2, "weights show 7"),
        (2, "weights use 7"),
        (2, "weights rollback"),
        (2, "readings --last 0"),
        (2, "readings --since then"),
        (2, "retrain --hours 0"),
        (2, "run --seconds 0"),
        (2, "aim --seconds 0"),
        (65, "samples import damaged"),
        (65, "weights offer damaged"),
        (65, "weights compare 0 0 --npz damaged"),
        (65, "retrain --samples damaged --out w.npz"),
        (66, "samples import none"),
        (66, "weights offer none"),
        (66, "weights compare 0 0 --npz none"),
        (66, "retrain --samples none --out w.npz"),
        (66, "samples sheet s.png"),
        (66, "run --config none"),
        (69, "run --camera pi --seconds 1"),
        (69, "aim --seconds 1"),
        (69, "status"),
        (73, "samples export nowhere/s.npz"),
        (75, "samples label last 7"),
    ],
)
def test_fail__the_same_mistake_has_the_same_code(
    code: int,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A number that is not there is wrong usage, a file that is not there a missing file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "damaged").write_bytes(b"PK neither fish nor fowl")
    with Samples(tmp_path / "state" / "samples.db") as samples:
        samples.counts()
    assert main([*words.split(), "--state", str(tmp_path / "state")]) == code
    said = capsys.readouterr()
    if words != "status":
        assert said.err.startswith("pi-reader: ") and len(said.err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["--pages", "0"], ["--seed", "-1"], ["--difficulty", "2"]])
def test_fail__demo_out_of_range(arguments: list[str]) -> None:
    assert main(["demo", *arguments]) == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_ok__each_command_has_an_example_that_parses(name: str) -> None:
    command = door._command(name)
    words = command.EXAMPLE.split()
    assert words[:2] == ["pi-reader", name]
    parser = argparse.ArgumentParser()
    door.arguments(parser, command)
    parser.parse_args(words[2:])
    assert command.HELP.splitlines()[0]


def test_ok__read_json(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--json", str(page), str(page)]) == 0
    captured = capsys.readouterr()
    first, second = map(json.loads, captured.out.splitlines())
    assert captured.err == ""
    assert set(first) == {"source", "size", "text", "lines", "milliseconds", "weights"}
    assert first["source"] == str(page)
    assert first["size"] == [640, 480]
    assert first["text"] == "\n".join(line["text"] for line in first["lines"])
    assert set(first["milliseconds"]) == {"ink", "regions", "classify", "total"}
    assert len(first["weights"]) == 64
    digits = [digit for line in first["lines"] for digit in line["digits"]]
    assert digits and first["lines"] == second["lines"]
    for digit in digits:
        assert set(digit) == {"label", "confidence", "runner_up", "sure", "box"}
        x, y, width, height = digit["box"]
        assert min(x, y) >= 0 and x + width <= 640 and y + height <= 480
        assert digit["runner_up"][0] != digit["label"]
        assert 1 >= digit["confidence"] >= digit["runner_up"][1] >= 0


def test_ok__a_page_without_digits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("L", (640, 480), 200).save(tmp_path / "a.png")
    assert main(["read", "--json", str(tmp_path / "a.png")]) == 0
    assert json.loads(capsys.readouterr().out)["lines"] == []


def test_fail__the_others_are_still_read(
    page: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.png"
    text.write_text("no picture")
    missing = tmp_path / "missing.png"
    assert main(["read", "--json", str(missing), str(page)]) == 66
    assert main(["read", "--json", str(missing), str(text), str(tmp_path), str(page)]) == 65
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 2
    assert len(captured.err.splitlines()) == 4
    assert all(line.startswith("pi-reader: ") for line in captured.err.splitlines())


def test_ok__annotate(page: Path, tmp_path: Path) -> None:
    twin = tmp_path / "page.png"
    twin.write_bytes(page.read_bytes())
    folder = tmp_path / "made" / "here"
    assert main(["read", str(page), str(twin), "--annotate", str(folder)]) == 0
    assert sorted(os.listdir(folder)) == ["page-2.png", "page.png"]
    with Image.open(folder / "page.png") as picture:
        assert picture.size == (640, 480)
        colours = np.asarray(picture.convert("RGB"), int)
    assert (abs(colours[..., 0] - colours[..., 1]) > 60).sum() > 100, "no coloured boxes"


def test_fail__annotate_into_a_file(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(page), "--annotate", str(page)]) == 73
    assert "cannot be made a folder" in capsys.readouterr().err


@pytest.mark.parametrize(("weights", "code"), [("nobody", 66), ("./nobody.npz", 66)])
def test_fail__weights_that_are_not_there(
    page: Path, weights: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", str(page), "--weights", weights]) == code
    assert "nobody" in capsys.readouterr().err


def test_ok__evaluate_npz(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from pi_reader.handwriting.patches import draw_patches

    labels = np.arange(200, dtype=np.uint8) % 10
    path = tmp_path / "drawn.npz"
    np.savez(path, x=draw_patches(labels, np.random.default_rng(1)), y=labels)
    assert main(["evaluate", "--npz", str(path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) == {
        "n",
        "accuracy",
        "errors",
        "confusion",
        "per_digit",
        "calibration_error",
        "rejected",
        "accuracy_of_sure",
        "seconds",
    }
    assert result["n"] == 200 == sum(map(sum, result["confusion"]))
    assert result["errors"] == 200 - sum(result["confusion"][d][d] for d in range(10))
    assert (
        result["accuracy"] == pytest.approx(1 - result["errors"] / 200) and result["accuracy"] > 0.8
    )


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"x": np.zeros((3, 28, 28), np.uint8)},
        {"x": np.zeros((3, 28, 28), np.uint8), "y": np.zeros(4, np.uint8)},
        {"x": np.zeros((3, 28, 27), np.uint8), "y": np.zeros(3, np.uint8)},
        {"x": np.zeros((3, 28, 28), np.float32), "y": np.zeros(3, np.uint8)},
        {"x": np.zeros((3, 28, 28), np.uint8), "y": np.full(3, 10, np.uint8)},
        {"x": np.array([{}]), "y": np.zeros(1, np.uint8)},
    ],
)
def test_fail__evaluate_npz_of_another_shape(
    tmp_path: Path, arrays: dict, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)
    assert main(["evaluate", "--npz", str(path)]) == 65
    error = capsys.readouterr().err
    assert "bad.npz" in error and len(error.splitlines()) == 1


def test_ok__demo_counts_what_was_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--pages", "2", "--seed", "1", "--difficulty", "0"]) == 0
    printed = capsys.readouterr().out
    assert "page 1: right" in printed and "page 2: right" in printed
    assert "of 2 pages without a mistake" in printed


def test_ok__demo_leaves_a_picture_of_each_page(tmp_path: Path) -> None:
    words = ["demo", "--pages", "2", "--seed", "1", "--difficulty", "0", "--pictures"]
    assert main([*words, str(tmp_path / "new")]) == 0
    assert sorted(os.listdir(tmp_path / "new")) == ["page-1.png", "page-2.png"]
    with Image.open(tmp_path / "new" / "page-1.png") as picture:
        pixels = np.asarray(picture.convert("RGB"), int)
    red, green, blue = pixels[:, pixels.shape[1] // 2 :].transpose(2, 0, 1)
    assert (blue - red > 80).sum() > 200, "the display shows nothing"
    assert (red - green > 100).sum() > 200, "no segment and no lamp is lit"


def test_fail__demo_spares_pictures_that_are_not_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page-1.png").write_bytes(b"holidays")
    words = ["demo", "--pages", "1", "--seed", "1", "--difficulty", "0", "--pictures"]
    assert main([*words, str(tmp_path)]) == 73
    assert (tmp_path / "page-1.png").read_bytes() == b"holidays"
    assert "--force" in capsys.readouterr().err
    assert main([*words, str(tmp_path / "page-1.png")]) == 73


def test_ok__demo_misses_no_digit_in_its_summary() -> None:
    class Judged:
        total = Score(photos=1, true=10, predicted=7, paired=6, right=5, unsure=2)
        said, milliseconds = 1, 0.0

    assert (
        "5 of 10 digits right, 2 unsure (?), 1 wrong, 2 missed, 1 read where none was;"
        in demo._summary(Judged(), 1)
    )  # type: ignore[arg-type]


def test_ok__a_fault_of_ours_is_70(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from pi_reader.cli import read

    monkeypatch.setattr(read, "run", lambda args: 1 // 0)
    assert main(["read", "a.png"]) == 70
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_ok__told_to_stop_while_a_command_is_imported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(door, "_command", interrupted)
    assert main(["train", "default", "--out", "x.npz"]) == 130
    assert capsys.readouterr().err == "pi-reader: stopped\n"


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
)
def test_ok__a_lesson_on_a_terminal_that_knows_ascii_only(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pi_reader", "lesson", "descent", "--fast"],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )
    said = done.stdout.decode("ascii")
    assert "0.2 x slope" in said and "x^2" in said and not done.stderr


def test_ok__output_into_a_closed_pipe() -> None:
    command = f"{sys.executable} -m pi_reader read --help | head -c 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert "Traceback" not in done.stderr


def shell(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    )


def test_fail__output_into_a_full_disk(page: Path) -> None:
    done = shell(f"{sys.executable} -m pi_reader read {page} --json > /dev/full")
    assert done.returncode == 73
    assert done.stderr.startswith("pi-reader: the output cannot be written")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_ok__closed_output(page: Path, closed: str) -> None:
    done = shell(f"{sys.executable} -m pi_reader read {page} missing.png --json {closed}")
    assert done.returncode == 66
    if closed == ">&-":
        assert done.stderr == "pi-reader: missing.png: there is no such file\n"
    else:  # errors must not turn up among the readings instead
        assert json.loads(done.stdout)["source"] == str(page)


def test_ok__names_that_no_terminal_can_print(page: Path, tmp_path: Path) -> None:
    odd = tmp_path / "a\nb\x1b[31m\N{GRINNING FACE}.png"
    odd.write_bytes(page.read_bytes())
    done = shell(f"{sys.executable} -m pi_reader read {tmp_path}/*", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].endswith("a\\nb\\x1b[31m\\U0001f600.png:")
    odd.write_bytes(b"")
    done = shell(f"{sys.executable} -m pi_reader read {tmp_path}/*")
    assert done.returncode == 65
    assert done.stderr.count("\n") == 1


def test_fail__setup_with_a_python_that_is_none(tmp_path: Path) -> None:
    done = shell(
        f"{ROOT}/setup.sh run --version", PYTHON="/no/python", PI_READER_VENV=str(tmp_path / "venv")
    )
    assert done.returncode == 1
    assert done.stderr.startswith("setup.sh: PYTHON is /no/python, which is not Python 3.11")
    assert not (tmp_path / "venv").exists()
