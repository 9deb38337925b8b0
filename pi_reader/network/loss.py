"""Softmax, the loss functions, and their gradients."""

from __future__ import annotations

import numpy as np

from pi_reader.network.base import Array


def softmax(logits: Array) -> Array:
    """Turn scores into probabilities: each row of (n, outcomes) float32 then sums to 1."""
    p: Array = logits - logits.max(axis=1, keepdims=True, initial=-np.inf)
    np.exp(p, out=p)  # at most 1, as no score is above 0 any more
    p /= p.sum(axis=1, keepdims=True)
    return p


def one_hot(labels: np.ndarray, outcomes: int, smoothing: float = 0.0) -> Array:
    """Labels (n,) of 0..outcomes-1 as rows (n, outcomes) float32 that sum to 1.

    `smoothing`, 0 to 1, is the share of each row that is spread over all outcomes, which keeps the
    network from becoming overconfident: Szegedy et al. (2016).
    """
    targets = np.full((len(labels), outcomes), smoothing / outcomes, np.float32)
    targets[np.arange(len(labels)), labels] += np.float32(1.0 - smoothing)
    return targets


def cross_entropy(
    logits: Array, targets: np.ndarray, smoothing: float = 0.0
) -> tuple[float, Array]:
    """The cross entropy in nats, averaged over the batch.

    logits: (n, outcomes) float32, before the softmax.
    targets: labels (n,) of any integer type, or probabilities (n, outcomes) float32 with rows
    that sum to 1; `smoothing` applies to labels only.
    Returns the loss and its gradient with respect to the logits, (n, outcomes) float32.
    """
    if targets.ndim == 1:
        targets = one_hot(targets, logits.shape[1], smoothing)
    shifted = logits - logits.max(axis=1, keepdims=True)
    p = np.exp(shifted)
    total = p.sum(axis=1, keepdims=True)
    n = np.float32(len(logits))
    loss = float(np.sum(np.log(total)) - np.vdot(targets, shifted)) / float(n)
    p /= total
    p -= targets
    p /= n
    return loss, p


def squared_error(outputs: Array, targets: Array) -> tuple[float, Array]:
    """The lecture's loss: half the squared distance to the targets, averaged over the batch.

    Both (n, outcomes) float32. Returns the loss and its gradient with respect to the outputs.
    """
    error = outputs - targets
    n = np.float32(len(outputs))
    loss = 0.5 * float(np.vdot(error, error)) / float(n)
    error /= n
    return loss, error
