"""`pi-reader evaluate`: how good weights are, on MNIST-like patches or on labelled photographs."""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pi_reader.cli.common import WEIGHTS_HELP
from pi_reader.cli.options import FORCE, OneOf, option
from pi_reader.errors import UsageError
from pi_reader.files import make_folder

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from pi_reader.training.measure import Measures, Miss

HELP = """measure how well weights read labelled digits or photographs

The patches of --mnist, --npz, --idx and --csv are 28x28, white ink on black; of MNIST the test
images are used. PNGs may also be dark ink on white. A folder of --photos holds labels.json with
the boxes and labels of its pictures."""
EXAMPLE = "pi-reader evaluate --mnist ~/mnist --weights classic"

OPTIONS = (
    OneOf(
        (
            option("--mnist", type=Path, metavar="DIR", help="folder of MNIST's four idx files"),
            option("--npz", type=Path, metavar="FILE", help="x uint8 (N, 28, 28) and y uint8 (N,)"),
            option(
                "--idx",
                type=Path,
                nargs=2,
                metavar=("IMAGES", "LABELS"),
                help="two idx files, raw or .gz",
            ),
            option(
                "--csv",
                type=Path,
                metavar="FILE",
                help="a digit a line: label, 784 pixels, 255 is ink",
            ),
            option(
                "--pngs",
                type=Path,
                metavar="DIR",
                help="28x28 PNGs named after their labels: my_own_7.png",
            ),
            option("--photos", type=Path, metavar="DIR", help="photographs and labels.json"),
        ),
        required=True,
    ),
    option(
        "--folds",
        action="store_true",
        help="of --photos: also by source, the worst one, and how far other sources may differ",
    ),
    option("--weights", default="default", metavar="W", help=WEIGHTS_HELP),
    option("--json", action="store_true", help="print one JSON object instead"),
    option(
        "--confusion",
        action="store_true",
        help="also print how often each digit was read as each other",
    ),
    option(
        "--worst",
        type=int,
        default=0,
        metavar="N",
        help="also list the N patches that were furthest from the truth",
    ),
    option(
        "--pictures",
        type=Path,
        metavar="DIR",
        help="write confusion.png, with --worst also worst.png, "
        "or of --photos a sheet of all errors, errors.png",
    ),
    FORCE,
)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    if args.photos and (args.confusion or args.worst):
        raise UsageError("evaluate: --confusion and --worst are for patches, not for --photos")
    if args.worst < 0:
        raise UsageError("evaluate: --worst takes a number from 0 up")
    if args.pictures:
        _check_pictures(args)
    if args.photos:
        from pi_reader.cli.evaluate_photos import evaluate_photos

        return evaluate_photos(
            args.photos, args.weights, args.json, args.pictures, args.folds, args.force
        )
    return _patches(args)


def _check_pictures(args: argparse.Namespace) -> None:
    """Refuse what may not be written before hours of reading. Raises CannotWrite."""
    from pi_reader.cli.common import is_our_picture
    from pi_reader.files import check_output

    make_folder(args.pictures)
    names = ["errors.png"] if args.photos else ["confusion.png", *["worst.png"] * bool(args.worst)]
    for name in names:
        check_output(args.pictures / name, _inputs(args), is_our_picture, args.force)


def _inputs(args: argparse.Namespace) -> list[Path]:
    """The files and folders that are read."""
    return [one for one in (args.mnist, args.npz, args.photos, *(args.idx or ())) if one]


def _patches(args: argparse.Namespace) -> int:
    from pi_reader.library import weights_path
    from pi_reader.network import store
    from pi_reader.training.measure import measure, worst

    images, labels, names = _load(args)
    model, card = store.load(weights_path(args.weights))
    start = time.perf_counter()
    probabilities = model.predict(images)
    measures = measure(probabilities, labels, card.reject_below)
    seconds = time.perf_counter() - start
    furthest = worst(probabilities, labels, args.worst)
    if args.json:
        print(json.dumps(_as_json(measures, seconds, furthest if args.worst else None)))
    else:
        print(_table(measures, seconds))
        if args.confusion:
            print(_confusion_table(measures))
        if names is not None:
            _print_each(names, labels, probabilities)
        for miss in furthest:
            name = f"{miss.index:6d}" if names is None else names[miss.index]
            print(
                f"patch {name}: is {miss.label}, read as {miss.read} "
                f"({miss.confidence:.1%}; {miss.label}: {miss.right:.1%})"
            )
    if args.pictures:
        _write_pictures(args, images, measures, furthest)
    return 0


