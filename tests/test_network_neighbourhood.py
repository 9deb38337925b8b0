"""The network that sees a mark's surroundings, and the regression that joins what is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pi_reader.errors import BadData
from pi_reader.network import store
from pi_reader.network.layers import Conv2D, Dense, Flatten, ReLU
from pi_reader.network.logistic import Logistic
from pi_reader.network.loss import cross_entropy, softmax
from pi_reader.network.model import Model
from pi_reader.network.neighbourhood import KINDS, SIGNS, Context, Neighbourhood, as_windows
from pi_reader.network.touching import OUTCOMES, name_pairs
from pi_reader.training.networks import build


def inputs(count: int, features: int = 17) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Surroundings, patches and features of some marks."""
    rng = np.random.default_rng(4)
    return (
        rng.integers(0, 256, (count, 56, 112), np.uint8),
        rng.integers(0, 256, (count, 28, 28), np.uint8),
        rng.standard_normal((count, features), np.float32),
    )


def context(features: int = 17) -> Context:
    """One with random numbers, for a network with so many features."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((50, 3)).astype(np.float32)
    fit = Logistic.fit(("a", "b", "c"), x, x[:, 0] > 0)
    return Context(Neighbourhood.new(features, rng), fit, fit)


def test_ok__kinds_are_digits_signs_letters_and_the_rest() -> None:
    assert "".join(KINDS[:10]) == "0123456789" and KINDS[-2:] == ("letter", "other")
    assert set(SIGNS) <= set(KINDS) and len(KINDS) == 24


def test_ok__each_mark_gets_probabilities_of_its_own() -> None:
    network = Neighbourhood.new(17, np.random.default_rng(0))
    some = inputs(40)
    all_of_them = network.predict(*some)
    assert all_of_them.shape == (40, len(KINDS)) and np.allclose(all_of_them.sum(axis=1), 1)
    alone = network.predict(*(part[33:34] for part in some))
    assert np.allclose(all_of_them[33:34], alone, atol=1e-5)
    assert network.predict(*(part[:0] for part in some)).shape == (0, len(KINDS))


def test_ok__the_mark_alone_stands_in_the_midst_of_its_window() -> None:
    surroundings, patches, _ = inputs(2)
    windows = as_windows(surroundings, patches)
    assert windows.shape == (2, 56, 112, 2) and windows.max() <= 1
    assert np.allclose(windows[1, 14:42, 42:70, 1] * 255, patches[1], atol=1e-3)
    assert not windows[:, :, :40, 1].any()


@pytest.mark.parametrize("kernel, stride", [(5, 3), (3, 2), (4, 4), (7, 1)])
def test_ok__eyes_see_the_mark_alone_where_it_is(kernel: int, stride: int) -> None:
    rng = np.random.default_rng(2)
    network = Neighbourhood.new(17, rng)
    first = Conv2D(2, 6, kernel, stride=stride, rng=rng)
    first.parameters[1][...] = rng.standard_normal(6)
    high, wide, channels = first.output_shape(network.eyes.input_shape)
    layers = [first, ReLU(), Flatten(), Dense(high * wide * channels, 64, rng=rng)]
    network.eyes = Model(layers, network.eyes.input_shape)
    surroundings, patches, features = inputs(3)
    scores = network.forward(as_windows(surroundings, patches), features)
    assert np.allclose(network.predict(surroundings, patches, features), softmax(scores), atol=1e-5)


def test_ok__gradients_are_those_of_central_differences() -> None:
    network = Neighbourhood.new(17, np.random.default_rng(2))
    surroundings, patches, features = inputs(6)
    x, labels = as_windows(surroundings, patches), np.array([0, 3, 11, 22, 23, 3])

    def loss() -> float:
        return cross_entropy(network.forward(x, features), labels)[0]

    grad = cross_entropy(network.forward(x, features, training=True), labels)[1]
    network.backward(grad.copy())
    for array, slope in zip(network.parameters, network.gradients, strict=True):
        place = np.unravel_index(np.abs(slope).argmax(), slope.shape)
        kept, step = array[place], np.float32(2e-3)
        array[place] = kept + step
        above = loss()
        array[place] = kept - step
        below = loss()
        array[place] = kept
        assert (above - below) / (2 * step) == pytest.approx(slope[place], rel=0.08, abs=2e-3)


def test_ok__the_regression_finds_what_the_data_were_made_with() -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((20_000, 2)).astype(np.float32) * [2, 5] + [1, -3]
    odds = 1.5 * (x[:, 0] - 1) / 2 - 0.5 * (x[:, 1] + 3) / 5 + 0.25
    y = rng.random(len(x)) < 1 / (1 + np.exp(-odds))
    fit = Logistic.fit(("a", "b"), x, y)
    assert fit.weights == pytest.approx([1.5, -0.5, 0.25], abs=0.08)
    assert fit(x[:5]) == pytest.approx(1 / (1 + np.exp(-odds[:5])), abs=0.02)
    assert fit(x[:0]).shape == (0,)


def test_ok__a_file_with_context_comes_back_as_it_was(tmp_path: Path) -> None:
    model = build(("conv 5x5/2 2", "dense 6"), 11, np.random.default_rng(0))
    one, path = context(), tmp_path / "w.npz"
    store.save(path, model, store.Card(), one)
    assert path.read_bytes() == (store.save(path, model, store.Card(), one), path.read_bytes())[1]
    back = store.load_all(path)
    assert back.context is not None and back.context.fits(back.model)
    some = inputs(3)
    mine = one.neighbourhood.predict(*some)
    assert np.array_equal(back.context.neighbourhood.predict(*some), mine)
    x = np.ones((2, 3), np.float32)
    assert np.array_equal(back.context.page(x), one.page(x))
    assert back.context.page.names == ("a", "b", "c")
    assert store.load(path)[1].recipe == ""  # as those read it that want the network alone


def test_ok__a_page_model_with_a_hidden_layer_comes_back_as_it_was(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    model, one = build(("conv 5x5/2 2", "dense 6"), 11, rng), context()
    hidden, weights = (rng.standard_normal(shape, np.float32) for shape in ((4, 6), 7))
    one = replace(one, page=replace(one.page, hidden=hidden, weights=weights))
    store.save(tmp_path / "w.npz", model, store.Card(), one)
    back = store.load_all(tmp_path / "w.npz").context
    assert back is not None and back.presence.hidden is None
    x = rng.standard_normal((5, 3)).astype(np.float32)
    said = one.page(x)
    assert np.ptp(said) > 0 and np.array_equal(back.page(x), said)
    z = np.clip((x - one.page.mean) / one.page.scale, -4, 4)
    odds = np.maximum(z @ hidden[:3] + hidden[3], 0) @ weights[:6] + weights[6]
    assert said == pytest.approx(1 / (1 + np.exp(-odds)), rel=1e-5)


def test_ok__a_network_for_touching_digits_comes_back_as_it_was(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    model, pairs = build(("conv 5x5/2 2", "dense 6"), 11, rng), build(("dense 5",), OUTCOMES, rng)
    pairs.temperature = 0.8
    store.save(tmp_path / "w.npz", model, store.Card(), replace(context(), touching=pairs))
    assert b'"format": 3' in np.load(tmp_path / "w.npz")["card"].tobytes()
    back = store.load_all(tmp_path / "w.npz").context
    assert back is not None and back.touching is not None
    some = rng.integers(0, 256, (4, 28, 28)).astype(np.uint8)
    assert np.array_equal(name_pairs(back.touching, some), name_pairs(pairs, some))


def test_bad__a_network_for_touching_digits_names_all_hundred(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    model, pairs = build(("dense 6",), 11, rng), build(("dense 5",), 11, rng)
    store.save(tmp_path / "w.npz", model, store.Card(), replace(context(), touching=pairs))
    with pytest.raises(BadData, match="another shape"):
        store.load_all(tmp_path / "w.npz")


def test_bad__a_network_for_touching_digits_that_overflows_is_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    model, pairs = build(("dense 6",), 11, rng), build(("dense 5",), OUTCOMES, rng)
    for array in pairs.parameters:
        array[...] = np.float32(3e38)
    store.save(tmp_path / "w.npz", model, store.Card(), replace(context(), touching=pairs))
    with pytest.raises(BadData, match="no probabilities"):
        store.load_all(tmp_path / "w.npz")


def test_ok__a_context_without_such_a_network_is_written_as_before(tmp_path: Path) -> None:
    model = build(("dense 6",), 11, np.random.default_rng(0))
    store.save(tmp_path / "w.npz", model, store.Card(), context())
    assert b'"format": 2' in np.load(tmp_path / "w.npz")["card"].tobytes()
    back = store.load_all(tmp_path / "w.npz").context
    assert back is not None and back.touching is None


def test_ok__a_network_alone_is_written_as_before(tmp_path: Path) -> None:
    model = build(("dense 6",), 11, np.random.default_rng(0))
    store.save(tmp_path / "w.npz", model, store.Card())
    assert b'"format": 1' in np.load(tmp_path / "w.npz")["card"].tobytes()
    assert store.load_all(tmp_path / "w.npz").context is None


def test_ok__a_context_stands_beside_its_own_kind_of_network_alone() -> None:
    rng = np.random.default_rng(0)
    assert context(6 + 11).fits(build(("dense 6",), 11, rng))
    assert not context(6 + 11).fits(build(("dense 6",), 10, rng))
    assert not context(6 + 11).fits(build(("dense 7",), 11, rng))


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": True},
        {"temperature": 0},
        {"eyes": {"input_shape": [56, 112, 2], "layers": []}},
        {"head": {"input_shape": [3], "layers": [{"kind": "dense", "inputs": 3, "outputs": 24}]}},
        {"page": {"names": [1, 2, 3], "threshold": 0.5}},
        {"page": {"names": ["a"], "threshold": 7}},
        {"page": {"names": ["a"], "threshold": 0.5, "hidden": True}},
        {"page": {"names": ["a"], "threshold": 0.5, "hidden": 10**9}},
        {"presence": {}},
    ],
)
def test_fail__contexts_that_make_no_sense(change: dict, tmp_path: Path) -> None:
    with pytest.raises((ValueError, KeyError)):
        Context.from_spec(context().spec | change)


def test_fail__a_file_whose_context_is_cut_short(tmp_path: Path) -> None:
    model = build(("dense 6",), 11, np.random.default_rng(0))
    path = tmp_path / "w.npz"
    store.save(path, model, store.Card(), context())
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(BadData):
        store.load_all(path)


def test_fail__a_context_that_gives_no_probabilities(tmp_path: Path) -> None:
    model, one, path = (
        build(("dense 6",), 11, np.random.default_rng(0)),
        context(),
        tmp_path / "w.npz",
    )
    page = replace(one.page, mean=0 * one.page.mean, scale=0 * one.page.scale)
    store.save(path, model, store.Card(), replace(one, page=page))
    with pytest.raises(BadData, match="no probabilities"):
        store.load_all(path)
    wide = replace(
        one, neighbourhood=Neighbourhood(one.neighbourhood.eyes, context(6).neighbourhood.head)
    )
    wide.neighbourhood.head.layers[0].parameters[0][...] = np.float32(3e38)
    wide.neighbourhood.head.layers[0].parameters[1][...] = np.float32(3e38)
    store.save(path, model, store.Card(), wide)
    with pytest.raises(BadData, match="no probabilities"):
        store.load_all(path)
