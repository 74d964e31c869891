"""What a TLS server's configuration means: each weakness that was shown, what its certificates lack, and what is not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netassist.audit.rules import certificate
from netassist.audit.tls_findings import findings
from netassist.observations import Finding

if TYPE_CHECKING:
    from netassist.tls.audit import TlsAudit


def judge(report: TlsAudit) -> Iterator[Finding]:
    """One finding a weakness that was shown, those of each certificate, and what modern clients miss."""
    yield from findings(report.weaknesses)
    yield from dict.fromkeys(finding for info in report.certificates for finding in certificate.judge(info))
    if report.protocols.get("TLSv1.3") == "refused" and report.protocols.get("TLSv1.2") == "accepted":
        yield Finding(
            id="tls.no_tls1_3",
            severity="low",
            title="TLS 1.3 is not spoken",
            detail="It is faster, hides the certificate, and is what post-quantum key exchange needs.",
            evidence="TLSv1.3 is refused",
            fix="Switch TLS 1.3 on beside TLS 1.2; OpenSSL has it from 1.1.1.",
            references=("https://www.rfc-editor.org/rfc/rfc8446", "https://ssl-config.mozilla.org/"),
        )
    elif report.groups and "groups" not in report.incomplete and all(held.kind == "classical" for held in report.groups):
        yield Finding(
            id="tls.no_post_quantum_groups",
            severity="medium",
            title="No post-quantum key exchange",
            detail="Who records this traffic today can read it once a quantum computer breaks the key exchange.",
            evidence="groups accepted: " + ", ".join(held.name for held in report.groups),
            fix="Offer X25519MLKEM768 first: OpenSSL 3.5 and later have it (nginx: ssl_ecdh_curve "
            "X25519MLKEM768:X25519:prime256v1).",
            references=("https://datatracker.ietf.org/doc/draft-ietf-tls-ecdhe-mlkem/", "https://csrc.nist.gov/pubs/ir/8547/ipd"),
        )
