"""From a page's connected components to marks: what belongs together, and what must be cut.

Where a digit is in parts, or two have grown together, or a stroke is too faint in places, several
ways to take the ink are put before the network, and the one it finds likeliest is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from pi_reader.network.model import Model
from pi_reader.network.neighbourhood import Neighbourhood
from pi_reader.network.touching import name_pairs
from pi_reader.reading.binarise import Ink
from pi_reader.reading.candidates import (
    MAX_PARTS,
    Candidates,
    find_fainter,
    find_groups,
    measured,
)
from pi_reader.reading.classifier import Classifier, in_two_steps
from pi_reader.reading.components import Components, merge
from pi_reader.reading.context import asked, told
from pi_reader.reading.cuts import Span, find_pieces, may_be_cut
from pi_reader.reading.decode import (
    EVEN,
    PALE,
    Mark,
    best_partition,
    best_two,
    groups_of_several,
    has_digit_alone,
    in_a_row,
    likeliest_row,
    median,
    mended,
    usual_height,
)
from pi_reader.reading.line_split import (
    are_digits,
    better_parted,
    find_piled,
    find_stacked,
    part_lines,
)
from pi_reader.reading.patches import cut_patches
from pi_reader.reading.signs import beside, find_leftovers, loose_parts
from pi_reader.values import CLASSES

LOOSE = 0.9  # of its probability that a digit keeps without a part that is none
ROW = 0.1  # probability of a row of digits from which ink is cut; a doubtful piece of it is a `?`
MOST_LINES = 3  # times that a page is looked at again because lines have grown together
MOST_SPECKS = 60  # that are looked at
MOST_PATCHES = 1700  # of a frame that the network sees; on a Zero they take some 17 seconds
UNSEEN = (0.095,) * CLASSES + (0.05,)  # probabilities of a mark that came after these: a `?`
MOST_AT_ONCE = 1000  # of these in one step


_Key = tuple[bytes, float] | None  # a group's runs, and its strength; None: what was not seen
_Seen = tuple[tuple[float, ...], np.ndarray, np.ndarray | None]  # chances, patch, hidden


class Segmentation:
    """The marks of one page.

    network: says what a patch shows. neighbourhood: says which pieces of what was cut are digits,
    by what stands around them; without it the network alone does. touching: names two that have
    grown together, seen as one; without it they are but cut.
    left: how many patches the network may still see of this frame.
    page, marks: what was found, once `run` is through: the page's ink, with joined lines parted,
    and every mark on it, digit or not.
    """

    def __init__(
        self,
        network: Classifier,
        page: Candidates,
        left: int = MOST_PATCHES,
        neighbourhood: Neighbourhood | None = None,
        touching: Model | None = None,
    ) -> None:
        self._network, self._neighbourhood, self._touching = network, neighbourhood, touching
        self.left = left
        self.page, self.marks = page, list[Mark]()
        self._seen: dict[_Key, _Seen] = {}
        self._pieces: dict[bytes, tuple[list[Span], Components]] = {}  # by the runs of what is cut

    def run(self) -> Segmentation:
        """Find the marks."""
        self._part(self._marks_of(self.page))
        self.marks = self._loosened()
        usual = usual_height(self.marks)
        parts = list(self.marks)
        wholes = {id(whole): whole for mark in parts if (whole := mark.cut_from)}
        self.marks += [whole.but(whole=True) for whole in wholes.values()]
        digits = [mark for mark in self.marks if mark.is_digit]
        groups = find_leftovers(self.page.components, parts, usual, digits)[: self.left]
        self.marks += [
            mark.but(whole=True) if len(mark.components) > 1 else mark
            for mark in self._judge(self.page.ink, self.page.components, groups, groups)
        ]
        self.marks += self._specks(digits, usual)
        if self._neighbourhood is not None:
            self._add_other_ways(parts)
        return self

    def _add_other_ways(self, parts: Sequence[Mark]) -> None:
        """Add the digits that several marks may be together, and what digits in several parts may
        be part by part: what stands around them says which is right (`context.choose_wholes`)."""
        ink, found = self.page.ink, self.page.components
        groups = [group for _, some in find_groups(found, MOST_AT_ONCE) for group in some]
        together = groups_of_several(groups, parts)
        wholes = [
            whole
            for whole in self._judge(ink, found, together, together)
            if whole.chance >= EVEN and whole.is_digit and not has_digit_alone(whole, parts)
        ]
        alone = {group[0] for group in groups if len(group) == 1}
        joined = [
            mark
            for mark in parts
            if mark.is_digit
            and len(mark.components) > 1
            and mark.components <= alone
            and not mark.cut_from
            and not mark.torn
        ]
        apart = [(one,) for mark in joined for one in sorted(mark.components)]
        self.marks = [mark for mark in self.marks if mark not in joined]
        self.marks += [mark.but(whole=True) for mark in joined + wholes]
        self.marks += self._judge(ink, found, apart, apart)

    def _specks(self, digits: Sequence[Mark], usual: float) -> list[Mark]:
        """The specks beside digits that are as dark as these: each may be a point."""
        found = self.page.specks
        near = np.flatnonzero(beside(found, np.arange(len(found)), digits, usual))[:MOST_SPECKS]
        if not len(near):
            return []
        found = measured(found.pick(near), self.page.ink)
        usually = median([mark.strength for mark in digits])
        dark = np.flatnonzero(found.strength >= PALE * usually)[: self.left]
        groups = [(int(one),) for one in dark]
        return self._judge(self.page.ink, found, groups, [() for _ in groups])

    def _marks_of(self, page: Candidates) -> list[Mark]:
        """The ink of a page as marks, each as likely as can be."""
        marks = self._take(page)
        if len(marks) < len(page.components) or not all(mark.is_clear for mark in marks):
            marks = self._look_closer(page, marks)
        return marks

    def _part(self, marks: list[Mark]) -> None:
        """Part the page where digits of two lines have grown together.

        Where exactly they end nobody knows, and so these marks are said to be torn.
        """
        page = self.page
        torn: list[tuple[int, ...]] = []
        for _ in range(MOST_LINES):
            stacked, usual = find_stacked(page, marks)
            while stacked:
                parted = part_lines(page, stacked, usual)
                if len(parted.components) > self.left:
                    stacked = []
                    break
                after = self._marks_of(parted)
                better = [one for one in stacked if better_parted(page, one, marks, after)]
                if better == stacked:
                    break
                stacked = better  # the others stay as they are
            if not stacked:
                break
            torn += [page.components.bounds_of((one,))[:4] for one in stacked]
            page, marks = parted, after
        if torn:
            marks = [mark.but(torn=any(map(mark.is_inside, torn))) for mark in marks]
        self.page, self.marks = page, self._taken_apart(page, marks)

    def _taken_apart(self, page: Candidates, marks: list[Mark]) -> list[Mark]:
        """Marks that were put together from digits of two lines are several digits again."""
        for mark in find_piled(page, marks):
            groups = [(component,) for component in sorted(mark.components)]
            if len(groups) > self.left:
                break
            parts = self._judge(page.ink, page.components, groups, groups)
            if are_digits(parts):
                marks = [other for other in marks if other is not mark] + parts
        return marks

    def _loosened(self) -> list[Mark]:
        """The marks, those without their smallest parts that are the same digit without them.

        A point that stands close to a digit is no part of it.
        """
        found, marks = self.page.components, list(self.marks)
        loose: dict[int, tuple[int, ...]] = {}
        for place, mark in enumerate(marks):
            whole = tuple(sorted(mark.components))
            if len(whole) < 2 or not mark.is_digit or found.bounds_of(whole)[:4] != mark.place:
                continue
            if parts := loose_parts(found, mark):
                loose[place] = tuple(one for one in whole if one not in parts)
        places = list(loose)[: self.left]
        groups = [loose[place] for place in places]
        judged = self._judge(self.page.ink, found, groups, groups)
        for place, bare in zip(places, judged, strict=True):
            mark = marks[place]
            if bare.is_digit and bare.chances[mark.label] >= LOOSE * mark.chance:
                marks[place] = bare
        return marks

    def _judge(
        self,
        ink: Ink,
        found: Components,
        groups: Sequence[tuple[int, ...]],
        origins: Sequence[Iterable[int]],
    ) -> list[Mark]:
        """What the network thinks of groups of components, and which of the page's they were.

        Ink that was seen before on this page is not looked at again.
        """
        if not groups:
            return []
        *sides, _, strength, stroke = found.bounds(groups)
        inks = [
            (found.runs_of(group).tobytes(), strong)
            for group, strong in zip(groups, strength.tolist(), strict=True)
        ]
        self._see(ink, found, dict(zip(inks, groups, strict=True)))
        first = [group[0] for group in groups]
        light = ink.light_at(
            (found.left[first] + found.right[first]) // 2,
            (found.top[first] + found.bottom[first]) // 2,
        )
        columns = (each.tolist() for each in (*sides, strength, strength / light, stroke))
        marks = []
        for key, origin, numbers in zip(inks, origins, zip(*columns, strict=True), strict=True):
            x, y, right, bottom, strong, dark, thick = numbers
            chances, patch, hidden = self._seen[key if key in self._seen else None]
            own = frozenset(origin)
            mark = Mark(x, y, right, bottom, strong, chances, own, dark, thick, patch, hidden)
            marks.append(mark)
        return marks

    def _see(self, ink: Ink, found: Components, groups: dict[_Key, tuple[int, ...]]) -> None:
        """Have the network look at groups of components that it has not seen yet.

        A frame's patches are counted here, and those whose windows are seen in `_likely`; what is
        left when there were too many may be any digit.
        """
        new = [key for key in groups if key not in self._seen]
        if not new:
            return
        seen = new[: max(0, self.left)]
        self.left -= len(seen)
        patches = cut_patches(ink, found, [groups[key] for key in seen])
        if len(seen) < len(new) and None not in self._seen:  # all of them at the price of one
            seen.append(None)
            patches = np.concatenate([patches, np.zeros((1, *patches.shape[1:]), np.uint8)])
        hidden: list[np.ndarray | None] = [None] * len(patches)
        if in_two_steps(self._network):
            hidden[:] = activations = self._network.hidden(patches)
            chances = self._network.conclude(activations).tolist()
        else:
            chances = self._network.predict(patches).tolist()
        for key, chance, *looks in zip(seen, chances, patches, hidden, strict=True):
            self._seen[key] = (tuple(chance) if key else UNSEEN[: len(chance)], *looks)

    def _take(self, page: Candidates) -> list[Mark]:
        """Components joined to marks as is likeliest."""
        found = page.components
        hoods = find_groups(found, min(MOST_AT_ONCE, self.left))
        groups = [group for _, some in hoods for group in some]
        opinions = dict(zip(groups, self._judge(page.ink, found, groups, groups), strict=True))
        marks: list[Mark] = []
        for hood, groups in hoods:
            if 1 < len(hood) <= MAX_PARTS:
                bit = {component: 1 << index for index, component in enumerate(hood)}
                marks += best_partition(
                    len(hood),
                    {sum(bit[one] for one in group): opinions[group] for group in groups},
                )
            else:
                marks += [opinions[group] for group in groups]
        return marks

    def _look_closer(self, page: Candidates, marks: list[Mark]) -> list[Mark]:
        """Doubtful marks cut into several digits, or mended with fainter ink, where likelier."""
        found, fainter = page.components, find_fainter(page)
        doubtful = {
            next(iter(mark.components)): mark
            for mark in marks
            if len(mark.components) == 1 and not mark.is_clear
        }
        pairs = self._pairs(found, doubtful)
        open_ = [one for one, mark in doubtful.items() if mark.chance < EVEN or one in pairs]
        open_.sort(key=lambda one: -doubtful[one].height)
        wanted = fainter.mended.copy()
        homes = fainter.home[list(doubtful)]
        wanted[homes[homes >= 0]] = True
        wanted[np.flatnonzero(wanted)[max(0, self.left // 2) :]] = False
        wholes = np.flatnonzero(wanted).tolist()
        cut = self._cut(found, open_, min(MOST_AT_ONCE, self.left // 2 - len(wholes)))
        rows = self._twos(page.ink, cut, pairs)
        cut = {one: pieces for one, pieces in cut.items() if one not in rows}
        rows |= self._rows(page.ink, cut, doubtful, marks)
        for one, row in rows.items():
            whole = doubtful[one]
            marks = [mark for mark in marks if mark is not whole]
            marks += [piece.but(cut_from=whole) for piece in row]
        parts = [np.flatnonzero(fainter.home == one).tolist() for one in wholes]
        groups = [(one,) for one in wholes]
        return mended(marks, self._judge(page.ink, fainter.components, groups, parts))

    def _rows(
        self,
        ink: Ink,
        cut: dict[int, tuple[list[Span], Components]],
        doubtful: dict[int, Mark],
        page: Sequence[Mark],
    ) -> dict[int, list[Mark]]:
        """The doubtful components that are likelier rows of digits, and these. What ends in no
        digit on either side is none, so the pieces there are seen before those between them.

        page: the marks of the page before it was cut.
        """
        if not cut:
            return {}
        pieces = merge([parts for _, parts in cut.values()])
        spans = [(one, span) for one, (some, _) in cut.items() for span in some]
        number = {place: (index,) for index, place in enumerate(spans)}
        end = {one: max(last for _, last in some) for one, (some, _) in cut.items()}
        may_be = {one: some for one, (some, _) in cut.items()}  # digits in a row
        seen: dict[tuple[int, Span], Mark] = {}
        for inside in (False, True):
            new = [
                (one, span)
                for one, some in may_be.items()
                for span in some
                if inside == (span[0] > 0 and span[1] < end[one])
            ]
            groups = [number[place] for place in new]
            judged = self._judge(ink, pieces, groups, [(one,) for one, _ in new])
            seen.update(zip(new, judged, strict=True))
            for one, some in may_be.items():
                open_ = [at for at in some if (one, at) not in seen or seen[one, at].is_digit]
                may_be[one] = in_a_row(open_, end[one])
        rows = [(one, span) for one, some in may_be.items() for span in some]
        chances = self._likely(ink, [seen[place] for place in rows], page)
        likely = dict(zip(rows, chances, strict=True))
        out = {}
        for one, some in may_be.items():
            whole = doubtful[one]
            chance, row = likeliest_row({span: likely[one, span] for span in some})
            if chance > max(ROW, whole.chance if whole.is_digit else 0.0):
                out[one] = [seen[one, span] for span in row]
        return out

    def _pairs(self, found: Components, doubtful: dict[int, Mark]) -> dict[int, np.ndarray]:
        """The doubtful components that are likely two digits, likelier than one: how likely each
        two are, (10, 10) as `name_pairs` gives it."""
        wide = [one for one in doubtful if may_be_cut(found, one)][: max(0, self.left // 2)]
        if self._touching is None or not wide:
            return {}
        self.left -= len(wide)
        pairs = name_pairs(self._touching, np.array([doubtful[one].patch for one in wide]))
        return {
            one: both
            for one, both in zip(wide, pairs, strict=True)
            if both.max() > max(EVEN, doubtful[one].chance)
        }

    def _twos(
        self,
        ink: Ink,
        cut: dict[int, tuple[list[Span], Components]],
        pairs: dict[int, np.ndarray],
    ) -> dict[int, list[Mark]]:
        """The components that were named as two digits, and the two; those that no cut leaves are
        not among them."""
        out = {}
        for one in [one for one in pairs if one in cut]:
            spans, pieces = cut[one]
            end = max(last for _, last in spans)
            ends = {span: (at,) for at, span in enumerate(spans) if span[0] == 0 or span[1] == end}
            judged = self._judge(ink, pieces, list(ends.values()), [(one,)] * len(ends))
            if two := best_two(pairs[one], dict(zip(ends, judged, strict=True)), end):
                out[one] = two
        return out

    def _cut(
        self, found: Components, open_: Sequence[int], most: int
    ) -> dict[int, tuple[list[Span], Components]]:
        """The pieces that components may be cut into, `most` in all."""
        out: dict[int, tuple[list[Span], Components]] = {}
        for one in open_:
            runs = found.runs_of((one,)).tobytes()
            if runs not in self._pieces:
                self._pieces[runs] = find_pieces(found, one)
            spans, pieces = self._pieces[runs]
            if spans and len(spans) <= most:
                out[one] = spans, pieces
                most -= len(spans)
        return out

    def _likely(self, ink: Ink, pieces: Sequence[Mark], page: Sequence[Mark]) -> list[float]:
        """How likely pieces of what was cut are the digits that they look like: by what stands
        around them, where a neighbourhood sees it; 0 where no patches are left for that.

        page: the marks of the page before it was cut.
        """
        if self._neighbourhood is None or not pieces:
            return [piece.chance for piece in pieces]
        seen = pieces[: max(0, self.left)]
        self.left -= len(seen)
        likely = [0.0] * len(pieces)
        if seen:
            kinds = asked(self._neighbourhood, ink, seen, usual_height(page))
            likely[: len(seen)] = [mark.kinds[mark.label] for mark in told(seen, kinds)]
        return likely
