"""Trainings that learn, stop when told, and go on as if they had never stopped."""

from __future__ import annotations

import dataclasses
import io
import os
import signal
import threading
import time

import numpy as np
import pytest

from pi_reader.errors import BadSettings, PiReaderError
from pi_reader.network.classic import ClassicNetwork
from pi_reader.training import batches, calibrate, checkpoint, networks, trainer
from pi_reader.training.batches import Labelled, Mixture
from pi_reader.training.learners import BatchLearner, ClassicLearner
from pi_reader.training.recipes import RECIPES, ClassicRecipe, Recipe

RECIPE = Recipe(
    "small", ("conv 5x5/2 4", "dense 12"), batch=32, drawn=0.25, non_digits=0.125, rate=0.01
)


@pytest.fixture(autouse=True)
def _small_pools(monkeypatch):
    monkeypatch.setattr(batches, "PIECE", 64)
    for name in ("_PIECES", "_PIECES_WITHOUT_MNIST", "_PIECES_OF_MARKS"):
        monkeypatch.setattr(batches, name, (3, 1))


def bars(count: int = 120) -> Labelled:
    """Two kinds of marks that anyone can tell apart: upright (1) and lying (7) bars."""
    patches = np.zeros((count, 28, 28), np.uint8)
    patches[0::2, 6:22, 12:16] = 255
    patches[1::2, 12:16, 6:22] = 255
    labels = np.where(np.arange(count) % 2, 7, 1).astype(np.uint8)
    return Labelled(patches, labels, np.arange(count))


def batch_learner(epochs: int = 4, seed: int = 1, recipe: Recipe = RECIPE) -> BatchLearner:
    model = networks.build(
        recipe.layers, 11, checkpoint.random_for(seed, checkpoint.Stream.WEIGHTS)
    )
    return BatchLearner(model, recipe, Mixture(recipe, seed, bars()), epochs)


def classic_learner(epochs: int = 2) -> ClassicLearner:
    network = ClassicNetwork(784, 20, 10, 0.1, np.random.default_rng(2))
    return ClassicLearner(network, ClassicRecipe("small", turned=10.0), bars(250), epochs)


def test_ok__a_batch_has_its_shares_and_an_epoch_shows_everything_once():
    mixture = Mixture(RECIPE, 1, bars(128))
    assert mixture.steps_per_epoch == 128 // 20
    for step in range(2 * mixture.steps_per_epoch):
        patches, labels = mixture.take(step)
        assert patches.shape == (32, 28, 28, 1) and patches.dtype == np.float32
        assert labels.dtype == np.uint8
        assert (labels == batches.NO_DIGIT).sum() == 4
        assert set(labels[:20]) <= {1, 7}
    shown = np.sort(mixture._order[: 20 * mixture.steps_per_epoch])
    assert len(np.unique(shown)) == 20 * mixture.steps_per_epoch


def test_ok__a_batch_depends_on_seed_and_step_alone():
    first, second = Mixture(RECIPE, 1, bars()), Mixture(RECIPE, 1, bars())
    late = [first.take(step) for step in (0, 3, 9, 20)][-1]
    for one, other in zip(late, second.take(20), strict=True):
        np.testing.assert_array_equal(one, other)
    other = Mixture(RECIPE, 2, bars()).take(20)
    assert not np.array_equal(late[0], other[0])


def test_ok__without_mnist_everything_is_drawn():
    recipe = dataclasses.replace(RECIPE, epoch_without_mnist=320)
    mixture = Mixture(recipe, 1, None)
    assert mixture.steps_per_epoch == 10
    labels = np.concatenate([mixture.take(step)[1] for step in range(10)])
    assert set(labels) == set(range(11))


def test_ok__a_quick_look_draws_little_and_a_whole_training_all(monkeypatch):
    monkeypatch.undo()
    for recipe in RECIPES.values():
        if isinstance(recipe, Recipe):
            whole = Mixture(recipe, 1, None)._pools
            assert len(whole[0][1].labels) == 48 * batches.PIECE and whole[0][1]._fresh == 24
            assert all(len(pool.labels) == 8 * batches.PIECE for _, pool in whole[1:])
    quick = dataclasses.replace(RECIPES["default"], epoch_without_mnist=300)
    for _, pool in Mixture(quick, 1, None)._pools:
        assert len(pool.labels) == batches.PIECE and pool._fresh == 0


