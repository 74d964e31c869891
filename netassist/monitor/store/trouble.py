"""When the database cannot be used: of what kind the trouble is, and what to do about it."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from sqlalchemy.exc import SQLAlchemyError

Kind = Literal["full", "read_only", "locked", "corrupt", "broken", "unavailable"]


class StoreTrouble(Exception):
    """The database cannot be used just now; the message says where, why and what to do. What was acknowledged before is safe."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


_ADVICE: dict[Kind, str] = {
    "full": "the disk is full; make room on it, what was recorded is safe",
    "read_only": "it cannot be written; mount the disk writable, and give the file and its folder to the user who runs this",
    "locked": "another program holds it; end that one (a backup or a database shell, perhaps)",
    "corrupt": "the database is damaged; move it away and restore a backup, or begin anew without it",
    "broken": "the disk fails, or has become read-only; the kernel's log (dmesg) says more",
    "unavailable": "",
}
_SQLITE: dict[int, Kind] = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
    sqlite3.SQLITE_IOERR: "broken",
}
# The shared memory beside the file is extended by writing to it; there SQLite says what failed, not why.
_SQLITE_FULL = {sqlite3.SQLITE_IOERR_SHMSIZE}
_ERRNO: dict[int, Kind] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EROFS: "read_only",
    errno.EACCES: "read_only",
    errno.EPERM: "read_only",
}
# SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: dict[str, Kind] = {
    "53100": "full",
    "25006": "read_only",
    "42501": "read_only",
    "55P03": "locked",
    "57014": "locked",
    "40P01": "locked",
    "XX001": "corrupt",
    "XX002": "corrupt",
}


def trouble(kind: Kind, where: str, said: str = "") -> StoreTrouble:
    """StoreTrouble of a kind, with what to do; `said` are the database's own words."""
    parts = [part for part in (_ADVICE[kind], f"({said})" if said and _ADVICE[kind] else said) if part]
    return StoreTrouble(kind, f"{where}: {' '.join(parts)}")


def kind_of(error: BaseException | None) -> Kind:
    """Of what kind an error of sqlite3 or psycopg is."""
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        return "full" if code in _SQLITE_FULL else _SQLITE.get(code & 0xFF, "unavailable")
    return _POSTGRESQL.get(getattr(error, "sqlstate", None) or "", "unavailable")


def kind_of_file(error: OSError) -> Kind:
    return _ERRNO.get(error.errno or 0, "unavailable")


@contextmanager
def told(where: str) -> Iterator[None]:
    """What goes wrong with the database within leaves as StoreTrouble; `where` names it without secrets."""
    from sqlalchemy.exc import DBAPIError, IntegrityError, TimeoutError

    try:
        yield
    except IntegrityError:
        raise  # a mistake of this program, not of the database
    except (DBAPIError, TimeoutError) as error:
        raise _of(error, where) from None
    except sqlite3.Error as error:
        raise trouble(kind_of(error), where, str(error)) from None


def _of(error: SQLAlchemyError, where: str) -> StoreTrouble:
    cause: BaseException = getattr(error, "orig", None) or error
    said = " ".join(str(cause).split())[:300]
    return trouble(kind_of(cause), where, said)
