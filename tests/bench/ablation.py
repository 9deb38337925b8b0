"""What each step, rule and feature of the reading is worth: one after the other is left out.

    python tests/bench/ablation.py [--photos DIR] [--blank DIR] [--only context,cuts] [--scenes N]
    python tests/bench/ablation.py --changed unchanged,turned,smaller
    python tests/bench/ablation.py --list
    python tests/bench/ablation.py --numbers [--only signs.GAP,cuts.NOTCH]

Each row reads all photographs without one thing, at the same threshold: digit error rate, over all
and as the mean over sources, sure but wrong characters for each digit, how many sources it makes
worse and better, and false sure digits on pictures without any. What the two page regressions are
told is left out by fitting them again without it, on --scenes drawn pages; with 0 scenes these rows
are left out. With --changed the photographs are read as `varied.py` changes them, all changes in
one figure.

`--list` prints the constants that decide in the reading and were set by hand: single numbers,
limits of cost and what the networks were trained with apart. `--numbers` reads all photographs with
each of them half and one and a half times as large.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from unittest import mock

from measure import SHARED, add_mnist, arguments, table

# isort: split
import numpy as np
from varied import CHANGES, wrong_characters

from pi_reader import reading, scoring
from pi_reader.camera.files import load
from pi_reader.cli.common import open_reader
from pi_reader.errors import BadData, MissingFile
from pi_reader.handwriting.scenes import Stamps
from pi_reader.network.logistic import Logistic
from pi_reader.network.neighbourhood import Context
from pi_reader.reading import (
    binarise,
    candidates,
    context,
    cuts,
    decode,
    grounds,
    line_decode,
    lines,
    orientation,
    placeholders,
    reader,
    segmentation,
)
from pi_reader.scoring import Score, Truth
from pi_reader.training import neighbourhood as fitting
from pi_reader.training.data import load_train
from pi_reader.training.recipes import NEIGHBOURHOOD
from pi_reader.training.scenes import Seen, see_scenes
from pi_reader.values import Frame

Switch = Callable[[], Any]  # a context manager that leaves something out
HEAD = ("without", "errors", "mean of sources", "sure, wrong", "worse", "better", "false")
_GROUPS = {
    "features: network": range(3),
    "features: neighbourhood": range(3, 10),
    "features: height": range(10, 14),
    "features: width, stroke, darkness": range(14, 18),
    "features: page": (18, 19, 20, 24),
    "features: beside": range(21, 24),
    "features: torn": (25,),
    "features: touching, off the line, at the edge": range(26, 29),
    "features: heard": range(29, 33),
    "features: cut": range(33, 35),
    "features: unlike its name": (35,),
}


def changed(room: Any, name: str, new: Any) -> Switch:
    """A switch that puts something else in the place of one name."""
    return functools.partial(mock.patch.object, room, name, new)


def _nothing_fainter(page: candidates.Candidates) -> candidates.Fainter:
    none = page.components.pick(np.zeros(0, np.int64))
    return candidates.Fainter(none, np.full(len(page.components), -1), np.zeros(0, bool))


def _alone(found: Any) -> list[list[int]]:
    return [[one] for one in range(len(found))]


_CHOOSE = context.choose_wholes
SWITCHES: dict[str, Switch] = {
    "one ground": changed(grounds, "find_light_ground", lambda coarse, radius: None),
    "dark plates": changed(candidates, "open_plates", lambda ink, found: None),
    "displays": changed(candidates, "find_displays", lambda found: []),
    "outlines": changed(candidates, "find_walls", lambda found, shape: None),
    "strokes through numbers": changed(candidates, "find_strikes", lambda found, shape: (None, ())),
    "dark ink alone": changed(binarise, "light_ink_at", lambda *seen: False),
    "the paper settled": changed(binarise, "settle", lambda paper, coarse, light_ink: paper),
    "ruled lines": changed(candidates, "find_ruled_lines", lambda ink, found: None),
    "parts joined": changed(candidates, "find_neighbourhoods", _alone),
    "digits in parts either way": changed(
        segmentation.Segmentation, "_add_other_ways", lambda self, parts: None
    ),
    "fainter ink": changed(segmentation, "find_fainter", _nothing_fainter),
    "cuts": changed(segmentation.Segmentation, "_cut", lambda self, found, doubtful, most: {}),
    "cuts: notches": changed(cuts, "find_notches", lambda ink: []),
    "cuts: bent": changed(cuts, "BEND", 1e6),
    "cuts: leaning": changed(cuts, "LEANING", np.zeros(1)),
    "cuts: surroundings": changed(
        segmentation.Segmentation,
        "_likely",
        lambda self, ink, pieces, page: [one.chance * one.is_digit for one in pieces],
    ),
    "touching digits named as one": changed(
        segmentation.Segmentation, "_pairs", lambda self, found, doubtful: {}
    ),
    "thrift of a whole": changed(decode, "HELD_TOGETHER", 0.0),
    "lines parted": changed(segmentation, "find_stacked", lambda page, marks: ([], 0)),
    "piled marks taken apart": changed(segmentation, "find_piled", lambda page, marks: []),
    "loose parts": changed(segmentation, "loose_parts", lambda found, mark: []),
    "specks": changed(segmentation, "MOST_SPECKS", 0),
    "signs of what is left": changed(segmentation, "find_leftovers", lambda *page: []),
    "wholes beside what was cut": changed(
        context,
        "choose_wholes",
        lambda marks: _CHOOSE([m for m in marks if not m.whole or len(m.components) > 1]),
    ),
    "colons by their points": changed(reader, "with_colons", list),
    "cut off by the frame": changed(placeholders, "_cut_off", lambda page, digits: ()),
    "lost in glare": changed(placeholders, "_in_glare", lambda spots, digits: ()),
    "illegible": changed(placeholders, "_illegible", lambda marks, digits: ()),
    "letters that may be digits": changed(placeholders, "DOUBT", 1.0),
    "crossed out": changed(placeholders, "_crossed_out", lambda page, judged: list(judged)),
    "blur": changed(reader, "find_blur", lambda *page: 0.0),
    "level with digits": changed(line_decode, "level_with_digits", lambda places, digit: places),
    "columns": changed(
        lines, "_by_columns", lambda rows, wide: [one.marks for row in rows for one in row]
    ),
    "quarters": changed(orientation, "find_quarters", lambda *marks: []),
    "on its head": changed(orientation, "reads_on_its_head", lambda *digits: False),
    "what holds a digit": changed(
        context, "outlines", lambda marks, digits: np.zeros(len(marks), bool)
    ),
    "pages turned": changed(orientation, "find_angle", lambda found, about=0.0: about),
    "slope": changed(line_decode, "deskewed", lambda places, digit: places.astype(np.float32)),
    "lines heard beside others": changed(line_decode, "_is_in_doubt", lambda *heard: False),
    "dates weighed": changed(reader, "weigh_dates", lambda judged, page, blanks: judged),
    "second looks": changed(reader, "is_open", lambda reading: False),
    "level second looks": changed(reader, "_slope_of", lambda look: 0.0),
    "lines decided together": changed(
        reader,
        "decode_lines",
        lambda marks, page, language: (marks, page, np.full(len(marks), np.nan)),
    ),
    "windows no closer than to digits": changed(context, "LEAST_SIZE", 0.0),
}


class Number(NamedTuple):
    """A number of the reading: its room, its name, and what its line in the source says of it."""

    room: ModuleType
    name: str
    value: float
    says: str

    @property
    def label(self) -> str:
        """Room and name."""
        return f"{self.room.__name__.rpartition('.')[2]}.{self.name}"

    def times(self, factor: float) -> Switch:
        """A switch that makes it larger or smaller in every room that takes it from its own."""
        new = type(self.value)(self.value * factor)
        takes = [room for room in ROOMS if getattr(room, self.name, None) is self.value]
        takes = [room for room in takes if room is self.room or self.name not in _own(room)]

        def switch() -> ExitStack:
            stack = ExitStack()
            for room in takes:
                stack.enter_context(mock.patch.object(room, self.name, new))
            return stack

        return switch


ROOMS = [
    importlib.import_module(room.name)
    for room in pkgutil.iter_modules(reading.__path__, "pi_reader.reading.")
]
OF_COST = re.compile(
    r"MOST(_\w+S|_AT_ONCE)?$|MAX_|AT_ONCE$|COLUMNS$|ROUNDS$|CUTS$|NOISE_ROWS$|GRID_|LEAST_HISTORY$"
)
GIVEN = {"language", "page", "patches", "windows"}  # whose numbers models were trained with


def _own(room: ModuleType) -> dict[str, str]:
    """The constants that a room itself names, and what their lines say of them."""
    found = re.findall(r"^([A-Z][A-Z_, ]*) = [^#\n]*(?:# *(.*))?$", inspect.getsource(room), re.M)
    return {name: says for names, says in found for name in names.split(", ")}


def numbers() -> list[Number]:
    """The constants that decide in the reading and were set by hand, limits of cost apart."""
    return [
        Number(room, name, getattr(room, name), says)
        for room in ROOMS
        if room.__name__.rpartition(".")[2] not in GIVEN
        for name, says in _own(room).items()
        if isinstance(getattr(room, name), int | float) and not OF_COST.match(name)
    ]


def main() -> None:
    """Print one row for each thing that is left out."""
    args = parsed()
    if args.list:
        return table(
            ("number", "value", "what it is"),
            [(n.label, f"{n.value:g}", n.says) for n in numbers()],
        )
    changes = args.changed.split(",")
    if unknown := set(changes) - set(CHANGES):
        raise SystemExit(
            f"ablation: {unknown.pop()}: no such change; there are {', '.join(CHANGES)}"
        )
    shown = Shown(args.photos, args.blank, changes)
    whole = open_reader(args.weights)
    rows = [("nothing", *shown.figures(whole, None))]
    base = shown.last
    only = args.only.split(",") if args.only else None

    def row(name: str, one: reader.Reader, switch: Switch | None = None) -> None:
        if only is None or name in only:
            rows.append((name, *shown.figures(one, base, switch)))
            print(name, *rows[-1][1:], flush=True)

    if args.numbers:
        for number in numbers():
            if only is None or number.label in only:
                for factor in (0.5, 1.5):
                    switch = number.times(factor)
                    label = f"{number.label} x {factor}"
                    rows.append((label, *shown.figures(whole, base, switch)))
                    print(*rows[-1], flush=True)
        return table(HEAD, rows)
    row("the neighbourhood", reader.Reader(whole.network, _sure_alone(args.weights)))
    for name, switch in SWITCHES.items():
        row(name, whole, switch)
    if args.scenes and whole.context is not None:
        found = Fitted(whole, args.scenes, args.mnist)
        fresh = functools.partial(
            reader.Reader, whole.network, whole.sure_at, "", language=whole.language
        )
        row("features: nothing, fitted again", fresh(found.without(())))
        for name, columns in _GROUPS.items():
            row(name, fresh(found.without(columns)))
    table(HEAD, rows)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = arguments(__doc__)
    add_mnist(parser)
    parser.add_argument("--photos", type=Path, default=SHARED / "photos", metavar="DIR")
    parser.add_argument("--blank", type=Path, default=SHARED / "nodigits", metavar="DIR")
    parser.add_argument("--changed", default="unchanged", help="with commas between")
    parser.add_argument("--only", default="", help="names of rows with commas between")
    parser.add_argument("--scenes", type=int, default=NEIGHBOURHOOD.fitted)
    parser.add_argument("--list", action="store_true", help="name the numbers set by hand")
    parser.add_argument("--numbers", action="store_true", help="move each number by half")
    parser.add_argument("--weights", default="default", help="name or file")
    return parser.parse_args()


def _sure_alone(weights: str) -> float:
    """From where on the network for patches is sure by itself."""
    from pi_reader.library import weights_path
    from pi_reader.network.store import load as load_weights

    return float(load_weights(weights_path(weights))[1].reject_below)


class Shown:
    """The pictures that every variant reads.

    photos: a folder with labels.json; blank: one whose pictures show no digit; changes: of
    `varied.CHANGES`, in each of which the photographs are read. last: the edits of each source in
    the last run.
    """

    def __init__(self, photos: Path, blank: Path, changes: Sequence[str]) -> None:
        self._photos = [
            (
                dataclasses.replace(truth, file=f"{name} {truth.file}"),
                Frame(CHANGES[name](_load(photos / truth.file).grey), truth.file),
            )
            for truth in scoring.load_labels(photos)
            for name in changes
        ]
        self._blank = [_load(blank / truth.file) for truth in scoring.load_labels(blank)]
        self.last: dict[str, int] = {}

    def figures(
        self, one: reader.Reader, base: dict[str, int] | None, switch: Switch | None = None
    ) -> tuple[str, ...]:
        """One row of the table; base: edits of each source to compare with."""
        with ExitStack() as stack:
            if switch:
                stack.enter_context(switch())
            readings = {truth.file: one.read(frame) for truth, frame in self._photos}
            blank = [one.read(frame) for frame in self._blank]
        truths = [truth for truth, _ in self._photos]
        held = scoring.folds(truths, readings)
        self.last = _edits(truths, readings)
        worse, better = (
            sum((self.last[source] - base[source]) * sign > 0 for source in base) if base else 0
            for sign in (1, -1)
        )
        errors = held["digit_error_rate"]
        wrong = sum(wrong_characters(truth, readings[truth.file]) for truth in truths)
        digits = sum(len("".join(truth.reading or ())) for truth in truths)
        false = sum(digit.sure for reading in blank for digit in reading.digits)
        return (
            f"{100 * errors['total']:.1f} %",
            f"{100 * errors['mean_of_sources']:.1f} %",
            f"{100 * wrong / max(1, digits):.1f} %",
            str(worse),
            str(better),
            f"{false / max(1, len(blank)):.2f}",
        )


def _edits(truths: Sequence[Truth], readings: dict[str, Any]) -> dict[str, int]:
    """Wrong characters of each source."""
    edits: dict[str, int] = {}
    for truth in truths:
        score: Score = scoring.count(truth, readings[truth.file])
        edits[truth.source] = edits.get(truth.source, 0) + score.edits
    return edits


def _load(path: Path) -> Frame:
    try:
        return load(path, lambda line: None)
    except (BadData, MissingFile) as error:
        raise SystemExit(f"ablation: {error}") from error


class Fitted:
    """Drawn pages to fit the page's regressions on, with or without some of what they are told."""

    def __init__(self, whole: reader.Reader, count: int, mnist: Path) -> None:
        assert whole.context is not None
        self._context: Context = whole.context
        stamps = Stamps(*load_train(mnist)) if mnist.is_dir() else None
        numbers = [(20, 26, number) for number in range(count)]
        network: Any = whole.network
        placed = whole.context.neighbourhood
        self._seen: list[Seen] = list(see_scenes(network, numbers, stamps, False, (), placed))

    def without(self, columns: Sequence[int] | range) -> Context:
        """The context when these numbers say nothing."""
        silent = [*columns]

        def told(x: np.ndarray) -> np.ndarray:
            x = x.copy()
            x[:, [column for column in silent if column < x.shape[1]]] = 0
            return x

        def deaf(one: Logistic) -> Logistic:
            layer = "weights" if one.hidden is None else "hidden"
            first: np.ndarray = getattr(one, layer).copy()
            first[[column for column in silent if column < len(one.names)]] = 0
            return dataclasses.replace(one, **{layer: first})

        regression, network = Logistic.fit, fitting.fit_hidden
        with (
            mock.patch.object(Logistic, "fit", lambda n, x, y: deaf(regression(n, told(x), y))),
            mock.patch.object(
                fitting, "fit_hidden", lambda n, x, *y: deaf(network(n, told(x), *y))
            ),
        ):
            rng = np.random.default_rng(0)
            seen = iter(self._seen)
            fitted = fitting.fit(self._context.neighbourhood, seen, NEIGHBOURHOOD, rng)
        thresholds = self._context.page.threshold, self._context.presence.threshold
        return dataclasses.replace(
            fitted,
            page=dataclasses.replace(fitted.page, threshold=thresholds[0]),
            presence=dataclasses.replace(fitted.presence, threshold=thresholds[1]),
        )


if __name__ == "__main__":
    main()
