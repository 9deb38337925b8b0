"""What lies under the ink and what happens on the way to the sensor: paper, light, lens, noise.

All pictures here are (height, width) float32. Paper is how much light it throws back, 0 black to
1 white; light is how much arrives, about 1 where it is bright.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter


@dataclass(frozen=True)
class View:
    """How the camera looks at the page: a plane seen in perspective.

    matrix: (3, 3) float64, from page to frame, both in pixels. A page seen straight has the
    frame's own coordinates.
    """

    matrix: np.ndarray

    @classmethod
    def random(cls, rng: np.random.Generator, size: tuple[int, int], difficulty: float) -> View:
        """Hold a camera over a page as people do: a little turned and a little tilted."""
        width, height = size
        turn = rng.normal(0, 0.015 + 0.06 * difficulty)
        tilt = rng.normal(0, 0.02 + 0.1 * difficulty, 2) / max(size)
        shift = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1.0]])
        cos, sin = np.cos(turn), np.sin(turn)
        lens = np.array([[cos, -sin, 0], [sin, cos, 0], [tilt[0], tilt[1], 1.0]])
        return cls(shift @ lens @ np.linalg.inv(shift))

    def to_frame(self, points: np.ndarray) -> np.ndarray:
        """Where points of the page, (..., 2) float32, appear in the frame."""
        return _project(self.matrix, points)

    def to_page(self, points: np.ndarray) -> np.ndarray:
        """Which points of the page are seen at points of the frame, (..., 2) float32."""
        return _project(np.linalg.inv(self.matrix), points)


def _project(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Apply a homography to (..., 2) points; float32."""
    m = matrix.astype(np.float32)
    x, y = points[..., 0], points[..., 1]
    depth = m[2, 0] * x + m[2, 1] * y + m[2, 2]
    across = (m[0, 0] * x + m[0, 1] * y + m[0, 2]) / depth
    along = (m[1, 0] * x + m[1, 1] * y + m[1, 2]) / depth
    return np.stack([across, along], axis=-1)


def cloud(rng: np.random.Generator, size: tuple[int, int], cells: int) -> np.ndarray:
    """A smooth random picture, about -2 to 2, whose hills are 1 / cells of the width."""
    width, height = size
    rows = max(2, round(cells * height / width))
    coarse = rng.standard_normal((rows, max(2, cells)), dtype=np.float32)
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))


def sheet(
    rng: np.random.Generator, size: tuple[int, int], view: View, difficulty: float
) -> np.ndarray:
    """An empty sheet as it lies there: its tint and grain, its rulings, perhaps its edge."""
    width, height = size
    tint = rng.uniform(0.82, 0.97) - 0.25 * difficulty * rng.random() ** 3
    paper = np.full((height, width), tint, np.float32)
    paper += cloud(rng, size, 6) * np.float32(0.006 + 0.01 * difficulty)
    fine = rng.uniform(0.002, 0.006 + 0.012 * difficulty)
    paper += cloud(rng, size, width // 5) * np.float32(fine)
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32) + 0.5, np.arange(height, dtype=np.float32) + 0.5
    )
    page = view.to_page(np.stack([columns, rows], axis=-1).astype(np.float32))
    if rng.random() < 0.15 + 0.5 * difficulty:
        paper *= 1 - _rulings(rng, page, difficulty)
    if rng.random() < 0.35 * difficulty:
        paper = _with_edge(rng, paper, page, size)
    return paper


def _rulings(rng: np.random.Generator, page: np.ndarray, difficulty: float) -> np.ndarray:
    """Printed lines, squares, a margin or a table: the light they swallow, 0 to about 0.5."""
    kind = rng.choice(["lines", "squares", "margin", "table"], p=[0.42, 0.38, 0.1, 0.1])
    dark = np.float32(rng.uniform(0.05, 0.12 + 0.28 * difficulty))
    half = np.float32(rng.uniform(0.4, 0.9))  # half a line's width in pixels
    gap = rng.uniform(24, 64, 2)
    if kind == "table":
        gap = rng.uniform([120, 70], [300, 160])
        dark, half = dark + np.float32(0.15), half + np.float32(0.4)
    elif kind == "squares":
        gap[0] = gap[1]
    out = np.zeros(page.shape[:2], np.float32)
    axes = {"lines": (1,), "squares": (0, 1), "table": (0, 1), "margin": ()}[str(kind)]
    for axis in axes:
        away = (page[:, :, axis] + np.float32(rng.uniform(0, gap[axis]))) % np.float32(gap[axis])
        off = np.abs(away - np.float32(gap[axis] / 2))
        out = np.maximum(out, np.clip(half + np.float32(0.5) - off, 0, 1))
    if kind == "margin" or (kind == "lines" and rng.random() < 0.5):
        off = np.abs(page[:, :, 0] - np.float32(rng.uniform(0.04, 0.14) * page.shape[1]))
        out = np.maximum(out, np.clip(half + np.float32(0.5) - off, 0, 1))
    return out * dark


