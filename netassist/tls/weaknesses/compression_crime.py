"""TLS compression: the length of what is sent gives secrets in it away (CVE-2012-4929, CRIME). TLS 1.3 has none.

Nothing is sent for it: the scan has offered compression in a hello, and gone no further.
"""

from __future__ import annotations

from netassist.tls.facts import Facts
from netassist.tls.weakness import Weakness, of_flag


def verdict(facts: Facts) -> Weakness:
    return of_flag(
        "compression_crime",
        facts,
        facts.compression,
        vulnerable_if=True,
        bad="the server compresses what it encrypts",
        good="TLS compression is refused",
    )
