"""Each layer: a worked example by hand, gradients against differences, float32 throughout."""

from __future__ import annotations

import numpy as np
import pytest

from pi_reader.network.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    Layer,
    MaxPool2D,
    ReLU,
    Rescale,
    Sigmoid,
    build,
)
from pi_reader.network.loss import cross_entropy, one_hot, softmax, squared_error

LAYERS = {
    "dense": lambda rng: (Dense(5, 4, rng=rng), (5,)),
    "dense without bias": lambda rng: (Dense(5, 4, bias=False, rng=rng), (5,)),
    "conv 3×3": lambda rng: (Conv2D(2, 3, 3, padding=1, rng=rng), (5, 6, 2)),
    "conv 3×3, one channel": lambda rng: (Conv2D(1, 3, 3, padding=1, rng=rng), (6, 5, 1)),
    "conv 5×5, stride 2": lambda rng: (Conv2D(2, 3, 5, stride=2, rng=rng), (9, 8, 2)),
    "conv 3×3, stride 2, padded": lambda rng: (Conv2D(3, 2, 3, 2, 1, rng=rng), (7, 8, 3)),
    "conv 2×2, stride 3": lambda rng: (Conv2D(2, 2, 2, 3, rng=rng), (7, 8, 2)),
    "conv 1×1": lambda rng: (Conv2D(3, 2, 1, bias=False, rng=rng), (4, 4, 3)),
    "conv as large as its input": lambda rng: (Conv2D(2, 4, 3, rng=rng), (3, 3, 2)),
    "relu": lambda rng: (ReLU(), (6,)),
    "sigmoid": lambda rng: (Sigmoid(), (6,)),
    "flatten": lambda rng: (Flatten(), (2, 3, 2)),
    "rescale": lambda rng: (Rescale(0.99, 0.01), (3, 2)),
    "pooling": lambda rng: (MaxPool2D(), (4, 6, 3)),
    "pooling, odd": lambda rng: (MaxPool2D(), (5, 5, 2)),
    "normalised picture": lambda rng: (BatchNorm(3), (4, 5, 3)),
    "normalised vector": lambda rng: (BatchNorm(6), (6,)),
}


