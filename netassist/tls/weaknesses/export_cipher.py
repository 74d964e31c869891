"""Export suites, weakened by law to 40 or 56 bits, and the way to FREAK and Logjam (CVE-2015-0204, CVE-2015-4000).

Nothing is sent for it: judged by the suites that the scan found, of all versions that may have them.
"""

from __future__ import annotations

from netassist.tls.facts import Facts
from netassist.tls.weakness import Weakness, of_suites


def verdict(facts: Facts) -> Weakness:
    return of_suites("export_cipher", facts, lambda suite: suite.export)
