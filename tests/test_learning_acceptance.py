"""The judge's arithmetic, by hand, and its refusals."""

from __future__ import annotations

import dataclasses
from math import comb

import night_world
import numpy as np
import pytest

from pi_reader.learning import acceptance, trial
from pi_reader.learning.acceptance import General, Opinion
from pi_reader.learning.finetune import LabelledDigits


@pytest.mark.parametrize(
    ("gains", "chance"),
    [
        ([], 1.0),
        ([0, 0], 1.0),
        ([1, 1, 1], 1 / 8),
        ([5], 1 / 2),
        ([3, -1], 2 / 4),
        ([-4], 1.0),
        ([2, 2, -1], 2 / 8),
        ([7] * 10, 2**-10),
        ([1, -1], 3 / 4),
    ],
)
def test_ok__luck_counts_all_ways(gains, chance):
    assert acceptance.p_value(gains) == pytest.approx(chance)


@pytest.mark.parametrize(("mended", "broken"), [(8, 1), (5, 0), (30, 20), (3, 9)])
def test_ok__of_right_and_wrong_it_is_mcnemars_test(mended, broken):
    n = mended + broken
    binomial = sum(comb(n, k) for k in range(mended, n + 1)) / 2**n
    assert acceptance.p_value([1] * mended + [-1] * broken) == pytest.approx(binomial)


def test_ok__clearness_is_bounded_and_wrong_is_wrong():
    sure = np.full((3, 11), 1e-9, np.float32)
    sure[0, 4] = sure[1, 5] = sure[2, 10] = 1.0
    said = acceptance.opinion(sure, np.array([4, 4, 10]))
    assert said.right.tolist() == [True, False, True] and said.wrong == 1
    assert said.margin.tolist() == [said.margin[0], -said.margin[0], said.margin[0]]
    assert acceptance.opinion(
        np.full((1, 11), 1 / 11, np.float32), np.array([3])
    ).margin.tolist() == [0]


def owner(before: list[bool], after: list[bool], gain: int = 8) -> acceptance.Owner:
    margin = [np.array([gain if right else -gain for right in some]) for some in (before, after)]
    return acceptance.compare(
        np.zeros(len(before), int),
        Opinion(np.array(before), margin[0]),
        Opinion(np.array(after), margin[1]),
        "held out",
    )


def test_ok__better_is_accepted_and_luck_is_not():
    assert owner([False] * 6 + [True] * 20, [True] * 26).better
    assert (
        "6 were read wrong, now 0 (6 mended, 0 broken"
        in owner([False] * 6 + [True] * 20, [True] * 26).figures
    )
    assert (
        "the right answer stands out more in 6, less in 0"
        in owner([False] * 6 + [True] * 20, [True] * 26).figures
    ), "what the chance is counted from"
    assert not owner([False, True], [True, True]).better
    assert not owner([True] * 30, [True] * 30).better
    assert not owner([True] * 6 + [False] * 2, [False] * 6 + [True] * 2).better


@pytest.mark.parametrize(
    ("after", "false_positives", "word"),
    [
        (10, 5, ""),
        (50, 5, ""),
        (20, 5, ""),
        (21, 5, "99.90%, now 99.79%"),
        (10, 26, "marks"),
    ],
)
def test_ok__a_tenth_of_a_point_may_be_lost(after, false_positives, word):
    before = General("MNIST", 10_000, 10 if after != 50 else 40, 2_000, 5)
    lost = General("MNIST", 10_000, after, 2_000, false_positives).loses(before)
    assert (word in lost) and bool(lost) == bool(word)


def test_ok__a_digit_that_nobody_taught_may_lose_little():
    before = General("MNIST", 10_000, 10, 2_000, 5, (1,) * 10)
    after = General("MNIST", 10_000, 13, 2_000, 5, (1,) * 7 + (5, 1, 0))
    assert "1 of the 7s were read wrong, now 5" in after.loses(before, [6, 7])
    assert not after.loses(before, [0, 6, 8, 9]) and not after.loses(before)
    assert "0.02 points" in after.loses(before, most=0.0002)


def test_ok__one_label_for_everything_is_no_hand():
    read = np.arange(40) % 10
    assert "labelled 7 were surely read as 0, 1, 2" in acceptance.doubtful_labels(
        np.full(40, 7), read, np.ones(40, bool)
    )
    assert not acceptance.doubtful_labels(read, read, np.ones(40, bool))
    assert not acceptance.doubtful_labels(np.full(40, 7), read, np.zeros(40, bool))
    ones = np.where(np.arange(40) % 2, 7, 2)  # a 1 that is read as 7 or 2: that is a hand
    assert not acceptance.doubtful_labels(np.ones(40, int), ones, np.ones(40, bool))


def test_ok__too_few_wait_and_say_how_many():
    assert "15 more labelled digits" in acceptance.waits_for(5, 5)
    assert "digits of 4 more readings" in acceptance.waits_for(60, 1)
    assert not acceptance.waits_for(20, 5)


def test_ok__where_nothing_is_wrong_and_nothing_unsure_there_is_nothing_to_learn():
    labels = np.array([3, 7, 10])
    said = np.full((3, 11), 0.001, np.float32)
    said[np.arange(3), labels] = 0.99
    assert acceptance.all_is_well(labels, said, 0.9)
    assert not acceptance.all_is_well(labels, said, 0.995), "unsure"
    assert not acceptance.all_is_well(np.array([3, 8, 10]), said, 0.9), "wrong"
    assert not acceptance.all_is_well(np.array([3, 7, 4]), said, 0.9), "missed"
    said[2, 5] = 0.95
    assert not acceptance.all_is_well(labels, said, 0.9), "a mark that is surely a 5"


def test_ok__weights_that_are_better_alone_but_not_with_the_memory_are_refused():
    better = owner([False] * 6 + [True] * 6, [True] * 12)
    assert better.better
    for recalled, accepted in (((2, 2), True), ((2, 0), True), ((1, 2), False)):
        one = dataclasses.replace(better, recalled=recalled)
        assert one.better == accepted
        assert f"with the memory {recalled[0]} were read wrong, now {recalled[1]}" in one.figures


def test_ok__the_judge_reads_with_a_memory_without_the_digit_itself():
    model, card = night_world.shipped_model()
    patches, labels = night_world.hand(300)
    held = np.arange(300) >= 100
    digits = LabelledDigits(patches, labels, np.arange(300) // 4, held)
    one = trial.Trial(model, card.reject_below, digits, None)
    alone = acceptance.opinion(model.predict(patches[held]), labels[held]).wrong
    before, after = one.recalled(model, 2.0, digits.take(~held), digits.take(held))
    assert before == after < alone
    nothing = digits.take(np.zeros(300, bool))
    assert one.recalled(model, 2.0, nothing, digits.take(held)) == (alone, alone)
    same = one.recalled(model, 2.0, digits, digits.take(held))
    assert 0 < same[0] < alone, "each digit is read without itself, and the others help"
