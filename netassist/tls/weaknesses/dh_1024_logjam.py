"""Finite-field Diffie-Hellman in a group of 1,024 bits or less (CVE-2015-4000, Logjam; RFC 9325, section 4.1).

Such a group is within reach of a state, once for all servers that share it.
Nothing is sent for it: judged by the groups that the server sent while the scan asked for its suites. Groups of TLS 1.3 have
2,048 bits and more.
"""

from __future__ import annotations

from netassist.tls.facts import Facts
from netassist.tls.weakness import BEFORE_TLS13, Weakness, of_suites, unsettled

LARGEST_WEAK = 1024


def verdict(facts: Facts) -> Weakness:
    weak = sorted(bits for bits in facts.dh_bits if bits <= LARGEST_WEAK)
    if weak:
        return Weakness("dh_1024_logjam", "vulnerable", f"groups sent: {', '.join(f'{bits} bits' for bits in weak)}")
    export = of_suites("dh_1024_logjam", facts, lambda suite: suite.export and suite.key_exchange == "DHE")
    if export.verdict == "vulnerable":
        return export
    if missing := tuple(unsettled(facts, BEFORE_TLS13)):
        return Weakness("dh_1024_logjam", "unknown", f"not established: {', '.join(missing)}")
    offered = any(held.key_exchange == "DHE" for version in BEFORE_TLS13 for held in facts.suites.get(version, ()))
    if not offered:
        return Weakness("dh_1024_logjam", "not_applicable", "no suite with finite-field Diffie-Hellman is accepted")
    if not facts.dh_bits:
        return Weakness("dh_1024_logjam", "unknown", "the size of the group that the server uses was not established")
    return Weakness("dh_1024_logjam", "safe", f"groups sent: {', '.join(f'{bits} bits' for bits in sorted(facts.dh_bits))}")
