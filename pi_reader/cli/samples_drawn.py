"""The owner's samples drawn: on one picture, and in pairs whose labels contradict each other."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pi_reader.cli.common import counted, samples_of, save_picture, stores_of
from pi_reader.errors import MissingFile

if TYPE_CHECKING:
    import numpy as np

    from pi_reader.config import Folders

_IN_A_SHEET = 240
_PAIRS = 40  # contradictions that are listed


def drawing(patch: np.ndarray) -> list[str]:
    """A patch (28, 28) uint8 as 20 lines of 40 letters."""
    shades = " .:-=+*#%@"
    return ["".join(2 * shades[int(ink) * 9 // 255] for ink in row[4:24]) for row in patch[4:24]]


def draw_sheet(args: argparse.Namespace, folders: Folders) -> int:
    """Save the newest samples as one picture, each with its number and labels."""
    from pi_reader.learning.samples.rows import name_of
    from pi_reader.pictures import sheet

    with samples_of(folders) as samples:
        found = list(samples.all())[-_IN_A_SHEET:]
    if not found:
        raise MissingFile(
            "samples sheet: there are no samples yet; correct a reading, or "
            "`pi-reader samples import`"
        )
    captions = [f"{s.id} {name_of(s.read)}>{name_of(s.label)}" for s in found]
    save_picture(args.file, sheet([s.patch for s in found], captions), force=args.force)
    print(
        f"{args.file}: the newest {counted(len(found), 'sample')}, with number, what it was read "
        "as and what it is"
    )
    return 0


def list_contradictions(args: argparse.Namespace, folders: Folders) -> int:
    """List the pairs, the most alike first; at most `_PAIRS`."""
    import numpy as np

    from pi_reader.learning.contradictions import contradictions
    from pi_reader.learning.samples.rows import name_of
    from pi_reader.pictures import sheet

    stores, found = stores_of(folders, new=True), []
    if folders.samples.exists():
        with stores.samples() as samples:
            found = samples.learned() + samples.held()
    if not found:  # which is no mistake
        print("nothing was taught yet, so no labels contradict each other")
        return 0
    generations = stores.generations()
    model, _ = generations.load(generations.current().number)
    patches = np.array([sample.patch for sample in found], np.uint8)
    labels = np.array([sample.label for sample in found])
    pairs, count = contradictions(model, patches, labels, _PAIRS)
    read = model.predict(patches).argmax(axis=1)
    crops, captions = [], []
    for pair in pairs:
        both = [found[pair.first], found[pair.second]]
        names = [name_of(int(read[place])) for place in (pair.first, pair.second)]
        print(
            f"{both[0].id} is {name_of(both[0].label)}, {both[1].id} is {name_of(both[1].label)}, "
            f"and they are {pair.alike:.0%} alike; the weights read {names[0]} and {names[1]}"
        )
        crops += [sample.patch for sample in both]
        captions += [f"{sample.id} is {name_of(sample.label)}" for sample in both]
        if args.sheet is None:
            drawn = zip(*(drawing(sample.patch) for sample in both), strict=True)
            print("\n".join("  │  ".join(lines).rstrip() for lines in drawn))
    print(
        f"{counted(count, 'pair')} of {counted(len(found), 'labelled sample')}"
        + (f", the first {_PAIRS} are listed" if count > _PAIRS else "")
        + ("; `samples label ID LABEL` puts one right, `samples drop ID` forgets it" * bool(pairs))
    )
    if args.sheet is not None and crops:
        save_picture(args.sheet, sheet(crops, captions, 8), force=args.force)
    return 0
