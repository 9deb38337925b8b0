"""The face of the box: one bitmap with all it has to show, for OLED and terminal."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from pi_reader.outputs import glyphs, qr
from pi_reader.outputs.large import largest
from pi_reader.outputs.scene import Moment
from pi_reader.outputs.thumbnail import fitted, ink_dots
from pi_reader.values import ADVICE, Correction, Reading, State

PAGE_SECONDS = 3.0  # how long each of several messages is shown
_LINE = glyphs.HEIGHT + 1  # pixels from one line of small text to the next
_INK = 96  # of 255: threshold from which a pixel of a patch is drawn

WORDS: dict[State, tuple[str, str]] = {
    State.STARTING: ("pi-reader", "starting"),
    State.NOTHING: ("nothing there", ""),
    State.READING: ("reading", ""),
    State.UNSURE: ("unsure", "Larger or darker digits would help."),
    State.CORRECTING: ("correcting", ""),
    State.PAIRING: ("pairing", ""),
    State.STOPPING: ("pi-reader", "stopping"),
    State.FAULT: ("fault", "I cannot read."),
    **{state: (str(state), f"Please {advice}.") for state, advice in ADVICE.items()},
}
_TITLED = (State.STARTING, State.STOPPING)  # the name of the box across the display

Spot = tuple[int, int, int, int]  # left, top, width, height in pixels


@dataclass(frozen=True)
class Layout:
    """The layout: picture and words beside each other, a bar, a line of text."""

    picture: Spot
    words: Spot
    bar: Spot
    line: Spot


def layout(width: int, height: int) -> Layout:
    """The layout for a display of this size.

    The lowest row and last column stay dark, so that a display may shift its picture by a pixel.
    """
    wide, high = width - 1, height - 1
    across = 0 if width < 96 else 56 if high > 32 else 40  # no room for a picture on the smallest
    beside = across + 4 if across else 0
    if high > 32:
        return Layout(
            (0, 0, across, 42),
            (beside, 0, wide - beside, 42),
            (0, 45, wide, 5),
            (0, 53, wide, glyphs.HEIGHT),
        )
    return Layout(
        (0, 0, across, high),
        (beside, 0, wide - beside, 18),
        (beside, 19, wide - beside, 2),
        (beside, 22, wide - beside, glyphs.HEIGHT),
    )


def face(moment: Moment, width: int = 128, height: int = 64) -> Image.Image:
    """Draw the face for this moment; mode "1", (width, height) pixels.

    A message of several lines, such as figures while aiming, takes the place of the reading, its
    first line as the title. The face changes only when `look` does.
    """
    canvas = Image.new("1", (width, height))
    draw = ImageDraw.Draw(canvas)
    places = layout(width, height)
    status = moment.status
    if status.state is State.FAULT:
        text = status.fault or WORDS[State.FAULT][1]
        _page(draw, (0, 0, width - 1, height - 1), "fault", text, _page_number(moment.told_for))
        return canvas
    if status.code and qr.draw(canvas, status.address, status.code):
        return canvas
    if moment.state not in _TITLED:
        _picture(canvas, places.picture, moment)
    _middle(canvas, draw, places.words, moment)
    share = _share(moment)
    if share is not None:
        _bar(draw, places.bar, share)
    lines = [line for text in remarks(moment) for line in glyphs.wrapped(text, places.line[2])]
    if lines and (height > 32 or moment.state not in _TITLED):
        place = _page_number(min(moment.read_for, moment.told_for)) % len(lines)
        glyphs.write(draw, places.line[:2], lines[place])
    return canvas


def look(moment: Moment) -> Hashable:
    """A cheap value that stays equal as long as the face does not change."""
    return (moment.shown, moment.told, _page_number(moment.read_for), _page_number(moment.told_for))


def resting(number: int, width: int = 128, height: int = 64) -> Image.Image:
    """A screen saver: a dash that wanders, for a display that has been idle for long."""
    canvas = Image.new("1", (width, height))
    corner = (number * 37 % max(1, width - 8), number * 23 % max(1, height - 4))
    ImageDraw.Draw(canvas).rectangle((*corner, corner[0] + 5, corner[1]), fill=1)
    return canvas


def remarks(moment: Moment) -> list[str]:
    """The messages below the reading, shown in turn, most important first."""
    status = moment.status
    said = []
    if status.fault:
        said.append(f"! {status.fault}")
    if status.correction is not None:
        return [*said, "short: next, long: right"]
    if status.code:
        return [*said, "type this code at", f"http://{status.address}/"]
    if moment.numbers:
        said += [one.words for one in moment.numbers]
    elif moment.spelled is not None:
        said += opinions(moment.spelled)
    if status.frozen:
        said.append("held; press to go on")
    if status.progress is not None:
        said.append(f"learning: {status.progress:.0%}")
    if status.message and "\n" not in status.message:
        said.append(status.message)
    if moment.spelled is None and status.address:
        said.append(status.address)
    return said


def opinions(reading: Reading) -> list[str]:
    """How sure the reader is, or for each unsure digit what it might be: `9, perhaps 4`."""
    several = len(reading.digits) > 1
    doubts = [
        (f"digit {place}: " if several else "") + f"{digit.label}, perhaps {digit.runner_up[0]}"
        for place, digit in enumerate(reading.digits, 1)
        if not digit.sure
    ]
    return doubts or [f"{_certainty(reading):.0%} sure"]


def _certainty(reading: Reading) -> float:
    return min(digit.confidence for digit in reading.digits)


def _share(moment: Moment) -> float | None:
    """The value of the bar: confidence of the reading, otherwise progress of the training."""
    if moment.spelled is not None:
        return _certainty(moment.spelled)
    return moment.status.progress


def _page_number(seconds: float) -> int:
    return int(seconds // PAGE_SECONDS)


def _picture(canvas: Image.Image, spot: Spot, moment: Moment) -> None:
    """What the camera sees, or during a correction the digit in question, centred in its spot."""
    left, top, width, height = spot
    small = _patch(moment) if moment.state is State.CORRECTING else None
    if not width or (small is None and moment.frame is None):
        return
    if small is None and moment.frame is not None:
        grey = moment.frame.grey
        size = fitted((grey.shape[1], grey.shape[0]), (width, height))
        small = (
            Image.fromarray(grey).resize(size, Image.Resampling.BOX).convert("1")
            if moment.state in ADVICE  # then the grey itself is shown
            else Image.fromarray(ink_dots(grey, size))
        )
    elif small is not None:
        small = small.resize(fitted(small.size, (width, height)), Image.Resampling.BILINEAR)
        small = small.point(lambda ink: 255 * (ink > _INK)).convert("1")
    assert small is not None
    canvas.paste(small, (left + (width - small.width) // 2, top + (height - small.height) // 2))


def _patch(moment: Moment) -> Image.Image | None:
    """The patch of the digit being corrected, if it was kept."""
    correction, reading = moment.status.correction, moment.reading
    if correction is None or reading is None or correction.place >= len(reading.digits):
        return None
    patch = reading.digits[correction.place].patch
    return None if patch is None else Image.fromarray(np.ascontiguousarray(patch))


def _middle(canvas: Image.Image, draw: ImageDraw.ImageDraw, spot: Spot, moment: Moment) -> None:
    """The reading as large as possible, or a few words if there is none."""
    title, newline, figures = moment.status.message.partition("\n")
    if moment.status.correction is not None:
        _correction(canvas, draw, spot, moment.status.correction)
    elif newline:
        _page(draw, spot, title, figures, _page_number(moment.told_for))
    elif moment.spelled is not None:
        _large(canvas, spot, _words(moment, moment.spelled), _page_number(moment.read_for))
    elif moment.state in _TITLED:
        _title(canvas, draw, spot[1] + spot[3], *WORDS[moment.state])
    else:
        title, text = WORDS[moment.state]
        _page(draw, spot, title, text, _page_number(moment.told_for))


def _words(moment: Moment, reading: Reading) -> str:
    """What is shown large: the numbers of the settings if any is there, else all that was read."""
    if not moment.numbers:
        return reading.text
    return "\n".join(one.value or "?" for one in moment.numbers)


def _correction(
    canvas: Image.Image, draw: ImageDraw.ImageDraw, spot: Spot, correction: Correction
) -> None:
    """The new label, large, and above it the reading with this digit inverted."""
    left, top, width, height = spot
    text, place = correction.text, correction.place
    room = min(9, width // 7)  # characters; of a longer reading, those around the digit
    around = max(0, min(place - room // 2, len(text) - room))
    for sign_place, sign in enumerate(text[around : around + room], around):
        if sign_place == place:
            draw.rectangle((left, top, left + glyphs.width(sign) + 1, top + 8), fill=1)
        glyphs.write(draw, (left + 1, top + 1), sign, fill=int(sign_place != place))
        left += glyphs.width(sign) + 2
    label = correction.label
    if label is None:
        glyphs.write(draw, (spot[0], top + 10 + max(0, height - 20) // 2), "no digit")
    elif height > 30:
        _large(canvas, (spot[0], top + 11, width, height - 11), str(label), 0)
    else:
        _large(canvas, (spot[0] + width - 16, top, 16, height), str(label), 0)


def _title(
    canvas: Image.Image, draw: ImageDraw.ImageDraw, height: int, title: str, text: str
) -> None:
    """The name of the box in the middle of the display, and below it what it is doing."""
    large = glyphs.picture(title, 2 if canvas.width >= 96 else 1, glyphs.HEIGHT)
    top = max(0, (height - large.height - _LINE) // 2)
    canvas.paste(large, ((canvas.width - large.width) // 2, top))
    corner = ((canvas.width - glyphs.width(text)) // 2, top + large.height + 2)
    glyphs.write(draw, corner, text)


def _page(draw: ImageDraw.ImageDraw, spot: Spot, title: str, text: str, number: int) -> None:
    """An inverted title with small text below it, one page at a time."""
    left, top, width, height = spot
    draw.rectangle((left, top, left + width - 1, top + glyphs.HEIGHT), fill=1)
    glyphs.write(draw, (left + 2, top + 2), title, fill=0)
    lines = glyphs.wrapped(text, width) if text else []
    room = max(1, (height - _LINE - 1) // _LINE)
    first = room * (number % max(1, -(-len(lines) // room)))
    for place, line in enumerate(lines[first : first + room]):
        glyphs.write(draw, (left, top + _LINE + 2 + place * _LINE), line)


def _bar(draw: ImageDraw.ImageDraw, spot: Spot, share: float) -> None:
    """A bar, filled up to `share`; a line if there is no height for a frame."""
    left, top, width, height = spot
    filled = round(min(1.0, max(0.0, share)) * width)
    if height > 3:
        draw.rectangle((left, top, left + width - 1, top + height - 1), outline=1)
    if filled:
        draw.rectangle((left, top, left + filled - 1, top + height - 1), fill=1)


def _large(canvas: Image.Image, spot: Spot, text: str, number: int) -> None:
    """Digits as large as the spot allows, centred; if there are too many, small and in pages."""
    left, top, width, height = spot
    rendered = largest(text, (width, height))
    if rendered is not None:
        canvas.paste(
            rendered, (left + (width - rendered.width) // 2, top + (height - rendered.height) // 2)
        )
        return
    small = glyphs.wrapped(text, width)
    room = max(1, height // _LINE)
    first = room * (number % -(-len(small) // room))
    draw = ImageDraw.Draw(canvas)
    for place, line in enumerate(small[first : first + room]):
        glyphs.write(draw, (left + (width - glyphs.width(line)) // 2, top + place * _LINE), line)
