"""SSL 3.0: the padding of its CBC suites is not checked (CVE-2014-3566, POODLE), and the version is forbidden (RFC 7568).

A server that has it is vulnerable with RC4 suites alone too: those are no better. Nothing is sent for it: the scan has asked for
the version by a hello.
"""

from __future__ import annotations

from netassist.tls.facts import Facts
from netassist.tls.weakness import Weakness, of_version


def verdict(facts: Facts) -> Weakness:
    return of_version("sslv3_poodle", facts, "SSLv3")
