"""One look at a page: from a frame to the digits on it.

The way leads from ink to connected components to 28 x 28 patches to probabilities, and back to
boxes in the frame. Where a digit is in parts, or two have grown together, or a stroke is too faint
in places, several ways to take the ink are put before the network, and the one it finds likeliest
is taken. Nothing here knows of cameras, lamps or the time of day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations
from time import perf_counter
from typing import Protocol

import numpy as np

from pi_reader.reading.binarise import Ink, binarise
from pi_reader.reading.candidates import (
    MAX_PARTS,
    Candidates,
    find_candidates,
    find_fainter,
    find_neighbourhoods,
    may_be_one,
    may_stand_alone,
    on_paper,
)
from pi_reader.reading.components import Components, merge
from pi_reader.reading.cuts import Span, cut_component, find_spans
from pi_reader.reading.decode import (
    NO_ROW,
    Mark,
    apply_prior,
    best_partition,
    better_whole,
    local_priors,
    nondigit_prior,
    prior_among_others,
    same_hand,
    shortest_path,
)
from pi_reader.reading.line_split import (
    are_digits,
    better_parted,
    find_piled,
    find_stacked,
    is_inside,
    part_lines,
)
from pi_reader.reading.lines import find_lines
from pi_reader.reading.patches import cut_patches
from pi_reader.reading.places import held_places
from pi_reader.values import NO_DIGIT, Box, Digit, Frame, Line, Reading

CLEAR = 0.8  # probability from which a digit is not looked at a second time
MOST_LINES = 3  # times that a page is looked at again because lines have grown together
MOST_GUESSES = 1000  # patches for the network at a time: a page of confetti must not take minutes


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
        ink = binarise(frame.grey)
        after_ink = perf_counter()
        found = find_candidates(ink)
        after_components = perf_counter()
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
                "regions": 1000 * (after_components - after_ink),
                "classify": 1000 * (end - after_components),
                "total": 1000 * (end - begin),
            },
            self.weights,
        )

    def _marks_of(self, page: Candidates) -> list[Mark]:
        """The ink of a page as marks, each as likely as can be."""
        marks = self._take(page)
        if len(marks) < len(page.components) or not all(map(self._is_clear, marks)):
            marks = self._look_closer(page, marks)
        return marks

    def _between_lines(self, page: Candidates, marks: list[Mark]) -> tuple[Candidates, list[Mark]]:
        """The page and its marks, parted where digits of two lines have grown together.

        Where exactly they end nobody knows, so that what comes of it is never sure.
        """
        torn: list[tuple[int, ...]] = []
        for _ in range(MOST_LINES):
            stacked, usual = find_stacked(page, marks, CLEAR)
            while stacked:
                parted = part_lines(page, stacked, usual)
                after = self._marks_of(parted)
                better = [
                    component
                    for component in stacked
                    if better_parted(page, component, marks, after)
                ]
                if better == stacked:
                    break
                stacked = better  # the others stay as they are
            if not stacked:
                break
            torn += [page.components.bounds_of((component,))[:4] for component in stacked]
            page, marks = parted, after
        marks = [replace(mark, torn=any(is_inside(mark, box) for box in torn)) for mark in marks]
        return page, self._taken_apart(page, marks)

    def _taken_apart(self, page: Candidates, marks: list[Mark]) -> list[Mark]:
        """Marks that were put together from digits of two lines are several digits again."""
        for mark in find_piled(page, marks, CLEAR):
            groups = [(component,) for component in sorted(mark.components)]
            parts = self._judge(page.ink, page.components, groups, groups)
            if are_digits(parts):
                marks = [other for other in marks if other is not mark] + parts
        return marks

    def _judge(
        self,
        ink: Ink,
        found: Components,
        groups: Sequence[tuple[int, ...]],
        origins: Sequence[Iterable[int]],
    ) -> list[Mark]:
        """What the network thinks of groups of components; origins: what each was on the page."""
        if not groups:
            return []
        patches = cut_patches(ink, found, groups)
        chances = self.network.predict(patches).tolist()
        first = [group[0] for group in groups]
        light = ink.light_at(
            (found.left[first] + found.right[first]) // 2,
            (found.top[first] + found.bottom[first]) // 2,
        ).tolist()
        marks = []
        for group, origin, chance, bright, patch in zip(
            groups, origins, chances, light, patches, strict=True
        ):
            left, top, right, bottom, _, strength, _ = found.bounds_of(group)
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

    def _take(self, page: Candidates) -> list[Mark]:
        """Components joined to marks as is likeliest."""
        found = page.components
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
                bit = {component: 1 << index for index, component in enumerate(hood)}
                share = found.area[hood] / found.area[hood].sum()
                marks += best_partition(
                    share.tolist(),
                    {
                        sum(bit[component] for component in group): opinions[group]
                        for group in groups
                    },
                )
            else:
                marks += [opinions[group] for group in groups]
        return marks

    def _look_closer(self, page: Candidates, marks: list[Mark]) -> list[Mark]:
        """Doubtful marks cut into several digits, or mended with fainter ink, where likelier."""
        found, fainter = page.components, find_fainter(page)
        doubtful = {
            next(iter(mark.components)): mark
            for mark in marks
            if len(mark.components) == 1 and not self._is_clear(mark)
        }
        spans_of: dict[int, list[Span]] = {}
        for component in sorted(doubtful, key=lambda component: -doubtful[component].height):
            spans = find_spans(found, component)
            if spans and sum(map(len, spans_of.values())) + len(spans) <= MOST_GUESSES:
                spans_of[component] = spans
        wanted = fainter.mended.copy()
        homes = fainter.home[list(doubtful)]
        wanted[homes[homes >= 0]] = True
        wholes = np.flatnonzero(wanted).tolist()
        pieces = merge(
            [cut_component(found, component, spans) for component, spans in spans_of.items()]
            + [fainter.components.pick(wanted)]
        )
        judged = iter(
            self._judge(
                page.ink,
                pieces,
                [(index,) for index in range(len(pieces))],
                [(component,) for component, spans in spans_of.items() for _ in spans]
                + [fainter.parts(index) for index in wholes],
            )
        )
        share = nondigit_prior(marks)
        for component, spans in spans_of.items():
            whole = doubtful[component]
            others = prior_among_others(whole, len(marks), share)
            here = apply_prior([next(judged) for _ in spans], [others] * len(spans))
            tall = {
                span: piece
                for span, piece in zip(spans, here, strict=True)
                if piece.height >= 0.5 * whole.height
            }  # the arm of a plus is no digit
            way = shortest_path(tall)
            cost = whole.cost if whole.is_digit else min(whole.cost, NO_ROW + whole.cost_of_none)
            if way is not None and way[0] < cost:
                marks = [mark for mark in marks if mark is not whole] + way[1]
        return _mended(marks, list(judged))

    def _in_company(self, page: Candidates, marks: list[Mark]) -> list[Mark]:
        """Marks on plain paper by the same pen, judged by how much on the page is no digit."""
        plain = on_paper(page.ink, marks)
        faintest, least, most = same_hand(plain, self.sure_at)
        same = [
            mark for mark in marks if mark.darkness >= faintest and least <= mark.height <= most
        ]
        kept = [mark for mark in plain if mark in same]
        clutter = _as_dark(page, faintest, least) if least else np.zeros((0, 4), np.int32)
        others = len(same) - len(kept) + len(clutter) if least else 0
        share = nondigit_prior(kept, others)
        return apply_prior(kept, local_priors(kept, clutter, share))

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


def _as_dark(page: Candidates, faintest: float, least: float) -> np.ndarray:
    """Clutter as dark and as tall as the digits: (n, 4) left, top, right, bottom."""
    odd = page.clutter
    tall = np.flatnonzero(odd.height >= least)
    box = np.stack([odd.left, odd.top, odd.right, odd.bottom], axis=1)[tall]
    light = page.ink.light_at((box[:, 0] + box[:, 2]) // 2, (box[:, 1] + box[:, 3]) // 2)
    return box[odd.strength[tall] >= faintest * light]


def _mended(marks: list[Mark], wholes: list[Mark]) -> list[Mark]:
    """Marks, with those replaced that are likelier to be parts of a whole with fainter ink."""
    for whole in wholes:
        parts = [mark for mark in marks if mark.components & whole.components]
        inside = all(mark.components <= whole.components for mark in parts)
        if parts and inside and better_whole(whole, parts):
            marks = [mark for mark in marks if not mark.components & whole.components] + [whole]
    return marks


def _groups(hood: list[int], alone: list[bool], found: Components) -> list[tuple[int, ...]]:
    """The groups of neighbouring components that may be a digit."""
    groups: list[tuple[int, ...]] = [(component,) for component in hood if alone[component]]
    if 1 < len(hood) <= MAX_PARTS:
        for count in range(2, len(hood) + 1):
            groups += [group for group in combinations(hood, count) if may_be_one(found, group)]
    return groups


def _lines(digits: list[Digit]) -> tuple[Line, ...]:
    """Digits in reading order."""
    boxes = np.array([(d.box.x, d.box.y, d.box.right, d.box.bottom) for d in digits], np.int32)
    order = find_lines(*boxes.reshape(-1, 4).T)
    return tuple(Line(tuple(digits[index] for index in line)) for line in order)
