"""Finding all that a server accepts, by asking again without what it selected, until it refuses. Steps without I/O.

The candidates are asked for in parts side by side. A part of which little more is expected is not asked until it is refused, but
passed on to another one, so that few refusals settle all of them; whatever is not found has been refused in the end.

A server that keeps an order of its own selects the first in it of each offer: that stands before all else that was offered and is
accepted (`Order`). With each part goes what was found first behind it, so that it is learnt in passing where parts follow each
other; what is left open is asked at the end (`ordered`). Nothing is believed of the order that was not answered. Where the order
is not the foreseen one, parts would have to be merged suite by suite: then what is left is asked for in one chain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from netassist.tls.flight import Flight
from netassist.tls.offers import Offer
from netassist.tls.order import Order
from netassist.tls.questions import Asking, Refused, Steps

_FIRST_PARTS, MOST_PARTS = 3, 8
"""How many parts are asked at a time: twice as many as the last round has found something in."""
_SCANTY = 1.0
"""Of a part of which fewer are expected, a refusal would cost more than it is worth."""
_SURPRISES = 5
"""So many selections against the foreseen order, and more than in it: it is another order."""
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


def commonest_first(order: Sequence[int]) -> Weigh:
    """That what stands at the head of a list is more often accepted than what stands behind."""
    weights = {code: 0.75**place for place, code in enumerate(order)}
    return lambda _: lambda code: weights.get(code, 0.0)


def eliminate(
    asking: Asking,
    want: Wanted,
    candidates: Sequence[int],
    weigh: Weigh,
    *,
    found: Sequence[int] = (),
    order: Order | None = None,
    longest: int | None = None,
) -> Steps[Found]:
    """All that is accepted of the candidates, which stand in the order that is foreseen, behind those `found` before.

    `order` is told what was selected of what, where that matters; no offer has more than `longest` of the candidates.
    """
    parts, complete, taken, ended = _Parts(candidates, found, weigh, order, longest), True, 0, 0
    while parts.open:
        asked = parts.next(min(MOST_PARTS, max(_FIRST_PARTS, 2 * taken)) - ended)
        settled = yield from asking.ask([want.offer(offered) for _, offered in asked])
        ended += len(settled)
        taken, passed = 0, list[tuple[_Part, int]]()
        for (part, offered), answer in zip(asked, settled, strict=True):
            code = want.selected(answer) if isinstance(answer, Flight) else None
            if code is not None and code in offered:
                if order is not None:
                    order.note(code, offered)
                if code in part.left:
                    taken += 1
                    part.take(code)
                else:
                    passed.append((part, code))
            elif len(offered) > len(part.left):
                part.alone = True  # it refuses what it took before: asked without that
            else:
                # Where it selects what was not offered, nothing more is learnt from asking.
                refused = code in want.besides if isinstance(answer, Flight) else isinstance(answer, Refused)
                complete = parts.ended(part) and refused and complete
        for part, code in passed:
            parts.passed(part, code)
        ended -= taken
    return Found(tuple(parts.found()), complete)


def ordered(asking: Asking, want: Wanted, foreseen: Sequence[int], order: Order) -> Steps[tuple[int, ...] | None]:
    """The codes, all of them accepted, in the server's order; None where it did not answer to that.

    Where it is not known which of two neighbours stands first, the one foreseen is offered with all that may stand before it.
    """
    most = MOST_PARTS
    while doubtful := order.doubtful(foreseen):
        offers = doubtful[:most]
        settled = yield from asking.ask([want.offer(offer) for offer in offers])
        held = 0
        for offer, answer in zip(offers, settled, strict=True):
            first = want.selected(answer) if isinstance(answer, Flight) else None
            if first is None or first not in offer:
                return None
            order.note(first, offer)
            held += first == offer[0]
        most = min(MOST_PARTS, max(1, 2 * held))
    return order.line(foreseen)


def foretold(asking: Asking, want: Wanted, codes: Sequence[int], others: Sequence[int]) -> Steps[bool]:
    """Whether the server takes just `codes`, in this order, and none of `others`: one offer a code and one for the rest."""
    offers = [want.offer((*codes[place:], *others)) for place in range(len(codes) + 1)]
    settled = yield from asking.ask(offers)
    taken = [want.selected(answer) if isinstance(answer, Flight) else None for answer in settled]
    return taken == [*codes, None] and isinstance(settled[-1], Refused)


class _Part:
    """Some of the candidates: those `left` to ask for, and those `found`. `alone`: nothing else goes with it."""

    def __init__(self, left: Iterable[int], found: Iterable[int] = (), *, alone: bool = False) -> None:
        self.left, self.found, self.alone = tuple(left), list(found), alone

    def take(self, code: int) -> None:
        """It was found."""
        self.found.append(code)
        self.left = tuple(other for other in self.left if other != code)


class _Parts:
    """The candidates in parts, which stand in the order that is foreseen."""

    def __init__(
        self, candidates: Sequence[int], found: Sequence[int], weigh: Weigh, order: Order | None, longest: int | None
    ) -> None:
        size = longest or max(1, len(candidates))
        cut = (candidates[at : at + size] for at in range(0, len(candidates), size))
        self._held = [*map(_Part, cut)]
        self._first, self._before = tuple(found), tuple[int, ...]()
        self._places = {code: place for place, code in enumerate(candidates)}
        self._weigh, self._order, self._longest = weigh, order, longest
        self._chained = False

    @property
    def open(self) -> bool:
        return any(part.left for part in self._held)

    def found(self) -> Iterator[int]:
        return iter(dict.fromkeys((*self._first, *(code for part in self._held for code in part.found), *self._before)))

    def next(self, most: int) -> list[tuple[_Part, tuple[int, ...]]]:
        """What to offer now of which part, up to `most` parts."""
        if self._order is not None and not self._chained and self._surprising():
            self._chain()
        if not self._chained:
            weight = cache(self._weigh(tuple(self.found())))
            self._gather(weight)
            self._divide(weight, most)
            self._held = [part for part in self._held if part.left or part.found]
        return [(part, (*part.left, *self._behind(place))) for place, part in enumerate(self._held) if part.left]

    def passed(self, part: _Part, code: int) -> None:
        """None of a part stands before the code that was offered with it; what may stand behind is asked for there."""
        behind = next(held for held in self._held if code in held.found)
        part.alone = not (behind.left and self._pass_on(part, behind))

    def ended(self, part: _Part) -> bool:
        """Nothing more comes of a part; whether that agrees with what was found before."""
        left, part.left = part.left, ()
        return not set(left) & set(self._before)

    def _behind(self, place: int) -> tuple[int, ...]:
        """What was found first behind a part."""
        if self._order is None or self._held[place].alone:
            return ()
        room = self._longest is None or len(self._held[place].left) < self._longest
        return next(((part.found[0],) for part in self._held[place + 1 :] if part.found and room), ())

    def _pass_on(self, part: _Part, receiver: _Part) -> bool:
        """Whether there is room for it there."""
        together = {*part.left, *receiver.left}
        if self._longest is not None and len(together) > self._longest:
            return False
        receiver.left, part.left = tuple(sorted(together, key=self._places.__getitem__)), ()
        return True

    def _gather(self, weight: Callable[[int], float]) -> None:
        """Pass on what little is expected of to the next part of which more is; where there is none, it is asked for alone."""
        asked = [part for part in self._held if part.left]
        rich = [part for part in asked if not part.alone and sum(map(weight, part.left)) >= _SCANTY]
        if not rich:
            rich = asked[-1:]
            rich[0].alone = True
        receiver = rich[-1]
        for part in reversed(asked):
            if part in rich:
                receiver = part
            else:
                self._pass_on(part, receiver)

    def _divide(self, weight: Callable[[int], float], most: int) -> None:
        """Up to `most` parts, none of which is divided where less than two more are expected of it."""
        weights = [sum(map(weight, part.left)) for part in self._held]
        count = sum(1 for part in self._held if part.left)
        while count < min(most, math.ceil(sum(weights) / 2)):
            place = max(range(len(weights)), key=weights.__getitem__)
            part = self._held[place]
            if weights[place] < 2 or len(part.left) < 2 or part.alone:
                return
            half, passed, cut = weights[place] / 2, 0.0, 0
            while cut < len(part.left) - 1 and passed < half:
                passed, cut = passed + weight(part.left[cut]), cut + 1
            parts = [_Part(left, alone=part.alone) for left in (part.left[:cut], part.left[cut:])]
            weights[place : place + 1] = [passed, weights[place] - passed]
            if part.found:
                parts.insert(0, _Part((), part.found))
                weights.insert(place, 0.0)
            self._held[place : place + 1] = parts
            count += 1

    def _surprising(self) -> bool:
        """Whether what the parts selected one after the other stands in another order than the foreseen one."""
        pairs = [self._places[one] > self._places[other] for part in self._held for one, other in pairwise(part.found)]
        return sum(pairs) >= max(_SURPRISES, len(pairs) / 2)

    def _chain(self) -> None:
        """All in one part, with what was found of it, so that the chain shows the whole order."""
        self._chained, self._before = True, tuple(code for part in self._held for code in part.found)
        left = {*self._before, *(code for part in self._held for code in part.left)}
        self._held = [_Part(sorted(left, key=self._places.__getitem__))]
