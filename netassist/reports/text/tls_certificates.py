"""The certificates of a TLS server: for whom, by whom, whom to trust, and the time that each has left, as a bar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netassist.reports.layout import BLANK, Text, facts, heading, paragraph
from netassist.reports.style import Span
from netassist.reports.text import certificate
from netassist.reports.words import day, listed

if TYPE_CHECKING:
    from netassist.reports.style import Line
    from netassist.tls.audit import TlsAudit
    from netassist.tls.certificate import CertificateInfo
    from netassist.tls.chain import Certificate

_MOST_NAMES = 12
_TOLD = ("Protocol", "Upgraded by")
"""Rows of a certificate's own report that an audit tells elsewhere."""
_WITHOUT_NAME = {
    "same": "the same",
    "other": "another one (it stands here too)",
    "refused": "none: the server refuses them",
}


def evidence(audit: TlsAudit, width: int) -> Iterator[Line]:
    """One block a certificate, with the authorities' that came along."""
    several = len(audit.certificates) > 1
    for number, info in enumerate(audit.certificates, 1):
        if number > 1:
            yield BLANK
        title = f"Certificate {number} of {len(audit.certificates)}" if several else "Certificate"
        named = _named(audit, info)
        key = f": {certificate.key_words(info.chain[0])}" if info.chain else ""
        yield from heading(f"{title}{key}{'' if named else ', for clients that name no host'}", width)
        yield from _certificate(info, width, named=named)
    if audit.without_server_name is not None:
        yield from facts([("Without SNI", f"clients that name no host get {_WITHOUT_NAME[audit.without_server_name]}")], width)


def _named(audit: TlsAudit, info: CertificateInfo) -> bool:
    """Whether it was shown to clients that name the host, or there is no name to say."""
    asked = getattr(audit.target, "server_name", None) is not None
    return not asked or getattr(info.target, "server_name", None) is not None


def _certificate(info: CertificateInfo, width: int, *, named: bool) -> Iterator[Line]:
    if not info.chain:
        reason = info.error.message if info.error else "none was shown"
        yield from paragraph(Span(reason, "warn"), width, indent=2, lead=Span("? ", "warn"))
        return
    leaf = info.chain[0]
    text, tone = certificate.verdict(info, named=named)
    yield from paragraph(Span(text, tone.style), width, indent=2, lead=Span(f"{tone.mark} ", tone.style))
    names = [*leaf.san.dns, *leaf.san.ip] if leaf.san else []
    rows: list[tuple[str, Text | None]] = [
        ("Validity", certificate.timeline(leaf, info.started, width)),
        ("", certificate.time_words(leaf, info.started)),
        ("Names", listed(names, _MOST_NAMES) if leaf.san else "unknown"),
        ("Issuer", leaf.issuer or "empty"),
        ("Signature", leaf.signature_algorithm),
        ("SHA-256", Span(leaf.fingerprint_sha256, "dim")),
        *(row for row in certificate.trust_rows(info, named=named) if row[0] not in _TOLD),
        *(("Sent along" if number == 0 else "", _above(held)) for number, held in enumerate(info.chain[1:])),
    ]
    yield from facts(rows, width)


def _above(held: Certificate) -> str:
    return f"{held.subject or 'empty'}, {certificate.key_words(held)}, until {day(held.not_after)}"
