"""Checkpoints: a training that was interrupted continues as if it had never stopped.

A checkpoint is one `.npz` without pickle: every array of the learner's state, and a JSON text (as
bytes) with the facts that it belongs to: recipe, seed and data. It needs no random generator
state, because each step has a generator of its own, seeded with the seed and the number of the
step (`random_for`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np

from pi_reader import files
from pi_reader.errors import BadData, MissingFile, UsageError

_FACTS = "facts"
_FORMAT = 1
_MOST_BYTES = 64 << 20  # of all arrays: far above any network of this house

State = Mapping[str, np.ndarray]


def random_for(seed: int, purpose: int, *numbers: int) -> np.random.Generator:
    """A generator for one purpose at one point of the training, independent of all others.

    `purpose` separates streams that would otherwise draw the same numbers: see `Stream`.
    """
    return np.random.default_rng([seed, purpose, *numbers])


class Stream(IntEnum):
    """The independent streams of random numbers, by purpose.

    The values are part of what a seed means: changing one changes every training.
    """

    WEIGHTS = 0
    ORDER = 1
    CHANGES = 2
    DIGITS = 3
    NON_DIGITS = 4
    VALIDATION = 5
    PAGES = 6
    SCENES = 7
    TOUCHING = 8


def save(path: Path, step: int, facts: Mapping[str, Any], state: State) -> None:
    """Write a checkpoint durably: a power cut leaves either the previous or the new one, intact.

    step: how many steps are done; facts: JSON-able, what the checkpoint belongs to; state: arrays
    by name. Raises CannotWrite.
    """
    text = json.dumps(
        {"format": _FORMAT, "step": step, "sha256": _digest(state), "facts": dict(facts)}
    )
    with files.durable(path) as handle:
        arrays = {_FACTS: np.frombuffer(text.encode(), np.uint8)}
        arrays |= {f"state/{name}": array for name, array in state.items()}
        np.savez(handle, **arrays)  # type: ignore[arg-type,unused-ignore]  # numpy's stubs differ


def load(path: Path, facts: Mapping[str, Any], state: State) -> int:
    """Fill the arrays of `state`, in place, from a checkpoint; returns the number of steps done.

    Raises MissingFile; UsageError if it belongs to another training than `facts` describe; BadData
    if it is damaged or its arrays have other shapes. `state` is touched only if all is well.
    """
    head, arrays = _read(Path(path))
    kept = head["facts"]
    if other := _difference(kept, facts):
        raise UsageError(
            f"{path}: is from another training, {other}; give the same options as then, or "
            "leave out --resume"
        )
    for name, array in state.items():
        found = arrays.get(name)
        if found is None or found.shape != array.shape or found.dtype != array.dtype:
            raise BadData(f"{path}: its {name} does not fit this network; start without --resume")
    if _digest({name: arrays[name] for name in state}) != head.get("sha256"):
        raise BadData(f"{path}: damaged, its sha256 is another; start without --resume")
    for name, array in state.items():
        array[...] = arrays[name]
    return int(head["step"])


def facts_of(path: Path) -> dict[str, Any]:
    """The facts a checkpoint was saved with. Raises MissingFile or BadData."""
    facts = _read(Path(path))[0]["facts"]
    return dict(facts)


def _difference(kept: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The first fact that differs, in words, or ""."""
    for name in dict.fromkeys([*wanted, *kept]):
        then, now = kept.get(name), wanted.get(name)
        if isinstance(then, dict) and isinstance(now, dict):
            if other := _difference(then, now):
                return other
        elif then != now:
            return f"its {name} was {then!r}, now it is {now!r}"
    return ""


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The facts and the arrays of a checkpoint file, unchecked but safely read."""
    files.check_file(path)
    try:
        arrays = files.read_npz(path, _MOST_BYTES)
        head = json.loads(arrays.pop(_FACTS).tobytes().decode())
        if head["format"] != _FORMAT:
            raise BadData(f"{path}: made by another version of pi-reader; start without --resume")
        dict(head["facts"]), int(head["step"])
    except FileNotFoundError as error:
        raise MissingFile(f"{path}: no such checkpoint") from error
    except BadData:
        raise
    except files.NPZ_DAMAGE as error:
        raise BadData(f"{path}: no whole checkpoint ({error}); start without --resume") from error
    return head, {name.removeprefix("state/"): array for name, array in arrays.items()}


def _digest(state: State) -> str:
    """sha256 over names and bytes of the arrays, in the order of their names."""
    total = hashlib.sha256()
    for name in sorted(state):
        total.update(name.encode())
        total.update(np.ascontiguousarray(state[name]).tobytes())
    return total.hexdigest()
