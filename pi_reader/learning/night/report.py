"""The training's reports: lines for the log and the display, the card, and the status file."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pi_reader.errors import CannotWrite
from pi_reader.files import write_json, written_mb
from pi_reader.learning.acceptance import Owner
from pi_reader.learning.memory import CONSTANTS
from pi_reader.learning.trial import Outcome, Trial
from pi_reader.network.card import Card
from pi_reader.state import Stage, TrainingState

_NAMES = ("zeros", "ones", "twos", "threes", "fours", "fives", "sixes", "sevens", "eights", "nines")
_EVERY = 2.0  # seconds between two progress reports


def morning(outcome: Outcome, learned: int, now: float) -> str:
    """The line for the display: what was learned, and what improved.

    learned: samples; now: seconds since 1970, 0.0 if the clock was not set.
    """
    words = [f"learned {learned} sample{'' if learned == 1 else 's'}"]
    if outcome.owner is not None and (digit := _most_improved(outcome.owner)):
        words.append(digit)
    if outcome.before is not None and outcome.after is not None:
        words.append(
            f"{outcome.after.name} {100 * outcome.before.share:.2f} → "
            f"{100 * outcome.after.share:.2f}"
        )
    words.append(time.strftime("in use since %H:%M", time.localtime(now)) if now else "in use now")
    return "; ".join(words)


def _most_improved(owner: Owner) -> str:
    """The digit with the most corrected errors, with its accuracy before and after."""
    best, most = "", 0
    for digit, name in enumerate(_NAMES):
        mine = owner.labels == digit
        before, after = int(owner.before.right[mine].sum()), int(owner.after.right[mine].sum())
        if after - before > most:
            most, count = after - before, int(mine.sum())
            best = f"your {name}: {before / count:.0%} → {after / count:.0%}".replace("%", " %")
    return best


def notes(outcome: Outcome, learned: int) -> dict[str, Any]:
    """The figures for the notes of the card."""
    owner, before, after = outcome.owner, outcome.before, outcome.after
    figures: dict[str, Any] = {
        "learned": learned,
        "taken_over": outcome.taken,
        "teraflop": round(outcome.work / 1e12, 3),
    }
    if owner is not None:
        figures["owner"] = {
            "n": len(owner.labels),
            "wrong_before": owner.before.wrong,
            "wrong": owner.after.wrong,
            "luck": round(owner.p_value, 6),
            "how": owner.how,
        }
    if before is not None and after is not None:
        figures["general"] = {
            "name": after.name,
            "n": after.digits,
            "wrong_before": before.wrong,
            "wrong": after.wrong,
            "marks": after.marks,
            "fooled_before": before.false_positives,
            "fooled": after.false_positives,
        }
    return figures


def outset(trial: Trial) -> str:
    """A summary of the plan, for the log."""
    held = int(trial.taught.held_out.sum())
    return (
        f"learns from {len(trial.taught) - held} samples beside {trial.rehearsal.name}, {held} "
        f"are held out: {trial.all_steps} steps of training in all"
    )


def card_of(
    outcome: Outcome, parent: Card, digest: str, base: str, learned: int, now: float, message: str
) -> Card:
    """The card of the new weights. digest: of the samples; base: sha256 of the parent's file."""
    after = outcome.after
    return Card(
        recipe="night",
        seed=int(digest[:8], 16),
        parent=base,
        data={"samples": digest},
        accuracy=round(after.share, 6) if after else None,
        measured=f"{after.digits:,} of {after.name}" if after else "",
        reject_below=outcome.sure_at,
        date=time.strftime("%Y-%m-%d", time.gmtime(now)) if now else "",
        notes={
            **{key: parent.notes[key] for key in (CONSTANTS,) if key in parent.notes},
            **notes(outcome, learned),
            "message": message,
        },
        preprocessing=parent.preprocessing,
    )


class ProgressFile:
    """The training's status file, for other processes.

    If it cannot be written, the training continues.
    """

    def __init__(
        self, path: Path, clock: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self._path, self._clock, self._monotonic = path, clock, monotonic
        self._next = 0.0

    def say(self, stage: str, message: str, progress: float = 0.0, until: float = 0.0) -> None:
        """Write it. stage: one of `Stage`; until: seconds since 1970, 0.0 if unknown."""
        self._next = self._monotonic() + _EVERY
        values = TrainingState(
            Stage(stage), progress, float(round(until)), message, self._clock(), written_mb()
        ).to_json()
        with contextlib.suppress(OSError, CannotWrite):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_json(self._path, values, 0o640, sync=False)

    def is_due(self) -> bool:
        """Whether enough time has passed for another report."""
        return self._monotonic() >= self._next
