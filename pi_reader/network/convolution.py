"""Convolution as one matrix product (im2col), and max pooling.

Every position of the kernel becomes a row of a matrix, so that the whole layer is
`(positions, kernel * kernel * inputs) @ (kernel * kernel * inputs, outputs)`, which OpenBLAS does
as fast as the processor allows. The matrix is nine times as large as the picture for a 3×3 kernel,
so it is built for some samples at a time, in one buffer for all layers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from pi_reader.network.base import Array, Layer, Scratch, Shape, channel_sums, he_normal, tiled

_KEEP = 1 << 21  # numbers: 8 MB of columns for a batch are kept from forward to backward
_BLOCK = 1 << 19  # numbers in a block of columns, 2 MB; smaller ones mean more calls
_FEW = 2  # channels, at most: a kernel row of so few is too short to be copied by itself


class _Shared(threading.local):
    """Buffers that all convolutions of a thread use in turn."""

    def __init__(self) -> None:
        self.scratch = Scratch()


_shared = _Shared()


class Conv2D(Layer):
    """A convolution with a square kernel.

    Weights are `(kernel * kernel * inputs, outputs)`, rows in the order kernel row, kernel
    column, channel; He-normal from `rng`. Bias `(outputs,)`, zeros at first. `padding` zeros are
    added on each side; `kernel // 2` keeps the size at stride 1.
    """

    kind = "conv2d"

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__()
        self.inputs, self.outputs, self.bias = inputs, outputs, bias
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self._reach = kernel * kernel * inputs  # inputs that one output sees
        self._few = inputs <= _FEW
        weights = he_normal((self._reach, outputs), self._reach, rng)
        self._learns(weights, *([np.zeros(outputs, np.float32)] if bias else []))

    def forward(self, x: Array, training: bool = False) -> Array:
        """(n, height, width, inputs) to (n, height', width', outputs)."""
        height, width, _ = self.output_shape(x.shape[1:])
        self._x, self._kept = x, None
        numbers = len(x) * height * width * self._reach
        if training and numbers <= (_BLOCK if self._few else _KEEP):
            self._kept = self._scratch.take("kept", numbers)
        y = self._scratch.take("y", len(x), height, width, self.outputs)
        if self.bias:
            bias = tiled(self.parameters[1], width)
        for block in self._blocks(len(x), height * width):
            rows = y[block].reshape(-1, self.outputs)
            np.dot(self._columns(block, height, width, new=True), self.parameters[0], out=rows)
            if self.bias:
                lines = y[block].reshape(-1, width * self.outputs)
                lines += bias
        return y

    def backward(self, grad: Array, need_input: bool = True) -> Array:
        """(n, height', width', outputs) to (n, height, width, inputs)."""
        d_weights = self.gradients[0]
        d_weights[...] = 0
        part = self._scratch.take("part", *d_weights.shape)
        if self.bias:
            self.gradients[1][...] = channel_sums(grad)
        dx = self._scratch.take("dx", *self._x.shape) if need_input else grad
        by_pixel = self.parameters[0].reshape(-1, self.inputs, self.outputs)
        turned = np.ascontiguousarray(by_pixel.transpose(0, 2, 1))  # (pixels, outputs, inputs)
        for block in self._blocks(len(grad), grad.shape[1] * grad.shape[2]):
            rows = grad[block].reshape(-1, self.outputs)  # (places, outputs)
            np.dot(self._columns(block, *grad.shape[1:3]).T, rows, out=part)  # (reach, outputs)
            d_weights += part
            if need_input:
                self._give_back(grad[block], turned, dx[block])
        return dx

    def output_shape(self, shape: Shape) -> Shape:
        """(height, width, inputs) to (height', width', outputs)."""
        if len(shape) != 3 or shape[2] != self.inputs or min(shape[:2]) < 1:
            raise ValueError(f"a convolution of {self.inputs} channels was given {shape}")
        height, width = (
            (size + 2 * self.padding - self.kernel) // self.stride + 1 for size in shape[:2]
        )
        if height < 1 or width < 1:
            raise ValueError(f"a {self.kernel}×{self.kernel} window was given {shape}")
        return (height, width, self.outputs)

    def multiply_adds(self, shape: Shape) -> int:
        """One for each weight at each position."""
        height, width, outputs = self.output_shape(shape)
        return height * width * self._reach * outputs

    def settings(self) -> dict[str, Any]:
        """Sizes, and whether there is a bias."""
        return {
            "inputs": self.inputs,
            "outputs": self.outputs,
            "kernel": self.kernel,
            "stride": self.stride,
            "padding": self.padding,
            "bias": self.bias,
        }

    def _blocks(self, count: int, places: int) -> Iterator[slice]:
        """Split a batch so that the columns of each part fit the cache."""
        step = max(1, _BLOCK // (places * self._reach))
        return (slice(start, min(start + step, count)) for start in range(0, count, step))

    def _columns(self, block: slice, height: int, width: int, new: bool = False) -> Array:
        """The im2col matrix of these samples, (n * height' * width', reach)."""
        x = self._x[block]
        sample = height * width * self._reach
        if self._kept is None:
            room = _shared.scratch.take("columns", len(x) * sample)
        else:
            room = self._kept[block.start * sample : block.stop * sample]
        if self._kept is None or new:
            self._fill(room, self._padded(x), height, width)
        return room.reshape(self._reach, -1).T if self._few else room.reshape(-1, self._reach)

    def _fill(self, room: Array, x: Array, height: int, width: int) -> None:
        """Write the matrix of some padded samples, a kernel row at a time.

        Of few channels a kernel row is too short for that: the transposed matrix is written, a row
        of the output at a time.
        """
        shape: Shape = (len(x), height, width, self.kernel, self.kernel * self.inputs)
        sample, row, pixel, channel = x.strides
        steps: Shape = (sample, row * self.stride, pixel * self.stride, row, channel)
        if self._few:
            shape = (self.kernel, self.kernel, self.inputs, *shape[:3])
            steps = (row, pixel, channel, *steps[:3])
        np.copyto(room.reshape(shape), np.ndarray(shape, x.dtype, x, 0, steps))

    def _padded(self, x: Array) -> Array:
        """The picture with its border of zeros, which is never written to, in one array."""
        if not self.padding:
            return np.ascontiguousarray(x)
        count, height, width, channels = x.shape
        edge = self.padding
        size = (height + 2 * edge, width + 2 * edge, channels)
        padded = self._scratch.take(f"padded {size}", count, *size)
        padded[:, edge : edge + height, edge : edge + width] = x
        return padded

    def _give_back(self, grad: Array, turned: Array, dx: Array) -> None:
        """Add up in `dx` the gradient that each position passes to its input pixels (col2im).

        One product for each kernel pixel gives a plane, and the planes are added at that pixel's
        offset. The samples are the innermost axis meanwhile, so that each addition runs over long
        contiguous memory.
        """
        count, rows, cols, outputs = grad.shape
        _, height, width, channels = dx.shape
        edge, step, kernel = self.padding, self.stride, self.kernel
        places = self._scratch.take("places", rows, cols, count, outputs)
        places[...] = grad.transpose(1, 2, 0, 3)
        planes = self._scratch.take("planes", kernel * kernel, rows * cols * count, channels)
        np.matmul(places.reshape(-1, outputs), turned, out=planes)
        total = self._scratch.take("total", height + 2 * edge, width + 2 * edge, count, channels)
        total[...] = 0
        for plane, (i, j) in zip(planes, np.ndindex(kernel, kernel), strict=True):
            seen = total[i : i + step * rows : step, j : j + step * cols : step]
            seen += plane.reshape(seen.shape)
        dx[...] = total[edge : edge + height, edge : edge + width].transpose(2, 0, 1, 3)


class MaxPool2D(Layer):
    """Keeps the maximum of each 2×2 pixels; an odd last row or column is dropped."""

    kind = "maxpool2d"

    def forward(self, x: Array, training: bool = False) -> Array:
        """(n, height, width, channels) to (n, height // 2, width // 2, channels)."""
        height, width, channels = self.output_shape(x.shape[1:])
        self._shape = x.shape
        self._upper, self._lower = (
            x[:, i : 2 * height : 2, : 2 * width] for i in range(2)
        )  # (n, height, 2 * width, channels)
        taller = self._scratch.take("taller", len(x), height, 2 * width, channels)
        np.maximum(self._upper, self._lower, out=taller)
        self._left, self._right = taller[:, :, 0::2], taller[:, :, 1::2]
        y = self._scratch.take("y", len(x), height, width, channels)
        return np.maximum(self._left, self._right, out=y)

    def backward(self, grad: Array, need_input: bool = True) -> Array:
        """The gradient goes to the maximum; among equals, to the upper or left one."""
        _, height, width, _ = grad.shape
        between = self._scratch.take("between", *self._upper.shape)
        np.multiply(grad, self._left >= self._right, out=between[:, :, 0::2])
        np.subtract(grad, between[:, :, 0::2], out=between[:, :, 1::2])
        dx = self._scratch.take("dx", *self._shape)
        dx[:, 2 * height :] = 0
        dx[:, :, 2 * width :] = 0
        upper, lower = (dx[:, i : 2 * height : 2, : 2 * width] for i in range(2))
        np.multiply(between, self._upper >= self._lower, out=upper)
        np.subtract(between, upper, out=lower)
        return dx

    def output_shape(self, shape: Shape) -> Shape:
        """(height, width, channels) to (height // 2, width // 2, channels)."""
        if len(shape) != 3 or min(shape) < 1 or min(shape[:2]) < 2:
            raise ValueError(f"pooling 2×2 pixels was given {shape}")
        return (shape[0] // 2, shape[1] // 2, shape[2])
