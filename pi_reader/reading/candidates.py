"""Which components of ink may be digits, and which of them may be parts of one.

A mark is a group of components that is shown to the network as one digit. Most are a single
component. The bar of a 5, the stem of an open 4 or a stroke that the pen skipped lie close to the
rest, so neighbours that could be parts of one digit are also tried together; what the network
thinks of each of them decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, compress

import numpy as np

from pi_reader.reading.binarise import NOISE_FACTOR, Ink
from pi_reader.reading.components import (
    LEAST_HEIGHT,
    Components,
    find_components,
    groups_of,
    merge,
    strengths,
)
from pi_reader.reading.decode import Place
from pi_reader.reading.displays import Shown, as_components, find_displays
from pi_reader.reading.morphology import dilate
from pi_reader.reading.outlines import find_walls
from pi_reader.reading.plates import open_plates
from pi_reader.reading.ruled_lines import find_ruled_lines
from pi_reader.reading.strikes import find_strikes

LEAST_SPECK = 2  # working pixels of the longer side of a point
LEAST_PART = 3  # working pixels of the longer side of a part of one
WIDEST = 2.5  # width over height of a digit; a dash is wider
WIDEST_GROUP = 1.4  # the same for a digit in parts
SOLID = 0.45  # stroke over longer side: a blob
MAX_COMPONENTS = 400  # on one page that are worth the network's time; the largest stay
FILLS_FRAME = 0.6  # of the frame's height: a digit held so close may stick out of it
MIDDLE = 0.25  # of the frame's width that such a digit leaves free on one side at the most
LONGER = 1.1  # times the certain ink's longer side: faint ink that goes on
FAINTER = 2  # powers of two: so much less contrast is enough where certain ink goes on
MOSTLY_CERTAIN = 2.5  # times the certain ink's area: as much as there may be with the faint ink
BOLD = 0.02  # stroke of such a digit, as a share of the frame's height; a table's edge is thinner
NEAR = 0.2  # gap between parts, as a share of the larger part's longer side
REACH = 0.6  # the same as a share of the smaller part's: a dash far off is no part
SHORT = 0.7  # of the taller part's height: a lower one may stand beside it
LEVEL = 0.3  # of the lower part's height that both have in common: they stand beside each other
SPECK = 0.12  # of the larger part's longer side: a smaller one changes nothing
MAX_PARTS = 5  # components close to each other that are tried in all combinations

Group = tuple[int, ...]  # numbers of components


@dataclass(frozen=True)
class Candidates:
    """What may be written on a page, before anybody has read it.

    ink: without ruled lines; components: what may be digits or parts of digits.
    clutter: what was left out because no digit has its shape, or because it leaves the frame.
    crossed: boxes (left, top, right, bottom) of what is crossed out.
    specks: too small for a part of a digit, but not for a point, if they stand beside one.
    displays: digits of seven segments, each with what it shows.
    """

    ink: Ink
    components: Components
    clutter: Components
    specks: Components
    crossed: tuple[Place, ...] = ()
    displays: tuple[Shown, ...] = ()


@dataclass(frozen=True)
class Fainter:
    """The components of a page when less contrast is enough for ink.

    home: (n,) for each component of the page the one of these that it lies in, or -1; mended: (m,)
    bool, which of these join or lengthen components of the page.
    """

    components: Components
    home: np.ndarray
    mended: np.ndarray


def find_candidates(ink: Ink) -> Candidates:
    """The components that may be digits or parts of them.

    What the frame cuts off is left out: half a digit may be any digit, and the edge of the table
    comes in from there.
    """
    found = find_components(ink.mask)
    if (opened := open_plates(ink, found)) is not None:
        ink, found = opened, find_components(opened.mask)
    if display := find_displays(found):
        return _with_display(ink, found, display)
    ink, found = _cleared(ink, found, find_walls(found, ink.mask.shape))
    ink, found = _cleared(ink, found, find_ruled_lines(ink, found))
    strokes, crossed = find_strikes(found, ink.mask.shape)
    ink, found = _cleared(ink, found, strokes)
    return replace(_sorted_out(ink, found), crossed=crossed)


def _cleared(ink: Ink, found: Components, gone: np.ndarray | None) -> tuple[Ink, Components]:
    """The ink and its components when some pixels, (h, w) bool, are paper; the same for None."""
    if gone is None:
        return ink, found
    ink = _without(ink, gone)
    return ink, find_components(ink.mask)


def _with_display(
    ink: Ink, found: Components, display: Sequence[tuple[list[int], Shown]]
) -> Candidates:
    """What else is on a page, and each digit of a display as one component."""
    height, width = ink.mask.shape
    groups, shown = zip(*display, strict=True)
    own = found.ink_of(list(chain.from_iterable(groups)), (0, 0, width, height))
    rest = find_candidates(_without(ink, own))
    segments = ink.contrast * dilate(own.view(np.uint8), 1)
    whole = replace(
        rest.ink,
        mask=rest.ink.mask | own,
        contrast=np.maximum(rest.ink.contrast, segments),
    )
    digits = measured(as_components(found, groups), whole)
    return replace(
        rest,
        ink=whole,
        components=merge([rest.components, digits]),
        displays=rest.displays + shown,
    )


def taken_out(page: Candidates, cut: np.ndarray) -> Candidates:
    """The same page when some pixels, (h, w) bool, are paper."""
    ink = _without(page.ink, cut)
    parted = _sorted_out(ink, find_components(ink.mask))
    return replace(parted, crossed=page.crossed, displays=page.displays)


def cut_off_from(page: Candidates) -> Candidates:
    """What has the size and shape of a digit, but leaves the frame, as a page of its own."""
    found, nothing = page.clutter, page.clutter.pick(np.zeros(0, np.int64))
    cut = found.pick(np.flatnonzero(may_stand_alone(found) & ~_within(found, page.ink)))
    return Candidates(page.ink, cut, nothing, nothing)


def _sorted_out(ink: Ink, found: Components) -> Candidates:
    """Components sorted into those that may be digits, those that cannot, and specks."""
    longer = np.maximum(found.width, found.height)
    part = (longer >= LEAST_PART) & (found.area >= 2 * LEAST_PART)
    within = _within(found, ink)
    left_out = (found.height >= LEAST_HEIGHT) & ~may_stand_alone(found) | part & ~within
    part &= within
    chosen = np.flatnonzero(part)
    if len(chosen) > MAX_COMPONENTS:
        order = np.argsort(-found.height[chosen], kind="stable")
        chosen = np.sort(chosen[order[:MAX_COMPONENTS]])
    specks = ~part & (longer >= LEAST_SPECK) & (longer < LEAST_HEIGHT) & within
    return Candidates(
        ink,
        measured(found.pick(chosen), ink),
        measured(found.pick(left_out), ink),
        found.pick(np.flatnonzero(specks)),
    )


def find_fainter(page: Candidates) -> Fainter:
    """Look at a page again with an eye for fainter ink.

    A pen that skipped leaves a digit in pieces, and glare washes a stroke away. From where ink is
    certain it is followed down to lower contrast (hysteresis, Canny 1986), as far as the noise, but
    only if much of it was certain: else it has run into a ruled line, a shadow or paper grain.
    """
    ink, found = page.ink, page.components
    noise = np.full(ink.mask.shape[1], min(255, int(NOISE_FACTOR * ink.noise)), np.uint8)  # a row
    fainter = find_components(ink.contrast > np.maximum(ink.threshold >> np.uint8(FAINTER), noise))
    if not len(fainter) or not len(found):
        nothing = fainter.pick(np.zeros(0, np.int64))
        return Fainter(nothing, np.full(len(found), -1), np.zeros(0, bool))
    home = fainter.at(found.runs[found.first[:-1], 0], found.runs[found.first[:-1], 1])
    certain = np.bincount(home, found.area, minlength=len(fainter))
    sizeable = found.area >= LEAST_PART * found.stroke
    parts = np.bincount(home[sizeable], minlength=len(fainter))
    longest = np.zeros(len(fainter), np.int32)
    np.maximum.at(longest, home, np.maximum(found.width, found.height))
    longer = np.maximum(fainter.width, fainter.height) > LONGER * longest
    good = may_stand_alone(fainter) & _within(fainter, ink)
    good &= certain * MOSTLY_CERTAIN >= fainter.area
    chosen = np.flatnonzero(good)[:MAX_COMPONENTS]
    number = np.full(len(fainter), -1)
    number[chosen] = np.arange(len(chosen))
    return Fainter(
        measured(fainter.pick(chosen), ink), number[home], ((parts > 1) | longer)[chosen]
    )


def measured(found: Components, ink: Ink) -> Components:
    """The same components with their strength."""
    return replace(found, strength=strengths(found, ink.contrast))


def _within(found: Components, ink: Ink) -> np.ndarray:
    """Which components do not touch the frame's border, or fill its middle with a bold pen."""
    height, width = ink.mask.shape
    inside = (found.left > 0) & (found.top > 0) & (found.right < width) & (found.bottom < height)
    close = (found.height >= FILLS_FRAME * height) & (found.stroke >= BOLD * height)
    close &= (found.right > MIDDLE * width) & (found.left < (1 - MIDDLE) * width)
    return inside | close


