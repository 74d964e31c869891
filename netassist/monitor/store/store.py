"""The store: what is watched, how it stands and stood, alerts and what people were told, in one database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from netassist.monitor.alert import Alert, AlertStatus, Notice
from netassist.monitor.happening import Event, Result, State
from netassist.monitor.store import alarms, backups, forgetting, history, keeping, posting, recording, rolling, watching
from netassist.monitor.store.database import Database, counts
from netassist.monitor.store.opening import PATIENCE, opened
from netassist.monitor.store.values import Availability, Day, Point, ResponseTimes, Retention, Token, Window
from netassist.monitor.watch import Watch


def open_store(
    url: str | None = None, *, create: bool = True, patience: float = PATIENCE, check: bool | None = None
) -> Store:
    """The store at `url`: ``postgresql://…``, the path of an SQLite file, or monitor.db in the user's state folder for None.

    It is made where there is none, unless `create` is False; `patience` is the seconds to wait for another that is writing.
    A file of SQLite is checked for damage page by page if `check`, and by default if it is no larger than 256 MiB.
    Raises StoreTrouble.
    """
    return Store(opened(url, create=create, patience=patience, check=check))


class Store:
    """Synchronous, and safe to use from several threads and processes; every method may raise StoreTrouble.

    A method that writes has committed when it returns. Times are Unix seconds (UTC).
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.where = database.where
        """The file, or the URL without its password."""
        self.unwritten: Callable[[], dict[str, State]] = dict
        """States that are known and cannot be recorded just now: the daemon's, so that nobody is shown what is no longer so."""

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def revision(self) -> int:
        """Grows with every change of watches, windows and acknowledgements, made by anyone."""
        with self._database.reading() as connection:
            return counts(connection)["revision"]

    def watches(self) -> tuple[Watch, ...]:
        """Of those in monitor.toml and added both, the file's counts."""
        with self._database.reading() as connection:
            return watching.read(connection, self.where)

    def gone(self) -> tuple[str, ...]:
        """Keys of what is watched no more, and of which something is still kept."""
        with self._database.reading() as connection:
            return watching.read_gone(connection)

    def put_watch(self, watch: Watch, at: float) -> None:
        """Add one, or replace what was added before. Raises ValueError for one of monitor.toml."""
        with self._database.writing() as connection:
            watching.put(connection, watch, at, self.where)

    def remove_watch(self, key: str, at: float) -> bool:
        """Its history stays, its alerts end as no longer watched. False where there is none.

        Raises ValueError for one of monitor.toml.
        """
        with self._database.writing() as connection:
            return watching.remove(connection, key, at, self.where)

    def set_file_watches(self, watches: Sequence[Watch], at: float) -> None:
        """What monitor.toml now says, instead of what it said; states of those that stay are kept."""
        with self._database.writing() as connection:
            watching.set_file(connection, watches, at, self.where)

    def states(self) -> dict[str, State]:
        """By key, of what is watched and was recorded; what is `unwritten` goes before it."""
        with self._database.reading() as connection:
            return watching.read_states(connection, self.where) | self.unwritten()

    def record(
        self,
        results: Sequence[Result],
        states: Sequence[State] = (),
        events: Sequence[Event] = (),
        alerts: Sequence[Alert] = (),
    ) -> list[Alert]:
        """All in one transaction, or nothing of it; the alerts that were changed. What was recorded before may be given again: it
        stands once. Of a watch that is paused or gone nothing counts that came after that.
        """
        with self._database.writing() as connection:
            return recording.record(self._database, connection, results, states, events, alerts)

    def results(self, key: str, since: float, until: float, limit: int = 1000) -> list[Result]:
        """The newest `limit` from `since` to `until`, both included, the oldest first; without facts."""
        with self._database.reading() as connection:
            return history.read_results(connection, key, since, until, limit)

    def events(self, since: float, until: float, watch: str | None = None, limit: int = 200) -> list[Event]:
        """The newest first; `watch` is a key, empty for those of the daemon itself."""
        with self._database.reading() as connection:
            return history.read_events(connection, since, until, watch, limit, self.where)

    def availability(self, key: str, since: float, until: float) -> Availability:
        """A result speaks until the next one, and for 2.5 intervals of its watch at most; the rest is unmeasured."""
        with self._database.reading() as connection:
            return history.availability(connection, key, since, until)

    def response_times(self, key: str, since: float, until: float) -> ResponseTimes | None:
        """None where nothing answered."""
        with self._database.reading() as connection:
            return history.response_times(connection, key, since, until)

    def days(self, key: str, days: int, until: float) -> list[Day]:
        """So many UTC days, the oldest first; the last is that of `until`, up to then."""
        with self._database.reading() as connection:
            return history.days(connection, key, days, until, self.where)

    def curve(self, key: str, since: float, until: float, points: int) -> list[Point]:
        """At most so many points, evenly spaced; fewer where there is no more to tell apart."""
        with self._database.reading() as connection:
            return history.curve(connection, key, since, until, points)

    def alerts(self, status: AlertStatus | Literal["all"] = "all", limit: int = 200) -> list[Alert]:
        """Open ones first, then acknowledged ones; of each kind the newest first."""
        with self._database.reading() as connection:
            return alarms.read(connection, status, limit, self.where)

    def unresolved(self) -> list[Alert]:
        """All of them, in the order of `alerts`."""
        with self._database.reading() as connection:
            return alarms.unresolved(connection, self.where)

    def alert(self, id: str) -> Alert | None:
        with self._database.reading() as connection:
            return alarms.one(connection, id, self.where)

    def acknowledge(self, id: str, by: str, at: float) -> Alert | None:
        """The alert as it is then; what was acknowledged or resolved before stays so. None where there is none."""
        with self._database.writing() as connection:
            return alarms.acknowledge(connection, id, by, at, self.where)

    def put_alert(self, alert: Alert) -> None:
        """Add or replace it; what others wrote meanwhile stays (`alarms.merged`)."""
        with self._database.writing() as connection:
            alarms.put(connection, [alert], self.where)

    def enqueue(self, notices: Sequence[Notice], told: Mapping[str, AlertStatus]) -> None:
        """Notices into the outbox, and of which status people are thereby told, by the alert's id: one transaction."""
        with self._database.writing() as connection:
            posting.enqueue(connection, notices, told, self.where)

    def due(self, now: float, limit: int = 50) -> list[Notice]:
        """Those to be tried, the longest due first."""
        with self._database.reading() as connection:
            return posting.due(connection, now, limit, self.where)

    def begun(self, id: str, due: float) -> None:
        """A try begins; unless it ends well the next is `due`."""
        with self._database.writing() as connection:
            posting.begun(connection, id, due, self.where)

    def delivered(self, id: str, at: float) -> None:
        with self._database.writing() as connection:
            posting.delivered(connection, id, at, self.where)

    def failed(self, id: str, error: str, due: float | None) -> None:
        """`due` is when it is tried again; None gives it up."""
        with self._database.writing() as connection:
            posting.failed(connection, id, error, due, self.where)

    def notices(self, limit: int = 100) -> list[Notice]:
        """The newest first, delivered or not."""
        with self._database.reading() as connection:
            return posting.read(connection, limit, self.where)

    def windows(self) -> list[Window]:
        with self._database.reading() as connection:
            return keeping.read_windows(connection, self.where)

    def put_window(self, window: Window) -> None:
        with self._database.writing() as connection:
            keeping.put_window(connection, window)

    def remove_window(self, name: str) -> bool:
        with self._database.writing() as connection:
            return keeping.remove_window(connection, name)

    def tokens(self) -> list[Token]:
        with self._database.reading() as connection:
            return keeping.read_tokens(connection, self.where)

    def put_token(self, token: Token) -> None:
        with self._database.writing() as connection:
            keeping.put_token(connection, token)

    def remove_token(self, name: str) -> bool:
        with self._database.writing() as connection:
            return keeping.remove_token(connection, name)

    def get(self, name: str) -> str | None:
        """A small fact that `put` keeps."""
        with self._database.reading() as connection:
            return keeping.fact(connection, name)

    def put(self, name: str, value: str) -> None:
        with self._database.writing() as connection:
            keeping.put_fact(connection, name, value)

    def roll_up(self, now: float) -> None:
        """Sum up the hours and days that are over; cheap where there are none, so it may be called every minute."""
        rolling.roll_up(self._database, now)

    def forget(self, now: float, keep: Retention) -> int:
        """Delete what is older than it is kept; the number of rows. To be called every hour or day.

        What was not summed up yet stays. After a jump of the clock by more than two days nothing is deleted for a day.
        """
        return forgetting.forget(self._database, now, keep)

    def backup(self, path: Path) -> None:
        """Copy an SQLite database while it is in use; what stands at `path` is replaced. PostgreSQL has pg_dump for that."""
        backups.copy(self._database, path)

    def size(self) -> int:
        """Bytes on the disk."""
        return backups.size(self._database)
