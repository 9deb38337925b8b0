"""Trains a candidate, tests it, and accepts or refuses it; can be interrupted at any moment.

With fewer than fifty held-out samples, the owner's digits are tested by five-fold cross-validation
over readings: each fold is read by a network that was trained only on the other four. Held-out
samples are read by the candidate itself, which was not trained on any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pi_reader.errors import BadData, MissingFile, UsageError
from pi_reader.learning import acceptance, finetune
from pi_reader.learning.acceptance import General, Opinion, Owner
from pi_reader.learning.finetune import LabelledDigits
from pi_reader.learning.memory import Memory
from pi_reader.learning.rehearsal import Rehearsal
from pi_reader.network.loss import softmax
from pi_reader.network.model import Model
from pi_reader.training import calibrate, checkpoint, trainer
from pi_reader.training.checkpoint import Stream, random_for
from pi_reader.values import CLASSES, NO_DIGIT

FOLDS = 5
TRAINING_WORK = 0.57e12  # FLOP for all trainings together; selecting and testing take 0.2 more
LEAST_LEARNED = 2  # readings to learn from, the minimum for cross-validation
MOST_STEPS = 400  # of the candidate's training; more do not help
_SHORTER = 3  # the folds' trainings are shorter by this factor: good enough for a test
_LEAST = np.float32(1e-30)  # keeps the logarithm finite
_BLENDS = (1.0, 0.8, 0.6, 0.45)  # weights of the child in the blend, tried in turn
_LITTLE = (0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0)  # the same if few classes were taught
_MENDED = 0.9  # share of the owner's errors that the smallest blend has to correct


@dataclass(frozen=True)
class Outcome:
    """The result of a trial.

    state: "accepted", "refused", or "waiting" for more samples; why: in words, with figures.
    model: the network that was tested, None if there is none, and sure_at: its reject threshold.
    owner, before, after: the figures, None if not measured.
    taken: weight of the child in the blend, 0 to 1; work: FLOP of matrix work.
    """

    state: str
    why: str
    work: float = 0.0
    model: Model | None = None
    sure_at: float = 0.0
    owner: Owner | None = None
    before: General | None = None
    after: General | None = None
    taken: float = 1.0


@dataclass
class Trial:
    """One trial.

    parent: the network in use; sure_at: its reject threshold. taught: the owner's digits. folder:
    for checkpoints, None for none; facts: what checkpoints must match to belong to this trial.
    stop: returns a reason to stop, or ""; shown: is given the number of steps done, and of all.
    log: is given lines about the progress. known: the parent's general test if done before.
    memory: makes the memory that stands beside a network, without keys.
    """

    parent: Model
    sure_at: float
    taught: LabelledDigits
    rehearsal: Rehearsal
    seed: int = 0
    folder: Path | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    stop: Callable[[], str] = lambda: ""
    shown: Callable[[int, int], None] = lambda done, steps: None
    log: Callable[[str], None] = lambda line: None
    known: General | None = None
    memory: Callable[[Model], Memory] = Memory
    work: float = field(default=0.0, init=False)
    _replay: finetune.Replay = field(init=False, repr=False)  # once there is something to learn

    def __post_init__(self) -> None:
        if self.parent.outcomes <= NO_DIGIT:  # it has no such class, and cannot learn it
            self.taught = self.taught.take(self.taught.labels < NO_DIGIT)
        self._crossed = int(self.taught.held_out.sum()) < acceptance.ENOUGH_HELD
        shares = 1 + FOLDS * self._crossed / _SHORTER
        budget = TRAINING_WORK / shares / finetune.step_work(self.parent)
        self.steps = max(_SHORTER, min(MOST_STEPS, int(budget)))
        self.all_steps = self.steps + FOLDS * self._crossed * (self.steps // _SHORTER)
        self._untaught = sorted(set(range(CLASSES)) - set(self.taught.labels.tolist()))
        self._done = 0  # steps of finished trainings

    def run(self) -> Outcome:
        """Train and judge. Raises trainer.Stopped, and CannotWrite if no checkpoint can be kept."""
        taught, learned = self.taught, self.taught.take(~self.taught.held_out)
        short = acceptance.waits_for(len(taught), len(np.unique(taught.events)))
        if short or len(np.unique(learned.events)) < LEAST_LEARNED:
            return Outcome(
                "waiting",
                short or "fewer than two readings are there to learn from; label another one",
            )
        read = self.look(self.parent, taught.patches)
        sure = read[:, :CLASSES].max(axis=1) >= self.sure_at
        if wrong := acceptance.doubtful_labels(
            taught.labels, read[:, :CLASSES].argmax(axis=1), sure
        ):
            return self._refused(wrong)
        if acceptance.all_is_well(taught.labels, read, self.sure_at):
            return Outcome(
                "waiting",
                f"all {len(taught)} labelled digits are read right and for sure, so there is "
                "nothing to learn from them",
                self.work,
            )
        kinds = np.unique(learned.labels)
        self._replay = finetune.replayed(self.parent, self.rehearsal, kinds, self.seed)
        self.work += finetune.look_work(self.parent, self._replay.looked)
        child = self._train(learned, "candidate", self.steps)
        few = len(kinds) < finetune.ALL_KINDS
        taken = self._little_of(child) if few else self._much_of(child)
        before = self.known or self.general(self.parent)
        taken, model, after, lost = self._bearable(child, taken, before)
        if lost:
            return self._refused(lost, model=model, before=before, after=after, taken=taken)
        sure_at = self._calibrate(model)
        owner = self._owner(acceptance.opinion(read, taught.labels), model, taken, sure_at)
        figures = {
            "model": model,
            "sure_at": sure_at,
            "owner": owner,
            "before": before,
            "after": after,
            "taken": taken,
        }
        if not owner.better:
            return self._refused(owner.figures, **figures)
        return Outcome("accepted", owner.figures, self.work, **figures)  # type: ignore[arg-type]

    def _bearable(
        self, child: Model, taken: float, before: General
    ) -> tuple[float, Model, General, str]:
        """The largest blend up to `taken` that passes the general test: its weight, the model, its
        test, and why it failed if none passes."""
        for share in (taken, *(less for less in _BLENDS if less < taken)):
            model = finetune.blend(self.parent, child, share)
            after = self.general(model)
            lost = after.loses(before, self._untaught)
            if not lost:
                break
        return share, model, after, lost

    def _much_of(self, child: Model) -> float:
        """The largest blend with which other people's digits are still read well.

        Chosen on images that are not in the general test, so that its figures stay unbiased.
        """
        digits = self.rehearsal.calibration
        before = self._read(self.parent, *digits)
        for taken in _BLENDS:
            model = finetune.blend(self.parent, child, taken)
            if not self._read(model, *digits).loses(before, most=acceptance.CHOSEN_LOST):
                break
        return taken

    def _little_of(self, child: Model) -> float:
        """The smallest blend that corrects the owner's digits: what this handwriting would lose in
        the classes that were not taught cannot be measured."""
        learned = self.taught.take(~self.taught.held_out)  # the others are for the test
        digits = learned.patches, learned.labels
        before = self._wrong(self.parent, *digits).sum()
        most = before - _MENDED * (before - self._wrong(child, *digits).sum())
        for taken in _LITTLE:
            model = finetune.blend(self.parent, child, taken)
            if self._wrong(model, *digits).sum() <= most:
                break
        return taken

    def _refused(self, why: str, **figures: Any) -> Outcome:
        return Outcome("refused", why, self.work, **figures)

    def _owner(self, before: Opinion, model: Model, taken: float, sure_at: float) -> Owner:
        """Test on the owner's digits, each read by a network that was not trained on it, and with
        a memory that does not hold it; what a network knows for sure, above `sure_at`, its memory
        has left out."""
        taught, recalled = self.taught, np.zeros(2, np.int64)
        right, margin = np.zeros(len(taught), bool), np.zeros(len(taught), np.int64)

        def look(network: Model, rows: np.ndarray) -> None:
            some = taught.take(rows)
            said = acceptance.opinion(self.look(network, some.patches), some.labels)
            right[rows], margin[rows] = said.right, said.margin
            keys = ~taught.held_out
            keys[rows] = False
            recalled[:] += self.recalled(network, sure_at, taught.take(keys), some)

        held = np.flatnonzero(taught.held_out)
        look(model, held)
        if not self._crossed:
            return acceptance.compare(
                taught.labels[held],
                _part(before, held),
                Opinion(right[held], margin[held]),
                "none of them learned",
                (int(recalled[0]), int(recalled[1])),
            )
        for number, rows in enumerate(self._folds(), 1):
            rest = ~taught.held_out
            rest[rows] = False
            child = self._train(taught.take(rest), f"part {number}", self.steps // _SHORTER)
            network = finetune.blend(self.parent, child, taken)
            network.temperature = model.temperature
            look(network, rows)
        return acceptance.compare(
            taught.labels,
            before,
            Opinion(right, margin),
            "each by a network that did not learn it",
            (int(recalled[0]), int(recalled[1])),
        )

    def recalled(
        self, model: Model, sure_at: float, keys: LabelledDigits, digits: LabelledDigits
    ) -> tuple[int, int]:
        """How many digits the parent and `model` read wrong with a memory of `keys`, out of which
        `model` has what it knows for sure."""
        before, after = self.memory(self.parent), self.memory(model)
        before.learn(keys.patches, keys.labels)
        after.learn(keys.patches, keys.labels, sure_at)
        self.work += 2 * finetune.look_work(model, len(keys) + len(digits))
        wrong = [
            acceptance.opinion(memory.predict(digits.patches), digits.labels).wrong
            for memory in (before, after)
        ]
        return wrong[0], wrong[1]

    def _folds(self) -> Iterator[np.ndarray]:
        """The rows of each fold; all digits of a reading are in the same one."""
        taught = self.taught
        events = np.unique(taught.events[~taught.held_out])
        dealt = random_for(self.seed, Stream.ORDER, 1).permutation(events)
        for part in range(FOLDS):
            mine = np.isin(taught.events, dealt[part::FOLDS]) & ~taught.held_out
            if mine.any():
                yield np.flatnonzero(mine)

    def _train(self, taught: LabelledDigits, name: str, steps: int) -> Model:
        """One training, resumed from its checkpoint if there is one."""
        learner = finetune.learner_for(
            self.parent, taught, self.rehearsal, self._replay, steps, self.seed
        )
        path = self.folder / f"{name.replace(' ', '-')}.checkpoint" if self.folder else None
        facts = {**self.facts, "training": name, "steps": steps, "digits": len(taught)}
        facts["lower layers"] = finetune.lower_layers(self.parent)  # which stay as they are
        start = self._resume(path, facts, learner.state) if path else 0
        done = self._done + start

        def keep(step: int) -> None:
            if path:
                checkpoint.save(path, step, facts, learner.state)

        def stop() -> str:  # called after each step
            nonlocal done
            done += 1
            self.shown(done, self.all_steps)
            return self.stop()

        try:
            result = trainer.train(learner, start, keep, stop)
            if result.stopped:
                raise trainer.Stopped(result.stopped)
            if start < steps:
                keep(steps)
            self.work += finetune.step_work(self.parent) * steps
            self._done += steps
            return finetune.with_upper(self.parent, learner.result())
        finally:
            learner.close()

    def _resume(self, path: Path, facts: Mapping[str, Any], state: checkpoint.State) -> int:
        """How many steps are done; a damaged checkpoint, or one of another night, is ignored."""
        try:
            start = checkpoint.load(path, facts, state)
            self.log(f"{facts['training']}: goes on after step {start} of {facts['steps']}")
            return start
        except MissingFile:
            return 0
        except (BadData, UsageError) as error:
            self.log(f"{facts['training']}: begins anew ({error})")
            return 0

    def general(self, model: Model) -> General:
        """The general test."""
        read = self._read(model, *self.rehearsal.tested)
        if model.outcomes <= NO_DIGIT:
            return read
        seen = self.look(model, self.rehearsal.test_marks)
        false_positives = int((seen[:, :CLASSES].max(axis=1) >= self.sure_at).sum())
        return replace(read, false_positives=false_positives)

    def _read(self, model: Model, patches: np.ndarray, labels: np.ndarray) -> General:
        """Count errors and false positives."""
        wrong = labels[self._wrong(model, patches, labels)]
        each = tuple(np.bincount(wrong, minlength=CLASSES).tolist())
        return General(
            self.rehearsal.name, len(labels), len(wrong), len(self.rehearsal.test_marks), 0, each
        )

    def _wrong(self, model: Model, patches: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return ~acceptance.opinion(self.look(model, patches), labels).right

    def _calibrate(self, model: Model) -> float:
        """Fit the temperature, in place; returns the threshold at which as many of the general
        digits are sure as before."""
        patches, labels = self.rehearsal.calibration
        sure = self.look(self.parent, patches)[:, :CLASSES].max(axis=1) >= self.sure_at
        model.temperature = 1.0
        said = self.look(model, patches)
        model.temperature = calibrate.fit_temperature(said, labels)
        cooled = softmax(np.log(np.maximum(said, _LEAST)) / np.float32(model.temperature))
        confident = cooled[:, :CLASSES].max(axis=1)
        return min(0.9999, round(float(np.quantile(confident, 1 - sure.mean())), 4))

    def look(self, model: Model, patches: np.ndarray) -> np.ndarray:
        """Probabilities of patches; counts the work."""
        self.work += finetune.look_work(model, len(patches))
        return model.predict(patches)


def offered(
    parent: Model,
    sure_at: float,
    model: Model,
    its_sure_at: float,
    held: LabelledDigits,
    rehearsal: Rehearsal,
    learned: LabelledDigits | None = None,
) -> Outcome:
    """Test a network that was trained elsewhere on the owner's held-out digits.

    parent: the one in use, with its threshold `sure_at`; held: the owner's held-out digits;
    learned: the others, which the memory holds.
    """
    if model.outcomes < parent.outcomes:
        return Outcome("refused", "it cannot say that a mark is no digit, the weights in use can")
    if len(held) < acceptance.LEAST:
        return Outcome(
            "waiting",
            f"{len(held)} held-out digits are too few to tell better from "
            f"worse; {acceptance.LEAST - len(held)} more are needed",
        )
    trial, its = Trial(parent, sure_at, held, rehearsal), Trial(model, its_sure_at, held, rehearsal)
    held = trial.taught  # without those that the parent has no class for
    labels = held.labels
    owner = acceptance.compare(
        labels,
        acceptance.opinion(trial.look(parent, held.patches), labels),
        acceptance.opinion(its.look(model, held.patches), labels),
        "none of them learned",
        trial.recalled(model, its_sure_at, learned, held) if learned is not None else (0, 0),
    )
    before, after = trial.general(parent), its.general(model)
    lost = after.loses(before)
    state = "accepted" if owner.better and not lost else "refused"
    return Outcome(
        state,
        lost or owner.figures,
        trial.work + its.work,
        model,
        its_sure_at,
        owner,
        before,
        after,
    )


def _part(whole: Opinion, rows: np.ndarray) -> Opinion:
    return Opinion(whole.right[rows], whole.margin[rows])
