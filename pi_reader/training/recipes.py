"""Named training recipes with all their hyperparameters.

A recipe and a seed determine the result: the same two give the same arrays on the same machine.
Nothing here imports numpy, so that `pi-reader train --help` can list the recipes quickly.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from pi_reader.errors import UsageError


@dataclass(frozen=True)
class Augmentation:
    """How strongly patches are augmented.

    turn: degrees either way; shear: pixels sideways per pixel of height, either way;
    zoom: share of the size either way; shift: pixels either way, in x and in y.
    bend: highest root mean square of the elastic displacement, in pixels.
    thicken, thin: highest weight of the dilated or eroded patch in the blend, 0 to 1;
    pen_share: share of the patches that are thickened or thinned.
    contrast: highest change of the tone curve, 0 to below 1.
    blur_share: share of blurred patches; noise_share: share of patches with noise; noise: its
    highest standard deviation, ink is 1.
    hole_share: share of patches that lose a piece of up to hole_size pixels along each edge.
    """

    turn: float = 12.0
    shear: float = 0.2
    zoom: float = 0.12
    shift: float = 1.5
    bend: float = 0.9
    thicken: float = 0.9
    thin: float = 0.6
    pen_share: float = 0.4
    contrast: float = 0.4
    blur_share: float = 0.2
    noise: float = 0.08
    noise_share: float = 0.15
    hole_share: float = 0.15
    hole_size: int = 7


@dataclass(frozen=True)
class ClassicRecipe:
    """How the lecture's own network learns: one digit at a time.

    hidden: nodes in the middle layer; rate: learning rate; epochs: times through all digits.
    turned: degrees; each digit is also shown turned this far both ways (0: only as it is).
    last_rate: the learning rate in the last epoch, to which it shrinks by the same factor from
    epoch to epoch (0: it stays as it is).
    shuffled: show digits and copies in another order in each epoch; else in the order of the book,
    each digit before its copies.
    """

    purpose: str
    hidden: int = 200
    rate: float = 0.1
    epochs: int = 5
    turned: float = 0.0
    last_rate: float = 0.0
    shuffled: bool = False

    def rate_in(self, epoch: int, epochs: int) -> float:
        """The learning rate in this epoch, counted from 0, of so many."""
        if not self.last_rate or epochs < 2:
            return self.rate
        return float(self.rate * (self.last_rate / self.rate) ** (epoch / (epochs - 1)))


@dataclass(frozen=True)
class Recipe:
    """Training on augmented batches.

    layers: the network, from the input on, as `networks.build` takes it.
    epochs: times through MNIST (or, without it, through as many drawn digits).
    batch: patches per step; drawn, non_digits, pages: the shares of each batch that are drawn:
    digits, other marks, and crops of whole pages. "No digit" is the eleventh class.
    rate: the highest learning rate; warm_up: share of the training until it is reached.
    decay: weight decay; smoothing: label smoothing; keep: decay of the weight average.
    epoch_without_mnist: drawn patches that make an epoch without MNIST.
    changes: the augmentation.
    """

    purpose: str
    layers: tuple[str, ...]
    epochs: int = 20
    batch: int = 128
    drawn: float = 0.25
    non_digits: float = 0.08
    pages: float = 0.0
    rate: float = 0.002
    warm_up: float = 0.1
    decay: float = 0.01
    smoothing: float = 0.1
    keep: float = 0.998
    epoch_without_mnist: int = 60_000
    changes: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True)
class NeighbourhoodRecipe:
    """How the network that sees a mark's surroundings learns, beside one for patches.

    scenes, fitted: drawn scenes to learn from, and others to fit the page's regressions on.
    epochs: times through the marks of the scenes; batch: marks per step; rate: the highest
    learning rate; warm_up: share of the training until it is reached; decay: weight decay;
    smoothing: how much of the certainty of a label is spread over the other kinds; keep: how much
    of the averaged weights stays each step.
    gain: how much darker or lighter the surroundings may be, as a share; shift: pixels that a
    window may be moved either way; dropout: share of what is told of the patch that is left out.
    units: of the hidden layer of the page's model; members: how many of these are averaged;
    page_epochs, page_rate, page_decay: how they learn.
    sure_at: the confidence from which a digit is believed; present_at: the probability of any
    digit from which a mark is a `?` instead of nothing. Both were chosen on photographs, by folds.
    """

    purpose: str
    scenes: int = 20_000
    fitted: int = 5000
    epochs: int = 12
    batch: int = 256
    rate: float = 0.002
    warm_up: float = 0.12
    decay: float = 0.02
    smoothing: float = 0.02
    keep: float = 0.998
    gain: float = 0.25
    shift: int = 2
    dropout: float = 0.1
    units: int = 16
    members: int = 3
    page_epochs: int = 20
    page_rate: float = 0.004
    page_decay: float = 0.1
    sure_at: float = 0.6
    present_at: float = 0.3


NEIGHBOURHOOD = NeighbourhoodRecipe("what tells digits from signs, letters and dirt by their page")

TOUCHING = Recipe(
    "what names two digits that have grown together",
    ("conv 5x5/2 16", "conv 3x3 32", "conv 3x3/2 48", "dense 64"),
    epochs=17,
    drawn=0.35,
    non_digits=0.2,
    rate=0.003,
    smoothing=0.02,
    epoch_without_mnist=150_000,  # marks, with MNIST's digits among them or not
    changes=Augmentation(turn=8.0, zoom=0.1, bend=0.7, hole_share=0.05),
)

RECIPES: dict[str, ClassicRecipe | Recipe] = {
    "classic": ClassicRecipe(
        "the lecture's network: 784-200-10 nodes, sigmoid, one digit at a time"
    ),
    "classic-rotated": ClassicRecipe(
        "the same, each digit also turned by ten degrees both ways, with steps that shrink",
        epochs=10,
        turned=10.0,
        last_rate=0.01,
        shuffled=True,
    ),
    "default": Recipe(
        "the network that pi-reader reads with",
        layers=("conv 5x5/2 24", "conv 3x3/2 64", "conv 3x3 128", "dense 96"),
        epochs=42,
        drawn=0.14,
        non_digits=0.07,
        pages=0.11,
    ),
    "mlp": Recipe(
        "the lecture's shape, 784-200-10 without convolution, taught with all of today's tricks",
        layers=("dense 200",),
        epochs=40,
        drawn=0.0,
        non_digits=0.0,
        decay=0.02,
        smoothing=0.05,
        changes=Augmentation(
            turn=8.0,
            shear=0.12,
            zoom=0.08,
            shift=0.7,
            bend=0.8,
            pen_share=0.25,
            blur_share=0.05,
            noise_share=0.05,
            hole_share=0.0,
        ),
    ),
}


BESIDE: dict[str, NeighbourhoodRecipe | Recipe] = {  # trained beside another network
    "neighbourhood": NEIGHBOURHOOD,
    "touching": TOUCHING,
}


def find(name: str) -> ClassicRecipe | Recipe:
    """The recipe of that name. Raises UsageError that lists those there are."""
    if name not in RECIPES:
        known = ", ".join([*RECIPES, *BESIDE])
        raise UsageError(f"{name}: no such recipe; there are {known}")
    return RECIPES[name]


def describe(recipe: ClassicRecipe | Recipe) -> dict[str, Any]:
    """All settings of a recipe, fit for JSON: for cards and checkpoints."""
    return cast(dict[str, Any], json.loads(json.dumps(asdict(recipe))))  # tuples become lists
