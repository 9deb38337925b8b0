"""Marks that a camera finds and that are no digits, so that a network can learn to say so."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
from PIL import Image

from pi_reader.handwriting.letters import KINDS
from pi_reader.handwriting.patches import centred, patches_of
from pi_reader.handwriting.pen import Track, digit_tracks, merged, tracks
from pi_reader.handwriting.style import Traits, random_traits, shapeless_traits
from pi_reader.values import SIDE

WITHHELD = ("w", "times")  # two kinds no network learns, to see whether it refuses the unknown
_WRITTEN, _HALVES, _PAIRS, _STAINS = 0.73, 0.09, 0.12, 0.06  # shares of what is drawn
_LETTERED = 0.4  # share of the two in a pair that are letters

_BAR = 0.22  # breadth by length, as standard deviations, of what is a straight stroke
_LEVEL = 0.6  # variance upwards by that sideways, below which a stroke is a dash and no 1
_INK = 0.3  # of full ink: what counts for a patch's extent
_FULL = 0.7  # share of its box that a solid bar fills

# Halves that are not another digit: the upper half of an 8 is an honest 0 and stays out.
_HALVES_OF = tuple(
    [(digit, "left") for digit in (0, 3, 8)]
    + [(digit, "right") for digit in (0,)]
    + [(digit, "top") for digit in (0, 4, 5)]
    + [(digit, "bottom") for digit in (0, 2, 3)]
)
_SKELETONS = [skeleton for _, skeletons in KINDS.values() for skeleton in skeletons]
_CHANCES = np.array([share / len(many) for share, many in KINDS.values() for _ in many])
_KIND_OF = [kind for kind, (_, many) in KINDS.items() for _ in many]
_LETTER_KEYS = [key for key, kind in enumerate(_KIND_OF) if kind == "letters"]


def draw_non_digits(
    n: int, rng: np.random.Generator, without: Collection[str] = WITHHELD
) -> np.ndarray:
    """Draw n marks that are no digits: signs, letters, scribbles, halves, pairs, rules, stains.

    without: kinds of `letters.KINDS` that are never drawn, so that they can test whether a network
    refuses what it was never shown. Shapes that are honestly a digit too, such as o, l, s and z,
    are left out always. Gives (n, 28, 28) uint8, sized and centred as digits are. ValueError if n
    is negative or a kind is unknown.
    """
    if n < 0:
        raise ValueError("n: must not be negative")
    if unknown := set(without) - set(KINDS):
        raise ValueError(f"without: knows no kind {', '.join(sorted(unknown))}")
    ways = (_marks(without), _halves, _pairs(without), _stains)
    choice = rng.choice(len(ways), n, p=[_WRITTEN, _HALVES, _PAIRS, _STAINS])
    out = np.zeros((n, SIDE, SIDE), np.uint8)
    for way, draw in enumerate(ways):
        rows = np.flatnonzero(choice == way)
        if len(rows):
            out[rows] = draw(len(rows), rng)
    ones = np.flatnonzero(is_a_bar(out))
    if len(ones):
        out[ones] = draw_non_digits(len(ones), rng, without)
    return out


def is_a_bar(patches: np.ndarray) -> np.ndarray:
    """Which patches are upright or slanting bars: whatever was meant, a reader sees a 1.

    Two 1s beside each other with a bold pen, a slim blob, half of a letter. Gives (n,) bool: in
    one piece from top to bottom, and either slim and full in their box, or so much longer than
    broad (by the standard deviations along and across their main axis) that they are a straight
    stroke, and not a level one.
    """
    ink = patches.astype(np.float32) / np.float32(255)
    mass = np.maximum(ink.sum(axis=(1, 2)), 1)
    place = np.arange(SIDE, dtype=np.float32)
    across, along = ink.sum(axis=1), ink.sum(axis=2)  # (n, 28): by column, by row
    x, y = across @ place / mass, along @ place / mass
    xx, yy = across @ place**2 / mass - x * x, along @ place**2 / mass - y * y
    xy = np.einsum("nrc,r,c->n", ink, place, place, optimize=True) / mass - x * y
    spread = np.sqrt((xx - yy) ** 2 + 4 * xy * xy)
    long, broad = (xx + yy + spread) / 2, np.maximum((xx + yy - spread) / 2, 0)
    straight = (np.sqrt(broad) < _BAR * np.sqrt(long)) & (yy > _LEVEL * xx)
    columns, rows = ink.max(axis=1) > _INK, ink.max(axis=2) > _INK  # (n, 28) bool
    height = SIDE - rows.argmax(axis=1) - rows[:, ::-1].argmax(axis=1)
    width = columns.sum(axis=1)
    slim = (width < 0.5 * height) & (mass > _FULL * width * height)
    return (straight | slim) & (rows.sum(axis=1) == height)


def _marks(without: Collection[str]) -> Callable[[int, np.random.Generator], np.ndarray]:
    """Signs, letters, rules, blobs and scribbles from their skeletons, but for some kinds."""
    allowed = np.array([kind not in without for kind in _KIND_OF])
    chances = _CHANCES * allowed / (_CHANCES * allowed).sum()

    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        keys = rng.choice(len(_SKELETONS), n, p=chances)
        traits = shapeless_traits(n, rng)
        for kind, change in (("scribbles", _wild), ("blobs", _fat), ("rules", _ruled)):
            change(traits, np.array([_KIND_OF[key] == kind for key in keys]))
        skeletons = {int(key): _SKELETONS[key] for key in np.unique(keys)}
        return patches_of(tracks(keys, skeletons, traits, rng))

    return draw


def _wild(traits: Traits, rows: np.ndarray) -> None:
    """Let scribbles go anywhere."""
    traits.quirk[rows] *= 6
    traits.soft[rows] = 0


def _fat(traits: Traits, rows: np.ndarray) -> None:
    """Let blobs be thick for their size, and of any outline."""
    traits.quirk[rows] *= 1.2
    traits.tremor[rows] = 0
    traits.pressure[rows] = 1
    traits.pen[rows] *= 1.4


def _ruled(traits: Traits, rows: np.ndarray) -> None:
    """Let rules be straight."""
    for part in (traits.quirk, traits.tremor, traits.bend, traits.soft, traits.slant):
        part[rows] *= 0.2


def _halves(n: int, rng: np.random.Generator) -> np.ndarray:
    """Digits cut in two at a box's edge or by a wrong cut; only halves that are no other digit."""
    picks = rng.integers(0, len(_HALVES_OF), n)
    labels = np.array([_HALVES_OF[pick][0] for pick in picks])
    sides = np.array([_HALVES_OF[pick][1] for pick in picks])
    track = digit_tracks(labels, random_traits(labels, rng, 0.5), rng)
    low, high = track.points.min(axis=1), track.points.max(axis=1)
    cut = low + (high - low) * rng.uniform(0.42, 0.58, (n, 1)).astype(np.float32)
    middle = (track.points[:, 1:] + track.points[:, :-1]) / 2
    keep = np.select(
        [sides[:, None] == side for side in ("left", "right", "top")],
        [middle[:, :, 0] < cut[:, :1], middle[:, :, 0] > cut[:, :1], middle[:, :, 1] < cut[:, 1:]],
        middle[:, :, 1] > cut[:, 1:],
    )
    return patches_of(Track(track.points, track.radius, track.down & keep))


