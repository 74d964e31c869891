"""Values that the tests of alerts and messages begin with."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from netassist.monitor.alert import Alert, Level, Notice
from netassist.monitor.happening import Event, Standing, State
from netassist.monitor.watch import Check, Watch

NOON = 1_795_867_200.0
"""2026-11-28 12:00 UTC."""
DB = Watch(host="db1.example.org", check="tcp", port=5432)


def ids() -> Callable[[], str]:
    """Ids that count up."""
    numbers = itertools.count(1)
    return lambda: f"{next(numbers):08x}"


def watched(*watches: Watch) -> dict[str, Watch]:
    return {watch.key: watch for watch in watches}


def many(count: int, check: Check = "icmp") -> list[Watch]:
    return [Watch(host=f"host{number}.example.org", check=check) for number in range(count)]


def went(watch: Watch, after: Standing, at: float = NOON, before: Standing = "up", message: str = "", **others: Any) -> Event:
    """An event of a standing."""
    return Event(at=at, watch=watch.key, kind="state", what="state", before=before, after=after, message=message, **others)


def drifted(watch: Watch, what: str, before: str, after: str, at: float = NOON, silenced: str = "") -> Event:
    message = f"{what} became {after}"
    return Event(at=at, watch=watch.key, kind="drift", what=what, before=before, after=after, message=message, silenced=silenced)


def state(watch: Watch, standing: Standing, **others: Any) -> State:
    return State(watch=watch.key, standing=standing, **({"since": NOON} | others))


def alert(watch: Watch = DB, id: str = "a0000001", level: Level = "critical", **others: Any) -> Alert:
    given: dict[str, Any] = {"about": "state", "title": f"{watch.host} is down", "opened": NOON}
    return Alert(id=id, watch=watch.key, level=level, **(given | others))


def notice(id: str = "n1", channel: str = "hook", **others: Any) -> Notice:
    given: dict[str, Any] = {"title": "db1 is down", "body": "It is down.", "alerts": (), "made": NOON, "due": NOON}
    return Notice(id=id, channel=channel, **(given | others))
