"""Weights files: one `.npz` that numpy can open, with a card; nothing in it is trusted.

Such a file may come over the network, or from an SD card that lost power, so a damaged or
malicious one is refused with one line before its numbers are used. It holds `card.npy`, JSON as a
uint8 array, and one float32 array for each parameter of the network that the card describes. A
checksum over the description and all arrays covers what the zip's own checksums do not.

The same network and card give the same bytes: no dates in the zip, keys sorted.
"""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pi_reader.errors import BadData, MissingFile
from pi_reader.files import durable
from pi_reader.hashing import sha256
from pi_reader.network.base import Array, Shape, volume
from pi_reader.network.card import LARGEST_CARD, Card, is_finite_json
from pi_reader.network.model import Model
from pi_reader.network.neighbourhood import WINDOW, Context

__all__ = ["Card", "Weights", "load", "load_all", "save", "unpack", "unpack_all"]

FORMAT = 3  # of the card; a file with a higher one is from a newer pi-reader
BESIDE = 2  # the format of a network with a context that names no touching digits
ALONE = 1  # the format of a network without context, which older versions read, too
INPUT = (28, 28, 1)  # what a patch is
OUTCOMES = (10, 11)  # ten digits, with or without "no digit"
LARGEST_FILE = 16 << 20  # bytes, packed or unpacked; the shipped weights have less than 1 MB
LARGEST_LAYER = 1 << 18  # activations of one layer for one patch, 1 MB
MOST_LAYERS = 100

_HEADER = 128  # bytes before the numbers of an array; a multiple of 64 that any shape fits in

_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,  # a way of packing that zipfile does not know
    OSError,
    RuntimeError,  # encrypted
    ValueError,
    struct.error,
)
_AGAIN = "copy or train it again"


@dataclass(frozen=True, eq=False)
class Weights:
    """All that a weights file holds; context: None in one that holds a network alone."""

    model: Model
    card: Card
    context: Context | None = None


def save(path: Path, model: Model, card: Card, context: Context | None = None) -> str:
    """Write a network and its card so that a power cut cannot leave half a file.

    Batch normalisation is folded into the layers before it; the card's temperature becomes the
    model's. Returns the sha256 of the file. Raises BadData if a weight is not a finite number or
    the network does not take patches, CannotWrite if the file cannot be written.
    """
    path, model = Path(path), model.folded()
    _check_purpose(path, model)
    card = replace(card, temperature=float(model.temperature))
    if not is_finite_json(card.to_json()):
        raise BadData(f"{path}: its card has a number that is not finite; measure it again")
    arrays = _named(model) | _context_arrays(context)
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise BadData(
                f"{path}: {name} is not finite, so the training has diverged and nothing is"
                " written; train with a lower learning rate"
            )
    content = _pack(_card_text(model, card, context, arrays), arrays)
    with durable(path) as handle:
        handle.write(content)
    return sha256(content).hexdigest()


def load(path: Path) -> tuple[Model, Card]:
    """Read a network and its card.

    Raises MissingFile if there is no such file, BadData if it is anything but intact weights of
    a known format for patches of 28×28 pixels and 10 or 11 classes.
    """
    weights = load_all(path)
    return weights.model, weights.card


def load_all(path: Path) -> Weights:
    """Read a weights file with its context, if it has one. Raises like `load`."""
    return unpack_all(_read(Path(path)), Path(path))


def unpack(content: bytes, path: Path) -> tuple[Model, Card]:
    """A network and its card from the bytes of a weights file; `path` names it in messages.

    Raises BadData like `load`.
    """
    weights = unpack_all(content, path)
    return weights.model, weights.card


def unpack_all(content: bytes, path: Path) -> Weights:
    """Everything in the bytes of a weights file. Raises BadData like `load`."""
    if len(content) > LARGEST_FILE:
        raise BadData(_too_large(path, len(content)))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = _members(path, archive)
    except BadData:
        raise
    except _ZIP_ERRORS as error:
        raise BadData(
            f"{path}: is no weights file, or is damaged ({error}), should be an .npz of"
            f" pi-reader; {_AGAIN}"
        ) from error
    values = _card_values(path, members.pop("card.npy", b""))
    try:
        model = _model(values["network"])
        context = Context.from_spec(values["context"], _model) if "context" in values else None
        card = Card.from_json(values["card"])
        _check_purpose(path, model)
        model.temperature = card.temperature
        arrays = _named(model) | _context_arrays(context)
        _fill(path, arrays, members)
        right = _checksum(values, arrays)
        if context is not None:
            _try(path, context)
    except BadData:
        raise
    except (ArithmeticError, LookupError, AttributeError, TypeError, ValueError) as error:
        raise BadData(f"{path}: its card makes no sense ({_short(error)}); {_AGAIN}") from error
    if values["checksum"] != right:
        raise BadData(f"{path}: is damaged, its content does not match its checksum; {_AGAIN}")
    return Weights(model, card, context)


