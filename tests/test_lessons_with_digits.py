"""The lessons that need digits: counted by hand, undone again, compared with what is known."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from lesson_world import told
from PIL import Image

from pi_reader.errors import BadData, MissingFile, UsageError
from pi_reader.handwriting.page import draw_page
from pi_reader.handwriting.patches import draw_patches
from pi_reader.lessons import digits, features, material, minds, own, zero
from pi_reader.lessons.base import Blackboard
from pi_reader.lessons.witness import Witness
from pi_reader.network import store
from pi_reader.network.card import Card
from pi_reader.network.classic import ClassicNetwork
from pi_reader.training import download
from pi_reader.values import Box, Digit

LEARNING = ("digits", "minds", "features")


@pytest.fixture(autouse=True)
def no_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not this machine has a downloaded MNIST, the tests have none."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lessons get a few hundred digits, whatever they ask for."""

    def load(board: Blackboard, rng: np.random.Generator, learn: int, test: int) -> material.Digits:
        return some(400, 100)

    for module in (digits, minds, features):
        monkeypatch.setattr(module, "load_digits", load)


def some(learn: int, test: int) -> material.Digits:
    labels = np.arange(learn + test) % 10
    patches = draw_patches(labels, np.random.default_rng(1))
    return material.Digits(patches[:learn], labels[:learn], patches[learn:], labels[learn:], "test")


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("name", LEARNING)
def test_ok__lessons_that_learn(name: str) -> None:
    less = {
        "digits": ["hidden=20", "epochs=1"],
        "minds": ["hidden=20", "epochs=1"],
        "features": ["hidden=10", "epochs=1", "few=20"],
    }[name]
    text = told(name, *less)
    assert "\nTry\n" in text and not {"nan", "inf"} & set(text.split())
    assert text == told(name, *less) or name != "minds"  # the others tell seconds


@pytest.mark.usefixtures("few")
def test_ok__digits_shows_what_goes_in_and_what_should_come_out() -> None:
    text = told("digits", "hidden=30", "epochs=3")
    assert "target   0.99 0.01 0.01" in text
    assert "784 inputs, 30 hidden nodes, 10 outputs: 23,820 weights" in text
    right = [float(share) for share in re.findall(r"^ +\d +([\d.]+)%$", text, re.MULTILINE)]
    assert len(right) == 3 and right[-1] > 40  # guessing gets 10


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("name", LEARNING)
def test_ok__their_pictures_are_painted(name: str, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    told(name, "hidden=10", "epochs=1", pictures=tmp_path / "made")
    assert any(path.suffix == ".png" for path in (tmp_path / "made").iterdir())


def test_ok__mnist_is_used_where_it_is_named(tmp_path: Path) -> None:
    images = draw_patches(np.arange(20) % 10, np.random.default_rng(2))
    for part in ("train", "t10k"):
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(
            struct.pack(">4I", 0x803, 20, 28, 28) + images.tobytes()
        )
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(
            struct.pack(">2I", 0x801, 20) + (np.arange(20) % 10).astype(np.uint8).tobytes()
        )
    board = Blackboard(io.StringIO(), mnist=tmp_path)
    loaded = material.load_digits(board, np.random.default_rng(1), 15, 5)
    assert loaded.source == "MNIST" and len(loaded.labels) == 15 and len(loaded.test_labels) == 5
    np.testing.assert_array_equal(loaded.patches, images[:15])


def test_ok__without_mnist_digits_are_drawn() -> None:
    board = Blackboard(io.StringIO())
    loaded = material.load_digits(board, np.random.default_rng(1), 30, 10)
    assert loaded.patches.shape == (30, 28, 28) and loaded.test_patches.shape == (10, 28, 28)
    assert "drawn" in loaded.source


def test_ok__a_download_is_used_once_it_is_complete(tmp_path: Path) -> None:
    folder = download.default_folder()
    assert tmp_path in folder.parents
    folder.mkdir(parents=True)
    for name in download.MNIST_FILES:
        assert material.find_mnist(None) is None
        (folder / name).touch()
    assert material.find_mnist(None) == folder
    assert material.find_mnist(tmp_path) == tmp_path


def test_fail__a_named_folder_without_mnist(tmp_path: Path) -> None:
    board = Blackboard(io.StringIO(), mnist=tmp_path)
    with pytest.raises(MissingFile):
        material.load_digits(board, np.random.default_rng(1), 10, 10)


# minds


def test_ok__the_sigmoid_read_from_right_to_left() -> None:
    sums = np.array([-4.6, 0.0, 1.05])
    np.testing.assert_allclose(minds.backwards(1 / (1 + np.exp(-sums))), sums)


def test_ok__the_mind_of_a_taught_network_is_like_the_average_digit() -> None:
    taught = some(1000, 100)
    with np.errstate(invalid="ignore"):  # some OpenBLAS warn of finite products: numpy#24067
        network = material.teach(
            Blackboard(io.StringIO()), taught, np.random.default_rng(3), 60, 0.1, 3
        )
    for label in (0, 3, 7):
        mind = network.backquery(label).reshape(28, 28)
        alike = [
            minds.likeness(mind, minds.average(taught.patches, taught.labels, other))
            for other in range(10)
        ]
        assert int(np.argmax(alike)) == label


def test_ok__likeness_and_average_by_hand() -> None:
    a = np.array([[0.0, 1.0], [2.0, 3.0]])
    assert minds.likeness(a, 5 * a + 7) == pytest.approx(1)
    assert minds.likeness(a, -a) == pytest.approx(-1)
    pictures = np.array([[[0, 4]], [[2, 8]], [[100, 100]]])
    assert minds.average(pictures, np.array([1, 1, 2]), 1).tolist() == [[1, 6]]


# features


def test_ok__features_of_one_bar() -> None:
    picture = np.zeros((1, 28, 28), np.float32)
    picture[0, :, 10:12] = 100  # a bar from top to bottom
    assert features.pixels(picture).shape == (1, 784)
    rows, columns = np.split(features.sums(picture)[0], 2)
    assert set(rows) == {200.0} and columns[10] == columns[11] == 2800 and columns.sum() == 5600
    zones = features.zones(picture).reshape(7, 7)
    assert zones[:, 2].tolist() == [800.0] * 7 and zones.sum() == 5600
    edges = features.directions(picture).reshape(8, 16).sum(axis=1)
    assert edges[0] == edges[4] == 2800  # 28 rows of two half steps of 50, to the right and back
    assert edges.sum() == 5600


def test_ok__inputs_are_squeezed_into_the_lectures_range() -> None:
    squeezed = features.squeezed(np.array([[0.0, 5.0, 20.0]]), np.array([1.0, 5.0, 10.0]))
    assert squeezed.dtype == np.float32
    assert squeezed[0].tolist() == pytest.approx([0.01, 1.0, 1.0])
    assert np.isfinite(features.squeezed(np.zeros((1, 2)), np.zeros(2))).all()


# zero


def test_ok__multiply_adds_are_counted_as_by_hand() -> None:
    steps = zero.counted(200)
    assert [each for each, _ in steps.values()] == [158_800, 2_000, 158_800]
    assert steps["signals forwards"][1] == 635_200  # bytes: 158,800 links of four
    model = ClassicNetwork(784, 200, 10, 0.1, np.random.default_rng(1)).to_model()
    assert model.multiply_adds == 158_800


def test_ok__zero_estimates_and_names_a_pi_where_it_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zero, "BOARD_FILE", tmp_path / "model")
    assert zero.board_name() == ""
    (tmp_path / "model").write_bytes(b"Some Other Board\0")
    assert zero.board_name() == ""
    (tmp_path / "model").write_bytes(b"Raspberry Pi Zero W Rev 1.1\0")
    assert zero.board_name() == "Raspberry Pi Zero W Rev 1.1"
    text = told("zero", "hidden=20", "digits=1000")
    assert "This is a Raspberry Pi Zero W Rev 1.1" in text
    assert "Together 31,960" in text  # 2 × (784 + 10) × 20 + 200


