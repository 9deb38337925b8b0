"""Acceptance: new weights must be better on the owner's digits and no worse elsewhere.

The test on the owner's digits is exact and paired. Under the null hypothesis that the new weights
learned nothing, the sign of each digit's gain in margin is a coin toss; the p-value is the share of
all sign patterns whose sum is at least the observed one. That is Fisher's randomisation test ("The
design of experiments", 1935). With digits counted only as right or wrong it would be McNemar's
exact test; here unsure digits count, too, by the margin of the right label, clipped at the margin
from which the reader is sure.

The test assumes that digits are independent. Those of one page are slightly correlated: simulated
gains with a correlation of 0.3 within a page pass one time in nine instead of one in twenty-five.
The general test guards against that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pi_reader.values import CLASSES, NO_DIGIT

MAX_P = 1 / 16  # highest p-value: four digits that all gain
MOST_LOST = 0.001  # share of the general test that may be lost: 0.1 points
MOST_OF_ONE = 0.003  # share of a digit's images that may be lost if it was not taught: 3 of 1,000
CHOSEN_LOST = MOST_LOST / 2  # the same when choosing the blend, on other images
MOST_MARKS_LOST = 0.01  # additional share of marks that may be taken for digits
ENOUGH_HELD = 50  # held-out samples from which on they alone decide
LEAST, LEAST_EVENTS = 20, 5  # samples and readings below which nothing can be decided

_MOST_MARGIN = 5.0  # nats at which the margin is clipped: 99.3 to 0.7
_STEPS = 4  # per nat: margins are whole steps, so that the test is exact
_TOO_MANY = 4  # different digits that were surely read and all labelled the same
_LEAST_CHANCE = np.float32(1e-30)


@dataclass(frozen=True)
class Opinion:
    """A network's results on n labelled digits.

    right: (n,) bool; margin: (n,) int, log probability of the label minus that of the best other
    class, in quarters of a nat, clipped to ±20.
    """

    right: np.ndarray
    margin: np.ndarray

    @property
    def wrong(self) -> int:
        """How many are wrong."""
        return int((~self.right).sum())


@dataclass(frozen=True)
class Owner:
    """Old and new weights compared on the owner's digits.

    labels: (n,); before, after: the results of each; p_value: of the paired test; how: in words,
    how the digits were kept apart from those that were learned. recalled: how many are wrong with
    the memory beside the weights, before and after, none of its keys being among these digits.
    """

    labels: np.ndarray
    before: Opinion
    after: Opinion
    p_value: float
    how: str
    recalled: tuple[int, int] = (0, 0)

    @property
    def better(self) -> bool:
        """Whether the new weights are significantly better, and no worse with the memory, which is
        how the box reads."""
        no_worse = self.after.wrong <= self.before.wrong and self.recalled[1] <= self.recalled[0]
        return self.p_value <= MAX_P and no_worse

    @property
    def figures(self) -> str:
        """The figures in words."""
        mended = int((self.after.right & ~self.before.right).sum())
        broken = int((self.before.right & ~self.after.right).sum())
        gains = self.after.margin - self.before.margin
        return (
            f"of {len(self.labels)} of your digits ({self.how}) {self.before.wrong} were read "
            f"wrong, now {self.after.wrong} ({mended} mended, {broken} broken); the right answer "
            f"stands out more in {int((gains > 0).sum())}, less in {int((gains < 0).sum())}, which "
            f"luck alone does as well with a chance of {self.p_value:.2g}; with the memory "
            f"{self.recalled[0]} were read wrong, now {self.recalled[1]}"
        )


@dataclass(frozen=True)
class General:
    """One network on the general test: errors among `digits`, false positives among `marks`;
    each: errors among the zeros, the ones, and so on."""

    name: str
    digits: int
    wrong: int
    marks: int
    false_positives: int
    each: tuple[int, ...] = (0,) * CLASSES

    @property
    def share(self) -> float:
        """The accuracy on the digits, 0 to 1."""
        return 1 - self.wrong / self.digits

    def loses(self, before: General, untaught: Sequence[int] = (), most: float = MOST_LOST) -> str:
        """Why the network lost too much, in words; "" if it did not.

        untaught: digits that the owner did not teach, none of which may lose much by itself;
        most: share of all digits that may be lost.
        """
        if self.wrong - before.wrong > most * self.digits:
            return (
                f"{self.name} {before.share:.2%}, now {self.share:.2%} of {self.digits:,}; at "
                f"most {100 * most:g} points may be lost"
            )
        for digit in untaught:
            if self.each[digit] - before.each[digit] > MOST_OF_ONE * self.digits / CLASSES:
                return (
                    f"{self.name}: {before.each[digit]} of the {digit}s were read wrong, now "
                    f"{self.each[digit]}, and nobody taught any; at most "
                    f"{100 * MOST_OF_ONE:g} points may be lost"
                )
        if self.false_positives - before.false_positives > MOST_MARKS_LOST * self.marks:
            return (
                f"of {self.marks:,} marks that are no digits {before.false_positives} were taken "
                f"for digits, now {self.false_positives}; at most {100 * MOST_MARKS_LOST:g} points "
                "may be lost"
            )
        return ""


def opinion(probabilities: np.ndarray, labels: np.ndarray) -> Opinion:
    """A network's results on digits, from its probabilities (n, outcomes) and labels (n,)."""
    rows = np.arange(len(labels))
    scores = np.log(np.maximum(probabilities, _LEAST_CHANCE))
    own = scores[rows, labels]
    others = scores.copy()
    others[rows, labels] = -np.inf
    ahead = np.clip(own - others.max(axis=1, initial=-np.inf), -_MOST_MARGIN, _MOST_MARGIN)
    guesses = np.where(
        labels == NO_DIGIT, probabilities.argmax(axis=1), probabilities[:, :CLASSES].argmax(axis=1)
    )
    return Opinion(guesses == labels, np.rint(ahead * _STEPS).astype(np.int64))