def _pairs(without: Collection[str]) -> Callable[[int, np.random.Generator], np.ndarray]:
    """Two digits or letters in one box, as when they touch and nobody cut them apart."""
    lettered = 0.0 if "letters" in without else _LETTERED

    def draw(n: int, rng: np.random.Generator) -> np.ndarray:
        labels = rng.integers(0, 10, (2, n))
        hand = random_traits(labels[0], rng, 0.5)
        other = random_traits(labels[1], rng, 0.5)
        for name in ("pen", "slant", "width", "turn", "tremor", "soft"):
            getattr(other, name)[:] = getattr(hand, name)
        first, second = (
            _with_letters(digit_tracks(row, traits, rng, 40), traits, lettered, rng)
            for row, traits in zip(labels, (hand, other), strict=True)
        )
        gap = rng.uniform(-0.06, 0.12, n).astype(np.float32)
        shift = first.points[:, :, 0].max(axis=1) - second.points[:, :, 0].min(axis=1) + gap
        second.points[:, :, 0] += shift[:, None]
        second.points[:, :, 1] += rng.normal(0, 0.08, (n, 1)).astype(np.float32)
        return patches_of(merged([first, second]))

    return draw


def _with_letters(digits: Track, traits: Traits, share: float, rng: np.random.Generator) -> Track:
    """The same track, changed in place: some digits have become letters of the same hands."""
    rows = np.flatnonzero(rng.random(len(traits)) < share)
    keys = rng.choice(_LETTER_KEYS, len(rows))
    skeletons = {int(key): _SKELETONS[key] for key in np.unique(keys)}
    letters = tracks(keys, skeletons, traits.take(rows), rng, digits.points.shape[1])
    for part in ("points", "radius", "down"):
        getattr(digits, part)[rows] = getattr(letters, part)
    return digits


def _stains(n: int, rng: np.random.Generator) -> np.ndarray:
    """Edges of shadows, textures and stains: clouds of noise under a soft threshold."""
    side = 40
    cells = rng.integers(2, 9, n)
    sharp = rng.uniform(1.5, 10, n).astype(np.float32)
    level = rng.uniform(-0.3, 0.9, n).astype(np.float32)
    canvas = np.zeros((n, side, side), np.float32)
    for row in range(n):
        cloud = rng.standard_normal((cells[row], cells[row]), dtype=np.float32)
        big = Image.fromarray(cloud).resize((22, 22), Image.Resampling.BICUBIC)
        ink = (np.asarray(big) - level[row]) * sharp[row] + np.float32(0.5)
        canvas[row, 9:31, 9:31] = np.clip(ink, 0, 1)
    empty = canvas.sum(axis=(1, 2)) < 12  # pixels of ink; a blank patch is no mark at all
    canvas[empty, 12:26, 12:26] = 1
    return centred(canvas)
