"""Alerts in a real store become notices in its outbox, once, whenever the program ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pytest

from netassist.monitor.alert import AlertStatus, Notice
from netassist.monitor.channels import Channel
from netassist.monitor.store import Store
from netassist.monitor.telling import Telling
from tests.monitor.sample import DB, NOON, alert, ids, many, state

CHANNELS = (Channel(name="hook", url="json://127.0.0.1"),)


@pytest.fixture
def store(store: Store) -> Store:
    store.put_watch(DB, NOON)
    return store


def titles(store: Store) -> list[str]:
    return [notice.title for notice in store.notices()]


def test_an_alert_and_its_end_are_told_over_a_restart_in_between(store: Store) -> None:
    store.record([], alerts=[alert()])
    first = Telling(store)
    first.tick(CHANNELS, None, NOON)
    assert len(first.tick(CHANNELS, None, NOON + 30)) == 1
    told = store.alert("a0000001")
    assert told is not None
    assert told.told == "open"
    store.put_alert(msgspec.structs.replace(told, status="resolved", resolved=NOON + 60))
    second = Telling(store)
    assert second.tick(CHANNELS, None, NOON + 60) == []
    second.tick(CHANNELS, None, NOON + 90)
    assert len(titles(store)) == 2
    assert Telling(store).tick(CHANNELS, None, NOON + 9999) == []


class Killed(BaseException):
    """The end of the program, in the middle of something."""


class Dying:
    """A store whose owner dies before or after a write."""

    def __init__(self, store: Store, before: str = "", after: str = "") -> None:
        self._store, self._before, self._after = store, before, after

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def put(self, name: str, value: str) -> None:
        self._die("put", lambda: self._store.put(name, value))

    def enqueue(self, notices: Sequence[Notice], told: Mapping[str, AlertStatus]) -> None:
        self._die("enqueue", lambda: self._store.enqueue(notices, told))

    def _die(self, name: str, work: object) -> None:
        if self._before == name:
            raise Killed
        work()  # type: ignore[operator]
        if self._after == name:
            raise Killed


@pytest.mark.parametrize("where", [{"before": "put"}, {"after": "put"}, {"before": "enqueue"}, {"after": "enqueue"}])
def test_whenever_it_is_killed_each_alert_is_told_once(store: Store, where: dict[str, str]) -> None:
    store.record([], alerts=[alert()])
    Telling(store).tick(CHANNELS, None, NOON)
    with pytest.raises(Killed):
        Telling(Dying(store, **where)).tick(CHANNELS, None, NOON + 30)  # type: ignore[arg-type]
    for at in (31, 62, 99):
        Telling(store).tick(CHANNELS, None, NOON + at)
    assert titles(store) == ["[critical] db1.example.org is down"]


def test_more_resolved_alerts_than_are_read_at_a_time_are_all_told(store: Store) -> None:
    watches = many(450)
    opened = [alert(watch, id=f"{number:08x}") for number, watch in enumerate(watches)]
    store.record([], alerts=opened)
    telling = Telling(store)
    telling.tick(CHANNELS, None, NOON)
    telling.tick(CHANNELS, None, NOON + 30)
    store.record([], alerts=[msgspec.structs.replace(each, status="resolved", resolved=NOON + 60) for each in opened])
    telling.tick(CHANNELS, None, NOON + 60)
    [notice] = telling.tick(CHANNELS, None, NOON + 90)
    assert len(notice.alerts) == 450


def test_what_came_and_went_between_two_looks_is_told_where_that_is_wished(store: Store) -> None:
    channels = (Channel(name="all", url="json://127.0.0.1", brief="told"),)
    store.record([], alerts=[alert(status="resolved", resolved=NOON + 1)])
    telling = Telling(store)
    telling.tick(channels, None, NOON + 2)
    assert len(telling.tick(channels, None, NOON + 32)) == 1


def test_a_silenced_watch_is_not_told_of(store: Store) -> None:
    store.record([], states=[state(DB, "down", silenced="parent icmp gw")], alerts=[alert()])
    telling = Telling(store)
    telling.tick(CHANNELS, None, NOON)
    assert telling.tick(CHANNELS, None, NOON + 60) == []
    store.record([], states=[state(DB, "down")])
    assert telling.tick(CHANNELS, None, NOON + 61) == []
    assert len(telling.tick(CHANNELS, None, NOON + 91)) == 1


def test_nothing_is_written_while_there_is_nothing_new(store: Store) -> None:
    store.record([], alerts=[alert()])
    Telling(store).tick(CHANNELS, None, NOON)
    quiet = Telling(Dying(store, before="put"), ids())  # type: ignore[arg-type]
    assert quiet.tick(CHANNELS, None, NOON + 10) == []


def test_what_is_long_over_is_forgotten(store: Store) -> None:
    store.record([], alerts=[alert()])
    telling = Telling(store)
    telling.tick(CHANNELS, None, NOON)
    telling.tick(CHANNELS, None, NOON + 30)
    store.put_alert(alert(status="resolved", resolved=NOON + 60))
    telling.tick(CHANNELS, None, NOON + 60)
    telling.tick(CHANNELS, None, NOON + 90)
    telling.tick(CHANNELS, None, NOON + 5 * 86400)
    assert store.get("told") == '{"ledger":{},"notices":[],"told":{}}'
