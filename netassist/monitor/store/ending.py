"""Where measuring ends: what was measured of a watch speaks no longer than until it is paused or removed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection, select, update

from netassist.monitor.happening import Event, State
from netassist.monitor.states import paused
from netassist.monitor.store.database import add_new, counts
from netassist.monitor.store.encoding import decoded, encoded
from netassist.monitor.store.grains import hour_of
from netassist.monitor.store.schema import MARK, OUTCOMES, late, results, states


def end(connection: Connection, ids: Collection[int], at: float) -> None:
    row = {"at": at, "us": None, "interval": MARK, "outcome": OUTCOMES.index("unknown"), "message": None}
    add_new(connection, results, [{"watch": id, **row} for id in ids])
    if at < counts(connection)["rolling"]:
        add_new(connection, late, [{"watch": id, "hour": hour_of(at)} for id in ids])


def stand_still(connection: Connection, ids: Mapping[str, int], at: float, where: str) -> Iterable[Event]:
    """Of watches that are paused: they stand no way any more. The events of it."""
    rows = connection.execute(select(states.c.watch, states.c.body).where(states.c.watch.in_(ids.values()))).all()
    for row in rows:
        state = decoded(row.body, State, where)
        connection.execute(update(states).where(states.c.watch == row.watch).values(body=encoded(paused(state))))
        if state.standing != "pending":
            yield Event(at=at, watch=state.watch, kind="state", what="state", before=state.standing, after="pending",
                        message="paused", silenced="paused")  # fmt: skip
