"""SQLite: a file of the user's own, in WAL mode, so that reading and writing do not wait for each other.

Every commit is synced to the disk (``synchronous=FULL``): what was acknowledged survives a power cut as it does a kill.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from netassist.monitor.store.database import Database
from netassist.monitor.store.trouble import StoreTrouble, kind_of, kind_of_file, trouble

_CHECKED_BYTES = 256 * 2**20
"""A file of this size is read in a quarter of a second, where it is in memory."""
_DURABLE = (
    "PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000; "
    "PRAGMA journal_size_limit=67108864;"
)
"""Of these `auto_vacuum` counts where the file is made, before its first table."""


def opened(path: Path, create: bool, patience: float, check: bool | None) -> Database:
    """Raises StoreTrouble; what is damaged is left as it is."""
    where = str(path)
    _touch(path, create)
    if check or (check is None and path.stat().st_size <= _CHECKED_BYTES):
        _check(path, patience)
    writer = _engine(where, patience, "BEGIN IMMEDIATE", _DURABLE)
    return Database(writer, _engine(where, patience, "BEGIN", "PRAGMA query_only=ON;"), where, path)


def _touch(path: Path, create: bool) -> None:
    """Make the file where there is none. One that is there is never opened here: closing it would drop every lock that SQLite
    holds on it for this process (sqlite.org/howtocorrupt.html, section 2.2)."""
    try:
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if create:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives the files beside it (-wal, -shm) the mode of this one.
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_EXCL | os.O_CREAT, 0o600))
        path.stat()  # says where it is not there
        if not os.access(path, os.R_OK | os.W_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    except FileNotFoundError:
        raise StoreTrouble("unavailable", f"{path}: there is no such database yet; netassist daemon makes it") from None
    except OSError as error:
        raise trouble(kind_of_file(error), str(path), error.strerror or str(error)) from None


def _check(path: Path, patience: float) -> None:
    """Every page of the file is where it belongs."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=patience)) as database:
            [said] = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise trouble(kind_of(error), str(path), str(error)) from None
    if said != "ok":
        raise trouble("corrupt", str(path), " ".join(said.split()))


def _engine(where: str, patience: float, begin: str, pragmas: str) -> Engine:
    waits = {"timeout": patience, "check_same_thread": False}
    place = URL.create("sqlite", database=f"file:{quote(where)}", query={"mode": "rw", "uri": "true"})  # never made by opening it
    engine = create_engine(place, connect_args=waits, pool_size=4, max_overflow=8)

    @event.listens_for(engine, "connect")
    def _connected(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # else Python's own module begins transactions, late
        raw.executescript(pragmas)

    @event.listens_for(engine, "begin")
    def _began(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
