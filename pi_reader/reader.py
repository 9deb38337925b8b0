"""One look at a page: from a frame to the digits on it.

The way leads from ink to connected regions to 28 x 28 patches to probabilities, and back to boxes
in the frame. Where a digit is in parts, or two have grown together, or a stroke is too faint in
places, several ways to take the ink are put before the network, and the one it finds likeliest is
taken. Nothing here knows of cameras, lamps or the time of day.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from time import perf_counter
from typing import Protocol

import numpy as np

from pi_reader.values import Box, Digit, Frame, Line, Reading
from pi_reader.vision.choice import (
    NO_DIGIT,
    PASS_OVER,
    Mark,
    best_cover,
    better_whole,
    cheapest_way,
    on_this_page,
    same_hand,
)
from pi_reader.vision.cuts import cut_region, find_spans
from pi_reader.vision.ink import Ink, find_ink
from pi_reader.vision.lines import find_lines
from pi_reader.vision.marks import (
    MAX_PARTS,
    find_fainter,
    find_marks,
    find_neighbourhoods,
    may_stand_alone,
)
from pi_reader.vision.patches import cut_patches
from pi_reader.vision.regions import Regions, merge


class Classifier(Protocol):
    """What the reader needs of a network."""

    def predict(self, patches: np.ndarray) -> np.ndarray:
        """(n, 28, 28) uint8 patches to (n, 10 or 11) float32 probabilities."""


class Reader:
    """Reads frames with one network and one threshold.

    network: gives probabilities for patches; 10 outcomes, or 11 with "no digit" as the last.
    sure_at: the probability from which a digit is believed, 0 to 1; the weights' card knows it.
    weights: sha256 of the weights file, for the record.
    """

    def __init__(self, network: Classifier, sure_at: float = 0.9, weights: str = "") -> None:
        self.network = network
        self.sure_at = sure_at
        self.weights = weights

    def read(self, frame: Frame) -> Reading:
        """Read all digits on a frame; a page without any gives a reading without lines."""
        begin = perf_counter()
        ink = find_ink(frame.grey)
        after_ink = perf_counter()
        clean, found = find_marks(ink)
        after_regions = perf_counter()
        marks, singles = self._take(clean, found)
        marks += self._cut(clean, found, singles)
        marks = self._look_closer(clean, marks)
        marks = on_this_page(same_hand(marks, self.sure_at))
        digits = [self._digit(mark, ink.scale, frame.grey.shape) for mark in marks if mark.is_digit]
        lines = _lines(digits)
        end = perf_counter()
        return Reading(frame.source, (frame.grey.shape[1], frame.grey.shape[0]), lines, {
            "ink": 1000 * (after_ink - begin), "regions": 1000 * (after_regions - after_ink),
            "classify": 1000 * (end - after_regions), "total": 1000 * (end - begin)}, self.weights)

    def _judge(self, ink: Ink, found: Regions, groups: Sequence[tuple[int, ...]]) -> list[Mark]:
        """What the network thinks of groups of regions."""
        if not groups:
            return []
        chances = self.network.predict(cut_patches(ink, found, groups))
        return [_mark(found, group, chance) for group, chance in zip(groups, chances, strict=True)]

    def _take(self, ink: Ink, found: Regions) -> tuple[list[Mark], dict[int, Mark]]:
        """Regions joined to marks as is likeliest.

        Returns the marks that are settled, and apart from them, by their region, single regions
        that the network is not sure of.
        """
        alone = may_stand_alone(found).tolist()
        hoods = find_neighbourhoods(found)
        groups = [group for hood in hoods for group in _groups(hood, alone)]
        judged = dict(zip(groups, self._judge(ink, found, groups), strict=True))
        settled: list[Mark] = []
        open_: dict[int, Mark] = {}
        for hood in hoods:
            if 1 < len(hood) <= MAX_PARTS:
                bits = {region: 1 << index for index, region in enumerate(hood)}
                share = found.area[hood] / found.area[hood].sum()
                taken = best_cover(share.tolist(), {
                    sum(bits[region] for region in group): judged[group]
                    for group in _groups(hood, alone)})
            else:
                taken = [judged[(region,)] for region in hood if alone[region]]
            region_of = {id(judged[(region,)]): region for region in hood if alone[region]}
            for mark in taken:
                region = region_of.get(id(mark))
                if region is None or self._is_sure(mark):
                    settled.append(mark)
                else:
                    open_[region] = mark
        return settled, open_

    def _cut(self, ink: Ink, found: Regions, singles: dict[int, Mark]) -> list[Mark]:
        """Single regions, cut into several digits where that is likelier."""
        spans_of = {region: find_spans(found, region) for region in singles}
        spans_of = {region: spans for region, spans in spans_of.items() if spans}
        result = [mark for region, mark in singles.items() if region not in spans_of]
        if not spans_of:
            return result
        pieces = merge([cut_region(found, region, spans) for region, spans in spans_of.items()])
        judged = iter(self._judge(ink, pieces, [(index,) for index in range(len(pieces))]))
        for region, spans in spans_of.items():
            whole = singles[region]
            tall = {span: piece for span, piece in ((span, next(judged)) for span in spans)
                    if piece.height >= 0.5 * whole.height}  # the arm of a plus is no digit
            way = cheapest_way(tall)
            cost = whole.cost if whole.is_digit else min(whole.cost, PASS_OVER + whole.cost_of_none)
            result += way[1] if way is not None and way[0] < cost else [whole]
        return result

    def _look_closer(self, ink: Ink, marks: list[Mark]) -> list[Mark]:
        """Marks that stay doubtful, drawn with the fainter ink around them where that is better."""
        doubtful = [mark for mark in marks if not self._is_sure(mark)]
        if not doubtful:
            return marks
        fainter = find_fainter(ink, doubtful)
        groups = [(index,) for index in range(len(fainter))]
        for whole in self._judge(ink, fainter, groups):
            parts = [mark for mark in marks if whole.holds(mark)]
            if parts and better_whole(whole, parts):
                marks = [mark for mark in marks if not whole.holds(mark)] + [whole]
        return marks

    def _is_sure(self, mark: Mark) -> bool:
        return mark.is_digit and mark.chance >= self.sure_at

    def _digit(self, mark: Mark, scale: int, shape: tuple[int, ...]) -> Digit:
        first, second = np.argsort(mark.chances[:NO_DIGIT])[:-3:-1].tolist()
        left, top = mark.left * scale, mark.top * scale
        right, bottom = min(shape[1], mark.right * scale), min(shape[0], mark.bottom * scale)
        return Digit(first, mark.chance, (second, float(mark.chances[second])),
                     self._is_sure(mark), Box(left, top, right - left, bottom - top))


def _mark(found: Regions, group: tuple[int, ...], chances: np.ndarray) -> Mark:
    """Some regions as one mark."""
    left, top, right, bottom, _, strength, _ = found.together(group)
    return Mark(left, top, right, bottom, strength, chances)


def _groups(hood: list[int], alone: list[bool]) -> list[tuple[int, ...]]:
    """The groups of neighbouring regions that may be a digit."""
    groups: list[tuple[int, ...]] = [(region,) for region in hood if alone[region]]
    if 1 < len(hood) <= MAX_PARTS:
        for count in range(2, len(hood) + 1):
            groups += combinations(hood, count)
    return groups


def _lines(digits: list[Digit]) -> tuple[Line, ...]:
    """Digits in reading order."""
    boxes = np.array([(d.box.x, d.box.y, d.box.right, d.box.bottom) for d in digits], np.int32)
    order = find_lines(*boxes.reshape(-1, 4).T)
    return tuple(Line(tuple(digits[index] for index in line)) for line in order)
