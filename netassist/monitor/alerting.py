"""From events to alerts: opened, made graver in place, resolved. A watch has at most one unresolved alert about each thing."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from netassist.monitor.advice import advised, advised_of_drift
from netassist.monitor.alert import Alert, Level
from netassist.monitor.drift import PAGES, is_worse_grade
from netassist.monitor.happening import Event, State
from netassist.monitor.times import stamp
from netassist.monitor.watch import Watch
from netassist.reports.words import lasting
from netassist.targets import host_of
from netassist.untrusted import as_text

Watches = Mapping[str, Watch]
NewId = Callable[[], str]
_Open = dict[tuple[str, str], Alert]
STATE = "state"
GONE, PAUSED = "no longer watched", "paused"
LEVELS: tuple[Level, ...] = ("critical", "warning", "info")
_LEVEL_OF: dict[str, Level] = {"down": "critical", "degraded": "warning"}
_MOST = 500
"""Characters of a text of an alert."""


def changed(
    events: Sequence[Event], states: Mapping[str, State], unresolved: Sequence[Alert], watches: Watches, now: float, new_id: NewId
) -> list[Alert]:
    """The alerts that these events open, change or resolve, each once, as it is after the last of them.

    Args:
        events: oldest first; a silenced one opens nothing, and resolves all the same.
        states: as they are after the events.
        unresolved: every alert that is not resolved.
        watches: every watch by its key.
        new_id: draws an alert's id.
    """
    held: _Open = {(alert.watch, alert.about): alert for alert in unresolved}
    touched: dict[str, Alert] = {}
    for event in events:
        state, watch = states.get(event.watch), watches.get(event.watch)
        about = event.what if event.kind == "drift" else STATE
        before = held.get((event.watch, about))
        after = _drift(event, before, watch, new_id) if event.kind == "drift" else _standing(event, before, state, watch, new_id)
        if after is not None and after != before:
            touched[after.id] = after
            if after.status == "resolved":
                held.pop((event.watch, about), None)
            else:
                held[event.watch, about] = after
    return [*touched.values()]


def after_silence(
    states: Mapping[str, State], unresolved: Sequence[Alert], watches: Watches, now: float, new_id: NewId
) -> list[Alert]:
    """What the states call for and no event has said: an alert for what is still down when its silence ends.

    It also resolves an alert about what is up and steady, a watch that is gone or paused, or a drift that somebody acknowledged:
    what became different is as it shall be.
    """
    held = {alert.watch: alert for alert in unresolved if alert.about == STATE}
    found = [ended(alert, now, GONE) for alert in unresolved if alert.watch not in watches]
    found += accepted([alert for alert in unresolved if alert.watch in watches], now)
    for key, state in states.items():
        if key not in watches:
            continue
        alert = held.get(key)
        if not watches[key].enabled:
            found += [ended(alert, now, PAUSED)] if alert is not None else []
        elif alert is not None and state.standing == "up" and not state.flapping:
            found.append(_resolved(alert, now, state.message))
        elif alert is None and not state.silenced and (state.flapping or state.standing in _LEVEL_OF):
            level = _LEVEL_OF.get(state.standing, "warning")
            found.append(_opened(key, level, watches[key], state.message, state.since, now, new_id, flapping=state.flapping))
    return found


def accepted(unresolved: Sequence[Alert], now: float) -> list[Alert]:
    """Drifts that somebody acknowledged, as resolved."""
    taken = (alert for alert in unresolved if alert.about != STATE and alert.status == "acknowledged")
    return [_resolved(alert, now, f"accepted by {alert.acknowledged_by or 'somebody'}") for alert in taken]


def place_of(watch: Watch | None, key: str) -> str:
    """Where it is, in words: ``db1.example.org port 5432 (tcp)``."""
    if watch is None:
        return as_text(key, 300)
    port = f" port {watch.port}" if watch.port is not None else ""
    return f"{as_text(watch.host, 260)}{port} ({watch.check})"


def groups_of(alerts: Sequence[Alert], watches: Watches) -> list[list[Alert]]:
    """The alerts by cause, in their order: those of one host, of one group, or behind one parent belong together."""
    leader: dict[str, str] = {}

    def led(name: str) -> str:
        while (above := leader.setdefault(name, name)) != name:
            leader[name] = leader[above]
            name = above
        return name

    for alert in alerts:
        for mark in _marks(alert, watches):
            leader[led(mark)] = led(alert.id)
    groups: dict[str, list[Alert]] = {}
    for alert in alerts:
        groups.setdefault(led(alert.id), []).append(alert)
    return [*groups.values()]


def _marks(alert: Alert, watches: Watches) -> Collection[str]:
    watch = watches.get(alert.watch)
    if watch is None:
        return ()
    group = {f"group {watch.group}"} if watch.group else set()
    return {f"host {host_of(watch.host)}", *group, *(f"host {host_of(watches[key].host if key in watches else key)}"
                                                     for key in watch.parents)}  # fmt: skip


def _standing(event: Event, before: Alert | None, state: State | None, watch: Watch | None, new_id: NewId) -> Alert | None:
    """What a ``state``, ``flapping`` or ``steady`` event makes of the alert about the watch's standing."""
    message = event.message or (state.message if state is not None else "")
    if event.kind == "flapping":
        if before is None:
            quiet = bool(event.silenced)
            level = _LEVEL_OF.get(state.standing if state is not None else "", "warning")
            return None if quiet else _opened(event.watch, level, watch, message, event.at, event.at, new_id, flapping=True)
        title = _title(watch, event.watch, flapping=True)
        return msgspec.structs.replace(before, title=title, detail=_text(message), flapping=True)
    if event.kind not in ("state", "steady"):
        return None
    flaps = event.kind == "state" and state is not None and state.flapping
    standing = event.after if event.kind == "state" else state.standing if state is not None else ""
    if standing == "up":
        return _resolved(before, event.at, "" if event.kind == "state" else message) if before is not None and not flaps else None
    if standing not in _LEVEL_OF:
        return None
    level = _LEVEL_OF[standing]
    since = state.since if event.kind == "steady" and state is not None else event.at
    if before is None:
        return None if event.silenced else _opened(event.watch, level, watch, message, since, event.at, new_id, flapping=flaps)
    if flaps:
        return msgspec.structs.replace(before, level=min(level, before.level, key=LEVELS.index))
    earlier = f", {event.before} before" if event.before else ""
    words = f"{standing} since {stamp(since)}{earlier}; in trouble since {stamp(before.opened)}"
    title, advice = _title(watch, event.watch, standing), advised(watch, message)
    detail = _text(f"{words}; {message}".rstrip("; "))
    return msgspec.structs.replace(before, level=level, title=title, detail=detail, advice=advice, flapping=False)


