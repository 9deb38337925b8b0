"""Patches cut from drawn pages by the same steps that cut a camera's frames.

A digit that went through paper, light, a lens, a threshold and the segmentation of `reading` looks
different from one drawn straight into its patch: edges are cut, faint ends are lost, a piece of a
ruled line sticks to it. A network should be trained on such digits, and on the other marks that
the same steps produce.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pi_reader.handwriting.non_digits import is_a_bar
from pi_reader.handwriting.page import draw_page
from pi_reader.reading.binarise import binarise
from pi_reader.reading.candidates import find_candidates
from pi_reader.reading.patches import cut_patches
from pi_reader.values import SIDE, Box

_SIZES = ((640, 480), (480, 360), (400, 300))  # of the frames, pixels
_HARDEST = 0.9  # difficulty of the pages; at 1 some digits cannot be read by anybody
_SAME = 0.75  # overlap (intersection over union) from which a crop is the digit that was written
_INSIDE = 0.8  # share of a digit's box in a crop from which the crop holds that digit
_KEPT, _KEPT_PLAIN = 0.7, 0.08  # share of the non-digits used: letters; similar dashes and dots
_PLAIN = 2.5  # width over height of a dash
_DOT = 10  # pixels: the longer side of a dot
_OTHER = 0.1  # share of any digit's box in a crop below which the crop has nothing of it
_ALIKE = 0.5  # overlap with a letter that looks like a digit from which a crop is left out
_WORDY = 0.5  # share of the pages with words on them
_WORDS = (1, 7)  # number of words on each of these


def draw_from_pages(
    count: int,
    rng: np.random.Generator,
    no_digit: int,
    check: Callable[[], None] = lambda: None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw pages until `count` crops can be labelled.

    A crop is a digit if it fits the box of one; it is labelled `no_digit` if it holds two, or has
    nothing of any and is not an upright bar. Other crops are left out, pieces of digits above all,
    and letters that look like digits: who knows what they are. Gives (count, 28, 28) uint8 and
    (count,) uint8. check: is called before each page, and may raise to end it.
    """
    patches, labels = [np.zeros((0, SIDE, SIDE), np.uint8)], [np.zeros(0, np.uint8)]
    while sum(map(len, labels)) < count:
        check()
        size = _SIZES[rng.integers(len(_SIZES))]
        words = int(rng.integers(*_WORDS)) if rng.random() < _WORDY else 0
        page = draw_page(rng, float(rng.uniform(0, _HARDEST)), size, marks=True, words=words)
        truth = [digit for line in page.lines for digit in line]
        crops, boxes = _crops(page.frame.grey)
        names = np.array([_name(box, truth, no_digit) for box in boxes], np.int16)
        if len(names):
            names[[_is_alike(box, page.alike) for box in boxes]] = -1
            others = names == no_digit
            kept = np.where([_is_plain(box) for box in boxes], _KEPT_PLAIN, _KEPT)
            names[others & (is_a_bar(crops) | (rng.random(len(names)) > kept))] = -1
            patches.append(crops[names >= 0])
            labels.append(names[names >= 0].astype(np.uint8))
    return np.concatenate(patches)[:count], np.concatenate(labels)[:count]


def _crops(grey: np.ndarray) -> tuple[np.ndarray, list[Box]]:
    """The patch of each candidate in a frame, and its box."""
    page = find_candidates(binarise(grey))
    found, scale = page.components, page.ink.scale
    crops = cut_patches(page.ink, found, [(index,) for index in range(len(found))])
    corners = np.stack([found.left, found.top, found.width, found.height], axis=1) * scale
    return crops, [Box(*corner) for corner in corners.tolist()]


def _name(box: Box, truth: list[tuple[int, Box]], no_digit: int) -> int:
    """The label of a crop, `no_digit`, or -1 if it is ambiguous."""
    shares = [box.common(other) / (other.width * other.height) for _, other in truth]
    if sum(share >= _INSIDE for share in shares) > 1:
        return no_digit
    for label, other in truth:
        common = box.common(other)
        union = box.width * box.height + other.width * other.height - common
        if common >= _SAME * union:
            return label
    return no_digit if max(shares, default=0.0) <= _OTHER else -1


def _is_plain(box: Box) -> bool:
    """Whether a box has the size of a dash or a dot."""
    return box.width > _PLAIN * box.height or max(box.width, box.height) < _DOT


def _is_alike(box: Box, alike: Sequence[Box]) -> bool:
    """Whether a crop is a letter that looks like a digit."""
    area = box.width * box.height
    return any(
        common >= _ALIKE * (area + other.width * other.height - common)
        for other in alike
        if (common := box.common(other))
    )