def _read(path: Path) -> bytes:
    """The bytes of a file of reasonable size."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise BadData(f"{path}: is a folder, should be a weights file; name the file in it")
        if not stat.S_ISREG(status.st_mode):
            raise BadData(f"{path}: is a device or a pipe, should be a weights file")
        if status.st_size == 0:
            raise BadData(f"{path}: is empty, should be a weights file; {_AGAIN}")
        if status.st_size > LARGEST_FILE:
            raise BadData(_too_large(path, status.st_size))
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingFile(
            f"{path}: there is no such file, should be a weights file; check the path"
        ) from error
    except PermissionError as error:
        raise BadData(f"{path}: may not be read; change its owner or its permissions") from error
    except OSError as error:
        raise BadData(f"{path}: cannot be read ({error.strerror}); {_AGAIN}") from error


def _members(path: Path, archive: zipfile.ZipFile) -> dict[str, bytes]:
    """The content of the zip, unpacked only after its sizes have been checked."""
    total = sum(member.file_size for member in archive.infolist())
    if total > LARGEST_FILE:
        raise BadData(_too_large(path, total))
    members = {}
    for member in archive.infolist():
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadData(f"{path}: is packed in a way numpy does not use; {_AGAIN}")
        with archive.open(member) as handle:
            members[member.filename] = handle.read(member.file_size + 1)
    if len(members) != len(archive.infolist()):
        raise BadData(f"{path}: holds two arrays of one name; {_AGAIN}")
    return members


def _card_values(path: Path, member: bytes) -> dict[str, Any]:
    """The card's JSON, if its format is known."""
    text = member[len(_header("|u1", (0,))) :]
    if len(text) > LARGEST_CARD or not member.startswith(_header("|u1", (len(text),))):
        raise BadData(f"{path}: has no card that says what it is; train it with pi-reader")
    try:
        values = json.loads(text)
        number = values["format"]
        if type(number) is int and number > FORMAT:
            raise BadData(
                f"{path}: is of format {number}, this pi-reader knows up to {FORMAT};"
                " update pi-reader"
            )
        entries = {"format", "network", "card", "checksum"}
        if number != ALONE:
            entries.add("context")
        if (
            type(number) is not int
            or number not in (ALONE, BESIDE, FORMAT)
            or set(values) != entries
        ):
            raise ValueError("other entries than expected")
    except BadData:
        raise
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        raise BadData(f"{path}: its card cannot be read ({_short(error)}); {_AGAIN}") from error
    return dict(values)


def _model(network: Mapping[str, Any]) -> Model:
    """The network that a card describes; ValueError and its kin if it describes none."""
    shape, layers = network["input_shape"], network["layers"]
    if set(network) != {"input_shape", "layers"} or type(layers) is not list:
        raise ValueError("other entries than a shape and layers")
    if type(shape) is not list or any(type(size) is not int for size in shape):
        raise ValueError(f"input_shape is {shape!r:.40}, should be up to three whole numbers")
    if len(layers) > MOST_LAYERS or len(shape) > 3:
        raise ValueError("too many layers, or no pictures to read")
    model = Model.from_spec(network)
    if max(map(volume, model.shapes)) > LARGEST_LAYER:
        raise ValueError(f"a layer of more than {LARGEST_LAYER:,} numbers")
    if any(layer.statistics for layer in model.layers):
        raise ValueError("batch normalisation that was not folded")
    return model


def _fill(path: Path, arrays: Mapping[str, Array], members: Mapping[str, bytes]) -> None:
    """Copy the arrays from the file into the network, if their types and shapes fit."""
    if set(members) != set(arrays):
        odd = sorted(set(members) ^ set(arrays))[0]
        raise BadData(f"{path}: {odd} is missing or too much for its network; {_AGAIN}")
    for name, array in arrays.items():
        member, header = members[name], _header("<f4", array.shape)
        if not member.startswith(header) or len(member) != len(header) + array.nbytes:
            found = member[10:70].decode("ascii", "replace").strip()
            raise BadData(
                f"{path}: {name} is {found!r}, should be float32 numbers of shape {array.shape};"
                f" {_AGAIN}"
            )
        numbers = np.frombuffer(member, "<f4", array.size, len(header)).reshape(array.shape)
        if not np.isfinite(numbers).all():
            raise BadData(f"{path}: {name} holds numbers that are not finite; {_AGAIN}")
        array[...] = numbers


