"""What `work.py` runs on the emulated processor: frames and a training step, marked stage by stage.

    python work_inside.py FRAMES.npz [step]

A mark is a system call that the plugin `work.c` sees: umask with MARK, the slot of what is counted,
and the stage. Without the plugin the marks do nothing. Every frame is read twice and the second
time counts, since the first one fills buffers.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

MARK = 0x50490000  # also in work.c
PER_RUN = 16  # stages of one frame or step
NOTHING = 0  # what is not counted
STAGES = {
    "light": ("reading.binarise:light_ink_at _of_one_ground _of_two_grounds find_glare",),
    "threshold": ("reading.binarise:binarise estimate_noise _threshold",),
    "components": ("reading.components:find_components", "reading.candidates:measured"),
    "ruled lines": ("reading.ruled_lines:find_ruled_lines",),
    "outlines, strikes": ("reading.outlines:find_walls", "reading.strikes:find_strikes"),
    "candidates": ("reading.candidates:find_candidates find_neighbourhoods",),
    "fainter, cuts": (
        "reading.candidates:find_fainter",
        "reading.cuts:find_pieces",
    ),
    "patches": ("reading.patches:cut_patches",),
    "network": ("network.model:Model.hidden Model.conclude Model.predict",),
    "windows": ("reading.windows:cut_windows",),
    "neighbourhood": ("network.neighbourhood:Neighbourhood.predict",),
    "context": ("reading.context:in_context",),
    "decode": ("reading.segmentation:Segmentation.run",),
    "lines": ("reading.line_decode:decode_lines Rows.__init__", "reading.reader:Reader._lines"),
    "rest": ("reading.reader:Reader.explain",),
}
STEP = {
    "augment": ("training.augment:Augmenter.__call__",),
    "forward": ("network.model:Model.forward",),
    "backward": ("network.model:Model.backward",),
    "optimiser": ("training.optimiser:Adam.step Average.update scatter gather",),
    "rest": ("training.learners:BatchLearner.learn",),
}

Switch = Callable[[int], None]  # is told which stage begins


@contextmanager
def watched(stages: dict[str, tuple[str, ...]], switch: Switch) -> Iterator[None]:
    """Tell `switch` whenever a stage begins or goes on: the number of its place, counted from 1.

    Time in a function that belongs to another stage is that one's.
    Raises LookupError if a stage's function is not there any more.
    """
    stack = [NOTHING]
    undo: list[tuple[Any, str, Any]] = []

    def wrapped(work: Callable[..., Any], number: int) -> Callable[..., Any]:
        @functools.wraps(work)
        def inner(*args: Any, **kwargs: Any) -> Any:
            stack.append(number)
            switch(number)
            try:
                return work(*args, **kwargs)
            finally:
                stack.pop()
                switch(stack[-1])

        return inner

    for number, names in enumerate(stages.values(), 1):
        for owner, name in functions(names):
            work = getattr(owner, name)
            for place in [owner] if isinstance(owner, type) else users(work):
                undo.append((place, name, work))
                setattr(place, name, wrapped(work, number))
    try:
        yield
    finally:
        for place, name, work in reversed(undo):
            setattr(place, name, work)


def functions(names: tuple[str, ...]) -> Iterator[tuple[Any, str]]:
    """The owner, a module or class, and the name of each function that a stage consists of."""
    import importlib

    for line in names:
        module, _, rest = line.partition(":")
        for name in rest.split():
            owner: Any = importlib.import_module(f"pi_reader.{module}")
            *path, name = name.split(".")
            for part in path:
                owner = getattr(owner, part)
            if not hasattr(owner, name):
                raise LookupError(f"{line}: there is no {name}; name what took its place in STAGES")
            yield owner, name


def users(work: Callable[..., Any]) -> list[Any]:
    """The package's modules that know a function by its name."""
    ours = [module for name, module in sys.modules.items() if name.startswith("pi_reader")]
    return [module for module in ours if getattr(module, work.__name__, None) is work]


def counted_work(reader: Any, frame: Any) -> dict[str, int]:
    """What reading a frame takes, in numbers that need no processor to count them.

    patches and windows that the two networks saw, their multiply-adds, pixels of the working
    picture, runs of ink that components were sought in, and the most bytes in use at once.
    """
    import tracemalloc

    from pi_reader.network.model import Model
    from pi_reader.network.neighbourhood import Neighbourhood
    from pi_reader.reading import components

    reader.read(frame)  # fills buffers
    seen = {"patches": 0, "windows": 0, "runs": 0}
    hidden, predict, runs = Model.hidden, Neighbourhood.predict, components.find_runs

    def patches(model: Any, some: Any) -> Any:
        seen["patches"] += len(some)
        return hidden(model, some)

    def windows(network: Any, *some: Any) -> Any:
        seen["windows"] += len(some[0])
        return predict(network, *some)

    def sought(mask: Any) -> Any:
        found = runs(mask)
        seen["runs"] += len(found[0])
        return found

    Model.hidden, Neighbourhood.predict = patches, windows  # type: ignore[method-assign]
    components.find_runs = sought
    tracemalloc.start()
    try:
        ink = reader.explain(frame).ink
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        Model.hidden, Neighbourhood.predict = hidden, predict  # type: ignore[method-assign]
        components.find_runs = runs
    products = seen["patches"] * reader.network.multiply_adds
    products += seen["windows"] * reader.context.neighbourhood.multiply_adds
    return {**seen, "pixels": ink.mask.size, "multiply-adds": products, "bytes": most}


def learner() -> tuple[Any, Any]:
    """What does a training step of `default`, and its batches, which only have to be augmented."""
    import numpy as np

    from pi_reader.training import networks
    from pi_reader.training.augment import Augmenter
    from pi_reader.training.learners import BatchLearner
    from pi_reader.training.recipes import find

    recipe: Any = find("default")
    rng = np.random.default_rng(1)
    patches = rng.integers(0, 256, (recipe.batch, 28, 28)).astype(np.uint8)
    labels = rng.integers(0, 10, recipe.batch)
    augment = Augmenter(recipe.changes, recipe.batch)

    class Batches:
        steps_per_epoch = 2  # the second is the last, during which no thread prepares another

        def take(self, step: int) -> Any:
            return augment(patches, rng).copy()[..., None], labels

    batches = Batches()
    return BatchLearner(networks.build(recipe.layers, 11, rng), recipe, batches, 1), batches


def main() -> None:
    """Read the frames, then do a step if that is wanted."""
    import numpy as np

    from pi_reader.cli.common import open_reader
    from pi_reader.values import Frame

    run = 0

    def switch(stage: int) -> None:
        os.umask(MARK + (run * PER_RUN + stage if stage else NOTHING))

    with np.load(sys.argv[1]) as archive:
        frames = [Frame(archive[name]) for name in archive.files]
    if frames:
        reader = open_reader("default")
        for number, frame in enumerate(frames):
            reader.read(frame)
            run = number
            with watched(STAGES, switch):
                print(repr(reader.read(frame).text), flush=True)
    if "step" in sys.argv[2:]:
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])  # both shards in one thread
        one, batches = learner()
        one.learn(0)
        one.prepare(1, lambda done, total: None)
        run = len(frames)
        with watched(STEP, switch):
            batches.take(1)
            one.learn(1)
        one.close()
    os.umask(MARK)


if __name__ == "__main__":
    main()
