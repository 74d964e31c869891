"""Small things by name: maintenance windows, tokens, facts."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from sqlalchemy import Connection, Table, delete, select

from netassist.monitor.store.database import count_up, upsert
from netassist.monitor.store.encoding import decoded, encoded
from netassist.monitor.store.schema import facts, tokens, windows
from netassist.monitor.store.values import Token, Window

T = TypeVar("T", bound=msgspec.Struct)


def read_windows(connection: Connection, where: str) -> list[Window]:
    return _all(connection, windows, Window, where)


def put_window(connection: Connection, window: Window) -> None:
    upsert(connection, windows, [{"name": window.name, "body": encoded(window)}])
    count_up(connection, "revision")


def remove_window(connection: Connection, name: str) -> bool:
    gone = connection.execute(delete(windows).where(windows.c.name == name)).rowcount > 0
    if gone:
        count_up(connection, "revision")
    return gone


def read_tokens(connection: Connection, where: str) -> list[Token]:
    return _all(connection, tokens, Token, where)


def put_token(connection: Connection, token: Token) -> None:
    upsert(connection, tokens, [{"name": token.name, "body": encoded(token)}])


def remove_token(connection: Connection, name: str) -> bool:
    return connection.execute(delete(tokens).where(tokens.c.name == name)).rowcount > 0


def fact(connection: Connection, name: str) -> str | None:
    value: str | None = connection.execute(select(facts.c.value).where(facts.c.name == name)).scalar_one_or_none()
    return value


def put_fact(connection: Connection, name: str, value: str) -> None:
    upsert(connection, facts, [{"name": name, "value": value}])


def _all(connection: Connection, table: Table, type: type[T], where: str) -> list[T]:
    return [decoded(row.body, type, where) for row in connection.execute(select(table.c.body).order_by(table.c.name))]