def _try(path: Path, context: Context) -> None:
    """Judge an empty mark. Raises BadData if that gives no probabilities."""
    nothing = np.zeros((1, *WINDOW[:2]), np.uint8)
    patch = np.zeros((1, *INPUT[:2]), np.uint8)
    with np.errstate(all="ignore"):
        features = np.zeros((1, context.neighbourhood.features), np.float32)
        said = [context.neighbourhood.predict(nothing, patch, features)]
        if context.touching is not None:
            said += [context.touching.predict(one) for one in (patch, ~patch)]
        for one in (context.page, context.presence):
            said.append(one(np.zeros((1, len(one.names)), np.float32)))
    if not all(np.isfinite(numbers).all() for numbers in said):
        raise BadData(f"{path}: its context gives no probabilities for an empty mark; {_AGAIN}")


def _check_purpose(path: Path, model: Model) -> None:
    """Raises BadData for a network that takes anything other than patches."""
    if model.input_shape != INPUT or model.outcomes not in OUTCOMES:
        made_for = f"{'×'.join(map(str, model.input_shape))} to {model.outcomes}"
        raise BadData(
            f"{path}: is a network from {made_for}, should be from 28×28×1 to 10 or 11;"
            " choose other weights"
        )


def _named(model: Model) -> dict[str, Array]:
    """The model's parameters with the names they have in the file: "00_conv2d_weights.npy"."""
    return {
        f"{place:02}_{layer.kind}_{name}.npy": array
        for place, layer in enumerate(model.layers)
        for name, array in zip(("weights", "bias"), layer.parameters, strict=False)
    }


def _context_arrays(context: Context | None) -> dict[str, Array]:
    """The arrays of a context with their names in the file: "context_eyes_00_conv2d_bias.npy"."""
    if context is None:
        return {}
    parts = {"eyes": context.neighbourhood.eyes, "head": context.neighbourhood.head}
    if context.touching is not None:
        parts["touching"] = context.touching
    arrays = {
        f"context_{part}_{name}": array
        for part, model in parts.items()
        for name, array in _named(model).items()
    }
    for part, fit in (("page", context.page), ("presence", context.presence)):
        for name in ("mean", "scale", "hidden", "weights"):
            array = getattr(fit, name)
            if array is not None:
                arrays[f"context_{part}_{name}.npy"] = array
    return arrays


def _card_text(
    model: Model, card: Card, context: Context | None, arrays: Mapping[str, Array]
) -> bytes:
    values = {"format": ALONE, "network": model.spec, "card": card.to_json()}
    if context is not None:
        kind = BESIDE if context.touching is None else FORMAT
        values |= {"format": kind, "context": context.spec}
    return _json(values | {"checksum": _checksum(values, arrays)})


def _checksum(values: Mapping[str, Any], arrays: Mapping[str, Array]) -> str:
    """sha256 over everything in the card but the checksum itself, and over all arrays."""
    rest = {name: value for name, value in values.items() if name != "checksum"}
    digest = sha256(_json(rest))
    for name, array in arrays.items():
        digest.update(name.encode())
        digest.update(array.astype("<f4").tobytes())
    return digest.hexdigest()


def _json(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True, ensure_ascii=False, indent=1).encode()


def _pack(card: bytes, arrays: Mapping[str, Array]) -> bytes:
    """The whole file."""
    members = {"card.npy": _header("|u1", (len(card),)) + card}
    for name, array in arrays.items():
        members[name] = _header("<f4", array.shape) + array.astype("<f4").tobytes()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, member in members.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, member)
    return content.getvalue()


def _header(kind: str, shape: Shape) -> bytes:
    """The header of an `.npy` file, version 1.0 (numpy's NEP 1).

    Written here so that it is the same with every numpy, and can be compared instead of parsed.
    """
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(_HEADER - 11) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def _too_large(path: Path, size: int) -> str:
    return (
        f"{path}: is or unpacks to {size:,} bytes, should be at most {LARGEST_FILE:,};"
        " choose other weights"
    )


def _short(error: Exception) -> str:
    """A Python error in one short line."""
    return " ".join(str(error).split())[:120] or type(error).__name__
