"""Ticketbleed: F5 BIG-IP gives back 32 bytes of session id to a client that sent fewer with its ticket (CVE-2016-9244).

What is sent: one whole handshake, to be given a session ticket (RFC 5077); then a hello with this ticket and a session id of
31 bytes. A sound server that takes the ticket echoes 31 bytes (RFC 5077, section 3.4); a vulnerable one echoes 32, the last of
them from its memory. Only then a second hello goes out, with another id.

Why it does no harm: every message is well formed, as any client may send it. One byte of memory a hello leaves the server, which
is counted and dropped.
"""

from __future__ import annotations

import contextlib
import os
from typing import NamedTuple

from netassist.network import Stream
from netassist.observations import Failed
from netassist.tls.exchange import Peer, client_hello
from netassist.tls.facts import Facts, Version
from netassist.tls.flight import Flight, read_flight
from netassist.tls.offers import NUMBERS
from netassist.tls.weakness import Weakness, of_exchange

_EMS, _TICKET = 23, 35
_NEW_SESSION_TICKET = 4
_ID, _WHOLE_ID = 31, 32
_ALERT, _HANDSHAKE = b"\x15", b"\x16"
_CURVES = "X25519:P-256:P-384:P-521:X448:brainpoolP256r1:brainpoolP384r1:brainpoolP512r1"
_MOST_BYTES, _LONGEST_TICKET = 131_072, 16_384


class _Given(NamedTuple):
    """A ticket, and what the session was about that it stands for."""

    ticket: bytes
    flight: Flight


def verdict(facts: Facts) -> Weakness:
    if facts.session_tickets is False:
        return Weakness("ticketbleed", "not_applicable", "the server gives no session tickets")
    return of_exchange("ticketbleed", facts)


async def check(peer: Peer, facts: Facts) -> Weakness:
    """Come back with the server's ticket and a short session id. Raises Failed where the server cannot be asked."""
    async with peer.connect() as stream:
        given = await peer.within(_ticket(stream, peer.server_name), f"{stream.where}: a handshake for a session ticket")
    if given is None:
        return Weakness("ticketbleed", "not_applicable", "the server gives no session ticket before TLS 1.3")
    first = await _echo(peer, given)
    if first.verdict != "vulnerable":
        return first
    second = await _echo(peer, given)
    if second.verdict != "vulnerable":
        return Weakness("ticketbleed", "unknown", f"32 bytes came back for 31 once, but not again ({second.evidence})")
    return Weakness("ticketbleed", "vulnerable", "a session id of 31 bytes comes back with 32, in two connections")


async def _echo(peer: Peer, given: _Given) -> Weakness:
    session = os.urandom(_ID)
    versions: dict[int, Version] = {number: version for version, number in NUMBERS.items()}
    extensions = [(_TICKET, given.ticket)] + ([(_EMS, b"")] if _EMS in given.flight.extensions else [])
    version = versions[given.flight.version]
    hello = client_hello(version, (given.flight.cipher_suite,), peer.server_name, session_id=session, extensions=extensions)
    async with peer.connect() as stream:
        echoed = (await peer.server_hello(stream, hello)).session_id
    if echoed == session:
        return Weakness("ticketbleed", "safe", "a session id of 31 bytes comes back as it was")
    if len(echoed) == _WHOLE_ID and echoed.startswith(session):
        return Weakness("ticketbleed", "vulnerable", "32 bytes for 31")
    return Weakness("ticketbleed", "unknown", "the server does not take its own session ticket back")


async def _ticket(stream: Stream, server_name: str | None) -> _Given | None:
    """Shake hands by OpenSSL, and read the ticket on the way, in plain text before TLS 1.3; None where there is none."""
    from OpenSSL import SSL

    from netassist.tls.handshake import set_groups

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_cipher_list(b"ALL:!aNULL:@SECLEVEL=0")
    context.set_options(0x4 | 0x10)  # SSL_OP_LEGACY_SERVER_CONNECT, SSL_OP_TLSEXT_PADDING
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    set_groups(context, _CURVES)
    connection = SSL.Connection(context, None)
    if server_name is not None:
        connection.set_tlsext_host_name(server_name.encode("ascii"))
    connection.set_connect_state()
    received = b""
    while True:
        try:
            connection.do_handshake()
            return _given(received, stream.where)
        except SSL.WantReadError:
            with contextlib.suppress(SSL.WantReadError):  # nothing to say yet
                await stream.send(connection.bio_read(_MOST_BYTES))
            if not (data := await stream.receive()) or len(received) > _MOST_BYTES:
                raise Failed("protocol", f"{stream.where}: broke off the handshake for a session ticket") from None
            received += data
            connection.bio_write(data)
        except (SSL.Error, ValueError):
            raise Failed("protocol", f"{stream.where}: no handshake for a session ticket came about") from None


def read_ticket(received: bytes) -> bytes:
    """The ticket out of the plain-text part of a server's handshake (RFC 5077, section 3.3); empty where there is none."""
    messages, position = b"", 0
    while received[position : position + 1] in (_HANDSHAKE, _ALERT) and len(received) >= position + 5:
        length = int.from_bytes(received[position + 3 : position + 5], "big")
        if received[position : position + 1] == _HANDSHAKE:  # warnings may stand between
            messages += received[position + 5 : position + 5 + length]
        position += 5 + length
    while len(messages) >= 4:
        size = int.from_bytes(messages[1:4], "big")
        if messages[0] == _NEW_SESSION_TICKET and len(messages) >= 10:
            return messages[10 : 10 + int.from_bytes(messages[8:10], "big")]
        messages = messages[4 + size :]
    return b""


def _given(received: bytes, where: str) -> _Given | None:
    ticket = read_ticket(received)
    if not ticket:
        return None
    flight = read_flight(received, ended=True)
    if not isinstance(flight, Flight) or len(ticket) > _LONGEST_TICKET:
        raise Failed("protocol", f"{where}: gave a session ticket of {len(ticket)} bytes, which is not one to ask with")
    return _Given(ticket, flight)
