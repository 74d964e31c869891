"""RC4: the biases of its key stream give plain text away (CVE-2013-2566, CVE-2015-2808); forbidden by RFC 7465.

Nothing is sent for it: judged by the suites that the scan found, of all versions that may have them.
"""

from __future__ import annotations

from netassist.tls.facts import Facts
from netassist.tls.weakness import Weakness, of_suites


def verdict(facts: Facts) -> Weakness:
    return of_suites("rc4", facts, lambda suite: suite.cipher.startswith("RC4"))
