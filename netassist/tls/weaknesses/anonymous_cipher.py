"""Anonymous suites: the server shows no certificate, so that anyone on the path can take its place (RFC 9325, section 4.1).

Nothing is sent for it: judged by the suites that the scan found, of all versions that may have them.
"""

from __future__ import annotations

from netassist.tls.facts import Facts
from netassist.tls.weakness import Weakness, of_suites


def verdict(facts: Facts) -> Weakness:
    return of_suites("anonymous_cipher", facts, lambda suite: suite.anonymous)
