"""Own: write digits on paper, photograph them, and see what becomes of them step by step.

Between a photograph and the network's 784 inputs lies more work than the network does: shadows go,
ink is found, digits are parted and made to look like those it learned from.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pi_reader.camera import files
from pi_reader.camera.desk import DeskCamera
from pi_reader.errors import UsageError
from pi_reader.lessons.base import Blackboard, Setting
from pi_reader.lessons.drawing import bars, paint_patches, patches
from pi_reader.lessons.witness import Witness
from pi_reader.network import store
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
    ("pi-reader lesson own --seed 7", "another page, another hand"),
    ("pi-reader lesson own difficulty=0.8 digit=2", "a bad photograph: which step suffers first?"),
    ("pi-reader lesson own photo=photo.jpg", "yours (thick pen, from above, good light)"),
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
    frame, truth = _take(photo, rng, difficulty)
    height, width = frame.grey.shape
    board.section("The frame")
    board.say(f"""
        This is {frame.source}: {width} × {height} pixels, from 0 for black to 255 for
        white; colour is of no use for reading. The darkest is {frame.grey.min()}, the brightest
        {frame.grey.max()}. The paper lies somewhere between, brighter here and darker there.
    """)
    board.picture(
        "frame",
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
    board.picture("ink", patches(3 * seen), lambda figure: _show(figure, ~ink.mask, "the ink"))

    board.section("The boxes")
    witness = Witness(model)
    reading = Reader(witness, card.reject_below).read(frame)
    board.say(f"""
        Long straight ink is the paper's ruling and goes. Of the rest, ink that touches is one
        piece. Which pieces belong together, and which are two digits grown into one? The reader
        tries several ways: it asked the network about {len(witness.patches)} pictures and took the
        {len(reading.digits)} that look most like digits:
    """)
    board.picture(
        "boxes",
        _boxes_text(reading),
        lambda figure: _show(figure, np.asarray(annotated(frame, reading)), "what it read"),
    )
    if not reading.digits:
        board.say("No digit was found. A thicker pen, more light, or nearer? Then try again.")
        return
    _look_closely(board, witness, reading, min(digit, len(reading.digits)) - 1)

    board.section("The answer")
    board.show(*reading.text.splitlines(), *(["written was:", *truth] if truth else []))
    board.say("""
        A ? is a digit that the reader does not stand by. What went wrong, if anything did: was
        the ink not found, the box wrong, or the digit misread? Each has another remedy.
    """)


def _take(photo: str, rng: np.random.Generator, difficulty: float) -> tuple[Frame, list[str]]:
    """The pupil's photograph, or a drawn page and what is written on it."""
    if photo:
        return files.load(Path(photo).expanduser()), []
    with DeskCamera(rng, 1, difficulty) as camera:
        frame, page = camera.capture(), camera.page
    assert frame is not None and page is not None
    return replace(frame, source="a page that this program drew"), page.text.splitlines()


def _look_closely(board: Blackboard, witness: Witness, reading: Reading, chosen: int) -> None:
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
        "patches",
        patches(witness.patches[one : one + 1]),
        lambda figure: paint_patches(figure, witness.patches[asked], names, columns=8),
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
