"""Times as people write them: durations (``5m``), times of the day (``22:00``), days of the week (``monday-friday``)."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY_MINUTES = 24 * 60
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_UNIT = r"s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?|"


def seconds_of(written: str | float) -> float:
    """Seconds, from a number of them or a text such as ``90s``, ``5m``, ``4 hours``, ``1d``; raises ValueError."""
    if isinstance(written, (int, float)):
        if written < 0:
            raise ValueError(f"{written} is negative, and no length of time")
        if written != written or written == float("inf"):
            raise ValueError(f"{written} is no length of time")
        return float(written)
    match = re.fullmatch(rf"\s*(\d{{1,9}}(?:\.\d{{1,3}})?)\s*({_UNIT})\s*", written, re.ASCII | re.IGNORECASE)
    if match is None:
        if re.match(r"\s*[-−]\s*\d", written):
            raise ValueError(f"{written!r} is negative; a length of time is written as 90s, 5m, 4h or 1d")
        raise ValueError(f"{written!r} is no length of time such as 90s, 5m, 4h or 1d")
    return float(match[1]) * _UNITS[match[2][:1].lower()]


def minutes_of(written: str) -> int:
    """Minutes since midnight of ``HH:MM``; ``24:00`` is the day's end. Raises ValueError."""
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", written.strip(), re.ASCII)
    minutes = int(match[1]) * 60 + int(match[2]) if match else DAY_MINUTES + 1
    if match is None or int(match[2]) > 59 or minutes > DAY_MINUTES:
        raise ValueError(f"{written!r} is no time of the day such as 07:30")
    return minutes


def weekdays_of(written: str) -> frozenset[int]:
    """Days of the week, 0 is Monday, of ``monday``, ``mon-fri``, ``sat,sun``; every day where empty. Raises ValueError."""
    if not written.strip():
        return frozenset(range(7))
    found: set[int] = set()
    for part in written.split(","):
        first, dash, last = part.strip().partition("-")
        begin, end = _weekday(first), _weekday(last if dash else first)
        found |= {(begin + step) % 7 for step in range((end - begin) % 7 + 1)}
    return frozenset(found)


@cache
def zone_of(name: str) -> ZoneInfo:
    """The time zone of that IANA name, such as ``Europe/Berlin``; raises ValueError."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}; write it as Europe/Berlin or UTC") from None


def instant(day: date, minutes: int, zone: ZoneInfo, *, later: bool = False) -> float:
    """Unix seconds of a wall clock's time on a day.

    Of a time that comes twice, when clocks are set back, it is the first, or the second where `later`; a time that is left out,
    when they are set forward, is as far after the change as it is written after the hour that is missing.
    """
    whole, rest = divmod(minutes, DAY_MINUTES)
    wall = datetime.combine(day + timedelta(days=whole), time(rest // 60, rest % 60), tzinfo=zone)
    return wall.replace(fold=1 if later else 0).timestamp() if _is_ambiguous(wall) else wall.replace(fold=0).timestamp()


def stamp(at: float) -> str:
    """``2026-11-29 07:45 UTC``; ``an unknown time`` where no calendar has it."""
    from datetime import UTC

    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return "an unknown time"


def _weekday(written: str) -> int:
    name = written.strip().lower()
    found = [place for place, day in enumerate(DAYS) if len(name) >= 3 and day.startswith(name)]
    if len(found) != 1:
        raise ValueError(f"{written.strip()!r} is no day of the week such as monday or mon")
    return found[0]


def _is_ambiguous(wall: datetime) -> bool:
    first, second = wall.replace(fold=0).utcoffset(), wall.replace(fold=1).utcoffset()
    return first is not None and second is not None and first > second
