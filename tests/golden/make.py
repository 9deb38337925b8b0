"""Draws the golden frames again, or pins anew what is seen on those there are.

    python tests/golden/make.py frames     # new frames, after which everything is pinned anew
    python tests/golden/make.py pins       # the same frames; do this when a change was meant

Look at sheet.png and at the difference before committing either.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from pi_reader.camera.files import load
from pi_reader.handwriting.page import draw_page
from pi_reader.library import weights_path
from pi_reader.network import store
from pi_reader.network.model import Model
from pi_reader.pictures import annotated
from pi_reader.reading.reader import reader_of
from pi_reader.values import Frame, Reading

HERE = Path(__file__).resolve().parent
SIZE = (320, 240)
DIFFICULTIES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class Recorder:
    """A network that keeps every patch it was asked about."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.patches: list[np.ndarray] = []

    def hidden(self, patches: np.ndarray) -> np.ndarray:
        self.patches.append(patches.copy())
        return self.model.hidden(patches)

    def conclude(self, hidden: np.ndarray) -> np.ndarray:
        return self.model.conclude(hidden)

    def predict(self, patches: np.ndarray) -> np.ndarray:
        """The same patches from another side are nothing new."""
        return self.model.predict(patches)


def frames() -> list[Frame]:
    """The golden frames, as they lie in this folder."""
    return [load(path) for path in sorted(HERE.glob("frame*.png"))]


def look(frame: Frame) -> tuple[Reading, np.ndarray]:
    """Read a frame with the shipped weights: the reading, and the patches the network was shown."""
    weights = store.load_all(weights_path("default"))
    reader = reader_of(weights)
    reader.network = recorder = Recorder(weights.model)
    reading = reader.read(frame)
    return reading, np.concatenate([np.zeros((0, 28, 28), np.uint8), *recorder.patches])


def draw() -> None:
    """Draw new frames, from a fair copy to the worst of paper."""
    for number, difficulty in enumerate(DIFFICULTIES):
        page = draw_page(np.random.default_rng(number), difficulty, SIZE)
        Image.fromarray(page.frame.grey).save(HERE / f"frame{number}.png", optimize=True)


def pin() -> None:
    """Write down what is seen and read now, and a sheet to look at."""
    pins, shown, pictures = [], {}, []
    for number, frame in enumerate(frames()):
        reading, patches = look(frame)
        shown[f"frame{number}"] = patches
        pins.append(
            {
                "text": reading.text,
                "boxes": [
                    [digit.box.x, digit.box.y, digit.box.width, digit.box.height]
                    for digit in reading.digits
                ],
            }
        )
        pictures.append(annotated(frame, reading))
    (HERE / "readings.json").write_text(json.dumps(pins, indent=1) + "\n", encoding="utf-8")
    np.savez_compressed(HERE / "patches.npz", **shown)
    whole = montage(pictures)
    small = whole.resize((whole.width * 2 // 3, whole.height * 2 // 3), Image.Resampling.LANCZOS)
    small.quantize(32).save(HERE / "sheet.png", optimize=True)  # guides show it: keep it small


def montage(pictures: list[Image.Image], columns: int = 3) -> Image.Image:
    """All annotated frames side by side."""
    width, height = SIZE
    rows = -(-len(pictures) // columns)
    whole = Image.new("RGB", (columns * (width + 4), rows * (height + 4)), "white")
    for index, picture in enumerate(pictures):
        row, column = divmod(index, columns)
        whole.paste(picture, (column * (width + 4), row * (height + 4)))
    return whole


if __name__ == "__main__":
    if sys.argv[1:] == ["frames"]:
        draw()
    elif sys.argv[1:] != ["pins"]:
        sys.exit(__doc__)
    pin()
