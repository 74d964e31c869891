"""What was measured and what came of it, written in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite

from sqlalchemy import Connection

from netassist.monitor.alert import Alert
from netassist.monitor.happening import Event, Result, State
from netassist.monitor.states import paused
from netassist.monitor.store import alarms
from netassist.monitor.store.database import Database, Known, Row, add_new, add_watch, counts, upsert
from netassist.monitor.store.encoding import encoded, mark, message
from netassist.monitor.store.grains import hour_of
from netassist.monitor.store.schema import OUTCOMES, events, late, results, states

_OUTCOME = {outcome: number for number, outcome in enumerate(OUTCOMES)}
_INTERVAL = 300
"""Seconds, for results of what was never watched."""


def record(
    database: Database,
    connection: Connection,
    measured: Sequence[Result],
    standing: Sequence[State],
    happened: Sequence[Event],
    raised: Sequence[Alert],
) -> list[Alert]:
    """What is recorded twice stands once. Of what is paused or gone nothing counts that came later. The alerts that changed."""
    counted = counts(connection)
    known, over = database.known(connection, counted), database.over
    if over:
        measured = [result for result in measured if result.at < over.get(result.watch, inf)]
        standing = [paused(state) if state.watch in over else state for state in standing]
        happened = [event for event in happened if event.at < over.get(event.watch, inf)]
    named = {result.watch for result in measured} | {state.watch for state in standing} | {event.watch for event in happened}
    _add_unknown(connection, known, named - known.keys() - {""})
    add_new(connection, results, [_result(result, known[result.watch]) for result in measured])
    tardy = {(known[result.watch].id, hour_of(result.at)) for result in measured if result.at < counted["rolling"]}
    add_new(connection, late, [{"watch": id, "hour": hour} for id, hour in sorted(tardy)])
    latest = {known[state.watch].id: encoded(state) for state in standing}
    upsert(connection, states, [{"watch": id, "body": body} for id, body in latest.items()])
    write_events(connection, happened, {event.watch: known[event.watch].id for event in happened if event.watch})
    return alarms.put(connection, raised, database.where, over)


def write_events(connection: Connection, happened: Sequence[Event], ids: Mapping[str, int]) -> None:
    add_new(connection, events, [_event(event, ids.get(event.watch, 0)) for event in happened])


def _add_unknown(connection: Connection, known: dict[str, Known], keys: set[str]) -> None:
    """Results of a watch that is gone keep its number; what was never watched gets one."""
    for key in sorted(keys):
        known[key] = Known(add_watch(connection, {"key": key, "interval": _INTERVAL}), _INTERVAL)


def _result(result: Result, watch: Known) -> Row:
    if not isfinite(result.at):
        raise ValueError(f"{result.at} is no time of a result")
    return {
        "watch": watch.id,
        "at": result.at,
        "us": round(result.ms * 1000) if result.ms is not None and isfinite(result.ms) else None,
        "interval": watch.interval,
        "outcome": _OUTCOME[result.outcome],
        "message": message(result.message),
    }


def _event(event: Event, watch: int) -> Row:
    body = encoded(event)
    return {"at": event.at, "watch": watch, "mark": mark(body), "kind": event.kind, "body": body}
