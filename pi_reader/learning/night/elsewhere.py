"""The night's training on another machine, from an export of the box's samples."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pi_reader.files import believed
from pi_reader.learning import rehearsal
from pi_reader.learning import trial as trials
from pi_reader.learning.night.offered import as_labelled
from pi_reader.learning.night.report import card_of, outset
from pi_reader.learning.samples import exchange
from pi_reader.learning.trial import Outcome, Trial
from pi_reader.network.card import Card
from pi_reader.network.model import Model


def learn_for_elsewhere(
    content: bytes,
    name: str,
    parent: Model,
    card: Card,
    base: str,
    mnist: Path | None,
    told: Callable[[], str],
    log: Callable[[str], None],
) -> tuple[Outcome, Card]:
    """Train on exported samples on another machine; returns the outcome and the card.

    content: of the file of that name; base: sha256 of the parent's file. Raises BadData, Stopped.
    """
    samples = [sample for sample in exchange.read(content, name) if sample.label is not None]
    prepared = rehearsal.prepare(mnist)
    digest = hashlib.sha256(content).hexdigest()
    trial = Trial(
        parent,
        card.reject_below,
        as_labelled(samples),
        prepared,
        seed=int(digest[:8], 16),
        stop=told,
        log=log,
    )
    log(outset(trial))
    outcome = _as_the_box_judges(trial.run(), trial, exchange.judged_by(content), base, log)
    learned = sum(not sample.held_out for sample in samples)
    return outcome, card_of(outcome, card, digest, base, learned, believed(time.time()), "")


def _as_the_box_judges(
    outcome: Outcome, trial: Trial, judged: dict[str, str], base: str, log: Callable[[str], None]
) -> Outcome:
    """Let accepted weights face the box's own judge, who may go by another general test.

    judged: what the export says of it; base: sha256 of the weights that it began with.
    """
    if outcome.state != "accepted" or outcome.model is None:
        return outcome
    if judged.get("parent", base) != base:
        log(
            "the box reads with other weights than those that this began with (--from), and "
            "compares with its own"
        )
    if judged.get("general", trial.rehearsal.name) == trial.rehearsal.name:
        box = trial.rehearsal
    else:
        log("the box has no MNIST and judges by digits that it draws, so they are drawn here, too")
        box = rehearsal.prepare(None)
    held = trial.taught.take(trial.taught.held_out)
    learned = trial.taught.take(~trial.taught.held_out)
    its = trials.offered(
        trial.parent, trial.sure_at, outcome.model, outcome.sure_at, held, box, learned
    )
    if its.state == "waiting":
        log(f"the box lets them wait: {its.why}")
    if its.state != "refused":
        return outcome
    return replace(outcome, state=its.state, why=f"the box's own judge: {its.why}")
