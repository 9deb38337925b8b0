"""Pages that lie askew: the angle is found from the marks, the ink turned, boxes turned back."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pi_reader.network.neighbourhood import KINDS
from pi_reader.reading.binarise import binarise
from pi_reader.reading.candidates import Candidates, find_candidates
from pi_reader.reading.context import Judged
from pi_reader.reading.decode import Mark
from pi_reader.reading.orientation import Orientation, _doubted, _expected, _on_its_head
from pi_reader.reading.segmentation import MOST_PATCHES
from pi_reader.reading.turning import (
    CLEARLY,
    find_angle,
    find_quarters,
    find_slope,
    reads_on_its_head,
    upright,
)

MIDDLE = 320, 240


def askew(angle: float, edge: bool = False) -> Candidates:
    """Two lines of rings, turned clockwise by that many degrees; edge: with a beam at the side."""
    picture = Image.new("L", (640, 480), 210)
    draw = ImageDraw.Draw(picture)
    for row in range(2):
        for place in range(4):
            x, y = 230 + 46 * place, 190 + 80 * row
            draw.ellipse((x, y, x + 28, y + 40), outline=40, width=5)
    turned = picture.rotate(-angle, Image.Resampling.BICUBIC, center=MIDDLE, fillcolor=210)
    if edge:
        ImageDraw.Draw(turned).rectangle((0, 100, 12, 400), fill=40)
    return find_candidates(binarise(np.asarray(turned)))


@pytest.mark.parametrize("angle", [-44, -30, -14, 14, 30, 44])
def test_ok__the_angle_is_found_to_two_degrees(angle: float) -> None:
    assert find_angle(askew(angle).components) == pytest.approx(angle, abs=2)


@pytest.mark.parametrize("angle", [90, 180, -90])
def test_ok__turned_by_quarters_no_pixel_changes_and_boxes_come_back(angle: float) -> None:
    page = askew(0)
    ink, turn = upright(page, angle)
    assert np.array_equal(np.rot90(ink.contrast, -angle // 90), page.ink.contrast)
    assert np.array_equal(np.rot90(ink.mask, -angle // 90), page.ink.mask)
    before, after = page.components, find_candidates(ink).components
    corners = np.stack([before.left, before.top, before.right, before.bottom], axis=1)
    for i in range(len(after)):
        box = np.array(turn.back(after.left[i], after.top[i], after.right[i], after.bottom[i]))
        assert np.abs(corners - box).max(axis=1).min() <= 1


@pytest.mark.parametrize(("about", "angle"), [(65, 60), (-115, -120), (150, 150), (240, 240)])
def test_ok__the_angle_is_found_where_it_is_roughly_known(about: float, angle: float) -> None:
    assert find_angle(askew(angle).components, about) == pytest.approx(angle, abs=2)


@pytest.mark.parametrize(("angle", "told"), [(210, -150), (315, -45), (-180, 180), (150, 150)])
def test_ok__no_page_is_turned_by_more_than_half_a_turn(angle: float, told: float) -> None:
    assert upright(askew(0), angle)[1].angle == told


@pytest.mark.parametrize("angle", [-5, 0, 5])
def test_ok__a_page_that_lies_almost_straight_is_left_alone(angle: float) -> None:
    assert find_angle(askew(angle).components) == 0


@pytest.mark.parametrize("angle", [-20, -5, -3, 0, 3, 5, 20])
def test_ok__lines_that_climb_by_little_are_told_by_their_marks(angle: float) -> None:
    found = askew(angle).components
    boxes = np.stack([found.left, found.top, found.right, found.bottom], axis=1).tolist()
    marks = [Mark(*box, 90.0, (1.0,)) for box in boxes]
    assert find_slope(marks) == pytest.approx(angle, abs=1)
    column = sorted(marks, key=lambda one: one.left)[:2]  # of both lines: nothing follows
    assert find_slope(column) == find_slope(marks[:1]) == find_slope([]) == 0


def test_ok__an_empty_page_and_a_lone_mark_have_no_angle() -> None:
    found = askew(30).components
    assert find_angle(found.pick(np.array([], np.int64))) == 0
    assert find_angle(found.pick(np.array([0]))) == 0


def test_ok__turned_upright_the_lines_are_level_and_the_boxes_come_back() -> None:
    page = askew(30)
    ink, turn = upright(page, 30)
    after = find_candidates(ink).components
    assert len(after) == 8 and find_angle(after) == 0
    tops = np.sort(after.top)
    assert np.ptp(tops[:4]) <= 2 and np.ptp(tops[4:]) <= 2
    before = page.components
    corners = np.stack([before.left, before.top, before.right, before.bottom], axis=1)
    for i in range(8):
        box = np.array(turn.back(after.left[i], after.top[i], after.right[i], after.bottom[i]))
        assert np.abs(corners - box).max(axis=1).min() <= 3


def test_ok__what_left_the_frame_stays_away() -> None:
    page = askew(30, edge=True)
    assert len(find_candidates(upright(page, 30)[0]).components) == 8


def told(label: int, height: int = 9) -> Mark:
    """A mark that the network takes for a digit."""
    chances = [0.01] * 10
    chances[label] = 0.9
    return Mark(0, 0, 6, height, 90.0, tuple(chances))


def a_letter() -> Judged:
    kinds = tuple(0.9 if kind == "letter" else 0.0 for kind in KINDS)
    return Judged(told(8).but(kinds=kinds), 0.1, False)


def ways(page: Candidates, *judged: list[Judged]) -> Orientation:
    """A page of which each look says this, one after the other."""
    looks = iter(judged)
    judge = lambda found, left: (next(looks), left)  # noqa: E731
    return Orientation(page, page.ink, judge, Topheavy(False), 0.6, MOST_PATCHES)


def test_ok__a_page_that_an_earlier_look_saw_upright_is_read_once_and_level() -> None:
    page, seen = askew(5), list[Candidates]()

    def judge(found: Candidates, left: int) -> tuple[list[Judged], int]:
        seen.append(found)
        return [], left  # reads badly, and is not read on its sides for all that

    way = Orientation(page, page.ink, judge, Topheavy(False), 0.6, MOST_PATCHES, 5.0)
    _, turn = way.best()
    assert turn is not None and turn.angle == 5.0
    assert len(seen) == 1 and np.ptp(seen[0].components.top[:4]) <= 2  # its first line


def lies(quarters: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the digits say that a page may lie turned by these degrees."""
    monkeypatch.setattr("pi_reader.reading.orientation.find_quarters", lambda *_: quarters)


