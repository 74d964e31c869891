"""What remote backends were asked, what it cost, and which of them are out of order: one SQLite file, several processes.

Times are UTC seconds. A budget's day is the local one, as it is on this machine when it is asked about. What was spent counts
from today's midnight on, what lies in the future included, so that a clock that is set back gives nothing away.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from netassist.backends.planning import Trouble
from netassist.backends.trouble import RemoteError

T = TypeVar("T")
LEAST_WRITTEN = 256
"""Tokens without which no answer is worth asking for."""
_KEPT_DAYS = 400
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, backend TEXT NOT NULL, at REAL NOT NULL, read INTEGER NOT NULL, written INTEGER NOT NULL,
    money REAL NOT NULL, state TEXT NOT NULL, estimated INTEGER NOT NULL, seconds REAL
) STRICT;
CREATE INDEX IF NOT EXISTS calls_of ON calls (backend, at);
CREATE TABLE IF NOT EXISTS falls (
    backend TEXT PRIMARY KEY, place TEXT NOT NULL, at REAL NOT NULL, pause REAL NOT NULL, times INTEGER NOT NULL,
    kind TEXT NOT NULL, what TEXT NOT NULL
) STRICT;
"""


class Budget(msgspec.Struct, frozen=True):
    """What a backend may use in a day; None is without a limit. Prices are for a million tokens, in the money of `money`.

    What a day leaves over is carried on, up to `carry_over_days` times a day's budget.
    """

    tokens: int | None = None
    money: float | None = None
    price_read: float = 0.0
    price_written: float = 0.0
    carry_over_days: int = 0

    def cost(self, read: int, written: int) -> float:
        return (read * self.price_read + written * self.price_written) / 1e6


class Spent(msgspec.Struct, frozen=True):
    """Of one backend today. The limits hold what was carried over; None where there is none."""

    tokens: int
    money: float
    token_limit: int | None
    money_limit: float | None
    estimated: bool


class Reserved(msgspec.Struct, frozen=True):
    """Leave to ask: `written` is the most tokens that the answer may have."""

    id: int
    written: int


class Fall(msgspec.Struct, frozen=True):
    """A backend that is left alone for `pause` seconds from `at` on, after so many failures in a row; `what` happened last."""

    place: str
    at: float
    pause: float
    times: int
    kind: Trouble
    what: str

    def remaining(self, now: float) -> float:
        """Seconds. None are left where the clock has been set back behind the fall: better asked once too often."""
        return max(0.0, self.at + self.pause - now) if self.at <= now else 0.0


class Latency(msgspec.Struct, frozen=True):
    """Seconds of the last answers: their median, the slowest, and how many they are."""

    median: float
    slowest: float
    calls: int


class LedgerError(RemoteError):
    """The file cannot be used."""


