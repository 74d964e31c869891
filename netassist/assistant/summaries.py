"""Reports as a model reads them: one short line each, of typed fields only, never a banner, a page or a whole report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netassist.assistant.answers import Step
from netassist.observations import Finding, Report, schema_of
from netassist.reports.text import sentence
from netassist.untrusted import as_text

MOST = 600
"""Characters of one result."""
MOST_TOGETHER = 6000
"""Characters of all results of a round."""
MOST_FINDINGS = 8


def summary(step: Step, most: int = MOST) -> str:
    """What a call came to: its status, the verdict, and the findings in short; at most `most` characters."""
    if step.report is None:
        return as_text(f"{step.status}: {step.message or ''}", most)
    found = "; ".join(findings_in_short(step.report.findings))
    verdict = f"{sentence(step.report)} {_open_ports(step.report)}".strip()
    room = most - (len(found) + 12 if found else 0)
    shown = as_text(f"{step.status}: {verdict}", max(room, most // 2))
    return as_text(f"{shown} findings: {found}" if found else shown, most)


def _open_ports(report: Report) -> str:
    """What a scan of a network found open, host by host, which its verdict names in part."""
    if schema_of(report) != "netassist/nmap/1" or not isinstance(report.target, str):
        return ""
    open_at = {host.address: [port.port for port in host.ports if port.state == "open"] for host in report.hosts}  # type: ignore[attr-defined]
    return "; ".join(f"{address} has {', '.join(map(str, ports))} open" for address, ports in open_at.items() if ports)


def summaries(steps: Sequence[Step]) -> tuple[str, ...]:
    """A line for each step; the more there are, the shorter each."""
    most = max(80, min(MOST, MOST_TOGETHER // max(len(steps), 1)))
    return tuple(summary(step, most) for step in steps)


def findings_in_short(findings: Sequence[Finding]) -> Iterator[str]:
    """Severity and id, the worst first as reports have them; notes are left out."""
    serious = [finding for finding in findings if finding.severity != "info"]
    for finding in serious[:MOST_FINDINGS]:
        yield f"{finding.severity} {finding.id}"
    if len(serious) > MOST_FINDINGS:
        yield f"{len(serious) - MOST_FINDINGS} more"


def remembered_findings(reports: Sequence[Report]) -> tuple[str, ...]:
    """What stays of reports when everything else about them is forgotten: target, severity and id of each finding."""
    kept = []
    for report in reports:
        found = "; ".join(findings_in_short(report.findings))
        if found:
            host = report.target if isinstance(report.target, str) else report.target.host
            kept.append(as_text(f"{host}: {found}", 300))
    return tuple(kept)