def _without(ink: Ink, ruled: np.ndarray) -> Ink:
    """The ink when these pixels, (h, w) bool, and their soft edges are paper."""
    rows = np.flatnonzero(ruled.any(axis=1))
    if not len(rows):
        return ink
    down = slice(max(0, int(rows[0]) - 1), int(rows[-1]) + 2)
    columns = np.flatnonzero(ruled[down].any(axis=0))
    box = down, slice(max(0, int(columns[0]) - 1), int(columns[-1]) + 2)
    gone = ruled[box]
    edge = gone.copy()
    edge[1:] |= gone[:-1]
    edge[:-1] |= gone[1:]
    edge[:, 1:] |= gone[:, :-1]
    edge[:, :-1] |= gone[:, 1:]
    mask, contrast = ink.mask.copy(), ink.contrast.copy()
    mask[box] &= ~gone
    contrast[box][edge & ~mask[box]] = 0
    return replace(ink, mask=mask, contrast=contrast)


def may_stand_alone(found: Components) -> np.ndarray:
    """Which components have the size and shape of a whole digit, (n,) bool."""
    shape = found.width <= WIDEST * found.height
    solid = found.stroke > SOLID * np.maximum(found.width, found.height)
    return (found.height >= LEAST_HEIGHT) & shape & ~solid


