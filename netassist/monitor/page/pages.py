"""The page's addresses: ``/`` and ``/all``, and ``/watch/…`` for each watch."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from netassist.monitor.api.problems import Trouble
from netassist.monitor.api.ways import Ways, stored
from netassist.monitor.page.one import Detail, detail
from netassist.monitor.page.render import detail_html, overview_html, policy
from netassist.monitor.page.view import Known, Overview, overview
from netassist.monitor.store import StoreTrouble

if TYPE_CHECKING:
    from netassist.monitor.api.application import Door
    from netassist.monitor.store import Availability, Day, Point
    from netassist.monitor.watch import Watch

DAYS, DAY, WEEK = 90, 86400.0, 7 * 86400.0
MOST_CURVES = 60
"""Watches whose response times are drawn on the page of all."""
MOST_BARS = 1000
"""Watches whose days are drawn there; the page of each has its own."""
FRESH = 5.0
"""Seconds for which a page of all that was made is shown to others too."""
_SECRET = "page secret"  # noqa: S105 - where it is kept

Endpoint = Callable[[Request], Awaitable[Response]]


def paths(ways: Ways, door: Door) -> Iterable[tuple[str, Endpoint]]:
    """What is shown, for one listener."""
    pages = Pages(ways)

    async def all_of_it(request: Request) -> Response:
        await _reader(door, request)
        return _html(await pages.overview(public=False))

    async def front(request: Request) -> Response:
        caller = await door.caller(request)
        if "read" in caller.rights or not ways.page.public:
            return await all_of_it(request)
        return _html(await pages.overview(public=True))

    async def one(request: Request) -> Response:
        await _reader(door, request)
        return _html(await pages.detail(str(request.path_params["id"])))

    return (("/", front), ("/all", all_of_it), ("/watch/{id}", one))


async def _reader(door: Door, request: Request) -> None:
    from netassist.monitor.api.application import challenge

    caller = await door.caller(request)
    if not caller.known:
        raise Trouble(401, "the page is shown to who gives a token as the password", challenge(request))
    if "read" not in caller.rights:
        raise Trouble(403, f"{caller.name} may not read")


def _html(body: bytes) -> Response:
    headers = {"Content-Security-Policy": policy(), "X-Frame-Options": "DENY"}
    return Response(body, 200, headers, "text/html; charset=utf-8")


class Pages:
    """Makes pages from the store, the page of all once for who asks at the same time."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways
        self._made: dict[bool, tuple[float, bytes]] = {}
        self._secret = ""
        self._making = asyncio.Lock()
        self._past: dict[str, tuple[float, float, Sequence[Day]]] = {}

    async def overview(self, *, public: bool) -> bytes:
        async with self._making:
            made = self._made.get(public)
            if made is None or monotonic() - made[0] > FRESH:
                own = () if public else await self._own()
                made = (monotonic(), await stored(lambda: overview_html(self.seen(public=public, own=own))))
                self._made[public] = made
            return made[1]

    async def _own(self) -> tuple[str, ...]:
        """What does not work of the daemon's own, and what waits."""
        status = await self._ways.status()
        return (*status.trouble, *filter(None, (status.plan_trouble,)), *status.waiting)

    async def detail(self, id: str) -> bytes:
        return await stored(lambda: detail_html(self.watch(id)))

    def seen(self, *, public: bool, own: Sequence[str] = ()) -> Overview:
        """The page of all, read from the store."""
        watches = self._ways.store.watches()
        chosen = [watch for watch in watches if watch.public or not public]
        return overview(self._known(chosen, None), self._ways.page.title, self._named(), public=public, own=own)

    def watch(self, id: str) -> Detail:
        """The page of one watch; raises Trouble where there is no such page."""
        store, now, named = self._ways.store, self._ways.now(), self._named()
        found = next((watch for watch in store.watches() if named(watch) == f"/watch/{id}"), None)
        if found is None:
            raise Trouble(404, "there is no such page; the watch may have been removed")
        spans = (("the last day", DAY), ("the last week", WEEK), ("the last 30 days", 30 * DAY), ("the last 90 days", DAYS * DAY))
        hours: list[tuple[str, Availability]] = [(name, store.availability(found.key, now - long, now)) for name, long in spans]
        times = store.response_times(found.key, now - DAY, now)
        results = store.results(found.key, now - DAY, now, 50)
        return detail(self._known([found], found.key), found, self._ways.page.title, times, hours, results)

    def _known(self, watches: Sequence[Watch], only: str | None) -> Known:
        store, now = self._ways.store, self._ways.now()
        alerts = store.alerts("all", 200) if only is None else [one for one in store.alerts("all", 1000) if one.watch == only]
        points = 60 if only is None else 144
        curves: dict[str, Sequence[Point]] = {}
        for watch in watches[:MOST_CURVES]:
            curves[watch.key] = store.curve(watch.key, now - DAY, now, points)
        return Known(
            watches=watches,
            states=store.states(),
            days={watch.key: self._days(watch.key, now) for watch in watches[:MOST_BARS]},
            curves=curves,
            alerts=[one for one in alerts if one.status != "resolved" or now - (one.resolved or 0) < 14 * DAY][:50],
            events=store.events(now - WEEK, now, only, 50),
            windows=store.windows(),
            now=now,
        )

    def _days(self, key: str, now: float) -> Sequence[Day]:
        """The days of a watch; those that are over are read anew once an hour, for what was written late."""
        midnight = now - now % DAY
        read, of, past = self._past.get(key, (0.0, 0.0, ()))
        if of != midnight or not 0 <= now - read < 3600:
            past = self._ways.store.days(key, DAYS - 1, midnight - 0.001)
            self._past[key] = (now, midnight, past)
        while len(self._past) > 2 * MOST_BARS:
            self._past.pop(next(iter(self._past)), None)
        return [*past, *self._ways.store.days(key, 1, now)]

    def _named(self) -> Callable[[Watch], str]:
        """Names of pages from which no host can be guessed, the same after a restart."""
        self._secret = self._secret or self._ways.store.get(_SECRET) or ""
        if not self._secret:
            self._secret = secrets.token_hex(16)
            with contextlib.suppress(StoreTrouble):  # then other links are made after a restart
                self._ways.store.put(_SECRET, self._secret)
        key = self._secret.encode()
        return lambda watch: f"/watch/{hashlib.blake2b(watch.key.encode(), key=key, digest_size=8).hexdigest()}"
