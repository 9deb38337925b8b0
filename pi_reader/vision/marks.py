"""Which regions of ink may be digits, and which of them may be parts of one.

A mark is a group of regions that is shown to the network as one digit. Most are a single region.
The bar of a 5, the stem of an open 4 or a stroke that the pen skipped lie close to the rest, so
neighbours that could be parts of one digit are also tried together; what the network thinks of
each of them decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pi_reader.vision.choice import Mark
from pi_reader.vision.ink import Ink
from pi_reader.vision.regions import Regions, contract, find_regions, strengths
from pi_reader.vision.rulings import find_rulings

LEAST_HEIGHT = 8  # working pixels of a digit
LEAST_PART = 3  # working pixels of the longer side of a part of one
WIDEST = 2.5  # width over height of a digit; a dash is wider
SOLID = 0.45  # stroke over longer side: a blob
MAX_REGIONS = 400  # on one page that are worth the network's time; the largest stay
FILLS_FRAME = 0.6  # of the frame's height: a digit held so close may stick out of it
NEAR = 0.2  # gap between parts, as a share of the larger part's longer side
MAX_PARTS = 5  # regions close to each other that are tried in all combinations


def find_marks(ink: Ink) -> tuple[Ink, Regions]:
    """The ink without rulings, and its regions that may be digits or parts of digits.

    What the frame cuts off is left out: half a digit may be any digit, and the edge of the table
    comes in from there.
    """
    found = find_regions(ink.mask)
    ruled = find_rulings(ink, found)
    if ruled is not None:
        ink = _without(ink, ruled)
        found = find_regions(ink.mask)
    height, width = ink.mask.shape
    longer = np.maximum(found.width, found.height)
    part = (longer >= LEAST_PART) & (found.area >= 2 * LEAST_PART)
    cut_off = ((found.left == 0) | (found.top == 0)
               | (found.right == width) | (found.bottom == height))
    found = found.pick(part & (~cut_off | (found.height >= FILLS_FRAME * height)))
    if len(found) > MAX_REGIONS:
        found = found.pick(np.sort(np.argsort(-found.height, kind="stable")[:MAX_REGIONS]))
    return ink, replace(found, strength=strengths(found, ink.contrast))


def find_fainter(ink: Ink, doubtful: Sequence[Mark]) -> Regions:
    """Regions around doubtful marks when less contrast is enough for ink.

    A pen that skipped leaves a digit in pieces; its fainter ink holds them together.
    """
    boxes = np.array([(m.left, m.top, m.right, m.bottom) for m in doubtful], np.int32)
    room = int((boxes[:, 2:] - boxes[:, :2]).max())  # as much as a part may be away from the rest
    left, top = np.maximum(boxes[:, :2].min(axis=0) - room, 0)
    right, bottom = boxes[:, 2:].max(axis=0) + room
    contrast = ink.contrast[top:bottom, left:right]
    threshold = ink.threshold[top:bottom, left:right]
    found = find_regions(contrast > (threshold >> 1) + (threshold >> 3))
    found = found.pick(may_stand_alone(found)).moved(left, top)
    meet = (np.minimum(found.right, boxes[:, 2, None]) > np.maximum(found.left, boxes[:, 0, None])
            ) & (np.minimum(found.bottom, boxes[:, 3, None])
                 > np.maximum(found.top, boxes[:, 1, None]))
    found = found.pick(meet.any(axis=0))
    return replace(found, strength=strengths(found, ink.contrast))


def _without(ink: Ink, ruled: np.ndarray) -> Ink:
    """The ink when these pixels, (h, w) bool, and their soft edges are paper."""
    edge = ruled.copy()
    edge[1:] |= ruled[:-1]
    edge[:-1] |= ruled[1:]
    edge[:, 1:] |= ruled[:, :-1]
    edge[:, :-1] |= ruled[:, 1:]
    mask = ink.mask & ~ruled
    return replace(ink, mask=mask, contrast=np.where(edge & ~mask, np.uint8(0), ink.contrast))


def may_stand_alone(found: Regions) -> np.ndarray:
    """Which regions have the size and shape of a whole digit, (n,) bool."""
    shape = found.width <= WIDEST * found.height
    solid = found.stroke > SOLID * np.maximum(found.width, found.height)
    return (found.height >= LEAST_HEIGHT) & shape & ~solid


def find_neighbourhoods(found: Regions) -> list[list[int]]:
    """Regions sorted into groups, within which parts of one digit may be found.

    Two digits that stand beside each other are no parts, however close they are: parts overlap
    from left to right, or one of them is small.
    """
    count = len(found)
    if not count:
        return []
    gap_x = np.maximum(found.left[:, None], found.left) - np.minimum(
        found.right[:, None], found.right)
    gap_y = np.maximum(found.top[:, None], found.top) - np.minimum(
        found.bottom[:, None], found.bottom)
    size = np.maximum(found.width, found.height)
    larger, smaller = np.maximum(size[:, None], size), np.minimum(size[:, None], size)
    gap = np.maximum(np.maximum(gap_x, gap_y), 0)
    near = (gap <= np.maximum(NEAR * larger, 2)) & (larger >= LEAST_HEIGHT)
    overlap = -gap_x >= 0.3 * np.minimum(found.width[:, None], found.width)
    short = np.minimum(found.height[:, None], found.height) < 0.7 * np.maximum(
        found.height[:, None], found.height)
    near &= overlap | short
    near &= smaller >= 0.12 * larger  # a speck changes nothing
    one, other = np.nonzero(np.triu(near, 1))
    names = contract(count, one, other)
    order = np.argsort(names, kind="stable")
    breaks = np.flatnonzero(np.diff(names[order])) + 1
    return [group.tolist() for group in np.split(order, breaks)]
