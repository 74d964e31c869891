"""Heartbleed: OpenSSL before 1.0.1g answers a heartbeat with more memory than the peer sent (CVE-2014-0160, RFC 6520).

What is sent: a hello that offers heartbeats; where the server takes the offer, one HeartbeatRequest before any key is agreed
on that claims a single byte of payload and has none, and close_notify. A server that follows RFC 6520, section 4 ("If the
payload_length of a received HeartbeatMessage is too large, the received HeartbeatMessage MUST be discarded silently") closes;
one that does not gives back one byte that it was never sent. Only then a second connection asks for three bytes with two
random ones at hand: these have to come back, and one more.

Why it does no harm: two bytes of memory at the most leave the server, they are counted and dropped, and what is read of it
lies in the server's own receive buffer. Nothing is written there.
"""

from __future__ import annotations

import os

from netassist.tls.exchange import HEARTBEAT, Peer, Reaction, client_hello, close_notify, opening, record
from netassist.tls.facts import Facts
from netassist.tls.weakness import Weakness, of_exchange

_EXTENSION, _MAY_SEND = 15, b"\x01"  # RFC 6520, section 2
_REQUEST, _RESPONSE = 1, 2


def verdict(facts: Facts) -> Weakness:
    return of_exchange("heartbleed", facts)


async def check(peer: Peer, facts: Facts) -> Weakness:
    """Ask once, and where more comes back than was sent, once more. Raises Failed where the server cannot be asked."""
    first = await _ask(peer, facts, b"", 1)
    if first.verdict != "vulnerable":
        return first
    second = await _ask(peer, facts, os.urandom(2), 3)
    if second.verdict != "vulnerable":
        return Weakness("heartbleed", "unknown", f"a byte too much came back once, but not again ({second.evidence})")
    return Weakness("heartbleed", "vulnerable", "one byte more than was sent came back in a heartbeat, in two connections")


async def _ask(peer: Peer, facts: Facts, payload: bytes, claimed: int) -> Weakness:
    offer = opening(facts)
    if offer is None:
        return Weakness("heartbleed", "unknown", "no suite of TLS 1.2 and before is known to ask with")
    hello = client_hello(*offer, peer.server_name, extensions=((_EXTENSION, _MAY_SEND),))
    async with peer.connect() as stream:
        flight = await peer.flight(stream, hello)
        if _EXTENSION not in flight.extensions:
            return Weakness("heartbleed", "safe", "the server does not take part in heartbeats (RFC 6520)")
        request = bytes([_REQUEST]) + claimed.to_bytes(2, "big") + payload
        said = record(HEARTBEAT, flight.version, request) + close_notify(flight.version)
        reaction = await peer.reaction(stream, said, lambda kind, _: kind == HEARTBEAT)
    return _read(reaction, payload, claimed)


def _read(reaction: Reaction, payload: bytes, claimed: int) -> Weakness:
    answers = [content for kind, content in reaction.records if kind == HEARTBEAT]
    if not answers:
        if reaction.end in ("alert", "closed"):
            return Weakness("heartbleed", "safe", "a heartbeat that claims more than it has is not answered")
        return Weakness("heartbleed", "unknown", f"a heartbeat that claims more than it has was followed by {reaction}")
    expected = bytes([_RESPONSE]) + claimed.to_bytes(2, "big") + payload
    if answers[0].startswith(expected) and len(answers[0]) >= 3 + claimed:
        return Weakness("heartbleed", "vulnerable", "more came back than was sent")
    return Weakness("heartbleed", "unknown", "a heartbeat that claims more than it has is answered, but not with what it claims")
