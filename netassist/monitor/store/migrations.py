"""Bringing an older database forward: one step a version, all of them in one transaction, a copy of the file first."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, text

from netassist.monitor.store import backups
from netassist.monitor.store.database import Database, counts, set_count
from netassist.monitor.store.schema import VERSION


def bring_forward(database: Database, version: int) -> None:
    """From `version` to this one. The copy of an SQLite file stays beside it, named after its version."""
    if database.path is not None:
        backups.copy(database, database.path.with_name(f"{database.path.name}.version-{version}"))
    with database.writing() as connection:
        for step in range(counts(connection)["version"] + 1, VERSION + 1):  # another process may have been first
            _STEPS[step](connection)
            set_count(connection, "version", step)


def _summaries(connection: Connection) -> None:
    """Version 2: hourly and daily summaries."""
    sqlite = connection.dialect.name == "sqlite"
    whole, number, bytes = ("INTEGER", "REAL", "BLOB") if sqlite else ("BIGINT", "DOUBLE PRECISION", "BYTEA")
    more = " WITHOUT ROWID, STRICT" if sqlite else ""
    outcomes = ("up", "degraded", "down", "unknown")
    seconds = ", ".join(f"{outcome}_seconds {number} NOT NULL" for outcome in outcomes)
    counted = ", ".join(f"{outcome}_count INTEGER NOT NULL" for outcome in outcomes)
    summary = f"watch INTEGER NOT NULL, start {whole} NOT NULL, {seconds}, {counted}, largest {whole}, bins {bytes}"
    for table in (
        f"hourly ({summary}, PRIMARY KEY (watch, start))",
        f"daily ({summary}, worst TEXT NOT NULL, PRIMARY KEY (watch, start))",
        f"late (watch INTEGER NOT NULL, hour {whole} NOT NULL, PRIMARY KEY (watch, hour))",
    ):
        connection.execute(text(f"CREATE TABLE {table}{more}"))
    for name in ("rolled", "rolling", "raw_from", "hourly_from", "clock", "jumped"):
        connection.execute(text("INSERT INTO counters (name, value) VALUES (:name, 0)"), {"name": name})


_STEPS: dict[int, Callable[[Connection], None]] = {2: _summaries}
