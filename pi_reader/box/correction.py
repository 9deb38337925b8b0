"""Putting a reading right with one button.

A long press begins with the first digit of the last reading. Short presses count it up: from what
was read to 9, on to "no digit" and to 0 again. A long press keeps what is shown and goes to the
next digit; after the last one, or after ten seconds without a press, it is over. What was kept by
then counts; digits that were not come to are left as they are.
"""

from __future__ import annotations

from pi_reader.values import Correction, Reading

PATIENCE = 10.0  # seconds without a press; then nobody is standing there any more
_LABELS = (*range(10), None)  # in the order in which a press counts them up


class CorrectionDialogue:
    """The state of one correction; knows nothing of buttons, lamps or databases.

    kept: what was settled so far, by the digit's place: 0 to 9, None for no digit.
    over: whether there is nothing more to do.
    """

    def __init__(self, reading: Reading, now: float) -> None:
        if not reading.digits:
            raise ValueError("reading: has no digits to correct")
        self.kept: dict[int, int | None] = {}
        self.over = False
        self._text = "".join(line.number for line in reading.lines)
        self._guesses = [digit.label for digit in reading.digits]
        self._place = 0
        self._label: int | None = self._guesses[0]
        self._last_press = now

    @property
    def view(self) -> Correction:
        """What a display shows of it: what was kept stands in the text already."""
        text = [
            " " if self.kept.get(place, 0) is None else str(self.kept.get(place, letter))
            for place, letter in enumerate(self._text)
        ]
        return Correction("".join(text), self._place, self._label)

    def press(self, kind: str, now: float) -> None:
        """A press of the button: "short" or "long"; nothing else means anything here."""
        if self.over or kind not in ("short", "long"):
            return
        self._last_press = now
        if kind == "short":
            self._label = _LABELS[(_LABELS.index(self._label) + 1) % len(_LABELS)]
            return
        self.kept[self._place] = self._label
        if len(self.kept) == len(self._guesses):
            self.over = True
        else:
            self._place += 1
            self._label = self._guesses[self._place]

    def tick(self, now: float) -> None:
        """Let time pass; now in the same seconds as the presses."""
        if now - self._last_press >= PATIENCE:
            self.over = True
