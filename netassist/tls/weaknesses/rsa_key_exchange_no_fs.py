"""RSA key transport: who gets hold of the server's key reads all traffic recorded before (RFC 9325, section 4.1).

Vulnerable where a client can have such a suite, whatever else the server prefers.
Nothing is sent for it: judged by the suites that the scan found, of all versions that may have them.
"""

from __future__ import annotations

from netassist.tls.facts import Facts
from netassist.tls.weakness import Weakness, of_suites


def verdict(facts: Facts) -> Weakness:
    return of_suites("rsa_key_exchange_no_fs", facts, lambda suite: suite.key_exchange == "RSA")
