"""Digits drawn from strokes: made like MNIST's, the same by seed, and no two hands alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pi_reader.handwriting import Style, draw_non_digits, draw_patches, non_digits
from pi_reader.handwriting.letters import KINDS
from pi_reader.handwriting.patches import patches_of
from pi_reader.handwriting.pen import Track, digit_tracks, ink, tracks
from pi_reader.handwriting.splines import CORNER, TASTES, controls, line_of
from pi_reader.handwriting.strokes import FORMS
from pi_reader.handwriting.style import CONTROLS, random_traits

EVERY_DIGIT_OFTEN = np.repeat(np.arange(10), 30)
SKELETONS = [form.skeleton for forms in FORMS for form in forms]
SIGNS = [skeleton for _, skeletons in KINDS.values() for skeleton in skeletons]


@pytest.fixture(scope="module")
def patches() -> np.ndarray:
    return draw_patches(EVERY_DIGIT_OFTEN, np.random.default_rng(1))


@pytest.fixture(scope="module")
def marks() -> np.ndarray:
    return draw_non_digits(400, np.random.default_rng(2))


def centre_of_mass(patch: np.ndarray) -> tuple[float, float]:
    ink_here = patch.astype(np.float64)
    rows, columns = np.indices(patch.shape) + 0.5
    return (ink_here * columns).sum() / ink_here.sum(), (ink_here * rows).sum() / ink_here.sum()


def longer_edge(patch: np.ndarray) -> int:
    rows, columns = np.nonzero(patch > 40)
    return int(max(np.ptp(rows), np.ptp(columns)) + 1)


def test_patches_are_made_like_mnist(patches: np.ndarray) -> None:
    assert patches.shape == (300, 28, 28)
    assert patches.dtype == np.uint8
    for patch in patches:
        x, y = centre_of_mass(patch)
        assert abs(x - 14) <= 0.51
        assert abs(y - 14) <= 0.51
        assert 18 <= longer_edge(patch) <= 22
    assert not patches[:, [0, -1]].any(axis=(1, 2)).all()
    assert (patches.reshape(300, -1).max(axis=1) > 200).mean() > 0.97
    grey = (patches > 0) & (patches < 255)
    assert 0.05 < grey.mean() < 0.25  # soft edges, not stairs


def test_same_seed_same_digits() -> None:
    labels = np.arange(10)
    first, again, other = (draw_patches(labels, np.random.default_rng(s)) for s in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    marks_first, marks_again = (draw_non_digits(50, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(marks_first, marks_again)


def test_nothing_to_draw_gives_nothing() -> None:
    rng = np.random.default_rng(0)
    assert draw_patches(np.array([], int), rng).shape == (0, 28, 28)
    assert draw_non_digits(0, rng).shape == (0, 28, 28)


@pytest.mark.parametrize("labels", [[10], [-1], [[1, 2]]])
def test_fail__labels_that_are_no_digits(labels: list[int]) -> None:
    with pytest.raises(ValueError, match="labels"):
        draw_patches(np.array(labels), np.random.default_rng(0))


def test_fail__fewer_than_no_marks() -> None:
    with pytest.raises(ValueError, match="negative"):
        draw_non_digits(-1, np.random.default_rng(0))


def test_one_hand_is_more_like_itself_than_like_others() -> None:
    rng = np.random.default_rng(8)
    labels = np.arange(10)
    ratios = []
    for _ in range(6):
        style = Style.random(rng)
        mine = [draw_patches(labels, rng, style).astype(np.float32) for _ in range(2)]
        theirs = draw_patches(labels, rng, Style.random(rng)).astype(np.float32)
        ratios.append(np.abs(mine[0] - mine[1]).mean() / np.abs(mine[0] - theirs).mean())
        assert not np.array_equal(mine[0], mine[1])  # a hand is no stamp
    assert max(ratios) < 0.95
    assert np.mean(ratios) < 0.75


def test_people_from_europe_cross_their_sevens_and_flag_their_ones() -> None:
    def share(digit: int, words: tuple[str, ...], continental: float) -> float:
        labels = np.full(400, digit)
        traits = random_traits(labels, np.random.default_rng(3), continental)
        names = [FORMS[digit][form].skeleton.__name__ for form in traits.form]
        return float(np.mean([any(word in name for word in words) for name in names]))

    up_first = ("flag", "hooked", "retraced", "steep")
    assert share(7, ("crossed",), 1.0) > 0.6 > 0.3 > share(7, ("crossed",), 0.0)
    assert share(1, up_first, 1.0) > 0.5
    assert share(1, up_first, 0.0) < 0.3


@pytest.mark.parametrize("skeleton", SKELETONS + SIGNS, ids=lambda skeleton: skeleton.__name__)
def test_skeletons_are_lines_from_their_first_point_to_their_last(skeleton) -> None:
    tastes = np.random.default_rng(4).random((5, TASTES), dtype=np.float32)
    points = controls(skeleton, tastes)
    line = line_of(skeleton, 60)
    assert 2 <= points.shape[1] <= CONTROLS
    assert np.isfinite(points).all()
    assert np.abs(points).max() < 1.6
    for block in (line.sharp, line.soft):
        assert block.shape == (60, points.shape[1])
        assert block.dtype == np.float32
        # A spline is a weighted mean of its points: moved points move the whole line.
        np.testing.assert_allclose(block.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_allclose((block @ points)[:, [0, -1]], points[:, [0, -1]], atol=1e-5)


def test_a_corner_stays_a_corner_until_a_soft_hand_rounds_it() -> None:
    def hook(_: np.ndarray):
        return [[(0.0, 0.0), (1.0, 0.0, CORNER), (1.0, 1.0)]]

    line = line_of(hook, 41)
    points = controls(hook, np.full((1, TASTES), 0.5, np.float32))[0]
    sharp, soft = line.sharp @ points, line.soft @ points
    tip = np.array([1.0, 0.0])
    assert np.hypot(*(sharp - tip).T).min() < 1e-6
    assert 0.02 < np.hypot(*(soft - tip).T).min() < 0.2
    np.testing.assert_allclose(sharp[:20, 1], 0, atol=1e-6)  # two points: a straight way


def test_ink_by_hand() -> None:
    """A level stroke of radius 1 from x = 3 to x = 9 on y = 4: full inside, half at the rim."""
    points = np.array([[[3.0, 4.0], [9.0, 4.0]]], np.float32)
    radius = np.ones((1, 2), np.float32)
    drawn = ink(Track(points, radius, np.ones((1, 1), bool)), (8, 12))
    assert drawn.shape == (1, 8, 12)
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(drawn[0, 2:6, 5], [0, 1, 1, 0], atol=1e-6)  # 1.5 and 0.5 away
    shifted = ink(Track(points + np.float32(0.5), radius, np.ones((1, 1), bool)), (8, 12))
    np.testing.assert_allclose(shifted[0, 2:7, 5], [0, 0.5, 1, 0.5, 0], atol=1e-6)
    lifted = ink(Track(points, radius, np.zeros((1, 1), bool)), (8, 12))
    assert not lifted.any()


def test_batches_do_not_depend_on_their_size() -> None:
    """A digit drawn among many has the ink that it has alone."""
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 10, 600)
    track = digit_tracks(labels, random_traits(labels, rng, 0.5), rng)
    together = patches_of(track)
    for row in (0, 299, 599):
        alone = Track(*(part[row : row + 1] for part in (track.points, track.radius, track.down)))
        difference = np.abs(patches_of(alone)[0].astype(int) - together[row])
        assert difference.max() <= 1


def test_everything_is_float32_on_the_way() -> None:
    """numpy 2 keeps a float64 that slipped in, and a Zero has no use for it."""
    rng = np.random.default_rng(7)
    labels = np.arange(10)
    traits = random_traits(labels, rng, 0.5)
    for name in ("tastes", "quirk", "slant", "pen", "bend", "tremor", "soft", "width"):
        assert getattr(traits, name).dtype == np.float32, name
        assert getattr(traits.astray(rng), name).dtype == np.float32, name
    track = digit_tracks(labels, traits, rng)
    assert track.points.dtype == track.radius.dtype == np.float32


def test_marks_fill_their_patches(marks: np.ndarray) -> None:
    assert marks.shape == (400, 28, 28)
    assert marks.dtype == np.uint8
    assert (marks.reshape(400, -1).max(axis=1) > 100).all()
    assert len(np.unique(marks.reshape(400, -1), axis=0)) > 390


def test_kinds_can_be_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tests the refusal of the unknown is never drawn for training."""
    drawn: set[int] = set()
    monkeypatch.setattr(
        non_digits, "tracks", lambda keys, *rest: drawn.update(keys.tolist()) or tracks(keys, *rest)
    )
    draw_non_digits(900, np.random.default_rng(3), without=("w", "letters"))
    kinds = {non_digits._KIND_OF[key] for key in drawn}
    assert kinds == set(KINDS) - {"w", "letters"}
    drawn.clear()
    draw_non_digits(900, np.random.default_rng(3))
    kinds = {non_digits._KIND_OF[key] for key in drawn}
    assert kinds == set(KINDS) - set(non_digits.WITHHELD)
    with pytest.raises(ValueError, match="knows no kind zebra"):
        draw_non_digits(1, np.random.default_rng(3), without=("zebra",))


