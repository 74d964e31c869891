"""CBC suites in TLS 1.0 and SSL 3.0: the next initialisation vector is known beforehand (CVE-2011-3389, BEAST).

Clients in use split their records against it; whether all that connect do, a server cannot know.
Nothing is sent for it: judged by the suites that the scan found, of all versions that may have them.
"""

from __future__ import annotations

from netassist.tls.facts import Facts, Version
from netassist.tls.weakness import Weakness, of_suites


def verdict(facts: Facts) -> Weakness:
    versions: tuple[Version, ...] = ("SSLv3", "TLSv1.0")
    otherwise = "SSL 3.0 and TLS 1.0 are refused, or offer no such suite"
    return of_suites("cbc_in_tls1_0_beast", facts, lambda suite: suite.mode == "CBC", versions, otherwise)
