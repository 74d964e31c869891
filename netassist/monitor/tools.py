"""The tools by which an assistant sets up and reads the monitoring: monitor_add, edit, remove, list, history, and alert_list.

They work on the store, whether a daemon runs or not; it takes up what changed within seconds. Nothing is sent to what is watched.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from netassist.configuration import BadConfiguration
from netassist.monitor.meant import found, found_in, watches_of
from netassist.monitor.validity import check_parents, check_watch, nearest
from netassist.monitor.watch import Check, Watch
from netassist.network import Network
from netassist.observations import Failed, Failure, Report, Stopwatch
from netassist.reports.monitoring import AlertList, MonitorChange, MonitorHistory, MonitorList
from netassist.targets import host_of, parse_url

if TYPE_CHECKING:
    from netassist.monitor.store import Store

R = TypeVar("R", bound=Report)
Status = Literal["open", "acknowledged", "resolved", "all"]
MOST_HOURS = 10 * 366 * 24
MOST_ALERTS = 200
WATCHED = "what is watched"
"""The target of reports that are about no host."""


async def monitor_add(network: Network, host: str, check: Check, interval: int = 300, port: int | None = None) -> MonitorChange:
    """Watch a host from now on; what is watched already stays as it is."""

    def work(store: Store, now: float, stamp: Stopwatch) -> MonitorChange:
        try:
            return added(store, now, stamp, watch_of(host, check, interval, port))
        except ValueError as error:
            raise Failed("invalid", str(error)) from None

    return await _with_store(MonitorChange, host, work, what="added")


async def monitor_edit(
    network: Network, host: str, check: Check | None = None, interval: int | None = None, enabled: bool | None = None
) -> MonitorChange:
    """Change the interval of a host's checks, or pause and resume them."""

    def change(watch: Watch) -> Watch:
        wanted = {"interval": interval, "enabled": enabled}
        return msgspec.structs.replace(watch, **{name: value for name, value in wanted.items() if value is not None})

    def work(store: Store, now: float, stamp: Stopwatch) -> MonitorChange:
        if interval is None and enabled is None:
            raise Failed("invalid", f"{host}: what is to be changed? Give an interval, or enabled=false to pause it")
        return edited(store, now, stamp, host, check, change, _in_words(interval, enabled))

    return await _with_store(MonitorChange, host, work, what="edited")


async def monitor_remove(network: Network, host: str, check: Check | None = None) -> MonitorChange:
    """Watch a host no more; its history stays."""

    work = partial(removed, host=host, check=check)
    return await _with_store(MonitorChange, host, work, what="removed")


async def monitor_list(network: Network) -> MonitorList:
    """All watches, and how each stands."""
    return await _with_store(MonitorList, WATCHED, all_of)


async def monitor_history(network: Network, host: str, hours: int = 24) -> MonitorHistory:
    """Availability, response times and events of each check of a host."""
    return await _with_store(MonitorHistory, host, partial(history_of, host=host, hours=hours))


async def alert_list(network: Network, status: Status = "open") -> AlertList:
    """The alerts of a status, the newest first."""
    return await _with_store(AlertList, WATCHED, partial(alerts_of, status=status))


def all_of(store: Store, now: float, stamp: Stopwatch, group: str | None = None) -> MonitorList:
    """Everything that is watched, or what stands in a group. Raises Failed where there is no such group."""
    from netassist.monitor.showing import daemon_of, watched

    states, every = store.states(), store.watches()
    groups = {watch.group for watch in every if watch.group}
    if group is not None and group not in groups:
        raise Failed("invalid", f"there is no group {group!r}{nearest(group, groups)}")
    watches = tuple(watched(watch, states.get(watch.key)) for watch in every if group in (None, watch.group))
    return MonitorList(target=WATCHED, watches=watches, daemon=daemon_of(store, now), **stamp.stamp())


def history_of(store: Store, now: float, stamp: Stopwatch, host: str, hours: int) -> MonitorHistory:
    """Of what is watched, and of what was, as long as its results are kept. Raises Failed where there is neither."""
    from netassist.monitor.showing import daemon_of, past

    if not 1 <= hours <= MOST_HOURS:
        raise Failed("invalid", f"{host}: hours={hours} is not between 1 and {MOST_HOURS}")
    states, since = store.states(), now - hours * 3600
    known, gone = found_in(store.watches(), host), found_in(watches_of(store.gone()), host)
    known = known if known or gone else found(store.watches(), host)
    before = [past(store, watch, states, since, now, removed=True) for watch in gone]
    measured = [one for one in before if one.ratio is not None]
    checks = (*(past(store, watch, states, since, now) for watch in known), *(measured if known else before))
    return MonitorHistory(target=host, hours=hours, checks=checks, daemon=daemon_of(store, now), **stamp.stamp())


def alerts_of(store: Store, now: float, stamp: Stopwatch, status: Status) -> AlertList:
    """With how many more are acknowledged, and what is down just now, whether an alert of it is listed or not."""
    from netassist.monitor.showing import daemon_of, raised, watched

    states, kept = store.states(), store.alerts(status, MOST_ALERTS)
    every = [watched(watch, states.get(watch.key)) for watch in store.watches() if watch.enabled]
    acknowledged = sum(alert.status == "acknowledged" for alert in store.unresolved())
    return AlertList(
        target=WATCHED,
        listed=status,
        alerts=tuple(map(raised, kept)),
        acknowledged=acknowledged,
        down=tuple(watch for watch in every if watch.standing == "down"),
        unclear=sum(watch.standing in ("pending", "unknown") for watch in every),
        daemon=daemon_of(store, now),
        **stamp.stamp(),
    )


