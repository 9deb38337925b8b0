"""How much work a frame is: counted, so that a slow change shows on any machine, however busy.

What needs no emulation is counted in each run. Instructions are counted on emulated processors
where the trees are that the head of bench/work.py describes. Both are held to what stands in
bench/work.json; where a change was meant, `python tests/bench/work.py --pin` notes it anew.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pi_reader.cli.common import open_reader
from pi_reader.values import Frame

BENCH = Path(__file__).resolve().parent / "bench"
WITHIN = 0.02


@pytest.fixture(scope="module")
def inside() -> Iterator[ModuleType]:
    yield from loaded("work_inside")


@pytest.fixture(scope="module")
def counts() -> Iterator[ModuleType]:
    yield from loaded("work_counts")


def loaded(name: str) -> Iterator[ModuleType]:
    """A script of the benchmarks as a module."""
    sys.path.insert(0, str(BENCH))
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(BENCH))


def pinned(what: str) -> dict[str, dict[str, int]]:
    pins: dict[str, dict[str, dict[str, int]]] = json.loads((BENCH / "work.json").read_text())
    return pins[what]


def test_ok__stages_are_functions_that_exist(inside: ModuleType) -> None:
    for stages in (inside.STAGES, inside.STEP):
        assert len(stages) < inside.PER_RUN
        for names in stages.values():
            assert list(inside.functions(names))
    with pytest.raises(LookupError, match="no nothing"):
        list(inside.functions(("reading.reader:nothing",)))


def test_ok__all_of_a_frame_belongs_to_a_stage(inside: ModuleType, counts: ModuleType) -> None:
    reader, frame = open_reader("default"), Frame(counts.pages()["8 digits"])
    before = reader.read(frame)
    switched: list[int] = []
    with inside.watched(inside.STAGES, switched.append):
        watched = reader.read(frame)
    assert watched.lines == before.lines
    places = {stage: place for place, stage in enumerate(inside.STAGES, 1)}
    assert switched[0] == places["rest"] and switched[-1] == inside.NOTHING
    assert inside.NOTHING not in switched[:-1]
    missing = set(places.values()) - set(switched)
    assert missing <= {places["fainter, cuts"]}  # nothing is in doubt on such a page
    known = len(switched)
    assert reader.read(frame).lines == before.lines and len(switched) == known


@pytest.mark.parametrize("page", ["1 digit", "8 digits", "25 digits"])
def test_ok__a_frame_is_as_much_work_as_before(
    inside: ModuleType, counts: ModuleType, page: str
) -> None:
    work = inside.counted_work(open_reader("default"), Frame(counts.pages()[page]))
    before = pinned("frame")[page]
    assert work["pixels"] == before["pixels"] == 640 * 480
    assert work["bytes"] <= 1.1 * before["bytes"]  # numpy's versions differ
    for what in ("patches", "windows", "runs", "multiply-adds"):
        assert work[what] == pytest.approx(before[what], rel=WITHIN), what


def test_ok__pages_are_the_same_everywhere(counts: ModuleType) -> None:
    sums = {name: int(grey.sum(dtype=np.int64)) for name, grey in counts.pages().items()}
    assert sums == pytest.approx(pinned("pages"), rel=1e-4)


@pytest.mark.emulated
@pytest.mark.parametrize("processor", ["a53", "zero"])
def test_ok__a_frame_is_as_many_instructions_as_before(counts: ModuleType, processor: str) -> None:
    one = counts.PROCESSORS[processor]
    if why := counts.missing(one):
        pytest.skip(why)
    assert counts.held(one) == pytest.approx(pinned(processor), rel=WITHIN)
