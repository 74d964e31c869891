"""What a watch shows: one `Result` a check, the `State` it is in, the `Event`s that led there. Times are Unix seconds (UTC)."""

from __future__ import annotations

from typing import Literal

import msgspec

Outcome = Literal["up", "degraded", "down", "unknown"]
"""``unknown`` is what could not be measured for a reason of ours: no route, no program, out of scope, our own network gone."""
Standing = Literal["pending", "up", "degraded", "down", "unknown"]
"""``pending``: no state has been confirmed yet, measured or not."""
EventKind = Literal["state", "drift", "flapping", "steady", "offline", "online", "changed"]
"""``state``: it stands otherwise; ``drift``: a fact became different; ``flapping``, ``steady``: it began, ceased to go to and
fro; ``offline``, ``online``: the daemon lost and regained its own network (no watch); ``changed``: the watch itself was added,
edited, removed."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What one check came to. `at` is when it began, `ms` the response time; `message` says why it is not up, in one line, safe
    to show.

    `facts` are what drift is told by: ``open_ports``, ``grade``, ``certificate``, ``post_quantum``, ``records``, ``host_key``;
    a fact that was not established this time is not there.
    """

    watch: str
    at: float
    outcome: Outcome
    ms: float | None = None
    message: str = ""
    facts: dict[str, str] = {}


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How a watch stands, and what the next result is held against.

    `since` is when `standing` began, `at`, `ms`, `message` are the last result's. `recent` are the last outcomes, newest last,
    a letter each (u, d for degraded, x for down, ? for unknown). `turns` are the times of its last changes, for flapping.
    `silenced` is why nobody is told of it: ``parent KEY``, ``maintenance NAME``, ``paused``, ``offline``; empty otherwise.
    `next_run` is when it is checked next.
    """

    watch: str
    standing: Standing = "pending"
    since: float = 0.0
    at: float | None = None
    ms: float | None = None
    message: str = ""
    recent: str = ""
    turns: tuple[float, ...] = ()
    flapping: bool = False
    silenced: str = ""
    facts: dict[str, str] = {}
    next_run: float = 0.0


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """`before` and `after` are standings, or values of the fact `what` (drift). `watch` is empty for the daemon itself."""

    at: float
    watch: str
    kind: EventKind
    what: str = ""
    before: str = ""
    after: str = ""
    message: str = ""
    silenced: str = ""
