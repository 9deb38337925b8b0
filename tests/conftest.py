"""Material that several tests need; which tests are quick; and why some were skipped."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from broker import Broker, Listener
    from gpiozero.pins.mock import MockFactory

# As the command does, and before any test imports numpy: the same number of threads adds up in the
# same order, so that what a test trains in its own process equals what a command trained.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# Files that train, draw many pages, or start and kill processes. All others make the quick lane.
SLOW = {
    "test_acceptance_pages",
    "test_acceptance_run",
    "test_accuracy",
    "test_aim",
    "test_camera_desk",
    "test_camera_virtual",
    "test_container",
    "test_emulated",
    "test_fuzz",
    "test_handwriting_words",
    "test_image_quality",
    "test_lessons_with_digits",
    "test_night",
    "test_pages",
    "test_power_cut",
    "test_quiet_day",
    "test_run",
    "test_samples",
    "test_samples_command",
    "test_scenes",
    "test_ssh",
    "test_state_v1",
    "test_sweep",
    "test_train_command",
    "test_trainer",
    "test_training_pages",
    "test_web",
    "test_web_page",
    "test_web_table",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is quick, for `pytest -m quick`."""
    for item in items:
        if item.path.stem not in SLOW and item.get_closest_marker("acceptance") is None:
            item.add_marker("quick")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why tests were skipped: a line for each reason and file, with the number of tests."""
    counts: Counter[tuple[str, str]] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        _path, _line, reason = report.longrepr
        counts[reason.removeprefix("Skipped: "), report.nodeid.partition("::")[0]] += 1
    if counts:
        terminalreporter.section(f"{counts.total()} tests were skipped")
    for (reason, file), count in counts.most_common():
        terminalreporter.line(f"{count:4}  {file}: {reason}")


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


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker of the test's own."""
    from broker import Broker

    one = Broker(tmp_path)
    yield one
    one.kill()


@pytest.fixture
def ear(broker: Broker) -> Iterator[Listener]:
    """One who hears all that is said to that broker."""
    from broker import Listener

    one = Listener(broker.settings)
    yield one
    one.close()
