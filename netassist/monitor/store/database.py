"""One database: a connection that writes, several that read, and which numbers its watches have inside."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Engine, Table, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from netassist.monitor.store.schema import MARK, counters, results, watches
from netassist.monitor.store.trouble import StoreTrouble, told

Row = Mapping[str, object]
_PAUSE = 0.002
"""Seconds in which a lock that is given back is taken by whoever waits for it."""
_WRITER = 0x6E657461  # the key of the lock that PostgreSQL keeps for whoever writes; SQLite has one writer by itself


class Known(NamedTuple):
    """What a row of results needs of a watch."""

    id: int
    interval: int


class Database:
    """Safe to use from several threads; writing is done by one at a time, in this process and beside it.

    What goes wrong within `writing` and `reading` leaves as StoreTrouble, and nothing of the transaction is kept.
    """

    def __init__(self, writer: Engine, reader: Engine, where: str, path: Path | None) -> None:
        self.where, self.path = where, path
        self._writer, self._reader = writer, reader
        self._lock = threading.Lock()
        self._known: dict[str, Known] = {}
        self._known_at = -1
        self.over: dict[str, float] = {}
        """Since when nothing is measured of watches that are paused or gone; as `known` found it last."""

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, committed to the disk when the block is left."""
        with self._lock, self._told():
            try:
                with self._writer.begin() as connection:
                    if self.path is None:
                        connection.execute(select(func.pg_advisory_xact_lock(_WRITER)))
                    yield connection
            except BaseException:
                self._known_at = -1  # numbers that were given within are void
                raise

    @contextmanager
    def upkeep(self) -> Iterator[Connection]:
        """`writing`, one of many in a row, which let others write between them."""
        with self.writing() as connection:
            yield connection
        sleep(_PAUSE)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that sees one state of the database."""
        with self._told(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Where the disk fails or the file is damaged, it is opened anew next time: another may be in its place by then."""
        try:
            with told(self.where):
                yield
        except StoreTrouble as trouble:
            if trouble.kind in ("corrupt", "broken", "read_only"):
                self._reader.dispose()
                self._writer.dispose()
            raise

    def close(self) -> None:
        with self._lock:
            self._reader.dispose()
            self._writer.dispose()

    def known(self, connection: Connection, counted: Mapping[str, int]) -> dict[str, Known]:
        """The watches by key; to be called within `writing` with its `counts`."""
        if counted["revision"] != self._known_at:
            rows = connection.execute(select(watches.c.key, watches.c.id, watches.c.interval))
            self._known = {row.key: Known(row.id, row.interval) for row in rows}
            self.over = ends(connection)
            self._known_at = counted["revision"]
        return self._known


class _Enabled(msgspec.Struct):
    enabled: bool = True


def ends(connection: Connection) -> dict[str, float]:
    """Since when nothing is measured of watches that are paused, or that are gone."""
    last = select(func.max(results.c.at)).where(results.c.watch == watches.c.id).correlate(watches).scalar_subquery()
    marked = (results.c.watch == watches.c.id) & (results.c.at == last) & (results.c.interval == MARK)
    query = select(watches.c.key, watches.c.in_file, watches.c.added, results.c.at).join(results, marked)
    return {row.key: row.at for row in connection.execute(query) if not _is_enabled(row.in_file or row.added)}


def _is_enabled(body: str | None) -> bool:
    return body is not None and msgspec.json.decode(body, type=_Enabled).enabled


def counts(connection: Connection) -> dict[str, int]:
    return {row.name: row.value for row in connection.execute(select(counters))}


def count_up(connection: Connection, name: str) -> None:
    connection.execute(update(counters).where(counters.c.name == name).values(value=counters.c.value + 1))


def set_count(connection: Connection, name: str, value: int) -> None:
    connection.execute(update(counters).where(counters.c.name == name).values(value=value))


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Add rows, or replace those of the same primary key. No key may stand twice among them."""
    if rows:
        statement = _insert(connection, table)
        keys = [column.name for column in table.primary_key]
        rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), rows)


def add_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Add rows, except those that are there already."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), rows)


def add_watch(connection: Connection, row: Row) -> int:
    """The number of a new watch."""
    made: Any = connection.execute(insert(watches).values(**row).returning(watches.c.id)).scalar_one()
    return int(made)


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
