"""Photographs as another camera, hand or light would have shown them, and how much worse they read.

    python tests/bench/varied.py [--photos DIR] [--weights W] [--far] [--only turned,noise]

Rules that were chosen on photographs may hold for just these pixels. So each photograph is read
again with some pixels cut off, turned by three degrees (corners filled from the edge, or flat, as
if another paper lay under it), larger and smaller, darker and lighter, noisy, soft, and compressed
anew. A person reads the same from all of them. With --far they are changed more: a picture taken
askew or from one side, with a shadow across it, a paper on a desk, on its sides and on its head,
which nobody can tell of numbers such as 609. Per change: digit error rate, the mean over sources,
sure but wrong characters (inserted or replaced, by the alignment of both texts), and photographs
read exactly.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable
from difflib import SequenceMatcher
from pathlib import Path

from measure import SHARED, arguments, table

# isort: split
import numpy as np
from PIL import Image, ImageFilter

from pi_reader.camera.files import load
from pi_reader.cli.common import open_reader
from pi_reader.reading.reader import Reader
from pi_reader.scoring import Score, Truth, count, load_labels
from pi_reader.values import Frame, Reading

TURNED = 3.0  # degrees


def main() -> None:
    """Print one row per change, and their mean."""
    parser = arguments(__doc__)
    parser.add_argument("--photos", type=Path, default=SHARED / "photos", metavar="DIR")
    parser.add_argument("--weights", default="default", help="name or file")
    parser.add_argument("--only", default="", help="names of changes, with commas between")
    parser.add_argument("--far", action="store_true", help="the changes that ask for more")
    args = parser.parse_args()
    reader, truths = open_reader(args.weights), load_labels(args.photos)
    pictures = [load(args.photos / truth.file, lambda line: None).grey for truth in truths]
    names = args.only.split(",") if args.only else list(FAR if args.far else CHANGES)
    figures = [read(reader, truths, pictures, {**CHANGES, **FAR}[name]) for name in names]
    rows = [(name, *shown(one)) for name, one in zip(names, figures, strict=True)]
    changed = [one for name, one in zip(names, figures, strict=True) if name != "unchanged"]
    if changed:
        rows.append(("mean of the changed", *shown(np.mean(changed, axis=0))))
    table(("change", "errors", "mean of sources", "sure, wrong", "exact"), rows)


def read(
    reader: Reader,
    truths: tuple[Truth, ...],
    pictures: list[np.ndarray],
    change: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Errors, mean of sources, sure and wrong, exact: four shares."""
    total, wrong, sources = Score(), 0, defaultdict(Score)
    for truth, grey in zip(truths, pictures, strict=True):
        reading = reader.read(Frame(change(grey), truth.file))
        one = count(truth, reading)
        total += one
        sources[truth.source] += one
        wrong += wrong_characters(truth, reading)
    rates = [one.edits / one.read_digits for one in sources.values() if one.read_digits]
    digits, photos = max(1, total.read_digits), max(1, total.read_photos)
    return np.array(
        [total.edits / digits, np.mean(rates or [0.0]), wrong / digits, total.exact / photos]
    )


def wrong_characters(truth: Truth, reading: Reading) -> int:
    """How many sure digits of a reading are not what is written, by the alignment of both texts."""
    if truth.reading is None:
        return 0
    want, got = "".join(truth.reading), "".join(filter(str.isdigit, reading.text))
    blocks = SequenceMatcher(None, want, got, autojunk=False).get_matching_blocks()
    return len(got) - sum(block.size for block in blocks)


def shown(figures: np.ndarray) -> tuple[str, ...]:
    """Shares as they stand in the table."""
    errors, sources, wrong, exact = figures.tolist()
    return f"{errors:.2%}", f"{sources:.2%}", f"{wrong:.2%}", f"{exact:.1%}"


def cut(grey: np.ndarray) -> np.ndarray:
    """Without the first two rows and columns, so that no cell of the coarse grid stays in place."""
    return np.ascontiguousarray(grey[2:, 2:])


