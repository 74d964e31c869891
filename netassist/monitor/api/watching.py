"""``/v1/watches`` and ``/v1/maintenance``: what is watched, and when nobody is to be told."""

from __future__ import annotations

import msgspec

from netassist.monitor.api.asked import Asked
from netassist.monitor.api.problems import Trouble
from netassist.monitor.api.values import Done, States, Watched, WatchEdit, Watches, Windows
from netassist.monitor.api.ways import Ways, stored
from netassist.monitor.checks import check_watch
from netassist.monitor.states import cycle
from netassist.monitor.store import Window
from netassist.monitor.watch import Watch
from netassist.observations import Failed
from netassist.targets import host_of

MOST_WATCHES = 20_000


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
    wanted = msgspec.structs.replace(asked.body_as(Watch), source="added")
    kept = await stored(ways.store.watches)
    if any(one.key == wanted.key for one in kept):
        raise Trouble(409, f"{wanted.key} is watched already; PATCH it, or DELETE it first")
    if len(kept) >= MOST_WATCHES:
        raise Trouble(409, f"{MOST_WATCHES:,} are watched already, which is the most")
    await _put(ways, wanted)
    return Watched(key=wanted.key, watch=wanted)


async def edit(ways: Ways, asked: Asked) -> Watched:
    before = _ours(await _found(ways, asked.path["key"]))
    given = asked.body_as(WatchEdit)
    wanted = msgspec.structs.replace(
        before, **{name: value for name in given.__struct_fields__ if (value := getattr(given, name)) is not msgspec.UNSET}
    )
    await _put(ways, wanted)
    states = await stored(ways.store.states)
    return Watched(key=wanted.key, watch=wanted, state=states.get(wanted.key))


async def remove(ways: Ways, asked: Asked) -> Done:
    found = _ours(await _found(ways, asked.path["key"]))
    await stored(lambda: ways.store.remove_watch(found.key, ways.now()))
    ways.changed()
    return Done()


async def windows(ways: Ways, asked: Asked) -> Windows:
    return Windows(tuple(await stored(ways.store.windows)))


async def put_window(ways: Ways, asked: Asked) -> Windows:
    window = asked.body_as(Window)
    if not window.name.strip() or len(window.name) > 100:
        raise Trouble(422, "a window needs a name, of 100 characters at most")
    if not window.starts < window.ends:
        raise Trouble(422, "a window ends after it starts")
    await stored(lambda: ways.store.put_window(window))
    ways.changed()
    return await windows(ways, asked)


async def remove_window(ways: Ways, asked: Asked) -> Done:
    name = asked.path["name"]
    if not await stored(lambda: ways.store.remove_window(name)):
        raise Trouble(404, f"there is no maintenance window {name!r}")
    ways.changed()
    return Done()


async def _put(ways: Ways, wanted: Watch) -> None:
    try:
        check_watch(wanted)
        ways.settings.scope_for(host_of(wanted.host)).check_host(host_of(wanted.host))
    except ValueError as error:
        raise Trouble(422, str(error)) from None
    except Failed as failed:
        raise Trouble(403, failed.failure.message) from None
    others = {watch.key: watch for watch in await stored(ways.store.watches)}
    if circle := cycle({**others, wanted.key: wanted}):
        raise Trouble(422, f"parents: these would lie behind one another: {' → '.join(circle)}")
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
