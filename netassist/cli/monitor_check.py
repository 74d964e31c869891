"""``netassist monitor check``: one check at once, by the daemon that watches, else from here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netassist.cli.exits import INCOMPLETE
from netassist.cli.monitor_shown import show_results
from netassist.cli.monitored import in_store

if TYPE_CHECKING:
    from netassist.configuration import Settings
    from netassist.monitor.alone import Heartbeat
    from netassist.monitor.happening import Result
    from netassist.monitor.watch import Check, Watch


def checked(host: str, check: Check | None, port: int | None, format: str, config: Path | None) -> int:
    """Raises ValueError, Failed, Unheard, StoreTrouble."""
    from netassist.configuration import load
    from netassist.monitor.client import Silent, Unheard
    from netassist.untrusted import as_text

    settings, watched = load(config), True
    watches: Sequence[Watch] = _found(host, check, port)
    if not watches:
        watches, watched = [_unwatched(host, check, port)], False
    daemon = _daemon() if watched and not settings.read_only else None
    results: list[tuple[Watch, Result]] = []
    refused = []
    for watch in watches:
        try:
            results.append((watch, _by_daemon(daemon, watch) if daemon else _from_here(watch, settings)))
        except Silent:
            raise
        except Unheard as error:
            refused.append(error)
    if not results:
        raise Unheard("; ".join(map(str, refused)))
    recorded = "by the daemon" if daemon else "no: no daemon runs here" if watched else "no: it is not watched"
    code = show_results(results, format, recorded, several=len(watches) > 1)
    for refusal in refused:
        print(f"netassist: {as_text(str(refusal), 1000)}", file=sys.stderr)
    return INCOMPLETE if refused else code


def _found(host: str, check: Check | None, port: int | None) -> tuple[Watch, ...]:
    from netassist.monitor.meant import found_in

    return in_store(lambda store, _now, _stamp: found_in(store.watches(), host, check, port))


def _unwatched(host: str, check: Check | None, port: int | None) -> Watch:
    from netassist.monitor.tools import watch_of

    if check is None:
        raise ValueError(f"{host} is not watched, so say what to check: netassist monitor check {host} https")
    return watch_of(host, check, port=port)


def _daemon() -> Heartbeat | None:
    from netassist.monitor.client import Unheard, found
    from netassist.monitor.plan_file import store_of

    try:
        return found(store_of())
    except Unheard:
        return None


def _by_daemon(daemon: Heartbeat, watch: Watch) -> Result:
    from netassist.monitor.api.values import Checked
    from netassist.monitor.client import asked_of, watch_path

    return asked_of(daemon, "POST", f"{watch_path(watch.key)}/check", Checked).result


def _from_here(watch: Watch, settings: Settings) -> Result:
    import asyncio
    import time

    from netassist.monitor.checks import Checker

    return asyncio.run(Checker(settings).check(watch, time.time()))
