"""The course: which lessons there are, in which order, and how one of them is given."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from pi_reader.errors import UsageError
from pi_reader.lessons.base import Blackboard, Lesson

if TYPE_CHECKING:
    import numpy as np

LESSONS: dict[str, str] = {
    "faces": "why people find faces and cannot add, and computers the other way round",
    "miles": "one number that the error corrects, until it turns kilometres into miles",
    "bugs": "a line between caterpillars and ladybirds, learned one bug at a time",
    "gates": "AND and OR need one line, XOR needs more: why there are networks",
    "nodes": "what one node does, what three layers do, and why matrices are used",
    "blame": "who is to blame: sending the error back along the links",
    "descent": "walking downhill in the fog: valleys, steps too large, steps that shrink",
    "digits": "the whole network: it learns to read handwriting",
    "curves": "which learning rate, how many nodes, how long? try them all",
    "rotations": "turned copies are more examples for nothing, up to a point",
    "minds": "what does the network have in mind when it thinks of a 7?",
    "own": "your own handwriting: from a photograph to ten outputs, step by step",
    "features": "must the inputs be raw pixels? four ways to describe a digit",
    "zero": "what it costs on a Raspberry Pi: counted, measured, estimated",
}


OLD_NAMES = {"errors": "blame", "backwards": "minds"}  # as they were called; these go on working


def current(name: str) -> str:
    """The name that a lesson has now."""
    return OLD_NAMES.get(name, name)


def find(name: str) -> Lesson:
    """The lesson of that name, or of that old name. Raises UsageError that says which there are."""
    name = current(name)
    if name not in LESSONS:
        raise UsageError(f"{name}: no such lesson{_meant(name, list(LESSONS))}")
    return cast(Lesson, importlib.import_module(f"pi_reader.lessons.{name}"))


def chosen(lesson: Lesson, words: Sequence[str]) -> dict[str, Any]:
    """All settings of a lesson, those in `words` ("guess=0.9") as the pupil wants them.

    Raises UsageError for a setting that does not exist or a value out of its range.
    """
    known = {setting.name: setting for setting in lesson.SETTINGS}
    values: dict[str, Any] = {setting.name: setting.value for setting in lesson.SETTINGS}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or name not in known:
            raise UsageError(f"{word}: no setting of this lesson{_meant(name, list(known))}")
        values[name] = known[name].read(value)
    return values


def give(name: str, board: Blackboard, rng: np.random.Generator, words: Sequence[str] = ()) -> None:
    """Give a lesson from its title to what can be tried afterwards."""
    import numpy as np

    name = current(name)
    lesson = find(name)
    settings = chosen(lesson, words)
    board.show("", f"{name}: {LESSONS[name]}")
    # Some OpenBLAS warn of finite products (numpy#24067); a sigmoid of -100 is 0 all the same.
    with np.errstate(invalid="ignore", over="ignore"):
        lesson.lesson(board, rng, **settings)
    board.ending(lesson, settings)


def _meant(name: str, known: list[str]) -> str:
    """ "; did you mean ...?" where something is near, else what there is."""
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are {', '.join(known)}" if known else "; it has none"
