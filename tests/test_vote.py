"""Many looks, one answer."""

from __future__ import annotations

import weakref
from dataclasses import replace

import numpy as np
import pytest
from box import reading

from pi_reader.box.vote import ODD, RARE, Vote, same_place
from pi_reader.values import Box, Line, Reading


def said(vote: Vote, *texts: str) -> list[str | None]:
    """What each look leads to: a text that is said, "" for a withdrawal, None for nothing new."""
    answers = [vote.add(reading(text)) for text in texts]
    return [answer and answer.text if answer is None or answer.lines else "" for answer in answers]


@pytest.mark.parametrize(
    ("looks", "answers"),
    [
        (["12", "12", "12", "12"], [None, None, "12", None]),
        (["12", "", "12", "12"], [None, None, None, "12"]),  # three of the last four
        (["12", "", "", "12", "12"], [None] * 5),
        (["12", "13", "12", "12"], [None, None, "1?", None]),  # no look may be sure of another
        (["12", "1?", "12", "12"], [None, None, "1?", "12"]),
        (["1?", "1?", "1?", "1?"], [None, None, "1?", None]),
        (["12"] * 3 + [""] * 3, [None, None, "12", None, None, ""]),
        (["12"] * 3 + ["345"] * 3, [None, None, "12", None, None, "345"]),
        (["12"] * 4 + ["1?"] * 4, [None, None, "12"] + [None] * 5),  # doubts come too late
        (["12"] * 4 + ["17"] * 4, [None, None, "12"] + [None] * 4 + ["17"]),
        (  # what nobody is sure of comes and goes
            (["12"] * 3 + ["12?"] * 3) * 2 + ["12"],
            [None, None, "12", None, None, "12?"] + [None] * 7,
        ),
        (["12?"] * 3 + ["17"] * 3, [None, None, "12?", None, None, "17"]),
        (["123"] * 3 + ["12"] * 3, [None, None, "123", None, None, "12"]),
        ([""] * 4, [None] * 4),
        (["12"] * 3 + [""] * 3 + ["12"] * 3, [None, None, "12", None, None, "", None, None, "12"]),
    ],
)
def test_ok__what_is_said(looks: list[str], answers: list[str | None]) -> None:
    assert said(Vote(3, 4), *looks) == answers


def test_ok__a_page_that_slides_is_the_same_page() -> None:
    vote = Vote(3, 4)
    answers = [vote.add(reading("12", x=100 + 4 * look)) for look in range(30)]
    assert [answer.text for answer in answers if answer] == ["12"]
    assert vote.said is not None and vote.said.digits[0].box.x == 100 + 4 * 29


def test_ok__a_doubt_that_is_gone_after_something_moved_is_news() -> None:
    vote = Vote(3, 4)
    assert said(vote, "12?", "12?", "12?", "12", "12", "12") == [None, None, "12?", *[None] * 3]
    vote.stir()
    assert said(vote, "12", "12", "12") == [None] * 3
    vote.move()
    assert said(vote, "12", "12", "12") == ["12", None, None]
    assert said(vote, "12?", "12?", "12?") == [None, None, "12?"]
    vote.move()
    assert said(vote, "12", "12", "12") == [None] * 3  # as it was before: light that flickers
    assert said(vote, "", "", "", "12", "12", "12") == [None, None, "", None, None, "12"]


def test_ok__the_same_number_elsewhere_is_another_page() -> None:
    vote = Vote(2, 3)
    for _ in range(3):
        vote.add(reading("12"))
    vote.stir()
    assert [bool(vote.add(reading("12", x=300))) for _ in range(3)] == [False, True, False]


def test_ok__jitter_of_boxes_is_borne() -> None:
    wide = reading("12")
    shaken = replace(
        wide,
        lines=(
            Line(
                tuple(
                    replace(digit, box=Box(digit.box.x + 4, digit.box.y - 6, 24, 36))
                    for digit in wide.digits
                )
            ),
        ),
    )
    assert same_place(wide, shaken)
    assert not same_place(wide, reading("12", y=130))
    assert not same_place(wide, reading("1\n2"))


def test_ok__settled_once_more_looks_would_change_nothing() -> None:
    vote = Vote(3, 4)
    states = []
    for text in ["12", "12", "12", "", "", "", "12"]:
        vote.add(reading(text))
        states.append(vote.settled)
    assert states == [False, False, True, False, False, True, False]
    vote.forget()
    assert not vote.settled and vote.said is None


