"""What a conversation remembers: every turn with its results in short, and how much of it a model is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from netassist.backends.planning import Exchange, Outcome
from netassist.toolbox import Call

MOST_TOLD = 24_000
"""Characters of earlier turns that a backend is given; one with a smaller window leaves out more."""
MOST_SHORT = 1500
"""Characters that stay of the findings of turns that are told no more."""

Published = dict[str, Any]
"""A report in its published form (JSON)."""


class Turn(msgspec.Struct, frozen=True):
    """One turn.

    Args:
        request: what was said, with what it points at written out.
        calls: what was run for it; a call that was wrong is not among them.
        results: what each of them came to, in short.
        findings: what stays when everything else is forgotten.
        pending: calls that were offered because the plan was unsure; a yes runs them.
        learned: hosts of `request` that the person pointed at and never wrote out.
    """

    request: str
    calls: tuple[Call, ...] = ()
    outcome: Outcome = "call"
    results: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    pending: tuple[Call, ...] = ()
    learned: tuple[str, ...] = ()


class Recalled(msgspec.Struct, frozen=True):
    """A turn with the reports that it brought, in their published form."""

    turn: Turn
    reports: tuple[Published, ...] = ()


def told(turns: Sequence[Turn], most: int = MOST_TOLD) -> list[Exchange]:
    """The turns as a backend is told of them, within `most` characters.

    Where they are too long, the results of the oldest shrink to their findings, then whole turns are left out, oldest first; the
    findings of those stay, in short, with the oldest turn that is told.
    """
    exchanges = [Exchange(turn.request, turn.calls, turn.outcome, turn.results) for turn in turns]
    size = sum(map(_size, exchanges))
    for place, turn in enumerate(turns[:-1]):
        if size <= most:
            break
        shrunk = msgspec.structs.replace(exchanges[place], results=turn.findings)
        size -= _size(exchanges[place]) - _size(shrunk)
        exchanges[place] = shrunk
    left_out = 0
    while size > most and left_out < len(exchanges) - 1:
        size -= _size(exchanges[left_out])
        left_out += 1
    kept = exchanges[left_out:]
    dropped = "; ".join(finding for turn in turns[:left_out] for finding in turn.findings)
    if dropped and kept:
        short = dropped if len(dropped) <= MOST_SHORT else f"…{dropped[-MOST_SHORT:]}"
        kept[0] = msgspec.structs.replace(kept[0], results=(f"found earlier: {short}", *kept[0].results))
    return kept


def _size(exchange: Exchange) -> int:
    return len(exchange.request) + sum(len(str(call)) for call in exchange.calls) + sum(map(len, exchange.results))
