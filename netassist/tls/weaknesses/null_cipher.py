"""Suites without encryption: who is on the path reads everything (RFC 9325, section 4.1). TLS 1.3 has such, too (RFC 9150).

Nothing is sent for it: judged by the suites that the scan found, of all versions that may have them.
"""

from __future__ import annotations

from netassist.tls.facts import VERSIONS, Facts
from netassist.tls.weakness import Weakness, of_suites


def verdict(facts: Facts) -> Weakness:
    return of_suites("null_cipher", facts, lambda suite: suite.null, VERSIONS)