def may_be_one(found: Components, groups: Sequence[Sequence[int]]) -> np.ndarray:
    """Whether the box around each group of components has the shape of a digit, (n,) bool."""
    left, top, right, bottom, *_ = found.bounds(groups)
    shape = right - left <= WIDEST_GROUP * (bottom - top)
    return np.asarray(shape & (bottom - top >= LEAST_HEIGHT))


def find_neighbourhoods(found: Components) -> list[list[int]]:
    """Components sorted into groups, within which parts of one digit may be found.

    Two digits that stand beside each other are no parts, however close they are: parts overlap
    from left to right, one of them is small, or they are not on the same level.
    """
    count = len(found)
    if count < 2:
        return [[0]] * count
    left, top, right, bottom = found.left, found.top, found.right, found.bottom
    width, height = found.width, found.height
    size = np.maximum(width, height)
    gap_x = np.maximum(left[:, None], left) - np.minimum(right[:, None], right)
    gap_y = np.maximum(top[:, None], top) - np.minimum(bottom[:, None], bottom)
    gap = np.maximum(np.maximum(gap_x, gap_y), 0)
    one, other = np.nonzero(np.triu(gap <= max(NEAR * size.max(), 2), 1))
    gap_x, gap_y, gap = gap_x[one, other], gap_y[one, other], gap[one, other]
    larger, smaller = np.maximum(size[one], size[other]), np.minimum(size[one], size[other])
    near = gap <= np.clip(NEAR * larger, 2, np.maximum(REACH * smaller, 2))
    near &= larger >= LEAST_HEIGHT
    low, high = np.minimum(height[one], height[other]), np.maximum(height[one], height[other])
    near &= (gap_x <= 0) | (low < SHORT * high) | (-gap_y < LEVEL * low)
    near &= smaller >= SPECK * larger
    dash = width > WIDEST * height
    near &= ~(dash[one] & (width[one] > height[other]))  # a fraction's bar is no hat
    near &= ~(dash[other] & (width[other] > height[one]))
    return groups_of(count, one[near], other[near])


def find_groups(found: Components, most: int) -> list[tuple[list[int], list[Group]]]:
    """Components sorted into neighbourhoods, and the groups in each that may be one digit; single
    components alone if these would be more than `most` in all."""
    alone = may_stand_alone(found).tolist()
    hoods = [(hood, _groups_in(hood, alone, found)) for hood in find_neighbourhoods(found)]
    if sum(len(groups) for _, groups in hoods) <= most:
        return hoods
    return [(hood, [group for group in groups if len(group) == 1]) for hood, groups in hoods]


def _groups_in(hood: list[int], alone: list[bool], found: Components) -> list[Group]:
    """The groups of neighbouring components that may be a digit."""
    groups: list[Group] = [(component,) for component in hood if alone[component]]
    if 1 < len(hood) <= MAX_PARTS:
        counts = range(2, len(hood) + 1)
        several = [group for count in counts for group in combinations(hood, count)]
        groups += compress(several, may_be_one(found, several).tolist())
    return groups