def test_ok__confidence_is_the_mean_of_the_looks() -> None:
    vote = Vote(2, 2)
    vote.add(reading("?"))
    answer = vote.add(reading("7"))
    assert answer is not None and answer.text == "?"
    assert answer.digits[0].confidence == pytest.approx((0.5 + 0.99) / 2)


def likely(*confidences: float, reason: str = "") -> Reading:
    """A look at a line of 2s with these confidences, sure from 0.6."""
    look = reading("2" * len(confidences))
    digits = [
        replace(digit, confidence=p, sure=p >= 0.6, reason=reason)
        for digit, p in zip(look.digits, confidences, strict=True)
    ]
    return replace(look, lines=(Line(tuple(digits)),))


@pytest.mark.parametrize(
    ("confidences", "text"),
    [
        ((0.85, 0.7, 0.4), "???"),  # marks of a drawing
        ((0.65, 0.5, 0.5, 0.2), "????"),  # letters
        ((0.65,), "?"),
        ((0.85,), "2"),  # a digit by itself
        ((0.85, 0.02, 0.01), "2??"),  # with dirt around it
        ((0.99, 0.5, 0.5), "2??"),  # a clear one is one, whatever stands beside it
        ((0.99, 0.98, 0.7, 0.62), "2222"),
        ((0.9, 0.88, 0.8, 0.75, 0.7), "22222"),
    ],
)
def test_ok__a_page_without_clear_digits_is_doubted(
    confidences: tuple[float, ...], text: str
) -> None:
    vote = Vote(3, 4)
    vote.add(likely(*confidences))
    vote.add(likely(*confidences))
    answer = vote.add(likely(*confidences))
    assert answer is not None and answer.text == text
    assert vote.settled and vote.add(likely(*confidences)) is None
    doubted = [one for one in answer.digits if one.confidence >= 0.6 and not one.sure]
    assert all(one.reason == ODD for one in doubted)


def test_ok__what_was_taught_is_believed_on_any_page() -> None:
    vote = Vote(1, 1)
    answer = vote.add(likely(0.7, 0.4, reason="taught 12:04"))
    assert answer is not None and answer.text == "2?"


def test_ok__an_unsure_look_does_not_make_a_doubted_page_believed() -> None:
    vote = Vote(3, 4)
    doubted = likely(0.85, 0.5, 0.5, 0.5)
    assert [vote.add(doubted) for _ in range(2)] == [None, None]
    answer = vote.add(doubted)
    assert answer is not None and answer.text == "????"
    assert vote.add(likely(0.5, 0.5, 0.5, 0.5, reason="may be 2 or 7")) is None


def test_ok__the_pictures_of_looks_that_count_no_more_are_not_kept() -> None:
    vote = Vote(3, 4)
    patch = np.zeros((28, 28), np.uint8)
    first = reading("7")
    line = Line((replace(first.digits[0], patch=patch),))
    vote.add(replace(first, lines=(line,)))
    kept = weakref.ref(patch)
    del first, line, patch
    assert said(vote, *["7"] * 4) == [None, "7", None, None]
    assert kept() is None


def test_ok__what_flickers_is_not_sure_because_some_looks_in_a_row_agree() -> None:
    vote = Vote(3, 4)
    assert said(vote, *["8", "", "", "", "", ""] * 4) == [None] * 24
    assert said(vote, "8", "8", "8") == [None, None, "?"]
    assert vote.said is not None and vote.said.digits[0].reason == RARE
    vote.stir()  # another scene
    assert said(vote, "8", "8", "8", "8") == [None, None, "8", None]


def test_ok__a_page_that_comes_without_a_move_is_announced_once_half_of_the_looks_show_it() -> None:
    vote = Vote(3, 4)
    assert said(vote, *[""] * 5, *["47"] * 5) == [None] * 9 + ["47"]
    late = Vote(3, 4)
    assert said(late, *[""] * 30, *["47"] * 8) == [None] * 32 + ["??"] + [None] * 4 + ["47"]


def test_ok__looks_that_differ_are_weighed_together() -> None:
    vote = Vote(3, 4)
    vote.add(likely(0.95, 0.3))
    vote.add(likely(0.65, 0.3))
    answer = vote.add(likely(0.65, 0.3))
    assert answer is not None and answer.text == "??"
