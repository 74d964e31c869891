"""Summing results up by hours, and those by days. Where a result comes late, its hours are done again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from math import ceil
from operator import itemgetter
from typing import TypeVar, cast

from sqlalchemy import Connection, RowMapping, Table, delete, func, select

from netassist.monitor.store.database import Database, Row, add_new, counts, set_count, upsert
from netassist.monitor.store.grains import DAY, HOUR, day_of, hour_of
from netassist.monitor.store.reading import add_row, read_raw
from netassist.monitor.store.schema import OUTCOMES, daily, hourly, late, results, watches
from netassist.monitor.store.sketch import packed
from netassist.monitor.store.standings import worst_of
from netassist.monitor.store.tally import SPEAKS, Raw, Stretches, Tally

GRACE = 300
"""Seconds after the end of an hour in which results of checks that began in it are still waited for."""
_AT_ONCE = 50
"""Watches that are summed up in one transaction, so that writing results never waits long."""
T = TypeVar("T")
Raws = dict[int, list[Raw]]
"""Results in order of time, by watch."""


def roll_up(database: Database, now: float) -> None:
    since, until = _begin(database, hour_of(now - GRACE))
    if since < until:
        with database.reading() as connection:
            ids = [row.id for row in connection.execute(select(watches.c.id).order_by(watches.c.id))]
        for some in _by(_AT_ONCE, ids):
            with database.upkeep() as connection:
                measured = _results(connection, some, since, until)
                _sum_up(connection, measured, since, until)
                _sum_up_days(connection, measured, day_of(since), day_of(until), database.where)
        with database.writing() as connection:
            set_count(connection, "rolled", until)
    _catch_up(database, hour_of(now - GRACE))


def _begin(database: Database, until: int) -> tuple[int, int]:
    """From where to where is to be summed up. A clock that was ahead and is mended goes back, if all results since are there."""
    with database.reading() as connection:
        counted = counts(connection)
    if counted["rolled"] == counted["rolling"] == until:
        return until, until
    with database.writing() as connection:
        counted = counts(connection)
        since = counted["rolled"]
        if since > until >= counted["raw_from"]:
            since = until
            set_count(connection, "rolled", until)
        until = max(since, until)
        set_count(connection, "rolling", until)
    return since, until


def _results(connection: Connection, ids: Sequence[int], since: float, until: float) -> Raws:
    """Of several watches what `read_raw` reads of one."""
    earlier = results.alias()
    last = select(func.max(earlier.c.at)).where(earlier.c.watch == watches.c.id, earlier.c.at < since)
    before = last.correlate(watches).scalar_subquery()
    query = select(results.c.watch, results.c.at, results.c.us, results.c.interval, results.c.outcome)
    query = query.join(watches, watches.c.id == results.c.watch).where(watches.c.id.in_(ids))
    query = query.where(results.c.at >= func.coalesce(before, since), results.c.at < until)
    rows = connection.execute(query.order_by(results.c.watch, results.c.at)).all()
    return {watch: [Raw(*row[1:]) for row in of] for watch, of in groupby(rows, key=itemgetter(0))}


def _sum_up(connection: Connection, measured: Raws, since: int, until: int) -> None:
    """Write the summaries of the hours from `since` to `until`."""
    rows = [_row(watch, tally) for watch, of in measured.items() for tally in _hours(of, since, until)]
    _write(connection, hourly, measured, rows, max(since, counts(connection)["raw_from"]), until)


def _hours(rows: Sequence[Raw], since: int, until: int) -> Iterator[Tally]:
    """Those in which anything was measured."""
    for run, end in _runs(rows):
        stretches = Stretches(max(since, hour_of(run[0].at)), min(until, end), HOUR)
        stretches.add_results(run, stretches.since, stretches.until)
        yield from (tally for tally in stretches.tallies if tally.measured)


def _runs(rows: Sequence[Raw]) -> Iterator[tuple[list[Raw], int]]:
    """Results without a gap of whole hours between them, and the hour at which the time ends that they speak for."""
    run: list[Raw] = []
    end = 0
    for row in rows:
        if run and row.at >= end:
            yield run, end
            run = []
        run.append(row)
        end = max(hour_of(row.at) + HOUR, ceil((row.at + SPEAKS * row.interval) / HOUR) * HOUR)
    if run:
        yield run, end


def _sum_up_days(connection: Connection, ids: Iterable[int], first: int, last: int, where: str) -> None:
    """Write the summaries of the days from `first` to `last`, both midnights."""
    if first < last:
        for watch in ids:
            _days_of(connection, watch, first, last, where)


def _days_of(connection: Connection, watch: int, first: int, last: int, where: str) -> None:
    query = select(hourly).where(hourly.c.watch == watch, hourly.c.start >= first, hourly.c.start < last)
    hours = connection.execute(query.order_by(hourly.c.start)).mappings().all()
    tallies = [_day(day, list(of)) for day, of in groupby(hours, key=lambda hour: day_of(hour["start"]))]
    worst = worst_of(connection, watch, tallies, where) if tallies else {}
    rows = [{**_row(watch, tally), "worst": worst[tally.start]} for tally in tallies]
    _write(connection, daily, [watch], rows, max(first, counts(connection)["hourly_from"]), last)


def _day(start: int, hours: Sequence[RowMapping]) -> Tally:
    stretches = Stretches(start, start + DAY)
    for hour in hours:
        add_row(stretches, hour, hour["start"], hour["start"] + HOUR)
    return stretches.tallies[0]


def _write(connection: Connection, table: Table, ids: Iterable[int], rows: Sequence[Row], since: float, until: float) -> None:
    """Replace the summaries from `since` on; of an earlier time, whose results may be gone, only those that say less."""
    if since < until:
        connection.execute(delete(table).where(table.c.watch.in_(list(ids)), table.c.start >= since, table.c.start < until))
    add_new(connection, table, [row for row in rows if _start(row) >= since])
    upsert(connection, table, [row for row in rows if _start(row) < since and _says_more(connection, table, row)])


def _start(row: Row) -> float:
    return cast(int, row["start"])


def _says_more(connection: Connection, table: Table, row: Row) -> bool:
    query = select(table).where(table.c.watch == row["watch"], table.c.start == row["start"])
    kept = connection.execute(query).mappings().one_or_none()
    return kept is None or _said(row) > _said(kept)


def _said(row: Row | RowMapping) -> tuple[float, float]:
    """How many results a summary tells of, and how many seconds."""
    counted, seconds = (sum(cast(float, row[f"{outcome}_{what}"]) for outcome in OUTCOMES) for what in ("count", "seconds"))
    return counted, seconds


def _catch_up(database: Database, until: int) -> None:
    """Sum up again, where results came late."""
    with database.reading() as connection:
        query = select(late.c.watch, late.c.hour).where(late.c.hour < until).order_by(late.c.watch, late.c.hour)
        waiting = [(row.watch, row.hour) for row in connection.execute(query)]
    for some in _by(_AT_ONCE, waiting):
        with database.upkeep() as connection:
            rolled = counts(connection)["rolled"]
            for watch, hour in some:
                _again(connection, watch, hour, rolled, database.where)


def _again(connection: Connection, watch: int, hour: int, rolled: int, where: str) -> None:
    """An hour of one watch, and those after it into which its results speak."""
    near = read_raw(connection, watch, hour, hour + HOUR)
    reach = max((row.at + SPEAKS * row.interval for row in near), default=0.0)
    until = min(rolled, max(hour + HOUR, ceil(reach / HOUR) * HOUR))
    rows = read_raw(connection, watch, hour, until)
    if rows and hour < until:
        _sum_up(connection, {watch: rows}, hour, until)
        _sum_up_days(connection, [watch], day_of(hour), min(day_of(rolled), day_of(until - 1) + DAY), where)
    connection.execute(delete(late).where(late.c.watch == watch, late.c.hour == hour))


def _row(watch: int, tally: Tally) -> Row:
    bins = tally.all_bins()
    return {
        "watch": watch,
        "start": int(tally.start),
        **{f"{outcome}_seconds": seconds for outcome, seconds in zip(OUTCOMES, tally.seconds, strict=True)},
        **{f"{outcome}_count": count for outcome, count in zip(OUTCOMES, tally.counts, strict=True)},
        "largest": tally.maximum if bins else None,
        "bins": packed(bins) if bins else None,
    }


def _by(number: int, items: Sequence[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, number)):
        yield some
