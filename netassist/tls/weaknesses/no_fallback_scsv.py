"""No TLS_FALLBACK_SCSV (RFC 7507): a client that tries again with a lower version is not told that somebody forced it to.

It needs two versions to fall between; a hello of SSL 2.0 cannot carry the value, so that one does not count.
Nothing is sent for it: the scan has sent one hello with the value below the best version.
"""

from __future__ import annotations

from netassist.tls.facts import VERSIONS, Facts
from netassist.tls.weakness import NO_TLS, Weakness

_CARRIERS = VERSIONS[1:]


def verdict(facts: Facts) -> Weakness:
    accepted = [version for version in _CARRIERS if facts.protocols.get(version) == "accepted"]
    refused = [version for version in _CARRIERS if facts.protocols.get(version) == "refused"]
    if len(accepted) < 2 and len(accepted) + len(refused) == len(_CARRIERS):
        only = f"only {accepted[0]} is accepted of those that can carry it" if accepted else NO_TLS
        return Weakness("no_fallback_scsv", "not_applicable", only)
    if facts.fallback_scsv is None:
        return Weakness("no_fallback_scsv", "unknown", "not established")
    if facts.fallback_scsv:
        return Weakness("no_fallback_scsv", "safe", "a fallback is refused with inappropriate_fallback")
    return Weakness("no_fallback_scsv", "vulnerable", "a hello that says it is a fallback is accepted below the best version")
