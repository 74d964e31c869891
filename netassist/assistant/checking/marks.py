"""Facts set into the text that they stand in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netassist.assistant.checking.facts import Fact

NOT_MEASURED = "[not measured]"
_WRAPS = "*_`"


def one_a_place(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """The facts in their order; of those that overlap the first that is not borne out, else the first."""
    kept: list[Fact] = []
    for fact in sorted(facts, key=lambda fact: (fact.start, fact.verdict == "supported", -fact.end)):
        if kept and fact.start < kept[-1].end:
            if kept[-1].verdict == "supported" and fact.verdict != "supported":
                kept[-1] = fact
            continue
        kept.append(fact)
    return tuple(kept)


def marked(text: str, facts: Sequence[Fact]) -> str:
    """``8443 [not measured]``, ``~~2031-01-01~~ 2027-03-04``; emphasis and code around a fact go with it."""
    parts: list[str] = []
    at = 0
    for fact in facts:
        start, end = _wrapped(text, fact.start, fact.end, at)
        parts.append(text[at:start])
        shown = text[start:end]
        if fact.verdict == "unsupported":
            parts.append(f"{shown} {NOT_MEASURED}")
        else:
            parts.append(f"~~{shown}~~" + (f" {fact.measured}" if fact.measured else ""))
        at = end
    parts.append(text[at:])
    return "".join(parts)


def _wrapped(text: str, start: int, end: int, least: int) -> tuple[int, int]:
    while start > least and end < len(text) and text[start - 1] in _WRAPS and text[start - 1] == text[end]:
        start, end = start - 1, end + 1
    return start, end
