"""Ink: light taken out, polarity found, strokes neither lost nor hollowed."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pi_reader.reading.binarise import MAX_PIXELS, binarise, estimate_noise, estimate_paper
from pi_reader.reading.candidates import find_candidates


def drawn(width: int = 6, size: tuple[int, int] = (320, 240)) -> np.ndarray:
    """Where ink is on a page with a 0, a 1 and a 7: (h, w) bool, strokes `width` pixels thick."""
    picture = Image.new("1", size)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((30, 60, 90, 160), outline=1, width=width)
    draw.line((140, 60, 140, 160), fill=1, width=width)
    draw.line((190, 60, 250, 60, 210, 160), fill=1, width=width)
    return np.array(picture)


def page(
    ink: np.ndarray, paper: np.ndarray | float, contrast: float = 0.6, noise: float = 1.0
) -> np.ndarray:
    rng = np.random.default_rng(3)
    grey = paper * (1 - contrast * ink) + rng.normal(0, noise, ink.shape)
    return np.clip(grey, 0, 255).astype(np.uint8)


def lights() -> dict[str, np.ndarray | float]:
    rows, columns = np.mgrid[0:240, 0:320]
    shadow = np.where(rows + 0.3 * columns > 150, 110.0, 200.0)
    return {
        "even": 200.0,
        "dim": 60.0,
        "ramp": 220 - 120 * columns / 320,
        "vignette": 230 - 130 * ((rows / 120 - 1) ** 2 + (columns / 160 - 1) ** 2) / 2,
        "shadow's edge": shadow,
    }


def agreement(found: np.ndarray, true: np.ndarray) -> float:
    """Intersection over union of two masks."""
    return float((found & true).sum() / (found | true).sum())


@pytest.mark.parametrize("name", lights())
def test_ok__the_ink_is_found_under_any_light(name: str) -> None:
    ink = drawn()
    assert agreement(binarise(page(ink, lights()[name])).mask, ink) > 0.85


@pytest.mark.parametrize("width", [2, 6, 14, 26])
def test_ok__thick_strokes_are_not_hollowed_and_thin_ones_not_lost(width: int) -> None:
    ink = drawn(width)
    assert agreement(binarise(page(ink, 200.0)).mask, ink) > 0.9


def test_ok__faint_pencil_stands_out_from_noise() -> None:
    ink = drawn(4)
    assert agreement(binarise(page(ink, 180.0, contrast=0.12, noise=1.5)).mask, ink) > 0.75


def test_ok__the_negative_has_the_same_ink() -> None:
    grey = page(drawn(), lights()["ramp"])
    dark, light = binarise(grey), binarise(255 - grey)
    assert light.light_ink and not dark.light_ink
    # brightness counts in the least contrast, so edges may differ by a pixel here and there
    assert agreement(light.mask, dark.mask) > 0.95


def test_ok__an_empty_page_has_no_ink() -> None:
    for light in lights().values():
        blank = page(np.zeros((240, 320), bool), light)
        # the edge of a hard shadow stays, a line; everything else is paper
        assert binarise(blank).mask.mean() < 0.01


def test_ok__large_pictures_are_averaged_down_and_the_scale_kept() -> None:
    small = page(drawn(), 200.0, noise=0)
    large = np.kron(small, np.ones((6, 6), np.uint8))
    ink = binarise(large)
    assert ink.mask.size <= MAX_PIXELS
    assert ink.scale == 2
    assert agreement(ink.mask, np.kron(drawn(), np.ones((3, 3), bool))) > 0.9


def test_ok__noise_is_measured_in_grey_levels() -> None:
    rng = np.random.default_rng(0)
    for deviation in (0.0, 1.0, 3.0, 8.0):
        grey = np.clip(rng.normal(120, deviation, (200, 300)), 0, 255).astype(np.uint8)
        assert estimate_noise(grey) == pytest.approx(deviation, rel=0.15, abs=0.3)


def test_ok__a_closing_keeps_a_ramp_up_to_the_border() -> None:
    ramp = np.tile(np.arange(40, dtype=np.int16) * 3, (30, 1))
    paper = estimate_paper(ramp - 30 * (ramp == 60), 4, light_ink=False)  # one column of ink
    assert np.abs(paper - ramp).max() <= 3  # one step of the ramp


def test_ok__types_and_shapes() -> None:
    for shape in ((1, 1), (1, 400), (400, 1), (2, 2), (3, 50), (37, 41), (240, 320)):
        ink = binarise(np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8))
        assert ink.contrast.shape == ink.mask.shape == ink.threshold.shape == shape
        assert (ink.contrast.dtype, ink.mask.dtype) == (np.uint8, bool)


def test_ok__the_light_is_known_where_there_is_ink() -> None:
    grey = np.full((240, 320), 200, np.uint8)
    grey[:, 160:] = 50  # a shadow
    grey[100:140, 80:84] = 100
    grey[100:140, 240:244] = 25
    ink = binarise(grey)
    light = ink.light_at(np.array([82, 242]), np.array([120, 120]))
    assert light.dtype == np.float32
    assert light == pytest.approx([200, 50], abs=8)
    share = [ink.contrast[120, x] / bright for x, bright in zip((82, 242), light, strict=True)]
    assert share == pytest.approx([0.5, 0.5], abs=0.06), "a pen is as dark in the shadow"


def on_desk(note: np.ndarray, desk: float, corner: tuple[int, int], turn: float) -> np.ndarray:
    """A note, (h, w) uint8, laid turned by some degrees on a desk of 640 x 480 pixels."""
    rng = np.random.default_rng(5)
    ground = Image.fromarray(np.clip(rng.normal(desk, 1.5, (480, 640)), 0, 255).astype(np.uint8))
    whole = Image.new("L", note.shape[::-1], 255).rotate(turn, expand=True)
    ground.paste(Image.fromarray(note).rotate(turn, expand=True), corner, whole)
    return np.asarray(ground)


def note(ink: float, paper: float, size: tuple[int, int] = (320, 240)) -> np.ndarray:
    """The page of `drawn`, made smaller, in two shades: (h, w) uint8."""
    small = Image.fromarray(drawn()).convert("L").resize(size)
    return np.clip(paper + (ink - paper) * (np.asarray(small) / 255), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("turn", [0, 12, -18])
@pytest.mark.parametrize("size", [(320, 240), (200, 160)])  # the smaller one is a tenth of it
@pytest.mark.parametrize("desk", [8, 40])
def test_ok__a_light_note_on_a_dark_desk(turn: float, size: tuple[int, int], desk: float) -> None:
    page = on_desk(note(30, 190, size), desk, (120, 40), turn)
    true = on_desk(note(255, 0, size), 0, (120, 40), turn) > 100
    ink = binarise(page)
    assert not ink.light_ink
    assert (ink.mask & true).sum() > 0.85 * true.sum()
    found = find_candidates(ink).components
    inside = (found.top >= 30) & (found.bottom <= 385) & (found.left >= 110) & (found.right <= 525)
    assert inside.all(), "no mark is found on the desk, nor at the paper's edge"


@pytest.mark.parametrize("left", [20, 37, 50])
@pytest.mark.parametrize("ink", [30, 130])
def test_ok__there_is_nothing_on_the_desk_beside_a_note(left: int, ink: float) -> None:
    page = on_desk(note(ink, 235), 28, (left, 60), 0)
    mask = binarise(page).mask
    mask[64:296, left + 4 : left + 316] = False
    assert not mask.any()


def test_ok__the_corner_of_a_bright_note_is_no_reflection() -> None:
    y, x = np.mgrid[:240, :320]
    bright = note(30, 240) * (1.07 - 0.1 * np.minimum(x / 320 + y / 240, 1))
    page = on_desk(np.clip(bright, 0, 254).astype(np.uint8), 28, (75, 60), 0)
    assert not len(binarise(page).glare)
    lamp = 255 * np.exp(-((np.hypot(x - 240, y - 150) / 30) ** 4))
    page = on_desk(np.clip(bright + lamp, 0, 255).astype(np.uint8), 28, (75, 60), 0)
    assert len(binarise(page).glare) == 1


@pytest.mark.parametrize("bold", [14, 18, 22])
def test_ok__a_bold_light_digit_is_no_note(bold: int) -> None:
    page = on_desk(np.full((1, 1), 28, np.uint8), 28, (0, 0), 0).copy()[:110, :110]
    page[30:80, 45 : 45 + bold] = 220
    ink = binarise(page)
    assert ink.light_ink and ink.mask[32:78, 47 : 43 + bold].all()


@pytest.mark.parametrize("light_ink", [False, True])
def test_ok__a_bright_or_dark_corner_is_no_ink_beside_a_thin_pen(light_ink: bool) -> None:
    rows, columns = np.mgrid[0:480, 0:640]
    corner = 150 + 40.0 * (rows + 12 * columns < 200)  # a sliver of what lies under the paper
    grey = page(drawn(2, (640, 480)), corner, 0.5)
    assert binarise(255 - grey if light_ink else grey).light_ink == light_ink


@pytest.mark.parametrize("contrast", [0.2, 0.3])
@pytest.mark.parametrize("light_ink", [False, True])
def test_ok__light_on_the_paper_is_no_ink_beside_a_thin_pen(
    contrast: float, light_ink: bool
) -> None:
    y, x = np.mgrid[0:240, 0:320]
    lamp = 120 + 60 * np.exp(-(((x - 250) / 40) ** 2) - ((y - 200) / 40) ** 2)
    grey = np.random.default_rng(5).normal(120, 3, (400, 480))  # a desk about as bright
    grey[80:320, 80:400] = lamp * (1 - contrast * drawn(2))
    grey = np.clip(grey, 0, 255).astype(np.uint8)
    assert binarise(255 - grey if light_ink else grey).light_ink == light_ink


def test_ok__a_reflection_on_a_note_is_no_light_ink() -> None:
    page = on_desk(note(120, 185), 28, (120, 60), 0)
    y, x = np.mgrid[: page.shape[0], : page.shape[1]]
    lamp = 70 * np.exp(-((np.hypot(x - 400, y - 90) / 24) ** 4))
    ink = binarise(np.clip(page + lamp, 0, 255).astype(np.uint8))
    true = on_desk(note(255, 0), 0, (120, 60), 0) > 100
    assert (ink.mask & true).sum() > 0.85 * true.sum()


@pytest.mark.parametrize("paper", [200, 236])
def test_ok__a_reflection_is_seen_on_bright_paper(paper: int) -> None:
    grey = np.full((480, 640), paper, np.float32)
    grey[200:260, 100:112] = grey[200:260, 300:312] = 40
    y, x = np.mgrid[:480, :640]
    grey += 255 * np.exp(-((np.hypot(x - 206, y - 230) / 36) ** 4))
    glare = binarise(np.clip(grey, 0, 255).astype(np.uint8)).glare
    assert len(glare) == 1 and np.abs(glare[0] - [170, 194, 242, 266]).max() < 16
    aside = np.full((480, 640), paper, np.float32)
    aside[200:260, 60:72] = 40
    aside += 255 * np.exp(-((np.hypot(x, y - 230) / 36) ** 4))
    glare = binarise(np.clip(aside, 0, 255).astype(np.uint8)).glare
    assert not len(glare), "what the frame cuts off may be as wide as the light is"
    grey[y < 400] = paper
    assert not len(binarise(np.clip(grey, 0, 255).astype(np.uint8)).glare)


def test_ok__a_dark_card_beside_light_paper() -> None:
    page = np.full((480, 640), 200, np.uint8)
    page[120:360, :320] = note(40, 200)
    page[120:360, 320:] = note(220, 30)
    page[:120, 320:] = page[360:, 320:] = 30
    ink = binarise(page)
    true = drawn()
    assert agreement(ink.mask[120:360, :320], true) > 0.85, "dark on light"
    assert agreement(ink.mask[120:360, 320:], true) > 0.85, "light on dark"
    assert not ink.mask[:, 310:330].any(), "the edge between them is no ink"


def test_ok__one_ground_under_a_deep_shadow_is_read_as_ever() -> None:
    for name, light in lights().items():
        assert not binarise(page(drawn(), light)).light_ink, name
