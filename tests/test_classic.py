"""The lecture's network: one step by hand, what it learns, and what it has in mind."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.network.classic import ClassicNetwork, make_targets, scale_inputs
from pi_reader.network.store import Card, load, save


def network(seed: int = 1, rate: float = 0.1) -> ClassicNetwork:
    return ClassicNetwork(784, 40, 10, rate, np.random.default_rng(seed))


def blots() -> tuple[np.ndarray, np.ndarray]:
    """Ten patches, each with its own square of ink, and their labels."""
    patches = np.zeros((10, 28, 28), np.uint8)
    for label in range(10):
        row, column = divmod(label, 4)
        patches[label, 8 * row + 2 : 8 * row + 8, 7 * column : 7 * column + 6] = 255
    return patches, np.arange(10)


def test_one_step_by_hand():
    # The example of the lecture's slides, with numbers small enough for a pocket calculator.
    net = ClassicNetwork(2, 2, 1, 0.5, np.random.default_rng(0))
    net.input_to_hidden[...] = [[1.0, 2.0], [-1.0, 0.5]]
    net.hidden_to_output[...] = [[2.0, -3.0]]
    net.train(np.array([1.0, 0.5], np.float32), np.array([0.99], np.float32))

    h1, h2 = 1 / (1 + np.exp(-2.0)), 1 / (1 + np.exp(0.75))  # 1 + 1, and -1 + 0.25
    out = 1 / (1 + np.exp(-(2 * h1 - 3 * h2)))
    error = 0.99 - out
    e1, e2 = 2 * error, -3 * error  # by the links as they were before the step
    slope = 0.5 * error * out * (1 - out)
    expected = [[2 + slope * h1, -3 + slope * h2]]
    np.testing.assert_allclose(net.hidden_to_output, expected, rtol=1e-5)
    s1, s2 = 0.5 * e1 * h1 * (1 - h1), 0.5 * e2 * h2 * (1 - h2)
    expected = [[1 + s1, 2 + s1 * 0.5], [-1 + s2, 0.5 + s2 * 0.5]]
    np.testing.assert_allclose(net.input_to_hidden, expected, rtol=1e-5)


def test_its_steps_go_down_slopes_that_the_layers_know():
    # The last links follow the squared error. The first follow the errors split along the links,
    # without the slope of the last sigmoid: that is the slope of the cross entropy.
    net = network(rate=1.0)
    model = net.to_model()
    old = [array.copy() for array in model.parameters]
    patch = np.random.default_rng(2).integers(0, 256, (1, 28, 28)).astype(np.uint8)
    targets = make_targets(np.array([3]))
    x = patch.reshape(1, 28, 28, 1).astype(np.float32) / np.float32(255)
    net.train(scale_inputs(patch)[0], targets[0])
    new = net.to_model().parameters

    y = model.forward(x, training=True).copy()
    model.backward(y - targets)
    by_squared_error = model.gradients[1].copy()
    np.testing.assert_allclose(new[1] - old[1], -by_squared_error, rtol=1e-3, atol=1e-6)
    model.forward(x, training=True)
    model.backward((y - targets) / (y * (1 - y)))
    by_cross_entropy = model.gradients[0]
    np.testing.assert_allclose(new[0] - old[0], -by_cross_entropy, rtol=1e-3, atol=1e-6)


def test_weights_start_as_in_the_lecture():
    net = ClassicNetwork(784, 200, 10, 0.1, np.random.default_rng(3))
    assert net.input_to_hidden.shape == (200, 784)
    assert net.hidden_to_output.shape == (10, 200)
    assert net.input_to_hidden.std() == pytest.approx(784**-0.5, rel=0.02)
    assert net.hidden_to_output.std() == pytest.approx(200**-0.5, rel=0.05)


def test_inputs_and_targets_are_scaled_as_in_the_lecture():
    patches = np.array([0, 51, 255], np.uint8).reshape(3, 1, 1) * np.ones((28, 28), np.uint8)
    inputs = scale_inputs(patches)
    assert inputs.shape == (3, 784)
    np.testing.assert_allclose(inputs[:, 0], [0.01, 0.208, 1.0], rtol=1e-6)
    targets = make_targets(np.array([2, 0], np.uint8), 3)
    np.testing.assert_allclose(targets, [[0.01, 0.01, 0.99], [0.99, 0.01, 0.01]])
    assert scale_inputs(patches[:0]).shape == (0, 784)


def test_it_learns_and_has_in_mind_what_it_learned():
    net = network(rate=0.3)
    patches, labels = blots()
    for _ in range(60):
        net.train_patches(patches, labels)
    answers = net.query(scale_inputs(patches))
    assert (answers.argmax(axis=1) == labels).all()
    assert net.query(scale_inputs(patches)[4]).argmax() == 4
    for label in labels:
        picture = net.backquery(int(label)).reshape(28, 28)
        assert picture.min() == pytest.approx(0.01)
        assert picture.max() == pytest.approx(0.99)
        ink = patches[label] > 0
        assert picture[ink].mean() > picture[~ink].mean() + 0.1


def test_everything_stays_float32():
    net = network()
    patches, labels = blots()
    net.train_patches(patches, labels)
    inputs, targets = scale_inputs(patches), make_targets(labels)
    answers = net.query(inputs)
    found = [net.input_to_hidden, net.hidden_to_output, inputs, targets, answers]
    found += [net.query(inputs[0]), net.backquery(3), *net.to_model().parameters]
    assert {array.dtype for array in found} == {np.dtype(np.float32)}


def test_nothing_overflows_with_weights_gone_wild():
    net = network()
    net.input_to_hidden *= np.float32(1e6)
    net.hidden_to_output *= np.float32(1e6)
    patches, labels = blots()
    net.train_patches(patches, labels)  # warnings are errors here
    assert np.isfinite(net.query(scale_inputs(patches))).all()


def test_a_network_that_knows_nothing_can_still_be_asked_backwards():
    net = network()
    net.hidden_to_output[...] = 0
    assert np.isfinite(net.backquery(0)).all()


def test_it_is_stored_and_reads_like_any_other(tmp_path):
    net = network(rate=0.3)
    patches, labels = blots()
    for _ in range(40):
        net.train_patches(patches, labels)
    save(tmp_path / "classic.npz", net.to_model(), Card(recipe="classic"))
    model, _ = load(tmp_path / "classic.npz")
    y = net.query(scale_inputs(patches))
    odds = y / (1 - y)
    expected = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict(patches), expected, atol=1e-5)