# own


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    taught = some(1500, 10)
    with np.errstate(invalid="ignore"):
        network = material.teach(
            Blackboard(io.StringIO()), taught, np.random.default_rng(4), 40, 0.1, 3
        )
    path = tmp_path_factory.mktemp("weights") / "w.npz"
    store.save(path, network.to_model(), Card(reject_below=0.3))
    return path


def test_ok__own_reads_a_drawn_page_and_a_photograph(weights: Path, tmp_path: Path) -> None:
    text = told("own", "difficulty=0", weights=lambda: weights)
    assert "640 × 480" in text and "written was:" in text and "28 × 28, and ten outputs" in text
    page = draw_page(np.random.default_rng(3), difficulty=0.0)
    Image.fromarray(page.frame.grey).save(tmp_path / "page.png")
    text = told(
        "own", f"photo={tmp_path / 'page.png'}", weights=lambda: weights, pictures=tmp_path / "made"
    )
    assert "page.png" in text and "written was:" not in text
    assert len(list((tmp_path / "made").iterdir())) == 4


def test_ok__own_sees_an_empty_page(weights: Path, tmp_path: Path) -> None:
    Image.new("L", (320, 240), 200).save(tmp_path / "empty.png")
    assert "No digit was found" in told(
        "own", f"photo={tmp_path / 'empty.png'}", weights=lambda: weights
    )


def test_fail__own_without_weights_or_with_a_bad_photo(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(UsageError):
        told("own")
    with pytest.raises(BadData):
        told("own", f"photo={tmp_path / 'text.png'}", weights=lambda: weights)
    with pytest.raises(MissingFile):
        told("own", f"photo={tmp_path / 'none.png'}", weights=lambda: weights)


def test_ok__a_picture_fits_the_terminal() -> None:
    assert own.small(np.zeros((480, 640), np.uint8)).shape == (1, 54, 72)
    assert own.small(np.full((1, 1), 7, np.uint8))[0, 0, 0] == 7


def test_ok__the_witness_knows_which_patch_led_to_which_digit(weights: Path) -> None:
    patches = draw_patches(np.array([1, 4, 0]), np.random.default_rng(5))
    model, _ = store.load(weights)
    witness = Witness(model)
    said = np.concatenate((witness.predict(patches[:2]), witness.predict(patches[2:])))
    np.testing.assert_array_equal(witness.patches, patches)
    np.testing.assert_array_equal(witness.said, said)
    for place, label in enumerate(said.argmax(axis=1).tolist()):
        rows, columns = (np.flatnonzero(patches[place].any(axis=axis)) for axis in (1, 0))
        box = Box(0, 0, 5 * (np.ptp(columns) + 1), 5 * (np.ptp(rows) + 1))
        digit = Digit(label, float(said[place, label]), (0, 0.0), True, box)
        assert witness.asked_about(digit) == place
