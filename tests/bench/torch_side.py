"""One network, twice: as pi-reader's layers and as PyTorch's, each with its way to learn."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import nn

from pi_reader.network.layers import Conv2D, Dense, Flatten, Layer, ReLU
from pi_reader.network.model import Model
from pi_reader.training import networks
from pi_reader.training.batches import Mixture
from pi_reader.training.data import MNIST
from pi_reader.training.learners import BatchLearner
from pi_reader.training.optimiser import one_cycle
from pi_reader.training.recipes import Recipe, find

BATCH = 128
WARM_UP = 0.1  # share of a one-cycle schedule in which the learning rate rises


def perceptron(rng: np.random.Generator) -> Model:
    """784-200-10 with ReLU."""
    return Model([Flatten(), Dense(784, 200, rng=rng), ReLU(), Dense(200, 10, rng=rng)])


def small_cnn(rng: np.random.Generator) -> Model:
    """The network of the OpenCV readers: 5x5 stride 2, 16; 5x5 stride 2, 32; 128; 10."""
    return Model(
        [
            Conv2D(1, 16, 5, 2, rng=rng),
            ReLU(),
            Conv2D(16, 32, 5, 2, rng=rng),
            ReLU(),
            Flatten(),
            Dense(512, 128, rng=rng),
            ReLU(),
            Dense(128, 10, rng=rng),
        ]
    )


def default_model(rng: np.random.Generator) -> Model:
    """The network of pi-reader's recipe `default`, with its eleven outcomes."""
    recipe = find("default")
    assert isinstance(recipe, Recipe)
    return networks.build(recipe.layers, 11, rng)


class PlainDigits:
    """MNIST as it is, in random order: what both sides learn from here."""

    def __init__(self, data: MNIST, seed: int = 1) -> None:
        self.steps_per_epoch = len(data.train_images) // BATCH
        self._data, self._seed, self._epoch = data, seed, -1
        self._order = np.empty(0, np.intp)

    def rows(self, step: int) -> np.ndarray:
        """Which images make the batch of a step; each epoch has an order of its own."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            rng = np.random.default_rng([self._seed, epoch])
            self._epoch, self._order = epoch, rng.permutation(len(self._data.train_images))
        return self._order[place * BATCH : (place + 1) * BATCH]

    def take(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """A batch the way pi-reader's learner asks for it: (n, 28, 28, 1) float32, 0 to 1, and
        (n,) labels."""
        rows = self.rows(step)
        patches = np.divide(self._data.train_images[rows], np.float32(255), dtype=np.float32)
        return patches[..., None], self._data.train_labels[rows]


def numpy_learner(
    model: Model, data: MNIST, epochs: float, rate: float, seed: int = 1
) -> BatchLearner:
    """The product's own way to learn, without augmentation; `learn(step)` takes a step."""
    plain = Recipe("", (), batch=BATCH, rate=rate, decay=0.0, smoothing=0.0, warm_up=WARM_UP)
    digits = cast(Mixture, PlainDigits(data, seed))  # it offers all that the learner asks for
    learner = BatchLearner(model, plain, digits, 1)
    learner.steps = round(epochs * learner.steps_per_epoch)
    return learner


class TorchLearner:
    """The same steps in PyTorch, with its fused Adam, which is its fastest."""

    def __init__(
        self, model: Model, data: MNIST, epochs: float, rate: float, seed: int = 1
    ) -> None:
        self.model = as_torch(model)
        self._data, self._rate, self._digits = data, rate, PlainDigits(data, seed)
        self.steps = round(epochs * self._digits.steps_per_epoch)
        self._optimiser = torch.optim.Adam(self.model.parameters(), fused=True)

    def learn(self, step: int) -> None:
        """Step number `step`, counted from 0."""
        rows = self._digits.rows(step)
        patches = torch.from_numpy(self._data.train_images[rows])[:, None].float().div_(255)
        labels = torch.from_numpy(self._data.train_labels[rows]).long()
        rate = self._rate * one_cycle(step / self.steps, WARM_UP)
        self._optimiser.param_groups[0]["lr"] = rate
        self._optimiser.zero_grad()
        nn.functional.cross_entropy(self.model(patches), labels).backward()
        self._optimiser.step()

    def predict(self, patches: np.ndarray) -> np.ndarray:
        """Scores (n, outcomes) of (n, 28, 28) uint8 patches."""
        with torch.inference_mode():
            batches = torch.from_numpy(patches)[:, None].float().div_(255).split(500)
            return torch.cat([self.model(batch) for batch in batches]).numpy()


def as_torch(model: Model) -> nn.Sequential:
    """The same network in PyTorch, with random weights of its own."""
    return nn.Sequential(*(_as_torch(layer) for layer in model.layers))


def _as_torch(layer: Layer) -> nn.Module:
    """PyTorch's layer of the same kind and size."""
    made = layer.settings()
    match layer.kind:
        case "conv2d":
            sizes = [made[key] for key in ("inputs", "outputs", "kernel", "stride", "padding")]
            return nn.Conv2d(*sizes, bias=made["bias"])
        case "dense":
            return nn.Linear(made["inputs"], made["outputs"], bias=made["bias"])
        case "batchnorm":
            return nn.BatchNorm2d(made["channels"])
        case "maxpool2d":
            return nn.MaxPool2d(2)
        case "relu":
            return nn.ReLU()
        case "flatten":
            return nn.Flatten()
    raise ValueError(f"{layer.kind}: no counterpart in PyTorch is known here")
