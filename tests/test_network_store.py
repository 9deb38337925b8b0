"""Weights files: they come back the same, and whatever is wrong with one is refused in one line."""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pi_reader.errors import BadData, CannotWrite, MissingFile
from pi_reader.files import sha256
from pi_reader.network import store
from pi_reader.network.layers import BatchNorm, Conv2D, Dense, Flatten, ReLU
from pi_reader.network.model import Model
from pi_reader.network.store import Card, load, save

CARD = Card(
    recipe="default",
    seed=7,
    data={"train": "ab" * 32},
    accuracy=0.995,
    measured="MNIST test images, 10,000",
    reject_below=0.6,
    date="2026-02-01T03:04:05+00:00",
    notes={"epochs": 3, "tried": ["a", None, 0.5]},
)


def small_model(seed: int = 1) -> Model:
    rng = np.random.default_rng(seed)
    layers = [Conv2D(1, 3, 5, stride=4, rng=rng), ReLU(), Flatten(), Dense(108, 10, rng=rng)]
    return Model(layers, temperature=1.5)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "small.npz"
    save(path, small_model(), CARD)
    return path


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, content: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in content.items():
            archive.writestr(name, member)


def npy(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    handle = io.BytesIO()
    np.lib.format.write_array(handle, array, (1, 0), allow_pickle=allow_pickle)
    return handle.getvalue()


def forge(path: Path, **changes: object) -> None:
    """Rewrite entries of a file's card, with a checksum that fits: nothing else gives it away."""
    content = members(path)
    values = json.loads(content["card.npy"][128:])
    for where, value in changes.items():
        part = values
        *steps, last = where.split("__")
        for step in steps:
            part = part[int(step) if step.isdigit() else step]
        part[last] = value
    model = small_model()
    values["checksum"] = store._checksum(values, store._named(model))
    text = json.dumps(values).encode()
    content["card.npy"] = store._header("|u1", (len(text),)) + text
    pack(path, content)


def refusal(path: Path, kind: type[Exception] = BadData) -> str:
    with pytest.raises(kind) as caught:
        load(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: "), line
    assert "\n" not in line
    return line


def test_ok__a_network_and_its_card_come_back(weights):
    model, card = load(weights)
    old = small_model()
    assert card == Card(**(CARD.to_json() | {"temperature": 1.5}))
    assert model.spec == old.spec
    assert model.temperature == 1.5
    for mine, theirs in zip(model.parameters, old.parameters, strict=True):
        np.testing.assert_array_equal(mine, theirs)
        assert mine.dtype == np.float32
    patches = np.random.default_rng(2).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    np.testing.assert_array_equal(model.predict(patches), old.predict(patches))


def test_ok__numpy_opens_it_without_pickle(weights):
    with np.load(weights, allow_pickle=False) as arrays:
        assert arrays["00_conv2d_weights"].shape == (25, 3)
        assert arrays["00_conv2d_weights"].dtype == np.float32
        assert json.loads(arrays["card"].tobytes())["card"]["recipe"] == "default"


def test_ok__the_same_network_gives_the_same_bytes(weights, tmp_path):
    digest = save(tmp_path / "again.npz", small_model(), CARD)
    assert (tmp_path / "again.npz").read_bytes() == weights.read_bytes()
    assert digest == sha256(weights)


def test_ok__normalisation_is_folded_before_it_is_saved(tmp_path):
    rng = np.random.default_rng(3)
    conv = Conv2D(1, 2, 5, stride=4, bias=False, rng=rng)
    model = Model([conv, BatchNorm(2), ReLU(), Flatten(), Dense(72, 11, rng=rng)])
    model.forward(rng.random((8, 28, 28, 1), np.float32), training=True)
    save(tmp_path / "a.npz", model, Card())
    patches = rng.integers(0, 256, (4, 28, 28)).astype(np.uint8)
    found, _ = load(tmp_path / "a.npz")
    assert [layer.kind for layer in found.layers] == ["conv2d", "relu", "flatten", "dense"]
    np.testing.assert_allclose(found.predict(patches), model.predict(patches), atol=1e-6)


def test_fail__no_such_file(tmp_path):
    assert "no such file" in refusal(tmp_path / "none.npz", MissingFile)
    (tmp_path / "file").touch()
    refusal(tmp_path / "file" / "none.npz", MissingFile)


def test_fail__things_that_are_no_weights(tmp_path):
    path = tmp_path / "a.npz"
    assert "folder" in refusal(tmp_path)
    path.touch()
    assert "empty" in refusal(path)
    path.write_text("weights\n" * 100)
    assert "no weights file" in refusal(path)
    np.savez(path, weights=np.ones(3, np.float32))
    assert "no card" in refusal(path)
    os.unlink(path)
    os.mkfifo(path)
    assert "pipe" in refusal(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_fail__no_permission(weights):
    weights.chmod(0)
    assert "may not be read" in refusal(weights)


def test_fail__cut_short_anywhere(weights):
    content = weights.read_bytes()
    for length in range(1, len(content), 37):
        weights.write_bytes(content[:length])
        refusal(weights)


def test_fail__a_flipped_byte_is_refused_or_changes_nothing(weights):
    content = weights.read_bytes()
    old, card = load(weights)
    refused, places = 0, range(0, len(content), 11)
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        weights.write_bytes(damaged)
        try:
            model, found = load(weights)
        except BadData as error:
            assert "\n" not in str(error)
            refused += 1
            continue
        assert found == card
        for mine, theirs in zip(model.parameters, old.parameters, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    assert refused > 0.9 * len(places)


def test_fail__numbers_changed_behind_the_zips_back(weights):
    content = members(weights)
    name = "03_dense_weights.npy"
    changed = bytearray(content[name])
    changed[200] ^= 1
    pack(weights, content | {name: bytes(changed)})
    assert "checksum" in refusal(weights)


@pytest.mark.parametrize(
    "array",
    [
        np.ones((108, 10), np.float64),
        np.ones((10, 108), np.float32),
        np.ones((108, 10), np.float32).T.copy().T,
        np.ones(1080, np.float32),
        np.ones((108, 10), ">f4"),
        np.full((108, 10), None),
    ],
    ids=["float64", "turned", "fortran", "flat", "big-endian", "pickle"],
)
def test_fail__arrays_of_another_kind(weights, array):
    member = npy(array, allow_pickle=True)
    pack(weights, members(weights) | {"03_dense_weights.npy": member})
    assert "should be float32 numbers of shape (108, 10)" in refusal(weights)


def test_fail__a_header_that_promises_more_than_there_is(weights):
    header = store._header("<f4", (1 << 40, 1 << 10))
    pack(weights, members(weights) | {"03_dense_weights.npy": header})
    assert "03_dense_weights" in refusal(weights)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_fail__numbers_that_are_none(weights, tmp_path, number):
    array = np.ones((108, 10), np.float32)
    array[5, 5] = number
    pack(weights, members(weights) | {"03_dense_weights.npy": npy(array)})
    assert "not finite" in refusal(weights)
    model = small_model()
    model.parameters[0][0, 0] = number
    with pytest.raises(BadData, match="diverged"):
        save(tmp_path / "new.npz", model, CARD)
    assert not (tmp_path / "new.npz").exists()


def test_fail__arrays_too_few_or_too_many(weights):
    content = members(weights)
    pack(weights, content | {"more.npy": npy(np.ones(2, np.float32))})
    assert "more.npy" in refusal(weights)
    del content["03_dense_bias.npy"]
    pack(weights, content)
    assert "03_dense_bias.npy" in refusal(weights)


def test_fail__a_small_file_that_unpacks_to_a_large_one(weights):
    pack(weights, members(weights) | {"zeros.npy": bytes(store.LARGEST_FILE)})
    assert weights.stat().st_size < 200_000
    assert "unpacks to" in refusal(weights)
    with open(weights, "wb") as handle:
        handle.truncate(store.LARGEST_FILE + 1)
    assert "should be at most" in refusal(weights)


@pytest.mark.parametrize(
    ("where", "value", "says"),
    [
        ("format", 4, "update pi-reader"),
        ("format", 3, "card cannot be read"),
        ("format", 2, "card cannot be read"),
        ("format", 0, "card cannot be read"),
        ("format", None, "card cannot be read"),
        ("more", 1, "card cannot be read"),
        ("network", None, "no sense"),
        ("network__layers__0__kind", "attention", "attention"),
        ("network__layers__0__stride", 0, "stride"),
        ("network__layers__0__outputs", 1 << 50, "outputs"),
        ("network__layers__0__padding", 255, "no sense"),
        ("network__layers__3__outputs", 7, "should be from 28×28×1 to 10 or 11"),
        ("network__layers__3__inputs", 100, "no sense"),
        ("network__input_shape", [32, 32, 1], "no sense"),
        ("network__input_shape", 28, "no sense"),
        ("network__layers", [], "no sense"),
        ("network__layers", [{"kind": "relu"}] * 1000, "too many layers"),
        ("card__temperature", 0, "temperature is 0"),
        ("card__temperature", float("nan"), "temperature is nan"),
        ("card__reject_below", 2, "reject_below is 2"),
        ("card__accuracy", "good", "accuracy is 'good'"),
        ("card__seed", -1, "seed is -1"),
        ("card__data", {"train": 3}, "data is"),
        ("card__colour", "blue", "colour is unknown"),
        ("card", None, "no sense"),
    ],
)
def test_fail__cards_that_make_no_sense(weights, where, value, says):
    forge(weights, **{where: value})
    assert says in refusal(weights)


@pytest.mark.parametrize("text", [b"", b"[]", b"3", b'"format"', b"{", b"\xff", b"[" * 100_000])
def test_fail__cards_that_are_no_card(weights, text):
    card = store._header("|u1", (len(text),)) + text
    pack(weights, members(weights) | {"card.npy": card})
    assert "card" in refusal(weights)


def test_ok__a_forged_card_that_makes_sense_is_read(weights):
    forge(weights, card__recipe="other")
    assert load(weights)[1].recipe == "other"


@pytest.mark.parametrize(
    "fields",
    [{"seed": 1.5}, {"temperature": -1.0}, {"reject_below": np.float64(0.5)}, {"recipe": None}],
)
def test_fail__cards_that_cannot_be_made(fields):
    with pytest.raises(ValueError, match=next(iter(fields))):
        Card(**fields)


def test_fail__saving_where_nothing_can_be_saved(tmp_path):
    with pytest.raises(CannotWrite, match="does not exist"):
        save(tmp_path / "no" / "a.npz", small_model(), CARD)
    other = Model([Flatten(), Dense(784, 3)])
    with pytest.raises(BadData, match="to 3, should be"):
        save(tmp_path / "a.npz", other, CARD)
    with pytest.raises(BadData, match="not finite"):
        save(tmp_path / "a.npz", small_model(), Card(notes={"loss": [float("inf")]}))
    assert not list(tmp_path.iterdir())


def test_fail__packed_in_a_way_numpy_does_not_use(tmp_path):
    """LZMA raises errors of its own when damaged, and not every Python has it."""
    path = tmp_path / "weights.npz"
    store.save(path, Model([Flatten(), Dense(784, 10)]), Card())
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(BadData, match="packed in a way"):
        store.load(path)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("network__input_shape", [28, 28, True]),
        ("network__input_shape", [28, 28, 1.0]),
        ("network__input_shape", "abc"),
        ("network__layers", {"0": {}}),
        ("network__other", 1),
        ("format", True),
        ("format", 1.0),
        ("card__seed", True),
        ("card__seed", 1 << 70),
        ("card__accuracy", True),
        ("card__temperature", True),
        ("card__reject_below", False),
        ("card__date", "yesterday"),
        ("card__date", 20251231),
        ("card__recipe", "\ud800"),
        ("card__preprocessing", {"size": True}),
        ("card__preprocessing", {"size": [28]}),
        ("card__notes", {"a": float("nan")}),
        ("card__notes", {"\ud800": 1}),
        ("card__data", {"a": 1}),
    ],
)
def test_fail__a_field_of_another_type(weights: Path, where: str, value: object) -> None:
    """What Python takes for equal is not: a network of 28 x 28 x True ends in a traceback later."""
    with contextlib.suppress(UnicodeEncodeError):  # then its checksum cannot be made to fit
        forge(weights, **{where: value})
        assert "its card" in refusal(weights)


def test_fail__notes_that_are_too_deep(weights: Path) -> None:
    deep: object = 1
    for _ in range(500):
        deep = [deep]
    forge(weights, card__notes={"a": deep})
    assert "its card" in refusal(weights)
