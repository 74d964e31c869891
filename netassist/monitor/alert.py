"""What people are told: an `Alert` of a watch, and the `Notice`s by which it reaches them. Times are Unix seconds (UTC)."""

from __future__ import annotations

from typing import Literal

import msgspec

AlertStatus = Literal["open", "acknowledged", "resolved"]
Level = Literal["critical", "warning", "info"]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One trouble of one watch, from its opening to its resolution.

    Args:
        id: eight hexadecimal digits, drawn at random.
        about: ``state`` for a standing, else the fact that drifted; a watch has at most one unresolved alert about each.
        opened: when the trouble began, also where nobody was told of it at first.
        title, detail: what, since when, what changed; `advice`: what to try. One line each, safe to show.
        acknowledged_by: who took it on.
        told: the status that people were last told of; None before the first notice.
        evidence: what the diagnosis measured, as text; empty without one.
        before: the value of the fact before it drifted, to which it may come back.
        flapping: whether it is about going to and fro.
        ended: why it ended though nothing is well again: ``no longer watched``, ``paused``; empty otherwise.
    """

    id: str
    watch: str
    about: str
    level: Level
    status: AlertStatus = "open"
    title: str
    detail: str = ""
    advice: str = ""
    opened: float
    acknowledged: float | None = None
    acknowledged_by: str = ""
    resolved: float | None = None
    told: AlertStatus | None = None
    evidence: str = ""
    before: str = ""
    flapping: bool = False
    ended: str = ""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one channel, in the outbox until it is delivered.

    `attempts` counts tries that have begun; a notice of more than one says that it may have come before. `due` is when it is
    tried next.
    """

    id: str
    channel: str
    title: str
    body: str
    alerts: tuple[str, ...]
    made: float
    due: float
    attempts: int = 0
    delivered: float | None = None
    error: str = ""
    given_up: bool = False
