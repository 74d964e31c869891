"""The reports of what is watched: lists, changes, history, alerts; what the store keeps, as plain values. Times are UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from netassist.observations import Report

Standing = Literal["pending", "up", "degraded", "down", "unknown"]


class Daemon(msgspec.Struct, frozen=True, kw_only=True):
    """Whether something watches at all: `seen` is when it last said so."""

    running: bool
    pid: int | None = None
    seen: datetime | None = None


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One watch and how it stands: `since` when, by the result `at` that time, which took `ms`.

    `silenced` is why nobody is told of it, empty where they are. `source` is ``file`` for what stands in monitor.toml. `facts`
    are what was established last, such as ``grade`` and ``certificate``.
    """

    key: str
    host: str
    check: str
    port: int | None = None
    interval: int
    enabled: bool = True
    group: str = ""
    source: Literal["file", "added"] = "added"
    standing: Standing = "pending"
    since: datetime | None = None
    at: datetime | None = None
    ms: float | None = None
    message: str = ""
    flapping: bool = False
    silenced: str = ""
    facts: dict[str, str] = {}


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One event: `kind` is ``state``, ``drift``, ``flapping``, ``steady``, ``offline``, ``online`` or ``changed``."""

    at: datetime
    watch: str
    kind: str
    what: str = ""
    before: str = ""
    after: str = ""
    message: str = ""
    silenced: str = ""


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """Response times in milliseconds, by nearest rank; those rolled up within 2.5 %."""

    count: int
    p50: float
    p95: float
    p99: float
    max: float


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """A watch's stretch of time: for how many seconds it was how. `ratio` is the part up or degraded of what was measured, None
    where nothing was. `removed` says that it is watched no more."""

    watch: Watched
    removed: bool = False
    ratio: float | None
    up: float
    degraded: float
    down: float
    unknown: float
    unmeasured: float
    times: Times | None = None
    events: tuple[Happened, ...] = ()


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """One alert; `about` is ``state`` or the fact that drifted. `ended` says why it is over though nothing is well again."""

    id: str
    watch: str
    about: str
    level: Literal["critical", "warning", "info"]
    status: Literal["open", "acknowledged", "resolved"]
    title: str
    detail: str = ""
    advice: str = ""
    opened: datetime
    acknowledged: datetime | None = None
    acknowledged_by: str = ""
    resolved: datetime | None = None
    evidence: str = ""
    ended: str = ""


class MonitorList(Report, frozen=True, kw_only=True, tag="netassist/monitor-list/1"):
    """Everything that is watched, and how it stands."""

    watches: tuple[Watched, ...] = ()
    daemon: Daemon = Daemon(running=False)


class MonitorChange(Report, frozen=True, kw_only=True, tag="netassist/monitor-change/1"):
    """What was done to which watches; `unchanged` are reasons, one a watch, why it was not done to others.

    `changes` says in words what was changed; of what was added, that it was watched before, and what became of it.
    """

    what: Literal["added", "edited", "removed"]
    watches: tuple[Watched, ...] = ()
    changes: str = ""
    unchanged: tuple[str, ...] = ()
    daemon: Daemon = Daemon(running=False)


class MonitorHistory(Report, frozen=True, kw_only=True, tag="netassist/monitor-history/1"):
    """The last `hours` of each check of a host."""

    hours: int = 24
    checks: tuple[Past, ...] = ()
    daemon: Daemon = Daemon(running=False)


class AlertList(Report, frozen=True, kw_only=True, tag="netassist/alert-list/1"):
    """The alerts of a `listed` status, open ones first.

    Beside them, listed or not: how many are `acknowledged`, what is `down` now, and of how many checks it is `unclear`.
    """

    listed: Literal["open", "acknowledged", "resolved", "all"] = "open"
    alerts: tuple[Raised, ...] = ()
    acknowledged: int = 0
    down: tuple[Watched, ...] = ()
    unclear: int = 0
    daemon: Daemon = Daemon(running=False)
