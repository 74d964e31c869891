"""A copy of the database while it is being written, and how large it is."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import func, select

from netassist.monitor.store.database import Database
from netassist.monitor.store.trouble import StoreTrouble, kind_of, kind_of_file, trouble

_PATIENCE = 30.0


def copy(database: Database, target: Path) -> None:
    """Everything that was committed before it began, whole: checked, readable by this user alone, and only then at its place.

    What stood there is replaced. Raises StoreTrouble; a URL's own database has its own tool.
    """
    if database.path is None:
        raise StoreTrouble("unavailable", f"{database.where}: copy it by pg_dump --format=custom; pg_restore brings it back")
    if target.exists() and target.samefile(database.path):
        raise StoreTrouble("unavailable", f"{target}: this is the database itself; name another file for its copy")
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        _copy(database.path, partial)
        _sync(partial)
        partial.replace(target)
        _sync(target.parent)
    except OSError as error:
        raise trouble(kind_of_file(error), str(target), error.strerror or str(error)) from None
    except sqlite3.Error as error:
        raise trouble(kind_of(error), str(target), str(error)) from None
    finally:
        partial.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source, timeout=_PATIENCE)) as whole, closing(sqlite3.connect(target)) as part:
        whole.execute("PRAGMA query_only=ON")
        whole.backup(part)  # at one go, so that whoever writes meanwhile does not make it begin again
        part.execute("PRAGMA journal_mode=DELETE")
        [said] = part.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise trouble("corrupt", str(source), " ".join(said.split()))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def size(database: Database) -> int:
    """Bytes of the file and those beside it, or of the database on the server."""
    if database.path is None:
        with database.reading() as connection:
            return int(connection.execute(select(func.pg_database_size(func.current_database()))).scalar_one())
    parts = (database.path.with_name(database.path.name + end) for end in ("", "-wal", "-shm"))
    return sum(part.stat().st_size for part in parts if part.exists())
