"""The benchmarks, loaded as modules by tests of what they do."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

BENCH = Path(__file__).parent / "bench"


@contextmanager
def loaded(name: str) -> Iterator[ModuleType]:
    """A command's own module; benchmarks settle on one core when they are loaded."""
    cores, settings, path = os.sched_getaffinity(0), dict(os.environ), list(sys.path)
    before = set(sys.modules)
    sys.path.insert(0, str(BENCH))
    try:
        yield importlib.import_module(name)
    finally:
        sys.path[:] = path
        os.sched_setaffinity(0, cores)
        os.environ.clear()
        os.environ.update(settings)
        for one in {file.stem for file in BENCH.glob("*.py")} - before:
            sys.modules.pop(one, None)
