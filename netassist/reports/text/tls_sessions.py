"""What whole sessions and their handshakes are like: ALPN, resumption, early data, HSTS, and the extensions that protect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netassist.reports.layout import Text, facts, heading
from netassist.reports.style import Span
from netassist.reports.words import count

if TYPE_CHECKING:
    from netassist.reports.style import Line
    from netassist.tls.audit import TlsAudit

_WEAK_HASHES = ("sha1", "sha224", "md5")


def evidence(audit: TlsAudit, width: int) -> Iterator[Line]:
    yield from heading("Sessions", width)
    fallback = ("a forced fallback is noticed", "a forced fallback is not noticed")
    rows: list[tuple[str, Text | None]] = [
        ("STARTTLS", getattr(audit.target, "starttls", None)),
        ("ALPN", ", ".join(audit.alpn) or None),
        ("HSTS", _hsts(audit.hsts)),
        ("Resumption", _resumption(audit)),
        ("Early data (0-RTT)", _flag(audit.early_data, good=False, yes="allowed: it can be replayed", no="not allowed")),
        ("Extended master secret", _flag(audit.extended_master_secret)),
        ("Encrypt-then-MAC", _flag(audit.encrypt_then_mac)),
        ("Secure renegotiation", _flag(audit.secure_renegotiation)),
        ("Fallback signal", _flag(audit.fallback_scsv, yes=fallback[0], no=fallback[1])),
        ("Compression", _flag(audit.compression, good=False, yes="on", no="off")),
        *_signatures(audit),
        ("Connections", str(audit.connections)),
    ]
    yield from facts(rows, width)


def _flag(seen: bool | None, *, good: bool = True, yes: str = "yes", no: str = "no") -> Text | None:
    if seen is None:
        return None
    words = yes if seen else no
    return Span(f"✔ {words}", "good") if seen is good else Span(f"! {words}", "warn")


def _hsts(header: str | None) -> Text | None:
    if header is None:
        return None
    return Span(f"✔ {header}", "good") if header else Span("! not sent", "warn")


def _resumption(audit: TlsAudit) -> Text | None:
    held = audit.resumption
    if held is None:
        return None
    ways = (("by TLS 1.3 tickets", held.tls13), ("by session tickets", held.ticket), ("by session ids", held.session_id))
    parts = ((", ".join(words for words, seen in ways if seen is wanted), wanted) for wanted in (True, False, None))
    said = {True: "{}", False: "not {}", None: "{}: unknown"}
    return "; ".join(said[wanted].format(words) for words, wanted in parts if words)


def _signatures(audit: TlsAudit) -> Iterator[tuple[str, Text | None]]:
    names = [held.name for held in audit.signature_schemes]
    weak = [name for name in names if name.endswith(_WEAK_HASHES)]
    strong = [name for name in names if name not in weak]
    yield f"Signature {count(len(strong), 'scheme').split()[1]}", ", ".join(strong) or None
    yield "Weak ones", Span(f"! {', '.join(weak)}", "warn") if weak else None
