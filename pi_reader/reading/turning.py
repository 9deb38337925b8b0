"""Pages that lie askew: which way the writing runs, and the ink turned upright.

Digits of a line stand closer to each other than to the next line, so the way from each mark to its
nearest neighbour is the way of the writing, or square to it where figures stand below each other.
Which of the page's four sides is up only the digits say: a 3, 4 or 7 is none when it lies or stands
on its head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from pi_reader.reading.binarise import Ink
from pi_reader.reading.candidates import Candidates
from pi_reader.reading.classifier import Classifier, in_two_steps
from pi_reader.reading.components import Components
from pi_reader.reading.decode import EVEN, LEAST_SIZE, Mark, median, places_of, usual_size
from pi_reader.values import CLASSES

ASKEW = 9.0  # degrees: whoever writes on lines that climb less is read well as it stands
AGREED = 0.6  # resultant length (0 to 1) of the ways to the nearest neighbours
NEXT = 3.0  # of the usual size: so near is the next mark of a line
SAME_LINE = 0.5  # of the usual size: marks whose levels differ by less stand in one line

ONE_WAY_UP = (2, 3, 4, 5, 7)  # digits that are none when they lie or stand on their head
FOUR_SIDES = 4  # ways up that a mark is looked at
MOST_MARKS = 60  # that are turned to see which way is up, the largest of a page
LEAST_CHANCE = 0.02  # a mark that is no digit speaks no louder than that
CLEARLY = 20.0  # times as likely: that a page stands as it was read, or which other way is up
ALIKE = 1.0  # nats: two ways up that differ by less are looked at in full
LIKELY = 0.4  # mean probability of a digit for marks of a page that may stand upright

Turned = dict[bytes, float]  # the likeliest digit's probability of each turned patch


@dataclass(frozen=True)
class Turn:
    """How a page was turned upright.

    angle: degrees by which it lay turned clockwise; shape: (height, width) of its ink as it lay;
    matrix: (2, 3), from (x, y, 1) on the upright page to (x, y) as it lay.
    """

    angle: float
    shape: tuple[int, int]
    matrix: np.ndarray

    def back(self, left: float, top: float, right: float, bottom: float) -> tuple[int, ...]:
        """A box of the upright page as it lay: left, top, right, bottom of what fills it.

        Digits are round rather than square: an ellipse in the box is what is turned.
        """
        half = np.array([(right - left) / 2, (bottom - top) / 2])
        middle = self.matrix @ [left + half[0], top + half[1], 1.0]
        reach = np.hypot(self.matrix[:, 0] * half[0], self.matrix[:, 1] * half[1])
        low = np.maximum(np.rint(middle - reach), 0)
        high = np.minimum(np.rint(middle + reach), self.shape[::-1])
        return (*low.astype(int).tolist(), *high.astype(int).tolist())


def find_angle(found: Components, about: float | None = None) -> float:
    """By how many degrees a page lies turned clockwise, -45 to 45; 0 if it is little or unclear.

    about: roughly that angle, where it is known which way the lines run; any, and so is the result.
    """
    size = np.maximum(found.width, found.height)
    if len(size) < 2:
        return about or 0.0
    large = size >= LEAST_SIZE * usual_size(size)
    if large.sum() < 2:
        return about or 0.0
    x = (found.left + found.right)[large] / 2
    y = (found.top + found.bottom)[large] / 2
    if about is not None:
        return _levelled(x, y, median(size[large]), np.radians(about))
    across, down = x[None] - x[:, None], y[None] - y[:, None]
    away = np.hypot(across, down)
    np.fill_diagonal(away, np.inf)
    each, nearest = np.arange(len(x)), away.argmin(axis=1)
    way = np.arctan2(down[each, nearest], across[each, nearest])
    mean = np.exp(4j * way).mean()  # the same for all four ways along and square to the lines
    rough = float(np.angle(mean)) / 4
    if abs(mean) < AGREED or abs(rough) < np.radians(ASKEW):
        return 0.0
    angle = _levelled(x, y, median(size[large]), rough)
    return angle if abs(angle) >= ASKEW else 0.0


def find_slope(marks: Sequence[Mark]) -> float:
    """By how many degrees lines of marks fall to the right, or climb (below 0), as most ways from a
    mark to the next one do; 0 where none has a next one."""
    if len(marks) < 2:
        return 0.0
    box = places_of(marks).astype(np.float32)
    x, y = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
    usual = median((box[:, 2:] - box[:, :2]).max(axis=1))
    run, rise = x[None] - x[:, None], y[None] - y[:, None]
    follows = (run > 0) & (np.abs(rise) < run) & (run < NEXT * usual)
    one = np.flatnonzero(follows.any(axis=1))
    if not len(one):
        return 0.0
    following = np.where(follows, np.hypot(run, rise), np.inf).argmin(axis=1)[one]
    rough = median(np.arctan2(rise[one, following], run[one, following]))
    return _levelled(x, y, usual, rough)


def _levelled(x: np.ndarray, y: np.ndarray, usual: float, rough: float) -> float:
    """The degrees by which lines of marks climb that do so by `rough` radians, or about that.

    x, y: (n,) the middles of the marks; usual: their size in pixels.
    """
    along = x * np.cos(rough) + y * np.sin(rough)
    off = y * np.cos(rough) - x * np.sin(rough)
    run, rise = along[None] - along[:, None], off[None] - off[:, None]
    level = np.abs(rise) < SAME_LINE * usual
    slope = (run * rise)[level].sum() / max(1.0, float((run * run)[level].sum()))
    return float(np.degrees(rough + np.arctan(slope)))


def find_quarters(
    marks: Sequence[Mark], present: Sequence[float], network: Classifier, seen: Turned
) -> list[float]:
    """Which ways a page may lie turned clockwise, by its digits: of 90, 180 and -90 degrees two at
    the most, the likeliest first; none if its marks look more like digits as it stands.

    present: how likely each mark is a digit as the page stands, 0 to 1, by the page; seen: what was
    looked at before, and is now. The largest 60 marks are looked at.
    """
    wholes = {  # what lies may look like a row of digits
        id(whole): (whole, 1.0 if mark.cut_from else standing)
        for mark, standing in zip(marks, present, strict=True)
        if (whole := mark.cut_from or mark).patch is not None
    }
    if not wholes:
        return []
    some = [mark for mark, _ in wholes.values()]
    standing = np.array([standing for _, standing in wholes.values()], np.float32)
    size = np.array([max(mark.height, mark.right - mark.left) for mark in some])
    largest = np.argsort(-size, kind="stable")[:MOST_MARKS]
    largest = largest[size[largest] >= LEAST_SIZE * usual_size(size)]  # no specks
    some, standing, size = [some[place] for place in largest], standing[largest], size[largest]
    spared, chances = _turned_digits(some, standing, network, seen, (1, 2, 3), 0.0)
    likeliest = [way for way in np.argsort(-spared).tolist() if spared[way] > 0]
    return [(90.0, 180.0, -90.0)[way] for way in likeliest if _like_digits(chances[way], size)][:2]


def _like_digits(chances: np.ndarray, sizes: np.ndarray) -> bool:
    """Whether there are digits, (n,) by their probability, and enough among all of their size."""
    digits = chances >= EVEN
    if not digits.any():
        return False
    usual = median(sizes[digits])
    alike = (sizes >= LEAST_SIZE * usual) & (sizes <= usual / LEAST_SIZE)
    return bool(chances[alike].mean() >= LIKELY)


def reads_on_its_head(digits: Sequence[Mark], network: Classifier, seen: Turned) -> bool:
    """Whether the digits of a page are about as likely digits when it lies on its head."""
    some = [mark for mark in digits if mark.patch is not None]
    present = np.ones(len(some), np.float32)
    return bool(_turned_digits(some, present, network, seen, (2,), ALIKE)[0][0] >= 0)


def _turned_digits(
    marks: Sequence[Mark],
    present: np.ndarray,
    network: Classifier,
    seen: Turned,
    quarters: Sequence[int],
    slack: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Each way of turning marks by so many quarters: how many nats it spares beside all of them as
    they stand and `slack`, below 0 if it costs more, and how likely each mark is a digit then,
    (ways, n), 0 where nobody looked.

    present: (n,) float32, the most that each is likely a digit as it stands; this counts beside
    pages on their side alone, as a sign or a letter on its head is one no less.

    What can change nothing any more is not looked at; 60 marks at the most are.
    """
    likely, found = np.zeros(len(quarters)), np.zeros((len(quarters), len(marks)), np.float32)
    if not 0 < len(marks) <= MOST_MARKS:
        return likely - 1, found
    alone = _standing(marks, network)
    standing = np.minimum(alone, present)
    likely -= (_logs(alone) - _logs(standing)).sum() * (np.array(quarters) == 2)
    least = float(_logs(standing).sum()) - slack
    either = np.array([mark.label not in ONE_WAY_UP for mark in marks])
    order = np.lexsort((-standing, either))  # these last, and the surest first: the soonest done
    patches = [marks[place].patch for place in order.tolist()]
    start = 0
    while start < len(patches):
        open_ = np.flatnonzero(likely >= least)  # each mark makes a side less likely
        if not len(open_):
            break
        spare = float(likely[open_].max()) - least  # one mark more than it takes to use that up
        end = start + int(spare / -np.log(LEAST_CHANCE)) + 2
        some, these, start = np.array(patches[start:end], np.uint8), order[start:end], end
        sides = np.concatenate([np.rot90(some, quarters[way], (1, 2)) for way in open_.tolist()])
        keys = [side.tobytes() for side in sides]
        if new := [place for place, key in enumerate(keys) if key not in seen]:
            looks = _chances(network.predict(sides[new])).tolist()
            seen.update(zip([keys[place] for place in new], looks, strict=True))
        chances = np.array([seen[key] for key in keys], np.float32).reshape(len(open_), -1)
        likely[open_] += _logs(chances).sum(axis=1)
        found[np.ix_(open_, these)] = chances
    return np.round(likely - least, 3), found


