"""Marks become ink on what the camera sees, and each gets a box around what is visible of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from pi_reader.handwriting.marks import Mark
from pi_reader.handwriting.pen import Track, extent, ink
from pi_reader.handwriting.stamps import press
from pi_reader.values import Box

VISIBLE = 0.35  # ink that covers this much of a pixel belongs to a mark's box
_EDGE = 2  # pixels between a mark and the frame's edge
_SIZES = (24, 48, 96, 192, 10_000)  # longer edges in pixels: what is inked together


class Maps(Protocol):
    """Anything that says where points of the page appear in the frame, such as a View."""

    def to_frame(self, points: np.ndarray) -> np.ndarray:
        """Where points of the page, (..., 2) float32, appear in the frame."""


def seen(
    marks: Sequence[Mark], view: Maps, page: tuple[int, int], size: tuple[int, int]
) -> list[Mark]:
    """The marks in frame pixels, but for those that are cut off; a line ends where one is.

    page, size: width and height of the page and of the frame, each in its own pixels. Outlines,
    which belong to no line, stay as far as they are seen, if they stay on the page.
    """
    out, ended = [], set()
    for mark in marks:
        here = replace(mark, track=replace(mark.track, points=view.to_frame(mark.track.points)))
        if mark.line < 0:
            left, top, right, bottom = here.extent
            inside = left < size[0] and top < size[1] and min(right, bottom) > 0
            inside &= page == size or _within(mark, page)
        else:
            inside = _within(here, size) and _within(mark, page)
            if not inside:
                ended.add(mark.line)
        if inside and mark.line not in ended:
            out.append(here)
    return out


def _within(mark: Mark, size: tuple[int, int]) -> bool:
    """Whether all of a mark is inside a rectangle, clear of its edge."""
    left, top, right, bottom = mark.extent
    return min(left, top) > _EDGE and right < size[0] - _EDGE and bottom < size[1] - _EDGE


def lay(cover: np.ndarray, marks: Sequence[Mark]) -> list[Box | None]:
    """Put marks into `cover`, (height, width) float32 from 0 to 1, changed in place.

    marks: in pixels of the cover. Gives the box of each mark's ink; None if nothing of it shows.
    """
    boxes: list[Box | None] = [None] * len(marks)
    groups: dict[tuple[int, int], list[int]] = {}
    for row, mark in enumerate(marks):
        if mark.stamp is not None:
            picture, corner = press(mark.stamp, mark.track.points[0, :3], mark.level)
            boxes[row] = _put(cover, picture, corner, mark.dark)
            continue
        low, high = extent(mark.track)
        size = int(np.searchsorted(_SIZES, float((high - low).max())))
        groups.setdefault((size, mark.track.points.shape[1]), []).append(row)
    for rows in groups.values():
        for row, box in zip(rows, _ink_together(cover, [marks[r] for r in rows]), strict=True):
            boxes[row] = box
    return boxes


def _ink_together(cover: np.ndarray, marks: Sequence[Mark]) -> list[Box | None]:
    """Ink marks whose tracks have as many points each, and nearly the same size."""
    track = Track(
        np.concatenate([mark.track.points for mark in marks]),
        np.concatenate([mark.track.radius for mark in marks]),
        np.concatenate([mark.track.down for mark in marks]),
    )
    low, high = extent(track)
    corner = np.floor(low).astype(int) - 2
    width, height = (np.ceil(high).astype(int) + 3 - corner).max(axis=0)
    inside = replace(track, points=track.points - corner[:, None].astype(np.float32))
    pictures = ink(inside, (int(height), int(width)))
    return [
        _put(cover, picture, (int(left), int(top)), mark.dark)
        for picture, (left, top), mark in zip(pictures, corner, marks, strict=True)
    ]


def _put(
    cover: np.ndarray, picture: np.ndarray, corner: tuple[int, int], dark: float
) -> Box | None:
    """Lay one inked picture onto the cover; gives the box of its visible ink there."""
    left, top = corner
    height, width = picture.shape
    rows = slice(max(top, 0), max(top + height, 0))
    columns = slice(max(left, 0), max(left + width, 0))
    target = cover[rows, columns]
    if not target.size:
        return None
    source = picture[max(-top, 0) :, max(-left, 0) :][: target.shape[0], : target.shape[1]]
    np.maximum(target, source * np.float32(dark), out=target)
    visible = source > VISIBLE
    up, across = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    if not len(up):
        return None
    return Box(
        int(columns.start + across[0]),
        int(rows.start + up[0]),
        int(across[-1] - across[0] + 1),
        int(up[-1] - up[0] + 1),
    )
