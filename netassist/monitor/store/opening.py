"""Opening a database: SQLite at a path, or PostgreSQL by its URL; made where there is none, checked, brought to this version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from netassist.configuration import state_folder
from netassist.monitor.store import migrations, on_postgresql, on_sqlite
from netassist.monitor.store.database import Database, counts
from netassist.monitor.store.schema import COUNTERS, METADATA, VERSION, counters
from netassist.monitor.store.trouble import StoreTrouble

PATIENCE = 5.0
"""Seconds to wait for another that is writing."""
_WRITE = "write postgresql://user@host/name, or the path of a file"


def opened(url: str | None, *, create: bool, patience: float, check: bool | None) -> Database:
    """Raises StoreTrouble."""
    place = _place(url)
    if place.get_backend_name() == "postgresql":
        database = on_postgresql.opened(place, patience)
    else:
        database = on_sqlite.opened(Path(place.database or ""), create, patience, check)
    try:
        _prepare(database, create)
    except BaseException:
        database.close()
        raise
    return database


def _place(url: str | None) -> URL:
    if url is None:
        return URL.create("sqlite", database=str(state_folder() / "monitor.db"))
    if "://" not in url:
        return URL.create("sqlite", database=str(Path(url).expanduser().absolute()))
    try:
        place = make_url(url.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):
        raise StoreTrouble("unavailable", f"the store's URL cannot be read; {_WRITE}") from None
    backend = place.get_backend_name()
    if backend == "postgresql":
        return place.set(drivername="postgresql+psycopg")
    if backend != "sqlite" or not place.database or place.database == ":memory:":
        raise StoreTrouble("unavailable", f"the store is not kept in {backend}; {_WRITE}")
    return place


def _prepare(database: Database, create: bool) -> None:
    with database.reading() as connection:
        version = _version(connection, database.where)
    if version is None and not create:
        raise StoreTrouble("unavailable", f"{database.where}: there is no such database yet; netassist daemon makes it")
    if version is None:
        with database.writing() as connection:
            _make(connection, database.where)
    elif version < VERSION:
        migrations.bring_forward(database, version)
    elif version > VERSION:
        raise StoreTrouble("unavailable", f"{database.where}: made by a later version of netassist, and left alone; use that one")


def _version(connection: Connection, where: str) -> int | None:
    """Of the tables; None where there are none yet."""
    names = inspect(connection).get_table_names()
    if counters.name in names:
        return counts(connection).get("version", 0)
    if connection.dialect.name == "sqlite" and names:
        raise StoreTrouble("unavailable", f"{where}: this is the database of another program; name another file")
    return None


def _make(connection: Connection, where: str) -> None:
    if _version(connection, where) is None:  # another process may have made them meanwhile
        METADATA.create_all(connection)
        connection.execute(insert(counters), [{"name": name, "value": VERSION if name == "version" else 0} for name in COUNTERS])
