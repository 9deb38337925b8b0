"""Material that several tests need."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gpiozero.pins.mock import MockFactory

# As the command does, and before any test imports numpy: the same number of threads adds up in the
# same order, so that what a test trains in its own process equals what a command trained.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photographs and digits beside the checkout; tests skip without it."""
    named = os.environ.get("PI_READER_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    if not (folder / "mnist").is_dir():
        pytest.skip("needs the shared material (PI_READER_SHARED names its folder)")
    return folder


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    """Pins that remember what was done to them: `pins.pin(17).state`, `.drive_low()`."""
    gpiozero = pytest.importorskip("gpiozero")
    mock = pytest.importorskip("gpiozero.pins.mock")
    before = gpiozero.Device.pin_factory
    gpiozero.Device.pin_factory = factory = mock.MockFactory(pin_class=mock.MockPWMPin)
    yield factory
    factory.reset()
    gpiozero.Device.pin_factory = before
