"""Data parallelism: two threads compute the gradient of a batch, each on its own half.

On the single core of a Zero the halves run one after the other, in buffers that are still cached.

NumPy releases the GIL while it computes, so two threads keep two cores busy even while copying
between matrix products, which OpenBLAS's own threads leave to one core. Set
OPENBLAS_NUM_THREADS=1 before numpy is imported, or the two kinds of threads compete for the cores.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from pi_reader.network.base import Array
from pi_reader.network.loss import cross_entropy
from pi_reader.network.model import Model

_PATIENCE = 2e-4  # seconds until a thread requests the GIL; Python's 5 ms is a whole batch

Loss = Callable[[Array, np.ndarray], tuple[float, Array]]


class Shards:
    """Computes the gradient of a batch in equal parts that run in parallel.

    The parts and the order of their sum depend only on `count`, not on which thread finishes
    first or how many cores there are: the same batch gives bit-identical gradients. Batch
    normalisation sees one part at a time, and keeps the averages of the first.

    Use it in a `with`, or `close()` it.
    """

    def __init__(self, model: Model, count: int = 2) -> None:
        self.model = model
        in_turn = count == 1 or len(os.sched_getaffinity(0)) == 1
        self._workers = [model, *(model.twin(same_memory=in_turn) for _ in range(count - 1))]
        self._pool = None if in_turn else ThreadPoolExecutor(count - 1, "shard")
        self._patience = sys.getswitchinterval()
        sys.setswitchinterval(_PATIENCE)

    def gradient(self, x: Array, targets: np.ndarray, loss: Loss = cross_entropy) -> float:
        """Fill `model.gradients` for a batch and return its loss.

        x: (n, height, width, channels) float32; targets: n labels or rows, as `loss` takes them.
        """
        parts = self._cut(x, targets)
        jobs = list(zip(self._workers, parts, strict=False))
        if self._pool is None:
            losses = [_gradient(worker, *part, loss) for worker, part in jobs]
        else:
            rest = [self._pool.submit(_gradient, worker, *part, loss) for worker, part in jobs[1:]]
            first, part = jobs[0]
            losses = [_gradient(first, *part, loss), *(job.result() for job in rest)]
        shares = [np.float32(len(some) / len(x)) for some, _ in parts]
        self._gather(shares)
        return float(sum(share * value for share, value in zip(shares, losses, strict=True)))

    def close(self) -> None:
        """End the threads; may be called twice."""
        sys.setswitchinterval(self._patience)
        if self._pool is not None:
            self._pool.shutdown()

    def __enter__(self) -> Shards:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _cut(self, x: Array, targets: np.ndarray) -> list[tuple[Array, np.ndarray]]:
        """The batch in parts of nearly the same size, none of them empty."""
        count = max(1, min(len(self._workers), len(x)))
        edges = [len(x) * part // count for part in range(count + 1)]
        return [(x[start:stop], targets[start:stop]) for start, stop in pairwise(edges)]

    def _gather(self, shares: list[np.float32]) -> None:
        """Put the mean of the parts' gradients into the model, weighted by their sizes."""
        total = self.model.gradients
        if shares[0] != 1:
            for array in total:
                array *= shares[0]
        for worker, share in zip(self._workers[1:], shares[1:], strict=False):
            for array, part in zip(total, worker.gradients, strict=True):
                part *= share
                array += part


def _gradient(model: Model, x: Array, targets: np.ndarray, loss: Loss) -> float:
    with np.errstate(over="ignore", invalid="ignore"):  # divergence shows in the loss
        value, grad = loss(model.forward(x, training=True), targets)
        model.backward(grad)
    return value
