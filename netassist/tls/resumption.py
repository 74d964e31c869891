"""Does a server resume sessions? By session id, by ticket (RFC 5077), and in TLS 1.3 by a pre-shared key (RFC 8446, section 2.2).

That a server hands out ids or tickets does not say that it takes them back: so a second connection offers what the first one
was given.
"""

from __future__ import annotations

import asyncio

import msgspec
from OpenSSL import SSL

from netassist.observations import Failed
from netassist.tls.facts import Facts
from netassist.tls.handshake import flush, resumed, shaken
from netassist.tls.server import Server


class Resumption(msgspec.Struct, frozen=True):
    """Whether a second session was an abbreviated one; None is what was not established. `tls13`: by a ticket of TLS 1.3."""

    session_id: bool | None = None
    ticket: bool | None = None
    tls13: bool | None = None


async def resumption(server: Server, facts: Facts) -> Resumption:
    """Two connections each for ids and tickets, where the server offers those; TLS 1.3 is left to others (`session.visit`)."""
    old = next((version for version in ("TLSv1.2", "TLSv1.1", "TLSv1.0") if facts.protocols.get(version) == "accepted"), None)
    if old is None:
        return Resumption()
    # With tickets a server may hand out no ids: whether it does is seen by a client that takes none.
    ways = (False, True) if facts.session_tickets else (False,)
    by_id, *by_ticket = await asyncio.gather(*(_resumes(server, old, tickets=tickets) for tickets in ways))
    return Resumption(by_id, by_ticket[0] if by_ticket else False)


async def _resumes(server: Server, version: str, *, tickets: bool) -> bool | None:
    try:
        session = (await _ended(server, version, tickets, None)).get_session()
        return None if session is None else resumed(await _ended(server, version, tickets, session))
    except Failed:
        return None


async def _ended(server: Server, version: str, tickets: bool, session: SSL.Session | None) -> SSL.Connection:
    """A connection after its handshake and a goodbye: who is left without one must not resume it (RFC 5246, 7.2.1)."""
    async with shaken(server, version=version, tickets=tickets, session=session) as (connection, stream):
        connection.shutdown()
        await flush(connection, stream)
        return connection
