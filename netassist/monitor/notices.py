"""Which messages are due: what people were not told of the alerts yet, gathered, grouped by cause, kept through the quiet hours.

Pure. What each channel was told is kept in a `Ledger` that goes in and comes out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec

from netassist.monitor.alert import Alert, AlertStatus, Level, Notice
from netassist.monitor.alerting import LEVELS, STATE, NewId, Watches, groups_of
from netassist.monitor.channels import Channel
from netassist.monitor.quiet import Quiet, quiet_until
from netassist.monitor.times import seconds_of
from netassist.monitor.wording import worded

News = Literal["opened", "escalated", "repeated", "resolved", "ended", "brief", "event"]
"""``ended``: nobody knows any more, for it is watched no longer, or paused. ``brief``: over before it was told. ``event``: what
became different and needs nobody."""
MOST_MESSAGES = 3
"""Causes that have a message each; more of them share one."""
BRISK, PACE, SLOW_WAIT = 3, 600.0, 300.0
"""After so many messages within so many seconds, a channel's news is gathered for at least so long."""
STORM = 5
"""Messages within `PACE` from which critical news is gathered as all other."""
KEPT = 2 * 86400.0
"""Seconds for which is kept what was told of an alert that is over."""
MOST_DIAGNOSED = 180.0
"""Seconds that an alert waits for its diagnosis at most."""


class Told(msgspec.Struct, frozen=True, array_like=True):
    """What a channel was last told of an alert."""

    status: AlertStatus
    level: Level
    at: float
    flapping: bool = False


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """Since when there is news for a channel: that an alert is over, or that it is open or graver."""

    over: bool
    since: float


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """An alert as it was last seen, since when, what each channel was told of it, and what waits to be told.

    `done`: it is over, and so is its telling.
    """

    status: AlertStatus
    level: Level
    since: float
    told: dict[str, Told] = {}
    waits: dict[str, Waiting] = {}
    done: bool = False


Ledger = Mapping[str, Entry]


class Item(NamedTuple):
    """One piece of news for a channel. `ready` is when it has been gathered for long enough; `late`: quiet hours held it up."""

    news: News
    alert: Alert
    ready: float
    late: bool


class Held(NamedTuple):
    """How many alerts wait to be told on a channel, until when, and whether it is the quiet hours that they wait for."""

    channel: str
    alerts: int
    until: float
    quiet: bool


class Round(NamedTuple):
    """`notices` go into the outbox, `told` beside them; `ledger` is what holds afterwards."""

    notices: list[Notice]
    told: dict[str, AlertStatus]
    ledger: dict[str, Entry]


def due(
    alerts: Sequence[Alert],
    watches: Watches,
    channels: Sequence[Channel],
    quiet: Quiet | None,
    ledger: Ledger,
    now: float,
    new_id: NewId,
    silenced: Collection[str] = (),
    diagnosing: Collection[str] = (),
) -> Round:
    """The messages that are due.

    Args:
        alerts: every one that is not resolved, and those that are and that somebody may not have been told of.
        silenced: keys of watches of which nobody is told now; their alerts wait.
        diagnosing: ids of alerts that are being looked at; they wait for what is found.
    """
    kept = {id: entry for id, entry in ledger.items() if entry.done and now - entry.since < KEPT}
    entries = kept | seen(alerts, ledger, now)
    alerts = [alert for alert in alerts if not entries[alert.id].done]
    notices: list[Notice] = []
    for channel in channels:
        items: list[Item] = []
        recent = _recent(channel, entries, now)
        for alert in alerts:
            news = _news(alert, entries[alert.id], channel, watches, quiet, now, is_silenced=alert.watch in silenced)
            entry = entries[alert.id] = _noted(entries[alert.id], channel.name, news, alert.status == "resolved", now)
            looked_at = alert.id in diagnosing and now - entry.since < MOST_DIAGNOSED
            if news is not None and not looked_at and (item := _item(news, alert, entry, channel, quiet, now, recent)):
                items.append(item)
        if not any(item.ready <= now for item in items):
            continue
        for group in _messages(items, watches):
            title, body = worded(group, now)
            ids = tuple(item.alert.id for item in group)
            notices.append(Notice(id=new_id(), channel=channel.name, title=title, body=body, alerts=ids, made=now, due=now))
        for item in items:
            entry = entries[item.alert.id]
            told = {**entry.told, channel.name: Told(item.alert.status, item.alert.level, now, item.alert.flapping)}
            waits = {name: waiting for name, waiting in entry.waits.items() if name != channel.name}
            entries[item.alert.id] = msgspec.structs.replace(entry, told=told, waits=waits)
    for alert in alerts:
        entry = entries[alert.id]
        if alert.status == "resolved" and not any(_of_resolved(alert, entry, channel, watches, quiet) for channel in channels):
            entries[alert.id] = msgspec.structs.replace(entry, done=True, waits={})
    return Round(notices, _statuses(alerts, notices), entries)