class Ledger:
    """The ledger in `folder`/backends.sqlite3, which it makes for this user alone. `clock` gives UTC seconds."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self.clock = folder / "backends.sqlite3", clock

    def reserve(self, backend: str, budget: Budget, read: int, written: int) -> Reserved:
        """Set aside what a request may cost: `read` tokens, and up to `written`, or as many as the budget leaves.

        Raises:
            RemoteError: the budget is spent.
            LedgerError: nothing can be written down, so nothing may be spent.
        """

        def change(db: sqlite3.Connection) -> Reserved:
            spent = _spent(db, backend, budget, self.clock())
            granted = min(written, _room(spent, budget, read))
            if granted < min(LEAST_WRITTEN, written):
                raise _spent_all(backend, spent)
            row = (backend, self.clock(), read, granted, budget.cost(read, granted))
            made = db.execute("INSERT INTO calls VALUES (NULL, ?, ?, ?, ?, ?, 'open', 1, NULL)", row)
            db.execute("DELETE FROM calls WHERE at < ?", (self.clock() - _KEPT_DAYS * 86_400,))
            return Reserved(int(made.lastrowid or 0), granted)

        return self._change(change)

    def settle(
        self, reserved: Reserved, budget: Budget, read: int, written: int, *, estimated: bool, seconds: float | None
    ) -> None:
        """Replace what was set aside by what was used; `seconds` is None for a request that was not answered."""
        state, money = "failed" if seconds is None else "done", budget.cost(read, written)
        row = (read, written, money, state, int(estimated), seconds, reserved.id)
        sql = "UPDATE calls SET read = ?, written = ?, money = ?, state = ?, estimated = ?, seconds = ? WHERE id = ?"
        self._change(lambda db: db.execute(sql, row))

    def note(self, backend: str, seconds: float) -> None:
        """An answer that costs nothing."""
        row = (backend, self.clock(), seconds)
        self._change(lambda db: db.execute("INSERT INTO calls VALUES (NULL, ?, ?, 0, 0, 0.0, 'done', 0, ?)", row))

    def spent(self, backend: str, budget: Budget) -> Spent:
        return self._change(lambda db: _spent(db, backend, budget, self.clock()))

    def latency(self, backend: str, last: int = 20) -> Latency | None:
        """Of the `last` answers; None where there was none."""
        sql = "SELECT seconds FROM calls WHERE backend = ? AND state = 'done' ORDER BY id DESC LIMIT ?"
        rows = self._change(lambda db: db.execute(sql, (backend, last)).fetchall())
        seconds = sorted(float(row[0]) for row in rows)
        return Latency(seconds[len(seconds) // 2], seconds[-1], len(seconds)) if seconds else None

    def fall(self, backend: str) -> Fall | None:
        """How a backend last failed, unless it has answered since."""
        sql = "SELECT place, at, pause, times, kind, what FROM falls WHERE backend = ?"
        row = self._change(lambda db: db.execute(sql, (backend,)).fetchone())
        return Fall(*row) if row is not None else None

    def fell(self, backend: str, fall: Fall) -> None:
        row = (backend, *msgspec.structs.astuple(fall))
        self._change(lambda db: db.execute("INSERT OR REPLACE INTO falls VALUES (?, ?, ?, ?, ?, ?, ?)", row))

    def recovered(self, *backends: str) -> None:
        """They answer again, or shall be asked again at once."""
        self._change(lambda db: db.executemany("DELETE FROM falls WHERE backend = ?", [(name,) for name in backends]))

    def _change(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """One transaction, which no other process comes between."""
        try:
            with self._opened() as db:
                return change(db)
        except (sqlite3.Error, OSError) as error:
            why = getattr(error, "strerror", None) or str(error)
            advice = "set XDG_STATE_HOME to a folder that can be written, or delete the file where it is damaged"
            raise LedgerError(f"{self.path}: what backends cost cannot be written down ({why})", advice, "budget", 0) from None

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        db = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        try:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise sqlite3.DatabaseError("a later version of netassist made it")
            if version < _VERSION:
                db.execute("PRAGMA journal_mode = WAL")
                db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
        finally:
            db.close()


def _spent(db: sqlite3.Connection, backend: str, budget: Budget, now: float) -> Spent:
    today = datetime.fromtimestamp(now).date()
    sql = "SELECT COALESCE(SUM(read + written), 0), COALESCE(SUM(money), 0.0), COALESCE(MAX(estimated), 0) FROM calls"
    tokens, money, estimated = db.execute(f"{sql} WHERE backend = ? AND at >= ?", (backend, _midnight(today))).fetchone()
    more_tokens, more_money = _carried(db, backend, budget, today) if budget.carry_over_days else (0, 0.0)
    return Spent(
        tokens=tokens,
        money=money,
        token_limit=None if budget.tokens is None else budget.tokens + more_tokens,
        money_limit=None if budget.money is None else budget.money + more_money,
        estimated=bool(estimated),
    )


def _carried(db: sqlite3.Connection, backend: str, budget: Budget, today: date) -> tuple[int, float]:
    """What the days before today left over, since the backend was first asked."""
    sql = "SELECT date(at, 'unixepoch', 'localtime'), SUM(read + written), SUM(money) FROM calls WHERE backend = ? GROUP BY 1"
    used = {day: (int(tokens), float(money)) for day, tokens, money in db.execute(sql, (backend,))}
    tokens, money = 0, 0.0
    day = date.fromisoformat(min(used)) if used else today
    while day < today:
        spent_tokens, spent_money = used.get(day.isoformat(), (0, 0.0))
        a_day = budget.tokens or 0, budget.money or 0.0
        tokens = max(0, min(budget.carry_over_days * a_day[0], tokens + a_day[0] - spent_tokens))
        money = max(0.0, min(budget.carry_over_days * a_day[1], money + a_day[1] - spent_money))
        day += timedelta(days=1)
    return tokens, money


def _midnight(day: date) -> float:
    """UTC seconds of the local midnight that `day` begins with."""
    return datetime(day.year, day.month, day.day).timestamp()


def _room(spent: Spent, budget: Budget, read: int) -> int:
    """How many tokens may still be written, after `read` have been read; below zero where not even these fit."""
    room = 2**40
    if spent.token_limit is not None:
        room = min(room, spent.token_limit - spent.tokens - read)
    if spent.money_limit is not None:
        left = spent.money_limit - spent.money - budget.cost(read, 0)
        room = min(room, int(left / budget.price_written * 1e6) if budget.price_written else (room if left >= 0 else -1))
    return room


def _spent_all(backend: str, spent: Spent) -> RemoteError:
    parts = []
    if spent.token_limit is not None:
        parts.append(f"{spent.tokens:,} of {spent.token_limit:,} tokens")
    if spent.money_limit is not None:
        parts.append(f"{spent.money:.4g} of {spent.money_limit:.4g} in money")
    what = f"{backend} has not enough of today's budget left ({' and '.join(parts)} used)"
    return RemoteError(what, "it is new at midnight; tokens_a_day and money_a_day set it", "budget", retry_after=0)
