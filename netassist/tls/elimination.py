"""Finding all that a server accepts, by asking again without what it selected, until it refuses. Steps without I/O.

The candidates are asked for in slices side by side. Each slice costs a refusal, so their number grows with what is found; a
slice is divided where half of what may still be in it is expected on either side.

A server that keeps an order of its own selects the first in it of each offer. So each slice is found in that order, and what
was found before a slice was divided stands before both parts; whether one part stands before the other, one more offer tells
where they do not interleave (`ordered`). Nothing is believed of the order that was not answered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from netassist.tls.flight import Flight
from netassist.tls.offers import Offer
from netassist.tls.questions import Asking, Refused, Steps, Unanswered, together

_FIRST_SLICES, MOST_SLICES = 4, 8
"""How many slices are worth a refusal each: twice as many as the last round has found something in."""
_FEW = 3
Weigh = Callable[[Sequence[int]], Callable[[int], float]]
"""How likely a candidate is accepted, 0 to 1, given what was found so far."""


class Found(NamedTuple):
    """Codes in the order found. `complete`: there are no others."""

    codes: tuple[int, ...]
    complete: bool


class Wanted(NamedTuple):
    """How to offer some of the candidates, and what of an answer is the selection.

    `besides` is offered with each: a server that selects that takes none of the candidates.
    """

    offer: Callable[[tuple[int, ...]], Offer]
    selected: Callable[[Flight], int | None]
    besides: tuple[int, ...] = ()


class Slice:
    """Some of the candidates: those `left` to ask for, those `found`, in that order, and its `parts` once it is divided."""

    def __init__(self, candidates: Sequence[int], found: Sequence[int] = ()) -> None:
        self.left, self.found = tuple(candidates), list(found)
        self.parts: tuple[Slice, ...] = ()

    def divide(self, weigh: Callable[[int], float]) -> None:
        """Into two, about as much to be expected of each."""
        half, passed, cut = sum(map(weigh, self.left)) / 2, 0.0, 1
        for cut, code in enumerate(self.left[:-1], 1):  # noqa: B007 - where it broke off
            passed += weigh(code)
            if passed >= half:
                break
        self.split((self.left[:cut], self.left[cut:]))

    def split(self, parts: Iterable[Sequence[int]]) -> None:
        self.parts, self.left = tuple(map(Slice, parts)), ()

    def leaves(self) -> Iterator[Slice]:
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()

    def heads(self) -> Iterator[Slice]:
        """The slices whose first code nothing in this one stands before."""
        if self.found:
            yield self
        else:
            for part in self.parts:
                yield from part.heads()

    def codes(self) -> Iterator[int]:
        yield from self.found
        for part in self.parts:
            yield from part.codes()


def commonest_first(order: Sequence[int]) -> Weigh:
    """That what stands at the head of a list is more often accepted than what stands behind."""
    weights = {code: 0.75**place for place, code in enumerate(order)}
    return lambda _: lambda code: weights.get(code, 0.0)


def eliminate(asking: Asking, want: Wanted, whole: Slice, weigh: Weigh) -> Steps[Found]:
    """All that is accepted of a slice; it holds then what each of its parts gave."""
    complete, refused, taken = True, 0, 0
    while open_slices := [held for held in whole.leaves() if held.left]:
        most = min(MOST_SLICES, max(_FIRST_SLICES, 2 * taken))
        open_slices = _divided(open_slices, most - refused, weigh, tuple(whole.codes()))
        settled = yield from asking.ask([want.offer(held.left) for held in open_slices])
        taken = 0
        for held, answer in zip(open_slices, settled, strict=True):
            code = want.selected(answer) if isinstance(answer, Flight) else None
            if code is not None and code in held.left:
                taken += 1
                held.found.append(code)
                held.left = tuple(other for other in held.left if other != code)
                continue
            held.left = ()
            if isinstance(answer, Flight):
                # It selects what was not offered: nothing more is learnt from asking.
                complete = complete and code in want.besides
            else:
                refused += 1
                complete = complete and not isinstance(answer, Unanswered)
    return Found(tuple(dict.fromkeys(whole.codes())), complete)


def ordered(asking: Asking, want: Wanted, whole: Slice) -> Steps[tuple[int, ...] | None]:
    """What was found of a slice, in the server's order; None where it did not answer to that. The slice is used up."""
    sorting = _Sorting(asking, want)
    yield from sorting.joined(whole)
    codes = yield from sorting.drawn(whole)
    return tuple(codes) if sorting.answered else None


def foretold(asking: Asking, want: Wanted, codes: Sequence[int], others: Sequence[int]) -> Steps[bool]:
    """Whether the server takes just `codes`, in this order, and none of `others`: one offer a code and one for the rest."""
    offers = [want.offer((*codes[place:], *others)) for place in range(len(codes) + 1)]
    settled = yield from asking.ask(offers)
    taken = [want.selected(answer) if isinstance(answer, Flight) else None for answer in settled]
    return taken == [*codes, None] and isinstance(settled[-1], Refused)


