"""What the store answers with, and the small things that it keeps. Times are Unix seconds (UTC), durations seconds."""

from __future__ import annotations

import msgspec

from netassist.monitor.happening import Standing


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of a stretch of time by how a watch was; they add up to its length. `unmeasured` is neither up nor down."""

    up: float = 0.0
    degraded: float = 0.0
    down: float = 0.0
    unknown: float = 0.0
    unmeasured: float = 0.0

    @property
    def ratio(self) -> float | None:
        """(up + degraded) / (up + degraded + down), from 0 to 1; None where nothing of these was measured."""
        told = self.up + self.degraded + self.down
        return (self.up + self.degraded) / told if told > 0 else None


class ResponseTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds, by nearest rank: exact where raw results are kept, else within 2.5 % (`maximum` is exact everywhere)."""

    count: int
    p50: float
    p95: float
    p99: float
    maximum: float


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One UTC day from `at`, its midnight. `worst` is the worst standing that it had; ``pending`` where nothing was measured."""

    at: float
    availability: Availability
    worst: Standing


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds of the stretch that begins `at`; None where nothing answered."""

    at: float
    p50: float | None
    p95: float | None


class Window(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Planned work, from `starts` until `ends`; `weekly` repeats it. `watches` are keys, hosts or groups; empty means all."""

    name: str
    watches: tuple[str, ...] = ()
    starts: float
    ends: float
    weekly: bool = False


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """Who may use the API. `hash` is all that is kept of the secret."""

    name: str
    hash: str
    scopes: tuple[str, ...]
    made: float


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days that results are kept one by one, as a summary an hour, and as a summary a day.

    Events, resolved alerts are kept as long as hourly summaries, notices that are dealt with as long as results.
    """

    raw_days: int = 14
    hourly_days: int = 400
    daily_days: int = 3650

    def __post_init__(self) -> None:
        if not 1 <= self.raw_days <= self.hourly_days <= self.daily_days:
            raise ValueError("raw_days, hourly_days and daily_days are at least 1, none of them more than the next")
