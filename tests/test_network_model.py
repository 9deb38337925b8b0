"""The network as a whole: it learns, predicts in blocks, folds, and works in halves."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pi_reader.network.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    ReLU,
    Rescale,
    Sigmoid,
)
from pi_reader.network.loss import cross_entropy, softmax, squared_error
from pi_reader.network.model import Model
from pi_reader.network.shards import Shards
from pi_reader.training.networks import build as build_network


def small_model(seed: int = 1, norm: bool = False) -> Model:
    rng = np.random.default_rng(seed)
    return Model(
        [
            Conv2D(1, 4, 3, stride=2, padding=1, bias=not norm, rng=rng),
            *([BatchNorm(4)] if norm else []),
            ReLU(),
            MaxPool2D(),
            Conv2D(4, 6, 3, bias=not norm, rng=rng),
            *([BatchNorm(6)] if norm else []),
            ReLU(),
            Flatten(),
            Dense(150, 10, rng=rng),
        ]
    )


def patches(count: int, seed: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 28, 28)).astype(np.uint8)


def inputs(count: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 28, 28, 1), np.float32)


@pytest.mark.parametrize("count", [0, 1, 25, 32, 33, 100])
def test_predict_gives_probabilities_for_any_number_of_patches(count):
    model = small_model()
    p = model.predict(patches(count))
    assert p.shape == (count, 10)
    assert p.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    scaled = patches(count).astype(np.float32).reshape(-1, 28, 28, 1) / np.float32(255)
    np.testing.assert_allclose(p, softmax(model.forward(scaled)), rtol=1e-3, atol=1e-5)


def test_a_prediction_is_the_callers_and_does_not_depend_on_its_neighbours():
    model = small_model()
    together = model.predict(patches(40))
    kept = together.copy()
    alone = np.concatenate([model.predict(patches(40)[i : i + 1]) for i in range(40)])
    np.testing.assert_array_equal(together, kept)
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(model.predict(patches(40)[::-1]), together[::-1], atol=1e-5)


def test_temperature_makes_less_sure_without_another_answer():
    model = small_model()
    sure = model.predict(patches(20))
    model.temperature = 3.0
    cool = model.predict(patches(20))
    assert cool.dtype == np.float32
    np.testing.assert_array_equal(sure.argmax(axis=1), cool.argmax(axis=1))
    assert (cool.max(axis=1) < sure.max(axis=1)).all()
    root = np.cbrt(sure)
    np.testing.assert_allclose(cool, root / root.sum(axis=1, keepdims=True), rtol=1e-3)


def test_a_network_that_ends_in_sigmoids_gives_its_odds():
    rng = np.random.default_rng(4)
    model = Model([Rescale(0.99, 0.01), Flatten(), Dense(784, 10, bias=False, rng=rng), Sigmoid()])
    scaled = patches(5).astype(np.float32).reshape(-1, 28, 28, 1) / np.float32(255)
    y = model.forward(scaled).astype(np.float64)
    odds = y / (1 - y)
    expected = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(patches(5)), expected, rtol=1e-3, atol=1e-6)


def test_one_step_worked_by_hand():
    first, second = Dense(2, 2), Dense(2, 2, bias=False)
    first.parameters[0][...] = [[1, 0], [0, -1]]
    first.parameters[1][...] = [0, 1]
    second.parameters[0][...] = [[2, 0], [1, 1]]
    model = Model([first, ReLU(), second], input_shape=(2,))
    x = np.array([[1, 3]], np.float32)
    # first: [1, -3 + 1] = [1, -2]; relu: [1, 0]; second: [2, 0]
    y = model.forward(x, training=True)
    np.testing.assert_array_equal(y, [[2, 0]])
    loss, grad = squared_error(y, np.array([[1, 1]], np.float32))
    assert loss == 1.0  # half of 1 + 1
    model.backward(grad)  # grad [1, -1]
    by_weights, by_bias, by_second = model.gradients
    np.testing.assert_array_equal(by_second, [[1, -1], [0, 0]])
    np.testing.assert_array_equal(by_bias, [2, 0])  # [1, -1] @ [[2, 1], [0, 1]], relu stops one
    np.testing.assert_array_equal(by_weights, [[2, 0], [6, 0]])


def test_gradients_of_a_whole_network_are_what_differences_measure():
    rng = np.random.default_rng(4)
    layers = [
        Conv2D(1, 4, 3, stride=2, padding=1, bias=False, rng=rng),
        BatchNorm(4),
        Sigmoid(),  # smooth, so that a difference is a slope
        Conv2D(4, 6, 5, stride=3, rng=rng),
        Sigmoid(),
        Flatten(),
        Dense(96, 10, rng=rng),
    ]
    model = Model(layers)
    x, labels = inputs(6), np.arange(6)

    def loss() -> float:
        return cross_entropy(model.forward(x, training=True), labels, 0.1)[0]

    _, grad = cross_entropy(model.forward(x, training=True), labels, 0.1)
    model.backward(grad)
    analytic = [array.copy() for array in model.gradients]
    for array, gradient in zip(model.parameters, analytic, strict=True):
        direction = rng.normal(size=array.shape).astype(np.float32)
        direction /= np.linalg.norm(direction)
        kept, step = array.copy(), np.float32(1e-2)
        array += step * direction
        up = loss()
        array[...] = kept - step * direction
        down = loss()
        array[...] = kept
        measured = (up - down) / (2 * float(step))
        assert float(np.vdot(gradient, direction)) == pytest.approx(measured, rel=0.02, abs=1e-4)


@pytest.mark.parametrize("norm", [False, True])
def test_it_learns_a_tiny_set_by_heart(norm):
    model = small_model(norm=norm)
    x, labels = inputs(16), np.arange(16) % 10
    for _ in range(150):
        loss, grad = cross_entropy(model.forward(x, training=True), labels)
        model.backward(grad)
        for array, gradient in zip(model.parameters, model.gradients, strict=True):
            array -= np.float32(0.1) * gradient
            assert gradient.dtype == np.float32
    assert loss < 0.1
    assert (model.forward(x, training=True).argmax(axis=1) == labels).all()


def test_folding_changes_nothing_but_the_price():
    model = small_model(norm=True)
    for seed in range(30):
        model.forward(inputs(16, seed), training=True)
    for layer in model.layers:
        if isinstance(layer, BatchNorm):
            layer.parameters[0][...] = np.linspace(0.5, 2, layer.channels)
            layer.parameters[1][...] = np.linspace(-1, 1, layer.channels)
    folded = model.folded()
    assert not any(isinstance(layer, BatchNorm) for layer in folded.layers)
    assert not any(layer.statistics for layer in folded.layers)
    np.testing.assert_allclose(folded.predict(patches(9)), model.predict(patches(9)), atol=1e-5)
    assert all(array.dtype == np.float32 for array in folded.parameters)
    assert folded.multiply_adds == model.multiply_adds
    before = model.state[0].copy()
    folded.parameters[0][...] = 0
    np.testing.assert_array_equal(model.state[0], before)


def test_fail__normalisation_with_nothing_to_fold_into():
    model = Model([BatchNorm(1), Flatten(), Dense(784, 10)])
    with pytest.raises(ValueError, match="fold"):
        model.folded()


def test_a_description_rebuilds_the_network_and_a_copy_its_numbers():
    model = small_model(norm=True)
    model.forward(inputs(4), training=True)
    spec = json.loads(json.dumps(model.spec))
    assert Model.from_spec(spec).spec == model.spec
    copy = model.copy()
    for mine, theirs in zip(model.state, copy.state, strict=True):
        np.testing.assert_array_equal(mine, theirs)
        assert not np.shares_memory(mine, theirs)


def test_the_table_says_what_each_layer_costs():
    model = small_model()
    table = repr(model)
    assert "conv2d 3×3, stride 2" in table
    assert "14×14×4" in table
    # 14 * 14 * 9 * 4 + 5 * 5 * 36 * 6 + 1500
    assert model.multiply_adds == 7056 + 5400 + 1500
    assert "13,956" in table
    assert f"{40 + 222 + 1510:,}" in table
    assert len({len(line) for line in table.splitlines()}) == 1


def test_fail__layers_that_do_not_fit_each_other():
    with pytest.raises(ValueError, match="given"):
        Model([Flatten(), Dense(783, 10)])
    with pytest.raises(ValueError, match="one row of outcomes"):
        Model([Conv2D(1, 10, 3)])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_shards_find_the_gradient_of_the_whole_batch(count):
    x, labels = inputs(17), np.arange(17) % 10
    whole = small_model()
    loss, grad = cross_entropy(whole.forward(x, training=True), labels)
    whole.backward(grad)
    model = small_model()
    with Shards(model, count) as shards:
        for _ in range(2):  # nothing is left over from the batch before
            assert shards.gradient(x, labels) == pytest.approx(loss, rel=1e-4)
    for mine, theirs in zip(model.gradients, whole.gradients, strict=True):
        assert mine.dtype == np.float32
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-6)


def test_shards_are_the_same_to_the_last_bit_and_share_what_they_learn():
    runs = []
    for _ in range(2):
        model = small_model(norm=True)
        with Shards(model) as shards:
            for seed in range(5):
                shards.gradient(inputs(33, seed), np.arange(33) % 10)
                for array, gradient in zip(model.parameters, model.gradients, strict=True):
                    array -= np.float32(0.05) * gradient
        shards.close()
        runs.append([array.tobytes() for array in model.state])
    assert runs[0] == runs[1]


def test_one_core_finds_the_same_to_the_last_bit(monkeypatch):
    runs = []
    for cores in ({0, 1}, {0}):
        monkeypatch.setattr("os.sched_getaffinity", lambda process, cores=cores: cores)
        model = small_model(norm=True)
        with Shards(model, 3) as shards:
            for seed in range(3):
                loss = shards.gradient(inputs(33, seed), np.arange(33) % 10)
        arrays = model.state + model.gradients
        runs.append([loss, *(array.tobytes() for array in arrays)])
    assert runs[0] == runs[1]


def test_shards_take_a_batch_smaller_than_their_number():
    model = small_model()
    with Shards(model, 2) as shards:
        shards.gradient(inputs(8), np.arange(8))
        loss = shards.gradient(inputs(1), np.arange(1))
    again = small_model()
    expected, grad = cross_entropy(again.forward(inputs(1), training=True), np.arange(1))
    again.backward(grad)
    assert loss == pytest.approx(expected)
    for mine, theirs in zip(model.gradients, again.gradients, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_hidden__and_conclude_are_predict_in_two_steps() -> None:
    model = build_network(("conv 5x5/2 4", "dense 6"), 11, np.random.default_rng(0))
    model.temperature = 0.7
    patches = np.random.default_rng(1).integers(0, 256, (70, 28, 28), np.uint8)
    hidden = model.hidden(patches)
    assert hidden.shape == (70, 6) and (hidden >= 0).all()
    assert np.array_equal(model.conclude(hidden), model.predict(patches))
    assert model.hidden(patches[:0]).shape == (0, 6)
