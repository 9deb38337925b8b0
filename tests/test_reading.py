"""The reader from frame to reading, with a network that knows shapes drawn here."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pi_reader.reading.reader import Reader
from pi_reader.reading.segmentation import MOST_PATCHES
from pi_reader.values import Frame

SEVEN = ((0, 0), (60, 0), (20, 100))
ONE = ((0, 0), (0, 100))
FOUR = ((30, 0), (0, 60), (70, 60), (50, 20), (50, 100))
LABELS = {7: SEVEN, 1: ONE, 4: FOUR}


class Templates:
    """A network that compares patches with those of the shapes above; everything else is none."""

    def __init__(self, off: float = 0.7) -> None:
        self.labels, self.off = list(LABELS), off
        seen = Remember()
        for label in self.labels:
            Reader(seen).read(page([(label, 100, 60)]))
        self.patches = [patches[0].astype(np.float32) for patches in seen.batches]

    def predict(self, patches: np.ndarray) -> np.ndarray:
        chances = np.full((len(patches), 11), 0.001, np.float32)
        for row, patch in zip(chances, patches.astype(np.float32), strict=True):
            off = [float(np.abs(patch - known).sum() / known.sum()) for known in self.patches]
            best = int(np.argmin(off))
            row[self.labels[best] if off[best] < self.off else 10] = 0.99
        return chances


class Remember:
    """A network that is sure of a 3 wherever it looks, and remembers what it was shown."""

    def __init__(self) -> None:
        self.batches: list[np.ndarray] = []

    def predict(self, patches: np.ndarray) -> np.ndarray:
        self.batches.append(patches)
        chances = np.full((len(patches), 11), 0.001, np.float32)
        chances[:, 3] = 0.99
        return chances


def page(
    marks: list[tuple[int, int, int]],
    size: tuple[int, int] = (640, 480),
    zoom: float = 0.6,
    noise: float = 1.0,
) -> Frame:
    """A page with marks given as (label, x, y) of their upper left corner."""
    picture = Image.new("L", size, 205)
    draw = ImageDraw.Draw(picture)
    for label, x, y in marks:
        points = [(x + zoom * a, y + zoom * b) for a, b in LABELS[label]]
        draw.line(points, fill=60, width=max(2, round(9 * zoom)), joint="curve")
    grain = np.random.default_rng(0).normal(0, noise, (size[1], size[0]))
    return Frame(np.clip(np.array(picture) + grain, 0, 255).astype(np.uint8), "drawn")


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(Templates(), sure_at=0.8, weights="abc")


def test_ok__lines_digits_and_boxes(reader: Reader) -> None:
    frame = page([(7, 60, 60), (1, 150, 62), (4, 220, 58), (4, 70, 200), (7, 160, 205)])
    reading = reader.read(frame)
    assert reading.text == "714\n47"
    assert reading.size == (640, 480) and reading.source == "drawn" and reading.weights == "abc"
    box = reading.lines[1].digits[1].box
    assert (box.x, box.y, box.width, box.height) == pytest.approx((160, 205, 38, 62), abs=5)
    first = reading.digits[0]
    assert first.sure and first.confidence > 0.9 and first.runner_up[0] != first.label


@pytest.mark.parametrize(("quarters", "angle"), [(1, -90), (2, 180), (3, 90)])
def test_ok__a_page_on_its_side_or_its_head_is_read(quarters: int, angle: float) -> None:
    reader = Reader(Templates(0.4), sure_at=0.8)
    frame = page([(7, 60, 60), (1, 150, 62), (4, 220, 58), (4, 70, 200), (7, 160, 205)])
    turned = reader.read(Frame(np.ascontiguousarray(np.rot90(frame.grey, quarters))))
    assert turned.text == "714\n47" and turned.angle == angle
    boxes = np.zeros(frame.grey.shape, np.uint8)
    box = reader.read(frame).digits[4].box
    boxes[box.y : box.bottom, box.x : box.right] = 1
    rows, columns = np.nonzero(np.rot90(boxes, quarters))
    there = turned.digits[4].box
    corners = there.x, there.y, there.right, there.bottom
    expected = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    assert corners == pytest.approx(expected, abs=3)


def steep(angle: float) -> Frame:
    """A page with the line 71447 that lies turned clockwise by so many degrees."""
    frame = page([(7, 180, 210), (1, 250, 210), (4, 305, 210), (4, 365, 210), (7, 425, 210)])
    lying = Image.fromarray(frame.grey).rotate(-angle, Image.Resampling.BICUBIC, fillcolor=205)
    return Frame(np.array(lying))


@pytest.mark.parametrize("angle", [55, 60, 75])
def test_ok__a_page_whose_lines_climb_steeply_is_read(angle: float) -> None:
    reading = Reader(Templates(0.4), sure_at=0.5).read(steep(angle))
    assert reading.text == "71447" and reading.angle == pytest.approx(angle, abs=3)


def test_ok__digits_that_say_nothing_of_the_side_are_held_where_lines_climb_steeply() -> None:
    network = Templates(0.4)
    network.labels = [{7: 6, 4: 8}.get(label, label) for label in network.labels]
    reading = Reader(network, sure_at=0.5).read(steep(60))
    assert reading.text == "?????" and reading.digits[0].reason == "may be upside down"


def test_ok__digits_that_say_nothing_of_the_side_are_held_on_a_page_that_lies() -> None:
    network = Templates(0.4)
    network.labels = [{7: 6, 4: 8}.get(label, label) for label in network.labels]
    frame = page([(7, 60, 60), (1, 150, 62), (4, 220, 58), (4, 70, 200), (7, 160, 205)])
    reading = Reader(network, sure_at=0.8).read(frame)
    assert reading.text == "618\n86"
    lying = np.ascontiguousarray(np.rot90(frame.grey))
    turned = Reader(network, sure_at=0.8).read(Frame(lying))
    assert turned.text == "???\n??" and abs(turned.angle) == 90
    assert turned.digits[0].reason == "may be upside down"


def test_ok__of_ones_alone_nobody_knows_which_way_is_up() -> None:
    lying = np.ascontiguousarray(np.rot90(page([(1, 60, 60), (1, 150, 62), (1, 240, 60)]).grey))
    reading = Reader(Templates(0.25), sure_at=0.8).read(Frame(lying))
    assert reading.text == "???" and not any(digit.sure for digit in reading.digits)


def test_ok__nobody_asks_which_way_up_a_page_is_that_is_clear() -> None:
    seen = Remember()
    Reader(seen).read(page([(7, 60, 60), (1, 150, 62), (4, 220, 58)]))
    assert sum(map(len, seen.batches)) == 3


def test_ok__times_are_told_and_add_up(reader: Reader) -> None:
    times = reader.read(page([(7, 60, 60)])).milliseconds
    assert list(times) == ["ink", "regions", "classify", "total"]
    assert times["total"] == pytest.approx(times["ink"] + times["regions"] + times["classify"])
    assert all(value >= 0 for value in times.values())


def test_ok__inverted_page_reads_the_same(reader: Reader) -> None:
    frame = page([(7, 60, 60), (1, 150, 62), (4, 220, 58)])
    slate = Frame(255 - frame.grey)
    assert reader.read(slate).text == reader.read(frame).text == "714"


def test_ok__twice_the_pixels_twice_the_boxes(reader: Reader) -> None:
    frame = page([(7, 60, 60), (1, 150, 62), (4, 220, 58)])
    large = reader.read(Frame(np.kron(frame.grey, np.ones((4, 4), np.uint8))))
    assert large.text == "714"
    for small, big in zip(reader.read(frame).digits, large.digits, strict=True):
        assert big.box.x == pytest.approx(4 * small.box.x, abs=8)
        assert big.box.height == pytest.approx(4 * small.box.height, abs=12)


@pytest.mark.parametrize("light_ink", [False, True])
@pytest.mark.parametrize("reaches", ["nowhere", "left", "everywhere"])
def test_ok__a_digit_may_fill_a_small_picture(
    reader: Reader, light_ink: bool, reaches: str
) -> None:
    grey = page([(7, 60, 60)], noise=0.0).grey
    rows, columns = np.nonzero(grey < 150)
    room = {"nowhere": (4, 4), "left": (0, 4), "everywhere": (0, 0)}[reaches]
    top, bottom = rows.min() - room[1], rows.max() + 1 + room[1]
    left, right = columns.min() - room[0], columns.max() + 1 + room[1]
    crop = np.ascontiguousarray(grey[top:bottom, left:right])
    reading = reader.read(Frame(255 - crop if light_ink else crop))
    assert reading.text == "7"
    assert reading.size == crop.shape[::-1]
    box = reading.digits[0].box
    assert 0 <= box.x <= room[0] and 0 <= box.y <= room[1]
    assert box.right <= crop.shape[1] and box.bottom <= crop.shape[0]


def test_ok__an_unknown_shape_is_in_neither_text_nor_digits(reader: Reader) -> None:
    frame = page([(7, 60, 60)])
    picture = Image.fromarray(frame.grey)
    ImageDraw.Draw(picture).ellipse((200, 60, 260, 120), outline=60, width=6)
    assert reader.read(Frame(np.array(picture))).text == "7"


def test_ok__what_is_not_sure_is_a_question_mark() -> None:
    reading = Reader(Remember(), sure_at=0.995).read(page([(7, 60, 60), (4, 160, 60)]))
    assert reading.number == "??"
    assert [digit.label for digit in reading.digits] == [3, 3]


def test_ok__touching_digits_come_apart(reader: Reader) -> None:
    frame = page([(7, 60, 60), (4, 105, 60)])
    picture = Image.fromarray(frame.grey)
    ImageDraw.Draw(picture).line((91, 80, 112, 84), fill=60, width=4)
    assert reader.read(Frame(np.array(picture))).text == "74"


def test_ok__a_network_without_the_eleventh_outcome_reads_too(reader: Reader) -> None:
    class Ten(Templates):
        def predict(self, patches: np.ndarray) -> np.ndarray:
            return super().predict(patches)[:, :10]

    frame = page([(7, 60, 60), (1, 150, 62), (4, 220, 58)])
    assert Reader(Ten(), sure_at=0.8).read(frame).text == "714"


HOSTILE = {
    "black": np.zeros((480, 640), np.uint8),
    "white": np.full((480, 640), 255, np.uint8),
    "noise": np.random.default_rng(1).integers(0, 256, (480, 640), dtype=np.uint8),
    "checkerboard": (np.indices((480, 640)).sum(axis=0) % 2 * 255).astype(np.uint8),
    "squares": np.kron(np.indices((60, 80)).sum(axis=0) % 2, np.full((8, 8), 255)).astype(np.uint8),
    "one pixel": np.zeros((1, 1), np.uint8),
    "one row": np.random.default_rng(1).integers(0, 256, (1, 3000), dtype=np.uint8),
    "one column": np.random.default_rng(1).integers(0, 256, (3000, 1), dtype=np.uint8),
    "two columns": np.random.default_rng(1).integers(0, 256, (480, 2), dtype=np.uint8),
    "three by three": np.arange(9, dtype=np.uint8).reshape(3, 3) * 28,
    "twelve megapixels": np.tile((np.arange(4000) % 251).astype(np.uint8), (3000, 1)),
    "blobs": np.kron(np.random.default_rng(1).random((120, 160)) > 0.2, np.ones((4, 4))).astype(
        np.uint8
    )
    * 255,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_ok__nothing_breaks_it(name: str) -> None:
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        reading = Reader(Remember()).read(Frame(HOSTILE[name]))
    assert reading.size == HOSTILE[name].shape[::-1]
    assert reading.milliseconds["total"] < 5000


@pytest.mark.parametrize("name", ["black", "white", "noise", "checkerboard"])
def test_ok__an_empty_page_has_no_lines(name: str) -> None:
    assert Reader(Remember()).read(Frame(HOSTILE[name])).lines == ()


class Doubtful:
    """A network that is sure of nothing, so that every way to take the ink is tried; it counts."""

    def __init__(self, outcomes: int = 11) -> None:
        self.count, self.outcomes = 0, outcomes
        self.rng = np.random.default_rng(0)

    def predict(self, patches: np.ndarray) -> np.ndarray:
        self.count += len(patches)
        chances = self.rng.random((len(patches), self.outcomes), np.float32)
        return chances / chances.sum(axis=1, keepdims=True)


def scribble(rng: np.random.Generator) -> Frame:
    """A hostile page: strokes, combs, confetti or a lattice, thin or thick, few or hundreds."""
    picture = Image.new("L", (640, 480), int(rng.integers(120, 255)))
    draw = ImageDraw.Draw(picture)
    kind, ink = rng.integers(5), int(rng.integers(0, 90))
    for _ in range(int(rng.integers(20, 900))):
        x, y = rng.integers(0, 640), rng.integers(0, 480)
        if kind == 0:  # strokes that nearly touch
            end = x + rng.integers(-60, 60), y + rng.integers(-60, 60)
            draw.line([(x, y), end], fill=ink, width=int(rng.integers(1, 6)))
        elif kind == 1:  # combs, which can be cut anywhere
            for tooth in range(int(rng.integers(2, 9))):
                draw.line([(x + 9 * tooth, y), (x + 9 * tooth, y + 30)], fill=ink, width=3)
            draw.line([(x, y + 15), (x + 60, y + 15)], fill=ink, width=2)
        elif kind == 2:  # parts that may belong together
            size = int(rng.integers(3, 14))
            draw.ellipse([x, y, x + size, y + size], outline=ink, width=2)
            draw.line([(x + size + 3, y), (x + size + 3, y + size)], fill=ink, width=2)
        elif kind == 3:  # two lines grown together
            draw.line([(x, y), (x + 4, y + 70)], fill=ink, width=3)
            draw.arc([x - 10, y, x + 10, y + 35], 90, 360, fill=ink, width=3)
        else:
            draw.point((x, y), fill=ink)
    if rng.random() < 0.3:  # askew: looked at as it lies, and turned
        picture = picture.rotate(rng.uniform(-44, 44), fillcolor=picture.getpixel((0, 0)))
    noise = rng.normal(0, rng.choice((0, 2, 12)), (480, 640))
    return Frame(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def check_budget(count: int) -> None:
    most = 0
    for number in range(count):
        network = Doubtful(10 + number % 2)
        Reader(network).read(scribble(np.random.default_rng([12, number])))
        most = max(most, network.count)
    assert 1000 < most <= MOST_PATCHES


def test_ok__no_frame_needs_more_patches_than_a_zero_has_time_for() -> None:
    check_budget(40)


@pytest.mark.acceptance
def test_ok__none_of_four_thousand_hostile_frames_needs_more_patches() -> None:
    check_budget(4000)


def test_ok__what_the_budget_leaves_is_not_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pi_reader.reading.reader.MOST_PATCHES", 3)
    marks = [(label, 40 + 80 * place, 60) for place, label in enumerate((7, 1, 4, 7, 1))]
    reader = Reader(Templates())
    for _ in range(2):  # each frame has a budget of its own
        assert reader.read(page(marks)).text == "7?47?"
