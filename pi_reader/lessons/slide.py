"""The lecture's network as it fits on a slide: plain numpy, and nothing that it needs from here.

`NETWORK` is the text that the lesson `digits` prints, runs and learns with. It does what
`network/classic.py` does, weight for weight; that one takes less memory and time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

NETWORK = """\
import numpy

class NeuralNetwork:

    def initialise(self, inputs, hidden, outputs, rate, random):
        self.rate = rate
        self.into_hidden = random.standard_normal((hidden, inputs), "float32")
        self.into_hidden *= inputs ** -0.5
        self.into_output = random.standard_normal((outputs, hidden), "float32")
        self.into_output *= hidden ** -0.5

    def query(self, inputs):
        self.hidden = 1 / (1 + numpy.exp(-(self.into_hidden @ inputs)))
        return 1 / (1 + numpy.exp(-(self.into_output @ self.hidden)))

    def train(self, inputs, targets):
        outputs = self.query(inputs)
        error = targets - outputs
        blame = self.into_output.T @ error
        step = error * outputs * (1 - outputs) * self.rate
        self.into_output += numpy.outer(step, self.hidden)
        step = blame * self.hidden * (1 - self.hidden) * self.rate
        self.into_hidden += numpy.outer(step, inputs)
"""


def neural_network() -> Any:
    """A NeuralNetwork of the slide, from the very lines that are shown."""
    names: dict[str, Any] = {}
    exec(compile(NETWORK, "<slide>", "exec"), names)
    return names["NeuralNetwork"]()


def furthest_apart(slide: Any, into_hidden: np.ndarray, into_output: np.ndarray) -> float:
    """The largest difference between a weight of the slide's network and its twin elsewhere."""
    return max(
        float(np.abs(slide.into_hidden - into_hidden).max()),
        float(np.abs(slide.into_output - into_output).max()),
    )
