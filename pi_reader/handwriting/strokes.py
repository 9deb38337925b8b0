"""The ways in which the world writes its ten digits, and how common they are.

Some people write their digits on purpose in ways that look wrong elsewhere: the long flag of a
German 1, the crossed 7, the open 4.
"""

from __future__ import annotations

from dataclasses import dataclass

from pi_reader.handwriting.eight import (
    eight,
    eight_circles,
    eight_from_left,
    eight_open,
    eight_ribbon,
)
from pi_reader.handwriting.nine import (
    nine,
    nine_big_tail,
    nine_curl,
    nine_flat_tail,
    nine_hook,
    nine_necked,
    nine_open,
    nine_s,
    nine_small,
    nine_soft,
    nine_turned,
)
from pi_reader.handwriting.one import (
    one,
    one_flag,
    one_foot,
    one_hooked,
    one_joined_foot,
    one_retraced,
    one_steep,
    one_steep_footed,
    one_steep_looped,
    one_stick_foot,
    one_swept,
    one_tented,
)
from pi_reader.handwriting.six_seven import (
    seven,
    seven_arch,
    seven_crossed,
    seven_footed,
    seven_hooked_crossed,
    seven_knotted,
    seven_returned,
    seven_round,
    seven_serif,
    seven_serif_crossed,
    seven_wave,
    seven_wave_crossed,
    six,
    six_barred,
    six_curl,
    six_knotted,
    six_open,
    six_rolled,
    six_straight,
)
from pi_reader.handwriting.splines import Skeleton
from pi_reader.handwriting.three_four_five import (
    five,
    five_one_stroke,
    five_soft,
    five_tick,
    four_closed,
    four_continued,
    four_cup,
    four_open,
    four_stepped,
    four_swept,
    four_ticked,
    three,
    three_flat,
    three_loop,
    three_soft,
)
from pi_reader.handwriting.zero_two import (
    two,
    two_check,
    two_curl,
    two_loop,
    two_rolled,
    two_swung,
    two_z,
    zero,
    zero_clockwise,
    zero_pointed,
    zero_slashed,
    zero_spiral,
)


@dataclass(frozen=True)
class Form:
    """One way to write a digit, and how common it is in America and on the continent of Europe."""

    skeleton: Skeleton
    american: float
    continental: float


FORMS: tuple[tuple[Form, ...], ...] = (
    (
        Form(zero, 5, 5),
        Form(zero_clockwise, 1, 1),
        Form(zero_spiral, 2, 2),
        Form(zero_pointed, 1.5, 1),
        Form(zero_slashed, 0.15, 0.3),
    ),
    (
        Form(one, 7, 1),
        Form(one_flag, 1.5, 5),
        Form(one_hooked, 0.2, 1),
        Form(one_retraced, 0.1, 1),
        Form(one_foot, 0.7, 1.5),
        Form(one_stick_foot, 0.15, 0.1),
        Form(one_joined_foot, 0.1, 0.1),
        Form(one_steep, 0.3, 3.5),
        Form(one_steep_looped, 0.1, 1.5),
        Form(one_steep_footed, 0.1, 1),
        Form(one_swept, 0.1, 1.5),
        Form(one_tented, 0.02, 0.4),
    ),
    (
        Form(two, 4, 4),
        Form(two_loop, 2, 1.5),
        Form(two_swung, 4, 1),
        Form(two_check, 1.5, 1),
        Form(two_z, 1, 3),
        Form(two_curl, 0.5, 1.5),
        Form(two_rolled, 2, 0.8),
    ),
    (
        Form(three, 4, 4),
        Form(three_soft, 2, 1.5),
        Form(three_flat, 0.6, 1.5),
        Form(three_loop, 1, 1),
    ),
    (
        Form(four_open, 4, 2.5),
        Form(four_cup, 2, 2),
        Form(four_closed, 2, 2),
        Form(four_continued, 1.5, 1),
        Form(four_swept, 0.5, 2.5),
        Form(four_ticked, 0.5, 3),
        Form(four_stepped, 0.2, 1),
    ),
    (
        Form(five, 4, 4),
        Form(five_one_stroke, 2, 3),
        Form(five_soft, 1.5, 1.5),
        Form(five_tick, 1, 0.5),
    ),
    (
        Form(six, 3, 3),
        Form(six_straight, 2, 1),
        Form(six_curl, 1, 2.5),
        Form(six_rolled, 4, 2),
        Form(six_open, 1, 0.3),
        Form(six_barred, 0.2, 1),
        Form(six_knotted, 1.5, 0.5),
    ),
    (
        Form(seven, 5, 1),
        Form(seven_crossed, 0.8, 4),
        Form(seven_serif, 1, 0.5),
        Form(seven_serif_crossed, 0.2, 1.5),
        Form(seven_wave, 0.8, 0.4),
        Form(seven_wave_crossed, 0.1, 1.5),
        Form(seven_round, 1, 0.2),
        Form(seven_arch, 1, 0.2),
        Form(seven_footed, 0.6, 0.3),
        Form(seven_knotted, 0.1, 1.2),
        Form(seven_hooked_crossed, 0.1, 1.5),
        Form(seven_returned, 0.05, 1.2),
    ),
    (
        Form(eight, 5, 5),
        Form(eight_circles, 1, 1.5),
        Form(eight_open, 1.5, 1),
        Form(eight_from_left, 1, 1),
        Form(eight_ribbon, 1.2, 0.6),
    ),
    (
        Form(nine, 4, 2),
        Form(nine_curl, 0.8, 3),
        Form(nine_soft, 2, 1),
        Form(nine_open, 1, 1),
        Form(nine_big_tail, 0.2, 1.5),
        Form(nine_hook, 1, 1.5),
        Form(nine_s, 0.2, 2),
        Form(nine_small, 1.5, 0.8),
        Form(nine_flat_tail, 0.1, 2.5),
        Form(nine_necked, 0.1, 2.2),
        Form(nine_turned, 0.02, 1.2),
    ),
)
"""For each digit the forms people give it; their numbers are weights, not probabilities."""
