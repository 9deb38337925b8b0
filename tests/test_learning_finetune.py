"""What a night's training is shown, and that samples can be cut anew."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
from night_world import hand, shipped_model

from pi_reader.errors import BadData, MissingFile
from pi_reader.handwriting.page import draw_page
from pi_reader.learning import finetune, rehearsal
from pi_reader.learning.acceptance import General
from pi_reader.learning.finetune import NIGHT, LabelledDigits, RehearsalMixture
from pi_reader.learning.recut import recut
from pi_reader.learning.rehearsal import Rehearsal
from pi_reader.learning.samples import New, Samples, cut_out
from pi_reader.learning.trial import _LITTLE, Trial
from pi_reader.network.layers import Dense, Flatten, ReLU
from pi_reader.network.loss import softmax
from pi_reader.network.model import Model
from pi_reader.reading.reader import Reader
from pi_reader.training import checkpoint, data
from pi_reader.training.batches import Labelled


def small_rehearsal(mnist: bool) -> Rehearsal:
    patches, labels = hand(64, 3)
    images = Labelled(patches, labels, np.arange(64)) if mnist else None
    return Rehearsal(
        "x", images, patches, labels, patches[:9], (patches, labels), (patches, labels), patches[:5]
    )


def lesson(labels: np.ndarray) -> LabelledDigits:
    return LabelledDigits(
        hand(len(labels))[0],
        labels.astype(np.uint8),
        np.arange(len(labels)),
        np.zeros(len(labels), bool),
    )


def test_ok__the_fewer_kinds_the_smaller_their_share_and_the_more_is_drawn():
    model = shipped_model()[0]
    one, six, ten = (finetune.shares(model, small_rehearsal(True), kinds) for kinds in (1, 6, 10))
    assert six == ten and six[0] == 32 and one[0] == 5
    assert one[1][1] > 2 * ten[1][1] and all(
        mine + sum(rest) == NIGHT.batch for mine, rest in (one, ten)
    )
    assert finetune.shares(model, small_rehearsal(False), 1) == (5, (0, 117, 6))


def test_ok__as_little_as_mends_nine_in_ten_is_taken_over():
    parent = shipped_model()[0]
    child = parent.copy()
    child.parameters[-1][7] += 12  # reads nearly all as 7
    trial = Trial(parent, 0.9, lesson(np.full(40, 7)), small_rehearsal(True))
    wrong = {
        taken: int(
            (
                finetune.blend(parent, child, taken)
                .predict(trial.taught.patches)[:, :10]
                .argmax(axis=1)
                != 7
            ).sum()
        )
        for taken in _LITTLE
    }
    before, after = wrong[0.3], wrong[1.0]
    taken = trial._little_of(child)
    less = _LITTLE[_LITTLE.index(taken) - 1]
    assert 0.3 < taken < 1 and before > wrong[less] > wrong[taken] >= after, wrong


def test_ok__digits_of_a_single_reading_wait_for_those_of_another():
    events = np.repeat([0, 1, 2, 3, 4], [20, 3, 3, 2, 2])
    taught = LabelledDigits(*hand(30), events, events > 0)
    outcome = Trial(shipped_model()[0], 0.9, taught, small_rehearsal(True)).run()
    assert outcome.state == "waiting" and "label another one" in outcome.why
    outcome = Trial(shipped_model()[0], 0.9, taught.take(events > 0), small_rehearsal(True)).run()
    assert outcome.state == "waiting" and "1 more reading are" in outcome.why


@pytest.mark.parametrize(
    ("begun", "bears", "taken", "lost"),
    [
        (1.0, 1.0, 1.0, False),
        (1.0, 0.7, 0.6, False),
        (0.85, 0.8, 0.8, False),
        (1.0, 0.1, 0.45, True),
        (0.4, 0.1, 0.4, True),
    ],
)
def test_ok__less_is_taken_over_if_the_general_test_does_not_bear_more(
    monkeypatch, begun, bears, taken, lost
):
    parent = shipped_model()[0]
    child = parent.copy()
    child.parameters[-1][7] += 1

    def general(_: Trial, model: Model) -> General:
        share = float(model.parameters[-1][7] - parent.parameters[-1][7])
        return General("made up", 10_000, 30 + 11 * (share > bears + 0.01), 100, 0)

    monkeypatch.setattr(Trial, "general", general)
    trial = Trial(parent, 0.9, lesson(np.arange(20) % 10), small_rehearsal(True))
    found, model, after, why = trial._bearable(child, begun, General("made up", 10_000, 30, 100, 0))
    assert (found, bool(why), after.wrong) == (taken, lost, 41 if lost else 30)
    assert model.parameters[-1][7] == pytest.approx(parent.parameters[-1][7] + taken, abs=1e-5)


@pytest.mark.parametrize("mnist", [True, False])
def test_ok__a_batch_is_a_function_of_seed_and_step(mnist):
    model, taught = shipped_model()[0], lesson(np.arange(20) % 10)
    prepared = small_rehearsal(mnist)
    replay = finetune.replayed(model, prepared, np.arange(10), 3)
    drawn = len(prepared.digits) + len(prepared.marks)
    assert (replay.looked, len(replay.hard)) == ((64 + drawn, 7) if mnist else (drawn, 0))
    assert not len(replay.near.labels)  # all kinds were taught
    one, other = (RehearsalMixture(model, taught, prepared, replay, 5, 3) for _ in range(2))
    one.take(0)
    x, targets = one.take(4)
    assert x.shape == (NIGHT.batch, 5, 5, 64) and targets.shape == (NIGHT.batch, 11)
    assert x.dtype == targets.dtype == np.float32 and x.min() >= 0  # behind a ReLU
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-5)
    again = other.take(4)
    assert np.array_equal(x, again[0]) and np.array_equal(targets, again[1])
    assert not np.array_equal(x, other.take(3)[0])


def test_ok__beside_a_single_kind_its_doubles_are_shown(monkeypatch):
    monkeypatch.setattr(finetune, "_DRAWN", 2048)
    monkeypatch.setattr(finetune, "_NEAR", 60)
    model, prepared = shipped_model()[0], small_rehearsal(True)
    replay = finetune.replayed(model, prepared, np.array([4]), 3)
    drawn = len(prepared.digits) + len(prepared.marks)
    assert (len(replay.near.labels), replay.looked) == (60, 64 + drawn + 2048)
    counts = np.bincount(replay.near.labels, minlength=10)
    assert counts[4] == 0 and counts[[1, 7, 9]].sum() > 50
    usual = model.predict(prepared.digits)[prepared.digit_labels != 4, 4].mean()
    assert model.predict(replay.near.patches)[:, 4].mean() > 5 * usual
    again = finetune.replayed(model, prepared, np.array([4]), 3)
    assert np.array_equal(again.near.patches, replay.near.patches)
    x, targets = RehearsalMixture(model, lesson(np.full(30, 4)), prepared, replay, 5, 3).take(0)
    assert x.shape == (NIGHT.batch, 5, 5, 64) and len(targets) == NIGHT.batch


@pytest.mark.parametrize("mnist", [True, False])
def test_ok__what_is_rehearsed_is_mostly_what_the_parent_said_of_it(mnist):
    model, prepared = shipped_model()[0], small_rehearsal(mnist)
    model.temperature = 1.5  # the child learns without one
    mixture = RehearsalMixture(
        model,
        lesson(np.arange(20) % 10),
        prepared,
        finetune.replayed(model, prepared, np.arange(10), 3),
        5,
        3,
    )
    mixture._change = lambda patches, rng: patches / np.float32(255)
    x, targets = mixture.take(0)
    said = softmax(finetune.upper_of(model).forward(x))[mixture._own :]
    by_label = targets[mixture._own :] - 0.9 * said  # a tenth is what the label says
    smooth = 0.1 * NIGHT.smoothing / model.outcomes
    np.testing.assert_allclose(np.sort(by_label)[:, :-1], smooth, atol=1e-5)
    np.testing.assert_allclose(by_label.sum(axis=1), 0.1, atol=1e-5)


def test_ok__a_digit_taught_often_does_not_drown_the_others():
    chances = finetune._chances(np.array([7] * 16 + [3] * 4))
    assert chances[:16].sum() == pytest.approx(2 * chances[16:].sum())


def test_ok__half_way_lies_between():
    model = shipped_model()[0]
    other = model.copy()
    for array in other.parameters:
        array += 1
    middle = finetune.blend(model, other, 0.5)
    assert all(
        np.allclose(a + 0.5, b, atol=1e-6)
        for a, b in zip(model.parameters, middle.parameters, strict=True)
    )


def test_ok__a_night_trains_the_last_convolution_and_what_follows():
    model, prepared = shipped_model()[0], small_rehearsal(True)
    before = [array.copy() for array in model.parameters]
    replay = finetune.replayed(model, prepared, np.arange(10), 3)
    taught = lesson(np.arange(20) % 10)
    learner = finetune.learner_for(model, taught, prepared, replay, 5, 3)
    for step in range(5):
        learner.learn(step)
    child = finetune.with_upper(model, learner.result())
    learner.close()
    assert all(map(np.array_equal, before, model.parameters))
    same = list(map(np.array_equal, before, child.parameters))
    assert same == [True] * 4 + [False] * 6  # weights and biases of two and of three layers
    upper = finetune.upper_of(model)
    forward = 1_207_200
    assert (model.multiply_adds, upper.multiply_adds) == (forward, 775_200)
    backward = 2 * 775_200 - 663_552  # nothing asks what the last convolution was given
    assert finetune.step_work(model) == 2 * (forward + backward) * 128


@pytest.mark.parametrize("lower", [{}, {"lower layers": 4}])
def test_ok__a_checkpoint_of_a_night_that_trained_all_layers_begins_anew(tmp_path, lower):
    """As the last version wrote them; even one that says otherwise has arrays of another size."""
    model, prepared, taught = shipped_model()[0], small_rehearsal(True), lesson(np.arange(20) % 10)
    replay = finetune.replayed(model, prepared, np.arange(10), 3)
    learner = finetune.learner_for(model, taught, prepared, replay, 5, 3)
    learner.close()
    size, path = sum(array.size for array in model.parameters), tmp_path / "candidate.checkpoint"
    facts = {"training": "candidate", "steps": 5, "digits": 20}
    whole = {
        name: np.ones(size if array.ndim else (), array.dtype)
        for name, array in learner.state.items()
    }
    checkpoint.save(path, 3, {**facts, **lower}, whole)
    said: list[str] = []
    trial = Trial(model, 0.9, taught, prepared, log=said.append)
    before = learner.state["weights"].copy()
    assert trial._resume(path, {**facts, "lower layers": 4}, learner.state) == 0
    assert "begins anew" in said[0] and np.array_equal(learner.state["weights"], before)


@pytest.mark.parametrize("mnist", [True, False])
def test_ok__a_network_of_ten_digits_without_convolutions_is_trained_whole(mnist):
    rng = np.random.default_rng(1)
    model = Model([Flatten(), Dense(784, 16, rng=rng), ReLU(), Dense(16, 10, rng=rng)])
    prepared, taught = small_rehearsal(mnist), lesson(np.arange(20) % 10)
    replay = finetune.replayed(model, prepared, np.arange(10), 3)
    assert not len(replay.marks.labels)  # it knows no "no digit"
    learner = finetune.learner_for(model, taught, prepared, replay, 2, 3)
    learner.learn(0)
    learner.learn(1)
    child = finetune.with_upper(model, learner.result())
    learner.close()
    assert not any(map(np.array_equal, model.parameters, child.parameters))


def test_ok__samples_are_cut_again_from_what_the_camera_saw(tmp_path):
    model, card = shipped_model()
    page = draw_page(np.random.default_rng(5), 0.3)
    digits = Reader(model, card.reject_below).read(page.frame).digits
    assert len(digits) > 3
    with Samples(tmp_path / "s.db") as samples:
        samples.keep(
            [
                New(
                    np.zeros((28, 28), np.uint8),
                    d.label,
                    0.5,
                    d.label,
                    cut_out(page.frame.grey, d.box),
                )
                for d in digits
            ]
        )
        samples.keep([New(np.full((28, 28), 9, np.uint8), 1, 0.5, 1)])  # without a cut-out
        assert samples.cut_anew("way 1", "way 1", recut) == 0
        assert samples.cut_anew("way 2", "way 1", recut) == len(digits)
        assert samples.cut_anew("way 2", "way 1", recut) == 0
        new = samples.event(1)
        assert samples.event(2)[0].patch.max() == 9
    again = model.predict(np.stack([sample.patch for sample in new]))[:, :10].argmax(axis=1)
    assert np.mean(again == [digit.label for digit in digits]) >= 0.9
    assert recut(np.full((50, 40), 200, np.uint8)) is None


def idx(array: np.ndarray) -> bytes:
    magic = 0x0803 if array.ndim == 3 else 0x0801
    return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()


def test_ok__mnist_is_unpacked_once_and_mapped(tmp_path):
    packed, keep = tmp_path / "gz", tmp_path / "state" / "mnist"
    packed.mkdir()
    patches, labels = hand(30, 4)
    for name, array in (
        (data.TRAIN_IMAGES, patches),
        (data.TRAIN_LABELS, labels),
        (data.TEST_IMAGES, patches),
        (data.TEST_LABELS, labels),
    ):
        (packed / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
    assert rehearsal.mapped_mnist(packed, keep) == keep
    assert isinstance(data.load_train(keep, mapped=True)[0], np.memmap)
    assert rehearsal.mapped_mnist(keep, tmp_path / "unused") == keep
    (keep / data.TEST_IMAGES).write_bytes(b"cut short")
    rehearsal.mapped_mnist(packed, keep)
    assert len(data.load_test(keep)[0]) == 30
    (packed / f"{data.TEST_LABELS}.gz").write_bytes(b"\x1f\x8bnot")
    (keep / data.TEST_LABELS).unlink()
    with pytest.raises(BadData, match="damaged gzip"):
        rehearsal.mapped_mnist(packed, keep)
    (packed / f"{data.TEST_LABELS}.gz").unlink()
    with pytest.raises(MissingFile, match=r"night\.mnist"):
        rehearsal.mapped_mnist(packed, keep)
    with pytest.raises(BadData, match="too few images"):
        rehearsal.prepare(_whole(tmp_path / "whole", patches, labels))


def _whole(folder, patches, labels):
    folder.mkdir()
    for name, array in (
        (data.TRAIN_IMAGES, patches),
        (data.TRAIN_LABELS, labels),
        (data.TEST_IMAGES, patches),
        (data.TEST_LABELS, labels),
    ):
        (folder / name).write_bytes(idx(array))
    return folder