def test_marks_are_not_digits_by_their_nearest_neighbour(marks: np.ndarray) -> None:
    """Of digits and marks drawn anew, most have one of their own kind as their nearest."""
    rng = np.random.default_rng(9)
    digits = draw_patches(rng.integers(0, 10, 400), rng)
    known = np.concatenate([draw_patches(rng.integers(0, 10, 800), rng), draw_non_digits(800, rng)])
    flat = known.reshape(1600, -1).astype(np.float32)
    asked = np.concatenate([digits, marks]).reshape(800, -1).astype(np.float32)
    distance = (flat * flat).sum(axis=1) - 2 * asked @ flat.T
    is_mark = distance.argmin(axis=1) >= 800
    assert 1 - is_mark[:400].mean() > 0.85
    assert is_mark[400:].mean() > 0.7


def test_nearest_drawn_digit_names_real_digits(shared: Path) -> None:
    """The simplest reader there is, with drawn digits alone, reads most of a real test set."""
    with np.load(shared / "digits" / "semeion.npz") as data:
        real, truth = data["x"][::4], data["y"][::4]
    rng = np.random.default_rng(10)
    labels = rng.integers(0, 10, 4000)
    drawn = draw_patches(labels, rng)

    def blurred(images: np.ndarray) -> np.ndarray:
        wide = np.pad(images.astype(np.float32), ((0, 0), (1, 1), (1, 1)))
        soft = sum(wide[:, y : y + 28, x : x + 28] for y in range(3) for x in range(3))
        flat = np.asarray(soft).reshape(len(images), -1)
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    nearest = (blurred(real) @ blurred(drawn).T).argmax(axis=1)
    assert np.mean(labels[nearest] == truth) > 0.75


def test_ok__no_upright_bar_is_called_no_digit():
    """A marker's plain 1 is a bar, so bars must not be among what is refused."""
    upright, slanting, level, bracket = np.zeros((4, 28, 28), np.uint8)
    upright[4:24, 11:17] = 255
    for row in range(20):
        slanting[4 + row, 18 - row // 2 : 21 - row // 2] = 255
        bow = round((row - 10) ** 2 / 20)
        bracket[4 + row, 10 + bow : 12 + bow] = 255
    level[12:15, 4:24] = 255
    assert non_digits.is_a_bar(np.stack([upright, slanting, level, bracket])).tolist() == [
        True,
        True,
        False,
        False,
    ]
    assert not non_digits.is_a_bar(draw_non_digits(400, np.random.default_rng(3))).any()
