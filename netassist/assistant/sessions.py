"""Sessions: conversations kept in SQLite, with every answer whole, so that they can be gone on with, searched and exported.

What came from the network is data here too: it is bound as a parameter, never part of a statement.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from netassist.assistant.answers import Answer
from netassist.assistant.masking import masked
from netassist.assistant.memory import Published, Recalled, Turn
from netassist.untrusted import as_text

T = TypeVar("T")

KEPT = timedelta(days=90)
"""A session that nothing was added to for so long is deleted."""
_SIZES = ("page_count", "freelist_count", "page_size")
MOST_BYTES = 256 * 2**20
"""Of all answers together; beyond it the sessions that were longest not added to are deleted."""
PATIENCE = 10.0
"""Seconds to wait for another process that is writing."""
VERSION = 1
MOST_RESUMED = 50
"""Turns that a session is gone on with."""

_TABLES = """
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, created TEXT NOT NULL, updated TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS exchanges (
  session TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE, number INTEGER NOT NULL, time TEXT NOT NULL,
  request TEXT NOT NULL, outcome TEXT NOT NULL, text TEXT NOT NULL, turn TEXT NOT NULL, answer TEXT NOT NULL,
  PRIMARY KEY (session, number)
) STRICT;
CREATE INDEX IF NOT EXISTS sessions_updated ON sessions (updated);
"""


class SessionError(OSError):
    """The sessions cannot be read or written; the message says where and what to do."""


class UnknownSession(ValueError):
    """There is no such session, or several begin so; the message says what to do."""


class Listed(NamedTuple):
    """A session as it is listed; times are UTC."""

    id: str
    title: str
    created: datetime
    updated: datetime
    exchanges: int


class Exchanged(NamedTuple):
    """One stored exchange; `answer` is the JSON of the whole answer."""

    session: str
    number: int
    time: datetime
    request: str
    outcome: str
    text: str
    answer: str


class Sessions:
    """The sessions in `folder`/sessions.db, readable by the user alone. Several processes may use it at a time.

    Every method raises SessionError where the file cannot be used.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path, self._now = folder / "sessions.db", now

    def add(self, session: str | None, answer: Answer, recalled: Recalled) -> str:
        """Store one exchange, in a new session where none is named; returns the session's id."""
        now = self._now().isoformat(timespec="seconds")
        whole, turn = (masked(msgspec.to_builtins(value)) for value in (answer, recalled.turn))
        request, text = (str(masked(said)) for said in (answer.request, answer.answer))
        row = (request, answer.outcome, text, msgspec.json.encode(turn).decode(), msgspec.json.encode(whole).decode())

        def write(database: sqlite3.Connection) -> str:
            id = session or secrets.token_hex(4)
            database.execute("INSERT OR IGNORE INTO sessions VALUES (?, ?, ?, ?)", (id, as_text(request, 120), now, now))
            [number] = database.execute("SELECT coalesce(max(number), 0) + 1 FROM exchanges WHERE session = ?", (id,)).fetchone()
            database.execute("INSERT INTO exchanges VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (id, number, now, *row))
            database.execute("UPDATE sessions SET updated = max(updated, ?) WHERE id = ?", (now, id))
            self._retire(database, id)
            return id

        return self._do(write)

    def turns(self, session: str) -> list[Recalled]:
        """The latest turns of a session, to go on with."""

        def read(database: sqlite3.Connection) -> list[tuple[str, str]]:
            query = "SELECT turn, answer FROM exchanges WHERE session = ? ORDER BY number DESC LIMIT ?"
            return database.execute(query, (session, MOST_RESUMED)).fetchall()

        try:
            return [_recalled(turn, answer) for turn, answer in reversed(self._do(read))]
        except (msgspec.DecodeError, KeyError, TypeError) as error:
            raise SessionError(f"{self.path}: session {session} is damaged ({error}); begin a new one") from None

    def latest(self) -> str:
        """The id of the session that was added to last; raises UnknownSession where there is none."""
        listed = self.listed(1)
        if not listed:
            raise UnknownSession("there is no session to go on with; ask without --continue")
        return listed[0].id

    def find(self, named: str) -> str:
        """The id that is `named`, or begins so; raises UnknownSession."""
        if not named or not all(c in "0123456789abcdef" for c in named):
            raise UnknownSession(f"{as_text(named, 40)!r} is no session; netassist sessions list shows them")
        ids = self._do(lambda d: d.execute("SELECT id FROM sessions WHERE substr(id, 1, ?) = ?", (len(named), named)).fetchall())
        if len(ids) == 1:
            return str(ids[0][0])
        problem = f"{len(ids)} sessions begin with {named}; write more of it" if ids else f"there is no session {named}"
        raise UnknownSession(f"{problem}; netassist sessions list shows them")

    def listed(self, most: int = -1) -> list[Listed]:
        """The sessions, the latest first."""
        query = """SELECT id, title, created, updated, (SELECT count(*) FROM exchanges WHERE session = id)
                   FROM sessions ORDER BY updated DESC, rowid DESC LIMIT ?"""
        rows = self._do(lambda database: database.execute(query, (most,)).fetchall())
        return [Listed(id, title, _time(created), _time(updated), number) for id, title, created, updated, number in rows]

    def exchanges(self, session: str) -> list[Exchanged]:
        """All exchanges of a session in their order."""
        return self._exchanges("session = ? ORDER BY number", (session,))

    def search(self, words: str, most: int = 100) -> list[Exchanged]:
        """The exchanges whose request or answer holds every one of the words, in any case; the latest first."""
        wanted = words.casefold().split()
        condition = " AND ".join(["instr(folded(request || ' ' || text), ?) > 0"] * len(wanted)) or "1"
        return self._exchanges(f"{condition} ORDER BY time DESC, number DESC LIMIT ?", (*wanted, most))

    def delete(self, sessions: Sequence[str]) -> int:
        """Delete sessions with all that is in them; returns how many there were."""

        def write(database: sqlite3.Connection) -> int:
            gone = sum(database.execute("DELETE FROM sessions WHERE id = ?", (session,)).rowcount for session in sessions)
            return int(gone)

        gone = self._do(write)
        self._shrink()
        return gone

    def _exchanges(self, condition: str, values: tuple[object, ...]) -> list[Exchanged]:
        query = f"SELECT session, number, time, request, outcome, text, answer FROM exchanges WHERE {condition}"  # noqa: S608 - of ours
        rows = self._do(lambda database: database.execute(query, values).fetchall())
        return [Exchanged(row[0], row[1], _time(row[2]), *row[3:]) for row in rows]

    def _retire(self, database: sqlite3.Connection, kept: str) -> None:
        """Delete what is too old, and the oldest of what is too much; never the session that is `kept`."""
        oldest = (self._now() - KEPT).isoformat(timespec="seconds")
        database.execute("DELETE FROM sessions WHERE updated < ? AND id <> ?", (oldest, kept))
        pages, unused, page = (database.execute(f"PRAGMA {name}").fetchone()[0] for name in _SIZES)
        if (pages - unused) * page <= MOST_BYTES:
            return  # texts are never more than the pages that hold them; to add them up, all would have to be read
        sizes = "SELECT session, sum(length(answer) + length(turn)) FROM exchanges GROUP BY session"
        size = dict(database.execute(sizes).fetchall())
        total = sum(size.values())
        for (id,) in database.execute("SELECT id FROM sessions WHERE id <> ? ORDER BY updated, rowid", (kept,)).fetchall():
            if total <= MOST_BYTES:
                return
            database.execute("DELETE FROM sessions WHERE id = ?", (id,))
            total -= size.get(id, 0)

    def _shrink(self) -> None:
        """What was deleted leaves no trace in the file."""
        with self._opened() as database:
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something in one transaction."""
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            result = work(database)
            database.execute("COMMIT")
            return result

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives the files beside it (-wal, -shm) the mode of this one.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
            database = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise SessionError(f"{self.path}: cannot be opened: {getattr(error, 'strerror', None) or error}") from None
        try:
            self._prepare(database)
            yield database
        except sqlite3.Error as error:
            raise SessionError(f"{self.path}: {error}; move it away to begin anew, or ask with --no-store") from None
        finally:
            database.close()

    def _prepare(self, database: sqlite3.Connection) -> None:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("PRAGMA secure_delete = ON")
        database.create_function("folded", 1, str.casefold, deterministic=True)
        [version] = database.execute("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise SessionError(f"{self.path}: made by a later version of netassist; use that one, or ask with --no-store")
        if version < VERSION:
            database.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;")


class _Step(msgspec.Struct):
    report: Published | None = None


class _Stored(msgspec.Struct):
    """What is read of a stored answer."""

    steps: tuple[_Step, ...] = ()


def _recalled(turn: str, answer: str) -> Recalled:
    stored = msgspec.json.decode(answer, type=_Stored)
    reports = tuple(step.report for step in stored.steps if step.report is not None)
    return Recalled(msgspec.json.decode(turn, type=Turn), reports)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
