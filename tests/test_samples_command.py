"""`pi-reader samples` and `pi-reader retrain`, as a person types them."""

from __future__ import annotations

import json
import os
import threading
import time

import numpy as np
import pytest
from night_world import hand, make_small, teach
from PIL import Image

from pi_reader.cli.main import main
from pi_reader.files import locked
from pi_reader.learning import memory
from pi_reader.learning.samples import Samples
from pi_reader.learning.trial import Outcome
from pi_reader.library import weights_path
from pi_reader.network import store
from pi_reader.requests import Requests
from pi_reader.values import NO_DIGIT

LEARN = "pi_reader.learning.night.elsewhere.learn_for_elsewhere"


@pytest.fixture
def box(tmp_path):
    with Samples(tmp_path / "samples.db") as samples:
        teach(samples, *hand(12), read=4)
    return tmp_path


def pi_reader(box, *words: str) -> int:
    return main([words[0], *words[1:], "--state", str(box)])


def test_ok__list_show_label_drop(box, capsys):
    assert pi_reader(box, "samples", "list") == 0
    said = capsys.readouterr().out
    assert said.count("reading") == 13 and "12 samples of 3 readings" in said
    assert pi_reader(box, "samples", "list", "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 12 and rows[3]["read"] == 4 and "patch" not in rows[3]
    assert pi_reader(box, "samples", "label", "3", "none") == 0
    assert pi_reader(box, "samples", "show", "3") == 0
    said = capsys.readouterr().out
    assert "is none" in said and "@" in said
    with Samples(box / "samples.db") as samples:
        assert samples.get(3).label == NO_DIGIT
    assert pi_reader(box, "samples", "drop", "1", "2", "99") == 0
    assert pi_reader(box, "samples", "drop", "--all") == 0
    assert "10 samples were dropped" in capsys.readouterr().out


def test_ok__nothing_is_left_when_all_is_forgotten(box, capsys):
    night = box / "night"
    night.mkdir()
    kept = [night / name for name in ("plan.json", "owner.checkpoint", "fold-1.checkpoint")]
    for path in kept:
        path.write_text("{}")
    assert pi_reader(box, "samples", "drop", "1") == 0 and all(path.exists() for path in kept)
    with locked(night / "lock"):
        assert pi_reader(box, "samples", "drop", "--all") == 75
    assert "a training is learning" in capsys.readouterr().err
    assert pi_reader(box, "samples", "drop", "--all") == 0
    assert "11 samples were dropped" in capsys.readouterr().out
    assert not any(path.exists() for path in kept)


def test_ok__export_import_and_a_sheet(box, tmp_path, tmp_path_factory, capsys):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    file, sheet = elsewhere / "s.npz", elsewhere / "sheet.png"
    assert pi_reader(box, "samples", "export", str(file)) == 0
    assert pi_reader(tmp_path / "other", "samples", "import", str(file)) == 0
    assert pi_reader(tmp_path / "other", "samples", "import", str(file)) == 0
    assert pi_reader(tmp_path / "other", "samples", "drop", "1") == 0
    assert pi_reader(tmp_path / "other", "samples", "import", str(file)) == 0
    said = capsys.readouterr().out
    assert "12 new samples," in said and "12 were known" in said and "\n1 new sample," in said
    assert pi_reader(box, "samples", "sheet", str(sheet)) == 0
    with Image.open(sheet) as picture:
        assert picture.size[0] > 500
    assert main(["evaluate", "--npz", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["n"] == 12


def test_ok__what_was_set_aside_is_dropped_though_the_samples_are_gone(box, capsys):
    (box / "samples.db").rename(box / "samples.db.damaged-1")
    assert pi_reader(box, "samples", "drop", "1") == 66
    assert pi_reader(box, "samples", "drop", "--all") == 0
    assert "0 samples were dropped" in capsys.readouterr().out
    assert not (box / "samples.db.damaged-1").exists()


def test_ok__the_last_reading_is_labelled_by_the_service(box, capsys):
    requests, words = Requests(box / "requests"), []

    def serve() -> None:
        for _ in range(200):
            for request in requests.take("label"):
                words.append(dict(request.words))
                requests.answer(
                    request,
                    {"kept": 1, "read": "?"}
                    if len(words) < 2
                    else {"error": "samples.db: the disk is full", "exit_code": 73}
                    if len(words) < 3
                    else {"error": "label: nothing was read yet", "exit_code": 65},
                )
                if len(words) == 3:
                    return
            threading.Event().wait(0.02)

    assert pi_reader(box, "samples", "label", "last", "7") == 75
    assert "not running" in capsys.readouterr().err, "which is said at once"
    (box / "run").mkdir()
    (box / "run" / "status.json").write_text(
        json.dumps({"state": "reading", "frames": 1, "updated": time.time(), "pid": os.getpid()})
    )
    service = threading.Thread(target=serve)
    service.start()
    assert pi_reader(box, "samples", "label", "last", "7", "--place", "2") == 0
    assert pi_reader(box, "samples", "label", "last", "7") == 73
    assert "--place" not in capsys.readouterr().err
    assert pi_reader(box, "samples", "label", "last", "none") == 65
    assert "--place N labels the Nth alone" in capsys.readouterr().err
    service.join()
    assert words == [
        {"event": "last", "label": "7", "place": 1},
        {"event": "last", "label": "7"},
        {"event": "last", "label": "-"},
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("label", "x", "3"), 2, "should be a sample's number"),
        (("label", "3", "33"), 2, "should be one digit"),
        (("label", "last", "7x"), 2, "digits, - for what is none"),
        (("label", "300", "3"), 2, "sample 300"),
        (("show", "300"), 2, "sample 300"),
        (("label", "9" * 25, "3"), 2, "should be a sample's number"),
        (("drop", "300"), 2, "none of"),
        (("drop",), 2, "--all"),
        (("drop", "1", "--all"), 2, "--all"),
        (("import", "nowhere.npz"), 66, "no such file"),
        (("import", "/"), 65, "is a folder"),
        (("sheet", "/nowhere/x.png"), 73, "cannot be written"),
    ],
)
def test_fail__what_cannot_be(box, capsys, words, code, said):
    assert pi_reader(box, "samples", *words) == code
    assert said in capsys.readouterr().err


def test_fail__no_samples_yet(tmp_path, capsys):
    assert pi_reader(tmp_path, "samples", "show", "1") == 66
    assert "correct a reading" in capsys.readouterr().err


def test_ok__retrain_keeps_to_the_night_and_hears_requests(box, capsys, monkeypatch):
    assert pi_reader(box, "retrain", "--ask") == 0
    assert "no service begins it here: `pi-reader retrain` does" in capsys.readouterr().out
    assert (box / "requests" / "retrain").exists()
    (box / "requests" / "retrain").unlink()
    (box / "config.toml").write_text("[night]\non = false\n")
    assert pi_reader(box, "retrain") == 0
    assert "switched off" in capsys.readouterr().out
    assert not (box / "night").exists()
    assert pi_reader(box, "retrain", "--hours", "0") == 2
    assert pi_reader(box, "retrain", "--samples", "x.npz") == 2
    (box / "requests" / "retrain").touch()
    assert pi_reader(box, "retrain") == 0  # twelve digits are too few: it waits
    assert "8 more labelled digits" in capsys.readouterr().err
    assert not (box / "requests" / "retrain").exists()


def test_ok__a_bigger_machine_learns_for_the_box(tmp_path, capsys, monkeypatch):
    make_small(monkeypatch.setattr)
    with Samples(tmp_path / "box" / "samples.db") as samples:
        teach(samples, *hand(60))
    assert pi_reader(tmp_path / "box", "samples", "export", str(tmp_path / "s.npz")) == 0
    out = tmp_path / "w.npz"
    assert main(["retrain", "--samples", str(tmp_path / "s.npz"), "--out", str(out)]) == 0
    assert "accepted" in capsys.readouterr().out
    assert pi_reader(tmp_path / "box", "weights", "offer", str(out)) == 0
    assert main(["retrain", "--samples", str(tmp_path / "nowhere.npz"), "--out", str(out)]) == 66
    broken = tmp_path / "broken.npz"
    broken.write_bytes(np.random.default_rng(0).bytes(500))
    assert main(["retrain", "--samples", str(broken), "--out", str(out)]) == 65


def test_fail__weights_that_the_box_would_refuse(box, tmp_path_factory, capsys, monkeypatch):
    model, card = store.load(weights_path("default"))
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    file, out = elsewhere / "s.npz", elsewhere / "w.npz"
    assert pi_reader(box, "samples", "export", str(file)) == 0
    for judged, is_written in ((None, False), (model, True)):
        outcome = Outcome("refused", "3 wrong, 1 before", model=judged)
        monkeypatch.setattr(LEARN, lambda *_, o=outcome: (o, card))
        assert main(["retrain", "--samples", str(file), "--out", str(out)]) == 65
        said = capsys.readouterr()
        assert "refused: 3 wrong, 1 before" in said.err and "offer" not in said.out
        assert out.exists() is is_written


@pytest.mark.parametrize(
    "words",
    [
        ["samples", "import", "PIPE"],
        ["weights", "offer", "PIPE"],
        ["retrain", "--samples", "PIPE", "--out", "PIPE-out/w.npz"],
    ],
)
def test_fail__a_pipe_to_which_nobody_writes(box, tmp_path_factory, capsys, words):
    pipe = tmp_path_factory.mktemp("elsewhere") / "pipe"
    os.mkfifo(pipe)
    named = [word.replace("PIPE", str(pipe)) for word in words]
    assert pi_reader(box, *named) == 65 and "is a pipe" in capsys.readouterr().err


def test_ok__contradicting_labels_are_listed_with_their_pictures(
    tmp_path, tmp_path_factory, capsys
):
    patches, labels = hand(40)
    with Samples(tmp_path / "samples.db") as samples:
        teach(samples, patches, labels)
        before = tmp_path_factory.mktemp("pairs") / "before.png"
        assert pi_reader(tmp_path, "samples", "check", "--sheet", str(before)) == 0
        right = capsys.readouterr().out.count("alike")
        teach(samples, np.roll(patches[:1], 1, axis=1), (labels[:1] + 3) % 10)
    assert pi_reader(tmp_path, "samples", "check") == 0
    said = capsys.readouterr().out
    assert said.count("alike") > right and "@" in said and "│" in said
    assert f"1 is {labels[0]}, 41 is {(labels[0] + 3) % 10}, and they are 9" in said
    assert "`samples label ID LABEL` puts one right" in said.splitlines()[-1]
    sheet = before.with_name("after.png")
    assert pi_reader(tmp_path, "samples", "check", "--sheet", str(sheet)) == 0
    assert sheet.exists() and "@" not in capsys.readouterr().out
    assert pi_reader(tmp_path, "samples", "drop", "41") == 0
    assert pi_reader(tmp_path, "samples", "drop", "--all") == 0
    capsys.readouterr()
    (tmp_path / "new").mkdir()
    for box in (tmp_path, tmp_path / "new"):  # all forgotten, and never taught
        assert pi_reader(box, "samples", "check") == 0
        assert capsys.readouterr().out.startswith("nothing was taught yet")
    assert not (tmp_path / "new" / "samples.db").exists()


def test_ok__what_is_dropped_leaves_no_keys(tmp_path):
    with Samples(tmp_path / "samples.db") as samples:
        teach(samples, *hand(8))
        model, card = store.load(weights_path("default"))
        list(memory.prepare(tmp_path / "memory", samples, model, card, "ab" * 32))
    assert list((tmp_path / "memory").iterdir())
    assert pi_reader(tmp_path, "samples", "drop", "1") == 0
    assert not list((tmp_path / "memory").iterdir())
