"""Builds networks from the short descriptions in recipes: `conv 5x5/2 16`, `dense 64`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from pi_reader.errors import BadSettings
from pi_reader.network.base import Layer
from pi_reader.network.layers import Conv2D, Dense, Flatten, ReLU
from pi_reader.network.model import Model

_CONV = re.compile(r"conv (\d+)x\1(?:/(\d+))? (\d+)")
_DENSE = re.compile(r"dense (\d+)")
_INPUT = (28, 28, 1)  # a patch: rows, columns, one channel of grey


def build(words: Sequence[str], outcomes: int, rng: np.random.Generator) -> Model:
    """Build a network with random weights.

    words: one layer each, with a ReLU after each: "conv 5x5/2 16" is a 5×5 convolution with
    stride 2 (1 if left out), 16 channels and no padding; "dense 64" has 64 nodes. The output
    layer is added. Raises BadSettings for other words.
    """
    layers: list[Layer] = []
    shape: tuple[int, ...] = _INPUT

    def add(layer: Layer) -> None:
        nonlocal shape
        shape = layer.output_shape(shape)
        layers.append(layer)

    for word in words:
        if found := _CONV.fullmatch(word):
            side, stride, channels = int(found[1]), int(found[2] or 1), int(found[3])
            add(Conv2D(shape[-1], channels, side, stride=stride, rng=rng))
        elif found := _DENSE.fullmatch(word):
            if len(shape) > 1:
                add(Flatten())
            add(Dense(shape[0], int(found[1]), rng=rng))
        else:
            raise BadSettings(f"{word!r}: no layer; write 'conv 5x5/2 16' or 'dense 64'")
        add(ReLU())
    if len(shape) > 1:
        add(Flatten())
    add(Dense(shape[0], outcomes, rng=rng))
    return Model(layers, _INPUT)
