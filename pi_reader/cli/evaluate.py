"""`pi-reader evaluate`: how good weights are, on MNIST-like patches or on labelled photographs."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pi_reader.cli.shipped import WEIGHTS_HELP
from pi_reader.errors import BadData, MissingFile

if TYPE_CHECKING:
    import numpy as np

    from pi_reader.scoring import Score
    from pi_reader.training.measure import Measures

HELP = """measure weights on labelled digits or photographs

The patches of --mnist, --npz and --idx are 28x28, white ink on black; of MNIST the test images are
taken. A folder of --photos holds labels.json with the boxes and labels of its pictures."""
EXAMPLE = "pi-reader evaluate --mnist ~/mnist --weights classic"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--mnist", type=Path, metavar="DIR", help="folder of MNIST's four idx files")
    what.add_argument("--npz", type=Path, metavar="FILE",
                      help="x uint8 (N, 28, 28) and y uint8 (N,)")
    what.add_argument("--idx", type=Path, nargs=2, metavar=("IMAGES", "LABELS"),
                      help="two idx files, raw or .gz")
    what.add_argument("--photos", type=Path, metavar="DIR", help="photographs and labels.json")
    parser.add_argument("--weights", default="default", metavar="W", help=WEIGHTS_HELP)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    return _photos(args) if args.photos else _patches(args)


def _patches(args: argparse.Namespace) -> int:
    from pi_reader.cli.shipped import weights_path
    from pi_reader.network import store
    from pi_reader.training.measure import measure

    images, labels = _load(args)
    model, card = store.load(weights_path(args.weights))
    start = time.perf_counter()
    measures = measure(model.predict(images), labels, card.threshold)
    seconds = time.perf_counter() - start
    print(json.dumps(_as_json(measures, seconds)) if args.json else _table(measures, seconds))
    return 0


def _load(args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """(n, 28, 28) uint8 and (n,) uint8."""
    from pi_reader.training import data

    if args.mnist:
        return data.load_test(args.mnist)
    if args.npz:
        return data.load_npz(args.npz)
    return data.load_pair(*args.idx)


def _as_json(measures: Measures, seconds: float) -> dict:
    return {
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


def _number(value: float) -> float | None:
    """JSON knows no NaN: a share of nothing is null."""
    return None if math.isnan(value) else round(value, 6)


def _table(measures: Measures, seconds: float) -> str:
    per_digit = "  ".join(f"{digit}: {share:.2%}" for digit, share in enumerate(measures.per_digit))
    return "\n".join((
        f"accuracy           {measures.accuracy:.2%}  ({measures.errors} errors in {measures.n})",
        f"of each digit      {per_digit}",
        f"sure of            {1 - measures.rejected:.2%}, of these right: "
        f"{measures.accuracy_of_sure:.2%}",
        f"calibration error  {measures.calibration_error:.2%}",
        f"seconds            {seconds:.2f}"))


def _photos(args: argparse.Namespace) -> int:
    from pi_reader.camera.files import load
    from pi_reader.cli.shipped import open_reader
    from pi_reader.scoring import load_labels, scores

    truths = load_labels(args.photos)
    reader = open_reader(args.weights)
    readings = {}
    code = 0
    for truth in truths:
        try:
            readings[truth.file] = reader.read(load(args.photos / truth.file))
        except (BadData, MissingFile) as error:
            print(f"pi-reader: {error}", file=sys.stderr)
            code = min(code or error.exit_code, error.exit_code)
    groups = scores(truths, readings)
    print(_scores_json(groups) if args.json else _scores_table(groups))
    return code


def _scores_json(groups: dict[str, Score]) -> str:
    return json.dumps({group: {name: _number(value) for name, value in score.figures().items()}
                       for group, score in groups.items()})


def _scores_table(groups: dict[str, Score]) -> str:
    columns = {group: score.figures() for group, score in groups.items()}
    lines = [f"{'':18}" + "".join(f"{group:>10}" for group in columns)]
    for name in columns["all"]:
        cells = (figures[name] for figures in columns.values())
        lines.append(f"{name:18}" + "".join(
            f"{cell:10d}" if isinstance(cell, int) else f"{cell:10.3f}" for cell in cells))
    return "\n".join(lines)
