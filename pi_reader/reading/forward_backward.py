"""All ways to read a line weighed at once: the forward-backward algorithm.

Rabiner 1989, *Proceedings of the IEEE* 77(2); over the last few symbols, of which only the
likeliest histories are followed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pi_reader.reading.decode import IN_DOUBT
from pi_reader.reading.language import BLANK, END, NOTHING, START, Language

MOST_HISTORIES = 16  # that are followed at once,
LEAST_HISTORY = 0.01  # and how likely each must be beside the likeliest

Options = Sequence[Mapping[str, float]]
Parted = Sequence[Sequence[Sequence[float]]]
Line = tuple[Options, Sequence[Sequence[float]]]  # `options` and `chances` of `forward_backward`
Heard = tuple[list[dict[str, float]], list[list[list[float]]]]  # what that gives
_State = tuple[str, int]  # the last few symbols, and how many marks since then were nothing
_NO_BLANK = ((False, 1.0),)


def forward_backward(
    options: Sequence[Mapping[str, float]], chances: Sequence[Sequence[float]], language: Language
) -> tuple[list[dict[str, float]], list[list[list[float]]]]:
    """How likely each mark of a line is which symbol; and how likely no blank stands before it, or
    one, while so many marks before it are nothing.

    options: of each mark, how likely each symbol makes what is seen, above 0, in any unit; chances:
    as `chances_of` gives them.
    """
    ahead: dict[_State, float] = {(START, 0): 1.0}  # scaled to 1 for the likeliest
    layers = []
    for seen, by_gap in zip(options, chances, strict=True):
        ways, last = [_ways(chance) for chance in by_gap], len(by_gap) - 1
        edges = []
        after: dict[_State, float] = {}
        something = [one for one in seen.items() if one[0]]
        nothing = seen.get(NOTHING, 0.0)
        for state, mass in ahead.items():
            history, skipped = state
            skipped = min(skipped, last)
            if nothing:
                then = history, skipped + 1
                edges.append((state, then, NOTHING, False, nothing))
                after[then] = after.get(then, 0.0) + mass * nothing
            for blank, weight in ways[skipped] if history != START else _NO_BLANK:
                before = history
                if blank:
                    before, q = language.step(history, BLANK)
                    weight *= q
                for symbol, likely in something:
                    text, q = language.step(before, symbol)
                    then, p = (text, 0), likely * weight * q
                    edges.append((state, then, symbol, blank, p))
                    after[then] = after.get(then, 0.0) + mass * p
        top = max(after.values())
        least = LEAST_HISTORY * top
        if len(after) > MOST_HISTORIES:
            least = max(least, sorted(after.values())[-MOST_HISTORIES])
        layers.append((ahead, edges, top, last))
        ahead = {state: mass / top for state, mass in after.items() if mass >= least}
    behind = {state: language.step(state[0], END)[1] for state in ahead}
    total = sum(ahead[state] * p for state, p in behind.items())
    symbols: list[dict[str, float]] = []
    blanks = []
    for masses, edges, top, last in reversed(layers):
        ends, behind = behind, {}
        here: dict[str, float] = {}
        parted = [[0.0, 0.0] for _ in range(last + 1)]
        for state, then, symbol, blank, p in edges:
            if (rest := ends.get(then)) is None:
                continue
            p *= rest / top
            behind[state] = behind.get(state, 0.0) + p
            p *= masses[state] / total
            here[symbol] = here.get(symbol, 0.0) + p
            if symbol and state[0] != START:
                parted[min(state[1], last)][blank] += p
        symbols.append(here)
        blanks.append(parted)
    return symbols[::-1], blanks[::-1]


def _ways(chance: float) -> Sequence[tuple[bool, float]]:
    """Without and with a blank, and how likely each is."""
    if chance > 1 - IN_DOUBT:
        return ((True, 1.0),)
    return ((False, 1 - chance), (True, chance)) if chance >= IN_DOUBT else _NO_BLANK
