"""One look at a page: from a frame to the digits and signs on it.

The way leads from ink to connected components to 28 x 28 patches to probabilities. What stands
around each mark, and the page as a whole, then say what kind of mark it is and how far the digit
is to be believed. Nothing here knows of cameras, lamps or the time of day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from pi_reader.network.neighbourhood import Context
from pi_reader.network.store import Weights
from pi_reader.reading.binarise import Ink, binarise, with_margin
from pi_reader.reading.candidates import Candidates, cut_off_from, find_candidates
from pi_reader.reading.classifier import Classifier
from pi_reader.reading.context import Judged, check_names, has_our_names, in_context
from pi_reader.reading.dates import weigh_dates
from pi_reader.reading.decode import EVEN, Place
from pi_reader.reading.language import Language, language_of, shipped
from pi_reader.reading.line_decode import Rows, decode_lines
from pi_reader.reading.orientation import Orientation
from pi_reader.reading.placeholders import CUT_OFF, with_placeholders
from pi_reader.reading.recall import Memory, recalled
from pi_reader.reading.second_look import confirmed, is_open, leaves_less_open
from pi_reader.reading.segmentation import MOST_PATCHES, Segmentation
from pi_reader.reading.sharpness import BLURRED, find_blur, less_sure
from pi_reader.reading.signs import with_colons
from pi_reader.reading.spaces import doubtful_sign, find_spaces
from pi_reader.reading.turning import ASKEW, Turn, find_slope
from pi_reader.values import CLASSES, Box, Digit, Frame, Line, Reading, Sign

PIECES = 4  # times as tall as what is left of it: a digit of which nothing can be read
SHADOW = 40.0  # grey levels: fainter marks without a digit are shadows, which are soft anyway
SLIGHT = 2.0  # degrees: lines that climb or fall by less are level
OPERATORS = "+×÷=%"


@dataclass(frozen=True, eq=False)
class Explanation:
    """Every step of one reading.

    ink: what is pen on the picture; candidates: its connected components, without ruled lines;
    marks: each mark with what both networks say of it (`mark.chances`, `mark.kinds`), what the page
    makes of that (`confidence`) and, of a `?`, the `reason`, all before a second look at the frame
    contradicts it. Places of marks are in working pixels, `ink.scale` times smaller than the
    frame's; where `reading.angle` is not 0, on the page as it was turned upright.
    """

    ink: Ink
    candidates: Candidates
    marks: tuple[Judged, ...]
    reading: Reading


class Reader:
    """Reads frames with one network and one threshold.

    network: gives probabilities for patches; 10 outcomes, or 11 with "no digit" as the last.
    sure_at: the confidence from which a digit is believed, 0 to 1.
    weights: sha256 of the weights file, for the record.
    context: what tells digits from other marks by what stands around them; None does without, and
    believes the network alone.
    memory: votes for what was taught; may be changed between two readings. None: nothing was.
    language: how lines are written; None believes of each mark what it looks like by itself.
    """

    def __init__(
        self,
        network: Classifier,
        sure_at: float = 0.9,
        weights: str = "",
        context: Context | None = None,
        memory: Memory | None = None,
        language: Language | None = None,
    ) -> None:
        self.network, self.sure_at, self.weights, self.context = network, sure_at, weights, context
        self.memory, self.language = memory, language

    def read(self, frame: Frame) -> Reading:
        """Read all digits on a frame; a page without any gives a reading without lines."""
        return self.explain(frame).reading

    def explain(self, frame: Frame) -> Explanation:
        """Read a frame and keep every step of it, to look at; where something is in doubt, and the
        network may see as many patches again, of the look that leaves less open: the second one is
        softer, and level where lines climb or fall a little."""
        first, left = self._look(frame, MOST_PATCHES)
        if not is_open(first.reading) or not left:
            return first
        second, _ = self._look(frame, left, softly=True, slope=_slope_of(first))
        better = leaves_less_open(second.reading, first.reading)
        chosen, other = (second, first) if better else (first, second)
        return replace(chosen, reading=confirmed(chosen.reading, other.reading))

    def _look(
        self, frame: Frame, left: int, softly: bool = False, slope: float = 0.0
    ) -> tuple[Explanation, int]:
        """Read a frame once, as it is or a little softer, and how many patches the frame has left
        for another look then, of which there were `left`; slope: degrees by which an earlier look
        saw its lines fall."""
        begin = perf_counter()
        grey, margin = with_margin(frame.grey)
        ink = binarise(grey, softly)
        after_ink = perf_counter()
        page = find_candidates(ink)
        after_regions = perf_counter()
        way = Orientation(page, ink, self._judge, self.network, self.sure_at, left, slope)
        judged, turn = way.best()
        blur = _blur(ink, judged, turn)
        judged = with_colons(less_sure(judged, blur))
        rows, blanks = Rows(judged), np.full(len(judged), np.nan)
        if self.language is not None:
            judged, rows, blanks = decode_lines(judged, rows, self.language)
            judged = weigh_dates(judged, rows, blanks)

        def put(place: Place) -> Box:
            back = turn.back(*place) if turn else place
            return _in_frame(back, ink.scale, frame.grey.shape, margin)

        lines = self._lines(judged, rows, blanks, put, turn.angle if turn else 0.0)
        end = perf_counter()
        reading = Reading(
            frame.source,
            (frame.grey.shape[1], frame.grey.shape[0]),
            lines,
            {
                "ink": 1000 * (after_ink - begin),
                "regions": 1000 * (after_regions - after_ink),
                "classify": 1000 * (end - after_regions),
                "total": 1000 * (end - begin),
            },
            self.weights,
            turn.angle if turn else 0.0,
            blur >= BLURRED,
        )
        return Explanation(ink, page, tuple(judged), reading), way.left_for_another

    def _judge(self, page: Candidates, left: int) -> tuple[list[Judged], int]:
        """Every mark on a page, digit or not, with what it is taken for, and how many patches the
        frame has left, of which there were `left`."""
        seen, judged, left = self._marks(page, left)
        if not any(one.is_digit for one in judged):
            _, cut, left = self._marks(cut_off_from(page), left)
            likely = (one for one in cut if one.is_digit and one.confidence >= EVEN)
            judged += [one.doubted(0.0, CUT_OFF) for one in likely]
        return with_placeholders(seen, judged), left

    def _marks(self, page: Candidates, left: int) -> tuple[Candidates, list[Judged], int]:
        """The same without what nobody can read, and the page with joined lines parted."""
        context = self.context
        beside = (context.neighbourhood, context.touching) if context is not None else ()
        found = Segmentation(self.network, page, left, *beside).run()
        if self.context is not None:
            judged = in_context(found.page.ink, found.marks, self.context, self.memory)
        else:
            marks, _ = recalled(found.marks, None, self.memory)
            judged = [Judged(mark, mark.chance, mark.is_digit) for mark in marks]
        return found.page, judged, found.left

    def _lines(
        self,
        judged: Sequence[Judged],
        page: Rows,
        blanks: np.ndarray,
        put: Callable[[Place], Box],
        angle: float,
    ) -> tuple[Line, ...]:
        """Digits and signs in reading order; a line has one digit at least. put: where a place is
        in the frame."""
        others = [judged[i] for i in np.flatnonzero(~page.told).tolist()]
        lines = []
        for row in page.lines:
            marks = [self._mark(judged[i], put(judged[i].mark.place)) for i in row]
            digits = tuple(mark for mark in marks if isinstance(mark, Digit))
            signs = tuple(mark for mark in marks if isinstance(mark, Sign))
            is_operator = np.array([isinstance(m, Sign) and m.sign in OPERATORS for m in marks])
            gaps = find_spaces(
                page.box[row],
                page.digit[row],
                others,
                (self.language or shipped()).gaps,
                page.usual,
                is_operator,
                blanks[row],
            )
            unsure = [Sign(sign, p, put(others[at].mark.place)) for at, sign, p in gaps.doubts]
            unsure += [Sign(what, p, marks[place].box) for place, what, p in gaps.torn]
            for i, mark in zip(row, marks, strict=True):
                if isinstance(mark, Digit) and (sign := doubtful_sign(judged[i].mark.kinds)):
                    unsure.append(Sign(*sign, mark.box))
            shifts = np.flatnonzero(np.diff(page.raised[row])) + 1  # an exponent is its own number
            spaces = sorted({*gaps.spaces, *shifts.tolist()})
            lines.append(Line(digits, signs, tuple(spaces), tuple(unsure), angle))
        return tuple(lines)

    def _mark(self, one: Judged, box: Box) -> Digit | Sign:
        """A mark of a line as it is told."""
        if not one.is_digit:
            return Sign(one.sign, max(one.mark.kinds), box)
        chances = one.mark.chances[:CLASSES]
        second, first = sorted(range(CLASSES), key=chances.__getitem__)[-2:]
        sure = one.confidence >= self.sure_at and not one.mark.disputed
        patch = one.mark.patch
        return Digit(
            first,
            one.confidence,
            (second, one.confidence * chances[second] / max(chances[first], 1e-9)),
            sure,
            box,
            None if patch is None else patch.copy(),  # not a view that keeps them all
            one.mark.taught if sure or one.mark.taught else one.reason,
        )


def needs_context(weights: Weights) -> bool:
    """Whether the context of the shipped weights has to do: a network that was trained on from
    theirs has none, and one of an earlier version may take other numbers than a page gives now."""
    return weights.context is None or not has_our_names(weights.context)


def reader_of(
    weights: Weights, sha256: str = "", sure_at: float = 0.0, shipped: Context | None = None
) -> Reader:
    """A reader with what a weights file holds.

    sure_at: the confidence from which a digit is believed; 0 leaves it to the file. shipped: the
    context of the shipped weights, for networks that need it (`needs_context`).
    """
    model, context = weights.model, weights.context
    if shipped is not None and needs_context(weights):
        context = shipped
    if context is not None and not context.fits(model):
        context = None
    if context is not None:
        check_names(context)
    own = context.page.threshold if context is not None else weights.card.reject_below
    language = None if context is None else language_of(weights.card.notes)
    return Reader(model, sure_at or own, sha256, context, language=language)


def _blur(ink: Ink, judged: Sequence[Judged], turn: Turn | None) -> float:
    """How far a picture with these marks is blurred, beside the height of its digits; where there
    are none, beside that of what may be left of them."""
    marks = [one.mark for one in judged if one.is_digit and one.confidence >= EVEN]
    times = 1 if marks else PIECES
    marks = marks or [one.mark for one in judged if one.mark.strength >= SHADOW]
    boxes = np.array([turn.back(*m.place) if turn else m.place for m in marks], np.int32)
    return find_blur(ink.contrast, boxes, np.array([times * mark.height for mark in marks]))


def _slope_of(look: Explanation) -> float:
    """By how many degrees the lines of a page fall that was read as it lies; 0 of others, and where
    that is little, or so much that the first look would have seen it."""
    if look.reading.angle or look.candidates.crossed:
        return 0.0
    angle = find_slope([one.mark for one in look.marks if one.is_digit or one.is_letter])
    return angle if SLIGHT <= abs(angle) < ASKEW else 0.0


def _in_frame(place: Sequence[int], scale: int, shape: tuple[int, ...], margin: int) -> Box:
    """A box (left, top, right, bottom) in pixels of the frame, which has this shape.

    margin: pixels that were added on each side of the frame.
    """
    left, top = max(0, place[0] * scale - margin), max(0, place[1] * scale - margin)
    right = min(shape[1], place[2] * scale - margin)
    bottom = min(shape[0], place[3] * scale - margin)
    return Box(left, top, right - left, bottom - top)
