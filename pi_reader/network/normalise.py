"""Batch normalisation: speeds up training, and is folded into other layers before use."""

from __future__ import annotations

from typing import Any

import numpy as np

from pi_reader.network.base import Array, Layer, Shape, channel_sums, in_rows, tiled

_EPSILON = np.float32(1e-5)  # keeps the division finite for a channel of constant value


class BatchNorm(Layer):
    """Normalises every channel to mean 0 and variance 1, then applies a learned scale and shift.

    Ioffe and Szegedy (2015). In training it uses the batch's own mean and variance, and keeps a
    running average of both: `average += momentum * (batch - average)`. Afterwards it uses these
    averages: a fixed scale and shift, which `Model.folded` folds into the preceding layer.

    parameters: scale and shift, `(channels,)` each; statistics: mean and variance, likewise.
    """

    kind = "batchnorm"

    def __init__(self, channels: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.channels, self.momentum = channels, momentum
        self._learns(np.ones(channels, np.float32), np.zeros(channels, np.float32))
        self.statistics = [np.zeros(channels, np.float32), np.ones(channels, np.float32)]

    def forward(self, x: Array, training: bool = False) -> Array:
        """Same shape in and out; the channels are the last axis."""
        self._training = training
        if training:
            places = np.float32(x.size // self.channels)
            mean = channel_sums(x) / places
            variance = np.maximum(channel_sums(x, x) / places - mean * mean, np.float32(0))
            self._follow(mean, variance, places)
            self._x, self._mean = x, mean
            self._inverse = np.float32(1) / np.sqrt(variance + _EPSILON)
            scale = self.parameters[0] * self._inverse
            shift = self.parameters[1] - mean * scale
        else:
            scale, shift = self.as_affine()
        y = self._scratch.take("y", *x.shape)
        rows = in_rows(y)
        across = rows.shape[1] // self.channels
        np.multiply(in_rows(x), tiled(scale, across), out=rows)
        rows += tiled(shift, across)
        return y

    def backward(self, grad: Array, need_input: bool = True) -> Array:
        """The gradient also flows through the batch's mean and variance.

        With the normalised `x' = (x - mean) / deviation`, the gradient is
        `scale / deviation * (grad - mean of grad - x' * mean of (grad * x'))`.
        """
        if not self._training:
            raise RuntimeError("batch normalisation learns only after forward(training=True)")
        x, mean, inverse = self._x, self._mean, self._inverse
        places = np.float32(grad.size // self.channels)
        d_scale, d_shift = self.gradients
        d_shift[...] = channel_sums(grad)
        d_scale[...] = (channel_sums(grad, x) - mean * d_shift) * inverse

        factor = self.parameters[0] * inverse
        slope = -factor * inverse * d_scale / places
        offset = -factor * d_shift / places - mean * slope
        dx = self._scratch.take("y", *x.shape)  # the output is no longer needed
        rows = in_rows(dx)
        across = rows.shape[1] // self.channels
        np.multiply(in_rows(x), tiled(slope, across), out=rows)
        rows += tiled(offset, across)
        grad_rows = in_rows(grad)
        grad_rows *= tiled(factor, across)
        rows += grad_rows
        return dx

    def as_affine(self) -> tuple[Array, Array]:
        """The equivalent scale and shift after training, `(channels,)` each."""
        mean, variance = self.statistics
        scale = self.parameters[0] / np.sqrt(variance + _EPSILON)
        return scale, self.parameters[1] - mean * scale

    def output_shape(self, shape: Shape) -> Shape:
        """Unchanged."""
        if shape[-1:] != (self.channels,):
            raise ValueError(f"batch normalisation of {self.channels} channels was given {shape}")
        return shape

    def settings(self) -> dict[str, Any]:
        """The channels, and the momentum of the averages."""
        return {"channels": self.channels, "momentum": self.momentum}

    def _follow(self, mean: Array, variance: Array, places: np.float32) -> None:
        """Update the running averages, with the unbiased estimate of the variance."""
        unbiased = variance * (places / max(places - np.float32(1), np.float32(1)))
        for average, batch in zip(self.statistics, (mean, unbiased), strict=True):
            average += np.float32(self.momentum) * (batch - average)
