"""What one exchange of HTTP is, whichever version speaks it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import msgspec

from netassist.observations import Failed

HEADERS_LIMIT = 65536


class Ends(Protocol):
    """Where bytes go and come from: a `Stream`, or TLS over one."""

    async def send(self, data: bytes) -> None: ...
    async def receive(self) -> bytes: ...


class Request(NamedTuple):
    """A GET; `authority` is the host, with its port where that is not the scheme's own."""

    scheme: str
    authority: str
    path: str
    headers: tuple[tuple[str, str], ...]


class TlsSummary(msgspec.Struct, frozen=True):
    """What a session agreed on: `version` (``TLSv1.3``), `suite` by OpenSSL's name, `group` of the key exchange, `alpn` selected.

    `certificate` is the leaf's subject; `days_left` is negative where it has expired.
    """

    version: str
    suite: str | None = None
    group: str | None = None
    alpn: str | None = None
    certificate: str | None = None
    days_left: int | None = None


class Head(NamedTuple):
    """The final response's head; header names are in small letters, values raw."""

    status_code: int
    headers: list[tuple[bytes, bytes]]
    version: str


class Speaker(Protocol):
    """One exchange: ask, then read the head, then the body."""

    async def ask(self, request: Request) -> None: ...
    async def head(self) -> Head: ...
    async def body(self, into: bytearray, limit: int) -> Failed | None: ...
