"""The findings of several reports as one list."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from netassist.observations import SEVERITIES, Endpoint, Finding, Report


def merged(reports: Sequence[Report]) -> tuple[Finding, ...]:
    """The findings of several reports, the worst first; those that differ only in where they hold become one.

    The evidence names the place: the port, and the host too where the reports are about several.
    """
    several = len({_host(report) for report in reports}) > 1
    certified = {_place(report) for report in reports if any(f.id.startswith("certificate.") for f in report.findings)}
    places: dict[Finding, list[str]] = {}
    for report in reports:
        for finding in report.findings:
            # The certificate's own findings say the same, and why.
            if finding.id == "http.certificate_not_verified" and _place(report) in certified:
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
