"""Batch normalisation: trains deep networks faster, and disappears before they are used."""

from __future__ import annotations

from typing import Any

import numpy as np

from pi_reader.network.base import Array, Layer, Shape, channel_sums, tiled, volume

_EPSILON = np.float32(1e-5)  # keeps the division finite for a channel that never changes


class BatchNorm(Layer):
    """Brings every channel of a batch to mean 0 and variance 1, then to a scale it learns.

    Ioffe and Szegedy (2015). In training it uses the batch's own mean and variance, and keeps a
    running average of both: `average += momentum * (batch - average)`. Afterwards it uses these
    averages: a fixed scale and shift, which `Model.folded` moves into the layer before it.

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
        rows = self._rows(x)
        across = rows.shape[1] // self.channels
        self._training = training
        if training:
            places = np.float32(x.size // self.channels)
            mean = channel_sums(x) / places
            centred = self._scratch.take("normal", *rows.shape)
            np.subtract(rows, tiled(mean, across), out=centred)
            y = self._scratch.take("y", *rows.shape)
            variance = channel_sums(np.multiply(centred, centred, out=y).reshape(x.shape)) / places
            self._follow(mean, variance, places)
            self._inverse = np.float32(1) / np.sqrt(variance + _EPSILON)
            centred *= tiled(self._inverse, across)
            self._normal = centred
            np.multiply(centred, tiled(self.parameters[0], across), out=y)
            y += tiled(self.parameters[1], across)
            return y.reshape(x.shape)
        scale, shift = self.as_affine()
        y = self._scratch.take("y", *rows.shape)
        np.multiply(rows, tiled(scale, across), out=y)
        y += tiled(shift, across)
        return y.reshape(x.shape)

    def backward(self, grad: Array, need_input: bool = True) -> Array:
        """Through the batch's mean and variance too, as they depend on every sample."""
        if not self._training:
            raise RuntimeError("batch normalisation learns only after forward(training=True)")
        rows, normal = self._rows(grad), self._normal
        across = rows.shape[1] // self.channels
        places = np.float32(grad.size // self.channels)
        dx = self._scratch.take("y", *rows.shape)  # what went forward is not needed any more
        np.multiply(rows, normal, out=dx)
        d_scale = channel_sums(dx.reshape(grad.shape))
        d_shift = channel_sums(grad)
        self.gradients[0][...] = d_scale
        self.gradients[1][...] = d_shift
        np.multiply(normal, tiled(d_scale / -places, across), out=dx)
        dx += rows
        dx -= tiled(d_shift / places, across)
        dx *= tiled(self.parameters[0] * self._inverse, across)
        return dx.reshape(grad.shape)

    def as_affine(self) -> tuple[Array, Array]:
        """Scale and shift, `(channels,)` each, that do the same once training is over."""
        mean, variance = self.statistics
        scale = self.parameters[0] / np.sqrt(variance + _EPSILON)
        return scale, self.parameters[1] - mean * scale

    def output_shape(self, shape: Shape) -> Shape:
        """Unchanged."""
        if shape[-1:] != (self.channels,):
            raise ValueError(f"batch normalisation of {self.channels} channels was given {shape}")
        return shape

    def settings(self) -> dict[str, Any]:
        """Channels, and how fast the averages follow."""
        return {"channels": self.channels, "momentum": self.momentum}

    def _follow(self, mean: Array, variance: Array, places: np.float32) -> None:
        """Let the running averages follow; the variance of all from that of a sample."""
        unbiased = variance * (places / max(places - np.float32(1), np.float32(1)))
        for average, batch in zip(self.statistics, (mean, unbiased), strict=True):
            average += np.float32(self.momentum) * (batch - average)

    def _rows(self, x: Array) -> Array:
        """A view with one row of pixels in each row: (..., width * channels)."""
        return x.reshape(-1, volume(x.shape[-2:]) if x.ndim > 2 else self.channels)
