"""A camera over a desk that exists only in numbers: it draws pages of handwriting.

It is the demo's camera and the tests': unlike a real one it knows what is written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Self

import numpy as np

from pi_reader.handwriting.page import Page, draw_page
from pi_reader.values import Frame


class DeskCamera:
    """Draws a new page for each capture.

    rng: where the pages come from, so that the same seed gives the same pages.
    pages: how many there are; None goes on for ever.
    difficulty: 0 a fair copy in good light, to 1 whatever can happen to paper.
    page: the page that was captured last, with the truth about it; None before the first.
    """

    def __init__(self, rng: np.random.Generator, pages: int | None = None,
                 difficulty: float = 0.3) -> None:
        self.page: Page | None = None
        self._rng = rng
        self._pages = pages
        self._difficulty = difficulty
        self._drawn = 0

    def capture(self) -> Frame | None:
        """A new page as a frame, or None when the last one was drawn."""
        if self._pages is not None and self._drawn >= self._pages:
            return None
        self._drawn += 1
        self.page = draw_page(self._rng, difficulty=self._difficulty)
        return replace(self.page.frame, source=f"page {self._drawn}")

    def close(self) -> None:
        """Draw no more."""
        self._pages = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
