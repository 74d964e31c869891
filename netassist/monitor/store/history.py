"""What was, out of results: their list, availability, response times, days, curves."""

from __future__ import annotations

from math import ceil

from sqlalchemy import Connection, select

from netassist.monitor.happening import Event, Result, Standing
from netassist.monitor.store.encoding import decoded
from netassist.monitor.store.grains import DAY, HOUR, Grain, Marks, day_of, hour_of
from netassist.monitor.store.reading import gather, marks_of
from netassist.monitor.store.schema import MARK, OUTCOMES, daily, events, results, watches
from netassist.monitor.store.standings import worst_of
from netassist.monitor.store.tally import Stretches, Tally
from netassist.monitor.store.values import Availability, Day, Point, ResponseTimes

_MOST_POINTS = 2000


def read_results(connection: Connection, key: str, since: float, until: float, limit: int) -> list[Result]:
    id = _id(connection, key)
    columns = (results.c.at, results.c.us, results.c.outcome, results.c.message)
    query = select(*columns).where(results.c.watch == id, results.c.at >= since, results.c.at <= until)
    rows = connection.execute(query.where(results.c.interval != MARK).order_by(results.c.at.desc()).limit(limit)).all()
    return [
        Result(watch=key, at=at, outcome=OUTCOMES[outcome], ms=None if us is None else us / 1000, message=message or "")
        for at, us, outcome, message in reversed(rows)
    ]


def read_events(connection: Connection, since: float, until: float, watch: str | None, limit: int, where: str) -> list[Event]:
    query = select(events.c.body).where(events.c.at >= since, events.c.at <= until)
    if watch is not None:
        query = query.where(events.c.watch == (_id(connection, watch) if watch else 0))
    rows = connection.execute(query.order_by(events.c.at.desc(), events.c.id.desc()).limit(limit))
    return [decoded(row.body, Event, where) for row in rows]


def availability(connection: Connection, key: str, since: float, until: float) -> Availability:
    return _whole(connection, key, since, until).availability


def response_times(connection: Connection, key: str, since: float, until: float) -> ResponseTimes | None:
    tally = _whole(connection, key, since, until)
    if not tally.count:
        return None
    p50, p95, p99 = tally.percentiles(0.5, 0.95, 0.99)
    return ResponseTimes(count=tally.count, p50=p50, p95=p95, p99=p99, maximum=tally.maximum / 1000)


def days(connection: Connection, key: str, number: int, until: float, where: str) -> list[Day]:
    watch = _id(connection, key)
    marks = marks_of(connection, watch)
    stretches = Stretches(day_of(until) - (max(number, 1) - 1) * DAY, until, DAY)
    gather(connection, watch, marks, stretches, "day")
    worst = worst_of(connection, watch, stretches.tallies, where)
    worst |= _kept_standings(connection, watch, stretches.since, marks.hourly_from)
    return [Day(at=float(tally.start), availability=tally.availability, worst=worst[tally.start]) for tally in stretches.tallies]


def curve(connection: Connection, key: str, since: float, until: float, points: int) -> list[Point]:
    found = connection.execute(select(watches.c.id, watches.c.interval).where(watches.c.key == key)).one_or_none()
    watch, interval = found or (0, 0)
    marks = marks_of(connection, watch)
    width = max((until - since) / min(max(points, 1), _MOST_POINTS), 2.0 * interval, 1.0)
    since, width, grain = _grid(since, width, marks)
    stretches = Stretches(since, until, width)
    gather(connection, watch, marks, stretches, grain)
    return [_point(tally) for tally in stretches.tallies]


def _grid(since: float, width: float, marks: Marks) -> tuple[float, float, Grain]:
    """Where the points of a curve begin, how far apart they are, and of what they are made: no summary is cut in two by them."""
    if width >= 2 * DAY or since < marks.hourly_from:
        return day_of(since), ceil(width / DAY) * DAY, "day"
    if width >= 2 * HOUR or since < marks.raw_from:
        return hour_of(since), ceil(width / HOUR) * HOUR, "hour"
    return since, width, "raw"


def _point(tally: Tally) -> Point:
    p50, p95 = tally.percentiles(0.5, 0.95) if tally.count else (None, None)
    return Point(at=float(tally.start), p50=p50, p95=p95)


def _whole(connection: Connection, key: str, since: float, until: float) -> Tally:
    watch = _id(connection, key)
    stretches = Stretches(since, until)
    gather(connection, watch, marks_of(connection, watch), stretches, "day")
    return stretches.tallies[0]


def _kept_standings(connection: Connection, watch: int, since: float, hourly_from: float) -> dict[float, Standing]:
    """The worst standings of days whose events may have been forgotten."""
    old = (daily.c.watch == watch, daily.c.start >= since, daily.c.start < hourly_from)
    return {float(row.start): row.worst for row in connection.execute(select(daily.c.start, daily.c.worst).where(*old))}


def _id(connection: Connection, key: str) -> int:
    """0, which no watch has, for what was never watched."""
    found: int | None = connection.execute(select(watches.c.id).where(watches.c.key == key)).scalar_one_or_none()
    return found or 0