def removed(store: Store, now: float, stamp: Stopwatch, host: str, check: Check | None, port: int | None = None) -> MonitorChange:
    """Raises Failed where it is not watched, or monitor.toml has it."""
    meant = found(store.watches(), host, check, port)
    return _changed(store, now, stamp, host, "removed", meant, lambda watch: store.remove_watch(watch.key, now))


def watch_of(host: str, check: Check, interval: int = 300, port: int | None = None) -> Watch:
    """A watch as it is kept: a URL stays whole for http and https, other checks take host and port from it.

    Raises ValueError with words for the person.
    """
    if check in ("http", "https"):
        url = parse_url(host) if "://" in host else None
        watch = Watch(host=host, check=url.scheme if url else check, interval=interval, port=port)
    else:
        named = port if port is not None or "://" not in host else parse_url(host).port
        telling = check in ("tcp", "certificate", "tls", "quantum")
        bare = host_of(host) if "://" in host else host
        watch = Watch(host=bare, check=check, interval=interval, port=named if telling else port)
    check_watch(watch)
    return watch


def edited(
    store: Store,
    now: float,
    stamp: Stopwatch,
    host: str,
    check: Check | None,
    change: Callable[[Watch], Watch],
    words: str,
    port: int | None = None,
) -> MonitorChange:
    """Change each watch of a host. Raises Failed where there is none, or a changed one would be none; StoreTrouble."""
    changed = {watch.key: change(watch) for watch in found(store.watches(), host, check, port)}
    for watch in changed.values():
        _checked(watch)
    return _changed(store, now, stamp, host, "edited", [*changed.values()], lambda watch: store.put_watch(watch, now), words)


def added(
    store: Store, now: float, stamp: Stopwatch, watch: Watch, change: Callable[[Watch], Watch] | None = None
) -> MonitorChange:
    """Watch something from now on. What is watched already is changed by `change`; without one it stays as it is, for changing it
    needs a person's yes. Raises ValueError where it could not be carried out.
    """
    from netassist.monitor.plan_changes import differing

    before = store.watches()
    known = next((other for other in before if other.key == watch.key), None)
    if known is not None and change is None:
        return _stays(store, now, stamp, known, watch.interval)
    wanted = change(known or watch) if change is not None else watch
    check_watch(wanted)
    check_parents(wanted, before)
    words = f"was watched already; {differing(known, wanted) or 'nothing is changed'}" if known is not None else ""
    return _changed(store, now, stamp, watch.host, "added", [wanted], lambda watch: store.put_watch(watch, now), words)


def _stays(store: Store, now: float, stamp: Stopwatch, known: Watch, interval: int) -> MonitorChange:
    """That it is watched already, and how that is changed."""
    from netassist.monitor.showing import daemon_of, watched
    from netassist.reports.text.monitor_words import every

    words = f"is watched already, {every(known.interval)}"
    if known.source == "file":
        words += "; it is in monitor.toml, and changed there"
    elif not known.enabled:
        words += f', and paused; resume it with: netassist monitor edit "{known.key}" --resume'
    elif known.interval != interval:
        words += f'; change that with: netassist monitor edit "{known.key}" --interval {interval}s'
    told = watched(known, store.states().get(known.key))
    return MonitorChange(
        target=known.host, what="added", watches=(told,), changes=words, daemon=daemon_of(store, now), **stamp.stamp()
    )


def _changed(
    store: Store,
    now: float,
    stamp: Stopwatch,
    host: str,
    what: Literal["added", "edited", "removed"],
    watches: Sequence[Watch],
    work: Callable[[Watch], object],
    changes: str = "",
) -> MonitorChange:
    """Do something to each; a watch of monitor.toml is changed there, and is left as it is."""
    from netassist.monitor.showing import daemon_of, watched

    done, refused, states = [], [], store.states()
    for watch in watches:
        try:
            work(watch)
            done.append(watched(watch, states.get(watch.key)))
        except ValueError as error:
            refused.append(str(error))
    if not done:
        raise Failed("invalid", "; ".join(refused))
    return MonitorChange(
        target=host,
        status="partial" if refused else "ok",
        error=Failure("invalid", "; ".join(refused)) if refused else None,
        what=what,
        watches=tuple(done),
        changes=changes,
        unchanged=tuple(refused),
        daemon=daemon_of(store, now),
        **stamp.stamp(),
    )


def _checked(watch: Watch) -> None:
    try:
        check_watch(watch)
    except ValueError as error:
        raise Failed("invalid", str(error)) from None


def _in_words(interval: int | None, enabled: bool | None) -> str:
    from netassist.reports.text.monitor_words import every

    parts = [f"checked {every(interval)} from now on"] if interval is not None else []
    return " and ".join([*parts, *(["resumed"] if enabled else ["paused"] if enabled is False else [])])


async def _with_store(kind: type[R], target: str, work: Callable[[Store, float, Stopwatch], R], **values: Any) -> R:
    """Do something with the store beside the loop; what keeps it from being done is the report's error."""
    from netassist.monitor.store import StoreTrouble

    stamp = Stopwatch()
    try:
        return await asyncio.to_thread(_opened, work, stamp)
    except Failed as failed:
        failure = failed.failure
    except (StoreTrouble, BadConfiguration) as error:
        failure = Failure("invalid" if isinstance(error, BadConfiguration) else "denied", str(error))
    return kind(target=target, status="failed", error=failure, **values, **stamp.stamp())


def _opened(work: Callable[[Store, float, Stopwatch], R], stamp: Stopwatch) -> R:
    from netassist.monitor.plan_file import store_of
    from netassist.monitor.store import open_store

    with open_store(store_of()) as store:
        return work(store, time.time(), stamp)