def test_ok__it_learns_and_the_average_reads():
    learner = batch_learner(epochs=12)
    run = trainer.train(learner)
    assert run.steps == learner.steps and not run.stopped
    digits = bars()
    guesses = learner.result().predict(digits.patches)[:, :10].argmax(axis=1)
    assert (guesses == digits.labels).mean() > 0.95
    learner.close()


@pytest.mark.parametrize("make", [batch_learner, classic_learner])
@pytest.mark.parametrize("at", [1, 5])
def test_ok__resumed_is_never_stopped(tmp_path, make, at):
    unbroken = make()
    trainer.train(unbroken)

    path = tmp_path / "checkpoint"
    broken = make()
    stopped = trainer.train(
        broken,
        keep=lambda steps: checkpoint.save(path, steps, {}, broken.state),
        stop=iter([""] * (at - 1) + ["enough"]).__next__,
    )
    assert (stopped.steps, stopped.stopped) == (at, "enough")
    broken.close()

    resumed = make()
    start = checkpoint.load(path, {}, resumed.state)
    assert start == at
    trainer.train(resumed, start)
    for name, array in unbroken.state.items():
        np.testing.assert_array_equal(array, resumed.state[name], err_msg=name)
    for one, other in zip(unbroken.result().parameters, resumed.result().parameters, strict=True):
        np.testing.assert_array_equal(one, other)
    unbroken.close()
    resumed.close()


def test_ok__checkpoints_are_kept_by_the_clock():
    kept: list[int] = []
    learner = classic_learner()
    trainer.train(learner, keep=kept.append, keep_every=0)
    assert kept == list(range(1, learner.steps + 1))
    kept.clear()
    trainer.train(classic_learner(), keep=kept.append, keep_every=1000)
    assert kept == []


def test_fail__a_loss_that_is_no_number_ends_the_training():
    learner = batch_learner(recipe=dataclasses.replace(RECIPE, rate=1e30))
    with np.errstate(all="ignore"), pytest.raises(PiReaderError, match="lower learning rate"):
        trainer.train(learner)
    learner.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ok__ctrl_c_and_kill_stop_after_the_step(number):
    before = signal.getsignal(number)
    with trainer.told_to_stop() as stop, trainer.unbroken():
        assert stop() == ""
        os.kill(os.getpid(), number)
        assert stop() in {"interrupted", "asked to stop"}
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ok__ctrl_c_and_kill_do_not_wait_for_a_batch_to_be_drawn(monkeypatch, number):
    """Nothing of the steps that are done is lost, and the threads that draw end soon."""
    learner, kept = batch_learner(), []
    monkeypatch.setattr(batches, "_PIECES", (100, 100))
    monkeypatch.setattr(batches, "_MOST_SPARE", 4000)
    slow = batch_learner()

    def draw(count, rng):
        time.sleep(0.2)
        return np.zeros((count, 28, 28), np.uint8), np.zeros(count, np.uint8)

    slow._mixture._pools[0][1]._draw = draw
    threading.Timer(0.7, os.kill, (os.getpid(), number)).start()
    began = time.monotonic()
    said = io.StringIO()
    monkeypatch.setattr(trainer, "_LINE_EVERY", 0.0)
    with trainer.told_to_stop(), trainer.Progress(slow, out=said) as shown:
        result = trainer.train(slow, 0, kept.append, shown=shown)
    slow.close()
    learner.close()
    assert result.stopped and kept == [0] and time.monotonic() - began < 1.7
    assert "drawing digits, " in said.getvalue()


def test_ok__a_second_ctrl_c_interrupts():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have ignored it
    try:
        with pytest.raises(KeyboardInterrupt), trainer.told_to_stop(), trainer.unbroken():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_ok__progress_is_a_bar_on_a_terminal_and_lines_elsewhere():
    for out, sign in ((Terminal(), "\r"), (io.StringIO(), "epoch 2.0 of 2, loss")):
        learner = classic_learner()
        with trainer.Progress(learner, out=out) as shown:
            trainer.train(learner, shown=shown)
        assert sign in out.getvalue()
        assert out.getvalue().endswith("\n")


def test_ok__no_word_on_the_time_left_before_it_can_be_known(monkeypatch):
    """The first step takes a minute, since it draws the digits; each after it a second."""

    class Long:
        steps, steps_per_epoch = 100, 50

    now, out = [0.0], io.StringIO()
    monkeypatch.setattr(trainer.time, "monotonic", lambda: now[0])
    with trainer.Progress(Long(), out=out) as shown:
        for step in range(1, 51):
            now[0] += 60.0 if step == 1 else 1.0
            shown.show(step, 0.5)
    first, second, third = out.getvalue().splitlines()
    assert first == "epoch 0.0 of 2, loss 0.500"
    assert second.endswith(", 79 s left") and third.endswith(", 59 s left")


