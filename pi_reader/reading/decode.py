"""Which of several ways to read the same ink is the likeliest.

Costs are in nats, the negative logarithm of a probability: what is certain costs nothing, and the
costs of marks that are independent add up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log

import numpy as np

from pi_reader.values import CLASSES, NO_DIGIT

CLEAR = 0.8  # probability from which a digit is not looked at a second time
HELD_TOGETHER = 0.2  # ink between two parts speaks for itself
LEAST_CHANCE = 1e-6
EVEN = 0.5  # probability: what is likelier than not is believed
IN_DOUBT = 0.02  # probability of something else from which what is read is in doubt
OFF_LEVEL = 0.3  # heights that a mark's middle may stand above or below what it is beside
LEAST_SIZE = 0.5  # of the usual size: a smaller mark says nothing of the page
POINT = 0.35  # of a digit's height: what is no taller may be a point, and is no digit
PALE = 0.6  # of the digits' darkness: what is paler beside them is no ink

Place = tuple[int, int, int, int]  # left, top, right, bottom in working pixels


@dataclass(frozen=True, eq=False)
class Mark:
    """Ink taken together, and what the network thinks of it.

    left, top, right, bottom: its box in working pixels; strength: its mean contrast in grey
    levels; chances: 10 or 11 probabilities, of the digits and of "no digit".
    components: the numbers of the components that its ink comes from.
    darkness: its strength as a share of the paper's brightness, the same in light and in shadow.
    stroke: how thick it is written, in working pixels.
    patch: (28, 28) uint8, what the network saw of it; hidden: (k,) float32, the network's
    activations before its last layer, where they are wanted.
    torn: whether it was torn from ink of another line.
    cut_from: the mark that it was cut out of, as a digit beside others, if it was.
    paired: what it is by the two that it touches seen together: how likely it is each digit, and
    its neighbour one, too; () where nobody saw them so.
    whole: whether other marks are made of its ink, too: they are right, or it is.
    unreadable: why it may be any digit, "" if it can be read.
    kinds: what the neighbourhood holds it for, a probability for each of its kinds.
    taught: when it was named, in words, if a memory and not the networks named it; disputed:
    whether such a mark was called by two names (`reading.recall`).
    """

    left: int
    top: int
    right: int
    bottom: int
    strength: float
    chances: tuple[float, ...]
    components: frozenset[int] = frozenset()
    darkness: float = 1.0
    stroke: float = 1.0
    patch: np.ndarray | None = field(default=None, repr=False)
    hidden: np.ndarray | None = field(default=None, repr=False)
    torn: bool = False
    cut_from: Mark | None = field(default=None, repr=False)
    paired: tuple[float, ...] = ()
    whole: bool = False
    kinds: tuple[float, ...] = ()
    taught: str = ""
    disputed: bool = False
    unreadable: str = ""

    def but(self, **changed: object) -> Mark:
        """The same with other values in some fields, in a tenth of the time of `replace`."""
        mark = object.__new__(Mark)
        mark.__dict__.update(self.__dict__, **changed)
        return mark

    @property
    def height(self) -> int:
        """Height of the box in working pixels."""
        return self.bottom - self.top

    @property
    def place(self) -> Place:
        """The box: left, top, right, bottom."""
        return self.left, self.top, self.right, self.bottom

    def is_inside(self, box: Sequence[float]) -> bool:
        """Whether its middle lies in a box: left, top, right, bottom."""
        left, top, right, bottom, *_ = box
        x, y = (self.left + self.right) / 2, (self.top + self.bottom) / 2
        return left <= x < right and top <= y < bottom

    @property
    def chance(self) -> float:
        """Probability of the likeliest digit."""
        return max(self.chances[:NO_DIGIT])

    @property
    def label(self) -> int:
        """The likeliest digit."""
        return self.chances.index(self.chance)

    @property
    def none(self) -> float:
        """Probability of no digit; from a network without that outcome, of none of the ten."""
        return self.chances[NO_DIGIT] if len(self.chances) > NO_DIGIT else 1 - self.chance

    @property
    def is_digit(self) -> bool:
        """Whether some digit is likelier than none."""
        return len(self.chances) <= NO_DIGIT or self.chance > self.chances[NO_DIGIT]

    @property
    def is_clear(self) -> bool:
        """Whether nobody needs to look again: it may still be a `?`, but no other cut mends it."""
        return self.chance >= CLEAR

    @property
    def cost(self) -> float:
        """What it costs to take it for a digit."""
        return -log(max(self.chance, LEAST_CHANCE))

    @property
    def cost_of_none(self) -> float:
        """What it costs to take it for no digit."""
        return -log(max(self.none, LEAST_CHANCE))


def places_of(marks: Sequence[Mark]) -> np.ndarray:
    """The boxes of some marks, (n, 4) int32 left, top, right, bottom in working pixels."""
    return np.array([mark.place for mark in marks], np.int32).reshape(-1, 4)


def best_partition(count: int, marks: Mapping[int, Mark]) -> list[Mark]:
    """The likeliest way to take each of `count` components for a digit, part of one, or neither.

    marks: by the set of components they are made of, bit i for component i. Dynamic programming
    over subsets: the first component not yet explained is passed over or taken with any others. A
    mark that is passed over is in the result too.
    """
    everything = (1 << count) - 1
    best: list[tuple[float, list[Mark]]] = [(0.0, [])] * (everything + 1)
    for done in range(everything - 1, -1, -1):
        first = next(i for i in range(count) if not done >> i & 1)
        alone = marks.get(1 << first)
        cost, rest = best[done | 1 << first]
        cost += alone.cost_of_none if alone else 0.0
        choices = [(cost, [alone, *rest] if alone else rest)]
        for group, mark in marks.items():
            if group >> first & 1 and not group & done:
                cost, rest = best[done | group]
                choices.append((mark.cost + cost, [mark, *rest]))
        best[done] = min(choices, key=lambda choice: choice[0])
    return best[0][1]


def likeliest_row(
    pieces: Mapping[tuple[int, int], float],
) -> tuple[float, list[tuple[int, int]]]:
    """The likeliest row of digits from the leftmost cut to the rightmost: how likely all of them
    are digits, and the cuts that each lies between; 0 if no digits go all the way.

    pieces: how likely a digit stands between two cuts, counted from the left.
    """
    end = max((last for _, last in pieces), default=0)
    best: dict[int, tuple[float, list[tuple[int, int]]]] = {0: (1.0, [])}
    for (first, last), likely in sorted(pieces.items()):
        so_far, row = best.get(first, (0.0, []))
        if so_far * likely > best.get(last, (0.0, []))[0]:
            best[last] = so_far * likely, [*row, (first, last)]
    return best.get(end, (0.0, [])) if end else (0.0, [])


def best_two(pair: np.ndarray, pieces: Mapping[tuple[int, int], Mark], end: int) -> list[Mark]:
    """The two pieces that look most like two digits that were named together, with that told of
    each (`Mark.paired`); none if no cut leaves two.

    pair: (10, 10) how likely each two are, by the left one and the right one; pieces: what stands
    between two cuts, counted from the leftmost, 0, to the rightmost, `end`.
    """
    left, right = pair.sum(axis=1), pair.sum(axis=0)
    fits: dict[int, float] = {}
    for first, cut in pieces:
        if first == 0 and (cut, end) in pieces:
            one, other = (np.array(pieces[at].chances[:CLASSES]) for at in ((0, cut), (cut, end)))
            fits[cut] = float(left @ one) * float(right @ other)
    if not fits:
        return []
    cut = max(fits, key=fits.__getitem__)
    two = (((0, cut), left), ((cut, end), right))
    return [pieces[at].but(paired=tuple(likely.tolist())) for at, likely in two]


def in_a_row(pieces: Sequence[tuple[int, int]], end: int) -> list[tuple[int, int]]:
    """Those of some pieces, each between two cuts, that others continue to the leftmost cut, 0, and
    to the rightmost one, `end`."""
    begun, ended = {0}, {end}
    for first, last in sorted(pieces):
        if first in begun:
            begun.add(last)
    for first, last in sorted(pieces, reverse=True):
        if last in ended:
            ended.add(first)
    return [(first, last) for first, last in pieces if first in begun and last in ended]


def better_whole(whole: Mark, parts: Sequence[Mark]) -> bool:
    """Whether some marks are likelier to be one digit together than what each is alone."""
    apart = sum(part.cost if part.is_digit else part.cost_of_none for part in parts)
    return whole.is_digit and whole.cost < apart + HELD_TOGETHER


def mended(marks: list[Mark], wholes: Sequence[Mark]) -> list[Mark]:
    """Marks, with those replaced that are likelier to be parts of a whole with fainter ink."""
    for whole in wholes:
        parts = [mark for mark in marks if mark.components & whole.components]
        if any(part.paired for part in parts):  # all of it was named already
            continue
        inside = all(mark.components <= whole.components for mark in parts)
        if parts and inside and better_whole(whole, parts):
            marks = [mark for mark in marks if not mark.components & whole.components] + [whole]
    return marks


def groups_of_several(
    groups: Sequence[tuple[int, ...]], marks: Sequence[Mark]
) -> list[tuple[int, ...]]:
    """The groups whose components are those of several marks, all of these and none besides; marks
    that were cut or torn are in none."""
    mark_of = {
        one: mark.components
        for mark in marks
        if not mark.cut_from and not mark.torn
        for one in mark.components
    }
    several, nothing = [], frozenset[int]()
    for group in groups:
        inside = {mark_of.get(one, nothing) for one in group}
        if len(inside) > 1 and nothing.union(*inside) == set(group):
            several.append(group)
    return several


def has_digit_alone(whole: Mark, parts: Sequence[Mark]) -> bool:
    """Whether one of its parts is the same digit alone, as where the other one is a point."""
    inside = [part for part in parts if part.components <= whole.components]
    return any(part.is_digit and part.label == whole.label for part in inside)


def usual_height(marks: Sequence[Mark]) -> float:
    """How tall digits are here in pixels; 0 where there are none.

    The median height, marks counted by how likely they are digits and how tall, as a page may hold
    a hundred specks of dust.
    """
    if not marks:
        return 0.0
    height = np.array([mark.height for mark in marks], np.float32)
    likely = np.array([1 - mark.none + 1e-3 for mark in marks])
    return weighted_median(height, likely * height)


def level_with(y: np.ndarray | float, boxes: np.ndarray, tall: float) -> np.ndarray:
    """Which rows stand level with which boxes, (n, k) bool, or (k,) of one row.

    y: (n,) rows; boxes: (k, 4) left, top, right, bottom; tall: height of a digit, all in pixels.
    """
    y, off = np.asarray(y)[..., None], OFF_LEVEL * tall
    return np.asarray((y > boxes[:, 1] - off) & (y < boxes[:, 3] + off))


def median(values: Sequence[float] | np.ndarray) -> float:
    """The median of some numbers, at least one, as numpy's, in a tenth of its time for a few."""
    ordered = sorted(values.tolist() if isinstance(values, np.ndarray) else values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def usual_size(sizes: np.ndarray) -> float:
    """How large marks are of which some are specks: the median of the larger half; at least one."""
    return median(sizes[sizes >= median(sizes)])


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The value with half of the weight on either side; there must be one at least."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
