"""What is watched, as the monitor's room shows it: asked of the daemon over its unix socket, or read where none runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from netassist.monitor.alert import Alert
from netassist.monitor.client import Unheard, asked_of, found, watch_path
from netassist.monitor.happening import Event, State
from netassist.monitor.watch import Watch
from netassist.toolbox import Call

if TYPE_CHECKING:
    from netassist.assistant.journal import Journal
    from netassist.monitor.alone import Heartbeat
    from netassist.monitor.store import Store
    from netassist.monitor.store.values import Availability, Point, ResponseTimes

T = TypeVar("T")

DAY = 86400.0
POINTS, EVENTS, ALERTS = 96, 8, 1000
AT_ONCE = 40
"""Watches whose history one reading asks the daemon for; a list of very many fills in from reading to reading."""
THROUGH = "the terminal UI"
OVERDUE = 5.0
"""Seconds by which a check may be late before its last result is called old."""
STALE = 60.0
"""Seconds after which a history is asked for again though nothing has been measured."""


class History(NamedTuple):
    """The last day of a watch, and its last events."""

    points: Sequence[Point] = ()
    availability: Availability | None = None
    times: ResponseTimes | None = None
    events: Sequence[Event] = ()


class Watched(NamedTuple):
    """A watch as it stands; `alerts` are its unresolved ones."""

    watch: Watch
    state: State
    history: History
    alerts: Sequence[Alert]

    def is_old(self, daemon: Heartbeat | None, now: float) -> bool:
        """Whether the state is that of a past time: no daemon answers, and the next check is overdue."""
        at, due = self.state.at, self.state.next_run
        return daemon is None and at is not None and now > (due or at + self.watch.interval) + OVERDUE


class Seen(NamedTuple):
    """`daemon` is who was asked; None where the store was read, for none runs here, or none that answers."""

    watched: Sequence[Watched]
    alerts: Sequence[Alert]
    daemon: Heartbeat | None = None


class Watching:
    """Reads in threads, one at a time. `url` names the store, `opened` opens it; the daemon keeps its own journal of changes."""

    def __init__(self, url: str | None, opened: Callable[[], Store], journal: Journal) -> None:
        self._url, self._opened, self._journal = url, opened, journal
        self._told: Heartbeat | None = None
        self._histories: dict[str, tuple[float | None, float, History]] = {}

    def read(self, now: float) -> Seen:
        """As it is now. Raises StoreTrouble."""
        try:
            return self._asked(now)
        except Unheard:
            self._told = None
        with closing(self._opened()) as store:
            return _stored(store, now)

    def acknowledge(self, alert: Alert, by: str, now: float) -> Alert | None:
        """Take an alert on; None where it has been resolved meanwhile. Raises StoreTrouble, Unheard, JournalError."""
        if self._told is not None:
            body = msgspec.json.encode({"by": by})
            return self.ask("POST", f"/v1/alerts/{quote(alert.id, safe='')}/acknowledge", Alert, body)
        with closing(self._opened()) as store:
            call = Call("alert_acknowledge", {"id": alert.id, "by": by})
            return self._journal.changed(
                call, by, THROUGH, lambda: store.acknowledge(alert.id, by, now), lambda taken: taken is not None
            )

    def change(self, watch: Watch, by: str, now: float, **changes: int) -> None:
        """Change settings of a watch: `enabled`, `interval`. Raises StoreTrouble, Unheard, JournalError, ValueError."""
        from netassist.monitor.api.values import Watched as Changed
        from netassist.monitor.validity import check_watch

        if self._told is not None:
            self.ask("PATCH", watch_path(watch.key), Changed, msgspec.json.encode(changes))
            return
        wanted = msgspec.structs.replace(_ours(watch), **changes)
        check_watch(wanted)
        with closing(self._opened()) as store:
            call = Call("monitor_edit", {"key": watch.key, **changes})
            self._journal.changed(call, by, THROUGH, lambda: store.put_watch(wanted, now))

    def remove(self, watch: Watch, by: str, now: float) -> None:
        """Watch it no more. Raises StoreTrouble, Unheard, JournalError, ValueError."""
        from netassist.monitor.api.values import Done

        if self._told is not None:
            self.ask("DELETE", watch_path(watch.key), Done)
            return
        key = _ours(watch).key
        with closing(self._opened()) as store:
            self._journal.changed(Call("monitor_remove", {"key": key}), by, THROUGH, lambda: store.remove_watch(key, now))

    def check(self, watch: Watch) -> str:
        """Let the daemon check it now; what came of it, in words. Raises Unheard, StoreTrouble."""
        from netassist.monitor.api.values import Checked

        result = self.ask("POST", f"{watch_path(watch.key)}/check", Checked).result
        return f"{watch.key}: {result.outcome}{f', {result.message}' if result.message else ''}"

    def ask(self, method: str, path: str, kind: type[T], body: bytes = b"") -> T:
        """An answer of the daemon. Raises Unheard, StoreTrouble."""
        self._told = self._told or found(self._url)
        return asked_of(self._told, method, path, kind, body)

    def _asked(self, now: float) -> Seen:
        from netassist.monitor.api.values import Alerts, Watches

        watches = self.ask("GET", "/v1/watches", Watches).watches
        alerts = [
            alert
            for status in ("open", "acknowledged")
            for alert in self.ask("GET", f"/v1/alerts?{urlencode({'status': status, 'limit': ALERTS})}", Alerts).alerts
        ]
        states = {each.key: each.state or State(watch=each.key) for each in watches}
        self._follow(states, now)
        kept = {key: history for key, (_, _, history) in self._histories.items()}
        seen = [Watched(each.watch, states[each.key], kept.get(each.key, History()), _of(each.key, alerts)) for each in watches]
        return Seen(seen, alerts, self._told)

    def _follow(self, states: dict[str, State], now: float) -> None:
        """Ask for the histories of those that were measured since, and of some that were not for long."""
        self._histories = {key: held for key, held in self._histories.items() if key in states}
        never = (None, 0.0, History())
        due = [
            key
            for key, state in states.items()
            if self._histories.get(key, never)[0] != state.at or now - self._histories.get(key, never)[1] > STALE
        ]
        due.sort(key=lambda key: self._histories.get(key, never)[1])
        for key in due[:AT_ONCE]:
            self._histories[key] = states[key].at, now, self._history(key)

    def _history(self, key: str) -> History:
        from netassist.monitor.api.values import Events
        from netassist.monitor.api.values import History as Told

        told = self.ask("GET", f"/v1/history?{urlencode({'watch': key, 'hours': 24, 'points': POINTS, 'limit': 1})}", Told)
        events = self.ask("GET", f"/v1/events?{urlencode({'watch': key, 'hours': 168, 'limit': EVENTS})}", Events).events
        return History(told.curve, told.availability, told.response_times, events)


def _stored(store: Store, now: float) -> Seen:
    states, unresolved = store.states(), store.unresolved()
    seen = []
    for watch in store.watches():
        key, since = watch.key, now - DAY
        history = History(
            store.curve(key, since, now, POINTS),
            store.availability(key, since, now),
            store.response_times(key, since, now),
            store.events(now - 7 * DAY, now, key, EVENTS),
        )
        seen.append(Watched(watch, states.get(key) or State(watch=key), history, _of(key, unresolved)))
    return Seen(seen, unresolved)


def _of(key: str, alerts: Sequence[Alert]) -> list[Alert]:
    return [alert for alert in alerts if alert.watch == key]


def _ours(watch: Watch) -> Watch:
    if watch.source == "file":
        raise ValueError(f"{watch.key} stands in monitor.toml; change it there")
    return watch
