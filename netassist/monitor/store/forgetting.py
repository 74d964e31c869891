"""Deleting what is older than it is kept, a little at a time, and never on the word of a clock that has just jumped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, func, not_, or_, select

from netassist.monitor.store.database import Database, count_up, counts, set_count
from netassist.monitor.store.grains import DAY, day_of, hour_of
from netassist.monitor.store.schema import alerts, daily, events, hourly, late, notices, results, states, watches
from netassist.monitor.store.values import Retention

_JUMP = 2 * DAY
"""A clock that is so far ahead of the last time is believed after a `_PROBATION`."""
_PROBATION = DAY
_AT_ONCE = 5000
"""Rows that are deleted in one transaction."""
_WATCHES_AT_ONCE = 200
_PAGES_AT_ONCE = 500
_SPARE = 0.25
"""Part of a file that may be free; what goes every day is needed again the next."""


def forget(database: Database, now: float, keep: Retention) -> int:
    if not _believed(database, int(now)):
        return 0
    with database.writing() as connection:
        counted = counts(connection)
        raw_from = max(counted["raw_from"], min(hour_of(now - keep.raw_days * DAY), counted["rolled"]))
        hourly_from = max(counted["hourly_from"], min(day_of(now - keep.hourly_days * DAY), day_of(raw_from)))
        daily_from = day_of(now - keep.daily_days * DAY)
        set_count(connection, "raw_from", raw_from)
        set_count(connection, "hourly_from", hourly_from)
    gone = _forget_results(database, raw_from)
    for table, before in ((hourly, hourly_from), (daily, daily_from)):
        gone += _delete_summaries(database, table, before)
    gone += _delete_rows(database, events, events.c.at < hourly_from)
    gone += _delete_rows(database, alerts, alerts.c.resolved < hourly_from)
    gone += _delete_rows(database, notices, and_(notices.c.due.is_(None), notices.c.made < raw_from))
    with database.writing() as connection:
        _forget_watches(connection)
    if database.path is not None:
        _give_back(database)
    return gone


def _believed(database: Database, now: int) -> bool:
    with database.writing() as connection:
        counted = counts(connection)
        clock, jumped = counted["clock"], counted["jumped"]
        ahead = clock > 0 and now - clock > _JUMP
        if ahead and not (jumped and now - jumped >= _PROBATION):
            if not jumped or now < jumped:
                set_count(connection, "jumped", now)
            return False
        set_count(connection, "clock", now)
        set_count(connection, "jumped", 0)
        return True


def _give_back(database: Database) -> None:
    """Make an SQLite file smaller where much of it is free; one that was not made for that (`on_sqlite`) stays as it is."""
    free = -1
    while True:
        with database.upkeep() as connection:
            before, free = free, _pragma(connection, "freelist_count")
            if free == before or free < _pragma(connection, "page_count") * _SPARE + _PAGES_AT_ONCE:
                return
            raw: Any = connection.connection.driver_connection
            raw.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()  # a step a page, without a row


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())


class _Old(NamedTuple):
    watch: int
    before: float


def _forget_results(database: Database, raw_from: int) -> int:
    """Of what is watched the last result before `raw_from` stays, since it may speak for the time after it."""
    with database.reading() as connection:
        old = list(_old(connection, raw_from))
    gone = 0
    while old:
        with database.upkeep() as connection:
            gone += _delete_batch(connection, old)
    return gone


def _delete_batch(connection: Connection, old: list[_Old]) -> int:
    """Delete so many rows as may go at once; takes from the list what is done."""
    left = _AT_ONCE
    while old and left:
        watch, before = old[-1]
        deleted = _delete_some(connection, watch, before, left)
        if deleted < left:
            old.pop()
        left -= deleted
    return _AT_ONCE - left


def _old(connection: Connection, raw_from: int) -> Iterator[_Old]:
    of = results.c.watch == watches.c.id
    first = select(func.min(results.c.at)).where(of).scalar_subquery()
    last = select(func.max(results.c.at)).where(of, results.c.at < raw_from).scalar_subquery()
    waiting = exists(select(late.c.hour).where(late.c.watch == watches.c.id))
    kept = watches.c.in_file.is_not(None) | watches.c.added.is_not(None)
    query = select(watches.c.id, first.label("first"), last.label("last"), kept.label("kept")).where(not_(waiting))
    for row in connection.execute(query):
        before = row.last if row.kept else raw_from
        if row.last is not None and row.first < before:
            yield _Old(row.id, before)


def _delete_some(connection: Connection, watch: int, before: float, most: int) -> int:
    of = (results.c.watch == watch, results.c.at < before)
    next_one = select(results.c.at).where(*of).order_by(results.c.at).offset(most).limit(1)
    end = connection.execute(next_one).scalar_one_or_none()
    query = delete(results).where(results.c.watch == watch, results.c.at < (before if end is None else end))
    return connection.execute(query).rowcount


def _delete_summaries(database: Database, table: Table, before: int) -> int:
    """By watches, since that is how their rows lie."""
    with database.reading() as connection:
        ids = [row.id for row in connection.execute(select(watches.c.id))]
    gone = 0
    for start in range(0, len(ids), _WATCHES_AT_ONCE):
        some = ids[start : start + _WATCHES_AT_ONCE]
        with database.upkeep() as connection:
            gone += connection.execute(delete(table).where(table.c.watch.in_(some), table.c.start < before)).rowcount
    return gone


def _delete_rows(database: Database, table: Table, old: ColumnElement[bool]) -> int:
    gone, left = 0, _AT_ONCE
    while left == _AT_ONCE:
        with database.upkeep() as connection:
            some = select(table.c.id).where(old).limit(_AT_ONCE)
            left = connection.execute(delete(table).where(table.c.id.in_(some))).rowcount
        gone += left
    return gone


def _forget_watches(connection: Connection) -> None:
    """Those that are gone, with all that was known of them."""
    history = (results, hourly, daily, events, late)
    kept = [exists(select(table.c.watch).where(table.c.watch == watches.c.id)) for table in history]
    gone = and_(watches.c.in_file.is_(None), watches.c.added.is_(None), not_(or_(*kept)))
    ids = [row.id for row in connection.execute(select(watches.c.id).where(gone))]
    if ids:
        connection.execute(delete(states).where(states.c.watch.in_(ids)))
        connection.execute(delete(watches).where(watches.c.id.in_(ids)))
        count_up(connection, "revision")
