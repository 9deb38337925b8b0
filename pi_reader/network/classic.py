"""The network of Tariq Rashid's lecture "A Gentle Introduction to Neural Networks", as taught.

Three layers of nodes, each linked to all of the next. A signal going into a node is the sum of
what comes in times the weight of its link; what goes out is the sigmoid of that, in the hidden and
in the last layer alike, and no node has a bias. To learn, the error of each answer is split
backwards along the links in proportion to their weights, and every weight takes a small step down
the slope of its error, after each single example.

The split leaves out the slope of the last sigmoid, so for the first links this is the gradient of
the cross entropy, and for the last ones that of the squared error. It learns well with that.
"""

from __future__ import annotations

import numpy as np

from pi_reader.network.base import Array, volume
from pi_reader.network.layers import Dense, Flatten, Rescale, Sigmoid, sigmoid
from pi_reader.network.model import Model

LOWEST, HIGHEST = 0.01, 0.99  # targets: a sigmoid never quite reaches 0 or 1
_SPAN = np.float32(1.0 - LOWEST)  # range of the inputs, which go up to 1
_INPUT_OF_GREY = (np.arange(256, dtype=np.float32) / np.float32(255)) * _SPAN + np.float32(LOWEST)
_AT_ONCE = 256  # patches scaled together; all of MNIST as float32 would not fit beside the rest


class ClassicNetwork:
    """A network that is initialised, trained and queried as in the lecture.

    inputs, hidden, outputs: how many nodes each layer has.
    learning_rate: factor for each gradient step; 0.1 works well for 784-200-10.
    Weights are drawn from N(0, n^-0.5), n being the links that come into a node: `input_to_hidden`
    is (hidden, inputs) and `hidden_to_output` (outputs, hidden), float32.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        outputs: int,
        learning_rate: float,
        rng: np.random.Generator,
    ) -> None:
        self.learning_rate = learning_rate
        self.input_to_hidden = _draw_weights(hidden, inputs, rng)
        self.hidden_to_output = _draw_weights(outputs, hidden, rng)
        self._steps = [np.empty_like(self.input_to_hidden), np.empty_like(self.hidden_to_output)]

    def train(self, inputs: Array, targets: Array) -> None:
        """Learn from one example.

        inputs: (inputs,) float32, 0.01 to 1; targets: (outputs,) float32, 0.01 or 0.99.
        """
        hidden = sigmoid(self.input_to_hidden @ inputs)  # (hidden,)
        outputs = sigmoid(self.hidden_to_output @ hidden)  # (outputs,)

        output_errors = targets - outputs
        hidden_errors = self.hidden_to_output.T @ output_errors  # split along the links

        self._learn(self.hidden_to_output, output_errors, outputs, hidden, self._steps[1])
        self._learn(self.input_to_hidden, hidden_errors, hidden, inputs, self._steps[0])

    def query(self, inputs: Array) -> Array:
        """The network's outputs: (inputs,) to (outputs,), or (n, inputs) to (n, outputs)."""
        hidden = sigmoid(inputs @ self.input_to_hidden.T)
        return sigmoid(hidden @ self.hidden_to_output.T)

    def backquery(self, label: int) -> Array:
        """Run the network backwards: the picture that it associates with a label.

        Returns (inputs,) float32, 0.01 to 0.99. Signals are rescaled to 0.01..0.99 before each
        inverse sigmoid, which is defined only between 0 and 1.
        """
        answer = make_targets(np.array([label]), len(self.hidden_to_output))[0]
        hidden = _stretch(_logit(answer) @ self.hidden_to_output)  # (hidden,)
        return _stretch(_logit(hidden) @ self.input_to_hidden)  # (inputs,)

    def train_patches(self, patches: np.ndarray, labels: np.ndarray) -> None:
        """Learn from (n, 28, 28) uint8 patches with their (n,) labels, one after the other."""
        for start in range(0, len(patches), _AT_ONCE):
            inputs = scale_inputs(patches[start : start + _AT_ONCE])
            targets = make_targets(labels[start : start + _AT_ONCE], len(self.hidden_to_output))
            for example in zip(inputs, targets, strict=True):
                self.train(*example)

    def to_model(self) -> Model:
        """The same network as a `Model`, to be saved and used like any other."""
        outputs, hidden = self.hidden_to_output.shape
        first = Dense(self.input_to_hidden.shape[1], hidden, bias=False)
        second = Dense(hidden, outputs, bias=False)
        first.parameters[0][...] = self.input_to_hidden.T
        second.parameters[0][...] = self.hidden_to_output.T
        rescale = Rescale(1.0 - LOWEST, LOWEST)
        return Model([rescale, Flatten(), first, Sigmoid(), second, Sigmoid()])

    def _learn(
        self, weights: Array, errors: Array, signals: Array, incoming: Array, step: Array
    ) -> None:
        """One gradient step: `rate * error * y * (1 - y)` times the incoming signals."""
        slope = errors * signals
        slope *= np.float32(1) - signals
        slope *= np.float32(self.learning_rate)
        np.multiply(slope[:, np.newaxis], incoming, out=step)  # (outgoing, incoming)
        weights += step


def scale_inputs(patches: np.ndarray) -> Array:
    """(n, 28, 28) uint8, 0 paper to 255 ink, to (n, 784) float32, 0.01 to 1.

    Never 0, because the weights of an input of 0 are not updated.
    """
    inputs: Array = _INPUT_OF_GREY[patches.reshape(len(patches), volume(patches.shape[1:]))]
    return inputs


def make_targets(labels: np.ndarray, outputs: int = 10) -> Array:
    """(n,) labels to (n, outputs) float32: 0.99 at the label, 0.01 elsewhere."""
    targets = np.full((len(labels), outputs), LOWEST, np.float32)
    targets[np.arange(len(labels)), labels] = HIGHEST
    return targets


def _draw_weights(outgoing: int, incoming: int, rng: np.random.Generator) -> Array:
    weights = rng.standard_normal((outgoing, incoming), np.float32)
    weights *= np.float32(incoming**-0.5)
    return weights


def _logit(signals: Array) -> Array:
    """The inverse of the sigmoid: `log(y / (1 - y))`, for y between 0 and 1."""
    return np.log(signals / (np.float32(1) - signals))


def _stretch(signals: Array) -> Array:
    """Rescale so that the lowest is 0.01 and the highest 0.99, in place."""
    signals -= signals.min()
    highest = signals.max()
    if highest > 0:  # all are equal only in an untrained network
        signals *= np.float32(HIGHEST - LOWEST) / highest
    signals += np.float32(LOWEST)
    return signals
