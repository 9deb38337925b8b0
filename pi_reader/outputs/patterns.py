"""Light patterns of the lamps: every state of the box has its own, visible across a room.

    state           sure     unsure    heartbeat       digits
    starting        -        -         fast            run through
    nothing there   -        -         beat            -
    reading         steady   -         beat            what was read
    unsure          -        steady    beat            both guesses
    too dark        -        slow      beat            -
    glare           -        double    beat            -
    out of focus    -        triple    beat            -
    correcting      steady   steady    beat            what it would be, blinking
    pairing         steady   -         fast            the code
    stopping        -        -         steady          -
    fault           -        fast      -               -

Instead of the beat, a double beat is a fault with which the box keeps reading (the display says
which), a steady light a frozen display, and a breathing one a training. A longer reading is shown
digit by digit, and the sure and unsure lamps belong to the digit being shown. When the reader has
given up, the fault unit shows the fault pattern in its place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pi_reader.outputs.scene import Moment, Spelled, spelled
from pi_reader.state import BoxState
from pi_reader.values import State

Pattern = tuple[float, ...]  # seconds lit, dark, lit, dark ..., over and over again

OFF: Pattern = (0.0, 1.0)
STEADY: Pattern = (1.0,)
SLOW: Pattern = (1.0, 1.0)
FAST: Pattern = (0.2, 0.2)
DOUBLE: Pattern = (0.25, 0.25, 0.25, 1.25)
TRIPLE: Pattern = (0.25, 0.25, 0.25, 0.25, 0.25, 1.25)
BEAT: Pattern = (0.2, 1.8)
HELD: Pattern = (1.8, 0.2)
BLINK: Pattern = (0.5, 0.3)
BREATHE: Pattern = (2.0, 2.0)  # swells and fades if a lamp can be dimmed

STATES: dict[State, tuple[Pattern, Pattern, Pattern]] = {  # sure, unsure, heartbeat
    State.STARTING: (OFF, OFF, FAST),
    State.NOTHING: (OFF, OFF, BEAT),
    State.READING: (STEADY, OFF, BEAT),
    State.UNSURE: (OFF, STEADY, BEAT),
    State.DARK: (OFF, SLOW, BEAT),
    State.GLARE: (OFF, DOUBLE, BEAT),
    State.BLURRED: (OFF, TRIPLE, BEAT),
    State.CORRECTING: (STEADY, STEADY, BEAT),
    State.PAIRING: (STEADY, OFF, FAST),
    State.STOPPING: (OFF, OFF, STEADY),
    State.FAULT: (OFF, FAST, OFF),
}

STAND = 0.8  # seconds that a digit of a longer reading is shown on the digit lamps
GAP = 0.2  # seconds dark between two
_RUN = 0.2  # seconds for each lamp of a light that runs through all of them
_EYE = 2.2  # gamma: perceived brightness is about the power 1/2.2


@dataclass(frozen=True)
class Lamps:
    """How bright each lamp is, 0 to 1, and which digits are lit: none, one, or two guesses."""

    sure: float
    unsure: float
    heartbeat: float
    digits: frozenset[int] = frozenset()


def level(pattern: Pattern, seconds: float) -> float:
    """How bright a lamp is after `seconds` of its pattern: 0 or 1, in between for BREATHE."""
    left = seconds % sum(pattern)
    if pattern is BREATHE:
        swell = (1 - math.cos(math.tau * left / sum(pattern))) / 2
        return float(swell**_EYE)
    for place, length in enumerate(pattern):
        if left < length:
            return float(place % 2 == 0)
        left -= length
    return 0.0


def lamps(moment: Moment) -> Lamps:
    """What all lamps show at this moment."""
    sure, unsure, _ = STATES[moment.state]
    stands = _standing(moment)
    if moment.spelled is not None:
        sure = STEADY if stands and stands.sure else OFF
        unsure = STEADY if stands and not stands.sure else OFF
    return Lamps(
        level(sure, moment.told_for),
        level(unsure, moment.told_for),
        level(heartbeat(moment.status), moment.now),
        _digits(moment, stands),
    )


def heartbeat(status: BoxState) -> Pattern:
    """The heartbeat's pattern: what the box is doing beside reading, most important first."""
    beat = STATES[status.state][2]
    if beat is not BEAT:
        return beat
    if status.fault:
        return DOUBLE
    if status.frozen:
        return HELD
    return BEAT if status.progress is None else BREATHE


def _standing(moment: Moment) -> Spelled | None:
    return spelled(moment, STAND, GAP) if moment.spelled else None


def _digits(moment: Moment, stands: Spelled | None) -> frozenset[int]:
    """The digits to light: never more than two at once, which limits the pins' current."""
    correction = moment.status.correction
    running = frozenset({int(moment.now / _RUN) % 10})
    if moment.state is State.STARTING:
        return running
    if moment.state is State.CORRECTING and correction is not None:
        if correction.label is None:  # none of the ten
            return running
        return frozenset({correction.label} if level(BLINK, moment.told_for) else ())
    if stands is None:
        return frozenset()
    return frozenset(stands.guesses)
