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
from netassist.monitor.validity import check_watch, nearest
from netassist.monitor.watch import Check, Watch, port_of
from netassist.network import Network
from netassist.observations import Failed, Failure, Report, Stopwatch
from netassist.reports.monitoring import AlertList, MonitorChange, MonitorHistory, MonitorList
from netassist.reports.words import listed
from netassist.targets import host_of, parse_host, parse_url

if TYPE_CHECKING:
    from netassist.monitor.store import Store

R = TypeVar("R", bound=Report)
Status = Literal["open", "acknowledged", "resolved", "all"]
MOST_HOURS = 10 * 366 * 24
MOST_ALERTS = 200
WATCHED = "what is watched"
"""The target of reports that are about no host."""


async def monitor_add(
    network: Network, host: str, check: Check, interval: int = 300, port: int | None = None
) -> MonitorChange:
    """Watch a host from now on; what is watched already gets the new interval."""

    def work(store: Store, now: float, stamp: Stopwatch) -> MonitorChange:
        try:
            watch = watch_of(host, check, interval, port)
        except ValueError as error:
            raise Failed("invalid", str(error)) from None
        return put(store, now, stamp, watch)

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
    """Raises Failed where it is not watched."""
    from netassist.monitor.showing import daemon_of, past

    if not 1 <= hours <= MOST_HOURS:
        raise Failed("invalid", f"{host}: hours={hours} is not between 1 and {MOST_HOURS}")
    found, states = _found(store, host, None), store.states()
    checks = tuple(past(store, watch, states, now - hours * 3600, now) for watch in found)
    return MonitorHistory(target=host, hours=hours, checks=checks, daemon=daemon_of(store, now), **stamp.stamp())


def alerts_of(store: Store, now: float, stamp: Stopwatch, status: Status) -> AlertList:
    from netassist.monitor.showing import daemon_of, raised

    alerts = tuple(map(raised, store.alerts(status, MOST_ALERTS)))
    return AlertList(target=WATCHED, listed=status, alerts=alerts, daemon=daemon_of(store, now), **stamp.stamp())


def removed(store: Store, now: float, stamp: Stopwatch, host: str, check: Check | None, port: int | None = None) -> MonitorChange:
    """Raises Failed where it is not watched, or monitor.toml has it."""
    found = _found(store, host, check, port)
    return _changed(store, now, stamp, host, "removed", found, lambda watch: store.remove_watch(watch.key, now))


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


def found_in(
    watches: Sequence[Watch], host: str, check: Check | None = None, port: int | None = None
) -> tuple[Watch, ...]:
    """The watches that are meant by a key, by a host, or by a URL: that very one, else all of its host."""
    if named := tuple(watch for watch in watches if watch.key == host):
        return named
    exact = [watch for watch in watches if _same(watch.host, host)]
    meant = exact or [watch for watch in watches if _bare(watch.host) == _bare(host)]
    if "://" not in host:
        meant = [watch for watch in watches if _bare(watch.host) == _bare(host)]
    return tuple(
        watch for watch in meant if (check is None or watch.check == check) and (port is None or port_of(watch) == port)
    )


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
    changed = {watch.key: change(watch) for watch in _found(store, host, check, port)}
    for watch in changed.values():
        _checked(watch)
    return _changed(store, now, stamp, host, "edited", [*changed.values()], lambda watch: store.put_watch(watch, now), words)


def put(store: Store, now: float, stamp: Stopwatch, watch: Watch) -> MonitorChange:
    """Add a watch, or replace the one of its key."""
    known = next((other for other in store.watches() if other.key == watch.key), None)
    bare = Watch(host=watch.host, check=watch.check, port=watch.port, interval=watch.interval)
    if known is not None and known.source == "added" and watch == bare:
        watch = msgspec.structs.replace(known, interval=watch.interval, enabled=True)  # its limits and its group stay
    return _changed(store, now, stamp, watch.host, "added", [watch], lambda watch: store.put_watch(watch, now))


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


def _found(store: Store, host: str, check: Check | None, port: int | None = None) -> tuple[Watch, ...]:
    """Raises Failed where nothing of the kind is watched."""
    watches = store.watches()
    found = found_in(watches, host, check, port)
    if not found:
        of_host = [watch.key for watch in found_in(watches, host)]
        known = {watch.key if " " in host else watch.host for watch in watches}
        which = f" by a check of {check}" if check is not None else ""
        where = f" at port {port}" if port is not None else ""
        others = f"; what is watched: {listed(of_host or sorted(known), 5)}" if watches else ", and nothing else is"
        raise Failed("invalid", f"{host} is not watched{which}{where}{others}")
    return found


def _checked(watch: Watch) -> None:
    try:
        check_watch(watch)
    except ValueError as error:
        raise Failed("invalid", str(error)) from None


def _in_words(interval: int | None, enabled: bool | None) -> str:
    from netassist.reports.text.monitor_words import every

    parts = [f"checked {every(interval)} from now on"] if interval is not None else []
    return " and ".join([*parts, *(["resumed"] if enabled else ["paused"] if enabled is False else [])])


def _same(one: str, other: str) -> bool:
    return one.rstrip("/").lower() == other.rstrip("/").lower()


def _bare(host: str) -> str:
    bare = host_of(host)
    try:
        return parse_host(bare).host
    except ValueError:
        return bare.lower()


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
