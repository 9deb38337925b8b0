"""A simulated camera over a desk, which draws pages of handwriting.

For the demo and the tests: unlike a real camera it knows what is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pi_reader.camera.scene import Sensor, arrival, bare_desk, departure
from pi_reader.handwriting.page import Page, draw_page
from pi_reader.parts import Closing, Part, PartContext
from pi_reader.parts.findings import well
from pi_reader.values import Frame

_SIZE = (640, 480)
_DIFFICULTY = 0.3  # of the pages of a box without a camera
_SECONDS = 4.0  # that each of them stays on the desk


class DeskCamera(Closing):
    """Shows one drawn page after the other.

    rng: source of the pages; the same seed gives the same pages.
    pages: how many there are; None for no limit.
    difficulty: from 0, a fair copy in good light, to 1, whatever can happen to paper.
    looks: 0 for a new page at each capture; otherwise each page lies still for that many captures,
    and between two pages there are hands, moving paper, blur and the bare desk.
    size: (width, height) of the frames in pixels.
    page: the page that lies fully visible and still in the last frame, with the truth about it;
    None before the first and while anything moves.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        pages: int | None = None,
        difficulty: float = 0.3,
        looks: int = 0,
        size: tuple[int, int] = _SIZE,
    ) -> None:
        self.page: Page | None = None
        self._rng = rng
        self._pages = pages
        self._difficulty = difficulty
        self._looks = looks
        self._size = size
        self._frames = self._life_of_the_desk() if looks else self._page_after_page()

    def capture(self) -> Frame | None:
        """The next frame, or None after the last page."""
        frame, self.page = next(self._frames, (None, self.page))
        return frame

    def close(self) -> None:
        """Stop drawing."""
        self._frames = iter(())

    def _drawn(self) -> Iterator[tuple[str, Page]]:
        number = 0
        while self._pages is None or number < self._pages:
            number += 1
            yield f"page {number}", draw_page(self._rng, self._difficulty, self._size)

    def _page_after_page(self) -> Iterator[tuple[Frame, Page | None]]:
        for name, page in self._drawn():
            yield Frame(page.frame.grey, name), page

    def _life_of_the_desk(self) -> Iterator[tuple[Frame, Page | None]]:
        sensor = Sensor(self._rng, self._size)
        desk = bare_desk(self._rng, self._size)
        for name, page in self._drawn():
            sheet = page.frame.grey
            for scene in arrival(self._rng, sheet, desk):
                yield Frame(sensor.see(scene), name), None
            for _ in range(self._looks):
                yield Frame(sensor.see(sheet), name), page
            for scene in departure(self._rng, sheet, desk):
                yield Frame(sensor.see(scene), name), None
        yield Frame(sensor.see(desk), "desk"), None


def _opened(section: Any, context: PartContext) -> DeskCamera:
    looks = round(_SECONDS * context.looks_per_second) + 8
    size = (section.width, section.height)
    return DeskCamera(np.random.default_rng(), None, _DIFFICULTY, looks, size)


PART = Part(
    None,
    _opened,
    title="camera",
    package="",
    examine=lambda section, machine: well(
        'the settings ask for drawn pages (camera.kind = "desk")'
    ),
)
