"""What was taught, in use from the next frame on: a memory beside the network.

The network's activations before its last layer, scaled to length 1, are the keys of a cache, and
their labels its values. What is read anew gets nats for each label by how near the nearest key of
that label is (`Kernel`). Nothing is trained: a correction counts as soon as its key is computed.
The night then works it into the weights, and what these read right by themselves leaves the memory.

Grave, Joulin and Usunier, "Improving neural language models with a continuous cache" (2017); Zhang
and others, "Tip-Adapter: training-free adaption of CLIP for few-shot classification" (2022).

The kernel was fitted on drawn hands that no benchmark measures; `learning.py fit-memory` in
`tests/bench` does it again. There, too, digits that the memory names are right as often as their
confidence says, so that it needs no calibration of its own.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pi_reader.errors import BadData, CannotWrite
from pi_reader.files import NPZ_DAMAGE, check_file, durable, read_npz
from pi_reader.learning.samples import Sample, Samples
from pi_reader.learning.samples.rows import DIGEST, Named, digest_of
from pi_reader.network.base import Array
from pi_reader.network.card import Card
from pi_reader.network.model import Model
from pi_reader.values import CLASSES, NO_DIGIT, SIDE

MOST = 2000  # keys
LARGEST = 1 << 20  # bytes of the keys
CONSTANTS = "memory"  # in the notes of a card: what there is of the kernel
LEARNED = "learned_to"  # in the notes of a card: the highest number of a sample that it was taught
_DISPUTED, _LEAD = 0.6, 0.2  # of α: two labels with that many votes, the first less ahead than that
_HIGHEST_TAU = 0.98
_LEAST = np.float32(1e-12)
LEFT_SECONDS = 600.0  # after which a file that was begun is taken for a power cut's
KEPT = 2  # memories kept: that of the weights in use, and of those that come next or were before


@dataclass(frozen=True)
class Kernel:
    """How many nats the nearest key of a label is worth: α · max(0, (s - λ (t - s) - τ) / (1 - τ)),
    s being its cosine, t that of the nearest key of all.

    alpha: α, nats that a digit exactly like a taught one gets, from each of both networks. tau: τ,
    the cosine below which a digit has nothing to do with the one key of a label, and rise: by how
    much it is higher for each power of ten of keys, as the nearest of many may be near by chance.
    lag: λ, what a label loses for being farther away than another.
    """

    alpha: float = 7.0
    tau: float = 0.75
    rise: float = 0.07
    lag: float = 2.0

    @classmethod
    def of(cls, card: Card) -> Kernel:
        """The one that was fitted for a network, as far as the notes of its card say (`memory`)."""
        said = card.notes.get(CONSTANTS)
        said = said if isinstance(said, Mapping) else {}
        return cls(
            _number(said.get("alpha"), 0.1, 20, cls.alpha),
            _number(said.get("tau"), 0, _HIGHEST_TAU, cls.tau),
            _number(said.get("rise"), 0, 1, cls.rise),
            _number(said.get("lag"), 0, 20, cls.lag),
        )

    def taus(self, keys: np.ndarray) -> Array:
        """τ for labels with so many keys, (labels,)."""
        taus = np.minimum(self.tau + self.rise * np.log10(keys), _HIGHEST_TAU)
        return np.asarray(taus, np.float32)

    def nats(self, best: Array, taus: Array) -> Array:
        """(n, labels) float32 cosines of the nearest key of each label to as many nats."""
        behind = best.max(axis=1, keepdims=True) - best
        near = best - np.float32(self.lag) * behind - taus
        return np.asarray(np.float32(self.alpha) * np.maximum(0, near / (1 - taus)))


class Memory:
    """The keys of one network, and what they vote for.

    model: the network; sure: the probability from which it alone is sure; learned: the highest
    number of a sample that it was trained on, 0 for none. wall: seconds since 1970. taken_in: the
    samples that the last `follow` took in.
    """

    def __init__(
        self,
        model: Model,
        sure: float = 0.9,
        learned: int = 0,
        kernel: Kernel = Kernel(),
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.most = max(1, min(MOST, LARGEST // (4 * (model.features + 1) + DIGEST)))
        self._model, self._sure, self._learned = model, sure, learned
        self._kernel, self._wall = kernel, wall
        self.taken_in: list[Sample] = []
        self._seen: dict[bytes, Array] = {}  # by digest: the key, and how long it was
        self.hold([], np.zeros((0, model.features), np.float32), np.zeros(0, np.uint8))

    @classmethod
    def beside(cls, model: Model, card: Card) -> Memory:
        """An empty memory for a network with its card, whose notes may have a kernel, and say what
        it was taught: `learned_to`."""
        learned = int(_number(card.notes.get(LEARNED), 0, 1 << 62, 0))
        return cls(model, card.reject_below or 0.9, learned, Kernel.of(card))

    def __len__(self) -> int:
        """How many keys there are."""
        return len(self._labels)

    def hold(self, when: Sequence[float], keys: Array, labels: np.ndarray) -> None:
        """Take these keys instead of all there were: (n, k) float32 of length 1, (n,) labels;
        when: each was taught, seconds since 1970."""
        order = np.argsort(labels, kind="stable")
        self._columns = np.ascontiguousarray(keys[order].T)  # (k, n): a product twice as fast
        self._labels, self._when = labels[order], np.array(when, np.float64)[order]
        self._names, self._starts, counts = np.unique(
            self._labels, return_index=True, return_counts=True
        )
        self._taus = self._kernel.taus(counts)

    def learn(self, patches: np.ndarray, labels: np.ndarray, known: float = 2.0) -> Memory:
        """Hold labelled patches, (n, 28, 28) uint8 and (n,), but for those to whose label the
        network alone gives a probability of `known`, or that it has no class for; gives itself."""
        has = labels < self._model.outcomes
        patches, labels = patches[has], labels[has]
        hidden = self._model.hidden(patches)
        stay = self._model.conclude(hidden)[np.arange(len(labels)), labels] < known
        self.hold([0.0] * int(stay.sum()), units(hidden[stay]), labels[stay])
        return self

    def follow(self, samples: Samples, at_once: int | None = None) -> int:
        """Hold what the samples say now; returns how many of them are still to be taken in.

        At most so many are taken in at once. What was dropped is forgotten, what has another label
        has it here, too. Raises what Samples raises.
        """
        rows = samples.named(self.most)
        missing = [row for row in rows if row.digest not in self._seen]
        self.taken_in = samples.some([row.id for row in missing[:at_once]])
        patches = np.array([one.patch for one in self.taken_in], np.uint8).reshape(-1, SIDE, SIDE)
        names = [digest_of(patch) for patch in patches]
        self._seen |= dict(zip(names, self._vectors(patches), strict=True))
        self._seen = {
            row.digest: self._seen[row.digest] for row in rows if row.digest in self._seen
        }
        rows = [row for row in rows if row.digest in self._seen]
        labels = np.array([row.label for row in rows], np.uint8)
        vectors = np.array([self._seen[row.digest] for row in rows], np.float32)
        vectors = vectors.reshape(len(rows), self._model.features + 1)
        stay = ~self._known(rows, vectors, labels)
        when = [row.when for row, stays in zip(rows, stay, strict=True) if stays]
        self.hold(when, vectors[stay, :-1], labels[stay])
        return len(missing[at_once:]) if at_once is not None else 0

    def votes(self, hidden: Array) -> tuple[Array, np.ndarray]:
        """See `reading.recall.Memory`."""
        nats = np.zeros((len(hidden), CLASSES + 1), np.float32)
        if not len(self):
            return nats, np.zeros(len(hidden), bool)
        best = np.maximum.reduceat(units(hidden) @ self._columns, self._starts, axis=1)
        nats[:, self._names] = self._kernel.nats(best, self._taus)
        second, first = np.sort(nats, axis=1)[:, -2:].T / np.float32(self._kernel.alpha)
        return nats, (second >= _DISPUTED) & (first - second < _LEAD)

    def taught(self, hidden: Array, label: int) -> str:
        """See `reading.recall.Memory`: "taught 12:04", or the day, if it was not today."""
        mine = np.flatnonzero(self._labels == label)
        if not len(mine):
            return "taught"
        when = self._when[mine[np.argmax(hidden @ self._columns[:, mine])]]
        day, today = (time.strftime("%Y-%m-%d", time.localtime(t)) for t in (when, self._wall()))
        at = time.strftime("%H:%M", time.localtime(when)) if day == today else day
        return f"taught {at}" if when else "taught"

    def predict(self, patches: np.ndarray) -> Array:
        """(n, 28, 28) uint8 to (n, outcomes) probabilities, with the memory's votes."""
        hidden = self._model.hidden(patches)
        scores = (
            self._model.conclude(hidden) * np.exp(self.votes(hidden)[0])[:, : self._model.outcomes]
        )
        shares: Array = scores / scores.sum(axis=1, keepdims=True)
        return shares

    # The file: what the network made of each sample, which takes a Zero long to compute.

    def save(self, path: Path, weights: str) -> None:
        """Write the keys, durably. weights: sha256 of the network's file. Raises CannotWrite."""
        path.parent.mkdir(parents=True, exist_ok=True)
        vectors = np.array(list(self._seen.values()), np.float32)
        vectors = vectors.reshape(len(self._seen), self._model.features + 1)  # of none, too
        digests = np.frombuffer(b"".join(self._seen), np.uint8).reshape(-1, DIGEST)
        of = np.frombuffer(weights.encode(), np.uint8)
        with durable(path) as handle:
            np.savez(handle, keys=vectors, digests=digests, weights=of)

    def load(self, path: Path, weights: str) -> None:
        """Take the keys that `save` wrote for the same weights; none if there is no file.

        Raises BadData for a damaged one; then all keys are computed anew.
        """
        check_file(path)
        try:
            stored = read_npz(path, 2 * LARGEST)
            keys, digests = stored["keys"], stored["digests"]
            same = stored["weights"].tobytes().decode("ascii", "replace") == weights
            whole = keys.dtype == np.float32 and digests.dtype == np.uint8 and keys.ndim == 2
            if not (same and whole) or digests.shape != (len(keys), DIGEST):
                raise ValueError("it is of other weights, or something else")
            if keys.shape[1] != self._model.features + 1 or not np.isfinite(keys).all():
                raise ValueError("its keys do not fit the network")
        except FileNotFoundError:
            return
        except NPZ_DAMAGE as error:
            raise BadData(
                f"{path}: the memory of what was taught is damaged ({error}); it is made anew from"
                " the samples"
            ) from error
        names = [digest.tobytes() for digest in digests]
        self._seen = dict(zip(names, keys, strict=True))

    def _vectors(self, patches: np.ndarray) -> Array:
        """Keys of patches, (n, k) of length 1, and behind each how long it was: (n, k + 1)."""
        hidden = self._model.hidden(patches)
        length = np.linalg.norm(hidden, axis=1, keepdims=True)
        return np.concatenate([units(hidden), length], axis=1)

    def _known(self, rows: Sequence[Named], vectors: Array, labels: np.ndarray) -> np.ndarray:
        """Which of the samples the network was trained on and reads right, for sure, by itself."""
        if not self._learned or not len(rows):
            return np.zeros(len(rows), bool)
        said = self._model.conclude(np.ascontiguousarray(vectors[:, :-1] * vectors[:, -1:]))
        right = said[np.arange(len(rows)), labels] >= self._sure
        return np.asarray(right & (np.array([row.id for row in rows]) <= self._learned))


