"""The readers that pi-reader is measured against, as a competent engineer writes them.

Two pipelines of OpenCV and onnxruntime around one small network: *maker* thresholds each pixel
against its neighbourhood; *flat field* first divides the uneven light out, which reads better. The
light is sought in the *full* picture as in the recipes that go around, in one of half the size, or
in a *coarse* one of an eighth. All take one grey frame and give digits with boxes, in lines.

The network (5x5 stride 2, 16; 5x5 stride 2, 32; 128; 10) learns MNIST once in PyTorch, in a
minute or two, and is kept as an ONNX file in the user's cache folder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from measure import CACHE, THREADS, accuracy

# isort: split
import cv2
import numpy as np
import onnxruntime

if TYPE_CHECKING:
    import torch

cv2.setNumThreads(THREADS)

SURE = 0.7  # a mark below this is left out, as in most published projects


@dataclass(frozen=True)
class Mark:
    """A digit as a peer found it; the box is x, y, width, height in pixels."""

    label: int
    confidence: float
    box: tuple[int, int, int, int]


class Peer:
    """OpenCV finds the ink, onnxruntime says which digit it is."""

    def __init__(self, network: Path, method: str = "flat field") -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = THREADS
        self._session = onnxruntime.InferenceSession(
            str(network), options, providers=["CPUExecutionProvider"]
        )
        self._find_ink = METHODS[method]

    def read(self, grey: np.ndarray) -> list[list[Mark]]:
        """Lines of digits, top to bottom and left to right, in a (height, width) uint8 frame."""
        mask, ink = self._find_ink(grey)
        boxes = find_boxes(mask)
        if not boxes:
            return []
        batch = np.stack([crop(mask, ink, box) for box in boxes])[:, None]
        scores = self._session.run(None, {"patches": batch})[0]
        sure = softmax(scores)
        marks = [
            Mark(int(row.argmax()), float(row.max()), box)
            for row, box in zip(sure, boxes, strict=True)
            if row.max() >= SURE
        ]
        return in_lines(marks)

    def text(self, grey: np.ndarray) -> str:
        """The whole frame as text, a line each."""
        return "\n".join("".join(str(m.label) for m in line) for line in self.read(grey))


def adaptive_ink(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The maker's way: darker than the Gaussian mean of a 31 pixel window by 10.

    Both results are (height, width) uint8: a mask of 0 and 255, and the ink in it.
    """
    smooth = cv2.GaussianBlur(grey, (5, 5), 0)
    mask = cv2.adaptiveThreshold(
        smooth, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY_INV, 31, 10
    )
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    return mask, mask


def flat_field_ink(
    grey: np.ndarray, shrink: int, reach: int, smooth: int
) -> tuple[np.ndarray, np.ndarray]:
    """The better way: paper is the brightest nearby, its brightness is divided out, then Otsu.

    shrink: how much smaller the picture is in which the paper is sought; reach and smooth: the
    windows of the brightest and of the median there, in pixels. Windows grow with the picture.
    Both results are (height, width) uint8: a mask of 0 and 255, and how dark the ink is.
    """
    height, width = grey.shape
    grain = max(1, round(max(height, width) / 640))
    shape = (max(1, width // (shrink * grain)), max(1, height // (shrink * grain)))
    small = cv2.resize(grey, shape, interpolation=cv2.INTER_AREA)
    paper = cv2.medianBlur(cv2.dilate(small, np.ones((reach, reach), np.uint8)), smooth)
    paper = cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR)
    blurred = cv2.GaussianBlur(grey, (3 * grain | 1, 3 * grain | 1), 0)
    ink = cv2.bitwise_not(cv2.divide(blurred, paper, scale=255))
    level, _ = cv2.threshold(ink, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    _, mask = cv2.threshold(ink, max(0.8 * level, 25), 255, cv2.THRESH_BINARY)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3 * grain, 3 * grain), np.uint8))
    return mask, ink


FindInk = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

METHODS: dict[str, FindInk] = {
    "maker": adaptive_ink,
    "flat field, full": partial(flat_field_ink, shrink=1, reach=15, smooth=31),
    "flat field": partial(flat_field_ink, shrink=2, reach=15, smooth=31),
    "flat field, coarse": partial(flat_field_ink, shrink=8, reach=9, smooth=21),
}


