"""Renegotiation without RFC 5746: an attacker's request is spliced in before the client's (CVE-2009-3555). TLS 1.3 has none.

Nothing is sent for it: the scan has seen whether the server answers renegotiation_info. Whether it
renegotiates at all is not tried, which would mean to work in its session.
"""

from __future__ import annotations

from netassist.tls.facts import Facts
from netassist.tls.weakness import Weakness, of_flag


def verdict(facts: Facts) -> Weakness:
    return of_flag(
        "insecure_renegotiation",
        facts,
        facts.secure_renegotiation,
        vulnerable_if=False,
        bad="renegotiation_info is not answered, so that clients cannot tell a renegotiation from a splice",
        good="renegotiation_info is answered (RFC 5746)",
    )
