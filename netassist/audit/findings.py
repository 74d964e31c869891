"""The findings of several reports as one list."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from netassist.observations import SEVERITIES, Endpoint, Finding, Report

_NOT_SAFE = ("quantum.not_safe", "quantum.available_not_preferred")
_SAID_BY: dict[str, tuple[str, ...]] = {
    "http.certificate_not_verified": ("certificate.",),
    "tls.no_post_quantum_groups": _NOT_SAFE,
    "tls.post_quantum_not_preferred": _NOT_SAFE,
}
"""Findings that give way to those that say the same of the same place, and why; these by how their ids begin."""


def merged(reports: Sequence[Report]) -> tuple[Finding, ...]:
    """The findings of several reports, the worst first; those that differ only in where they hold become one.

    The evidence names the place: the port, and the host too where the reports are about several.
    """
    several = len({_host(report) for report in reports}) > 1
    told = {(_place(report), finding.id) for report in reports for finding in report.findings}
    places: dict[Finding, list[str]] = {}
    for report in reports:
        for finding in report.findings:
            better = _SAID_BY.get(finding.id, ())
            if better and any(place == _place(report) and known.startswith(better) for place, known in told):
                continue
            where = _named(report, several)
            evidence = f"{where}: {finding.evidence}" if where else finding.evidence
            seen = places.setdefault(msgspec.structs.replace(finding, evidence=""), [])
            if evidence not in seen:
                seen.append(evidence)
    found = [msgspec.structs.replace(key, evidence="; ".join(evidence)) for key, evidence in places.items()]
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def _host(report: Report) -> str:
    return report.target.host if isinstance(report.target, Endpoint) else report.target


def _place(report: Report) -> tuple[str, int | None]:
    return _host(report), report.target.port if isinstance(report.target, Endpoint) else None


def _named(report: Report, several: bool) -> str:
    host, port = _place(report)
    shown = f"[{host}]" if ":" in host else host
    if several:
        return shown if port is None else f"{shown}:{port}"
    return "" if port is None else f"port {port}"