def find_boxes(mask: np.ndarray) -> list[tuple[int, int, int, int]]:
    """The outlines that could be a digit: not specks, not lines, not the edge of the page."""
    height, width = mask.shape
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = [cv2.boundingRect(outline) for outline in outlines]
    boxes = [
        (x, y, w, h)
        for x, y, w, h in boxes
        if max(14, height / 25) <= h <= 0.95 * height
        and w <= 1.5 * h
        and h <= 10 * w
        and x > 0
        and y > 0
        and x + w < width
        and y + h < height
    ]
    if not boxes:
        return []
    usual = float(np.median([h for *_, h in boxes]))
    return [box for box in boxes if usual / 3 <= box[3] <= 3 * usual]


def crop(mask: np.ndarray, ink: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """One digit the way MNIST was made: (28, 28) float32, 0 paper to 1 ink, the longer edge 20
    pixels, the centre of mass in the middle."""
    x, y, w, h = box
    digit = cv2.bitwise_and(ink[y : y + h, x : x + w], mask[y : y + h, x : x + w])
    digit = cv2.normalize(digit, None, 0, 255, cv2.NORM_MINMAX)
    scale = 20 / max(w, h)
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    digit = cv2.resize(digit, size, interpolation=cv2.INTER_AREA)
    moments = cv2.moments(digit)
    weight = moments["m00"] or 1.0
    right, down = (13.5 - moments[key] / weight for key in ("m10", "m01"))
    shift = np.array([[1, 0, right], [0, 1, down]], np.float32)
    return cv2.warpAffine(digit, shift, (28, 28)).astype(np.float32) / 255


def in_lines(marks: list[Mark]) -> list[list[Mark]]:
    """Digits whose middles are within half a height of the line before belong to it."""
    lines: list[list[Mark]] = []
    for mark in sorted(marks, key=lambda m: m.box[1] + m.box[3] / 2):
        middle = mark.box[1] + mark.box[3] / 2
        last = lines[-1][-1].box if lines else None
        if last and middle - (last[1] + last[3] / 2) < 0.5 * max(last[3], mark.box[3]):
            lines[-1].append(mark)
        else:
            lines.append([mark])
    return [sorted(line, key=lambda m: m.box[0]) for line in lines]


def softmax(scores: np.ndarray) -> np.ndarray:
    """Rows of probabilities from rows of scores."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def peer_network(mnist: Path, epochs: int = 10) -> Path:
    """The trained network as an ONNX file, taken from the cache or made now.

    Patches go in as (n, 1, 28, 28) float32, 0 to 1; scores come out as (n, 10) float32.
    """
    path = CACHE / "peer-cnn.onnx"
    if path.exists():
        return path
    import torch
    from torch_side import as_torch, small_cnn

    from pi_reader.training.data import load_mnist
    from pi_reader.training.optimiser import one_cycle

    data = load_mnist(mnist)
    torch.manual_seed(1)
    images = torch.from_numpy(data.train_images[:, None].astype(np.float32) / 255)
    labels = torch.from_numpy(data.train_labels.astype(np.int64))
    network = as_torch(small_cnn(np.random.default_rng(1)))
    optimiser = torch.optim.Adam(network.parameters())
    steps = epochs * (len(images) // 128)
    for step in range(steps):
        chosen = torch.randint(len(images), (128,))
        optimiser.param_groups[0]["lr"] = 4e-3 * one_cycle(step / steps)
        optimiser.zero_grad()
        scores = network(jitter(images[chosen]))
        torch.nn.functional.cross_entropy(scores, labels[chosen]).backward()
        optimiser.step()
    with torch.no_grad():
        scores = network(torch.from_numpy(data.test_images[:, None].astype(np.float32) / 255))
    share = accuracy(scores.numpy(), data.test_labels)
    print(f"the peers' network: {share:.2%} on MNIST's test images, kept in {path}")
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        network,
        (images[:1],),
        str(path),
        input_names=["patches"],
        dynamo=False,
        dynamic_axes={"patches": {0: "n"}},
    )
    return path


def jitter(images: torch.Tensor) -> torch.Tensor:
    """Each image turned, scaled, slanted and moved a little, as every tutorial does by now."""
    import torch

    n = len(images)
    turn, slant = (torch.rand(2, n) - 0.5) * 0.4  # radians; about +-11 degrees
    scale = 1 + (torch.rand(n) - 0.5) * 0.2
    moved = (torch.rand(n, 2) - 0.5) * 0.2  # of half the width: +-1.4 pixels
    rows = torch.stack(
        [
            torch.stack([scale * turn.cos(), slant - turn.sin(), moved[:, 0]], 1),
            torch.stack([turn.sin(), scale * turn.cos(), moved[:, 1]], 1),
        ],
        1,
    )
    grid = torch.nn.functional.affine_grid(rows, list(images.shape), align_corners=False)
    return torch.nn.functional.grid_sample(images, grid, align_corners=False)
