"""Frames that were drawn once: what the network is shown of them, and what is read, stay the same.

A change here is no fault by itself, but it must be seen: look at the frames, then pin anew with
`python tests/golden/make.py pins`.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

GOLDEN = Path(__file__).resolve().parent / "golden"
NUMBERS = range(len(list(GOLDEN.glob("frame*.png"))))


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("golden_make", GOLDEN / "make.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_ok__there_are_frames_of_every_difficulty(make: ModuleType) -> None:
    assert len(NUMBERS) == len(make.DIFFICULTIES)


@pytest.mark.parametrize("number", NUMBERS)
def test_ok__frame_is_seen_and_read_as_before(make: ModuleType, number: int) -> None:
    reading, patches = make.look(make.frames()[number])
    pinned = json.loads((GOLDEN / "readings.json").read_text(encoding="utf-8"))[number]
    with np.load(GOLDEN / "patches.npz") as archive:
        before = archive[f"frame{number}"]
    assert patches.shape == before.shape
    # Versions of Pillow round differently; a shift by one pixel changes the mean by ten or more.
    difference = np.abs(patches.astype(int) - before)
    assert difference.mean(axis=(1, 2)).max(initial=0) < 1
    assert reading.text == pinned["text"]
    boxes = [[d.box.x, d.box.y, d.box.width, d.box.height] for d in reading.digits]
    assert boxes == pinned["boxes"]
