"""The network as a whole: patches go in, probabilities come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pi_reader.network.base import Array, Layer, Scratch, Shape, volume
from pi_reader.network.layers import BatchNorm, Conv2D, Dense, Sigmoid, build
from pi_reader.network.loss import softmax

_BLOCK = 16  # patches per forward pass, so that all activations stay in the cache
_FULL_INK = np.float32(255)


class Model:
    """A network that classifies patches.

    layers: in order; input_shape: (height, width, channels) of one sample.
    temperature: what the logits are divided by before the softmax; above 1 lowers the confidence
    without changing the most likely label.
    shapes: the shape of one sample before each layer and after the last.
    Raises ValueError if the layers do not fit each other.

    Not thread-safe, since the layers reuse their buffers: see `twin`.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Shape = (28, 28, 1),
        temperature: float = 1.0,
    ) -> None:
        self.layers = list(layers)
        self.input_shape = tuple(input_shape)
        self.temperature = temperature
        self.shapes = list(_shapes(self.layers, self.input_shape))
        if len(self.shapes[-1]) != 1:
            raise ValueError(f"a network must end in one row of outcomes, not {self.shapes[-1]}")
        self._scratch = Scratch()

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any], temperature: float = 1.0) -> Model:
        """The network that `spec` describes, with zeros for weights; ValueError if none is."""
        layers = [build(description) for description in spec["layers"]]
        return cls(layers, tuple(spec["input_shape"]), temperature)

    @property
    def spec(self) -> dict[str, Any]:
        """All that is needed to rebuild it except the parameters, fit for JSON."""
        return {
            "input_shape": list(self.input_shape),
            "layers": [layer.describe() for layer in self.layers],
        }

    @property
    def outcomes(self) -> int:
        """The number of classes: ten digits, or eleven with "no digit"."""
        return self.shapes[-1][0]

    @property
    def parameters(self) -> list[Array]:
        """All arrays that training updates, in place, in the order of the layers."""
        return [array for layer in self.layers for array in layer.parameters]

    @property
    def gradients(self) -> list[Array]:
        """The gradient with respect to each of `parameters`, from the last `backward`."""
        return [array for layer in self.layers for array in layer.gradients]

    @property
    def state(self) -> list[Array]:
        """All arrays that define this network: parameters, then running statistics."""
        statistics = [array for layer in self.layers for array in layer.statistics]
        return self.parameters + statistics

    @property
    def multiply_adds(self) -> int:
        """Multiply-accumulate operations for one patch."""
        return sum(
            layer.multiply_adds(shape)
            for layer, shape in zip(self.layers, self.shapes, strict=False)
        )

    def predict(self, patches: np.ndarray) -> Array:
        """How likely each outcome is for each patch.

        patches: (n, 28, 28) uint8, 0 paper to 255 full ink, n from 0 up.
        Returns (n, outcomes) float32, each row summing to 1; the array belongs to the caller.

        In a network that ends in a sigmoid, like the lecture's, each output is the probability of
        one digit regardless of the others. Given that exactly one of them is true, probabilities
        are proportional to `y / (1 - y)`: the softmax of the sigmoid's input.
        """
        return self.conclude(self.hidden(patches))

    def hidden(self, patches: np.ndarray) -> Array:
        """The activations before the last layer that learns, (n, k) float32, a new array.

        patches: (n, 28, 28) uint8, 0 paper to 255 full ink.
        """
        out = np.empty((len(patches), *self.shapes[self._last]), np.float32)
        for start in range(0, len(patches), _BLOCK):
            some = patches[start : start + _BLOCK]
            x = self._scratch.take("x", len(some), *self.input_shape)
            np.divide(some.reshape(x.shape), _FULL_INK, out=x, dtype=np.float32)
            for layer in self.layers[: self._last]:
                x = layer.forward(x)
            out[start : start + len(some)] = x
        return out

    def conclude(self, hidden: Array) -> Array:
        """How likely each outcome is, from what `hidden` gave: (n, outcomes) float32."""
        return softmax(self.layers[self._last].forward(hidden) / np.float32(self.temperature))

    @property
    def features(self) -> int:
        """How many activations stand before the last layer that learns."""
        return volume(self.shapes[self._last])

    @property
    def _last(self) -> int:
        """The last layer that learns; a sigmoid may stand behind it."""
        return len(self.layers) - 1 - isinstance(self.layers[-1], Sigmoid)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Run a batch (n, *input_shape) float32 through all layers: (n, outcomes) float32.

        `x` is ink from 0 to 1. The result lives in the last layer's buffer: copy it to keep it.
        """
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, grad: Array) -> None:
        """Fill `gradients` from the gradient with respect to the outputs, after `forward`.

        Stops at the first layer with parameters: the gradient of the picture is not needed.
        """
        first = next(i for i, layer in enumerate(self.layers) if layer.parameters)
        for layer in reversed(self.layers[first + 1 :]):
            grad = layer.backward(grad)
        self.layers[first].backward(grad, need_input=False)

    def twin(self, same_memory: bool = False) -> Model:
        """A model that shares the parameters but not the gradients and buffers: for a thread.

        With `same_memory` it shares the buffers, too: the two must run one after the other.
        """
        layers = [layer.twin(same_memory) for layer in self.layers]
        return Model(layers, self.input_shape, self.temperature)

    def copy(self) -> Model:
        """An independent model with equal parameters."""
        other = Model.from_spec(self.spec, self.temperature)
        for mine, theirs in zip(self.state, other.state, strict=True):
            theirs[...] = mine
        return other

    def folded(self) -> Model:
        """The same network without batch normalisation, for use after training.

        After training, normalisation is a fixed scale and shift of each channel, which the weights
        and bias of the preceding layer can absorb.
        """
        layers: list[Layer] = []
        for layer in self.copy().layers:
            if isinstance(layer, BatchNorm):
                layers[-1] = _fold(layers[-1] if layers else layer, layer)
            else:
                layers.append(layer)
        return Model(layers, self.input_shape, self.temperature)

    def __repr__(self) -> str:
        """A table of the layers: output shape, parameters, multiply-adds per patch."""
        title = f"{'layer':<24}{'output':>14}{'parameters':>14}{'multiply-adds':>16}"
        lines = [title, "-" * len(title)]
        costs = [
            layer.multiply_adds(shape)
            for layer, shape in zip(self.layers, self.shapes, strict=False)
        ]
        counts = [sum(array.size for array in layer.parameters) for layer in self.layers]
        for layer, shape, count, cost in zip(
            self.layers, self.shapes[1:], counts, costs, strict=True
        ):
            size = "×".join(map(str, shape))
            lines.append(f"{_title(layer):<24}{size:>14}{count:>14,}{cost:>16,}")
        lines += [lines[1], f"{'total':<38}{sum(counts):>14,}{sum(costs):>16,}"]
        return "\n".join(lines)


def _shapes(layers: Sequence[Layer], shape: Shape) -> Iterator[Shape]:
    """The shape before each layer and after the last."""
    yield shape
    for layer in layers:
        shape = layer.output_shape(shape)
        yield shape


def _fold(before: Layer, norm: BatchNorm) -> Layer:
    """A convolution or dense layer with the normalisation that follows it folded in."""
    if not isinstance(before, Conv2D | Dense):
        raise ValueError("batch normalisation can be folded only into a layer with weights")
    scale, shift = norm.as_affine()
    settings = before.settings() | {"bias": True}
    folded = type(before)(**settings)
    folded.parameters[0][...] = before.parameters[0] * scale
    folded.parameters[1][...] = (before.parameters[1] * scale if before.bias else 0) + shift
    return folded


def _title(layer: Layer) -> str:
    """A layer for people: "conv2d 3×3, stride 2"."""
    if isinstance(layer, Conv2D):
        stride = f", stride {layer.stride}" if layer.stride > 1 else ""
        return f"{layer.kind} {layer.kernel}×{layer.kernel}{stride}"
    return layer.kind
