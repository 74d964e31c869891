"""Early data in TLS 1.3: whoever records a request can have it served again (RFC 8446, section 8).

It does harm where the application lets a request act twice (RFC 8470 says how to prevent that), which cannot be seen from here.
Nothing is sent for it: the scan has read the server's own session ticket.
"""

from __future__ import annotations

from netassist.tls.facts import Facts
from netassist.tls.weakness import Weakness


def verdict(facts: Facts) -> Weakness:
    if facts.early_data is not None:
        said = "allow" if facts.early_data else "do not allow"
        return Weakness("early_data", "vulnerable" if facts.early_data else "safe", f"session tickets {said} early data")
    if facts.protocols.get("TLSv1.3") == "refused":
        return Weakness("early_data", "not_applicable", "TLSv1.3 is refused")
    return Weakness("early_data", "unknown", "whether session tickets allow early data was not established")
