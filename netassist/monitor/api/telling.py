"""``/v1/history``, ``/v1/events``, ``/v1/alerts``: what was, and what people were told."""

from __future__ import annotations

from netassist.monitor.alert import Alert
from netassist.monitor.api.asked import Asked
from netassist.monitor.api.problems import Trouble
from netassist.monitor.api.values import Acknowledgement, Alerts, AlertsQuery, Events, EventsQuery, History, HistoryQuery
from netassist.monitor.api.ways import Ways, stored

DAYS = 90


async def history(ways: Ways, asked: Asked) -> History:
    query, until = asked.query_as(HistoryQuery), ways.now()
    since = until - query.hours * 3600

    def read() -> History:
        store = ways.store
        if query.watch not in {watch.key for watch in store.watches()} and not store.results(query.watch, 0, until, 1):
            raise Trouble(404, f"{query.watch!r} is not watched, and never was")
        return History(
            watch=query.watch,
            since=since,
            until=until,
            availability=store.availability(query.watch, since, until),
            response_times=store.response_times(query.watch, since, until),
            results=tuple(store.results(query.watch, since, until, query.limit)),
            curve=tuple(store.curve(query.watch, since, until, query.points)),
            days=tuple(store.days(query.watch, DAYS, until)),
        )

    return await stored(read)


async def events(ways: Ways, asked: Asked) -> Events:
    query, until = asked.query_as(EventsQuery), ways.now()
    since = until - query.hours * 3600
    return Events(tuple(await stored(lambda: ways.store.events(since, until, query.watch, query.limit))))


async def alerts(ways: Ways, asked: Asked) -> Alerts:
    query = asked.query_as(AlertsQuery)
    return Alerts(tuple(await stored(lambda: ways.store.alerts(query.status, query.limit))))


async def acknowledge(ways: Ways, asked: Asked) -> Alert:
    id, by = asked.path["id"], asked.body_as(Acknowledgement).by or asked.caller.name
    known = await stored(lambda: ways.store.alert(id))
    if known is None:
        raise Trouble(404, f"there is no alert {id!r}")
    if known.status == "resolved":
        raise Trouble(409, f"alert {id} is resolved already")
    taken = await stored(lambda: ways.store.acknowledge(id, by, ways.now()))
    if taken is None:
        raise Trouble(404, f"there is no alert {id!r}")
    ways.changed()
    return taken
