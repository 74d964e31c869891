"""Days of a watch as bars and in words. Pure, as `view` is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from netassist.monitor.page.words import Tone
from netassist.monitor.store import Availability, Day
from netassist.reports.words import count

MUCH = 0.05
"""Share of a day's measured time that it was down, from which the day's bar is a bad one."""


class Bar(NamedTuple):
    """One run of days alike: from the `first`-th, `width` of them."""

    first: int
    width: int
    tone: Tone


def bars(days: Sequence[Day]) -> tuple[Bar, ...]:
    """The days, runs of the same tone together."""
    found: list[Bar] = []
    for place, day in enumerate(days):
        tone = tone_of(day)
        if found and found[-1].tone == tone:
            found[-1] = found[-1]._replace(width=found[-1].width + 1)
        else:
            found.append(Bar(place, 1, tone))
    return tuple(found)


def tone_of(day: Day) -> Tone:
    """How a day was: bad where more than a twentieth of what was measured was down, else warn where it was not up throughout."""
    held = day.availability
    if held.ratio is None:
        return "plain"
    if 1 - held.ratio > MUCH:
        return "bad"
    return "warn" if held.down > 0 or held.degraded > 0 else "good"


def said_of(days: Sequence[Day]) -> str:
    """The bars in words."""
    counted = Counter(map(tone_of, days))
    told: Iterable[tuple[Tone, str]] = (
        ("good", "without trouble"), ("warn", "with some trouble"), ("bad", "with much of it down"), ("plain", "not measured"),
    )  # fmt: skip
    parts = [f"{counted[tone]} {words}" for tone, words in told if counted[tone]]
    return f"the last {count(len(days), 'day')}: {', '.join(parts)}" if days else "no day yet"


def added(each: Iterable[Availability]) -> Availability:
    """The seconds of several stretches together."""
    fields = dict.fromkeys(Availability.__struct_fields__, 0.0)
    for one in each:
        for name in fields:
            fields[name] += getattr(one, name)
    return Availability(**fields)