def _standing(marks: Sequence[Mark], network: Classifier) -> np.ndarray:
    """How likely each mark is a digit as it stands, by the network alone, (n,) float32."""
    hidden = [mark.hidden for mark in marks]
    if in_two_steps(network):
        return _chances(network.conclude(np.array(hidden, np.float32)))
    return _chances(network.predict(np.array([mark.patch for mark in marks], np.uint8)))


def _chances(outcomes: np.ndarray) -> np.ndarray:
    """Probability of the likeliest digit of each mark."""
    return np.asarray(outcomes[:, :CLASSES].max(axis=1))


def _logs(chances: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(chances, LEAST_CHANCE))


def upright(page: Candidates, angle: float) -> tuple[Ink, Turn]:
    """The ink of a page that lies turned clockwise by `angle` degrees, turned back.

    Around the page, where nothing was seen, there is paper, and so there is where ink left the
    frame: turned, nobody would know that it goes on.
    """
    ink = page.ink
    if not -180 < angle <= 180:
        angle = 180 - (180 - angle) % 360
    height, width = ink.mask.shape
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    quarters = round(angle / 90) if angle % 90 == 0 else None
    if quarters is not None:
        cos, sin = round(cos), round(sin)  # else the page grows by a pixel and is softened
    wide = int(np.ceil(width * abs(cos) + height * abs(sin)))
    high = int(np.ceil(width * abs(sin) + height * abs(cos)))
    turn = np.array([[cos, -sin], [sin, cos]])
    shift = np.array([width, height]) / 2 - turn @ [wide / 2, high / 2]
    matrix = np.column_stack([turn, shift])

    def turned(pixels: np.ndarray, around: int) -> np.ndarray:
        if quarters is None:
            return _turned(pixels, (wide, high), matrix, around)
        return np.ascontiguousarray(np.rot90(pixels, quarters))

    contrast, threshold = turned(_inside(page), 0), turned(ink.threshold, 255)
    cells = -(-wide // ink.cell), -(-high // ink.cell)
    per_cell = np.column_stack([turn, shift / ink.cell])
    usual = int(np.median(ink.ground))
    ground = _turned(np.clip(ink.ground, 0, 255).astype(np.uint8), cells, per_cell, usual)
    after = replace(
        ink,
        contrast=contrast,
        threshold=threshold,
        mask=contrast > threshold,
        ground=ground.astype(np.int16),
        glare=_turned_boxes(ink.glare, matrix),
    )
    return after, Turn(angle, (height, width), matrix)


def _turned_boxes(boxes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Boxes (k, 4) of round spots as they lie once the page is upright."""
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    upright = np.linalg.solve(matrix[:, :2], (middle - matrix[:, 2]).T).T
    half = (boxes[:, 2:] - boxes[:, :2]) / 2
    return np.concatenate([upright - half, upright + half], axis=1).astype(np.int32)


def _inside(page: Candidates) -> np.ndarray:
    """The page's contrast without what reaches its border."""
    left_out, (height, width) = page.clutter, page.ink.mask.shape
    reaches = (left_out.left == 0) | (left_out.right == width)
    reaches |= (left_out.top == 0) | (left_out.bottom == height)
    if not reaches.any():
        return page.ink.contrast
    gone = left_out.ink_of(np.flatnonzero(reaches).tolist(), (0, 0, width, height))
    return page.ink.contrast * (~gone).view(np.uint8)


def _turned(
    pixels: np.ndarray, size: tuple[int, int], matrix: np.ndarray, around: int
) -> np.ndarray:
    """(h, w) uint8 seen through a matrix: linear between pixels, `around` outside."""
    data = tuple(matrix.ravel().tolist())
    picture = Image.fromarray(pixels)
    bilinear = Image.Resampling.BILINEAR
    return np.array(
        picture.transform(size, Image.Transform.AFFINE, data, bilinear, fillcolor=around)
    )
