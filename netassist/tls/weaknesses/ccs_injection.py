"""CCS injection: OpenSSL before 1.0.1h takes a ChangeCipherSpec before there is a key (CVE-2014-0224).

What is sent: a hello, and after the server's flight a ChangeCipherSpec out of turn, with close_notify in plain text behind it.
A server that keeps to RFC 5246, section 7.1, answers unexpected_message, or closes. One that has changed its cipher cannot
read what follows, and says so: bad_record_mac or decryption_failed. Only then a second connection sends the
ChangeCipherSpec twice, which has to end the same way. Where the first is reset, which may have swallowed an alert, it is sent
once more without close_notify.

Why it does no harm: the connection is the check's own, nothing was agreed on in it, and it ends there. To make use of the
weakness takes a place between two honest peers, where this check is not.
"""

from __future__ import annotations

from netassist.tls.exchange import CHANGE_CIPHER_SPEC, Peer, Reaction, client_hello, close_notify, opening, record
from netassist.tls.facts import Facts
from netassist.tls.weakness import Weakness, of_exchange

_CANNOT_READ = (20, 21)  # bad_record_mac, decryption_failed (RFC 5246, section 7.2)


def verdict(facts: Facts) -> Weakness:
    return of_exchange("ccs_injection", facts)


async def check(peer: Peer, facts: Facts) -> Weakness:
    """Send it once, and where it is taken, once more. Raises Failed where the server cannot be asked."""
    offer = opening(facts)
    if offer is None:
        return Weakness("ccs_injection", "unknown", "no suite of TLS 1.2 and before is known to ask with")
    hello = client_hello(*offer, peer.server_name)

    async def after(changes: int, farewell: bool) -> Reaction:
        async with peer.connect() as stream:
            flight = await peer.flight(stream, hello)
            said = record(CHANGE_CIPHER_SPEC, flight.version, b"\x01") * changes
            return await peer.reaction(stream, said + (close_notify(flight.version) if farewell else b""))

    first = await after(1, farewell=True)
    if first.end == "reset":
        # The close_notify may have met a closed door, and taken the alert with it.
        first = await after(1, farewell=False)
        if first.end == "reset":
            return Weakness("ccs_injection", "safe", "an early ChangeCipherSpec resets the connection")
    if first.alert in _CANNOT_READ:
        second = await after(2, farewell=False)
        if second.alert in _CANNOT_READ:
            evidence = f"an early ChangeCipherSpec is taken: {first} to what follows, in two connections"
            return Weakness("ccs_injection", "vulnerable", evidence)
        evidence = f"an early ChangeCipherSpec was followed by {first} once, and by {second} the second time"
        return Weakness("ccs_injection", "unknown", evidence)
    if first.end in ("alert", "closed"):
        return Weakness("ccs_injection", "safe", f"an early ChangeCipherSpec is answered with {first}")
    return Weakness("ccs_injection", "unknown", f"an early ChangeCipherSpec was followed by {first}")
