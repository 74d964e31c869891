"""One request, read and checked, as a handler takes it."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import msgspec

from netassist.monitor.api.access import Caller

T = TypeVar("T", bound=msgspec.Struct)


class Text(NamedTuple):
    """An answer that is no JSON."""

    media_type: str
    body: bytes


class Asked(NamedTuple):
    """`path` holds the variables of the path; `query` and `body` are of the types that the route names."""

    caller: Caller
    path: dict[str, str]
    query: msgspec.Struct | None = None
    body: msgspec.Struct | None = None

    def query_as(self, kind: type[T]) -> T:
        return _of(self.query, kind)

    def body_as(self, kind: type[T]) -> T:
        return _of(self.body, kind)


def _of(value: msgspec.Struct | None, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"the route does not read a {kind.__name__}")
    return value
