"""What one open port means: a service that should not be open, taken by its number."""

from __future__ import annotations

from collections.abc import Iterator

from netassist.audit.exposed import Seen, exposed
from netassist.observations import Endpoint, Finding
from netassist.probes.tcp import TcpCheck


def judge(check: TcpCheck) -> Iterator[Finding]:
    target = check.target
    if check.state == "open" and isinstance(target, Endpoint) and target.port and target.address:
        yield from exposed([Seen(target.address, target.port)])