def seen(alerts: Sequence[Alert], ledger: Ledger, now: float) -> dict[str, Entry]:
    """The ledger with each alert as it is now. What lies in the future was written before the clock was set back."""
    found: dict[str, Entry] = {}
    for alert in alerts:
        entry = ledger.get(alert.id)
        if entry is None:
            # Told as resolved and no longer in the ledger: a clock that was ahead for a while has aged it.
            entry = Entry(alert.status, alert.level, now, done=alert.status == alert.told == "resolved")
        elif (entry.status, entry.level) != (alert.status, alert.level):
            entry = msgspec.structs.replace(entry, status=alert.status, level=alert.level, since=now)
        found[alert.id] = _not_ahead(entry, now)
    return found


def _noted(entry: Entry, channel: str, news: News | None, over: bool, now: float) -> Entry:
    """With the time since when there is news for a channel; what goes to and fro between grave and graver keeps its time."""
    waiting = entry.waits.get(channel)
    if news is None or news == "repeated":
        waits = {name: kept for name, kept in entry.waits.items() if name != channel}
    elif waiting is not None and waiting.over == over:
        return entry
    else:
        waits = {**entry.waits, channel: Waiting(over, now)}
    return entry if waits == entry.waits else msgspec.structs.replace(entry, waits=waits)


def _not_ahead(entry: Entry, now: float) -> Entry:
    times = (entry.since, *(told.at for told in entry.told.values()), *(waiting.since for waiting in entry.waits.values()))
    if max(times) <= now:
        return entry
    waits = {name: msgspec.structs.replace(waiting, since=min(waiting.since, now)) for name, waiting in entry.waits.items()}
    told = {name: msgspec.structs.replace(told, at=min(told.at, now)) for name, told in entry.told.items()}
    return msgspec.structs.replace(entry, since=min(entry.since, now), told=told, waits=waits)


def is_over(alert: Alert, now: float) -> bool:
    """Whether an alert is so long resolved that nobody is told of it any more."""
    return alert.status == "resolved" and (alert.resolved or 0.0) < now - KEPT


def held(ledger: Ledger, channels: Sequence[Channel], quiet: Quiet | None, now: float) -> list[Held]:
    """What waits on each channel, by what was known when the ledger was made."""
    found: list[Held] = []
    for channel in channels:
        recent = _recent(channel, ledger, now)
        waiting = [(entry, entry.waits[channel.name]) for entry in ledger.values() if channel.name in entry.waits]
        hushed = [entry for entry, _ in waiting if quiet_until(_kept_quiet(channel, quiet, entry.level), now) is not None]
        ready = [
            wait.since + _wait(channel, recent, is_urgent=not wait.over and entry.level == "critical")
            for entry, wait in waiting if entry not in hushed
        ]  # fmt: skip
        if hushed:
            found.append(Held(channel.name, len(hushed), quiet_until(quiet, now) or now, quiet=True))
        if ready and min(ready) > now:
            found.append(Held(channel.name, len(ready), min(ready), quiet=False))
    return found


def _kept_quiet(channel: Channel, quiet: Quiet | None, level: Level) -> Quiet | None:
    """The quiet hours that count for a channel and a level."""
    return None if not channel.quiet or quiet is None or (quiet.critical and level == "critical") else quiet


