"""TLS 1.0: it rests on MD5 and SHA-1, has no AEAD, and must not be used (RFC 8996).

Nothing is sent for it: the scan has asked for the version by a hello.
"""

from __future__ import annotations

from netassist.tls.facts import Facts
from netassist.tls.weakness import Weakness, of_version


def verdict(facts: Facts) -> Weakness:
    return of_version("tls1_0", facts, "TLSv1.0")
