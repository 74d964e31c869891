"""What the tests of the formats render: every example, and the same with an attack wherever others choose the text."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from netassist.audit.findings import Place, PlacedFinding
from netassist.audit.security_audit import Excused, SecurityAudit
from netassist.observations import Finding, Report
from netassist.reports.formats import Results
from tests.reports.samples import EXAMPLES, NOW, REDIS
from tests.reports.test_text import filled

ATTACK = (
    '\x1b]0;owned\x07\x1b[2J=HYPERLINK("http://evil.example")\x00\x0b￾<script>alert(1)</script><img src=x onerror=alert(2)>'
    "</style></details>]]>&amp;'\"`|*_[click](javascript:alert(3)) @someone #1 http://evil.example/\r\n\u202e{{7*7}}{% raw %}"
)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1")


def placed(audit: SecurityAudit) -> SecurityAudit:
    """The audit with its findings at two places each, as audits report them, and an exception."""
    places = (Place("10.0.0.5", 443, "first"), Place("10.0.0.5", 8443, "second"))
    fields = Finding.__struct_fields__
    findings = [PlacedFinding(**{name: getattr(held, name) for name in fields}, places=places) for held in audit.findings]
    excused = Excused(
        id=REDIS.id, severity="high", title=REDIS.title, host="10.0.0.5", port=6379, reason="lab", expires=NOW.date()
    )
    return msgspec.structs.replace(audit, findings=tuple(findings), excused=(excused,))


def _example(report: Report) -> Report:
    return placed(report) if isinstance(report, SecurityAudit) else report


REPORTS: tuple[Report, ...] = tuple(_example(report) for name, report in EXAMPLES.items() if not name.startswith("anything"))
RESULTS = Results(REPORTS)


def attacked(text: str) -> Results:
    return Results(tuple(cast("Report", filled(report, text)) for report in REPORTS))


def with_finding(**facts: Any) -> Results:
    """One report with one finding."""
    finding = msgspec.structs.replace(REDIS, **facts)
    return Results((msgspec.structs.replace(EXAMPLES["tcp_open"], findings=(finding,)),))
