"""The layers of a network, each with a forward and a backward pass.

All arrays are float32 with the batch first and the channels last: a batch of pictures is
`(n, height, width, channels)`, a batch of vectors `(n, features)`. Shapes in a layer's interface
leave the batch out. What `forward` and `backward` return lives in the layer's own buffers and is
valid until its next call; `ReLU` and `Sigmoid` overwrite their input.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pi_reader.network.base import Array, Layer, Shape, he_normal, volume
from pi_reader.network.convolution import Conv2D, MaxPool2D
from pi_reader.network.normalise import BatchNorm

__all__ = [
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Flatten",
    "Layer",
    "MaxPool2D",
    "ReLU",
    "Rescale",
    "Shape",
    "Sigmoid",
    "build",
]


class Dense(Layer):
    """A fully connected layer: `y = x @ weights + bias`.

    Weights are `(inputs, outputs)`, He-normal from `rng`; bias `(outputs,)`, zeros at first.
    """

    kind = "dense"

    def __init__(
        self,
        inputs: int,
        outputs: int,
        bias: bool = True,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__()
        self.inputs, self.outputs, self.bias = inputs, outputs, bias
        weights = he_normal((inputs, outputs), inputs, rng)
        self._learns(weights, *([np.zeros(outputs, np.float32)] if bias else []))

    def forward(self, x: Array, training: bool = False) -> Array:
        """(n, inputs) to (n, outputs)."""
        self._x = x
        y = self._scratch.take("y", len(x), self.outputs)
        np.dot(x, self.parameters[0], out=y)  # (n, outputs)
        if self.bias:
            y += self.parameters[1]
        return y

    def backward(self, grad: Array, need_input: bool = True) -> Array:
        """(n, outputs) to (n, inputs)."""
        np.dot(self._x.T, grad, out=self.gradients[0])  # (inputs, outputs)
        if self.bias:
            np.sum(grad, axis=0, out=self.gradients[1])
        if not need_input:
            return grad
        dx = self._scratch.take("dx", len(grad), self.inputs)
        return np.dot(grad, self.parameters[0].T, out=dx)  # (n, inputs)

    def output_shape(self, shape: Shape) -> Shape:
        """(inputs,) to (outputs,)."""
        if shape != (self.inputs,):
            raise ValueError(f"a dense layer for ({self.inputs},) was given {shape}")
        return (self.outputs,)

    def multiply_adds(self, shape: Shape) -> int:
        """One for each weight."""
        return self.inputs * self.outputs

    def settings(self) -> dict[str, Any]:
        """Sizes, and whether there is a bias."""
        return {"inputs": self.inputs, "outputs": self.outputs, "bias": self.bias}


class ReLU(Layer):
    """Rectified linear unit: `max(x, 0)`, in place."""

    kind = "relu"

    def forward(self, x: Array, training: bool = False) -> Array:
        """Same shape in and out, any shape."""
        zeros = self._scratch.take("zeros", *x.shape[1:])  # numpy is slow with a single one
        self._y = np.maximum(x, zeros, out=x)
        return self._y

    def backward(self, grad: Array, need_input: bool = True) -> Array:
        """The gradient is 0 where the output is 0, and unchanged elsewhere."""
        return np.multiply(grad, self._y > 0, out=grad)


class Sigmoid(Layer):
    """The lecture's activation function: `1 / (1 + exp(-x))`, from 0 to 1, in place."""

    kind = "sigmoid"

    def forward(self, x: Array, training: bool = False) -> Array:
        """Same shape in and out, any shape."""
        self._y = sigmoid(x)
        return self._y

    def backward(self, grad: Array, need_input: bool = True) -> Array:
        """The derivative is `y * (1 - y)`."""
        grad *= self._y
        grad *= np.float32(1) - self._y
        return grad


class Flatten(Layer):
    """Turns pictures into vectors."""

    kind = "flatten"

    def forward(self, x: Array, training: bool = False) -> Array:
        """(n, ...) to (n, features)."""
        self._shape = x.shape
        return x.reshape(len(x), volume(x.shape[1:]))

    def backward(self, grad: Array, need_input: bool = True) -> Array:
        """(n, features) to (n, ...)."""
        return grad.reshape(self._shape)

    def output_shape(self, shape: Shape) -> Shape:
        """(...) to (features,)."""
        return (volume(shape),)


class Rescale(Layer):
    """Rescales the inputs: `x * scale + offset`.

    The lecture's network takes 0.01..1.0, since the weights of an input of 0 are not updated.
    """

    kind = "rescale"

    def __init__(self, scale: float, offset: float) -> None:
        super().__init__()
        self.scale, self.offset = float(scale), float(offset)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Same shape in and out, any shape."""
        y = self._scratch.take("y", *x.shape)
        np.multiply(x, np.float32(self.scale), out=y)
        y += np.float32(self.offset)
        return y

    def backward(self, grad: Array, need_input: bool = True) -> Array:
        """The derivative is the scale."""
        grad *= np.float32(self.scale)
        return grad

    def settings(self) -> dict[str, Any]:
        """Both numbers."""
        return {"scale": self.scale, "offset": self.offset}


def sigmoid(x: Array) -> Array:
    """`1 / (1 + exp(-x))`, in place.

    Computed as `(tanh(x / 2) + 1) / 2`, which is the same and cannot overflow.
    """
    half = np.float32(0.5)
    x *= half
    np.tanh(x, out=x)
    x += np.float32(1)
    x *= half
    return x


_KINDS: dict[str, type[Layer]] = {
    layer.kind: layer
    for layer in (BatchNorm, Conv2D, Dense, Flatten, MaxPool2D, ReLU, Rescale, Sigmoid)
}


def build(description: Mapping[str, Any]) -> Layer:
    """Build a layer from what `describe` returned, with zeros for weights.

    Raises ValueError if the kind is unknown or a setting is invalid, so that a description from a
    file can be trusted once this has returned.
    """
    settings = dict(description)
    kind = settings.pop("kind", None)
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"unknown layer {kind!r}, known are {', '.join(sorted(_KINDS))}")
    for name, value in settings.items():
        if not _CHECKS.get(name, _is_unknown)(value):
            raise ValueError(f"a layer {kind!r} cannot have {name} = {value!r}")
    sizes = [settings.get(name, 1) for name in ("inputs", "outputs", "kernel", "kernel")]
    if math.prod(sizes) > _MOST_WEIGHTS:
        raise ValueError(f"a layer {kind!r} of more than {_MOST_WEIGHTS:,} weights")
    try:
        return _KINDS[kind](**settings)
    except TypeError as error:
        raise ValueError(f"the settings of layer {kind!r} do not fit: {error}") from error


def _is_size(value: object) -> bool:
    return type(value) is int and 0 < value < 1 << 16


def _is_padding(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 8


def _is_flag(value: object) -> bool:
    return type(value) is bool


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def _is_unknown(value: object) -> bool:
    return False


_MOST_WEIGHTS = 1 << 22  # 16 MB: twenty times what a Zero can use
_CHECKS: dict[str, Callable[[object], bool]] = {
    "bias": _is_flag,
    "channels": _is_size,
    "inputs": _is_size,
    "kernel": _is_size,
    "momentum": _is_number,
    "offset": _is_number,
    "outputs": _is_size,
    "padding": _is_padding,
    "scale": _is_number,
    "stride": _is_size,
}
