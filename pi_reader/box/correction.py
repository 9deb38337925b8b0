"""Correcting a reading with one button.

A long press starts at the first digit of the last reading. Each short press counts it up: from
what was read to 9, then "no digit", then 0. A long press confirms what is shown and moves on to
the next digit; the correction ends after the last one, or after ten seconds without a press.
Digits confirmed by then are kept; the others stay as they were read.
"""

from __future__ import annotations

from pi_reader.values import Correction, Reading

PATIENCE = 10.0  # seconds without a press that end a correction
_LABELS = (*range(10), None)  # in the order of short presses


class CorrectionDialogue:
    """The state of one correction, independent of buttons, lamps and databases.

    kept: labels confirmed so far, by the digit's place: 0 to 9, None for no digit.
    over: whether the correction has ended.
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
        """What a display should show; the text already contains the confirmed labels."""
        text = [
            " " if self.kept.get(place, 0) is None else str(self.kept.get(place, letter))
            for place, letter in enumerate(self._text)
        ]
        return Correction("".join(text), self._place, self._label)

    def press(self, kind: str, now: float) -> None:
        """Handle a press, "short" or "long"; other kinds are ignored."""
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
        """Check the timeout; now: seconds, on the same clock as the presses."""
        if now - self._last_press >= PATIENCE:
            self.over = True
