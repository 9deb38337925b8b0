"""Marks of drawn scenes, found by the steps that find a camera's, each with what it truly is."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np

from pi_reader.handwriting.scenes import Glyph, Stamps, draw_scene
from pi_reader.network.model import Model
from pi_reader.network.neighbourhood import Neighbourhood
from pi_reader.reading.binarise import binarise
from pi_reader.reading.candidates import find_candidates
from pi_reader.reading.context import windows_of
from pi_reader.reading.decode import Mark, places_of, usual_height
from pi_reader.reading.segmentation import Segmentation
from pi_reader.values import SIDE

SAME = 0.55  # overlap (intersection over union) from which a mark is the glyph that was written
PIECE = 0.35  # below it a mark is no glyph but a piece, or several, or nothing that was written
INSIDE = 0.8  # share of a glyph's box in a mark from which the mark holds that glyph
NEARLY = 0.9  # overlap from which a mark is a glyph though another one lies inside it
TINY = 9  # pixels: of so small a glyph the overlap is a matter of chance,
TINY_SAME, TINY_PIECE = 0.3, 0.1  # so that less is enough
MOST_OF_A_NAME = {"letter": 18, "other": 14}  # marks of a page that are learned from

_network: Model | None = None  # of a worker process
_neighbourhood: Neighbourhood | None = None
_touching: Model | None = None
_stamps: Stamps | None = None


@dataclass(frozen=True, eq=False)
class Seen:
    """What the reader finds on one scene.

    marks: without `kinds`; names: what each truly is, one of `KINDS`, "joined" where several
    glyphs with a digit among them have grown together, "" where it is hard to say.
    windows: (n, 56, 112) uint8, what stands around each; shape: (height, width) of the page in
    working pixels.
    """

    marks: list[Mark]
    names: list[str]
    windows: np.ndarray
    shape: tuple[int, int]

    @property
    def patches(self) -> np.ndarray:
        """What the network for patches saw of each mark, (n, 28, 28) uint8."""
        patches = [mark.patch for mark in self.marks]
        return np.array(patches, np.uint8).reshape(-1, SIDE, SIDE)


def see_scenes(
    network: Model,
    numbers: Sequence[tuple[int, ...]],
    stamps: Stamps | None,
    sparse: bool,
    withheld: Collection[str] = (),
    neighbourhood: Neighbourhood | None = None,
    touching: Model | None = None,
) -> Iterator[Seen]:
    """Draw scenes and find their marks, on all cores, in the order of `numbers`.

    network: says what each patch shows, with 11 outcomes; numbers: the seed of each scene.
    sparse: leave out most letters and other marks, of which pages are full. withheld: kinds of
    scenes that are left out. neighbourhood, touching: take part in cutting what touches, if they
    are known.
    """
    see = partial(_see, sparse=sparse, withheld=tuple(withheld))
    cores = len(os.sched_getaffinity(0))
    if cores == 1 or len(numbers) < 2 * cores:
        _prepare(network, stamps, neighbourhood, touching)
        yield from map(see, numbers)
        return
    known = network, stamps, neighbourhood, touching
    pool = ProcessPoolExecutor(cores, get_context("forkserver"), _prepare, known)
    with pool:
        yield from pool.map(see, numbers, chunksize=8)


def _prepare(
    network: Model,
    stamps: Stamps | None,
    neighbourhood: Neighbourhood | None = None,
    touching: Model | None = None,
) -> None:
    """What a worker process needs to know, once."""
    global _network, _stamps, _neighbourhood, _touching
    _network, _stamps, _neighbourhood, _touching = network, stamps, neighbourhood, touching


def _see(number: tuple[int, ...], sparse: bool, withheld: tuple[str, ...]) -> Seen:
    """Draw one scene and find its marks."""
    assert _network is not None
    scene = draw_scene(np.random.default_rng(number), stamps=_stamps, withheld=withheld)
    ink = binarise(scene.frame.grey)
    page = find_candidates(ink)
    found = Segmentation(_network, page, neighbourhood=_neighbourhood, touching=_touching).run()
    marks, ink = found.marks, found.page.ink
    names = name_marks(places_of(marks).astype(np.float32) * ink.scale, scene.glyphs)
    if sparse:
        rows = _sparse(names, np.random.default_rng((*number, 1)))
        seen = [marks[row] for row in rows]
        return Seen(
            seen,
            [names[row] for row in rows],
            windows_of(ink, seen, usual_height(marks)),
            ink.mask.shape,
        )
    return Seen(marks, names, windows_of(ink, marks, usual_height(marks)), ink.mask.shape)


def _sparse(names: Sequence[str], rng: np.random.Generator) -> list[int]:
    """Which marks are learned from: all that have a name, but not too many of a kind."""
    left = dict(MOST_OF_A_NAME)
    rows = []
    for row in rng.permutation(len(names)).tolist():
        name = "other" if names[row] == "joined" else names[row]
        if name and left.get(name, 1) > 0:
            rows.append(row)
            if name in left:
                left[name] -= 1
    return sorted(rows)


def name_marks(boxes: np.ndarray, glyphs: Sequence[Glyph]) -> list[str]:
    """What each mark is: the name of a glyph, "joined", "other", or "" where it is hard to say.

    boxes: (n, 4) left, top, right, bottom of the marks in pixels of the frame. Joined are several
    glyphs with a digit among them, which have grown together.
    """
    if not glyphs or not len(boxes):
        return ["other"] * len(boxes)
    true = np.array([(g.box.x, g.box.y, g.box.right, g.box.bottom) for g in glyphs], np.float32)
    low = np.maximum(boxes[:, None, :2], true[:, :2])
    high = np.minimum(boxes[:, None, 2:], true[:, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=2)  # (n, glyphs)
    area = np.prod(true[:, 2:] - true[:, :2], axis=1)
    own = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    overlap = common / np.maximum(own[:, None] + area - common, 1)
    best = overlap.argmax(axis=1)
    most = overlap.max(axis=1)
    held = common >= INSIDE * area
    several = held.sum(axis=1) > 1
    joined = several & (held & np.array([glyph.name.isdecimal() for glyph in glyphs])).any(axis=1)
    tiny = np.max(true[:, 2:] - true[:, :2], axis=1)[best] <= TINY
    same = (most >= np.where(tiny, TINY_SAME, SAME)) & ~(several & (most < NEARLY))
    odd = several | (most < np.where(tiny, TINY_PIECE, PIECE))
    return [
        glyphs[index].name if fits else "joined" if grown else "other" if strange else ""
        for index, fits, grown, strange in zip(
            best.tolist(), same.tolist(), joined.tolist(), odd.tolist(), strict=True
        )
    ]