def _item(
    news: News, alert: Alert, entry: Entry, channel: Channel, quiet: Quiet | None, now: float, recent: int
) -> Item | None:
    """The news as it may be told; None while quiet hours hold it."""
    quiet = _kept_quiet(channel, quiet, alert.level)
    if quiet_until(quiet, now) is not None:
        return None
    if news == "repeated":
        return Item(news, alert, now, late=False)
    since = entry.waits[channel.name].since
    urgent = news in ("opened", "escalated") and alert.level == "critical"
    return Item(news, alert, since + _wait(channel, recent, is_urgent=urgent), late=quiet_until(quiet, since) is not None)


def _news(
    alert: Alert, entry: Entry, channel: Channel, watches: Watches, quiet: Quiet | None, now: float, *, is_silenced: bool
) -> News | None:
    if alert.status == "resolved":
        return _of_resolved(alert, entry, channel, watches, quiet)
    told = entry.told.get(channel.name)
    if is_silenced or not _wants(channel, alert, watches):
        return None
    if told is None:
        return "opened" if alert.status == "open" else None
    stays_down = told.flapping and not alert.flapping and alert.level == told.level
    if stays_down or LEVELS.index(alert.level) < LEVELS.index(told.level):
        return "escalated"
    repeat = seconds_of(channel.repeat) if channel.repeat else 0.0
    return "repeated" if repeat and alert.status == "open" and now - told.at >= repeat else None


def _of_resolved(alert: Alert, entry: Entry, channel: Channel, watches: Watches, quiet: Quiet | None) -> News | None:
    told = entry.told.get(channel.name)
    if told is not None:
        if not channel.resolved or told.status == "resolved":
            return None
        return "ended" if alert.ended else "resolved"
    if alert.ended or not _wants(channel, alert, watches):
        return None
    if alert.about != STATE and alert.level == "info":
        return "event"
    return "brief" if channel.brief == "told" or _was_held(alert, entry, channel, quiet) else None


def _was_held(alert: Alert, entry: Entry, channel: Channel, quiet: Quiet | None) -> bool:
    """Whether it was over before it was told because quiet hours, or a gathering longer than the channel's own, held it."""
    waiting = entry.waits.get(channel.name)
    if waiting is not None and (waiting.over or (alert.resolved or 0.0) - waiting.since >= seconds_of(channel.wait)):
        return True
    since = waiting.since if waiting is not None else alert.opened
    return alert.acknowledged is None and quiet_until(_kept_quiet(channel, quiet, alert.level), since) is not None


def _wants(channel: Channel, alert: Alert, watches: Watches) -> bool:
    watch = watches.get(alert.watch)
    return alert.level in channel.levels and (not channel.groups or (watch is not None and watch.group in channel.groups))


def _recent(channel: Channel, entries: Ledger, now: float) -> int:
    """How many messages a channel has had of late."""
    told = (entry.told.get(channel.name) for entry in entries.values())
    return len({one.at for one in told if one is not None and now - one.at < PACE})


def _wait(channel: Channel, recent: int, *, is_urgent: bool) -> float:
    """How long news is gathered: longer where the channel has had much of late, what is urgent not until it has had more."""
    own = seconds_of(channel.wait)
    return max(own, SLOW_WAIT) if recent >= (STORM if is_urgent else BRISK) else own


def _messages(items: Sequence[Item], watches: Watches) -> list[list[Item]]:
    """The items of each message: by cause, or all in one where there are many, or where quiet hours held some up."""
    of = {item.alert.id: item for item in items}
    groups = groups_of([item.alert for item in items], watches)
    if len(groups) > MOST_MESSAGES or any(item.late for item in items):
        return [[*items]]
    return [[of[alert.id] for alert in group] for group in groups]


def _statuses(alerts: Sequence[Alert], notices: Sequence[Notice]) -> dict[str, AlertStatus]:
    """What people are told of each alert by these messages."""
    named = {id for notice in notices for id in notice.alerts}
    return {alert.id: alert.status for alert in alerts if alert.id in named}
