"""What the store keeps, as the reports of `netassist.reports.monitoring` show it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar, overload

import msgspec

from netassist.monitor.alert import Alert
from netassist.monitor.alone import heartbeat, running
from netassist.monitor.happening import Event, State
from netassist.monitor.states import blank
from netassist.monitor.watch import Watch
from netassist.reports.monitoring import Daemon, Happened, Past, Raised, Times, Watched

if TYPE_CHECKING:
    from netassist.monitor.store import Store

T = TypeVar("T", bound=msgspec.Struct)
MOST_EVENTS = 50
"""Events that a history tells of each watch."""


@overload
def moment(at: float) -> datetime: ...
@overload
def moment(at: None) -> None: ...
def moment(at: float | None) -> datetime | None:
    """A time in UTC; the calendar's ends where it lies beyond them."""
    if at is None:
        return None
    try:
        return datetime.fromtimestamp(at, UTC)
    except (ValueError, OverflowError, OSError):
        return (datetime.max if at > 0 else datetime.min).replace(tzinfo=UTC)


def daemon_of(store: Store, now: float) -> Daemon:
    """Whether one watches this store."""
    at_work, last = running(store, now), heartbeat(store)
    told = at_work or last
    return Daemon(running=at_work is not None, pid=told.pid if told else None, seen=moment(told.at if told else None))


def watched(watch: Watch, state: State | None) -> Watched:
    held = state or blank(watch.key)
    known = held.standing != "pending"
    return Watched(
        key=watch.key,
        host=watch.host,
        check=watch.check,
        port=watch.port,
        interval=watch.interval,
        enabled=watch.enabled,
        group=watch.group,
        source=watch.source,
        standing=held.standing,
        since=moment(held.since) if known else None,
        at=moment(held.at),
        ms=held.ms,
        message=held.message,
        flapping=held.flapping,
        silenced=held.silenced,
        facts=held.facts,
    )


def happened(event: Event) -> Happened:
    return Happened(**{**msgspec.structs.asdict(event), "at": moment(event.at)})


def raised(alert: Alert) -> Raised:
    values = msgspec.structs.asdict(alert)
    times = {name: moment(values[name]) for name in ("opened", "acknowledged", "resolved")}
    return Raised(**{name: value for name, value in values.items() if name not in ("told", "before", "flapping")} | times)


def past(
    store: Store, watch: Watch, states: Mapping[str, State], since: float, until: float, *, removed: bool = False
) -> Past:
    """How one watch was over a stretch of time."""
    was = store.availability(watch.key, since, until)
    times = store.response_times(watch.key, since, until)
    return Past(
        watch=watched(watch, states.get(watch.key)),
        removed=removed,
        ratio=was.ratio,
        up=was.up,
        degraded=was.degraded,
        down=was.down,
        unknown=was.unknown,
        unmeasured=was.unmeasured,
        times=Times(count=times.count, p50=times.p50, p95=times.p95, p99=times.p99, max=times.maximum) if times else None,
        events=tuple(happened(event) for event in store.events(since, until, watch.key, MOST_EVENTS)),
    )
