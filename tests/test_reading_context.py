"""What a page says of its marks, and signs of several parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pi_reader.box.weights import Fixed
from pi_reader.errors import BadData
from pi_reader.library import load, weights_path
from pi_reader.network.neighbourhood import KINDS
from pi_reader.network.store import load_all, save
from pi_reader.reading import context
from pi_reader.reading.binarise import binarise
from pi_reader.reading.candidates import find_candidates
from pi_reader.reading.context import (
    Judged,
    check_names,
    choose_wholes,
    in_context,
    with_names,
)
from pi_reader.reading.decode import Mark, places_of, weighted_median
from pi_reader.reading.language import shipped
from pi_reader.reading.line_decode import Rows, decode_lines
from pi_reader.reading.page import FEATURES, HEARD, Page, describe, hear, outlines
from pi_reader.reading.segmentation import MOST_PATCHES, Segmentation
from pi_reader.reading.windows import cut_windows


def mark(name: str, x: int = 0, y: int = 0, height: int = 40, width: int = 25) -> Mark:
    """A mark that both networks are rather certain of."""
    chances = [0.001] * 11
    chances[int(name) if name.isdecimal() else 10] = 0.99
    kinds = [0.001] * len(KINDS)
    kinds[KINDS.index(name)] = 0.977
    return Mark(x, y, x + width, y + height, 90.0, tuple(chances), kinds=tuple(kinds), stroke=4.0)


def row(*names: str) -> list[Mark]:
    """Marks in a row."""
    return [mark(name, x=40 * index) for index, name in enumerate(names)]


def with_activations(marks: list[Mark]) -> list[Mark]:
    """The same marks with what a network made of them, another one for each kind."""
    shapes = np.eye(len(KINDS), 96, dtype=np.float32)
    return [one.but(hidden=shapes[np.argmax(one.kinds)]) for one in marks]


def feature(marks: list[Mark], name: str) -> np.ndarray:
    """One number of each mark."""
    return describe(Page(marks), (200, 300))[:, FEATURES.index(name)]


def test_ok__every_feature_has_a_name_and_is_finite() -> None:
    numbers = describe(Page(row("1", "+", "letter", "7")), (200, 300))
    assert numbers.shape == (4, len(FEATURES)) and np.isfinite(numbers).all()
    assert len(set(FEATURES)) == len(FEATURES)


def test_ok__the_order_of_the_marks_does_not_matter() -> None:
    marks = row("1", "+", "letter", "7")
    there, back = (describe(Page(some), (200, 300)) for some in (marks, marks[::-1]))
    assert np.allclose(there, back[::-1], atol=1e-4)


def test_ok__what_stands_beside_counts_and_the_mark_itself_does_not() -> None:
    among_letters, among_digits = row("letter", "1", "letter"), row("7", "1", "7")
    assert (
        feature(among_letters, "beside: letters")[1] > feature(among_digits, "beside: letters")[1]
    )
    assert feature(among_digits, "page: digits")[1] > feature(among_letters, "page: digits")[1]


def test_ok__each_mark_hears_what_the_others_were_taken_for() -> None:
    page = Page(with_activations(row("7", "1", "7", "letter")))
    sure, doubted = (hear(page, np.array([p, 0.9, p, 0.0])) for p in (0.99, 0.2))
    assert sure.shape == (4, len(HEARD)) and np.isfinite(sure).all()
    for name in ("page: heard digits", "beside: heard digits", "page: count of digits"):
        column = HEARD.index(name)
        assert sure[1, column] > doubted[1, column]
    changed = hear(page, np.array([0.99, 0.1, 0.99, 0.0]))
    assert np.allclose(changed[1], sure[1]) and not np.allclose(changed[0], sure[0])  # not itself


def test_ok__each_mark_hears_whether_it_is_like_its_second_choice_if_that_is_asked() -> None:
    marks = row("7", "1", "7", "7")
    chances = list(marks[1].chances)
    chances[7] = 0.1
    others = with_activations(marks)
    others[1] = others[1].but(chances=tuple(chances), hidden=others[0].hidden)
    numbers = hear(Page(others), np.ones(4))[:, HEARD.index("unlike its name")]
    assert numbers[1] < -0.5 and not numbers[[0, 2, 3]].any()
    fewer = HEARD.index("unlike its name")
    assert hear(Page(marks), np.ones(4), fewer).shape == (4, fewer)  # without any activations


def test_ok__a_page_model_of_older_files_does_without_what_is_heard() -> None:
    context = load_all(weights_path("default")).context
    assert context is not None
    check_names(context)
    page = context.page
    size = len(FEATURES)
    older = replace(
        page,
        names=FEATURES,
        mean=page.mean[:size],
        scale=page.scale[:size],
        weights=np.zeros(size + 1, np.float32),
        hidden=None,
    )
    check_names(replace(context, page=older))
    marks = [replace(one, patch=np.zeros((28, 28), np.uint8)) for one in row("1", "7")]
    marks = [replace(one, hidden=np.zeros(96, np.float32)) for one in marks]
    ink = binarise(np.full((120, 200), 220, np.uint8))
    assert len(in_context(ink, marks, replace(context, page=older))) == 2
    with pytest.raises(BadData, match="other numbers"):
        check_names(replace(context, presence=replace(older, names=("a", *FEATURES[1:]))))


def test_ok__heights_are_told_in_those_of_the_digits() -> None:
    tall = feature([*row("1", "2", "3"), mark("letter", 200, 0, 80)], "height")
    assert tall[:3] == pytest.approx(0, abs=1e-6) and tall[3] == pytest.approx(np.log(2))
    assert weighted_median(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 0.1])) == 2.0


def stacked(name: str, likely: float, *components: int) -> Mark:
    kinds = [0.0] * len(KINDS)
    kinds[KINDS.index(name)], kinds[-1] = likely, 1 - likely
    return replace(
        mark("other"),
        components=frozenset(components),
        whole=len(components) > 1,
        kinds=tuple(kinds),
    )


def test_ok__two_dashes_are_an_equals_sign_or_two_dashes() -> None:
    upper, lower = stacked("-", 0.9, 1), stacked("-", 0.9, 2)
    assert choose_wholes([upper, lower, both := stacked("=", 0.8, 1, 2)]) == [both]
    assert choose_wholes([upper, lower, stacked("=", 0.3, 1, 2)]) == [upper, lower]


def test_ok__of_two_signs_that_share_a_part_the_likelier_wins() -> None:
    parts = [stacked(".", 0.5, 1), stacked("-", 0.5, 2), stacked(".", 0.5, 3)]
    divide, colon = stacked("÷", 0.9, 1, 2, 3), stacked(":", 0.6, 1, 3)
    assert choose_wholes([*parts, colon, divide]) == [divide]


def test_ok__several_parts_are_one_digit_or_letter_or_what_each_of_them_is() -> None:
    arc, stem, bracket = stacked("other", 0.7, 1), stacked("1", 0.8, 2), stacked("(", 0.9, 3)
    nine = stacked("9", 0.6, 1, 2).but(chances=mark("9").chances)
    assert choose_wholes([arc, stem, nine]) == [nine]  # an arc has no name
    six = stacked("6", 0.6, 2, 3).but(chances=mark("6").chances)
    assert choose_wholes([stem, bracket, six]) == [stem, bracket]
    letter = stacked("letter", 0.9, 1, 2).but(chances=mark("9").chances)
    assert choose_wholes([arc, stem, letter]) == [letter]
    none = nine.but(chances=mark("other").chances)
    assert choose_wholes([arc, stem, none]) == [arc, stem]


@pytest.mark.parametrize("together", [0.6, 0.99])
def test_ok__a_digit_in_parts_is_seen_either_way(together: float) -> None:
    page = np.full((120, 200), 220, np.uint8)
    page[30:34, 60:80] = page[56:60, 60:80] = page[30:60, 60:64] = 30  # a bowl and a stem: a 9
    page[30:90, 85:89] = 30

    class Nine:
        def predict(self, patches: np.ndarray) -> np.ndarray:
            wide = (patches > 0).any(axis=1).sum(axis=1)
            chances = np.zeros((len(patches), 11))
            chances[wide < 5, 1] = chances[wide > 12, 0] = 0.9
            chances[(wide >= 5) & (wide <= 12), 9] = together
            return chances

    here = SimpleNamespace()  # no cuts are asked
    three = 3  # patches that may be seen: what was seen already costs none
    run = Segmentation(Nine(), find_candidates(binarise(page)), three, here).run()
    (whole,) = [one for one in run.marks if one.whole]
    bowl, stem = sorted((one for one in run.marks if not one.whole), key=lambda one: one.left)
    assert (bowl.label, stem.label, whole.label) == (0, 1, 9)
    assert whole.components == bowl.components | stem.components
    found = Segmentation(Nine(), find_candidates(binarise(page))).run().marks
    assert [one.label for one in found if one.is_digit] == ([9] if together > 0.9 else [0, 1])


def test_ok__two_bars_are_a_letter_among_letters_and_two_digits_among_digits() -> None:
    def cut(likely: float) -> tuple[Mark, list[Mark]]:
        whole = replace(stacked("letter", likely, 1), whole=True)
        return whole, [replace(stacked(name, 0.9, 1), cut_from=whole) for name in "11"]

    whole, bars = cut(0.8)
    words = [stacked("letter", 0.9, 2 + number) for number in range(4)]
    assert choose_wholes([*bars, *words, whole]) == [*words, whole]
    numbers = [stacked("7", 0.9, 2 + number) for number in range(4)]
    assert choose_wholes([*bars, *numbers, whole]) == [*bars, *numbers]
    whole, bars = cut(0.1)
    assert choose_wholes([*bars, *words[:1], whole]) == [*bars, *words[:1]]


def test_ok__what_was_cut_is_judged_as_a_whole_too() -> None:
    page = np.full((120, 200), 220, np.uint8)
    for x in (60, 84):  # two bars and a bridge: an H, or two 1s that touch
        page[30:90, x : x + 5] = 30
    page[58:61, 60:88] = 30

    class Ones:
        def predict(self, patches: np.ndarray) -> np.ndarray:
            wide = (patches > 0).any(axis=1).sum(axis=1) > 8
            return np.where(wide[:, None], np.eye(11)[10] * 0.99, np.eye(11)[1] * 0.99)

    marks = Segmentation(Ones(), find_candidates(binarise(page))).run().marks
    (whole,) = [one for one in marks if one.whole]
    pieces = [one for one in marks if not one.whole]
    assert len(pieces) == 2 and whole.right - whole.left > 20
    assert all(piece.components == whole.components for piece in pieces)


def test_ok__a_piece_is_no_surer_on_a_page_of_digits_than_by_itself() -> None:
    whole = replace(mark("other", 40), whole=True)
    marks = [replace(mark("7", x), cut_from=whole if x else None) for x in (0, 40, 65)]
    marks = [replace(m, patch=np.zeros((28, 28), np.uint8), hidden=np.zeros(4)) for m in marks]
    seen = np.full((3, len(KINDS)), 0.001, np.float32)
    seen[:, KINDS.index("7")] = 0.4, 0.4, 0.98

    class Sure:
        threshold, names = 0.5, FEATURES + HEARD

        def __call__(self, numbers: np.ndarray) -> np.ndarray:
            return np.full(len(numbers), 0.9, np.float32)

    told = SimpleNamespace(predict=lambda *_: seen)
    context = SimpleNamespace(neighbourhood=told, presence=Sure(), page=Sure())
    ink = binarise(np.full((100, 120), 200, np.uint8))
    judged = in_context(ink, marks, context)  # type: ignore[arg-type]
    assert [round(one.confidence, 2) for one in judged] == [0.9, 0.4, 0.9]
    assert all(one.is_digit for one in judged)


def test_ok__what_holds_a_digit_is_none_however_its_line_is_read() -> None:
    blank = {"patch": np.zeros((28, 28), np.uint8), "hidden": np.zeros(4)}
    inner, outer = mark("7", 50, 50).but(**blank), mark("0", 30, 30, 80, 70).but(**blank)

    class Model:
        threshold, names = 0.3, FEATURES + HEARD

        def __init__(self, *said: float) -> None:
            self.said = np.array(said, np.float32)

        def __call__(self, numbers: np.ndarray) -> np.ndarray:
            return self.said.copy()

    told = SimpleNamespace(predict=lambda *_: np.array([inner.kinds, outer.kinds], np.float32))
    models = {"presence": Model(0.9, 0.9), "page": Model(0.9, 0.05)}
    context = SimpleNamespace(neighbourhood=told, **models)
    ink = binarise(np.full((130, 130), 200, np.uint8))
    judged = in_context(ink, [inner, outer], context)  # type: ignore[arg-type]
    assert [one.is_digit for one in judged] == [True, False]
    assert [one.presence for one in judged] == [pytest.approx(0.9), 0.0]
    heard, _, _ = decode_lines(judged, Rows(judged), shipped())
    assert [one.is_digit for one in heard] == [True, False]


def test_ok__a_mark_is_a_digit_a_sign_or_nothing() -> None:
    assert Judged(mark("7"), 0.9, True).sign == ""
    assert Judged(mark("+"), 0.01, False).sign == "+"
    assert Judged(mark("letter"), 0.01, False).sign == ""
    doubtful = replace(mark("+"), kinds=tuple(0.5 * kind for kind in mark("+").kinds))
    assert Judged(doubtful, 0.01, False).sign == ""


def test_ok__what_holds_a_digit_is_an_outline() -> None:
    marks = [mark("7", 50, 50), mark("other", 30, 30, 90, 80), mark("0", 100, 50), mark("1", 0, 0)]
    box = places_of(marks)
    assert (
        outlines(box, np.array([True, False, True, True])).tolist() == [False, True] + [False] * 2
    )
    assert not outlines(box, np.zeros(4, bool)).any()


def test_ok__what_holds_a_digit_does_not_say_how_tall_digits_are() -> None:
    paper = mark("other", 0, 0, 400, 500)
    kinds = [0.01] * len(KINDS)
    kinds[KINDS.index("0")], kinds[KINDS.index("other")] = 0.4, 0.4
    edges = paper.but(kinds=tuple(kinds))
    assert Page([*row("7", "1", "7"), edges]).usual == 40
    beside = edges.but(left=600, right=1100)
    assert Page([*row("7", "1", "7"), beside]).usual == 400, (
        "it may be a digit, for all that is seen"
    )


def test_ok__windows_are_cut_anew_where_the_edge_of_the_paper_had_set_their_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shipped_context = load_all(weights_path("default")).context
    assert shipped_context is not None
    edge = mark("1", 300, 0, 400, 4)
    seen = []

    def asked(neighbourhood: object, ink: object, marks: list[Mark], usual: float) -> np.ndarray:
        seen.append(usual)
        names = ["other" if one.height == 400 else str(one.label) for one in marks]
        return np.eye(len(KINDS), dtype=np.float32)[[KINDS.index(name) for name in names]]

    monkeypatch.setattr(context, "asked", asked)
    ink = binarise(np.full((500, 400), 220, np.uint8))
    in_context(ink, with_activations([*row("7", "1", "7"), edge]), shipped_context)
    assert seen == [400, 40]
    in_context(ink, with_activations(row("7", "1", "7")), shipped_context)
    assert seen[2:] == [40]


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (replace(mark("7"), torn=True), "torn from ink of another line"),
        (replace(mark("7"), chances=(0.0, 0.4, *[0.0] * 5, 0.5, 0.0, 0.0, 0.1)), "may be 7 or 1"),
        (replace(mark("letter"), chances=mark("7").chances), "may be a letter"),
        (mark("7"), "odd on this page"),
    ],
)
def test_ok__a_doubt_has_a_reason(one: Mark, reason: str) -> None:
    assert Judged(one, 0.6, True).reason == reason


def test_ok__a_window_shows_the_mark_in_its_middle_and_paper_outside() -> None:
    grey = np.full((120, 160), 220, np.uint8)
    grey[50:90, 10:14] = 30  # a stroke near the left edge
    grey[50:90, 40:44] = 30
    ink = binarise(grey)
    left = replace(mark("1"), left=10, right=14, top=50, bottom=90, strength=190.0)
    window = cut_windows(ink, [left])[0]
    assert window.shape == (56, 112) and window[28, 56] > 200
    beside = 56 + round(30 * 18 / 40)
    assert window[28, beside - 2 : beside + 3].max() > 200 and window[28, 65] < 40
    assert not window[:, :45].any()  # outside the page, and paper
    farther = cut_windows(ink, [left], least=80)[0]  # as small as for a mark of 80 pixels
    assert (farther > 100).sum() < (window > 100).sum()


class Doubtful:
    """A network that doubts everything, so that nothing is left untried; counts what it sees."""

    seen = 0

    def predict(self, patches: np.ndarray) -> np.ndarray:
        self.seen += len(patches)
        return np.full((len(patches), 11), 1 / 11, np.float32)


def test_ok__a_frame_of_confetti_costs_no_more_than_it_may() -> None:
    rng = np.random.default_rng(0)
    for count in (300, 3000):
        grey = np.full((480, 640), 230, np.uint8)
        for x, y in rng.integers(0, [600, 440], (count, 2)).tolist():
            grey[y : y + rng.integers(4, 40), x : x + rng.integers(2, 30)] = 20
        network = Doubtful()
        Segmentation(network, find_candidates(binarise(grey))).run()
        assert network.seen <= MOST_PATCHES


def test_ok__weights_of_another_version_read_with_the_shipped_context(tmp_path: Path) -> None:
    shipped = load_all(weights_path("default"))
    assert shipped.context is not None
    presence = replace(shipped.context.presence, names=("one", *FEATURES[1:]))
    path = tmp_path / "earlier.npz"
    save(path, shipped.model, shipped.card, replace(shipped.context, presence=presence))
    for reader in (load(str(path)), Fixed(path, shipped=weights_path("default")).open()):
        assert reader.context is not None
        assert reader.context.presence.names == FEATURES
    with pytest.raises(BadData, match="other numbers"):
        Fixed(path).open()


def named(digit: int, likely: float = 0.9) -> tuple[float, ...]:
    """What is told of one of two that were named together."""
    return tuple(likely * (place == digit) for place in range(10))


def test_ok__the_names_of_two_count_more_among_digits_than_among_letters() -> None:
    piece = mark("letter").but(cut_from=mark("letter"), paired=named(4))
    told_of = []
    for others in (row("1", "7", "3"), row("letter", "letter", "letter")):
        marks = [piece, mark("letter"), *others]
        kinds = np.array([one.kinds for one in marks], np.float32)
        before = kinds.copy()
        told_of.append(with_names(kinds, marks)[0, 4])
        assert np.array_equal(kinds[1:], before[1:])
        assert kinds[0].sum() == pytest.approx(1)
    assert told_of[0] > told_of[1] + 0.1 and told_of[0] > 0.5 > before[0, 4]


def test_ok__a_percent_is_rather_one_sign_than_two_doubtful_digits() -> None:
    whole = mark("%").but(components=frozenset({1}), whole=True)
    pieces = [mark(name).but(components=frozenset({1}), cut_from=whole) for name in "96"]
    doubtful = [one.but(kinds=tuple(0.7 * p for p in one.kinds)) for one in pieces]
    assert choose_wholes([*doubtful, whole]) == [whole]
    letter = whole.but(kinds=mark("other").kinds)
    assert choose_wholes([*doubtful, letter]) == doubtful
