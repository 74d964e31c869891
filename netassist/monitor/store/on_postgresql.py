"""PostgreSQL, by a URL. Writers take their turns by an advisory lock, readers see one snapshot."""

from __future__ import annotations

import importlib.util

from sqlalchemy import create_engine
from sqlalchemy.engine import URL

from netassist.monitor.store.database import Database
from netassist.monitor.store.trouble import StoreTrouble

_STATEMENT_SECONDS = 120


def opened(place: URL, patience: float) -> Database:
    where = place.set(drivername="postgresql").render_as_string(hide_password=True)
    if importlib.util.find_spec("psycopg") is None:
        raise StoreTrouble("unavailable", f"{where}: PostgreSQL needs psycopg; install netassist[postgresql]")
    limits = f"-c lock_timeout={patience * 1000:.0f} -c statement_timeout={_STATEMENT_SECONDS * 1000}"
    waits = {"connect_timeout": max(1, round(patience)), "options": limits, "application_name": "netassist"}
    writer = create_engine(place, connect_args=waits, pool_pre_ping=True, pool_size=1)
    reader = create_engine(place, connect_args=waits, pool_pre_ping=True, pool_size=4, max_overflow=8)
    reader = reader.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Database(writer, reader, where, None)
