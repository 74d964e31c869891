"""SSL 2.0: no integrity of the handshake, 40-bit keys, and an oracle against TLS with the same RSA key (RFC 6176, DROWN).

Nothing is sent for it: the scan has asked for the version by an SSL 2.0 hello.
"""

from __future__ import annotations

from netassist.tls.facts import Facts
from netassist.tls.weakness import Weakness, of_version


def verdict(facts: Facts) -> Weakness:
    return of_version("sslv2", facts, "SSLv2")