@pytest.mark.parametrize(
    ("sure_of", "angle"),
    [((0.0, 0.8, 1.0), -160), ((0.7, 0.0, 0.6), 20), ((0.0, 0.7, 0.7), 0)],
)
def test_ok__an_askew_page_is_turned_on_its_head_where_it_reads_better_then(
    sure_of: tuple[float, ...], angle: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sure_of: its digits with level lines, as it lies and on its head."""
    lies([180.0], monkeypatch)
    page = askew(20)
    looks = [[Judged(told(2), p, p > 0.5)] * len(page.components) for p in sure_of]
    _, turn = ways(page, *looks).best()
    assert (turn.angle if turn else 0) == pytest.approx(angle, abs=2)


def test_ok__specks_beside_digits_speak_against_no_way_up(monkeypatch: pytest.MonkeyPatch) -> None:
    lies([-90.0], monkeypatch)
    specks = [Judged(told(1, height=3), 0.01, False)] * 30
    digits = [Judged(told(label), 0.97, True) for label in (5, 2, 3)]
    judged, turn = ways(askew(0), specks, specks + digits, specks).best()
    assert turn is not None and turn.angle == -90
    assert sum(one.is_digit for one in judged) == 3
    marks = [Judged(told(8), 0.01, False)] * 4  # as large as the digits: a page of text
    assert ways(askew(0), specks, marks + digits).best()[1] is None


def test_ok__of_two_sides_the_one_that_reads_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    lies([90.0, -90.0], monkeypatch)
    none, digits = [Judged(told(8), 0.01, False)] * 3, [Judged(told(5), 0.9, True)] * 3
    _, turn = ways(askew(0), none, none, digits, none).best()
    assert turn is not None and turn.angle == -90


@pytest.mark.parametrize(("letters", "turned"), [(1, True), (3, False)])
def test_ok__letters_speak_for_a_page_as_it_lies(
    letters: int, turned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of three words look like digits on their side."""
    lies([90.0], monkeypatch)
    side = [Judged(told(label), 0.95, True) for label in (3, 9)] + [Judged(told(1), 0.1, False)]
    _, turn = ways(askew(0), [a_letter()] * letters, side, []).best()
    assert (turn is not None) is turned


def test_ok__digits_of_which_none_says_what_is_up_turn_no_page_that_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lies([90.0], monkeypatch)
    faint, rings = [Judged(told(0), 0.75, True)] * 2, [Judged(told(0), 0.99, True)] * 2
    assert ways(askew(0), faint, rings).best() == (faint, None)
    judged, turn = ways(askew(0), [], rings).best()
    assert turn is not None and turn.angle == 90
    assert [one.reason for one in judged] == ["may be upside down"] * 2


def test_ok__a_page_that_reads_no_better_turned_may_still_stand_on_its_head(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lies([180.0], monkeypatch)
    monkeypatch.setattr("pi_reader.reading.orientation.reads_on_its_head", lambda *_: True)
    either = [Judged(told(1), 0.8, True)] * 2, [Judged(told(1), 0.97, True)] * 2
    judged, _ = ways(askew(0), *either).best()  # and no side is read twice
    assert [one.reason for one in judged] == ["may be upside down"] * 2


def test_ok__what_holds_a_digit_says_nothing_of_the_way_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    mark = told(2)
    taught = mark.but(taught="taught 12:04")
    judged = [Judged(mark, 0.4, True, 0.8), Judged(mark, 0.1, False, 0.0)]
    judged += [Judged(taught, 0.4, True, 0.2), Judged(mark, 0.1, False)]
    monkeypatch.setattr(
        "pi_reader.reading.orientation.find_quarters",
        lambda marks, present, *_: asked.append((len(marks), present)) or [],
    )
    ways(askew(0), judged).best()
    assert asked == [(3, [0.8, 1.0, 1.0])]


def test_ok__what_nobody_can_read_speaks_against_no_way_up() -> None:
    mark = Mark(0, 0, 20, 30, 90.0, (0.0, 0.0, 0.9, *[0.0] * 8))
    held = Judged(mark.but(unreadable="cut off by the edge of the frame"), 0.0, True)
    assert _expected([held]) == 0.0, "an empty page would be better"
    assert _expected([held, Judged(mark, 0.9, True)]) == pytest.approx(0.8)


class Topheavy:
    """Takes a patch for an 8 if its ink is above the middle, or anywhere if `either`."""

    def __init__(self, either: bool) -> None:
        self.either = either

    def predict(self, patches: np.ndarray) -> np.ndarray:
        above = patches[:, :14].sum(axis=(1, 2)) > patches[:, 14:].sum(axis=(1, 2))
        chances = np.full((len(patches), 11), 0.001, np.float32)
        chances[:, 8] = np.where(above | self.either, 0.98, 0.01)
        return chances


@pytest.mark.parametrize("either", [True, False])
def test_ok__digits_that_read_as_well_on_their_head_are_known(either: bool) -> None:
    patch = np.zeros((28, 28), np.uint8)
    patch[4:12, 8:20] = 255
    marks = [Mark(0, 0, 20, 28, 90.0, (0.1,) * 10, patch=patch)] * 3
    assert reads_on_its_head(marks, Topheavy(either), {}) is either
    assert not reads_on_its_head([], Topheavy(either), {})


@pytest.mark.parametrize(("present", "quarters"), [(1.0, []), (0.01, [90, -90])])
def test_ok__what_the_page_takes_for_no_digit_speaks_for_another_way_up(
    present: float, quarters: list[float]
) -> None:
    """Shapes that the network takes for digits either way, as a 6 on its side for an o."""
    patch = np.zeros((28, 28), np.uint8)
    patch[4:24, 8:20] = 255
    marks = [Mark(0, 0, 20, 28, 90.0, (0.0, 0.0, 0.9, *[0.0] * 8), patch=patch) for _ in range(3)]
    assert find_quarters(marks, [present] * 3, Topheavy(True), {}) == quarters


class Wide:
    """Takes what is wide for an 8."""

    def predict(self, patches: np.ndarray) -> np.ndarray:
        is_wide = (patches > 0).any(axis=1).sum(axis=1) > (patches > 0).any(axis=2).sum(axis=1)
        return np.where(is_wide[:, None], np.eye(11)[8] * 0.98, np.eye(11)[10] * 0.98)


def bar(size: int, is_wide: bool) -> Mark:
    patch = np.zeros((28, 28), np.uint8)
    patch[10:18, 4:24] = 255
    patch = patch if is_wide else np.ascontiguousarray(patch.T)
    return Mark(0, 0, size, size, 90.0, (0.1,) * 10, patch=patch)


def test_ok__what_is_no_digit_by_the_page_speaks_for_no_page_on_its_head() -> None:
    assert find_quarters([bar(20, True) for _ in range(3)], [0.01] * 3, Wide(), {}) == []


def test_ok__the_largest_marks_say_which_way_is_up() -> None:
    lying = [bar(30, False) for _ in range(4)]
    standing = [bar(20, True) for _ in range(80)]
    marks = [*standing[:40], *lying, *standing[40:]]
    assert find_quarters(marks, [0.5] * 84, Wide(), {}) == []
    specks = [bar(size, True) for size in range(3, 9)]
    assert find_quarters([*specks, *lying], [0.5] * 10, Wide(), {}) == [90, -90]


def test_ok__few_digits_among_many_marks_of_their_size_turn_no_page() -> None:
    def others(count: int, size: int) -> list[Mark]:
        patch = np.zeros((28, 28), np.uint8)
        patch[6:22, 6:22] = 255
        return [Mark(0, 0, size, size, 90.0, (0.1,) * 10, patch=patch) for _ in range(count)]

    lying = [bar(30, False) for _ in range(3)]
    assert find_quarters([*lying, *others(9, 29)], [0.01] * 12, Wide(), {}) == []
    assert find_quarters([*lying, *others(4, 29)], [0.01] * 7, Wide(), {}) == [90, -90]
    assert find_quarters([*lying, *others(2, 70)], [0.01] * 5, Wide(), {}) == [90, -90]


def test_ok__a_page_that_reads_better_on_its_head_is_doubted() -> None:
    def digits(*sure: float) -> list[Judged]:
        return [Judged(Mark(0, 0, 9, 9, 90.0, (0.1,) * 10), one, True) for one in sure]

    assert _on_its_head(digits(0.99, 0.98), digits(0.99, 0.99), CLEARLY) < 0.1
    assert 0.2 < _on_its_head(digits(0.98, 0.93), digits(0.998, 0.995), CLEARLY) < 0.8
    assert _on_its_head(digits(0.6, 0.4), digits(0.998, 0.995), CLEARLY) > 0.9
    assert _on_its_head(digits(0.99, 0.5), digits(0.99), CLEARLY) == 0  # fewer digits
    lost = Judged(Mark(0, 0, 9, 9, 90.0, (0.1,) * 10, unreadable="cut off"), 0.0, True)
    assert _on_its_head([lost, *digits(0.94)], digits(0.93), CLEARLY) == 0
    either = _on_its_head(digits(0.9), digits(0.91), 1.0)
    assert 0.5 < either < 0.6, "on its one side or the other: neither is likelier beforehand"
    (one,) = _doubted(digits(0.99), 0.4)
    assert one.confidence == pytest.approx(0.594) and one.reason == "may be upside down"
    assert _doubted(digits(0.99), 0.01)[0].confidence == 0.99
