"""Own: write digits on paper, photograph them, and see what becomes of them step by step.

Between a photograph and the network's 784 inputs lies more work than the network does: shadows go,
ink is found, digits are parted and made to look like those it learned from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pi_reader.camera import files
from pi_reader.camera.desk import DeskCamera
from pi_reader.errors import BadData, MissingFile, UsageError
from pi_reader.lessons.base import Blackboard, Setting, pick
from pi_reader.lessons.drawing import bars, patches
from pi_reader.lessons.painting import paint_patches
from pi_reader.lessons.witness import Witness
from pi_reader.network import store
from pi_reader.network.model import Model
from pi_reader.pictures import annotated
from pi_reader.reading.binarise import binarise
from pi_reader.reading.reader import Reader
from pi_reader.values import Frame, Reading

SETTINGS = (
    Setting("photo", "", "a photograph of your own digits; without one, a page is drawn"),
    Setting("difficulty", 0.2, "of the drawn page: 0 a fair copy, 1 anything", 0, 1),
    Setting("digit", 1, "which digit is looked at closely, counted in reading order", 1, 200),
)
TRY = (
    ("pi-reader lesson own --seed 7", "another page, another hand: is each digit read right?"),
    ("pi-reader lesson own difficulty=0.8 digit=2", "a bad photograph: which step suffers first?"),
    ("pi-reader lesson own photo=photo.jpg", "yours (thick pen, from above, good light)"),
    (
        "pi-reader lesson own --watch photos",
        (
            "the whole class: each photograph that is put into the folder photos is read, "
            "step by step"
        ),
    ),
)


def small(grey: np.ndarray, columns: int = 72) -> np.ndarray:
    """A picture made small enough for a terminal: (1, height, columns) uint8, 255 is ink."""
    height = max(2, round(grey.shape[0] * columns / grey.shape[1]))
    return np.asarray(Image.fromarray(grey).resize((columns, height), Image.Resampling.BOX))[None]


def lesson(
    board: Blackboard, rng: np.random.Generator, photo: str, difficulty: float, digit: int
) -> None:
    """Frame, ink, boxes, patches, outputs."""
    if board.weights is None:
        raise UsageError("own: needs weights to read with")
    model, card = store.load(board.weights())
    for number, (frame, truth) in enumerate(_pages(board, photo, rng, difficulty)):
        if number:
            board.section(f"The next photograph: {Path(frame.source).name}")
        name = f"{Path(frame.source).stem}-" if board.watched else ""
        _one_page(board, model, card.reject_below, frame, truth, digit, name)


def _pages(
    board: Blackboard, photo: str, rng: np.random.Generator, difficulty: float
) -> Iterator[tuple[Frame, list[str]]]:
    """What is to be read, with the lines that are written there as far as that is known."""
    if board.watched is None:
        yield _take(photo, rng, difficulty)
        return
    board.say(f"""
        Put photographs into the folder {board.watched}. Each is read as it comes; Ctrl-C ends the
        lesson.
    """)
    for path in board.watched:
        try:
            yield files.load(path), []
        except (BadData, MissingFile) as error:
            board.say(f"Not read: {error}")


def _one_page(
    board: Blackboard,
    model: Model,
    reject_below: float,
    frame: Frame,
    truth: list[str],
    digit: int,
    name: str,
) -> None:
    """Frame, ink, boxes, patches, outputs of one picture; `name` begins those of its pictures."""
    height, width = frame.grey.shape
    board.section("The frame")
    board.say(f"""
        This is {frame.source}: {width} × {height} pixels, from 0 for black to 255 for
        white; colour is of no use for reading. The darkest is {frame.grey.min()}, the brightest
        {frame.grey.max()}. The paper lies somewhere between, brighter here and darker there.
    """)
    board.picture(
        f"{name}frame",
        patches(255 - small(frame.grey)),
        lambda figure: _show(figure, frame.grey, f"the frame, {width} × {height}"),
    )

    board.section("The ink")
    ink = binarise(frame.grey)
    board.say(f"""
        What would the paper look like without ink? The reader guesses that from around each stroke,
        takes it away, and what stands out is {"chalk" if ink.light_ink else "ink"}:
        {ink.mask.mean():.1%} of all pixels. Shadows are gone, since they are in the paper too.
    """)
    seen = np.minimum(small(ink.mask * np.uint8(255)), 85)
    board.picture(
        f"{name}ink", patches(3 * seen), lambda figure: _show(figure, ~ink.mask, "the ink")
    )

    board.section("The boxes")
    witness = Witness(model)
    reading = Reader(witness, reject_below).read(frame)
    board.say(f"""
        Long straight ink is the paper's ruling and goes. Of the rest, ink that touches is one
        piece. Which pieces belong together, and which are two digits grown into one? The reader
        tries several ways: it asked the network about {len(witness.patches)} pictures and took the
        {len(reading.digits)} that look most like digits:
    """)
    board.picture(
        f"{name}boxes",
        _boxes_text(reading),
        lambda figure: _show(figure, np.asarray(annotated(frame, reading)), "what it read"),
    )
    if not reading.digits:
        board.say("No digit was found. A thicker pen, more light, or nearer? Then try again.")
        return
    _look_closely(board, witness, reading, min(digit, len(reading.digits)) - 1, name)

    board.section("The answer")
    board.show(*reading.text.splitlines(), *(["written was:", *truth] if truth else []))
    board.say(f"""
        A ? is a digit that the reader does not stand by. {_score(reading, truth)}
    """)


def _score(reading: Reading, truth: list[str]) -> str:
    """How what was read compares with what is written, where that is known."""
    remedy = "Was the ink not found, the box wrong, or the digit misread? Each has another remedy."
    read = reading.text.splitlines()
    unsure = sum(not digit.sure for digit in reading.digits)
    return pick(
        (
            not truth and not unsure,
            f"Here it stands by all {len(reading.digits)} digits. Are they right? If not: {remedy}",
        ),
        (
            not truth,
            f"Here it does not stand by {unsure} of {len(reading.digits)} digits. {remedy}",
        ),
        (read == truth, "Here all that was written has been read, and nothing else."),
        (
            sum(map(len, read)) == sum(map(len, truth)) and len(read) == len(truth),
            f"Here {_wrong(read, truth)} of {sum(map(len, truth))} digits are not read as they "
            f"were written. {remedy}",
        ),
        (True, f"Here what was read is not what was written. {remedy}"),
    )


def _wrong(read: list[str], truth: list[str]) -> int:
    return sum(a != b for a, b in zip("\n".join(read), "\n".join(truth), strict=False))


def _take(photo: str, rng: np.random.Generator, difficulty: float) -> tuple[Frame, list[str]]:
    """The pupil's photograph, or a drawn page and what is written on it."""
    if photo:
        return files.load(Path(photo).expanduser()), []
    with DeskCamera(rng, 1, difficulty) as camera:
        frame, page = camera.capture(), camera.page
    assert frame is not None and page is not None
    return replace(frame, source="a page that this program drew"), page.text.splitlines()


