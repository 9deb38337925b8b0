"""Which of several ways to read the same ink is the likeliest, and what fits on one page.

Costs are in nats, the negative logarithm of a probability: what is certain costs nothing, and the
costs of marks that are independent add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp, inf, log
from statistics import median

import numpy as np

from pi_reader.values import NO_DIGIT

PASS_OVER = 0.5  # what it costs to leave out a mark as large as its whole neighbourhood
NO_ROW = 1.0  # and what it costs to take nothing where a row of digits is possible
PER_CUT = 0.5  # a cut has to be better than no cut, not just as good
HELD_TOGETHER = 0.2  # ink between two parts speaks for itself
FAINTEST = 0.35  # of the darkest ink on the page
BOLD = 0.6  # the same for digits that say how tall digits are here: pieces of a grid are fainter
SMALLEST, TALLEST = 0.42, 2.5  # of the usual height of its digits
LEAST_CHANCE = 1e-6
NONDIGITS_IN_TRAINING = 0.1  # share of marks without a digit that the network's probabilities imply
STRANGE = 2.0  # how much less the network is believed for each part of a page that is no digit
FROM_AFAR = 2.0  # neighbours that the rest of the page counts as
NEIGHBOUR = 1.0  # of a mark's height: so far away a neighbour counts a third
LEAST_SHARE = 0.01  # of a page that is no digit, and that is none: nobody knows for certain
PSEUDOCOUNTS = (0.5, 2.0)  # marks without and with a digit that every page is credited with


Place = tuple[float, float]  # of a cut: its column and slant


@dataclass(frozen=True, eq=False)
class Mark:
    """Ink taken together, and what the network thinks of it.

    left, top, right, bottom: its box in working pixels; strength: its mean contrast in grey
    levels; chances: 10 or 11 probabilities, of the digits and of "no digit".
    components: the numbers of the components that its ink comes from.
    darkness: its strength as a share of the paper's brightness, the same in light and in shadow.
    patch: (28, 28) uint8, what the network saw of it.
    torn: whether it was torn from ink of another line.
    """

    left: int
    top: int
    right: int
    bottom: int
    strength: float
    chances: tuple[float, ...]
    components: frozenset[int] = frozenset()
    darkness: float = 1.0
    patch: np.ndarray | None = field(default=None, repr=False)
    torn: bool = False

    @property
    def height(self) -> int:
        """Height of the box in working pixels."""
        return self.bottom - self.top

    @property
    def chance(self) -> float:
        """Probability of the likeliest digit."""
        return max(self.chances[:NO_DIGIT])

    @property
    def none(self) -> float:
        """Probability of no digit; from a network without that outcome, of none of the ten."""
        return self.chances[NO_DIGIT] if len(self.chances) > NO_DIGIT else 1 - self.chance

    @property
    def is_digit(self) -> bool:
        """Whether some digit is likelier than none."""
        return len(self.chances) <= NO_DIGIT or self.chance > self.chances[NO_DIGIT]

    @property
    def cost(self) -> float:
        """What it costs to take it for a digit."""
        return -log(max(self.chance, LEAST_CHANCE))

    @property
    def cost_of_none(self) -> float:
        """What it costs to take it for no digit."""
        return -log(max(self.none, LEAST_CHANCE))


def best_partition(shares: Sequence[float], marks: Mapping[int, Mark]) -> list[Mark]:
    """The likeliest way to take each of some components for a digit, part of one, or neither.

    shares: each component's share of their ink; marks: by the set of components they are made of,
    bit i for component i. Dynamic programming over subsets: the first component not yet explained
    is passed over or taken with any others. A mark that is passed over is in the result too.
    """
    count = len(shares)
    everything = (1 << count) - 1
    best: list[tuple[float, list[Mark]]] = [(0.0, [])] * (everything + 1)
    for done in range(everything - 1, -1, -1):
        first = next(i for i in range(count) if not done >> i & 1)
        alone = marks.get(1 << first)
        cost, rest = best[done | 1 << first]
        cost += PASS_OVER * shares[first] + (alone.cost_of_none if alone else 0.0)
        choices = [(cost, [alone, *rest] if alone else rest)]
        for group, mark in marks.items():
            if group >> first & 1 and not group & done:
                cost, rest = best[done | group]
                choices.append((mark.cost + cost, [mark, *rest]))
        best[done] = min(choices, key=lambda choice: choice[0])
    return best[0][1]


def shortest_path(pieces: Mapping[tuple[Place, Place], Mark]) -> tuple[float, list[Mark]] | None:
    """The likeliest row of digits from the leftmost cut to the rightmost, and its cost.

    pieces: by the cuts that they lie between. None if no row of digits goes all the way.
    """
    if not pieces:
        return None
    begin, end = min(first for first, _ in pieces), max(last for _, last in pieces)
    best: dict[Place, tuple[float, list[Mark]]] = {begin: (0.0, [])}
    for (first, last), mark in sorted(pieces.items(), key=lambda piece: piece[0]):
        if first in best and mark.is_digit:
            cost = best[first][0] + mark.cost + (PER_CUT if first != begin else 0.0)
            if last not in best or cost < best[last][0]:
                best[last] = cost, [*best[first][1], mark]
    return best.get(end)


def better_whole(whole: Mark, parts: Sequence[Mark]) -> bool:
    """Whether some marks are likelier to be one digit together than what each is alone."""
    ink = sum(part.height * (part.right - part.left) for part in parts) or 1
    apart = 0.0
    for part in parts:
        share = part.height * (part.right - part.left) / ink
        apart += part.cost if part.is_digit else part.cost_of_none + PASS_OVER * share
    return whole.is_digit and whole.cost < apart + HELD_TOGETHER


def same_hand(marks: Sequence[Mark], sure_at: float) -> tuple[float, float, float]:
    """What the surest digits on a page say of the pen: least darkness, least and most height.

    What is far fainter is a ruled line, the other side of the paper, grain; what is far smaller is
    a dot or dirt, what is far taller a margin. sure_at: probability from which a digit is believed;
    where none is, anything goes.
    """
    sure = [mark for mark in marks if mark.is_digit and mark.chance >= sure_at]
    if not sure:
        return 0.0, 0.0, inf
    darkest = max(mark.darkness for mark in sure)
    usual = median(mark.height for mark in sure if mark.darkness >= BOLD * darkest)
    return FAINTEST * darkest, SMALLEST * usual, TALLEST * usual


def nondigit_prior(marks: Sequence[Mark], clutter: int = 0) -> float:
    """Which share of the marks on this page are no digits, 0 to 1.

    Found by expectation maximisation (Saerens, Latinne and Decaestecker, *Adjusting the Outputs
    of a Classifier to New a Priori Probabilities*, 2002), with a few marks credited beforehand so
    that a lone mark keeps about the probabilities it has. clutter: how many marks there are
    besides that cannot be digits.
    """
    if not marks or len(marks[0].chances) <= NO_DIGIT:
        return NONDIGITS_IN_TRAINING
    nondigits, digits = PSEUDOCOUNTS
    share, last = NONDIGITS_IN_TRAINING, 1.0
    while abs(last - share) > 1e-3:  # each step comes closer to the share that explains the page
        last = share
        nondigits_seen = clutter + sum(_adjusted(mark.none, share) for mark in marks)
        share = (nondigits + nondigits_seen) / (nondigits + clutter + digits + len(marks))
    return share


def prior_among_others(mark: Mark, count: int, share: float) -> float:
    """Which share of the other marks are no digits, if `share` of all `count` of them are.

    Two digits that have grown together are no digit, but that says nothing against either.
    """
    weight = sum(PSEUDOCOUNTS) + count
    rest = (share * weight - _adjusted(mark.none, share)) / (weight - 1)
    return min(max(rest, LEAST_SHARE), 1 - LEAST_SHARE)


def local_priors(marks: Sequence[Mark], clutter: np.ndarray, share: float) -> list[float]:
    """For each mark the share of its neighbours that are no digits, 0 to 1.

    Digits stand beside digits and letters beside letters: the o of a word is known by the word.
    What stands in the same line counts the more the nearer it is, and the page as a whole counts
    as `FROM_AFAR` neighbours. clutter: (m, 4) left, top, right, bottom of marks that cannot be
    digits; share: of the whole page that is no digit.
    """
    count = len(marks)
    if not count or len(marks[0].chances) <= NO_DIGIT:
        return [share] * count
    none = [_adjusted(mark.none, share) for mark in marks] + [1.0] * len(clutter)
    if max(none) < share:  # nothing but digits here
        return [share] * count
    boxes = np.array([(mark.left, mark.top, mark.right, mark.bottom) for mark in marks], np.float32)
    everyone = np.concatenate([boxes, clutter.astype(np.float32).reshape(-1, 4)])
    left, top, right, bottom = everyone.T
    apart = np.maximum(left, boxes[:, :1]) - np.minimum(right, boxes[:, 2:3])  # (n, n + m)
    level = np.minimum(bottom, boxes[:, 3:]) - np.maximum(top, boxes[:, 1:2])
    height = np.maximum(bottom - top, boxes[:, 3:] - boxes[:, 1:2])
    weight = np.exp(-np.maximum(apart, 0) / (NEIGHBOUR * height)) * (level > 0)
    weight[np.arange(count), np.arange(count)] = 0
    near = (weight @ np.array(none) + FROM_AFAR * share) / (weight.sum(axis=1) + FROM_AFAR)
    return [float(number) for number in np.clip(near, LEAST_SHARE, 1 - LEAST_SHARE)]


def apply_prior(marks: Sequence[Mark], shares: Sequence[float]) -> list[Mark]:
    """The same marks, their probabilities adjusted to the share of marks like them that is no
    digit.

    Where everything else is a digit an odd stroke is more likely one too; in a picture of a room
    the one thing that looks like a 7 is a chair. shares: (n,) for each mark, 0 to 1.
    """
    if not marks or len(marks[0].chances) <= NO_DIGIT:
        return list(marks)
    result = []
    for mark, share in zip(marks, shares, strict=True):
        none = _adjusted(mark.none, share)
        rest = (1 - none) / max(1 - mark.none, LEAST_CHANCE)
        digits = (chance * rest for chance in mark.chances[:NO_DIGIT])
        result.append(replace(mark, chances=(*digits, none)))
    return result


def _adjusted(none: float, share: float) -> float:
    """The probability of no digit, when that is the truth for this share of marks.

    The more of a page is no digit, the less it is like what the network learned from, letters above
    all, and the less its certainty counts.
    """
    none = min(max(none, LEAST_CHANCE), 1 - LEAST_CHANCE)
    strange = max(0.0, share - NONDIGITS_IN_TRAINING)
    evidence = log(none / (1 - none)) / (1 + STRANGE * strange)
    odds = log(share / (1 - share)) - log(NONDIGITS_IN_TRAINING / (1 - NONDIGITS_IN_TRAINING))
    return 1 / (1 + exp(-evidence - odds))