def _with_edge(
    rng: np.random.Generator, paper: np.ndarray, page: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Let the desk show beyond one or two edges of the sheet, with a thin shadow along them."""
    desk = np.float32(rng.uniform(0.1, 0.6)) + cloud(rng, size, 60) * np.float32(0.03)
    for side in rng.choice(4, rng.integers(1, 3), replace=False):
        axis, far = int(side) % 2, side >= 2
        place = rng.uniform(0.0, 0.045) * size[axis]
        inside = page[:, :, axis] - place if not far else size[axis] - place - page[:, :, axis]
        cover = np.clip(inside + 0.5, 0, 1).astype(np.float32)
        shade = 1 - np.float32(0.35) * np.exp(-np.maximum(-inside, 0) / 5).astype(np.float32)
        paper = paper * cover + desk * shade * (1 - cover)
    return paper


def stain(
    paper: np.ndarray, cover: np.ndarray, rng: np.random.Generator, difficulty: float
) -> np.ndarray:
    """Turn covered paper into ink: of a pen, a pencil that leaves grain, or chalk on slate."""
    size = (cover.shape[1], cover.shape[0])
    chalk_share = 0.03 + 0.05 * difficulty
    kind = rng.choice(["pen", "pencil", "chalk"], p=[0.7, 0.3 - chalk_share, chalk_share])
    # Ink flows unevenly along a stroke; the tooth of the paper takes more or less of a pencil.
    flow = cloud(rng, size, 50) * np.float32(rng.uniform(0.03, 0.08 + 0.08 * difficulty))
    tooth = cloud(rng, size, size[0] // 3) * np.float32(rng.uniform(0.05, 0.2))
    if kind == "pen":
        dark = np.float32(rng.uniform(0.7, 0.95))
        return np.asarray(paper * (1 - np.clip(cover * dark * (1 + flow), 0, 0.97)))
    if kind == "pencil":
        dark = np.float32(rng.uniform(0.55 - 0.3 * difficulty, 0.75))
        rough = np.clip(1 + tooth + flow, 0, 1.25)
        return np.asarray(paper * (1 - np.clip(cover * dark * rough, 0, 0.95)))
    slate = paper * np.float32(rng.uniform(0.12, 0.3))
    chalk = np.clip(cover * (np.float32(0.75) + 2 * tooth + flow), 0, 1)
    return np.asarray(slate + (np.float32(0.85) - slate) * chalk)


def light(rng: np.random.Generator, size: tuple[int, int], difficulty: float) -> np.ndarray:
    """A lamp from one side, a lens that darkens its corners, shadows of hands and heads."""
    width, height = size
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    angle = rng.uniform(0, 2 * np.pi)
    slope = np.float32(rng.uniform(0, 0.1 + 0.25 * difficulty))
    out: np.ndarray = 1 + slope * (np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y)
    corner = np.float32(rng.uniform(0.0, 0.05 + 0.3 * difficulty))
    out = out * (1 - corner * (x * x + y * y) / 2)
    out *= 1 + cloud(rng, size, 3) * np.float32(0.015 + 0.03 * difficulty)
    while rng.random() < 0.5 * difficulty:
        out *= 1 - _shadow(rng, size) * np.float32(rng.uniform(0.1, 0.2 + 0.35 * difficulty))
    return np.asarray(out * np.float32(rng.uniform(0.95 - 0.4 * difficulty, 1.0)), np.float32)


def _shadow(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Where something stands in the light: 0 lit to 1 dark, with a soft or a hard edge."""
    width, height = 80, 60
    grid = np.stack(np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height)), axis=-1)
    inside = np.full((height, width), np.inf)
    middle = rng.uniform(-0.1, 1.1, 2)
    for _ in range(rng.integers(1, 4)):  # half planes that meet near one place
        angle = rng.uniform(0, 2 * np.pi)
        away = grid - middle - rng.normal(0, 0.15, 2)
        inside = np.minimum(inside, away @ np.array([np.cos(angle), np.sin(angle)]))
    soft = rng.uniform(0.01, 0.12)
    dark = Image.fromarray(np.clip(inside / soft + 0.5, 0, 1).astype(np.float32))
    return np.asarray(dark.resize(size, Image.Resampling.BICUBIC))


def photograph(scene: np.ndarray, rng: np.random.Generator, difficulty: float) -> np.ndarray:
    """Take the picture: focus, sensor noise, exposure, and often a JPEG on the way.

    scene: (height, width) float32, 0 black to 1 white. Gives (height, width) uint8.
    """
    exposure = np.float32(rng.uniform(215, 250))
    gamma = np.float32(rng.uniform(0.85, 1.25))
    bright = np.clip(scene, 0, 1.1) ** gamma * exposure
    blur = rng.uniform(0.2, 0.5 + 0.8 * difficulty)
    soft = Image.fromarray(np.clip(bright, 0, 255).astype(np.uint8))
    soft = soft.filter(ImageFilter.GaussianBlur(blur))
    noise = np.float32(rng.uniform(0.5, 1.5 + 5 * difficulty * rng.random()))
    grain = rng.standard_normal(scene.shape, dtype=np.float32) * noise
    grey = np.clip(np.asarray(soft, np.float32) + grain + np.float32(0.5), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        return _through_jpeg(grey, int(rng.integers(92 - int(45 * difficulty), 96)))
    return grey


def _through_jpeg(grey: np.ndarray, quality: int) -> np.ndarray:
    """The same picture after it was stored as a JPEG file."""
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as picture:
        return np.array(picture)