def _divided(held: Sequence[Slice], most: int, weigh: Weigh, found: Sequence[int]) -> list[Slice]:
    """Up to `most` slices, none of which is divided where less than two more are expected of it."""
    slices = list(held)
    if len(slices) >= most:
        return slices
    weight = weigh(found)
    weights = [sum(map(weight, part.left)) for part in slices]
    while len(slices) < min(most, math.ceil(sum(weights) / 2)):
        place = max(range(len(slices)), key=weights.__getitem__)
        if weights[place] < 2 or len(slices[place].left) < 2:
            break
        slices[place].divide(weight)
        weights[place : place + 1] = [sum(map(weight, part.left)) for part in slices[place].parts]
        slices[place : place + 1] = slices[place].parts
    return slices


class _Sorting:
    """Puts in the server's order what it accepts. `answered`: it has always selected one of what it was offered."""

    def __init__(self, asking: Asking, want: Wanted) -> None:
        self._asking, self._want = asking, want
        self.answered = True

    def joined(self, whole: Slice) -> Steps[None]:
        """Make one of the two parts of each slice, where they do not interleave, or few of one stand in the other."""
        yield from together([self.joined(part) for part in whole.parts])
        whole.parts = tuple(part for part in whole.parts if part.found or part.parts)
        if len(whole.parts) == 2 and not any(part.parts for part in whole.parts):
            one, other = (part.found for part in whole.parts)
            joined = yield from self._joined(one, other)
            whole.parts = (Slice((), joined),) if joined else whole.parts
        if len(whole.parts) == 1:
            whole.found += whole.parts[0].found
            whole.parts = whole.parts[0].parts

    def _joined(self, one: list[int], other: list[int]) -> Steps[list[int] | None]:
        last, first = one[-1], other[0]
        if (yield from self._firsts([(last, first)])) == [last]:
            return one + other
        if (yield from self._firsts([(other[-1], one[0])])) == [other[-1]]:
            return other + one
        late, early = one[-_FEW - 1 : -1][::-1], other[1 : _FEW + 1]
        firsts = yield from self._firsts([*((code, first) for code in late), *((code, last) for code in early)])
        after = 1 + firsts[: len(late)].count(first)
        before = 1 + sum(code != last for code in firsts[len(late) :])
        if after <= _FEW and after <= before:
            return one[:-after] + (yield from self._placed(one[-after:], other))
        if before <= _FEW:
            return (yield from self._placed(other[:before], one)) + other[before:]
        return None

    def _placed(self, few: list[int], many: list[int]) -> Steps[list[int]]:
        """Each of the few put where it belongs among the many; both are in order."""
        places = yield from together([self._place(code, many) for code in few])
        placed = list[int]()
        for place, code in enumerate(many):
            placed += [held for held, at in zip(few, places, strict=True) if at == place]
            placed.append(code)
        return placed + [held for held, at in zip(few, places, strict=True) if at == len(many)]

    def _place(self, code: int, many: Sequence[int]) -> Steps[int]:
        low, high = 0, len(many)
        while low < high:
            middle = (low + high) // 2
            if (yield from self._firsts([(code, many[middle])])) == [code]:
                high = middle
            else:
                low = middle + 1
        return low

    def drawn(self, whole: Slice) -> Steps[list[int]]:
        """All codes, the first of those that may be the next one after another. The guess is that the same part goes on."""
        drawn, depth = list[int](), 1
        ahead: Slice | None = None
        while heads := list(whole.heads()):
            ahead = ahead if ahead in heads else heads[0]
            rivals = [held.found[0] for held in heads if held is not ahead]
            if not rivals:
                drawn += ahead.found
                ahead.found = []
                continue
            firsts = yield from self._firsts([(code, *rivals) for code in ahead.found[:depth]])
            taken = next((place for place, first in enumerate(firsts) if first != ahead.found[place]), len(firsts))
            drawn += ahead.found[:taken]
            ahead.found, depth = ahead.found[taken:], min(2 * depth, MOST_SLICES)
            if taken < len(firsts):
                ahead, depth = next((held for held in heads if held.found[:1] == [firsts[taken]]), ahead), 1
                drawn.append(ahead.found.pop(0))
        return drawn

    def _firsts(self, offers: Sequence[tuple[int, ...]]) -> Steps[list[int]]:
        """What the server selects of each of these, all of which it accepts; where it does not answer, it is not asked again."""
        if not self.answered:
            return [offer[0] for offer in offers]
        settled = yield from self._asking.ask([self._want.offer(offer) for offer in offers])
        firsts = []
        for offer, answer in zip(offers, settled, strict=True):
            first = self._want.selected(answer) if isinstance(answer, Flight) else None
            self.answered = self.answered and first in offer
            firsts.append(offer[0] if first is None else first)
        return firsts