def spaced(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers around zero no two of which are close: no kink of ReLU or maximum within a step."""
    count = int(np.prod(shape))
    values = (np.arange(count) - count / 2 + 0.5) * (4.0 / count)
    return rng.permutation(values).astype(np.float32).reshape(shape)


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_are_what_central_differences_measure(name):
    rng = np.random.default_rng(3)
    layer, shape = LAYERS[name](rng)
    for array in layer.parameters:
        array += rng.normal(0, 0.2, array.shape).astype(np.float32)
    x = spaced(rng, 4, *shape)
    direction = rng.normal(size=(4, *layer.output_shape(shape))).astype(np.float32)

    def loss() -> float:
        y = layer.forward(x.copy(), training=True)
        return float(np.vdot(y.astype(np.float64), direction))

    loss()
    by_input = layer.backward(direction.copy()).copy()
    analytic = [by_input, *[array.copy() for array in layer.gradients]]
    for array, gradient in zip([x, *layer.parameters], analytic, strict=True):
        assert gradient.dtype == np.float32
        assert gradient.shape == array.shape
        measured = np.empty_like(gradient)
        for place in np.ndindex(array.shape):
            old, step = array[place], np.float32(4e-3)
            array[place] = old + step
            up = loss()
            array[place] = old - step
            down = loss()
            array[place] = old
            measured[place] = (up - down) / (2 * step)
        np.testing.assert_allclose(gradient, measured, rtol=5e-3, atol=5e-3)


@pytest.mark.parametrize("name", LAYERS)
def test_shapes_types_batches_of_any_size_and_the_way_through_a_description(name):
    rng = np.random.default_rng(4)
    layer, shape = LAYERS[name](rng)
    again = build(layer.describe())
    assert type(again) is type(layer)
    assert [a.shape for a in again.parameters] == [a.shape for a in layer.parameters]
    for mine, theirs in zip(layer.parameters, again.parameters, strict=True):
        theirs[...] = mine
    for count in (1, 40, 3, 0):
        x = rng.normal(size=(count, *shape)).astype(np.float32)
        y = layer.forward(x.copy())
        assert y.shape == (count, *layer.output_shape(shape))
        assert y.dtype == np.float32
        np.testing.assert_array_equal(y, again.forward(x.copy()))
    assert all(a.dtype == np.float32 for a in layer.parameters + layer.gradients)
    assert all(a.dtype == np.float32 for a in layer.statistics)


def test_dense_by_hand():
    layer = Dense(2, 3)
    layer.parameters[0][...] = [[1, 2, 3], [4, 5, 6]]
    layer.parameters[1][...] = [0.5, 0, -1]
    x = np.array([[1, 10], [2, 0]], np.float32)
    np.testing.assert_array_equal(layer.forward(x), [[41.5, 52, 62], [2.5, 4, 5]])
    by_input = layer.backward(np.array([[1, 0, 0], [0, 1, 1]], np.float32))
    np.testing.assert_array_equal(by_input, [[1, 4], [5, 11]])
    np.testing.assert_array_equal(layer.gradients[0], [[1, 2, 2], [10, 0, 0]])
    np.testing.assert_array_equal(layer.gradients[1], [1, 1, 1])


def test_convolution_by_hand():
    layer = Conv2D(1, 1, kernel=2)
    layer.parameters[0][:, 0] = [1, 2, 3, 4]  # 1 2 over 3 4
    layer.parameters[1][...] = 0.5
    picture = np.array([[1, 0, 2], [0, 1, 0], [3, 0, 1]], np.float32).reshape(1, 3, 3, 1)
    y = layer.forward(picture)
    np.testing.assert_array_equal(y[0, :, :, 0], [[5.5, 7.5], [11.5, 5.5]])
    by_input = layer.backward(np.array([[1, 0], [0, 1]], np.float32).reshape(1, 2, 2, 1))
    np.testing.assert_array_equal(by_input[0, :, :, 0], [[1, 2, 0], [3, 5, 2], [0, 3, 4]])
    np.testing.assert_array_equal(layer.gradients[0][:, 0], [2, 0, 0, 2])
    np.testing.assert_array_equal(layer.gradients[1], [2])


def test_convolution_is_what_its_definition_says():
    rng = np.random.default_rng(5)
    layer = Conv2D(3, 4, kernel=3, stride=2, padding=1, rng=rng)
    x = rng.normal(size=(2, 7, 6, 3)).astype(np.float32)
    kernel = layer.parameters[0].reshape(3, 3, 3, 4)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    expected = np.empty((2, 4, 3, 4))
    for row in range(4):
        for column in range(3):
            window = padded[:, 2 * row : 2 * row + 3, 2 * column : 2 * column + 3]
            expected[:, row, column] = np.einsum("nijc,ijco->no", window, kernel)
    np.testing.assert_allclose(layer.forward(x), expected, rtol=1e-4, atol=1e-5)


def test_a_channel_added_by_newaxis_is_a_channel_like_any_other():
    flat = np.random.default_rng(5).random((3, 9, 9), np.float32)
    layer = Conv2D(1, 4, 3, rng=np.random.default_rng(6))
    expected = layer.forward(flat.reshape(3, 9, 9, 1).copy()).copy()
    np.testing.assert_array_equal(layer.forward(flat[..., None]), expected)


def test_the_border_stays_empty_when_batches_of_other_sizes_pass():
    rng = np.random.default_rng(6)
    layer = Conv2D(2, 3, padding=1, rng=rng)
    x = rng.normal(size=(50, 6, 6, 2)).astype(np.float32)
    alone = np.concatenate([layer.forward(x[i : i + 1]).copy() for i in range(50)])
    np.testing.assert_allclose(layer.forward(x), alone, rtol=1e-5, atol=1e-5)
    layer.forward(rng.normal(size=(3, 9, 4, 2)).astype(np.float32))
    np.testing.assert_allclose(layer.forward(x), alone, rtol=1e-5, atol=1e-5)


def test_pooling_gives_the_gradient_to_one_of_equals():
    layer = MaxPool2D()
    y = layer.forward(np.ones((1, 2, 2, 1), np.float32))
    assert y.ravel() == [1]
    by_input = layer.backward(np.full((1, 1, 1, 1), 3, np.float32))
    np.testing.assert_array_equal(by_input.ravel(), [3, 0, 0, 0])


def test_normalisation_by_hand_and_its_averages():
    layer = BatchNorm(2, momentum=0.5)
    x = np.array([[1, 10], [3, 30]], np.float32)  # means 2 and 20, variances 1 and 100
    np.testing.assert_allclose(layer.forward(x, training=True), [[-1, -1], [1, 1]], atol=1e-4)
    np.testing.assert_allclose(layer.statistics[0], [1, 10])
    np.testing.assert_allclose(layer.statistics[1], [1.5, 100.5])  # of all: 2 and 200
    scale, shift = layer.as_affine()
    np.testing.assert_allclose(layer.forward(x), x * scale + shift, rtol=1e-5)


def test_sigmoid_knows_its_limits():
    y = Sigmoid().forward(np.array([[-1e30, -2, 0, 2, 1e30]], np.float32))
    np.testing.assert_allclose(y, [[0, 0.11920292, 0.5, 0.88079708, 1]], rtol=1e-5, atol=1e-7)


def test_weights_start_with_the_variance_of_he():
    weights = Conv2D(16, 256, 3, rng=np.random.default_rng(7)).parameters[0]
    assert weights.std() == pytest.approx((2 / 144) ** 0.5, rel=0.02)
    assert abs(weights.mean()) < 0.002
    same = Conv2D(16, 256, 3, rng=np.random.default_rng(7)).parameters[0]
    np.testing.assert_array_equal(weights, same)


def test_a_twin_learns_with_the_same_parameters_but_keeps_its_own_gradients():
    layer = Dense(2, 2, rng=np.random.default_rng(8))
    twin: Layer = layer.twin()
    assert twin.parameters[0] is layer.parameters[0]
    twin.forward(np.ones((1, 2), np.float32))
    twin.backward(np.ones((1, 2), np.float32))
    assert twin.gradients[0].any()
    assert not layer.gradients[0].any()


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Dense(3, 2), (4,)),
        (Dense(4, 2), (2, 2)),
        (Conv2D(2, 2), (5, 5, 3)),
        (Conv2D(2, 2, kernel=5), (4, 9, 2)),
        (Conv2D(2, 2), (5, 2)),
        (MaxPool2D(), (1, 4, 2)),
        (BatchNorm(3), (4, 4, 2)),
    ],
)
def test_fail__shapes_that_do_not_fit(layer, shape):
    with pytest.raises(ValueError, match="given"):
        layer.output_shape(shape)


@pytest.mark.parametrize(
    "description",
    [
        {"kind": "attention"},
        {},
        {"kind": "dense", "inputs": 3},
        {"kind": "relu", "slope": 1},
        {"kind": "dense", "inputs": -3, "outputs": 2},
        {"kind": "dense", "inputs": "3", "outputs": 2},
        {"kind": "dense", "inputs": 1 << 40, "outputs": 2},
        {"kind": "conv2d", "inputs": 1, "outputs": 2, "stride": 0},
        {"kind": "rescale", "scale": "much", "offset": 0},
        {"kind": ["dense"]},
    ],
)
def test_fail__descriptions_of_no_layer(description):
    with pytest.raises(ValueError, match="layer"):
        build(description)


def test_softmax_and_cross_entropy_by_hand():
    logits = np.log(np.array([[1, 2, 1], [2, 2, 4]], np.float32)) + np.float32(300)
    np.testing.assert_allclose(softmax(logits), [[0.25, 0.5, 0.25], [0.25, 0.25, 0.5]], rtol=1e-4)
    loss, grad = cross_entropy(logits, np.array([1, 0], np.uint8))
    assert loss == pytest.approx((np.log(2) + np.log(4)) / 2, rel=1e-4)
    expected = [[0.125, -0.25, 0.125], [-0.375, 0.125, 0.25]]
    np.testing.assert_allclose(grad, expected, rtol=1e-4)
    assert grad.dtype == np.float32


def test_smoothing_spreads_a_share_over_all_outcomes():
    np.testing.assert_allclose(one_hot(np.array([2]), 4, 0.2), [[0.05, 0.05, 0.85, 0.05]])
    logits = np.random.default_rng(9).normal(size=(5, 4)).astype(np.float32)
    labels = np.array([0, 1, 2, 3, 0])
    smooth = cross_entropy(logits, labels, 0.2)
    spelled = cross_entropy(logits, one_hot(labels, 4, 0.2))
    assert smooth[0] == spelled[0]
    np.testing.assert_array_equal(smooth[1], spelled[1])


def test_squared_error_by_hand():
    outputs = np.array([[1, 0], [0, 3]], np.float32)
    loss, grad = squared_error(outputs, np.array([[0, 0], [0, 1]], np.float32))
    assert loss == pytest.approx((0.5 + 2) / 2)
    np.testing.assert_array_equal(grad, [[0.5, 0], [0, 1]])
    assert grad.dtype == np.float32
