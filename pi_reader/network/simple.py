"""The plain layers: full links, the two steps that bend, and the ones that only rearrange."""

from __future__ import annotations

from typing import Any

import numpy as np

from pi_reader.network.base import Array, Layer, Shape, he_normal, volume


class Dense(Layer):
    """Every input is linked to every output: `y = x @ weights + bias`.

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
        """One for each link."""
        return self.inputs * self.outputs

    def settings(self) -> dict[str, Any]:
        """Sizes, and whether there is a bias."""
        return {"inputs": self.inputs, "outputs": self.outputs, "bias": self.bias}


class ReLU(Layer):
    """Lets positive numbers through and stops the others: `max(x, 0)`, in place."""

    kind = "relu"

    def forward(self, x: Array, training: bool = False) -> Array:
        """Same shape in and out, any shape."""
        self._y = np.maximum(x, np.float32(0), out=x)
        return self._y

    def backward(self, grad: Array, need_input: bool = True) -> Array:
        """Nothing flows back where nothing came through."""
        return np.multiply(grad, self._y > 0, out=grad)


class Sigmoid(Layer):
    """The soft step of the lecture: `1 / (1 + exp(-x))`, from 0 to 1, in place."""

    kind = "sigmoid"

    def forward(self, x: Array, training: bool = False) -> Array:
        """Same shape in and out, any shape."""
        self._y = sigmoid(x)
        return self._y

    def backward(self, grad: Array, need_input: bool = True) -> Array:
        """The slope is `y * (1 - y)`."""
        grad *= self._y
        grad *= np.float32(1) - self._y
        return grad


class Flatten(Layer):
    """Lays a picture out as one long row."""

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
    """Moves the inputs into another range: `x * scale + offset`.

    The lecture's network wants 0.01..1.0, since an input of zero teaches its links nothing.
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
        """The slope is the scale."""
        grad *= np.float32(self.scale)
        return grad

    def settings(self) -> dict[str, Any]:
        """Both numbers."""
        return {"scale": self.scale, "offset": self.offset}


def sigmoid(x: Array) -> Array:
    """`1 / (1 + exp(-x))`, written over `x`.

    Computed as `(tanh(x / 2) + 1) / 2`, which is the same and cannot overflow.
    """
    half = np.float32(0.5)
    x *= half
    np.tanh(x, out=x)
    x += np.float32(1)
    x *= half
    return x
