"""``/v1/watches`` and ``/v1/maintenance``: what is watched, and when nobody is to be told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import ceil

import msgspec

from netassist.monitor.api.asked import Asked
from netassist.monitor.api.problems import Trouble
from netassist.monitor.api.values import Checked, Done, NewWatch, NewWindow, States, Watched, WatchEdit, Watches, Windows
from netassist.monitor.api.ways import Ways, stored
from netassist.monitor.store import Window
from netassist.monitor.validity import check_ahead, check_given, check_names, check_parents, check_watch, check_window, set_in
from netassist.monitor.watch import SHORTEST, Limits, Watch
from netassist.observations import Failed
from netassist.targets import host_of

MOST_WATCHES = 20_000
TAKEN_UP = 1.0
"""Seconds in which the daemon takes up what was changed."""


async def watches(ways: Ways, asked: Asked) -> Watches:
    kept = await stored(ways.store.watches)
    states = await stored(ways.store.states)
    return Watches(tuple(Watched(key=watch.key, watch=watch, state=states.get(watch.key)) for watch in kept))


async def states(ways: Ways, asked: Asked) -> States:
    return States(tuple((await stored(ways.store.states)).values()))


async def watch(ways: Ways, asked: Asked) -> Watched:
    found = await _found(ways, asked.path["key"])
    states = await stored(ways.store.states)
    return Watched(key=found.key, watch=found, state=states.get(found.key))


async def add(ways: Ways, asked: Asked) -> Watched:
    wanted = Watch(**{**msgspec.structs.asdict(asked.body_as(NewWatch)), "source": "added"})
    kept = await stored(ways.store.watches)
    if any(one.key == wanted.key for one in kept):
        raise Trouble(409, f"{wanted.key} is watched already; PATCH it, or DELETE it first")
    if len(kept) >= MOST_WATCHES:
        raise Trouble(409, f"{MOST_WATCHES:,} are watched already, which is the most")
    _check_limits(wanted.limits, wanted)
    await _put(ways, wanted, kept)
    return Watched(key=wanted.key, watch=wanted)


async def edit(ways: Ways, asked: Asked) -> Watched:
    before = _ours(await _found(ways, asked.path["key"]))
    given = asked.body_as(WatchEdit)
    if given.limits is not msgspec.UNSET:
        _check_limits(given.limits, before)
    wanted = msgspec.structs.replace(
        before, **{name: value for name in given.__struct_fields__ if (value := getattr(given, name)) is not msgspec.UNSET}
    )
    await _put(ways, wanted, await stored(ways.store.watches) if wanted.parents != before.parents else None)
    states = await stored(ways.store.states)
    return Watched(key=wanted.key, watch=wanted, state=states.get(wanted.key))


async def remove(ways: Ways, asked: Asked) -> Done:
    found = _ours(await _found(ways, asked.path["key"]))
    await stored(lambda: ways.store.remove_watch(found.key, ways.now()))
    ways.changed()
    return Done()


async def check(ways: Ways, asked: Asked) -> Checked:
    """Not more often than any watch may be checked; where a check of it is under way, what that comes to."""
    found = await _found(ways, asked.path["key"])
    state = ways.state(found.key)
    ago = ways.now() - state.at if state is not None and state.at is not None else SHORTEST
    if 0 <= ago < SHORTEST:
        again = ceil(SHORTEST - ago)
        raise Trouble(429, f"{found.key} was checked {ago:.0f} s ago; try again in {again} s", {"Retry-After": str(again)})
    if not found.enabled:
        raise Trouble(409, f"{found.key} is paused; resume it first")
    checking = ways.check(found.key)
    if checking is None:  # it was added a moment ago, past the daemon
        ways.changed()
        await asyncio.sleep(TAKEN_UP)
        checking = ways.check(found.key)
    if checking is None:
        raise Trouble(409, f"{found.key} is not taken up yet; try again in a few seconds")
    return Checked(await asyncio.shield(asyncio.ensure_future(checking)))


async def windows(ways: Ways, asked: Asked) -> Windows:
    return Windows(tuple(await stored(ways.store.windows)))


async def put_window(ways: Ways, asked: Asked) -> Windows:
    window = Window(**msgspec.structs.asdict(asked.body_as(NewWindow)))
    try:
        check_window(window)
        check_names(window.watches, await stored(ways.store.watches), groups=True)
        check_ahead(window, ways.now())
    except ValueError as error:
        raise Trouble(422, str(error)) from None
    await stored(lambda: ways.store.put_window(window))
    ways.changed()
    return await windows(ways, asked)


async def remove_window(ways: Ways, asked: Asked) -> Done:
    name = asked.path["name"]
    if not await stored(lambda: ways.store.remove_window(name)):
        raise Trouble(404, f"there is no maintenance window {name!r}")
    ways.changed()
    return Done()


def _check_limits(limits: Limits, watch: Watch) -> None:
    """Those that are given have to mean something to the check; what is kept may be older than that rule."""
    try:
        check_given(set_in(limits), (watch.check,))
    except ValueError as error:
        raise Trouble(422, str(error)) from None


async def _put(ways: Ways, wanted: Watch, among: Sequence[Watch] | None) -> None:
    """Check a watch and keep it; its parents are held against those that it is `among`, where they are not as they were."""
    try:
        check_watch(wanted)
        if among is not None:
            check_parents(wanted, among)
        ways.settings.scope_for(host_of(wanted.host)).check_host(host_of(wanted.host))
    except ValueError as error:
        raise Trouble(422, str(error)) from None
    except Failed as failed:
        raise Trouble(403, failed.failure.message) from None
    await stored(lambda: ways.store.put_watch(wanted, ways.now()))
    ways.changed()


async def _found(ways: Ways, key: str) -> Watch:
    kept = await stored(ways.store.watches)
    found = next((watch for watch in kept if watch.key == key), None)
    if found is None:
        raise Trouble(404, f"{key!r} is not watched; GET /v1/watches lists what is")
    return found


def _ours(watch: Watch) -> Watch:
    if watch.source == "file":
        raise Trouble(409, f"{watch.key} stands in monitor.toml; change it there and reload")
    return watch
