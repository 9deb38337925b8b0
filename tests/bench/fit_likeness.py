"""How much it counts that a digit looks unlike its name (`reading.same_hand`), for a file that does
not hear it yet.

    python tests/bench/fit_likeness.py --from default --out new.npz [--scenes 5000] [--mnist DIR]

One factor is fitted by maximum likelihood on drawn scenes that nothing was learned from, half of
them with digits of MNIST's training images, beside the page's model as it is: nothing else changes,
and pages on which no digit is unlike its name read as before. `train neighbourhood` fits it
together with everything else; this is for weights that are not to be trained anew.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from measure import add_mnist, arguments, table

# isort: split
import numpy as np

from pi_reader.errors import BadData
from pi_reader.handwriting.stamps import Stamps
from pi_reader.library import weights_path
from pi_reader.network import store
from pi_reader.network.logistic import Logistic
from pi_reader.network.neighbourhood import Context
from pi_reader.reading.context import choose_wholes, features, told
from pi_reader.reading.page import FEATURES, HEARD, Page, describe, hear
from pi_reader.training.data import load_train
from pi_reader.training.scenes import Seen, see_scenes
from pi_reader.values import CLASSES

SEED = 41
STEPS = 40  # of Newton's method
LEAST = 1e-6  # probability, and its distance from 1: float32 says no more


def main() -> None:
    """Fit the factor, write the file, and say what it is."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--from", dest="start", default="default", metavar="FILE")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--scenes", type=int, default=5000)
    args = parser.parse_args()
    weights = store.load_all(weights_path(args.start))
    context = weights.context
    if context is None or context.page.hidden is None or context.page.names != known():
        raise BadData(f"{args.start}: holds no model of a page that hears all but this")
    stamps = Stamps(*load_train(args.mnist))
    numbers = [(SEED, number) for number in range(args.scenes)]
    seen = see_scenes(weights.model, numbers, stamps, False, (), context.neighbourhood)
    rows = [row for scene in seen if scene.marks for row in heard(context, scene)]
    odds, unlike, right = np.array(rows).T
    factor = fit_factor(odds, unlike, right)
    page = with_factor(context.page, factor)
    sha256 = store.save(args.out, weights.model, weights.card, replace(context, page=page))
    before, after = (surprise(odds + f * unlike, right) for f in (0.0, factor))
    table(
        ("marks", "factor", "surprise before", "after", "sha256"),
        [(len(rows), f"{factor:.3f}", f"{before:.4f}", f"{after:.4f}", sha256[:12])],
    )


def known() -> tuple[str, ...]:
    """The numbers that a file without likeness was fitted on."""
    return FEATURES + HEARD[:-1]


def heard(context: Context, seen: Seen) -> list[tuple[float, float, bool]]:
    """Of each mark with a name: its log odds of being the digit named, how unlike that it looks,
    and whether it is."""
    kinds = context.neighbourhood.predict(seen.windows, seen.patches, features(seen.marks))
    marks = told(seen.marks, kinds)
    name_of = dict(zip(map(id, marks), seen.names, strict=True))
    page = Page(choose_wholes(marks))
    x = describe(page, seen.shape)
    x = np.concatenate([x, hear(page, context.presence(x))], axis=1)
    p = np.clip(context.page(x[:, : len(known())]).astype(np.float64), LEAST, 1 - LEAST)
    odds = np.log(p / (1 - p)).tolist()
    return [
        (own, unlike, name == str(int(np.argmax(mark.chances[:CLASSES]))))
        for mark, own, unlike in zip(page.marks, odds, x[:, -1].tolist(), strict=True)
        if (name := name_of[id(mark)])
    ]


def fit_factor(odds: np.ndarray, unlike: np.ndarray, right: np.ndarray) -> float:
    """The factor of `unlike` beside these log odds that makes `right` likeliest; (n,) each."""
    factor = 0.0
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-(odds + factor * unlike)))
        slope, bend = ((p - right) * unlike).sum(), (p * (1 - p) * unlike**2).sum()
        factor -= float(slope / (bend + 1e-6))
    return factor


def surprise(odds: np.ndarray, right: np.ndarray) -> float:
    """Mean negative log likelihood in nats."""
    return float(np.logaddexp(0, np.where(right > 0, -odds, odds)).mean())


def with_factor(page: Logistic, factor: float) -> Logistic:
    """The model of a page, and one unit more that takes away `factor` times how unlike its name a
    mark looks."""
    assert page.hidden is not None
    numbers, units = page.hidden.shape[0] - 1, page.hidden.shape[1]
    hidden = np.zeros((numbers + 2, units + 1), np.float32)
    hidden[:numbers, :units], hidden[-1, :units] = page.hidden[:-1], page.hidden[-1]
    hidden[numbers, units] = -1.0  # the number is 0 or below
    weights = np.concatenate([page.weights[:-1], [-factor], page.weights[-1:]]).astype(np.float32)
    mean, scale = np.append(page.mean, 0), np.append(page.scale, 1)
    return Logistic(
        FEATURES + HEARD,
        mean.astype(np.float32),
        scale.astype(np.float32),
        weights,
        page.threshold,
        hidden,
    )


if __name__ == "__main__":
    main()
