"""What drawn scenes look like, kind by kind, with their truth, and what each costs to draw.

    python tests/bench/scenes.py [--out sheet.png] [--kinds sum,table] [--each 4] [--no-boxes]

Writes one picture with `--each` scenes of every kind and prints shares and processor milliseconds
on one core. Boxes: green for digits, blue for signs, magenta for letters, orange for the rest.
MNIST's training digits are stamped if they are found.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from measure import add_mnist, arguments, table

# isort: split
import numpy as np
from PIL import Image, ImageDraw

from pi_reader.handwriting.scenes import KINDS, Scene, Stamps, draw_scene
from pi_reader.training.data import load_train

TILE = (420, 320)  # width and height of a scene on the sheet, in pixels
ACROSS = 4  # scenes in a row of the sheet
COLOURS = {"letter": "magenta", "other": "orange"}


def main() -> None:
    """Draw the sheet and print one row per kind."""
    args = parsed()
    kinds = args.kinds.split(",") if args.kinds else list(KINDS)
    stamps = Stamps(*load_train(args.mnist)) if args.mnist.is_dir() else None
    rows, tiles = [], []
    for kind in kinds:
        times, digits = [], 0
        for seed in range(args.each):
            rng = np.random.default_rng([args.seed, list(KINDS).index(kind), seed])
            begun = time.process_time()
            scene = draw_scene(rng, kind, stamps)
            times.append(1000 * (time.process_time() - begun))
            digits += sum(glyph.name.isdigit() for glyph in scene.glyphs)
            tiles.append(tile(scene, not args.no_boxes))
        cost = f"{statistics.mean(times):.0f}"
        rows.append((kind, f"{KINDS[kind]:.1%}", cost, f"{digits / args.each:.1f}"))
    table(("kind", "share", "ms", "digits"), rows)
    sheet(tiles).save(args.out)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--out", type=Path, default=Path("scenes.png"))
    parser.add_argument("--kinds", default="", help="names with commas between (default: all)")
    parser.add_argument("--each", type=int, default=ACROSS, help="scenes of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-boxes", action="store_true")
    return parser.parse_args()


def tile(scene: Scene, boxes: bool) -> Image.Image:
    """One scene with its kind and the text of its lines above it."""
    picture = Image.fromarray(scene.frame.grey).convert("RGB")
    draw = ImageDraw.Draw(picture)
    for glyph in scene.glyphs if boxes else ():
        box = glyph.box
        colour = COLOURS.get(glyph.name) or ("green" if glyph.name.isdigit() else "blue")
        draw.rectangle((box.x - 1, box.y - 1, box.right, box.bottom), outline=colour)
    picture.thumbnail((TILE[0] - 6, TILE[1] - 18))
    out = Image.new("RGB", TILE, "dimgrey")
    out.paste(picture, (0, 14))
    text = f"{scene.kind}: {' | '.join(scene.lines)}".replace("×", "x").replace("÷", "/")
    ImageDraw.Draw(out).text((2, 1), text[:66], fill="white")
    return out


def sheet(tiles: list[Image.Image]) -> Image.Image:
    """All tiles in rows."""
    down = -(-len(tiles) // ACROSS)
    out = Image.new("RGB", (ACROSS * TILE[0], down * TILE[1]), "dimgrey")
    for place, one in enumerate(tiles):
        out.paste(one, (place % ACROSS * TILE[0], place // ACROSS * TILE[1]))
    return out


if __name__ == "__main__":
    main()
