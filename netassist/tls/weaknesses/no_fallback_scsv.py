"""No TLS_FALLBACK_SCSV (RFC 7507): a client that tries again with a lower version is not told that somebody forced it to.

It needs two versions to fall between. Nothing is sent for it: the scan has sent one hello with the value below the best version.
"""

from __future__ import annotations

from netassist.tls.facts import VERSIONS, Facts
from netassist.tls.weakness import NO_TLS, Weakness


def verdict(facts: Facts) -> Weakness:
    accepted = [version for version in VERSIONS if facts.protocols.get(version) == "accepted"]
    refused = [version for version in VERSIONS if facts.protocols.get(version) == "refused"]
    if len(accepted) < 2 and len(accepted) + len(refused) == len(VERSIONS):
        only = f"only {accepted[0]} is accepted" if accepted else NO_TLS
        return Weakness("no_fallback_scsv", "not_applicable", only)
    if facts.fallback_scsv is None:
        return Weakness("no_fallback_scsv", "unknown", "not established")
    if facts.fallback_scsv:
        return Weakness("no_fallback_scsv", "safe", "a fallback is refused with inappropriate_fallback")
    return Weakness("no_fallback_scsv", "vulnerable", "a hello that says it is a fallback is accepted below the best version")
