"""The book's forms of digits: CSV files and small pictures, whole and damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pi_reader.cli.main import main
from pi_reader.errors import BadData, MissingFile
from pi_reader.handwriting.patches import draw_patches
from pi_reader.training import data
from pi_reader.training.book import load_csv, load_pngs

LABELS = np.arange(12) % 10
PATCHES = draw_patches(LABELS, np.random.default_rng(1))


def lines_of(patches: np.ndarray, labels: np.ndarray) -> list[str]:
    table = np.column_stack((labels, patches.reshape(len(patches), -1)))
    return [",".join(map(str, row)) for row in table.tolist()]


def write(path: Path, lines: list[str], end: str = "\n") -> Path:
    path.write_bytes((end.join(lines) + end).encode())
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("head", [[], ["label,1x1,1x2"], ['"label","pixel0"']])
def test_ok__csv(tmp_path: Path, head: list[str], end: str) -> None:
    path = write(tmp_path / "a.csv", [*head, *lines_of(PATCHES, LABELS)], end)
    images, labels = load_csv(path)
    assert images.dtype == labels.dtype == np.uint8
    np.testing.assert_array_equal(images, PATCHES)
    np.testing.assert_array_equal(labels, LABELS)


def test_ok__csv_with_blank_lines_and_spaces_at_its_end(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [*lines_of(PATCHES, LABELS), "", " "])
    assert len(load_csv(path)[1]) == 12


def test_ok__more_lines_than_are_read_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pi_reader.training.book._AT_ONCE", 5)
    lines = lines_of(PATCHES, LABELS)
    np.testing.assert_array_equal(load_csv(write(tmp_path / "a.csv", lines))[0], PATCHES)
    lines[7] = "1,2,3"
    with pytest.raises(BadData, match=r"line 8: has 3 values, should have a label and 784"):
        load_csv(write(tmp_path / "b.csv", lines))


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ("1,2,3", "line 3: has 3 values"),
        ("", "line 3: has 1 values"),
        ("10" + ",0" * 784, "line 3: the label is 10, should be from 0 to 9"),
        ("-1" + ",0" * 784, "line 3: the label is -1"),
        ("1" + ",256" * 784, "line 3: a pixel is 256"),
        ("1,-3" + ",0" * 783, "line 3: a pixel is -3"),
        ("1" + ",99999" * 784, "line 3: a pixel is 99999"),
        ("1" + ",0.5" * 784, "line 3: should be whole numbers"),
        ("x" + ",0" * 784, "line 3: should be whole numbers"),
        ("1" + "," * 784, "line 3: should be whole numbers"),
        ("1" + ",\xe9" * 784, "line 3: should be whole numbers"),
    ],
)
def test_fail__csv(tmp_path: Path, changed: str, says: str) -> None:
    lines = lines_of(PATCHES, LABELS)
    lines[2] = changed
    with pytest.raises(BadData, match=says):
        load_csv(write(tmp_path / "a.csv", lines))


def test_fail__csv_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        load_csv(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(BadData, match="holds no digits"):
        load_csv(tmp_path / "empty.csv")
    (tmp_path / "endless.csv").write_bytes(b"1," * 100_000)
    with pytest.raises(BadData, match="line 1: has"):
        load_csv(tmp_path / "endless.csv")
    with pytest.raises(BadData, match="cannot be read"):
        load_csv(tmp_path)


def test_ok__a_folder_of_csv_files_is_as_good_as_mnists(tmp_path: Path) -> None:
    write(tmp_path / "mnist_train_100.csv", lines_of(PATCHES, LABELS))
    write(tmp_path / "mnist_test.csv", lines_of(PATCHES[:3], LABELS[:3]))
    mnist = data.load_mnist(tmp_path, mapped=True)
    np.testing.assert_array_equal(mnist.train_images, PATCHES)
    np.testing.assert_array_equal(mnist.test_labels, LABELS[:3])


def test_fail__a_folder_of_neither(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"mnist_train\.csv"):
        data.load_train(tmp_path)


def save(folder: Path, name: str, patch: np.ndarray, mode: str = "L") -> None:
    Image.fromarray(patch).convert(mode).save(folder / name)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1"])
def test_ok__pngs_of_both_kinds(tmp_path: Path, mode: str) -> None:
    ink = (PATCHES[3] > 127).astype(np.uint8) * 255
    save(tmp_path, "2828_my_own_3.png", 255 - ink, mode)  # as in the book: dark on white
    save(tmp_path, "white_on_black_7.PNG", ink, mode)
    (tmp_path / "notes.txt").write_text("no picture")
    images, labels, names = load_pngs(tmp_path)
    assert labels.tolist() == [3, 7] and names == ["2828_my_own_3.png", "white_on_black_7.PNG"]
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, [ink, ink])


def test_ok__ink_on_a_transparent_ground(tmp_path: Path) -> None:
    see_through = np.zeros((28, 28, 4), np.uint8)
    see_through[4:24, 12:16, 3] = 255
    Image.fromarray(see_through).save(tmp_path / "a1.png")
    assert set(np.unique(load_pngs(tmp_path)[0])) == {0, 255}


def test_fail__pngs(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="no such folder"):
        load_pngs(tmp_path / "none")
    with pytest.raises(MissingFile, match=r"holds no \.png"):
        load_pngs(tmp_path)
    save(tmp_path, "large_3.png", np.zeros((30, 28), np.uint8))
    with pytest.raises(BadData, match="is 28×30, should be 28×28"):
        load_pngs(tmp_path)
    (tmp_path / "large_3.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(BadData, match="no PNG"):
        load_pngs(tmp_path)
    (tmp_path / "large_3.png").rename(tmp_path / "seven.png")
    with pytest.raises(BadData, match="rename it"):
        load_pngs(tmp_path)


def test_ok__train_and_evaluate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = np.arange(300) % 10
    patches = draw_patches(labels, np.random.default_rng(2))
    write(tmp_path / "mnist_train.csv", lines_of(patches, labels))
    write(tmp_path / "mnist_test.csv", lines_of(PATCHES, LABELS))
    weights = str(tmp_path / "w.npz")
    train = ["train", "classic", "--mnist", str(tmp_path), "--epochs", "1", "--out", weights]
    assert main(train) == 0
    capsys.readouterr()
    found = []
    save(tmp_path, "own_3.png", 255 - PATCHES[3])
    for words in (
        ["--csv", str(tmp_path / "mnist_test.csv")],
        ["--mnist", str(tmp_path)],
        ["--pngs", str(tmp_path)],
    ):
        assert main(["evaluate", *words, "--weights", weights, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0]["n"] == 12 and found[0]["errors"] == found[1]["errors"]
    assert found[2]["n"] == 1
    assert main(["evaluate", "--pngs", str(tmp_path), "--weights", weights, "--worst", "1"]) == 0
    assert "own_3.png: " in capsys.readouterr().out
