"""Scenes: wider drawn pages with the truth about every mark."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pi_reader.handwriting import layouts, printing, texts
from pi_reader.handwriting.inking import seen
from pi_reader.handwriting.paper import View
from pi_reader.handwriting.scenes import KINDS, SIGNS, Glyph, Scene, Stamps, draw_scene
from pi_reader.handwriting.stamps import Look, press
from pi_reader.handwriting.surroundings import Curled, look_at_note
from pi_reader.handwriting.writing import Hand, write
from pi_reader.values import Box, Frame

NAMES = set("0123456789" + SIGNS) | {"letter", "other"}
WITHOUT_DIGITS = {"prose", "signs", "scene", "empty"}


def ones_and_bars() -> Stamps:
    """Stamps that no hand would draw: full squares for 0, hollow ones for all others."""
    full = np.zeros((28, 28), np.uint8)
    full[4:24, 4:24] = 255
    hollow = full.copy()
    hollow[8:20, 8:20] = 0
    return Stamps(np.stack([full, *[hollow] * 9]), np.arange(10))


def scenes(kind: str, count: int, stamps: Stamps | None = None) -> list[Scene]:
    return [draw_scene(np.random.default_rng([7, seed]), kind, stamps) for seed in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_ok__every_kind_draws_marks_whose_boxes_hold_their_ink(kind: str) -> None:
    drawn = scenes(kind, 6)
    for scene in drawn:
        grey = scene.frame.grey
        assert grey.dtype == np.uint8 and min(grey.shape) >= 300 and max(grey.shape) <= 800
        assert scene.kind == kind
        for glyph in scene.glyphs:
            box = glyph.box
            assert glyph.name in NAMES and glyph.line >= -1
            assert box.width > 0 and box.height > 0 and box.x >= 0 and box.y >= 0
            assert box.right <= grey.shape[1] and box.bottom <= grey.shape[0]
    names = {glyph.name for scene in drawn for glyph in scene.glyphs}
    assert bool(names) is (kind not in ("scene", "empty"))
    digits = {name for name in names if name.isdigit()}
    assert bool(digits) is (kind not in WITHOUT_DIGITS)


def test_ok__the_same_seed_gives_the_same_page() -> None:
    first, again, other = (draw_scene(np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(first.frame.grey, again.frame.grey)
    assert first.glyphs == again.glyphs and first.kind == again.kind
    assert not np.array_equal(first.frame.grey, other.frame.grey)


def test_ok__boxes_hug_the_ink() -> None:
    hugged, apart = [], []
    for scene in scenes("scan", 25):
        grey = scene.frame.grey.astype(float)
        strength = np.abs(grey - np.median(grey)) / np.abs(grey - np.median(grey)).max()
        for box in (glyph.box for glyph in scene.glyphs if glyph.name.isdigit()):
            cut = strength[box.y : box.bottom, box.x : box.right]
            inner = cut[1:-1, 1:-1] > 0.3  # a scan in black and white loses the palest pixels
            hugged.append(all(inner[edge].any() for edge in (0, -1, (..., 0), (..., -1))))
            around = strength[box.y - 1 : box.bottom + 1, box.x - 1 : box.right + 1].copy()
            around[1:-1, 1:-1] = 0
            apart.append(around.max() < 0.45)
    assert len(hugged) > 150 and np.mean(hugged) > 0.97
    assert np.mean(apart) > 0.85, "but where digits touch"


def test_ok__ink_can_be_seen_on_every_paper() -> None:
    contrasts = []
    for scene in scenes("number", 25):
        grey = scene.frame.grey.astype(float)
        for box in (glyph.box for glyph in scene.glyphs if glyph.name.isdigit()):
            x, y = max(box.x - 4, 0), max(box.y - 4, 0)
            ground = np.median(grey[y : box.bottom + 4, x : box.right + 4])
            cut = grey[box.y : box.bottom, box.x : box.right]
            contrasts.append(np.abs(np.percentile(cut, (3, 97)) - ground).max())
    assert len(contrasts) > 150 and np.percentile(contrasts, 3) > 20


def test_ok__kinds_come_by_their_shares() -> None:
    assert sum(KINDS.values()) == pytest.approx(1)
    kinds = {draw_scene(np.random.default_rng([1, seed])).kind for seed in range(40)}
    some = sorted(kinds)[:12]
    fewer = {draw_scene(np.random.default_rng([1, seed]), withheld=some).kind for seed in range(12)}
    assert not fewer & set(some)
    assert len(kinds) > 8


def test_ok__lines_are_digits_and_signs_in_reading_order() -> None:
    box = Box(0, 0, 3, 3)
    names = [("other", -1), ("3", 1), ("letter", 1), ("+", 1), ("4", 1), ("7", 0), ("other", 0)]
    glyphs = tuple(Glyph(name, box, line) for name, line in names)
    frame = Frame(np.zeros((8, 8), np.uint8))
    assert Scene(frame, glyphs, "sum").lines == ("7", "3+4")


def test_ok__lines_stand_from_left_to_right() -> None:
    for scene in scenes("sum", 8):
        for line in {glyph.line for glyph in scene.glyphs if glyph.line >= 0}:
            middles = [g.box.x + g.box.width / 2 for g in scene.glyphs if g.line == line]
            assert middles == sorted(middles)


def test_ok__stamps_are_the_digits_of_some_pages() -> None:
    stamped = 0
    for scene in scenes("number", 30, ones_and_bars()):
        zeros = [glyph.box for glyph in scene.glyphs if glyph.name == "0"]
        grey = scene.frame.grey.astype(float)
        cuts = [grey[b.y + 3 : b.bottom - 3, b.x + 3 : b.right - 3] for b in zeros]
        full = [np.median(cut) < np.median(grey) - 40 for cut in cuts if cut.size]
        stamped += bool(full) and all(full)
    assert 4 <= stamped <= 22


def test_ok__a_digit_without_a_stamp_is_drawn() -> None:
    only_a_one = Stamps(ones_and_bars().images[:1], np.array([1]))
    digits = {g.name for scene in scenes("spread", 8, only_a_one) for g in scene.glyphs}
    assert len(digits) > 4


def test_fail__a_kind_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="kind: is sudoku, must be one of"):
        draw_scene(np.random.default_rng(0), "sudoku")


def test_fail__stamps_without_labels() -> None:
    with pytest.raises(ValueError, match="stamps"):
        Stamps(np.zeros((3, 28, 28), np.uint8), np.arange(2))


def test_ok__print_needs_no_font_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "font_files", lambda: ())
    names = {glyph.name for scene in scenes("printed", 6) for glyph in scene.glyphs}
    assert "letter" in names


def test_ok__printed_characters_are_named() -> None:
    face = printing.Type("", 30.0, 1.0, "abc")
    marks = face.set(np.random.default_rng(0), "4 [x] 7,5 @", 10.0, 50.0, 2)
    assert [mark.name for mark in marks] == ["4", "(", "letter", ")", "7", ",", "5", "letter"]
    assert all(mark.line == 2 for mark in marks)
    feet = [mark.extent[3] for mark in marks if mark.name in "475"]
    assert np.ptp(feet) < 3 and 47 < np.mean(feet) < 54


def test_ok__what_is_struck_out_is_one_mark() -> None:
    for scene in scenes("struck", 8):
        others = [glyph for glyph in scene.glyphs if glyph.name == "other"]
        assert 1 <= len(others) <= 9


def test_ok__a_joined_word_is_one_letter_mark_and_no_digit() -> None:
    glyphs = [g for scene in scenes("cursive", 10) for g in scene.glyphs if g.line >= 0]
    wide = [glyph for glyph in glyphs if glyph.box.width > 2.5 * glyph.box.height]
    assert wide and {glyph.name for glyph in wide} == {"letter"}


def test_ok__light_paper_on_a_desk_is_a_part_of_the_picture() -> None:
    shares = []
    for scene in scenes("dark_desk", 12):
        for glyph in scene.glyphs:
            assert glyph.box.width < scene.frame.grey.shape[1] / 2
        shares.append((scene.frame.grey > np.percentile(scene.frame.grey, 99) * 0.6).mean())
    assert min(shares) < 0.5 and max(shares) > 0.5


def test_ok__a_curled_page_maps_there_and_back() -> None:
    matrix = View.random(np.random.default_rng(2), (640, 480), 0.9).matrix
    view = Curled(matrix, height=20.0, period=900.0, phase=1.0)
    points = np.random.default_rng(1).uniform(20, 460, (50, 2)).astype(np.float32)
    assert np.abs(view.to_page(view.to_frame(points)) - points).max() < 0.02
    assert np.abs(view.to_frame(points) - View(matrix).to_frame(points)).max() > 5


@pytest.mark.parametrize(("number", "by_rows"), [("47", False), ("4", True)])
def test_ok__columns_of_numbers_are_read_one_after_the_other_single_digits_by_rows(
    monkeypatch: pytest.MonkeyPatch, number: str, by_rows: bool
) -> None:
    monkeypatch.setattr(texts, "number", lambda rng, most: number)
    for seed in range(8):
        draft = layouts.Draft(np.random.default_rng([7, seed]), (640, 480), 0.3, None)
        layouts.columns(draft)
        lines = sorted({mark.line for mark in draft.marks})
        starts = [next(mark.extent for mark in draft.marks if mark.line == line) for line in lines]
        right = np.diff([left for left, *_ in starts]) > 64
        down = np.diff([top for _, top, *_ in starts]) > 24
        assert len(lines) == len(draft.marks) / len(number)
        assert right[0] == by_rows and down[0] != by_rows
        assert by_rows or right.sum() <= 2


def test_ok__wide_gaps_end_a_line() -> None:
    for kind in ("lone", "spread", "table"):
        for scene in scenes(kind, 6):
            for line in {glyph.line for glyph in scene.glyphs if glyph.line >= 0}:
                boxes = [glyph.box for glyph in scene.glyphs if glyph.line == line]
                tall = np.median([box.height for box in boxes])
                gaps = [b.x - a.right for a, b in pairwise(boxes)]
                assert max(gaps, default=0) < 4 * tall


def test_ok__on_pages_with_stamps_all_marks_are_as_coarse() -> None:
    stamps = ones_and_bars()
    rng = np.random.default_rng(5)
    hand = Hand.random(rng, 80.0, 0.3, stamps)
    marks = write(rng, hand, "1+2a=(3)", 0)
    assert all(mark.stamp is not None for mark in marks)
    tall = [
        mark.stamp.shape[0] / (mark.extent[3] - mark.extent[1])
        for mark in marks
        if mark.stamp is not None
    ]
    assert np.median(tall) == pytest.approx(20 / 80, rel=0.3)


def test_ok__slashes_lean_forward() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        (mark,) = write(rng, Hand.random(rng, 60.0, 0.3, None), "/", 0)
        first, last = mark.track.points[0, 0], mark.track.points[0, -1]
        assert first[0] > last[0] - 8 and first[1] < last[1]


@pytest.mark.parametrize("level", [0.3, 0.5, 0.68])
@pytest.mark.parametrize("tall", [14, 20, 36, 90])
def test_ok__a_stamp_leaves_the_paper_around_it_white(level: float, tall: int) -> None:
    ring = np.zeros((22, 22), np.uint8)
    ring[3:19, 3:19] = 128
    ring[4:18, 4:18] = 255
    ring[8:14, 8:14] = 0
    corners = np.array([[5.2, 7.9], [5.2 + tall, 8.3], [5.0, 7.9 + tall]])
    ink, (left, top) = press(ring, corners, level)
    assert (left, top) == (3, 6) or (left, top) == (4, 6)
    assert ink.min() == 0 and ink.max() > 0.95
    assert ink[0].max() == ink[:, 0].max() == 0
    middle = ink[int(tall * 0.5) + 1 - top + 7, int(tall * 0.5) + 1 - left + 5]
    assert middle == 0
    bold, _ = press(ring, corners, 0.3)
    assert bold.sum() >= ink.sum()


def test_ok__one_page_has_stamps_of_one_kind_of_hand() -> None:
    images = np.zeros((40, 28, 28), np.uint8)
    for row in range(40):  # bars from 1 to 8 pixels thick
        images[row, 4:24, 14 - row // 10 : 14 + (row // 5) % 2 + row // 10 + 1] = 255
    stamps = Stamps(images, np.ones(40, int))
    rng = np.random.default_rng(3)
    thin, thick = (
        np.mean(
            [
                stamps.pick(rng, 1, replace(Look.random(rng), thick=thick, lean=0)).shape[1]
                for _ in range(30)
            ]
        )
        for thick in (1.0, 7.0)
    )
    assert thin + 2 < thick
    assert stamps.pick(rng, 7, Look.random(rng)) is None


def test_ok__letters_are_shaped_like_digits_in_words_alone() -> None:
    rng = np.random.default_rng(5)
    hand = Hand.random(rng, 40.0, 0.3, ones_and_bars())
    full = {
        text: sum(
            mark.stamp is not None
            and mark.stamp.shape == (22, 22)
            and bool((mark.stamp[1:-1, 1:-1] == 255).all())
            for _ in range(40)
            for mark in write(rng, hand, text, 0)
            if mark.name == "letter"
        )
        for text in ("oo", "o  o", "4o", "o = 3")
    }
    assert full["oo"] > 10 and full["o  o"] > 10 and full["4o"] == full["o = 3"] == 0


def test_ok__writing_on_a_note_stays_on_the_note() -> None:
    view, page = look_at_note(np.random.default_rng(4), (640, 480))
    (mark,) = write(
        np.random.default_rng(1), Hand.random(np.random.default_rng(1), 20.0, 0.3, None), "4", 0
    )
    inside, across, beyond = (
        mark.moved(x, page[1] / 2) for x in (30.0, page[0] - 5.0, page[0] + 9.0)
    )
    assert len(seen([inside], view, page, (640, 480))) == 1
    assert not seen([across], view, page, (640, 480))
    assert not seen([beyond, inside], view, page, (640, 480)), "a line ends where it is cut off"
