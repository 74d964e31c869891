"""What a whole session tells that a first flight does not: ALPN, session tickets for early data, HSTS.

Over HTTPS one request is made (``HEAD /``, as `http_check` does), elsewhere nothing is said but goodbye. A TLS 1.3 server sends
its tickets right after the handshake, so that what comes until it closes holds them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import NamedTuple

from OpenSSL import SSL
from OpenSSL._util import lib

from netassist import __version__
from netassist.network import Network, Stream
from netassist.observations import Failed
from netassist.tls.handshake import flush, resumed, shaken
from netassist.tls.server import Server
from netassist.untrusted import as_text

HTTPS_PORTS = frozenset((443, 8443))
_MOST_BYTES = 65536
_HSTS = re.compile(rb"^strict-transport-security:[ \t]*(.*?)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


class Visit(NamedTuple):
    """`alpn` is what was selected, empty where nothing was; `early_data` whether a ticket allows it; `hsts` the header's value.

    None: not established. `hsts` is empty where an HTTP server sent none. `session` is what can be resumed, `resumed` whether
    one that was offered was.
    """

    alpn: str | None = None
    early_data: bool | None = None
    hsts: str | None = None
    version: str | None = None
    session: SSL.Session | None = None
    resumed: bool | None = None


async def visit(server: Server, alpn: tuple[str, ...], session: SSL.Session | None = None) -> Visit:
    """One session, offering `alpn` and to resume `session`; on a port of HTTPS with one request.

    What the peer breaks off is left None, never raised.
    """
    try:
        async with shaken(server, alpn=alpn, session=session) as (connection, stream):
            selected = as_text(connection.get_alpn_proto_negotiated(), 100)
            asks = server.starttls is None and (selected == "http/1.1" or (not selected and server.port in HTTPS_PORTS))
            agent = f"User-Agent: netassist/{__version__}"
            asked = f"HEAD / HTTP/1.1\r\nHost: {server.ascii_host}\r\n{agent}\r\nConnection: close\r\n\r\n"
            if asks:
                connection.send(asked.encode("ascii"))
            else:
                connection.shutdown()
            await flush(connection, stream)
            answer, ended = await _rest(server.network, connection, stream)
            ticket = _early_data(connection, ended or bool(answer))
            return Visit(
                alpn=selected,
                early_data=ticket,
                hsts=_hsts(answer) if asks and answer.startswith(b"HTTP/") else None,
                version=connection.get_protocol_version_name(),
                session=connection.get_session(),
                resumed=resumed(connection) if session is not None else None,
            )
    except Failed:
        return Visit()


class Completed(NamedTuple):
    """Groups with which a whole handshake succeeded, and those with which the server broke it off."""

    done: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


async def completed(server: Server, groups: Sequence[str]) -> Completed:
    """One connection a group; of those that OpenSSL does not know, and where nothing came, nothing is established."""

    async def completes(group: str) -> bool | None:
        try:
            async with shaken(server, groups=group, version="TLSv1.3") as (connection, _):
                return (connection.get_group_name() or "").lower() == group.lower()
        except ValueError:
            return None
        except Failed as failed:
            return False if failed.failure.kind in ("protocol", "reset") else None

    outcomes = list(zip(groups, await asyncio.gather(*map(completes, groups)), strict=True))
    return Completed(
        tuple(group for group, outcome in outcomes if outcome), tuple(group for group, outcome in outcomes if outcome is False)
    )


async def _rest(network: Network, connection: SSL.Connection, stream: Stream) -> tuple[bytes, bool]:
    """What the peer says until it closes or a whole head of HTTP is there, and whether it did; it may take one step's time."""
    answer = b""

    async def read() -> bool:
        nonlocal answer
        while len(answer) < _MOST_BYTES and b"\r\n\r\n" not in answer:
            try:
                answer += connection.recv(16384)
            except SSL.WantReadError:
                data = await stream.receive()
                if not data:
                    return True
                connection.bio_write(data)
            except SSL.Error:  # ZeroReturnError: the peer said goodbye
                return True
        return True

    try:
        ended = await network.within(read(), f"{stream.where}: waiting for the end of the session")
        return answer, ended
    except Failed as failed:
        return answer, failed.failure.kind == "reset"


def _early_data(connection: SSL.Connection, ended: bool) -> bool | None:
    """RFC 8446, section 4.2.10. Where no ticket came until the end, there is nothing to send early data with."""
    if connection.get_protocol_version_name() != "TLSv1.3":
        return None
    session = connection.get_session()
    if session is not None and lib.SSL_SESSION_get_max_early_data(session._session) > 0:
        return True
    return False if ended else None


def _hsts(answer: bytes) -> str:
    """RFC 6797, section 6.1: the first such field counts."""
    head = answer.split(b"\r\n\r\n", 1)[0]
    found = _HSTS.search(head)
    return as_text(found[1], 200) if found else ""
