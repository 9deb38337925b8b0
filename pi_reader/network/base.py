"""What every layer is, and the work memory it keeps.

The system hands out every large block of memory afresh and takes it back at once, page by page;
that costs as much time as the arithmetic done in it. So each layer keeps its blocks.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Shape = tuple[int, ...]


class Scratch:
    """A drawer of named float32 arrays that are used again in the next call.

    What a call gets is valid until the next call with the same name. It is zeros at first, and
    later what was last written there: with the same name and the same sizes behind the first,
    every number is where it was, however the first size, the batch, changes.
    """

    def __init__(self) -> None:
        self._blocks: dict[str, Array] = {}

    def take(self, name: str, *shape: int) -> Array:
        """An array of this shape; the memory behind it only ever grows."""
        size = volume(shape)
        block = self._blocks.get(name)
        if block is None or len(block) < size:
            block = self._blocks[name] = np.zeros(size, np.float32)
        return block[:size].reshape(shape)


class Layer:
    """One step of a network, the same for every kind: forwards, backwards, and a description.

    parameters: the float32 arrays that learning changes, always in place.
    gradients: the same shapes in the same order, filled by `backward`.
    statistics: float32 arrays that belong to the layer but follow the data, not the gradient.
    """

    kind: ClassVar[str]

    def __init__(self) -> None:
        self.parameters: list[Array] = []
        self.gradients: list[Array] = []
        self.statistics: list[Array] = []
        self._scratch = Scratch()

    def forward(self, x: Array, training: bool = False) -> Array:
        """What comes out for a batch `x`, which must stay as it is until `backward` is through."""
        raise NotImplementedError

    def backward(self, grad: Array, need_input: bool = True) -> Array:
        """Turn the loss's gradient by the output into that by the input; fill `gradients`.

        May write over `grad`. `need_input=False` allows to skip the result where nobody uses it,
        as in the first layer.
        """
        raise NotImplementedError

    def output_shape(self, shape: Shape) -> Shape:
        """The shape that comes out for one sample of `shape`; ValueError if it does not fit."""
        return shape

    def multiply_adds(self, shape: Shape) -> int:
        """Multiplications with addition for one sample of `shape`, the usual price of a network."""
        return 0

    def settings(self) -> dict[str, Any]:
        """What its constructor was told, fit for JSON."""
        return {}

    def describe(self) -> dict[str, Any]:
        """All that is needed to build the layer again except its numbers, fit for JSON."""
        return {"kind": self.kind, **self.settings()}

    def twin(self, same_memory: bool = False) -> Layer:
        """A layer with the very same parameters but its own gradients and work memory.

        With `same_memory` it works where this one works: only one of the two at a time.
        """
        other = type(self)(**self.settings())
        other.parameters = self.parameters
        if same_memory:
            other._scratch = self._scratch
        return other

    def _learns(self, *parameters: Array) -> None:
        """Name the parameters; their gradients start at zero."""
        self.parameters = list(parameters)
        self.gradients = [np.zeros(array.shape, np.float32) for array in parameters]


def volume(shape: Shape) -> int:
    """How many numbers an array of this shape holds."""
    return math.prod(shape)


def he_normal(shape: Shape, inputs: int, rng: np.random.Generator | None) -> Array:
    """Weights that keep the size of a signal through ReLU: N(0, 2 / inputs), float32.

    He et al. (2015), "Delving Deep into Rectifiers". Without `rng`: zeros, to be filled later.
    """
    if rng is None:
        return np.zeros(shape, np.float32)
    return rng.standard_normal(shape, np.float32) * np.float32((2.0 / inputs) ** 0.5)


def tiled(values: Array, times: int) -> Array:
    """(channels,) numbers repeated for a row of `times` pixels: (times * channels,).

    NumPy adds or multiplies long runs much faster than many runs of a few channels.
    """
    return np.tile(values, times)


def channel_sums(x: Array, other: Array | None = None) -> Array:
    """Sum of `x`, or of `x * other`, over everything but the channels, which are the last axis.

    Both (n, height, width, channels) or (n, channels); gives (channels,) float32.
    """
    channels = x.shape[-1]
    rows = in_rows(x)
    if other is None:
        sums = np.dot(np.ones(len(rows), np.float32), rows)  # faster than a sum over the rows
    else:
        sums = np.einsum("ij,ij->j", rows, in_rows(other))  # without the product in memory
    total: Array = sums.reshape(-1, channels).sum(axis=0)
    return total


def in_rows(x: Array) -> Array:
    """A view with one row of pixels in each row: (n * height, width * channels)."""
    return x.reshape(-1, volume(x.shape[-2:])) if x.ndim > 2 else x
