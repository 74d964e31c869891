"""What a TLS server's configuration means: each weakness that was shown, what its certificates lack, and what clients miss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from netassist.audit import tls_configuration, tls_findings
from netassist.audit.rules import certificate
from netassist.observations import Endpoint, Finding

if TYPE_CHECKING:
    from netassist.tls.audit import TlsAudit
    from netassist.tls.certificate import CertificateInfo


def judge(report: TlsAudit) -> Iterator[Finding]:
    """One finding a weakness that was shown, those of the certificates, and those of the rest of the configuration."""
    yield from tls_findings.findings(report.weaknesses)
    yield from _of_certificates(report)
    yield from tls_configuration.findings(report)


def _of_certificates(report: TlsAudit) -> Iterator[Finding]:
    """Each once, with the evidence of every certificate that it holds for."""
    evidence: dict[Finding, list[str]] = {}
    for info in report.certificates:
        for finding in certificate.judge(info) if _is_for_the_host(report, info) else ():
            seen = evidence.setdefault(msgspec.structs.replace(finding, evidence=""), [])
            if finding.evidence not in seen:
                seen.append(finding.evidence)
    for finding, seen in evidence.items():
        yield msgspec.structs.replace(finding, evidence="; ".join(seen))


def _is_for_the_host(report: TlsAudit, info: CertificateInfo) -> bool:
    """Not what only clients are shown that name no host: nobody who looks for this one relies on it."""
    asked, shown = report.target, info.target
    named = isinstance(asked, Endpoint) and asked.server_name is not None
    return not named or (isinstance(shown, Endpoint) and shown.server_name is not None)