def _opened(
    key: str, level: Level, watch: Watch | None, message: str, since: float, now: float, new_id: NewId, *, flapping: bool = False
) -> Alert:
    standing = "down" if level == "critical" else "degraded"
    since_words = f"since {stamp(since)}; " if not flapping else ""
    return Alert(
        id=new_id(),
        watch=key,
        about=STATE,
        level=level,
        title=_title(watch, key, standing, flapping=flapping),
        detail=_text(f"{since_words}{message}".rstrip("; ")),
        advice=advised(watch, message),
        opened=min(since, now),
        flapping=flapping,
    )


def _title(watch: Watch | None, key: str, standing: str = "", *, flapping: bool = False) -> str:
    return f"{place_of(watch, key)} {'goes to and fro' if flapping else f'is {standing}'}"


def _drift(event: Event, before: Alert | None, watch: Watch | None, new_id: NewId) -> Alert | None:
    message = event.message or f"{event.what} was {event.before} and is now {event.after}"
    if before is not None:
        if _is_back(before, event) or is_good_news(event):
            return _resolved(before, event.at, message)
        return msgspec.structs.replace(before, detail=_text(f"{before.detail}; then, at {stamp(event.at)}: {message}"))
    if event.silenced or (watch is not None and watch.check in PAGES):
        return None
    level: Level = "warning" if is_warning(event) else "info"
    over = level == "info"
    return Alert(
        id=new_id(),
        watch=event.watch,
        about=event.what,
        level=level,
        status="resolved" if over else "open",
        title=_text(f"{place_of(watch, event.watch)}: {message}", 300),
        detail=_text(f"at {stamp(event.at)}; before: {event.before or 'none'}; now: {event.after or 'none'}"),
        advice=advised_of_drift(watch, event.what) if not is_good_news(event) else "",
        opened=event.at,
        resolved=event.at if over else None,
        before=event.before,
    )


def _is_back(alert: Alert, event: Event) -> bool:
    """Whether what drifted is as it was before, or better."""
    if event.what == "grade":
        return event.after == alert.before or is_worse_grade(alert.before, event.after)
    if event.what == "open_ports":
        return _ports(event.after) <= _ports(alert.before)
    return event.after == alert.before


def is_warning(event: Event) -> bool:
    """Whether a drift calls for somebody: a grade fell, a port opened, a host key changed, post-quantum key exchange went."""
    if event.what == "open_ports":
        return not _ports(event.after) <= _ports(event.before)
    if event.what == "grade":
        return is_worse_grade(event.after, event.before)
    return event.what == "host_key" or (event.what == "post_quantum" and event.after == "not_safe")


def is_good_news(event: Event) -> bool:
    """Whether a drift is one for the better, which also ends an alert about the same thing."""
    return event.what == "post_quantum" and event.before == "not_safe"


def _ports(fact: str) -> set[str]:
    """The numbers in it; ``none`` has none."""
    return {part for part in fact.split(",") if part.isdigit()}


def ended(alert: Alert, at: float, why: str) -> Alert:
    """An alert whose watch is gone or paused: it ends, and nothing is well again."""
    return msgspec.structs.replace(_resolved(alert, at, why), ended=why)


def _resolved(alert: Alert, at: float, message: str) -> Alert:
    words = f"from {stamp(alert.opened)} to {stamp(at)}, {lasting(at - alert.opened)}"
    detail = _text(f"{words}; {message or re.sub('^since [^;]*; ', '', alert.detail)}")
    return msgspec.structs.replace(alert, status="resolved", resolved=at, detail=detail)


def _text(text: str, limit: int = _MOST) -> str:
    return as_text(text, limit)
