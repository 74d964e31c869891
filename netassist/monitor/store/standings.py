"""The worst standing of days: confirmed ones, as the events tell them; of a watch without such events, the worst outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from sqlalchemy import Connection, func, select

from netassist.monitor.happening import Event, Standing
from netassist.monitor.store.encoding import decoded
from netassist.monitor.store.schema import events
from netassist.monitor.store.tally import Tally

_BAD_LAST: tuple[Standing, ...] = ("pending", "up", "unknown", "degraded", "down")
_STANDINGS = set(get_args(Standing))
Turn = tuple[float, Standing]
"""Since when a watch stood how."""


def worst_of(connection: Connection, watch: int, days: Sequence[Tally], where: str) -> dict[float, Standing]:
    """By the beginning of the day; `days` are in order of time."""
    turns = _turns(connection, watch, days[0].start, days[-1].end, where)
    return {day.start: _worst(day, turns) for day in days}


def _worst(day: Tally, turns: Sequence[Turn]) -> Standing:
    if not day.measured:
        return "pending"
    before = [standing for at, standing in turns if at <= day.start][-1:]
    within = [standing for at, standing in turns if day.start < at < day.end]
    return max([*before, *within], key=_BAD_LAST.index, default=day.worst)


def _turns(connection: Connection, watch: int, since: float, until: float, where: str) -> list[Turn]:
    of = (events.c.watch == watch, events.c.kind == "state")
    before = select(func.max(events.c.at)).where(*of, events.c.at <= since).correlate(None).scalar_subquery()
    query = select(events.c.body).where(*of, events.c.at >= func.coalesce(before, since), events.c.at < until)
    rows = connection.execute(query.order_by(events.c.at, events.c.id))
    happened = [decoded(row.body, Event, where) for row in rows]
    return [(event.at, _standing(event.after)) for event in happened if event.after in _STANDINGS]


def _standing(text: str) -> Standing:
    return next(standing for standing in _BAD_LAST if standing == text)