@pytest.mark.parametrize(
    ("seconds", "words"), [(3, "3 s"), (89, "89 s"), (600, "10 min"), (9000, "2.5 h")]
)
def test_ok__durations_as_people_say_them(seconds, words):
    assert trainer.minutes(seconds) == words


@pytest.mark.parametrize("word", ["conv 3x5 8", "dense", "relu", "conv 3x3/0.5 8", ""])
def test_fail__words_that_are_no_layer(word):
    with pytest.raises(BadSettings, match="no layer"):
        networks.build([word], 10, np.random.default_rng(0))


def test_ok__a_temperature_brings_overconfidence_down():
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 10, 4000)
    logits = rng.standard_normal((4000, 11)).astype(np.float32)
    logits[np.arange(4000), labels] += 2
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    fitted = calibrate.fit_temperature(honest, labels)
    loud = honest**3 / (honest**3).sum(axis=1, keepdims=True)
    assert calibrate.fit_temperature(loud, labels) == pytest.approx(3 * fitted, rel=0.01)


def test_ok__the_curve_gives_what_it_says():
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 10, 1000)
    digits = np.full((1000, 11), 0.01, np.float32)
    digits[np.arange(1000), labels] = rng.uniform(0.3, 1, 1000)
    doubtful = np.argsort(digits.max(axis=1))[:12]
    labels[doubtful[::2]] = (labels[doubtful[::2]] + 1) % 10  # six of the twelve least sure wrong
    marks = np.full((200, 11), 0.01, np.float32)
    marks[:, 10] = 0.9
    curve = calibrate.reject_curve(digits, labels, marks)
    thresholds = [point.threshold for point in curve]
    assert thresholds == sorted(thresholds)
    chosen = calibrate.choose(curve, least_kept=1)
    assert chosen.kept == pytest.approx(0.9875, abs=0.002), "all twelve out, and no more"
    assert chosen.wrong <= 0.001 < curve[curve.index(chosen) - 1].wrong
    assert chosen.fooled == 0
    assert calibrate.choose(curve, most_wrong=-1) is curve[-1]
    strict = calibrate.choose(curve, least_kept=0.965)
    assert strict.threshold > chosen.threshold, "more is given up if one may"
    assert strict.kept == pytest.approx(0.97, abs=0.002)
    assert (digits[:, :10].max(axis=1) >= chosen.threshold).mean() == pytest.approx(chosen.kept)
    assert calibrate.reject_curve(digits, labels)[0].fooled is None


def test_ok__the_lectures_rate_shrinks_by_the_same_factor_from_epoch_to_epoch() -> None:
    lesson = ClassicRecipe("a test", rate=0.1, last_rate=0.001)
    rates = [lesson.rate_in(epoch, 3) for epoch in range(3)]
    assert rates == pytest.approx([0.1, 0.01, 0.001])
    assert ClassicRecipe("a test", rate=0.3).rate_in(2, 3) == 0.3
    assert lesson.rate_in(0, 1) == 0.1


def test_ok__a_shuffled_epoch_shows_each_digit_and_each_copy_once() -> None:
    class Listener(ClassicNetwork):
        seen: list[tuple[int, int]]

        def train_patches(self, patches: np.ndarray, labels: np.ndarray) -> None:
            self.seen += [
                (int(label), int(patch.sum())) for patch, label in zip(patches, labels, strict=True)
            ]

    patches = np.zeros((250, 28, 28), np.uint8)
    patches[:, 4:20, 12:15] = np.arange(1, 251, dtype=np.uint8)[:, None, None]
    digits = Labelled(patches, np.arange(250) % 10, np.arange(250))
    shown = []
    for seed in (1, 1, 2):
        network = Listener(784, 2, 10, 0.1, np.random.default_rng(1))
        network.seen = []
        lesson = ClassicRecipe("a test", turned=10, shuffled=True)
        learner = ClassicLearner(network, lesson, digits, 2, seed)
        for step in range(learner.steps):
            learner.learn(step)
        first, second = network.seen[:750], network.seen[750:]
        assert len(second) == 750 and first != second
        assert sorted(first) == sorted(second)
        assert {
            label: sum(label == one for one, _ in first) for label in range(10)
        } == dict.fromkeys(range(10), 75)
        shown.append(first)
    assert shown[0] == shown[1] != shown[2]
