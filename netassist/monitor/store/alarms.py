"""Alerts, written by several: the engine opens and resolves them, people acknowledge them, a diagnosis adds its evidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec
from sqlalchemy import Connection, case, select

from netassist.monitor.alert import Alert, AlertStatus
from netassist.monitor.alerting import GONE, PAUSED, STATE, ended
from netassist.monitor.store.database import Row, count_up, upsert
from netassist.monitor.store.encoding import decoded, encoded
from netassist.monitor.store.schema import alerts

_OPEN_FIRST = case({"open": 0, "acknowledged": 1}, value=alerts.c.status, else_=2)


def put(connection: Connection, raised: Sequence[Alert], where: str, silent: Collection[str] = ()) -> list[Alert]:
    """Add or replace them; nothing that another has written meanwhile is lost (see `merged`). What was changed by it.

    None is opened for a watch of the `silent`.
    """
    if not raised:
        return []
    before = _by_id(connection, {alert.id for alert in raised}, where)
    now = {alert.id: merged(before.get(alert.id), alert) for alert in raised if alert.id in before or alert.watch not in silent}
    upsert(connection, alerts, [_row(alert) for alert in now.values()])
    return [alert for alert in now.values() if alert != before.get(alert.id)]


def merged(kept: Alert | None, new: Alert) -> Alert:
    """`new` was made from a reading that may be older than what is kept: a resolution, an acknowledgement, evidence and what
    people were told stay, and all of an alert whose watch is gone or paused. Of another level, it is to be told anew, and says
    itself what was told.
    """
    if kept is None:
        return new
    if kept.ended:
        return kept
    stays: dict[str, object] = {}
    if kept.resolved is not None and new.resolved is None:
        stays |= {"resolved": kept.resolved, "status": "resolved"}
    if kept.acknowledged is not None and new.acknowledged is None:
        stays |= {"acknowledged": kept.acknowledged, "acknowledged_by": kept.acknowledged_by}
        if new.status == "open" and "status" not in stays:
            stays["status"] = "acknowledged"
    if kept.evidence and not new.evidence:
        stays["evidence"] = kept.evidence
    if kept.level == new.level:
        stays["told"] = kept.told
    return msgspec.structs.replace(new, **stays)


def read(connection: Connection, status: AlertStatus | Literal["all"], limit: int, where: str) -> list[Alert]:
    query = select(alerts.c.body).order_by(_OPEN_FIRST, alerts.c.opened.desc(), alerts.c.id).limit(limit)
    if status != "all":
        query = query.where(alerts.c.status == status)
    return [decoded(row.body, Alert, where) for row in connection.execute(query)]


def unresolved(connection: Connection, where: str) -> list[Alert]:
    query = select(alerts.c.body).where(alerts.c.status.in_(("open", "acknowledged")))
    rows = connection.execute(query.order_by(_OPEN_FIRST, alerts.c.opened.desc(), alerts.c.id))
    return [decoded(row.body, Alert, where) for row in rows]


def one(connection: Connection, id: str, where: str) -> Alert | None:
    return _by_id(connection, {id}, where).get(id)


def acknowledge(connection: Connection, id: str, by: str, at: float, where: str) -> Alert | None:
    alert = one(connection, id, where)
    if alert is None or alert.status != "open":
        return alert
    taken = msgspec.structs.replace(alert, status="acknowledged", acknowledged=at, acknowledged_by=by)
    upsert(connection, alerts, [_row(taken)])
    count_up(connection, "revision")
    return taken


def set_told(connection: Connection, told: Mapping[str, AlertStatus], where: str) -> None:
    kept = _by_id(connection, told.keys(), where)
    upsert(connection, alerts, [_row(msgspec.structs.replace(alert, told=told[alert.id])) for alert in kept.values()])


def close(connection: Connection, gone: Collection[str], paused: Collection[str], at: float, where: str) -> None:
    """What is no longer watched is no longer in trouble; what is paused stands no way, and what drifted stays different."""
    if gone or paused:
        every = unresolved(connection, where)
        over = [ended(alert, at, GONE) for alert in every if alert.watch in gone]
        over += [ended(alert, at, PAUSED) for alert in every if alert.watch in paused and alert.about == STATE]
        upsert(connection, alerts, [_row(alert) for alert in over])


def _by_id(connection: Connection, ids: Collection[str], where: str) -> dict[str, Alert]:
    rows = connection.execute(select(alerts.c.body).where(alerts.c.id.in_(list(ids))))
    found = (decoded(row.body, Alert, where) for row in rows)
    return {alert.id: alert for alert in found}


def _row(alert: Alert) -> Row:
    return {
        "id": alert.id,
        "status": alert.status,
        "opened": alert.opened,
        "resolved": alert.resolved,
        "body": encoded(alert),
    }
