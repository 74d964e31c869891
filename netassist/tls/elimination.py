"""Finding all that a server accepts, by asking again without what it selected, until it refuses. Steps without I/O.

`slices` asks for parts of the candidates side by side. Each part costs a refusal, so their number grows with what is found.
`chain` asks for all candidates at once, so that the selections come in the server's order; to ask several times at once it
foresees what the server will select. A guess that fails costs a connection, and nothing is believed that was not answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from netassist.tls.flight import Flight
from netassist.tls.offers import Offer
from netassist.tls.questions import Asking, Steps, Unanswered

MOST_SLICES = 8
Foresee = Callable[[Sequence[int], frozenset[int]], int | None]
"""What the server will select once the first argument is not offered (None: nothing), out of that and all that it is known to
accept."""


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


def slices(asking: Asking, want: Wanted, parts: Iterable[Sequence[int]], found: Sequence[int] = ()) -> Steps[Found]:
    """All that is accepted of the parts; `found` is what is known already, and is in none of them."""
    left = [tuple(part) for part in parts if part]
    codes, complete, refused = list(found), True, 0
    while left:
        left = _grown(left, _most(len(codes)) - refused)
        settled = yield from asking.ask([want.offer(part) for part in left])
        rest = []
        for part, answer in zip(left, settled, strict=True):
            if isinstance(answer, Flight):
                code = want.selected(answer)
                if code is None or code not in part:
                    # It selects what was not offered: nothing more is learnt from asking.
                    complete = complete and code in want.besides
                    continue
                codes.append(code)
                rest.append(tuple(other for other in part if other != code))
            else:
                refused += 1
                complete = complete and not isinstance(answer, Unanswered)
        left = [part for part in rest if part]
    return Found(tuple(dict.fromkeys(codes)), complete)


def _most(found: int) -> int:
    """How many parts are worth a refusal each, the more the more was found."""
    return 1 if found < 2 else 2 if found < 4 else 4 if found < 9 else MOST_SLICES


def _grown(parts: list[tuple[int, ...]], most: int) -> list[tuple[int, ...]]:
    """Up to `most` parts; the longest are halved, every other candidate to each side."""
    parts = list(parts)
    while len(parts) < most:
        longest = max(parts, key=len)
        if len(longest) < 2:
            break
        place = parts.index(longest)
        parts[place : place + 1] = [longest[::2], longest[1::2]]
    return parts


def chain(
    asking: Asking, want: Wanted, candidates: Sequence[int], first: int, foresee: Foresee, *, depth: int = 1
) -> Steps[tuple[Found, tuple[int, ...]]]:
    """All that is accepted, in the server's order; `first` is what it selects of all candidates.

    Gives what was found, and whatever else was seen to be accepted where the chain had to be broken off.
    """
    answers: dict[frozenset[int], int | None] = {frozenset(): first}
    proven: list[int] = []
    seen = {first}
    while True:
        while (known := frozenset(proven)) in answers:
            code = answers[known]
            if code is None:
                return Found(tuple(proven), True), ()
            proven.append(code)
        if len(proven) == len(candidates):
            return Found(tuple(proven), True), ()
        guesses = _guesses(answers, proven, frozenset(seen), foresee, depth)
        offers = [want.offer(tuple(code for code in candidates if code not in guess)) for guess, _ in guesses]
        settled = yield from asking.ask(offers)
        right = 0
        for (guess, expected), answer in zip(guesses, settled, strict=True):
            if isinstance(answer, Unanswered):
                continue
            code = want.selected(answer) if isinstance(answer, Flight) else None
            if isinstance(answer, Flight) and (code is None or code in guess or code not in candidates):
                continue
            answers[guess] = code
            right += code == expected
            if code is not None:
                seen.add(code)
        if known not in answers:
            return Found(tuple(proven), False), tuple(sorted(seen - set(proven)))
        depth = min(depth + 1, MOST_SLICES) if right == len(guesses) else max(1, right // 2)


def _guesses(
    answers: dict[frozenset[int], int | None], proven: Sequence[int], seen: frozenset[int], foresee: Foresee, depth: int
) -> list[tuple[frozenset[int], int | None]]:
    """What to leave out of the next offers, each with what the server is expected to select then; the first is no guess."""
    path, guesses = list(proven), list[tuple[frozenset[int], int | None]]()
    while len(guesses) < depth:
        key = frozenset(path)
        expected = answers[key] if key in answers else foresee(path, seen)
        if key not in answers:
            guesses.append((key, expected))
        if expected is None:
            break
        path.append(expected)
    return guesses
