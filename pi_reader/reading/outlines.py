"""Frames, boxes, rings and cells round digits taken away.

An outline is known by what it holds, not by its shape or pen: ink that encloses other ink as tall
as digits are. Its walls are the ink between two stretches of paper of which each is outside or has
room for a digit. So a stroke that touches the wall or crosses it stays: on both of its sides there
is the same paper. A digit's own loop has no room for another digit.
"""

from __future__ import annotations

import numpy as np

from pi_reader.reading.components import LEAST_HEIGHT, Components, find_components
from pi_reader.reading.morphology import dilate

HOLDS = 0.4  # of an outline's height: so high is all that it holds, put together
CLOSED = 0.9  # of what goes all round that is ink; a bold 0 that fills its box has less
UNEVEN = 1.5  # times its usual stroke: the thickest wall of an outline
MOST = 400  # components that are looked at; the tallest stay


def find_walls(found: Components, shape: tuple[int, int]) -> np.ndarray | None:
    """The pixels of outlines, (h, w) bool, or None if there are none; shape: of the page."""
    holders = _holders(found)
    if not holders:
        return None
    walls = np.zeros(shape, bool)
    for one, held in holders:
        left, top = int(found.left[one]), int(found.top[one])
        own = found.ink_of((one,))
        held = held[found.height[held] >= np.median(found.height[held])]  # no pieces of digits
        room = int(found.height[held].min()), int(found.width[held].min())
        part = _between(own, room, int(np.ceil(UNEVEN * found.stroke[one])))
        if not part.any():  # it is open somewhere
            part = own
        part = _with_edges(own, part, int(found.height[held].max()))
        walls[top : top + own.shape[0], left : left + own.shape[1]] |= part
    return walls


def _with_edges(own: np.ndarray, part: np.ndarray, tall: int) -> np.ndarray:
    """A part of an outline's ink and the thin edges that it leaves of a wall thicker than others,
    as where two stand side by side; (h, w) bool each.

    An edge is nowhere more than a pixel from the part, and longer than `tall` pixels.
    """
    rest = find_components(own & ~part)
    if not len(rest):
        return part
    beyond = own & ~dilate(part.view(np.uint8), 1).view(bool)
    edge = np.maximum(rest.height, rest.width) > tall
    edge[rest.at(*np.nonzero(beyond))] = False
    edges = np.flatnonzero(edge).tolist()
    return part | rest.ink_of(edges, (0, 0, *own.shape[::-1])) if edges else part


def _holders(found: Components) -> list[tuple[int, np.ndarray]]:
    """The components that are outlines, and the numbers of what each holds."""
    tall = np.flatnonzero(found.height >= LEAST_HEIGHT)
    if len(tall) > MOST:
        tall = tall[np.argsort(-found.height[tall], kind="stable")[:MOST]]
    if len(tall) < 2:
        return []
    box = np.stack([found.left, found.top, found.right, found.bottom], axis=1)[tall]
    height = box[:, 3] - box[:, 1]
    left, top, right, bottom = box.T
    inside = (left > left[:, None]) & (top > top[:, None])
    inside &= (right < right[:, None]) & (bottom < bottom[:, None])
    out = []
    for outer in np.flatnonzero(inside.any(axis=1)).tolist():
        held = np.flatnonzero(inside[outer])
        enough = HOLDS * height[outer]
        if height[held].sum() < enough:
            continue
        own = found.ink_of((int(tall[outer]),))
        places = (box[held] - np.tile(box[outer, :2], 2)).tolist()
        held = held[[_encloses(own, *place) for place in places]]
        if len(held) and height[held].sum() >= enough:
            out.append((int(tall[outer]), tall[held]))
    return out


def _encloses(own: np.ndarray, left: int, top: int, right: int, bottom: int) -> bool:
    """Whether ink, (h, w) bool, lies on all four sides of a box within it."""
    rows, columns = own[top:bottom], own[:, left:right]
    beside = rows[:, :left].any(axis=1) & rows[:, right:].any(axis=1)
    if beside.mean() < CLOSED:
        return False
    return bool((columns[:top].any(axis=0) & columns[bottom:].any(axis=0)).mean() >= CLOSED)


def _between(own: np.ndarray, room: tuple[int, int], reach: int) -> np.ndarray:
    """The ink that lies between two stretches of paper, (h, w) bool.

    own: (h, w) bool, the ink; room: (rows, columns) of a stretch, smaller ones do not count;
    reach: pixels to the paper on either side, at most.
    """
    ink = np.pad(own, ((1, 2), (1, 1)))
    sealed = ink.copy()  # no way from corner to corner
    sealed[1:] |= ink[:-1]
    paper = find_components(~sealed)
    large = (paper.height >= room[0]) & (paper.width >= room[1])
    name = np.where(large, np.arange(1, len(paper) + 1), 0).astype(np.int32)
    label = np.zeros(ink.shape, np.int32)
    runs = np.repeat(name, np.diff(paper.first))
    for (row, start, end), number in zip(paper.runs.tolist(), runs.tolist(), strict=True):
        label[row, start:end] = number
    most = dilate(label, reach)
    least = -dilate(np.where(label > 0, -label, np.int32(-(1 << 30))), reach)
    return ((most > 0) & (most != least))[1:-2, 1:-1] & own