def turned(grey: np.ndarray, degrees: float, flat: bool = False) -> np.ndarray:
    """Turned clockwise; the corners go on as the edge does, or are as bright as most of it."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    room = 0 if flat else max(grey.shape) // 10 + 1
    picture = Image.fromarray(np.pad(grey, room, "edge"))
    fill = int(np.median(border))
    out = np.asarray(picture.rotate(-degrees, Image.Resampling.BILINEAR, fillcolor=fill))
    return np.ascontiguousarray(out[room : room + grey.shape[0], room : room + grey.shape[1]])


def scaled(grey: np.ndarray, factor: float) -> np.ndarray:
    """Larger or smaller."""
    size = round(grey.shape[1] * factor), round(grey.shape[0] * factor)
    how = Image.Resampling.LANCZOS if factor < 1 else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(grey).resize((max(1, size[0]), max(1, size[1])), how))


def lit(grey: np.ndarray, gamma: float) -> np.ndarray:
    """With another tone curve: above 1 darker."""
    return np.rint(255 * (grey / 255) ** gamma).astype(np.uint8)


def noisy(grey: np.ndarray, deviation: float) -> np.ndarray:
    """With noise of so many grey levels."""
    noise = np.random.default_rng(1).normal(0, deviation, grey.shape)
    return np.clip(grey + noise, 0, 255).astype(np.uint8)


def soft(grey: np.ndarray, radius: float) -> np.ndarray:
    """A little out of focus; radius: standard deviation in pixels."""
    return np.asarray(Image.fromarray(grey).filter(ImageFilter.GaussianBlur(radius)))


def compressed(grey: np.ndarray, quality: int) -> np.ndarray:
    """As a JPEG of this quality shows it."""
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "unchanged": lambda grey: grey,
    "cut": cut,
    "turned": lambda grey: turned(grey, TURNED),
    "turned back": lambda grey: turned(grey, -TURNED),
    "on paper": lambda grey: turned(grey, TURNED, flat=True),
    "on paper back": lambda grey: turned(grey, -TURNED, flat=True),
    "smaller": lambda grey: scaled(grey, 0.75),
    "larger": lambda grey: scaled(grey, 1.15),
    "lighter": lambda grey: lit(grey, 0.75),
    "darker": lambda grey: lit(grey, 1.35),
    "noise": lambda grey: noisy(grey, 2),
    "soft": lambda grey: soft(grey, 0.8),
    "compressed": lambda grey: compressed(grey, 60),
}


def askew(grey: np.ndarray, degrees: float) -> np.ndarray:
    """Turned clockwise, the picture grown so that no corner is lost; outside, the edge goes on."""
    room = round(0.3 * max(grey.shape))
    turned = Image.fromarray(np.pad(grey, room, "edge")).rotate(-degrees, Image.Resampling.BILINEAR)
    cos, sin = np.cos(np.radians(abs(degrees))), np.sin(np.radians(abs(degrees)))
    high, wide = (int(a * cos + b * sin) for a, b in (grey.shape, grey.shape[::-1]))
    left, top = max(0, (turned.width - wide) // 2), max(0, (turned.height - high) // 2)
    return np.asarray(turned.crop((left, top, turned.width - left, turned.height - top)))


def slanted(grey: np.ndarray, narrow: float, quarters: int = 0) -> np.ndarray:
    """In perspective: one edge is narrower by this share on either side; quarters: which edge."""
    grey = np.rot90(grey, quarters)
    height, width = grey.shape
    room = width // 8
    picture = Image.fromarray(np.pad(grey, ((0, 0), (room, room)), "edge"))
    corners = ((narrow * width, 0), (0, height), (width, height), ((1 - narrow) * width, 0))
    seen = ((room, 0), (room, height), (room + width, height), (room + width, 0))
    rows = []
    for (x, y), (u, v) in zip(corners, seen, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    matrix = np.linalg.solve(np.array(rows, float), np.array(seen, float).ravel())
    how = Image.Transform.PERSPECTIVE, tuple(matrix), Image.Resampling.BILINEAR
    return np.ascontiguousarray(np.rot90(picture.transform((width, height), *how), -quarters))


def shaded(grey: np.ndarray, darkest: float) -> np.ndarray:
    """With a shadow over one half, its edge across the picture; darkest: share of light in it."""
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    lit = 0.9 * x / grey.shape[1] + 0.4 * y / grey.shape[0] - 0.6
    light = darkest + (1 - darkest) / (1 + np.exp(-60 * lit))
    return np.rint(grey * light).astype(np.uint8)


def on_desk(grey: np.ndarray, level: int) -> np.ndarray:
    """With a desk of this grey level around it."""
    room = max(grey.shape) // 4
    desk = np.random.default_rng(0).normal(level, 4, np.add(grey.shape, 2 * room))
    desk[room:-room, room:-room] = grey
    return np.clip(desk, 0, 255).astype(np.uint8)


def on_side(grey: np.ndarray, quarters: int) -> np.ndarray:
    """Turned by quarters, counter-clockwise."""
    return np.ascontiguousarray(np.rot90(grey, quarters))


FAR: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "askew": lambda grey: askew(grey, 8),
    "askew back": lambda grey: askew(grey, -8),
    "steep": lambda grey: askew(grey, 15),
    "from below": lambda grey: slanted(grey, 0.12),
    "from the side": lambda grey: slanted(grey, 0.12, 1),
    "half in shadow": lambda grey: shaded(grey, 0.55),
    "on a desk": lambda grey: on_desk(grey, 120),
    "on a dark desk": lambda grey: on_desk(grey, 45),
    "half as large": lambda grey: scaled(grey, 0.5),
    "on its left side": lambda grey: on_side(grey, 1),
    "on its right side": lambda grey: on_side(grey, 3),
    "on its head": lambda grey: on_side(grey, 2),
}


if __name__ == "__main__":
    main()
