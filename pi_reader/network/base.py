"""The base class of all layers, and the buffers that they reuse.

The C library maps every large array afresh and unmaps it when freed; the page faults take as much
time as the arithmetic itself. So each layer keeps its buffers.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Shape = tuple[int, ...]

_MOST_VIEWS = 200  # of buffers that are kept: batches may have any size


class Scratch:
    """Named float32 buffers that are reused by the next call.

    A returned array is valid until the next call with the same name. It is zeros at first, and
    later keeps what was last written: with the same name and the same sizes after the first axis,
    every number stays where it was, even if the first size, the batch, changes.
    """

    def __init__(self) -> None:
        self._blocks: dict[str, Array] = {}
        self._views: dict[tuple[str, Shape], Array] = {}

    def take(self, name: str, *shape: int) -> Array:
        """An array of this shape, with whatever is in it; the buffer behind it only ever grows."""
        view = self._views.get((name, shape))
        if view is None:
            if len(self._views) >= _MOST_VIEWS:
                self._views.clear()
            size = volume(shape)
            block = self._blocks.get(name)
            if block is None or len(block) < size:
                self._views.clear()
                block = self._blocks[name] = np.zeros(size, np.float32)
            view = self._views[name, shape] = block[:size].reshape(shape)
        return view


class Layer:
    """One layer of a network: forward pass, backward pass, and a description.

    parameters: the float32 arrays that training updates, always in place.
    gradients: the same shapes in the same order, filled by `backward`.
    statistics: float32 arrays that follow the data rather than the gradient, as running means.
    """

    kind: ClassVar[str]

    def __init__(self) -> None:
        self.parameters: list[Array] = []
        self.gradients: list[Array] = []
        self.statistics: list[Array] = []
        self._scratch = Scratch()

    def forward(self, x: Array, training: bool = False) -> Array:
        """The output for a batch `x`, which must not be modified until `backward` has returned."""
        raise NotImplementedError

    def backward(self, grad: Array, need_input: bool = True) -> Array:
        """Turn the gradient with respect to the output into that with respect to the input.

        Also fills `gradients`. May overwrite `grad`. With `need_input=False` the result may be
        left out, as for the first layer.
        """
        raise NotImplementedError

    def output_shape(self, shape: Shape) -> Shape:
        """The output shape for one sample of `shape`; ValueError if that shape does not fit."""
        return shape

    def multiply_adds(self, shape: Shape) -> int:
        """Multiply-accumulate operations for one sample of `shape`."""
        return 0

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments, fit for JSON."""
        return {}

    def describe(self) -> dict[str, Any]:
        """All that is needed to rebuild the layer except its parameters, fit for JSON."""
        return {"kind": self.kind, **self.settings()}

    def twin(self, same_memory: bool = False) -> Layer:
        """A layer that shares the parameters but has its own gradients and buffers.

        With `same_memory` it shares the buffers, too: only one of the two may run at a time.
        """
        other = type(self)(**self.settings())
        other.parameters = self.parameters
        if same_memory:
            other._scratch = self._scratch
        return other

    def _learns(self, *parameters: Array) -> None:
        """Set the parameters; their gradients start at zero."""
        self.parameters = list(parameters)
        self.gradients = [np.zeros(array.shape, np.float32) for array in parameters]


def volume(shape: Shape) -> int:
    """How many numbers an array of this shape holds."""
    return math.prod(shape)


def he_normal(shape: Shape, inputs: int, rng: np.random.Generator | None) -> Array:
    """He initialisation, which preserves the variance through ReLU: N(0, 2 / inputs), float32.

    He et al. (2015), "Delving Deep into Rectifiers". Without `rng`: zeros, to be filled later.
    """
    if rng is None:
        return np.zeros(shape, np.float32)
    return rng.standard_normal(shape, np.float32) * np.float32((2.0 / inputs) ** 0.5)


def tiled(values: Array, times: int) -> Array:
    """(channels,) numbers repeated for a row of `times` pixels: (times * channels,).

    NumPy adds or multiplies long runs much faster than many runs of a few channels.
    """
    return values[None].repeat(times, axis=0).reshape(-1)


def channel_sums(x: Array, other: Array | None = None) -> Array:
    """Sum of `x`, or of `x * other`, over everything but the channels, which are the last axis.

    Both (n, height, width, channels) or (n, channels); returns (channels,) float32.
    """
    channels = x.shape[-1]
    rows = in_rows(x)
    if other is None:
        sums = np.dot(np.ones(len(rows), np.float32), rows)  # faster than a sum over the rows
    else:
        sums = np.einsum("ij,ij->j", rows, in_rows(other))  # never stores the product
    total: Array = sums.reshape(-1, channels).sum(axis=0)
    return total


def in_rows(x: Array) -> Array:
    """A view with one row of pixels in each row: (n * height, width * channels)."""
    return x.reshape(-1, volume(x.shape[-2:])) if x.ndim > 2 else x
