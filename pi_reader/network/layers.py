"""The parts a network is made of. Each can run forwards, and backwards to learn.

All arrays are float32 and carry the batch first and the channels last: a batch of pictures is
`(n, height, width, channels)`, a batch of vectors `(n, features)`. Shapes named in a layer's
interface leave the batch out. What `forward` and `backward` return lives in the layer's own
memory and is good until its next call; `ReLU` and `Sigmoid` write over what they are given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from pi_reader.network.base import Layer, Shape
from pi_reader.network.convolution import Conv2D, MaxPool2D
from pi_reader.network.normalise import BatchNorm
from pi_reader.network.simple import Dense, Flatten, ReLU, Rescale, Sigmoid

__all__ = [
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Flatten",
    "Layer",
    "MaxPool2D",
    "ReLU",
    "Rescale",
    "Shape",
    "Sigmoid",
    "build",
]

_KINDS: dict[str, type[Layer]] = {
    layer.kind: layer
    for layer in (BatchNorm, Conv2D, Dense, Flatten, MaxPool2D, ReLU, Rescale, Sigmoid)
}


def build(description: Mapping[str, Any]) -> Layer:
    """The layer that `describe` described, with zeros for weights.

    Raises ValueError if the kind is unknown or a setting is not what it should be, so that a
    description from a file can be trusted once this has returned.
    """
    settings = dict(description)
    kind = settings.pop("kind", None)
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"unknown layer {kind!r}, known are {', '.join(sorted(_KINDS))}")
    for name, value in settings.items():
        if not _CHECKS.get(name, _is_unknown)(value):
            raise ValueError(f"a layer {kind!r} cannot have {name} = {value!r}")
    sizes = [settings.get(name, 1) for name in ("inputs", "outputs", "kernel", "kernel")]
    if math.prod(sizes) > _MOST_WEIGHTS:
        raise ValueError(f"a layer {kind!r} of more than {_MOST_WEIGHTS:,} weights")
    try:
        return _KINDS[kind](**settings)
    except TypeError as error:
        raise ValueError(f"the settings of layer {kind!r} do not fit: {error}") from error


def _is_size(value: object) -> bool:
    return type(value) is int and 0 < value < 1 << 16


def _is_padding(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 8


def _is_flag(value: object) -> bool:
    return type(value) is bool


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def _is_unknown(value: object) -> bool:
    return False


_MOST_WEIGHTS = 1 << 22  # 16 MB: twenty times what a Zero can use
_CHECKS: dict[str, Callable[[object], bool]] = {
    "bias": _is_flag,
    "channels": _is_size,
    "inputs": _is_size,
    "kernel": _is_size,
    "momentum": _is_number,
    "offset": _is_number,
    "outputs": _is_size,
    "padding": _is_padding,
    "scale": _is_number,
    "stride": _is_size,
}
