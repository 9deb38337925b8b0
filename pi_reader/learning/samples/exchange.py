"""Exports and imports samples as one npz of plain arrays, without pickle.

`x` (n, 28, 28) uint8 and `y` (n,) uint8 are what `pi-reader evaluate --npz` reads, too; the other
arrays say where each digit comes from, and whether it is held out, so that no machine is trained
on what another tests with.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from pi_reader.errors import BadData
from pi_reader.files import NPZ_DAMAGE, read_npz
from pi_reader.learning.samples.rows import New, Sample
from pi_reader.learning.samples.store import Samples
from pi_reader.values import NO_DIGIT, SIDE

UNLABELLED = 255  # in `y`
LARGEST = 64 << 20  # bytes, packed or unpacked
_SHAPES = {
    "x": ("u1", (SIDE, SIDE)),
    "y": ("u1", ()),
    "event": ("i8", ()),
    "place": ("i8", ()),
    "held_out": ("u1", ()),
    "when": ("f8", ()),
    "read": ("u1", ()),
    "confidence": ("f4", ()),
    "key": ("S32", ()),
    "weights": ("S64", ()),
    "source": ("S16", ()),
    "cutout_size": ("i4", (2,)),
}  # each behind a first dimension of n; and "cutouts" (m,) u1


@dataclass(frozen=True)
class Imported:
    """The result of an import: how many were new, were known but got a label, were known."""

    added: int
    labelled: int
    known: int


def write(samples: list[Sample], handle: BinaryIO, judged: Mapping[str, str] | None = None) -> None:
    """Write samples as one npz. judged: by what the box judges weights, as `judged_by` gives it."""
    n = len(samples)
    arrays = {name: np.zeros((n, *shape), kind) for name, (kind, shape) in _SHAPES.items()}
    pieces = []
    for row, sample in enumerate(samples):
        for name in ("event", "place", "held_out", "when", "read", "confidence"):
            arrays[name][row] = getattr(sample, name)
        for name in ("key", "weights", "source"):
            arrays[name][row] = getattr(sample, name).encode("ascii", "replace")
        arrays["x"][row] = sample.patch
        arrays["y"][row] = UNLABELLED if sample.label is None else sample.label
        if sample.cutout is not None:
            arrays["cutout_size"][row] = sample.cutout.shape
            pieces.append(sample.cutout.reshape(-1))
    arrays["cutouts"] = np.concatenate(pieces) if pieces else np.zeros(0, np.uint8)
    arrays["judged"] = np.frombuffer(json.dumps(dict(judged or {})).encode(), np.uint8)
    np.savez_compressed(handle, **arrays)  # type: ignore[arg-type,unused-ignore]


def read(content: bytes, name: str = "samples") -> list[Sample]:
    """The samples in an exported file, checked; `name` is for messages. Raises BadData."""
    arrays = _arrays(content, name)
    ends = np.cumsum(arrays["cutout_size"].astype(np.int64).prod(axis=1))
    samples = []
    for row, end in enumerate(ends.tolist()):
        height, width = (int(size) for size in arrays["cutout_size"][row])
        picture = arrays["cutouts"][end - height * width : end].reshape(height, width)
        label = int(arrays["y"][row])
        samples.append(
            Sample(
                0,
                int(arrays["event"][row]),
                _text(arrays["key"][row]),
                int(arrays["place"][row]),
                float(arrays["when"][row]),
                bool(arrays["held_out"][row]),
                int(arrays["read"][row]),
                float(arrays["confidence"][row]),
                None if label == UNLABELLED else label,
                _text(arrays["weights"][row]),
                _text(arrays["source"][row]),
                arrays["x"][row].copy(),
                picture.copy() if picture.size else None,
            )
        )
    return samples


def judged_by(content: bytes) -> dict[str, str]:
    """By what the box judges, as far as its export says: `general`, the name of its general test,
    and `parent`, sha256 of the weights in use. Earlier versions said nothing."""
    try:
        values = json.loads(read_npz(io.BytesIO(content), LARGEST)["judged"].tobytes())
    except NPZ_DAMAGE:  # a KeyError among them
        return {}
    if not isinstance(values, dict):
        return {}
    return {key: text for key, text in values.items() if isinstance(text, str)}


def add(samples: Samples, new: list[Sample]) -> Imported:
    """Import samples. Known ones are not duplicated, so that nothing held out here can come in a
    second time to be trained on; new ones keep the split of their origin."""
    added = labelled = known = 0
    for event in _by_event(new):
        fresh = []
        for sample in event:
            identity = samples.knows(sample.patch)
            if identity is None:
                fresh.append(
                    (
                        sample.place,
                        New(
                            sample.patch,
                            sample.read,
                            sample.confidence,
                            sample.label,
                            sample.cutout,
                            sample.weights,
                            sample.source,
                        ),
                    )
                )
            elif sample.label is not None and samples.get(identity).label is None:
                samples.label(identity, sample.label)
                labelled += 1
            else:
                known += 1
        if fresh:
            samples.add_event(event[0].key, event[0].when, event[0].held_out, fresh)
            added += len(fresh)
    return Imported(added, labelled, known)


def _by_event(samples: list[Sample]) -> Iterator[list[Sample]]:
    """Samples grouped by reading, each patch once."""
    events: dict[str, dict[bytes, Sample]] = {}
    for sample in samples:
        events.setdefault(sample.key, {}).setdefault(sample.patch.tobytes(), sample)
    for event in events.values():
        yield list(event.values())


def _arrays(content: bytes, name: str) -> dict[str, np.ndarray]:
    """The arrays of the file, checked for dtype, length and range."""
    wrong = f"{name}: is no file of samples"
    try:
        if len(content) > LARGEST:
            raise BadData(f"{name}: is larger than {LARGEST >> 20} MB; export fewer samples")
        stored = read_npz(io.BytesIO(content), LARGEST)
        arrays = {key: stored[key] for key in (*_SHAPES, "cutouts")}
    except BadData:
        raise
    except KeyError as error:
        raise BadData(
            f"{wrong} ({error.args[0]}); `pi-reader samples export` writes them"
        ) from error
    except NPZ_DAMAGE as error:
        raise BadData(f"{wrong}, or is damaged ({error}); export it again") from error
    n = len(arrays["x"]) if arrays["x"].ndim else -1
    for key, (kind, shape) in _SHAPES.items():
        if arrays[key].dtype != np.dtype(kind) or arrays[key].shape != (n, *shape):
            raise BadData(
                f"{wrong}: its {key} is {arrays[key].dtype} {arrays[key].shape}, should "
                f"be {np.dtype(kind)} {(n, *shape)}"
            )
    _check_ranges(arrays, wrong)
    return arrays


def _check_ranges(arrays: Mapping[str, np.ndarray], wrong: str) -> None:
    """Raises BadData for values out of range."""
    y, sizes, pictures = arrays["y"], arrays["cutout_size"], arrays["cutouts"]
    if ((y > NO_DIGIT) & (y != UNLABELLED)).any() or (arrays["read"] > NO_DIGIT).any():
        raise BadData(f"{wrong}: has labels above {NO_DIGIT}")
    if not (np.isfinite(arrays["confidence"]).all() and np.isfinite(arrays["when"]).all()):
        raise BadData(f"{wrong}: has confidences or times that are no numbers")
    if (
        (sizes < 0).any()
        or (sizes > 4096).any()
        or pictures.dtype != np.uint8
        or pictures.shape != (int(sizes.astype(np.int64).prod(axis=1).sum()),)
    ):
        raise BadData(f"{wrong}: its cut-outs do not have the sizes it says")
    keys_and_places = set(zip(arrays["key"].tolist(), arrays["place"].tolist(), strict=True))
    if len(keys_and_places) != len(y) or (arrays["place"] < 0).any() or b"" in arrays["key"]:
        raise BadData(f"{wrong}: two digits stand in the same place of a reading")
    split: dict[bytes, int] = {}
    for key, held in zip(arrays["key"].tolist(), arrays["held_out"].tolist(), strict=True):
        if split.setdefault(key, held) != held:
            raise BadData(f"{wrong}: a reading is held out in part only")


def _text(value: bytes) -> str:
    return bytes(value).decode("ascii", "replace")