def compare(
    labels: np.ndarray,
    before: Opinion,
    after: Opinion,
    how: str,
    recalled: tuple[int, int] = (0, 0),
) -> Owner:
    """Compare two networks' results on the same digits; recalled: errors with the memory."""
    return Owner(labels, before, after, p_value(after.margin - before.margin), how, recalled)


def p_value(gains: Sequence[int] | np.ndarray) -> float:
    """The probability of a sum at least as large if the sign of each gain were random.

    gains: whole numbers. Exact up to rounding: all 2^n sign patterns are counted, by their sums.
    """
    sizes = [abs(int(gain)) for gain in gains if gain]
    most = sum(sizes)
    chances = np.zeros(2 * most + 1)  # probability of each sum, from -most up
    chances[most] = 1.0
    for size in sizes:
        chances = 0.5 * (np.roll(chances, size) + np.roll(chances, -size))
    return float(min(1.0, chances[most + int(np.sum(gains)) :].sum()))


def all_is_well(labels: np.ndarray, probabilities: np.ndarray, sure_at: float) -> bool:
    """Whether each digit is read right and for sure, and no other mark is surely a digit: then
    there is nothing to learn. probabilities: (n, outcomes)."""
    sure = probabilities[:, :CLASSES].max(axis=1) >= sure_at
    right = opinion(probabilities, labels).right
    return bool((right & (sure == (labels != NO_DIGIT))).all())


def doubtful_labels(labels: np.ndarray, read: np.ndarray, sure: np.ndarray) -> str:
    """Labels that are probably wrong, in words; "" if there are none.

    The same label for digits that were surely read as many different ones is a mistake.
    labels, read: (n,) ints; sure: (n,) bool, whether the reader was sure.
    """
    for label in range(CLASSES):
        others = np.unique(read[(labels == label) & sure & (read != label)])
        if len(others) >= _TOO_MANY:
            names = ", ".join(map(str, others))
            return (
                f"samples labelled {label} were surely read as {names}; can all of them be "
                f"{label}s? `pi-reader samples sheet` shows them, `samples label` mends it"
            )
    return ""


def waits_for(count: int, events: int) -> str:
    """How many more samples are needed for a decision, in words; "" if there are enough."""
    if count >= LEAST and events >= LEAST_EVENTS:
        return ""
    lacking = max(0, LEAST - count)
    words = [f"{lacking} more labelled digits"] if lacking else []
    if missing := max(0, LEAST_EVENTS - events):
        words.append(f"digits of {missing} more reading{'s' * (missing > 1)}")
    return (
        f"{count} labelled digits of {events} readings are too few to tell better from worse; "
        f"{' and '.join(words)} are needed"
    )
