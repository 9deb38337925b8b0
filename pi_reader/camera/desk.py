"""A simulated camera over a desk, which draws pages of handwriting.

For the demo and the tests: unlike a real camera it knows what is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pi_reader.camera.scene import Sensor, arrival, bare_desk, departure
from pi_reader.handwriting.page import Page, draw_page
from pi_reader.handwriting.values import ValuePage, draw_values
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
    values: show pages of prices, temperatures, dates and other values.
    page: the page that lies fully visible and still in the last frame, with the truth about it;
    None before the first and while anything moves. values_page: the same for pages of values.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        pages: int | None = None,
        difficulty: float = 0.3,
        looks: int = 0,
        size: tuple[int, int] = _SIZE,
        values: bool = False,
    ) -> None:
        self.page: Page | None = None
        self.values_page: ValuePage | None = None
        self._values = values
        self._rng = rng
        self._pages = pages
        self._difficulty = difficulty
        self._looks = looks
        self._size = size
        self._frames = self._life_of_the_desk() if looks else self._page_after_page()

    def capture(self) -> Frame | None:
        """The next frame, or None after the last page."""
        frame, page = next(self._frames, (None, self.page or self.values_page))
        self.page = page if isinstance(page, Page) else None
        self.values_page = page if isinstance(page, ValuePage) else None
        return frame

    def close(self) -> None:
        """Stop drawing."""
        self._frames = iter(())

    def _drawn(self) -> Iterator[tuple[str, Page | ValuePage]]:
        number = 0
        while self._pages is None or number < self._pages:
            number += 1
            if self._values:
                drawn = draw_values(self._rng, None, None, self._difficulty, self._size)
                yield f"page {number}", drawn
            else:
                yield f"page {number}", draw_page(self._rng, self._difficulty, self._size)

    def _page_after_page(self) -> Iterator[tuple[Frame, Page | ValuePage | None]]:
        for name, page in self._drawn():
            yield Frame(page.frame.grey, name), page

    def _life_of_the_desk(self) -> Iterator[tuple[Frame, Page | ValuePage | None]]:
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
    values = section.drawn == "values"
    return DeskCamera(np.random.default_rng(), None, _DIFFICULTY, looks, size, values)


PART = Part(
    None,
    _opened,
    title="camera",
    package="",
    examine=lambda section, machine: well(
        'the settings ask for drawn pages (camera.kind = "desk")'
    ),
)
