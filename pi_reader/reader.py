"""One look at a page: from a frame to the digits on it.

The way leads from ink to connected regions to 28 x 28 patches to probabilities, and back to boxes
in the frame. Where a digit is in parts, or two have grown together, or a stroke is too faint in
places, several ways to take the ink are put before the network, and the one it finds likeliest is
taken. Nothing here knows of cameras, lamps or the time of day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from time import perf_counter
from typing import Protocol

import numpy as np

from pi_reader.values import Box, Digit, Frame, Line, Reading
from pi_reader.vision.choice import (
    NO_DIGIT,
    NO_ROW,
    Mark,
    best_cover,
    better_whole,
    cheapest_way,
    on_this_page,
    same_hand,
    share_among_others,
    share_of_junk,
    shares_nearby,
)
from pi_reader.vision.cuts import Span, cut_region, find_spans
from pi_reader.vision.ink import Ink, find_ink
from pi_reader.vision.lines import find_lines
from pi_reader.vision.marks import (
    MAX_PARTS,
    Marks,
    find_fainter,
    find_marks,
    find_neighbourhoods,
    may_be_one,
    may_stand_alone,
    on_paper,
)
from pi_reader.vision.patches import cut_patches
from pi_reader.vision.places import held_places
from pi_reader.vision.regions import Regions, merge
from pi_reader.vision.stacked import (
    are_digits,
    better_parted,
    find_piled,
    find_stacked,
    is_inside,
    part_lines,
)

CLEAR = 0.8  # probability from which a digit is not looked at a second time
MOST_LINES = 3  # times that a page is looked at again because lines have grown together
MOST_GUESSES = 1000  # patches for the network at a time: a page of confetti must not take minutes
MOST_PATCHES = 2000  # of one frame in all: half a minute of a Zero, whose watchdog waits for one
UNSEEN = (0.095,) * NO_DIGIT + (0.05,)  # probabilities of a mark that the network had no time for


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
        self._patches_left = 0

    def read(self, frame: Frame) -> Reading:
        """Read all digits on a frame; a page without any gives a reading without lines."""
        begin = perf_counter()
        self._patches_left = MOST_PATCHES
        ink = find_ink(frame.grey)
        after_ink = perf_counter()
        found = find_marks(ink)
        after_regions = perf_counter()
        found, marks = self._between_lines(found, self._marks_of(found))
        marks = self._in_company(found, marks)
        kept = [mark for mark in marks if mark.is_digit] + held_places(marks, self.sure_at)
        digits = [self._digit(mark, ink.scale, frame.grey.shape) for mark in kept]
        lines = _lines(digits)
        end = perf_counter()
        return Reading(
            frame.source,
            (frame.grey.shape[1], frame.grey.shape[0]),
            lines,
            {
                "ink": 1000 * (after_ink - begin),
                "regions": 1000 * (after_regions - after_ink),
                "classify": 1000 * (end - after_regions),
                "total": 1000 * (end - begin),
            },
            self.weights,
        )

    def _marks_of(self, page: Marks) -> list[Mark]:
        """The ink of a page as marks, each as likely as can be."""
        marks = self._take(page)
        if len(marks) < len(page.regions) or not all(map(self._is_clear, marks)):
            marks = self._look_closer(page, marks)
        return marks

    def _between_lines(self, page: Marks, marks: list[Mark]) -> tuple[Marks, list[Mark]]:
        """The page and its marks, parted where digits of two lines have grown together.

        Where exactly they end nobody knows, so that what comes of it is never sure.
        """
        torn: list[tuple[int, ...]] = []
        for _ in range(MOST_LINES):
            stacked, usual = find_stacked(page, marks, CLEAR)
            while stacked:
                parted = part_lines(page, stacked, usual)
                after = self._marks_of(parted)
                better = [region for region in stacked if better_parted(page, region, marks, after)]
                if better == stacked:
                    break
                stacked = better  # the others stay as they are
            if not stacked:
                break
            torn += [page.regions.together((region,))[:4] for region in stacked]
            page, marks = parted, after
        marks = [replace(mark, torn=any(is_inside(mark, box) for box in torn)) for mark in marks]
        return page, self._taken_apart(page, marks)

    def _taken_apart(self, page: Marks, marks: list[Mark]) -> list[Mark]:
        """Marks that were put together from digits of two lines are several digits again."""
        for mark in find_piled(page, marks, CLEAR):
            groups = [(region,) for region in sorted(mark.regions)]
            parts = self._judge(page.ink, page.regions, groups, groups)
            if are_digits(parts):
                marks = [other for other in marks if other is not mark] + parts
        return marks

    def _judge(
        self,
        ink: Ink,
        found: Regions,
        groups: Sequence[tuple[int, ...]],
        origins: Sequence[Iterable[int]],
    ) -> list[Mark]:
        """What the network thinks of groups of regions, and which regions of the page they were.

        The frame's patches are counted here alone. What is left when there were too many may be any
        digit: a `?`, unless the page says that it is none.
        """
        if not groups:
            return []
        seen = groups[: self._patches_left]
        self._patches_left -= len(seen)
        patches: list[np.ndarray | None] = list(cut_patches(ink, found, seen))
        chances = self.network.predict(np.asarray(patches)).tolist() if seen else []
        unseen = len(groups) - len(seen)
        patches += [None] * unseen
        chances += [UNSEEN[: len(chances[0]) if chances else None]] * unseen
        first = [group[0] for group in groups]
        light = ink.light_at(
            (found.left[first] + found.right[first]) // 2,
            (found.top[first] + found.bottom[first]) // 2,
        ).tolist()
        marks = []
        for group, origin, chance, bright, patch in zip(
            groups, origins, chances, light, patches, strict=True
        ):
            left, top, right, bottom, _, strength, _ = found.together(group)
            marks.append(
                Mark(
                    left,
                    top,
                    right,
                    bottom,
                    strength,
                    tuple(chance),
                    frozenset(origin),
                    strength / bright,
                    patch,
                )
            )
        return marks

    def _take(self, page: Marks) -> list[Mark]:
        """Regions joined to marks as is likeliest."""
        found = page.regions
        alone = may_stand_alone(found).tolist()
        hoods = find_neighbourhoods(found)
        groups_of = [_groups(hood, alone, found) for hood in hoods]
        if sum(map(len, groups_of)) > MOST_GUESSES:
            groups_of = [[group for group in groups if len(group) == 1] for groups in groups_of]
        groups = [group for groups in groups_of for group in groups]
        opinions = dict(zip(groups, self._judge(page.ink, found, groups, groups), strict=True))
        marks: list[Mark] = []
        for hood, groups in zip(hoods, groups_of, strict=True):
            if 1 < len(hood) <= MAX_PARTS:
                bit = {region: 1 << index for index, region in enumerate(hood)}
                share = found.area[hood] / found.area[hood].sum()
                marks += best_cover(
                    share.tolist(),
                    {sum(bit[region] for region in group): opinions[group] for group in groups},
                )
            else:
                marks += [opinions[group] for group in groups]
        return marks

    def _look_closer(self, page: Marks, marks: list[Mark]) -> list[Mark]:
        """Doubtful marks cut into several digits, or mended with fainter ink, where likelier."""
        found, fainter = page.regions, find_fainter(page)
        doubtful = {
            next(iter(mark.regions)): mark
            for mark in marks
            if len(mark.regions) == 1 and not self._is_clear(mark)
        }
        spans_of: dict[int, list[Span]] = {}
        for region in sorted(doubtful, key=lambda region: -doubtful[region].height):
            spans = find_spans(found, region)
            if spans and sum(map(len, spans_of.values())) + len(spans) <= MOST_GUESSES:
                spans_of[region] = spans
        wanted = fainter.mended.copy()
        homes = fainter.home[list(doubtful)]
        wanted[homes[homes >= 0]] = True
        wholes = np.flatnonzero(wanted).tolist()
        pieces = merge(
            [cut_region(found, region, spans) for region, spans in spans_of.items()]
            + [fainter.regions.pick(wanted)]
        )
        judged = iter(
            self._judge(
                page.ink,
                pieces,
                [(index,) for index in range(len(pieces))],
                [(region,) for region, spans in spans_of.items() for _ in spans]
                + [fainter.parts(index) for index in wholes],
            )
        )
        share = share_of_junk(marks)
        for region, spans in spans_of.items():
            whole = doubtful[region]
            others = share_among_others(whole, len(marks), share)
            here = on_this_page([next(judged) for _ in spans], [others] * len(spans))
            tall = {
                span: piece
                for span, piece in zip(spans, here, strict=True)
                if piece.height >= 0.5 * whole.height
            }  # the arm of a plus is no digit
            way = cheapest_way(tall)
            cost = whole.cost if whole.is_digit else min(whole.cost, NO_ROW + whole.cost_of_none)
            if way is not None and way[0] < cost:
                marks = [mark for mark in marks if mark is not whole] + way[1]
        return _mended(marks, list(judged))

    def _in_company(self, page: Marks, marks: list[Mark]) -> list[Mark]:
        """Marks on plain paper by the same pen, judged by how much on the page is no digit."""
        plain = on_paper(page.ink, marks)
        faintest, least, most = same_hand(plain, self.sure_at)
        same = [
            mark for mark in marks if mark.darkness >= faintest and least <= mark.height <= most
        ]
        kept = [mark for mark in plain if mark in same]
        clutter = _as_dark(page, faintest, least) if least else np.zeros((0, 4), np.int32)
        others = len(same) - len(kept) + len(clutter) if least else 0
        share = share_of_junk(kept, others)
        return on_this_page(kept, shares_nearby(kept, clutter, share))

    def _is_sure(self, mark: Mark) -> bool:
        return mark.is_digit and mark.chance >= self.sure_at and not mark.torn

    def _is_clear(self, mark: Mark) -> bool:
        """Whether nobody needs to look again: it may still be a `?`, but no other cut mends it."""
        return mark.is_digit and mark.chance >= min(self.sure_at, CLEAR)

    def _digit(self, mark: Mark, scale: int, shape: tuple[int, ...]) -> Digit:
        second, first = sorted(range(NO_DIGIT), key=mark.chances.__getitem__)[-2:]
        left, top = mark.left * scale, mark.top * scale
        right, bottom = min(shape[1], mark.right * scale), min(shape[0], mark.bottom * scale)
        patch = None if mark.patch is None else mark.patch.copy()  # not a view that keeps them all
        return Digit(
            first,
            mark.chance,
            (second, mark.chances[second]),
            self._is_sure(mark),
            Box(left, top, right - left, bottom - top),
            patch,
        )


def _as_dark(page: Marks, faintest: float, least: float) -> np.ndarray:
    """Clutter as dark and as tall as the digits: (n, 4) left, top, right, bottom."""
    odd = page.clutter
    tall = np.flatnonzero(odd.height >= least)
    box = np.stack([odd.left, odd.top, odd.right, odd.bottom], axis=1)[tall]
    light = page.ink.light_at((box[:, 0] + box[:, 2]) // 2, (box[:, 1] + box[:, 3]) // 2)
    return box[odd.strength[tall] >= faintest * light]


def _mended(marks: list[Mark], wholes: list[Mark]) -> list[Mark]:
    """Marks, with those replaced that are likelier to be parts of a whole with fainter ink."""
    for whole in wholes:
        parts = [mark for mark in marks if mark.regions & whole.regions]
        inside = all(mark.regions <= whole.regions for mark in parts)
        if parts and inside and better_whole(whole, parts):
            marks = [mark for mark in marks if not mark.regions & whole.regions] + [whole]
    return marks


def _groups(hood: list[int], alone: list[bool], found: Regions) -> list[tuple[int, ...]]:
    """The groups of neighbouring regions that may be a digit."""
    groups: list[tuple[int, ...]] = [(region,) for region in hood if alone[region]]
    if 1 < len(hood) <= MAX_PARTS:
        for count in range(2, len(hood) + 1):
            groups += [group for group in combinations(hood, count) if may_be_one(found, group)]
    return groups


def _lines(digits: list[Digit]) -> tuple[Line, ...]:
    """Digits in reading order."""
    boxes = np.array([(d.box.x, d.box.y, d.box.right, d.box.bottom) for d in digits], np.int32)
    order = find_lines(*boxes.reshape(-1, 4).T)
    return tuple(Line(tuple(digits[index] for index in line)) for line in order)
