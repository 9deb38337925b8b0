"""One look at a page: from a frame to the digits on it.

The way leads from ink to connected regions to 28 x 28 patches to probabilities, and back to boxes in
the frame. Where a digit is in parts, or two have grown together, several ways of grouping the ink
are put before the network, and the one it finds likeliest is taken. Nothing here knows of cameras,
lamps or the time of day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from pi_reader.values import Box, Digit, Frame, Line, Reading
from pi_reader.vision.cuts import cut_region, find_cuts
from pi_reader.vision.ink import Ink, find_ink
from pi_reader.vision.lines import find_lines
from pi_reader.vision.marks import MAX_PARTS, find_marks, find_neighbourhoods, may_stand_alone
from pi_reader.vision.patches import cut_patches
from pi_reader.vision.regions import Regions, merge

NO_DIGIT = 10  # index of the outcome "this is no digit", in networks that know it
SURE_AT = 0.9  # where no card says better
PASS_OVER = 1.0  # what it costs, in nats, to leave out a mark as large as all its neighbours
PER_CUT = 0.5  # nats: a cut has to be better than no cut, not just as good
LEAST_CHANCE = np.float32(1e-6)


class Classifier(Protocol):
    """What the reader needs of a network."""

    def predict(self, patches: np.ndarray) -> np.ndarray:
        """(n, 28, 28) uint8 patches to (n, 10 or 11) float32 probabilities."""


@dataclass(frozen=True)
class _Mark:
    """Some regions taken for one digit, and what the network thinks of it."""

    group: tuple[int, ...]
    chances: np.ndarray  # (10 or 11,) float32

    @property
    def cost(self) -> float:
        """Nats of surprise if this is a digit."""
        return float(-np.log(np.maximum(self.chances[:NO_DIGIT].max(), LEAST_CHANCE)))

    @property
    def is_digit(self) -> bool:
        """Whether some digit is likelier than none."""
        return len(self.chances) <= NO_DIGIT or int(self.chances.argmax()) != NO_DIGIT


class Reader:
    """Reads frames with one network and one threshold.

    network: gives probabilities for patches; 10 outcomes, or 11 with "no digit" as the last.
    card: of the weights file, for its reject threshold (a digit is believed from that probability
    on) and its checksum; without one, SURE_AT and no checksum.
    """

    def __init__(self, network: Classifier, card: Any = None) -> None:
        self.network = network
        threshold = getattr(card, "reject_threshold", None)
        self.sure_at = SURE_AT if threshold is None else float(threshold)
        self.weights = str(getattr(card, "sha256", "") or "")

    def read(self, frame: Frame) -> Reading:
        """Read all digits on a frame; a page without any gives a reading without lines."""
        begin = perf_counter()
        ink = find_ink(frame.grey)
        after_ink = perf_counter()
        ink, found = find_marks(ink)
        after_regions = perf_counter()
        digits = []
        for mark, regions in self._marks(ink, found):
            digits.append(self._digit(mark, regions, ink.scale, frame.grey.shape))
        lines = _lines(digits)
        end = perf_counter()
        return Reading(frame.source, (frame.grey.shape[1], frame.grey.shape[0]), lines, {
            "ink": 1000 * (after_ink - begin), "regions": 1000 * (after_regions - after_ink),
            "classify": 1000 * (end - after_regions), "total": 1000 * (end - begin)}, self.weights)

    def _marks(self, ink: Ink, found: Regions) -> list[tuple[_Mark, Regions]]:
        """The marks taken for digits, each with the regions that its group refers to."""
        alone = may_stand_alone(found).tolist()
        neighbourhoods = find_neighbourhoods(found)
        groups = [group for hood in neighbourhoods for group in _groups(hood, alone, found)]
        judged = self._judge(ink, found, groups)
        chosen: list[_Mark] = []
        for hood in neighbourhoods:
            if len(hood) == 1:
                chosen += [judged[tuple(hood)]] if tuple(hood) in judged else []
            else:
                chosen += _best_cover(hood, judged, found)
        kept = [(mark, found) for mark in chosen if self._is_whole(mark)]
        doubtful = [mark for mark in chosen if not self._is_whole(mark)]
        return kept + self._cut(ink, found, doubtful)

    def _is_whole(self, mark: _Mark) -> bool:
        return len(mark.group) > 1 or (mark.is_digit and mark.cost < -np.log(self.sure_at))

    def _judge(self, ink: Ink, found: Regions,
               groups: Sequence[tuple[int, ...]]) -> dict[tuple[int, ...], _Mark]:
        """What the network thinks of each group."""
        if not groups:
            return {}
        chances = self.network.predict(cut_patches(ink, found, groups))
        return {group: _Mark(group, chance) for group, chance in zip(groups, chances, strict=True)}

    def _cut(self, ink: Ink, found: Regions, marks: list[_Mark]) -> list[tuple[_Mark, Regions]]:
        """Marks the network does not know as one digit, as several where that is likelier."""
        spans_of: list[list[tuple[int, int]]] = []
        parts = []
        for mark in marks:
            region = mark.group[0]
            edges = [int(found.left[region]), *find_cuts(found, region), int(found.right[region])]
            spans = [] if len(edges) < 3 else [
                (a, b) for a, b in combinations(edges, 2) if b - a < edges[-1] - edges[0]]
            spans_of.append(spans)
            if spans:
                parts.append(cut_region(found, region, spans))
        results: list[tuple[_Mark, Regions]] = []
        pieces = merge(parts) if parts else found
        judged = self._judge(ink, pieces, [(i,) for i in range(len(pieces))]) if parts else {}
        place = 0
        for mark, spans in zip(marks, spans_of, strict=True):
            here = {span: judged[(place + i,)] for i, span in enumerate(spans)}
            place += len(spans)
            height = int(found.height[mark.group[0]])
            way = _cheapest_way({span: piece for span, piece in here.items()
                                 if pieces.height[piece.group[0]] >= 0.5 * height})
            whole = mark.cost if mark.is_digit else PASS_OVER + _cost_of_none(mark)
            if way is not None and way[0] < min(whole, mark.cost):
                results += [(piece, pieces) for piece in way[1]]
            elif mark.is_digit:
                results.append((mark, found))
        return results

    def _digit(self, mark: _Mark, found: Regions, scale: int, shape: tuple[int, ...]) -> Digit:
        first, second = np.argsort(mark.chances[:NO_DIGIT])[:-3:-1].tolist()
        chance = float(mark.chances[first])
        group = list(mark.group)
        left, top = int(found.left[group].min()) * scale, int(found.top[group].min()) * scale
        right = min(shape[1], int(found.right[group].max()) * scale)
        bottom = min(shape[0], int(found.bottom[group].max()) * scale)
        return Digit(first, chance, (second, float(mark.chances[second])),
                     chance >= self.sure_at, Box(left, top, right - left, bottom - top))


def _groups(hood: list[int], alone: list[bool], found: Regions) -> list[tuple[int, ...]]:
    """The groups of a neighbourhood that may be a digit."""
    groups: list[tuple[int, ...]] = [(region,) for region in hood if alone[region]]
    if 1 < len(hood) <= MAX_PARTS:
        for count in range(2, len(hood) + 1):
            groups += combinations(hood, count)
    return groups


def _cost_of_none(mark: _Mark) -> float:
    """Nats of surprise if this mark is no digit."""
    if len(mark.chances) <= NO_DIGIT:
        return float(-np.log(np.maximum(1 - mark.chances.max(), LEAST_CHANCE)))
    return float(-np.log(np.maximum(mark.chances[NO_DIGIT], LEAST_CHANCE)))


def _best_cover(hood: list[int], judged: dict[tuple[int, ...], _Mark],
                found: Regions) -> list[_Mark]:
    """The likeliest way to take each region of a neighbourhood for a digit, part of one, or none.

    Dynamic programming over subsets: the first region not yet explained is left out or taken
    together with any others.
    """
    if len(hood) > MAX_PARTS:
        return [judged[(region,)] for region in hood if (region,) in judged]
    share = found.area[hood] / found.area[hood].sum()
    bit = {region: 1 << index for index, region in enumerate(hood)}
    full = (1 << len(hood)) - 1
    best: list[tuple[float, list[_Mark]]] = [(np.inf, [])] * full + [(0.0, [])]
    moves = [(sum(bit[region] for region in group), mark) for group, mark in judged.items()
             if set(group) <= set(hood)]
    for done in range(full - 1, -1, -1):
        index = next(i for i in range(len(hood)) if not done >> i & 1)
        alone = judged.get((hood[index],))
        none = PASS_OVER * float(share[index]) + (_cost_of_none(alone) if alone else 0.0)
        rest = best[done | 1 << index]
        choices = [(none + rest[0], rest[1])]
        for mask, mark in moves:
            if mask >> index & 1 and not mask & done:
                rest = best[done | mask]
                choices.append((mark.cost + rest[0], [mark, *rest[1]]))
        best[done] = min(choices, key=lambda choice: choice[0])
    return best[0][1]


def _cheapest_way(pieces: dict[tuple[int, int], _Mark]) -> tuple[float, list[_Mark]] | None:
    """The likeliest row of digits from the first column to the last, and its cost in nats."""
    if not pieces:
        return None
    begin, end = min(a for a, _ in pieces), max(b for _, b in pieces)
    best: dict[int, tuple[float, list[_Mark]]] = {begin: (0.0, [])}
    for (start, stop), mark in sorted(pieces.items()):
        if start in best and mark.is_digit:
            cost = best[start][0] + mark.cost + PER_CUT
            if stop not in best or cost < best[stop][0]:
                best[stop] = cost, [*best[start][1], mark]
    return best.get(end)


def _lines(digits: list[Digit]) -> tuple[Line, ...]:
    """Digits in reading order."""
    boxes = np.array([(d.box.x, d.box.y, d.box.right, d.box.bottom) for d in digits], np.int32)
    order = find_lines(*boxes.reshape(-1, 4).T)
    return tuple(Line(tuple(digits[index] for index in line)) for line in order)
