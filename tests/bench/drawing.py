"""How fast digits and pages are drawn, and patches augmented, on one core.

    python tests/bench/drawing.py [--rounds N]

Drawing pays when it keeps up with training: an epoch of `default` draws some thousands of new
patches and augments every patch it shows.
"""

from __future__ import annotations

from measure import arguments, interleave, table

# isort: split
import numpy as np

from pi_reader.handwriting import draw_non_digits, draw_patches
from pi_reader.handwriting.page import draw_page
from pi_reader.training.augment import Augmentation, Augmenter

PATCHES, PAGES, BATCH = 1024, 2, 128


def main() -> None:
    """Print one row per kind of work."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    args = parser.parse_args()
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 10, PATCHES)
    patches = draw_patches(labels[:BATCH], rng)
    augmenter = Augmenter(Augmentation(), BATCH)
    works = {
        "draw_patches": (PATCHES, lambda: draw_patches(labels, rng)),
        "draw_non_digits": (PATCHES, lambda: draw_non_digits(PATCHES, rng)),
        "draw_page": (PAGES, lambda: [draw_page(rng) for _ in range(PAGES)]),
        "augment": (BATCH, lambda: augmenter(patches, rng)),
    }
    times = interleave({name: work for name, (_, work) in works.items()}, args.rounds)
    table(
        ("work", "each ms", "a second"),
        [
            (
                name,
                f"{times[name].median / amount * 1e3:.3f}",
                f"{amount / times[name].median:,.0f}",
            )
            for name, (amount, _) in works.items()
        ],
    )


if __name__ == "__main__":
    main()
