"""The network that sees what stands around a mark, and says what kind of mark it is.

The network for patches sees one mark alone, and a 1, a bracket, an l and the edge of a table may
all be the same stroke. What they are is said by what stands beside them. So this one looks at a
window of some six by three times the mark's size, together with what the first network made of
the mark: its activations before the last layer, and its scores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pi_reader.network.base import Array, Scratch
from pi_reader.network.layers import Conv2D, Dense, Flatten, ReLU
from pi_reader.network.logistic import Logistic
from pi_reader.network.loss import softmax
from pi_reader.network.model import Model
from pi_reader.network.touching import OUTCOMES, PATCH

SIGNS = "+-×÷/:=%().,"
KINDS: tuple[str, ...] = (*"0123456789", *SIGNS, "letter", "other")  # what stands on paper
WINDOW = (56, 112, 2)  # rows, columns; all contrast, and the mark's own ink
_SEEN = 64  # numbers that tell what a window shows
_HIDDEN = 96
_BLOCK = 8  # windows at a time: 1.5 MB, a tenth slower than more of them


class Neighbourhood:
    """Tells digits, signs, letters and other marks apart by what stands around them.

    eyes: the layers that look at a window; head: the layers that join what they saw with the
    features (n, features) of the patch, which are the first network's activations and scores.
    temperature: what the scores are divided by before they become probabilities.
    """

    def __init__(self, eyes: Model, head: Model, temperature: float = 1.0) -> None:
        self.eyes, self.head, self.temperature = eyes, head, temperature
        self._halves: tuple[Conv2D, Conv2D] | None = None
        self._scratch = Scratch()

    @classmethod
    def new(cls, features: int, rng: np.random.Generator | None = None) -> Neighbourhood:
        """One that has learned nothing; features: how many numbers come with each patch."""
        eyes = Model(
            [
                Conv2D(2, 12, 5, stride=3, rng=rng),
                ReLU(),
                Conv2D(12, 28, 3, stride=2, rng=rng),
                ReLU(),
                Conv2D(28, 48, 3, stride=2, rng=rng),
                ReLU(),
                Flatten(),
                Dense(48 * 3 * 8, _SEEN, rng=rng),
                ReLU(),
            ],
            WINDOW,
        )
        head = Model(
            [
                Dense(_SEEN + features, _HIDDEN, rng=rng),
                ReLU(),
                Dense(_HIDDEN, len(KINDS), rng=rng),
            ],
            (_SEEN + features,),
        )
        return cls(eyes, head)

    @property
    def features(self) -> int:
        """How many numbers it wants to know of each patch."""
        return self.head.input_shape[0] - self.eyes.outcomes

    @property
    def parameters(self) -> list[Array]:
        """All arrays that learning changes, in place."""
        return self.eyes.parameters + self.head.parameters

    @property
    def gradients(self) -> list[Array]:
        """The loss's gradient with respect to each of `parameters`."""
        return self.eyes.gradients + self.head.gradients

    @property
    def multiply_adds(self) -> int:
        """Multiplications with addition for one mark."""
        return self.eyes.multiply_adds + self.head.multiply_adds

    def predict(self, surroundings: np.ndarray, patches: np.ndarray, features: Array) -> Array:
        """How likely each of `KINDS` is for each mark.

        surroundings: (n, 56, 112) uint8, 0 paper to 255 ink, all that stands around each mark;
        patches: (n, 28, 28) uint8, the mark alone; features: (n, features) float32.
        Gives (n, kinds) float32, each row summing to 1.
        """
        scores = np.empty((len(patches), len(KINDS)), np.float32)
        self._part()
        for start in range(0, len(patches), _BLOCK):
            some = slice(start, start + _BLOCK)
            seen = self._seen(surroundings[some], patches[some])
            scores[some] = self.head.forward(np.concatenate([seen, features[some]], axis=1))
        return softmax(scores / np.float32(self.temperature))

    def _seen(self, surroundings: np.ndarray, patches: np.ndarray) -> Array:
        """What the eyes see of windows, (n, 64), as `eyes.forward(as_windows(...))` gives it.

        The mark alone is nothing but paper outside its own patch, so the first convolution is done
        once for all contrast, and again for the mark where there is any: 0.6 of the work.
        """
        if self._halves is None:
            return self.eyes.forward(as_windows(surroundings, patches))
        around, alone = self._halves
        x = self._scratch.take("x", *surroundings.shape, 1)
        x[..., 0] = surroundings
        y = around.forward(x)
        rows, columns = (
            _reached((size - edge) // 2, edge, around.kernel, around.stride, most)
            for size, edge, most in zip(WINDOW, patches.shape[1:], y.shape[1:], strict=False)
        )
        y[:, rows.outputs, columns.outputs] += alone.forward(self._mark(patches, rows, columns))
        for layer in self.eyes.layers[1:]:
            y = layer.forward(y)
        return y

    def _part(self) -> None:
        """Have the first convolution as two, one for all contrast and one for the mark alone, with
        the weights of now; where it is another one than `new` makes, it stays whole."""
        first = self.eyes.layers[0]
        if not isinstance(first, Conv2D) or first.inputs != WINDOW[2] or first.padding:
            return
        if self._halves is None:
            size, stride = first.kernel, first.stride
            around = Conv2D(1, first.outputs, size, stride, bias=first.bias)
            self._halves = around, Conv2D(1, first.outputs, size, stride, bias=False)
        around, alone = self._halves
        of_ink = first.parameters[0].reshape(-1, WINDOW[2], first.outputs) * np.float32(1 / 255)
        around.parameters[0][...], alone.parameters[0][...] = of_ink[:, 0], of_ink[:, 1]
        if first.bias:
            around.parameters[1][...] = first.parameters[1]

    def _mark(self, patches: np.ndarray, rows: _Reached, columns: _Reached) -> Array:
        """Patches with as much paper around them as the first convolution sees."""
        x = self._scratch.take("mark", len(patches), rows.size, columns.size, 1)
        down, right = rows.before, columns.before
        x[:, down : down + patches.shape[1], right : right + patches.shape[2], 0] = patches
        return x

    def forward(self, x: Array, features: Array, training: bool = False) -> Array:
        """Scores (n, kinds) of windows (n, 56, 112, 2) float32, ink from 0 to 1."""
        seen = self.eyes.forward(x, training)  # (n, 64)
        return self.head.forward(np.concatenate([seen, features], axis=1), training)

    def backward(self, grad: Array) -> None:
        """Fill `gradients` from the loss's gradient with respect to the scores."""
        for layer in reversed(self.head.layers):
            grad = layer.backward(grad)
        self.eyes.backward(np.ascontiguousarray(grad[:, : self.eyes.outcomes]))


class _Reached(NamedTuple):
    """Which outputs of a convolution see a stretch of its input, what they see and how much of that
    comes before the stretch."""

    outputs: slice
    size: int
    before: int


def _reached(start: int, length: int, kernel: int, stride: int, most: int) -> _Reached:
    """The outputs, of `most`, that see any of `length` inputs from `start` on."""
    first = max(0, -(-(start - kernel + 1) // stride))
    last = min(most - 1, (start + length - 1) // stride)
    size = (last - first) * stride + kernel
    return _Reached(slice(first, last + 1), size, start - first * stride)


def as_windows(surroundings: np.ndarray, patches: np.ndarray) -> Array:
    """Windows (n, 56, 112, 2) float32, ink from 0 to 1: what stands around each mark, and in its
    midst the mark alone."""
    x = np.zeros((len(patches), *WINDOW), np.float32)
    edge = patches.shape[1]
    up, side = (WINDOW[0] - edge) // 2, (WINDOW[1] - edge) // 2
    x[..., 0] = surroundings
    x[:, up : up + edge, side : side + edge, 1] = patches
    x *= np.float32(1 / 255)
    return x


@dataclass(frozen=True, eq=False)
class Context:
    """What a reading needs besides the network for patches; it stands in the shipped weights.

    neighbourhood: says what kind of mark each is; page: joins what both networks say with what
    the page says (`reading.context`) to one confidence; its threshold is where a digit is sure.
    presence: the same for whether there is a digit at all.
    touching: names two digits that have grown together (`network.touching`); files of versions
    before have none.
    """

    neighbourhood: Neighbourhood
    page: Logistic
    presence: Logistic
    touching: Model | None = None

    @classmethod
    def from_spec(
        cls, spec: Mapping[str, Any], build: Callable[[Mapping[str, Any]], Model] = Model.from_spec
    ) -> Context:
        """The one that `spec` describes, with zeros for numbers; ValueError if none is.

        build: makes each of its networks from a spec of its own.
        """
        eyes, head = build(spec["eyes"]), build(spec["head"])
        if eyes.input_shape != WINDOW or head.outcomes != len(KINDS):
            raise ValueError("a neighbourhood of another shape")
        if eyes.outcomes >= head.input_shape[0]:
            raise ValueError("a neighbourhood without features")
        neighbourhood = Neighbourhood(eyes, head, _number(spec["temperature"], 0.01, 100))
        touching = build(spec["touching"]) if "touching" in spec else None
        if touching is not None:
            if touching.input_shape != PATCH or touching.outcomes != OUTCOMES:
                raise ValueError("a network for touching digits of another shape")
            touching.temperature = _number(spec["touching_temperature"], 0.01, 100)
        return cls(neighbourhood, _logistic(spec["page"]), _logistic(spec["presence"]), touching)

    def fits(self, model: Model) -> bool:
        """Whether it can stand beside a network for patches."""
        knows_marks = model.outcomes > 10
        return knows_marks and model.features + model.outcomes == self.neighbourhood.features

    @property
    def spec(self) -> dict[str, Any]:
        """All that is needed to build it again except the arrays, fit for JSON."""
        touching = self.touching
        return {
            **(
                {"touching": touching.spec, "touching_temperature": float(touching.temperature)}
                if touching is not None
                else {}
            ),
            "eyes": self.neighbourhood.eyes.spec,
            "head": self.neighbourhood.head.spec,
            "temperature": float(self.neighbourhood.temperature),
            **{
                name: _logistic_spec(one)
                for name, one in (("page", self.page), ("presence", self.presence))
            },
        }


def _logistic_spec(one: Logistic) -> dict[str, Any]:
    spec: dict[str, Any] = {"names": list(one.names), "threshold": float(one.threshold)}
    return spec if one.hidden is None else {**spec, "hidden": one.hidden.shape[1]}


def _logistic(spec: Mapping[str, Any]) -> Logistic:
    """A regression with zeros for numbers; ValueError if `spec` describes none."""
    names, threshold = tuple(spec["names"]), _number(spec["threshold"], 0, 1)
    if len(names) > 1000 or not all(isinstance(name, str) for name in names):
        raise ValueError("a page model without names")
    units = spec.get("hidden", 0)
    if type(units) is not int or not 0 <= units <= 1000:
        raise ValueError("a page model with an odd hidden layer")
    mean, scale = np.zeros((2, len(names)), np.float32)
    weights = np.zeros((units or len(names)) + 1, np.float32)
    hidden = np.zeros((len(names) + 1, units), np.float32) if units else None
    return Logistic(names, mean.copy(), scale.copy(), weights, threshold, hidden)


def _number(value: object, low: float, high: float) -> float:
    """A plain number in a range; ValueError if it is none."""
    if type(value) not in (int, float) or not low <= value <= high:  # type: ignore[operator]
        raise ValueError(f"{value!r:.40} should be a number from {low:g} to {high:g}")
    return float(value)  # type: ignore[arg-type]