def _number(value: object, low: float, high: float, otherwise: float) -> float:
    """A plain number in a range, `otherwise` if it is none."""
    plain = type(value) in (int, float)
    return value if plain and low <= value <= high else otherwise  # type: ignore


def units(hidden: Array) -> Array:
    """Each row scaled to length 1; zeros stay zeros."""
    length = np.linalg.norm(hidden, axis=1, keepdims=True)
    return np.asarray(hidden / np.maximum(length, _LEAST), np.float32)


def path_for(folder: Path, weights: str) -> Path:
    """The file with the keys for the weights with this sha256."""
    return folder / f"{weights[:16] or 'unnamed'}.npz"


def prepare(
    folder: Path,
    samples: Samples,
    model: Model,
    card: Card,
    weights: str,
    at_once: int | None = None,
) -> Iterator[int]:
    """Compute the keys for weights that are about to come into use, if they can have a memory: at
    most so many at once, after which it yields how many are left.

    Raises what Samples raises, and CannotWrite.
    """
    if model.outcomes <= NO_DIGIT:
        return
    memory, path = Memory.beside(model, card), path_for(folder, weights)
    with contextlib.suppress(BadData):
        memory.load(path, weights)
    new = not path.exists()
    while left := memory.follow(samples, at_once):
        new = True
        yield left
    if new or memory.taken_in:
        memory.save(path, weights)
        forget(folder, keep=KEPT)


def forget(folder: Path, keep: int = 0) -> None:
    """Remove the files but for the newest, and what was never finished. Raises CannotWrite."""
    try:
        files = sorted(folder.glob("*.npz"), key=_written_at)
        begun = [path for path in folder.glob(".*") if not keep or _is_left(path)]
        for path in [*files[: len(files) - keep], *begun]:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise CannotWrite(
            f"{folder}: what was remembered cannot be removed ({error.strerror}); try it with sudo"
        ) from error


def _written_at(path: Path) -> float:
    """When a file was written, seconds since 1970; 0.0 if another process has just removed it."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _is_left(path: Path) -> bool:
    """Whether a power cut left a file unfinished; another process may be writing it this moment."""
    return abs(time.time() - _written_at(path)) > LEFT_SECONDS
