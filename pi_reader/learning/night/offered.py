"""Weights from elsewhere: shipped with an upgrade, or trained on another machine.

They are tested on the owner's held-out digits, too: exports keep that split.
"""

from __future__ import annotations

import numpy as np

from pi_reader.errors import BadData, MissingFile, PiReaderError, UsageError
from pi_reader.learning import acceptance
from pi_reader.learning.finetune import LabelledDigits
from pi_reader.learning.generations import SHIPPED, Generation, Generations
from pi_reader.learning.memory import Memory
from pi_reader.learning.rehearsal import Rehearsal
from pi_reader.learning.samples import Sample
from pi_reader.learning.trial import offered

_KEPT = {"waiting": "candidate"}  # the state of a generation for a verdict


def judge_upgrade(
    generations: Generations, held: LabelledDigits, learned: LabelledDigits | None = None
) -> tuple[bool, str]:
    """Whether new shipped weights are put in use, which they are unless the learned ones read the
    owner's held-out digits better, each with a memory of the others; and the figures in words."""
    both = [generations.load(number) for number in (SHIPPED, generations.current().number)]
    held = held.take(held.labels < min(model.outcomes for model, _ in both))
    memories = [Memory.beside(model, card) for model, card in both]
    if learned is not None:
        memories = [memory.learn(learned.patches, learned.labels) for memory in memories]
    wrong = [
        acceptance.opinion(memory.predict(held.patches), held.labels).wrong for memory in memories
    ]
    figures = (
        f"of {len(held)} of your digits that were held out the new shipped weights read "
        f"{wrong[0]} wrong, the learned ones {wrong[1]}; "
    )
    better = wrong[0] <= wrong[1]
    return better, figures + (
        "the shipped ones are in use, and learn from all samples next"
        if better
        else "the learned ones stay"
    )


def judge_offer(
    generations: Generations,
    one: Generation,
    held: LabelledDigits,
    prepared: Rehearsal,
    learned: LabelledDigits | None = None,
) -> str:
    """Accept or refuse offered weights, or let them wait for more samples; in words.

    held: the owner's held-out digits; learned: the others, which the memory holds.
    Weights that make the judge fail are marked bad and not judged again, so that they keep nobody
    else waiting.
    """
    if not generations.begin_judging(one.number):
        return f"generation {one.number} is not judged: {_instead(generations, one)}"
    try:
        state, why = _verdict(generations, one, held, prepared, learned)
    except (MemoryError, PiReaderError):  # not its fault
        generations.conclude(one.number, "candidate", one.why)
        raise
    except Exception as error:
        state, why = "bad", f"the judge could not read with it ({error!r:.200})"
    if not generations.conclude(one.number, _KEPT.get(state, state), why):
        return f"generation {one.number} is not judged: {_instead(generations, one)}"
    return f"generation {one.number}, which was offered, is {state}: {why}"


def _verdict(
    generations: Generations,
    one: Generation,
    held: LabelledDigits,
    prepared: Rehearsal,
    learned: LabelledDigits | None,
) -> tuple[str, str]:
    """What the judge says, accepted, refused or waiting, and why."""
    parent, card = generations.load(generations.current().number)
    try:
        model, its = generations.load(one.number)
    except (BadData, MissingFile) as error:
        return "refused", str(error)
    outcome = offered(parent, card.reject_below, model, its.reject_below, held, prepared, learned)
    return outcome.state, outcome.why


def _instead(generations: Generations, one: Generation) -> str:
    """What became of a candidate that the judge no longer needs to judge."""
    try:
        now = generations.get(one.number)
    except UsageError:
        return "it was removed meanwhile"
    return f"it is {now.state}" + (f" ({now.why})" if now.why else " by now")


def as_labelled(samples: list[Sample]) -> LabelledDigits:
    """Samples as arrays."""
    known = [sample for sample in samples if sample.label is not None]
    return LabelledDigits(
        np.stack([s.patch for s in known]) if known else np.zeros((0, 28, 28), np.uint8),
        np.array([s.label for s in known], np.uint8),
        np.array([s.event for s in known], np.int64),
        np.array([s.held_out for s in known], bool),
    )