def _print_each(names: list[str], labels: np.ndarray, probabilities: np.ndarray) -> None:
    """What each file was read as; the eleventh outcome is "no digit"."""
    from pi_reader.cli.common import one_line

    for name, label, outcome in zip(names, labels, probabilities.argmax(axis=1), strict=True):
        read = "no digit" if outcome == 10 else str(outcome)
        print(f"{one_line(name)}: {read}" + ("" if outcome == label else f", should be {label}"))


def _write_pictures(
    args: argparse.Namespace, images: np.ndarray, measures: Measures, furthest: list[Miss]
) -> None:
    from pi_reader.cli.common import save_picture
    from pi_reader.pictures import confusion_chart, sheet

    def save(name: str, picture: Image) -> None:
        save_picture(args.pictures / name, picture, _inputs(args), args.force)

    save("confusion.png", confusion_chart(measures.confusion))
    if args.worst:
        captions = [f"{miss.label} as {miss.read} {miss.confidence:.2f}" for miss in furthest]
        crops = [images[miss.index] for miss in furthest]
        save("worst.png", sheet(crops, captions))


def _load(args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray, list[str] | None]:
    """(n, 28, 28) uint8, (n,) uint8, and the names of files where each patch has one."""
    from pi_reader.training import book, data
    from pi_reader.training.npz import load_npz

    if args.pngs:
        return book.load_pngs(args.pngs)
    if args.csv:
        return *book.load_csv(args.csv), None
    if args.mnist:
        return *data.load_test(args.mnist), None
    if args.npz:
        return *load_npz(args.npz), None
    return *data.read_pair(*args.idx), None


def _as_json(measures: Measures, seconds: float, furthest: list[Miss] | None) -> dict[str, Any]:
    found = {
        "n": measures.n,
        "accuracy": _number(measures.accuracy),
        "errors": measures.errors,
        "confusion": measures.confusion.tolist(),
        "per_digit": [_number(share) for share in measures.per_digit],
        "calibration_error": _number(measures.calibration_error),
        "rejected": _number(measures.rejected),
        "accuracy_of_sure": _number(measures.accuracy_of_sure),
        "seconds": round(seconds, 3),
    }
    if furthest is not None:
        found["worst"] = [asdict(miss) for miss in furthest]
    return found


def _number(value: float) -> float | None:
    """The value for JSON, which has no NaN: null instead."""
    return None if math.isnan(value) else round(value, 6)


def _share(value: float) -> str:
    """A share for people; of nothing there is none."""
    return "-" if math.isnan(value) else f"{value:.2%}"


def _table(measures: Measures, seconds: float) -> str:
    per_digit = "  ".join(
        f"{digit}: {_share(share)}" for digit, share in enumerate(measures.per_digit)
    )
    return "\n".join(
        (
            f"accuracy           {_share(measures.accuracy)}  "
            f"({measures.errors} errors in {measures.n})",
            f"of each digit      {per_digit}",
            f"sure of            {_share(1 - measures.rejected)}, of these right: "
            f"{_share(measures.accuracy_of_sure)}",
            f"calibration error  {_share(measures.calibration_error)}",
            f"seconds            {seconds:.2f}",
        )
    )


def _confusion_table(measures: Measures) -> str:
    """The confusion matrix: rows are labels, columns what they were read as; a dot for 0."""
    lines = ["", "is \\ read as" + "".join(f"{digit:6d}" for digit in range(10))]
    for label, row in enumerate(measures.confusion):
        lines.append(f"{label:12d}" + "".join(f"{count or '.':>6}" for count in row))
    return "\n".join(lines)
