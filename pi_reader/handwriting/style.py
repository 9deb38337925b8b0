"""A person's hand: which shape each digit gets, and how the pen runs.

Two digits by one hand are alike but never the same; two hands differ in everything at once. So a
style is a table of traits with one row per digit: the form and its proportions are chosen per
digit, slant and pen and tremor are the same in all rows, and each drawing strays a little from it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from pi_reader.handwriting.splines import TASTES
from pi_reader.handwriting.strokes import FORMS

CONTROLS = 32  # no skeleton has more points than this
WAVES = 7  # slow waves along a stroke that make up tremor and pressure

_CUMULATIVE = np.zeros((2, 10, 16))  # chances of the forms, American and continental, summed up
for _digit, _forms in enumerate(FORMS):
    _weights = np.array([[form.american, form.continental] for form in _forms]).T
    _CUMULATIVE[:, _digit, : len(_forms)] = np.cumsum(_weights, axis=1)
    _CUMULATIVE[:, _digit, len(_forms) :] = np.inf
    _CUMULATIVE[:, _digit] /= _weights.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class Traits:
    """Everything that decides how some shapes are drawn: one row per shape, float32 unless said.

    form: (n,) int, which of the digit's forms; tastes: (n, TASTES) 0 to 1, its proportions;
    quirk: (n, CONTROLS, 2), where this hand strays from the skeleton, in heights of a digit.
    slant: shear to the right per height; turn: radians with the clock; width: 1 is the skeleton's.
    pen: width of the stroke in heights of a digit; pressure, taper: 0 even to 1 strong.
    tremor: size of the waves along the stroke in heights; bend: (n, 4), bows of the whole shape.
    soft: 0 sharp corners to 1 round ones.
    """

    form: np.ndarray
    tastes: np.ndarray
    quirk: np.ndarray
    slant: np.ndarray
    turn: np.ndarray
    width: np.ndarray
    pen: np.ndarray
    pressure: np.ndarray
    taper: np.ndarray
    tremor: np.ndarray
    bend: np.ndarray
    soft: np.ndarray

    def __len__(self) -> int:
        return len(self.form)

    def take(self, rows: np.ndarray) -> Traits:
        """The traits of some rows, (m,) int or (n,) bool, in that order."""
        return Traits(**{part.name: getattr(self, part.name)[rows] for part in fields(self)})

    def astray(self, rng: np.random.Generator, care: float = 0.5) -> Traits:
        """The same shapes once more: careful hands (1) repeat themselves, hasty ones (0) do not."""
        n, loose = len(self), np.float32(1.5 - care)
        tastes = self.tastes + _normal(rng, (n, TASTES), 0.07) * loose
        return replace(
            self,
            tastes=np.clip(tastes, 0, 1),
            quirk=self.quirk + _normal(rng, self.quirk.shape, 0.012) * loose,
            slant=self.slant + _normal(rng, n, 0.04) * loose,
            turn=self.turn + _normal(rng, n, 0.03) * loose,
            width=self.width * np.exp(_normal(rng, n, 0.06) * loose),
            pen=self.pen * np.exp(_normal(rng, n, 0.05)),
            bend=self.bend + _normal(rng, self.bend.shape, 0.02) * loose,
        )


@dataclass(frozen=True)
class Style:
    """A person's hand. `Style.random(rng)` meets a new person.

    traits: ten rows, one per digit; care: 0 hasty to 1 careful, how alike two drawings are.
    drift: how far the writing climbs, in heights per height of way; spacing: gap between digits in
    heights; uneven: how much size and place change from digit to digit, 0 to about 0.2.
    """

    traits: Traits
    care: float
    drift: float
    spacing: float
    uneven: float

    @classmethod
    def random(cls, rng: np.random.Generator, continental: float = 0.5) -> Style:
        """Meet a new person. continental: the chance that they learned to write in Europe."""
        traits = random_traits(np.arange(10), rng, continental, one_person=True)
        return cls(
            traits=traits,
            care=float(rng.uniform(0, 1)),
            drift=float(rng.normal(0, 0.025)),
            spacing=float(rng.uniform(0.08, 0.45)),
            uneven=float(rng.uniform(0.01, 0.1)),
        )

    def drawing(self, labels: np.ndarray, rng: np.random.Generator) -> Traits:
        """How this person draws these digits today; labels: (n,) int from 0 to 9."""
        return self.traits.take(labels).astray(rng, self.care)


def random_traits(
    labels: np.ndarray, rng: np.random.Generator, continental: float, one_person: bool = False
) -> Traits:
    """Traits for n digits of n people, or of one person if so asked; labels: (n,) int, 0 to 9."""
    n = len(labels)
    people = 1 if one_person else n
    europe = (rng.random(people) < continental).astype(int)
    chances = _CUMULATIVE[europe, labels]  # (n, forms)
    form = (rng.random((n, 1)) >= chances).sum(axis=1)
    hand = shapeless_traits(people, rng)
    rows = np.zeros(n, int) if one_person else np.arange(n)
    return replace(
        hand.take(rows),
        form=form,
        tastes=rng.random((n, TASTES), dtype=np.float32),
        quirk=_normal(rng, (n, CONTROLS, 2), 0.022),
        bend=_normal(rng, (n, 4), 0.05),
    )


def shapeless_traits(n: int, rng: np.random.Generator) -> Traits:
    """How n people hold their pens, whatever they draw; all of the first form."""
    return Traits(
        form=np.zeros(n, int),
        tastes=rng.random((n, TASTES), dtype=np.float32),
        quirk=_normal(rng, (n, CONTROLS, 2), 0.022),
        slant=_normal(rng, n, 0.24) + np.float32(0.15),
        turn=_normal(rng, n, 0.09),
        width=np.exp(_normal(rng, n, 0.26)) * np.float32(1.08),
        pen=np.clip(np.exp(_normal(rng, n, 0.38)) * np.float32(0.12), 0.035, 0.27),
        pressure=rng.random(n, dtype=np.float32) ** 2,
        taper=rng.random(n, dtype=np.float32) ** 2,
        tremor=rng.random(n, dtype=np.float32) ** 2 * np.float32(0.02),
        bend=_normal(rng, (n, 4), 0.05),
        soft=rng.random(n, dtype=np.float32),
    )


def _normal(rng: np.random.Generator, shape: int | tuple[int, ...], scale: float) -> np.ndarray:
    """Normally distributed float32 numbers with this standard deviation."""
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(scale)
