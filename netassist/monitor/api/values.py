"""What the API takes and gives, beside the values of `monitor` themselves. Times are Unix seconds (UTC)."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from netassist.monitor.alert import Alert
from netassist.monitor.happening import Event, Result, State
from netassist.monitor.store import Availability, Day, Point, ResponseTimes, Window
from netassist.monitor.watch import Limits, Watch

Count = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Hours = Annotated[float, msgspec.Meta(gt=0, le=24 * 366)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """`key` names the watch everywhere; `state` is None until it is first measured."""

    key: str
    watch: Watch
    state: State | None = None


class Watches(msgspec.Struct, frozen=True):
    watches: tuple[Watched, ...]


class NewWatch(Watch, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is to be watched; `source` is ``added``, whatever it says."""


class NewWindow(Window, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A maintenance window to be added, or to replace the one of its name."""


class WatchEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes different of a watch; what is left out stays. Host, check and port make its key and do not change."""

    interval: int | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    failures: int | msgspec.UnsetType = msgspec.UNSET
    of: int | msgspec.UnsetType = msgspec.UNSET
    limits: Limits | msgspec.UnsetType = msgspec.UNSET
    parents: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    group: str | msgspec.UnsetType = msgspec.UNSET
    tags: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    public: bool | msgspec.UnsetType = msgspec.UNSET


class States(msgspec.Struct, frozen=True):
    states: tuple[State, ...]


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The last `hours` of one watch; `limit` results at most, the newest, `points` of the curve."""

    watch: Name
    hours: Hours = 24
    limit: Count = 200
    points: Count = 120


class History(msgspec.Struct, frozen=True, kw_only=True):
    watch: str
    since: float
    until: float
    availability: Availability
    response_times: ResponseTimes | None
    results: tuple[Result, ...]
    curve: tuple[Point, ...]
    days: tuple[Day, ...]


class EventsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    hours: Hours = 24
    watch: str | None = None
    limit: Count = 200


class Events(msgspec.Struct, frozen=True):
    """Newest first."""

    events: tuple[Event, ...]


class AlertsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    status: Literal["open", "acknowledged", "resolved", "all"] = "all"
    limit: Count = 200


class Alerts(msgspec.Struct, frozen=True):
    alerts: tuple[Alert, ...]


class Acknowledgement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`by` says who takes it on; who asks, where it is left out."""

    by: Annotated[str, msgspec.Meta(max_length=100)] = ""


class Windows(msgspec.Struct, frozen=True):
    windows: tuple[Window, ...]


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    question: Text


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`text` is the answer as a person reads it; `answer` is the whole of it, as ``netassist ask -f json`` prints it."""

    outcome: str
    text: str
    answer: msgspec.Raw


class TestAlert(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The channel that is tried; all of them where it is left out."""

    __test__ = False

    channel: str = ""


class Tried(msgspec.Struct, frozen=True):
    """`error` is empty where the channel took the message."""

    channel: str
    error: str = ""


class Tests(msgspec.Struct, frozen=True):
    channels: tuple[Tried, ...]


class Reloaded(msgspec.Struct, frozen=True, kw_only=True):
    """What monitor.toml says now against what was watched before; keys of watches."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How the daemon itself does.

    Args:
        trouble: why something of it does not work, in words; empty where all does.
        counts: watches by standing; those that are paused are ``paused``.
        lateness_ms: within which of their time 99 of 100 checks have begun; None before the first.
        held: results that wait to be stored.
        outbox: notices that wait to be delivered.
        waiting: alerts that are no notices yet, for quiet hours hold them or they are gathered, in words, a channel each.
    """

    version: str
    pid: int
    since: float
    store: str
    plan: str = ""
    plan_trouble: str = ""
    watches: int = 0
    counts: dict[str, int] = {}
    unresolved: int = 0
    checks: int = 0
    lateness_ms: float | None = None
    held: int = 0
    outbox: int = 0
    waiting: tuple[str, ...] = ()
    offline: bool = False
    trouble: tuple[str, ...] = ()
    listening: tuple[str, ...] = ()


class Checked(msgspec.Struct, frozen=True):
    """What a check came to that was asked for; it is recorded as every other."""

    result: Result


class Done(msgspec.Struct, frozen=True):
    done: bool = True


class ProbeQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As of blackbox_exporter: `module` is a check, `target` a host, ``host:port`` or URL."""

    target: Name
    module: str = "https"
