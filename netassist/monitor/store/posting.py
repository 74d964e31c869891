"""The outbox: notices on their way, each there until it is delivered or given up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection, select

from netassist.monitor.alert import AlertStatus, Notice
from netassist.monitor.store import alarms
from netassist.monitor.store.database import Row, add_new, upsert
from netassist.monitor.store.encoding import decoded, encoded
from netassist.monitor.store.schema import notices


def enqueue(connection: Connection, new: Sequence[Notice], told: Mapping[str, AlertStatus], where: str) -> None:
    add_new(connection, notices, [_row(notice) for notice in new])
    alarms.set_told(connection, told, where)


def due(connection: Connection, now: float, limit: int, where: str) -> list[Notice]:
    query = select(notices.c.body).where(notices.c.due <= now).order_by(notices.c.due, notices.c.id).limit(limit)
    return [decoded(row.body, Notice, where) for row in connection.execute(query)]


def begun(connection: Connection, id: str, due: float, where: str) -> None:
    if notice := _one(connection, id, where):
        _replace(connection, msgspec.structs.replace(notice, attempts=notice.attempts + 1, due=due))


def delivered(connection: Connection, id: str, at: float, where: str) -> None:
    if notice := _one(connection, id, where):
        _replace(connection, msgspec.structs.replace(notice, delivered=at, error="", given_up=False))


def failed(connection: Connection, id: str, error: str, due: float | None, where: str) -> None:
    if notice := _one(connection, id, where):
        after = {"given_up": True} if due is None else {"due": due}
        _replace(connection, msgspec.structs.replace(notice, error=error, **after))


def read(connection: Connection, limit: int, where: str) -> list[Notice]:
    query = select(notices.c.body).order_by(notices.c.made.desc(), notices.c.id).limit(limit)
    return [decoded(row.body, Notice, where) for row in connection.execute(query)]


def _one(connection: Connection, id: str, where: str) -> Notice | None:
    body = connection.execute(select(notices.c.body).where(notices.c.id == id)).scalar_one_or_none()
    return None if body is None else decoded(body, Notice, where)


def _replace(connection: Connection, notice: Notice) -> None:
    upsert(connection, notices, [_row(notice)])


def _row(notice: Notice) -> Row:
    waits = notice.delivered is None and not notice.given_up
    return {"id": notice.id, "made": notice.made, "due": notice.due if waits else None, "body": encoded(notice)}
