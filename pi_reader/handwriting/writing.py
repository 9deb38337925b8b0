"""From a line of text to marks on a page: which shape each character gets, and where it stands.

A text is digits, signs by the characters of `signs.TABLE`, letters, `@` for a letter of any script,
`&` for one that stands among other letters though none is near, `¤` for one of a script that the
hand made up, `^` that raises the next character, `§` for a joined word, and spaces. All places are
in page pixels; a line is written from (0, 0), the left end of its baseline, and moved where it
belongs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pi_reader.handwriting.cursive import joined_word
from pi_reader.handwriting.invented import invented_letters
from pi_reader.handwriting.marks import Mark, free_between, stamp_at
from pi_reader.handwriting.pen import Track, extent, ink, tracks
from pi_reader.handwriting.script import ANY, NAMED, Letter
from pi_reader.handwriting.signs import LETTER, TABLE
from pi_reader.handwriting.splines import Skeleton
from pi_reader.handwriting.stamps import Look, Stamps
from pi_reader.handwriting.strokes import FORMS
from pi_reader.handwriting.style import Style, Traits

_FEW, _MANY = 48, 96  # points along a character that is lower or taller than _LARGE
_LARGE = 64.0  # pixels
_STAMP_TALL = 20.0  # pixels of a digit in MNIST
_FINE = "+×÷=%"  # what a pen as thick as _FINEST of its height would blot
_FINEST = 0.2
_TIGHT = ".,:°"  # what stands closer to its neighbours
_OF_A_SCRIPT = 12  # letters that a hand makes up
_ALIKE = 0.12  # of the letters of any script in words are somebody's digits in shape,
_ALIKE_APART = 0.2  # and of those of an alphabet
_SAME = 0.3  # of those of the alphabet that can be
_LIKE = {"o": "0", "O": "0", "l": "1", "I": "1", "z": "2", "Z": "2", "s": "5", "S": "5"}
_LIKE |= {"b": "6", "g": "9", "q": "9", "@": "00112334456689"}  # which digits letters look like


@dataclass(frozen=True)
class Hand:
    """A person who writes on one page with one pen.

    tall: height of a digit, pen: width of the stroke, both in pixels. sizes: (10,) how tall each
    digit is beside the others. gap, letter_gap: free paper between characters, space: a blank, all
    in heights of a digit. jitter: how far characters leave the baseline, in heights; climb: rise
    per way. touching: chance that a character's ink touches the next. bracket: the form of its
    brackets. stamps: real digits to use; look: how they are shown. script: letters of its own.
    """

    style: Style
    tall: float
    pen: float
    sizes: np.ndarray
    gap: float
    letter_gap: float
    space: float
    jitter: float
    climb: float
    touching: float
    bracket: int
    stamps: Stamps | None
    look: Look
    script: tuple[Skeleton, ...]

    @classmethod
    def random(
        cls, rng: np.random.Generator, tall: float, difficulty: float, stamps: Stamps | None
    ) -> Hand:
        """Meet somebody new, who writes digits `tall` pixels high."""
        style = Style.random(rng)
        sizes = np.exp(rng.normal(0, 0.08 if rng.random() < 0.8 else 0.18, 10))
        sizes[0] *= rng.uniform(0.5, 1.0) if rng.random() < 0.5 else 1.0
        joined = rng.random() < 0.25
        look = Look.random(rng)
        pen = 0.09 * float(np.exp(rng.normal(0, 0.42)))
        if stamps:
            pen = look.thick / _STAMP_TALL * float(np.exp(rng.normal(0, 0.1)))
        return cls(
            style=style,
            tall=tall,
            pen=float(np.clip(pen * tall, 1.4, max(0.24 * tall, 1.5))),
            sizes=sizes.astype(np.float32),
            gap=style.spacing if rng.random() < 0.75 else float(rng.uniform(0.4, 1.2)),
            letter_gap=float(rng.uniform(-0.08, 0.02) if joined else rng.uniform(0.06, 0.25)),
            space=float(rng.uniform(0.2, 0.9)),
            jitter=float(rng.uniform(0.0, 0.06)),
            climb=style.drift + float(rng.normal(0, 0.008 + 0.015 * difficulty)),
            touching=0.05 * difficulty if rng.random() < 0.5 else 0.0,
            bracket=int(rng.integers(len(TABLE["("].skeletons))),
            stamps=stamps,
            look=look,
            script=invented_letters(rng, _OF_A_SCRIPT),
        )

    def sized(self, tall: float) -> Hand:
        """The same hand writing larger or smaller with the same kind of pen."""
        pen = self.pen * tall / self.tall
        return replace(self, tall=tall, pen=float(max(pen, 1.3)))


@dataclass(frozen=True)
class _Shape:
    """A character before it is drawn: its truth, skeleton, scale and height of its middle, in
    heights of a digit. digit: whose shape it has, -1 for none; space: blanks before it, in heights;
    joined: whether it is a whole word in one stroke."""

    name: str
    skeleton: Skeleton | None
    scale: float
    middle: float
    space: float
    digit: int = -1
    upright: bool = False
    joined: bool = False


def write(rng: np.random.Generator, hand: Hand, text: str, line: int) -> list[Mark]:
    """Write one line of text from (0, 0) to the right; gives its marks from left to right."""
    shapes = _shapes(rng, hand, text)
    if not shapes:
        return []
    marks = _drawn(rng, hand, shapes, line)
    out: list[Mark] = []
    x, touching = 0.0, False
    for shape, mark in zip(shapes, marks, strict=True):
        left, _, right, _ = mark.extent
        x += shape.space * hand.tall
        down = -hand.climb * x + rng.normal(0, hand.jitter) * hand.tall
        placed = mark.moved(x - left, down)
        if touching:
            shift = -free_between(out[-1], placed) - float(rng.uniform(0.1, 0.9)) * hand.pen
            placed, x = placed.moved(shift, 0), x + shift
        out.append(placed)
        touching = not shape.space and rng.random() < hand.touching
        x += right - left + (0.0 if touching else _gap(rng, hand, shape))
    return out


def _gap(rng: np.random.Generator, hand: Hand, shape: _Shape) -> float:
    """Free paper after a character, in pixels."""
    if shape.name == LETTER:
        gap = (hand.letter_gap + rng.normal(0, 0.03)) * hand.tall
        return float(gap if hand.letter_gap < 0.02 else max(gap, 2.0))
    tight = 0.6 if shape.name in _TIGHT or shape.scale < 0.7 else 1.0
    gap = hand.tall * hand.gap * tight * np.exp(rng.normal(0, 0.35))
    return float(max(gap, 3 + 0.4 * hand.pen))


def _shapes(rng: np.random.Generator, hand: Hand, text: str) -> list[_Shape]:
    """What each character of a text looks like today."""
    shapes: list[_Shape] = []
    space, raised = 0.0, False
    for place, character in enumerate(text):
        if character == " ":
            space += hand.space * float(rng.uniform(0.4, 1.3))
        elif character == "^":
            raised = True
        else:
            beside = text[:place].rstrip()[-1:] + text[place + 1 :].lstrip()[:1]
            in_word = character == "&" or any(map(_is_letter, beside))
            shape = _shape(rng, hand, character, in_word)
            if raised:
                size, rise = float(rng.uniform(0.42, 0.72)), float(rng.uniform(0.5, 0.85))
                middle = rise + shape.middle * size
                shape = replace(shape, scale=shape.scale * size, middle=middle)
            shapes.append(replace(shape, space=space))
            space, raised = 0.0, False
    return shapes


def _is_letter(character: str) -> bool:
    """Whether a character of a text stands for a letter."""
    return character.isalpha() or character in "@¤"


def _shape(rng: np.random.Generator, hand: Hand, character: str, in_word: bool) -> _Shape:
    """One character as this hand may write it."""
    if character.isdecimal():
        digit = int(character)
        scale = float(hand.sizes[digit] * np.exp(rng.normal(0, hand.style.uneven)))
        return _Shape(character, None, scale, scale / 2, 0.0, digit)
    if character == "§":
        return _Shape(LETTER, None, float(np.exp(rng.normal(0, 0.06))), 0.0, 0.0, joined=True)
    if sign := TABLE.get(character):
        form = int(rng.integers(len(sign.skeletons)))
        if sign.name in "()" and rng.random() < 0.85:
            form = hand.bracket  # people close with the kind that they opened with
        scale, middle = float(rng.uniform(*sign.tall)), float(rng.uniform(*sign.middle))
        return _Shape(sign.name, sign.skeletons[form], scale, middle, 0.0, upright=sign.upright)
    share = {"@": _ALIKE, "&": _ALIKE_APART}.get(character, _SAME)
    character = character.replace("&", "@")
    letter = NAMED.get(character) or ANY[rng.integers(len(ANY))]
    if character == "¤":
        letter = Letter(hand.script, letter.tall)
    skeleton = letter.skeletons[rng.integers(len(letter.skeletons))]
    scale = letter.tall * float(np.exp(rng.normal(0, 0.07)))
    depth = letter.depth if rng.random() < 0.75 else 0.0
    shape = _Shape(LETTER, skeleton, scale, scale / 2 - depth, 0.0)
    alike = _LIKE.get(character, ())
    if in_word and alike and rng.random() < share:
        return replace(shape, digit=int(alike[rng.integers(len(alike))]))
    return shape


def _drawn(rng: np.random.Generator, hand: Hand, shapes: Sequence[_Shape], line: int) -> list[Mark]:
    """The marks of some shapes around (0, their height above the baseline)."""
    track = _track(rng, hand, shapes)
    marks = []
    for row, shape in enumerate(shapes):
        mark = Mark(shape.name, line, _rows(track, slice(row, row + 1)))
        if shape.joined:
            mark = Mark(shape.name, line, joined_word(rng, hand.tall * shape.scale, hand.pen))
        marks.append(_stamped(rng, hand, shape, mark) if shape.digit >= 0 else mark)
    return _coarse(marks, hand) if hand.stamps else marks


def _rows(track: Track, rows: slice) -> Track:
    """Some shapes of a track."""
    return Track(track.points[rows], track.radius[rows], track.down[rows])


def _track(rng: np.random.Generator, hand: Hand, shapes: Sequence[_Shape]) -> Track:
    """Where the pen goes for each shape, at its height, in pixels."""
    rows = np.array([shape.digit if shape.digit >= 0 else rng.integers(10) for shape in shapes])
    traits = _traits(rng, hand, shapes, rows)
    known: dict[Skeleton, int] = {}
    keys = np.zeros(len(shapes), int)
    for row, shape in enumerate(shapes):
        skeleton = FORMS[rows[row]][traits.form[row]].skeleton
        if shape.digit < 0 and shape.skeleton:
            skeleton = shape.skeleton
        keys[row] = known.setdefault(skeleton, len(known))
    steps = _MANY if hand.tall > _LARGE else _FEW
    skeletons = {key: skeleton for skeleton, key in known.items()}
    track = tracks(keys, skeletons, traits, rng, steps)
    scales = np.array([shape.scale for shape in shapes], np.float32) * np.float32(hand.tall)
    points, radius = track.points * scales[:, None, None], track.radius * scales[:, None]
    middles = np.array([shape.middle for shape in shapes], np.float32) * np.float32(hand.tall)
    points[:, :, 1] -= middles[:, None]
    dots = np.array([shape.name in ".,:" for shape in shapes])
    radius[dots] = np.maximum(radius[dots], np.float32(hand.pen * 0.55))
    return Track(points, radius, track.down)


def _traits(
    rng: np.random.Generator, hand: Hand, shapes: Sequence[_Shape], rows: np.ndarray
) -> Traits:
    """How the hand draws each shape; rows: (n,) whose traits it takes, those of a digit each."""
    traits = hand.style.drawing(rows, rng)
    scales = np.array([shape.scale for shape in shapes], np.float32) * np.float32(hand.tall)
    pen = np.float32(hand.pen) / np.maximum(scales, 1)
    fine = np.array([shape.name in _FINE for shape in shapes])
    upright = np.array([shape.upright for shape in shapes])
    forward = np.array([shape.name == "/" for shape in shapes])
    slant = np.where(upright, traits.slant * np.float32(0.3), traits.slant)
    return replace(
        traits,
        pen=np.where(fine, np.minimum(pen, np.float32(_FINEST)), pen),
        slant=np.where(forward, np.abs(slant), slant),  # leaning back it is another sign
    )


def _coarse(marks: Sequence[Mark], hand: Hand) -> list[Mark]:
    """The same marks, those that were drawn as coarse as stamps, points and joined words apart.

    So nobody learns that what was scanned is a digit and what was drawn is none.
    """
    out = list(marks)
    rows = [
        row
        for row, mark in enumerate(marks)
        if mark.stamp is None and mark.track.points.shape[1] in (_FEW, _MANY) and mark.name != "."
    ]
    if rows:
        scale = np.float32(_STAMP_TALL / hand.tall)
        track = Track(
            np.concatenate([marks[row].track.points for row in rows]) * scale,
            np.concatenate([marks[row].track.radius for row in rows]) * scale,
            np.concatenate([marks[row].track.down for row in rows]),
        )
        for row, (cut, corner) in zip(rows, _small(track), strict=True):
            start = corner / scale
            end = start + np.array(cut.shape[::-1]) / scale
            corners = [start, (end[0], start[1]), (start[0], end[1]), end]
            name = marks[row].name
            out[row] = stamp_at(name, marks[row].line, np.array(corners), cut, hand.look.level)
    return out


def _small(track: Track) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each shape of a track in stamp pixels as a stamp, uint8, and where its corner lies."""
    low, high = extent(track)
    low = np.floor(low) - 2
    width, height = (int(side) for side in np.ceil(high - low + 2).max(axis=0))
    inked = ink(replace(track, points=track.points - low[:, None]), (height, width))
    out = []
    for picture, corner in zip(inked, low, strict=True):
        stamp = np.round(picture * 255).astype(np.uint8)
        up, across = (np.flatnonzero((stamp > 0).any(axis=axis)) for axis in (1, 0))
        cut = np.pad(stamp[up[0] : up[-1] + 1, across[0] : across[-1] + 1], 1)
        out.append((cut, corner + [across[0] - 1, up[0] - 1]))
    return out


def _stamped(rng: np.random.Generator, hand: Hand, shape: _Shape, mark: Mark) -> Mark:
    """The same digit as somebody really wrote it, if the hand has stamps for it."""
    stamp = hand.stamps.pick(rng, shape.digit, hand.look) if hand.stamps else None
    if stamp is None:
        return mark
    rows, columns = stamp.shape
    high = shape.scale * hand.tall * rows / (rows - 2)
    wide = high * columns / rows * hand.look.width * float(np.exp(rng.normal(0, 0.05)))
    top = -shape.middle * hand.tall - high / 2
    lean = hand.look.slant * high
    corners = np.array([[lean, top], [lean + wide, top], [0, top + high], [wide, top + high]])
    return stamp_at(mark.name, mark.line, corners, stamp, hand.look.level)
