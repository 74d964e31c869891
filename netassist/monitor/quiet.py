"""Quiet hours: when people are left in peace, by weekday and in their own time zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

import msgspec

from netassist.monitor.times import DAY_MINUTES, instant, minutes_of, weekdays_of, zone_of

_LONGEST = 8 * 86400
"""Seconds after which quiet hours that never end are looked at again."""


class Quiet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The table ``[quiet]``.

    Args:
        hours: each ``22:00-07:00``, or with the days on which it begins, ``monday-friday 22:00-07:00`` or
            ``saturday,sunday 00:00-24:00``.
        zone: IANA name of the time zone that the hours are of.
        critical: whether critical alerts are told at once all the same.
    """

    hours: tuple[str, ...] = ()
    zone: str = "UTC"
    critical: bool = True

    def __post_init__(self) -> None:
        zone_of(self.zone)
        for written in self.hours:
            span_of(written)


class Span(NamedTuple):
    """Minutes since midnight of each of the days on which it begins; `end` is beyond `DAY_MINUTES` where it is on the next."""

    days: frozenset[int]
    begin: int
    end: int


@cache
def span_of(written: str) -> Span:
    """Raises ValueError where it is no span of hours."""
    days, _, hours = written.strip().rpartition(" ")
    first, dash, last = hours.partition("-")
    if not dash:
        raise ValueError(f"{written!r} are no hours such as 22:00-07:00 or monday-friday 22:00-07:00")
    begin, end = minutes_of(first), minutes_of(last)
    if begin == end:
        raise ValueError(f"{written!r} begins when it ends; a whole day is 00:00-24:00")
    return Span(weekdays_of(days), begin, end if end > begin else end + DAY_MINUTES)


def quiet_until(quiet: Quiet | None, now: float) -> float | None:
    """When the quiet that reigns at `now` ends, over hours that follow each other without a gap; None where none reigns."""
    until = now
    while quiet is not None and until - now < _LONGEST and (end := _end(quiet, until)) is not None:
        until = end
    return until if until > now else None


def _end(quiet: Quiet, at: float) -> float | None:
    """The latest end of the hours that `at` lies in."""
    zone = zone_of(quiet.zone)
    today = datetime.fromtimestamp(at, zone).date()
    found: list[float] = []
    for written in quiet.hours:
        span = span_of(written)
        for day in (today - timedelta(days=1), today):
            end = instant(day, span.end, zone, later=True)
            if day.weekday() in span.days and instant(day, span.begin, zone) <= at < end:
                found.append(end)
    return max(found, default=None)
