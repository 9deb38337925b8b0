"""How drawn scenes are read, kind by kind, also of kinds that nothing was learned from.

    python tests/bench/kinds.py [--mnist DIR] [--kinds sum,words] [--each 40] [--weights W]
    python tests/bench/kinds.py --withhold sum,equation,exponent,brackets,signs --scenes 6000

Without digits of MNIST on the pages. With --withhold, what sees the surroundings is trained anew
on --scenes scenes of the other kinds, and the withheld ones are read with that.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from measure import add_mnist, arguments, table

# isort: split
import numpy as np

from pi_reader.cli.common import open_reader
from pi_reader.handwriting.scenes import KINDS, Scene, Stamps, draw_scene
from pi_reader.library import weights_path
from pi_reader.network.store import load
from pi_reader.reading.language import shipped
from pi_reader.reading.reader import Reader
from pi_reader.scoring import Score, Truth, count
from pi_reader.training.data import load_train
from pi_reader.training.learners import Steps
from pi_reader.training.neighbourhood import train_context
from pi_reader.training.recipes import NEIGHBOURHOOD


def main() -> None:
    """Print one row per kind."""
    args = parsed()
    withheld = args.withhold.split(",") if args.withhold else []
    reader = open_reader(args.weights)
    if withheld:
        reader = trained(args.weights, withheld, args.scenes, args.mnist)
    rows = []
    for kind in withheld or (args.kinds.split(",") if args.kinds else list(KINDS)):
        score, false, wrong, right = Score(), 0, 0, 0
        for number in range(args.each):
            scene = draw_scene(np.random.default_rng([2026, number]), kind)
            reading, truth = reader.read(scene.frame), truth_of(scene)
            one = count(truth, reading)
            score += one
            false += one.predicted - one.paired
            right += one.edits == 0
            wrong += one.edits > 0 and reading.sure
        figures = score.figures()
        errors = f"{score.edits / max(1, score.read_digits):.1%}" if score.read_digits else "-"
        sure = f"{figures['sure_wrong']:.1%}" if score.true else "-"
        shares = (f"{pages / args.each:.0%}" for pages in (right, wrong))
        rows.append((kind, score.true, errors, sure, f"{false / args.each:.2f}", *shares))
    head = ("kind", "digits", "errors", "sure, wrong", "false a page", "exact", "wrong without ?")
    table(head, rows)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--kinds", default="", help="names with commas between (default: all)")
    parser.add_argument("--each", type=int, default=40, help="scenes of each kind")
    parser.add_argument("--withhold", default="", help="kinds to learn nothing from")
    parser.add_argument("--scenes", type=int, default=NEIGHBOURHOOD.scenes)
    parser.add_argument("--weights", default="default", help="name or file")
    return parser.parse_args()


def trained(weights: str, withheld: list[str], scenes: int, mnist: Path) -> Reader:
    """A reader whose context has not seen some kinds of scenes."""
    model, _ = load(weights_path(weights))
    recipe = replace(NEIGHBOURHOOD, scenes=scenes)

    def learn(learner: Steps) -> None:
        for step in range(learner.steps):
            learner.learn(step)

    stamps = Stamps(*load_train(mnist)) if mnist.is_dir() else None
    context = train_context(model, recipe, 0, stamps, learn, print, withheld)
    return Reader(model, context.page.threshold, "", context, language=shipped())


def truth_of(scene: Scene) -> Truth:
    """The digits of a scene and what is read from it."""
    digits = tuple((int(g.name), g.box) for g in scene.glyphs if g.name.isdecimal())
    lines = ("".join(filter(str.isdecimal, line)) for line in scene.lines)
    return Truth(scene.kind, digits, tuple(line for line in lines if line))


if __name__ == "__main__":
    main()
