"""From an earlier version to this one, for real: nothing that a box was taught or learned is lost.

It needs what test_container.py needs (see there), and a checkout of the earlier version:

    git worktree add /srv/earlier f6ee9d7
    PI_READER_BOOKWORM_ROOT=/srv/bookworm PI_READER_EARLIER=/srv/earlier \\
        python -m pytest -m emulated -sv tests/test_upgrade.py
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from container import CARRIED, Container, booted, copy_checkout
from night_world import hand, teach

from pi_reader.learning.samples import Samples, exchange

pytestmark = pytest.mark.emulated

READER, STATE = "pi-reader.service", "var/lib/pi-reader"
AS_BOX = ("runuser", "-u", "pi-reader", "--")


@pytest.fixture(scope="module")
def box() -> Iterator[Container]:
    earlier = os.environ.get("PI_READER_EARLIER")
    if not earlier:
        pytest.skip("needs PI_READER_EARLIER; see the head of this file")
    with booted("PI_READER_BOOKWORM_ROOT") as container:
        for name in CARRIED:  # what it is installed from first
            shutil.rmtree(container.source / name, ignore_errors=True)
            copy = shutil.copytree if Path(earlier, name).is_dir() else shutil.copy
            copy(Path(earlier, name), container.source / name)
        yield container


def known(box: Container) -> dict[str, object]:
    """All that the box was taught, has learned and has read, as commands tell it."""
    samples = box.run(*AS_BOX, "pi-reader", "samples", "list", "--json").stdout.splitlines()
    weights = json.loads(box.run(*AS_BOX, "pi-reader", "weights", "list", "--json").stdout)
    readings = box.run(*AS_BOX, "pi-reader", "readings", "--json").stdout.splitlines()
    return {
        "samples": [json.loads(line) for line in samples],
        "weights": [(one["number"], one["sha256"]) for one in weights if one["number"]],
        "in use": [one["number"] for one in weights if one["state"] == "in use"],
        "readings": [(one["id"], one["text"]) for one in map(json.loads, readings)][:3],
    }


def test_ok__an_upgrade_keeps_what_was_taught_learned_and_read(box: Container) -> None:
    box.setup("install")
    box.wait_for(READER, "active")
    taught = box.source / "taught.npz"
    with Samples(box.source / "theirs.db") as theirs:
        teach(theirs, *hand(60))
        with open(taught, "wb") as handle:
            exchange.write(list(theirs.all()), handle)
    taught.chmod(0o644)
    print(box.run(*AS_BOX, "pi-reader", "samples", "import", "/src/taught.npz").stdout)
    print(box.run(*AS_BOX, "pi-reader", "retrain", "--now").stderr[-600:])
    listed = json.loads(box.run(*AS_BOX, "pi-reader", "weights", "list", "--json").stdout)
    if listed[-1]["number"] == 0:  # the night found nothing better: then one is put in use by hand
        box.shell("cat /src/weights/default.npz | runuser -u pi-reader -- pi-reader weights offer")
        box.run(*AS_BOX, "pi-reader", "weights", "use", "1")
    box.wait(lambda: len(known(box)["readings"]) == 3, 120, "to remember readings")
    before = known(box)
    assert len(before["samples"]) == 60 and before["in use"] == [1]

    copy_checkout(box.source)
    print(box.setup("upgrade").stderr)
    box.wait_for(READER, "active")
    assert known(box) == before
    with_learned = box.run("pi-reader", "status", "--json").stdout
    assert json.loads(with_learned)["status"]["generation"] == 1, "it reads with what it learned"
    frames = json.loads(with_learned)["status"]["frames"]
    box.wait(
        lambda: (
            json.loads(box.run("pi-reader", "status", "--json").stdout)["status"]["frames"] > frames
        ),
        30,
        "to read on",
    )
    assert box.shell(f"stat -c %U:%a /{STATE}/samples.db").stdout == "pi-reader:640\n"
    assert "last.json" in os.listdir(box.root / STATE / "night") or before["in use"] == [1]

    box.run("pi-reader", "weights", "rollback")
    assert known(box)["in use"] == [0] and known(box)["samples"] == before["samples"]
    box.run("pi-reader", "weights", "use", "1")
    out = box.source / "out.npz"
    box.run("pi-reader", "samples", "export", "/src/out.npz")
    with np.load(out) as after, np.load(taught) as first:
        for name in ("x", "y", "key", "place", "held_out"):
            order = [np.lexsort((each["place"], each["key"])) for each in (after, first)]
            assert (after[name][order[0]] == first[name][order[1]]).all(), name