def _look_closely(
    board: Blackboard, witness: Witness, reading: Reading, chosen: int, name: str
) -> None:
    box = reading.digits[chosen].box
    asked = [witness.asked_about(digit) for digit in reading.digits]
    names = [f"{digit.label}: {digit.confidence:.2f}" for digit in reading.digits]
    board.section("28 × 28, and ten outputs")
    board.say(f"""
        Take digit number {chosen + 1}, which is {box.width} × {box.height} pixels. The network
        learned from digits whose longer edge is 20 pixels, with the centre of their ink in the
        middle of 28 × 28. So it is made like those. What the network says to it:
    """)
    one = asked[chosen]
    board.picture(
        f"{name}patches",
        patches(witness.patches[one : one + 1]),
        lambda figure: paint_patches(
            figure,
            witness.patches[asked],
            names,
            columns=8,
            title="What the network was shown, its answer, its confidence",
        ),
    )
    outputs = witness.said[one].tolist()
    board.show(bars([*map(str, range(10)), "none"][: len(outputs)], outputs, most=1))


def _boxes_text(reading: Reading) -> str:
    return (
        "\n".join(
            f"line {number}: "
            + "  ".join(
                f"{digit.label}{'' if digit.sure else '?'} at {digit.box.x}"
                for digit in line.digits
            )
            for number, line in enumerate(reading.lines, 1)
        )
        or "nothing"
    )


def _show(figure: Any, picture: np.ndarray, title: str) -> None:
    axes = figure.subplots()
    axes.imshow(picture, cmap="gray")
    axes.set(xticks=[], yticks=[], title=title)
