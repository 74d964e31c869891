"""How a TLS server is configured, and how safe that is: the grade and why, then versions, suites, groups, certificates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netassist.reports.layout import BAD, BLANK, GOOD, UNKNOWN, WARN, Task, Text, Tone, Verdict, facts, heading, paragraph, table
from netassist.reports.style import Span, Style
from netassist.reports.text import certificate
from netassist.reports.words import count, day, listed, place
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.reports.style import Line
    from netassist.tls.audit import TlsAudit
    from netassist.tls.certificate import CertificateInfo
    from netassist.tls.suites import Suite
    from netassist.tls.weakness import Weakness

_MODERN = ("TLSv1.2", "TLSv1.3")
_NAMES = {
    "SSLv2": "SSL 2.0", "SSLv3": "SSL 3.0", "TLSv1.0": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2",
    "TLSv1.3": "TLS 1.3",
}  # fmt: skip
_WEAKNESSES = {
    "sslv2": "SSL 2.0 (DROWN)", "sslv3_poodle": "SSL 3.0 (POODLE)", "tls1_0": "TLS 1.0", "tls1_1": "TLS 1.1", "rc4": "RC4",
    "des3_sweet32": "64-bit blocks (Sweet32)", "null_cipher": "no encryption", "export_cipher": "export ciphers",
    "anonymous_cipher": "anonymous suites", "rsa_key_exchange_no_fs": "no forward secrecy", "cbc_in_tls1_0_beast": "BEAST",
    "dh_1024_logjam": "DH of 1024 bits (Logjam)", "compression_crime": "compression (CRIME)",
    "insecure_renegotiation": "insecure renegotiation", "no_fallback_scsv": "no fallback signal", "heartbleed": "Heartbleed",
    "ccs_injection": "CCS injection", "robot": "ROBOT", "ticketbleed": "Ticketbleed", "early_data": "early data",
}  # fmt: skip
_KINDS: dict[str | None, tuple[str, Style]] = {
    "hybrid": ("hybrid: classical and post-quantum", "good"),
    "post_quantum": ("post-quantum", "good"),
    "classical": ("classical", "plain"),
    None: ("of unknown kind", "warn"),
}
_STRENGTHS: dict[str, Style] = {"strong": "good", "fair": "plain", "weak": "warn", "broken": "bad"}
_SHOWN_DEVIATIONS, _DEVIATION = 2, 90


def task(audit: TlsAudit) -> Task:
    return Task("audit TLS", f"of {place(audit.target)}")


def verdict(audit: TlsAudit) -> Verdict:
    where = place(audit.target)
    letter = audit.grade.letter if audit.grade else None
    spoken = [_NAMES[version] for version, support in audit.protocols.items() if support == "accepted"]
    shown = [held for held in audit.weaknesses if held.verdict == "vulnerable"]
    graded = f"{where} gets the grade {letter}" if letter else f"{where} cannot be graded"
    worst = f", because of this: {audit.grade.caps[0].reason}" if audit.grade and letter and audit.grade.caps else ""
    text = f"{graded}{worst}. It speaks {listed(spoken)}"
    if shown:
        text += f"; {count(len(shown), 'weakness was', 'weaknesses were')} found: "
        text += listed([_WEAKNESSES[held.id] for held in shown], 5)
    else:
        text += "; no weakness was found"
    return Verdict(f"{text}. {_quantum(audit)}", _tone(letter, shown))


def evidence(audit: TlsAudit, width: int) -> Iterator[Line]:
    yield from _grade(audit, width)
    yield from heading("Versions", width)
    yield from facts([(_NAMES[version], _support(version, support)) for version, support in audit.protocols.items()], width)
    for version in reversed(audit.cipher_suites):
        yield BLANK
        yield from heading(_suites_title(audit, version), width)
        suites = audit.cipher_suites[version]
        rows = [(held.name, _strength(version, held), held.code) for held in suites]
        yield from table(("suite", "strength", "code"), rows, width)
    yield BLANK
    yield from heading("Key exchange groups", width)
    yield from paragraph(Span(_quantum(audit), "good" if _post_quantum(audit) else "warn"), width, indent=2)
    rows = [(held.name, Span(*_KINDS[held.kind]), held.code or "") for held in audit.groups]
    yield from table(("group", "kind", "code"), rows, width)
    yield BLANK
    for number, info in enumerate(audit.certificates, 1):
        title = "Certificate" if len(audit.certificates) == 1 else f"Certificate {number} of {len(audit.certificates)}"
        yield from _certificate(info, title, width)
        yield BLANK
    yield from _weaknesses(audit, width)
    yield from _policies(audit, width)
    yield from heading("Handshake", width)
    yield from facts(list(_details(audit)), width)


def _tone(letter: str | None, shown: list[Weakness]) -> Tone:
    if letter is None:
        return BAD if shown else UNKNOWN
    return GOOD if letter[0] == "A" else WARN if letter in ("B", "C") else BAD


def _post_quantum(audit: TlsAudit) -> list[str]:
    return [held.name for held in audit.groups if held.kind in ("hybrid", "post_quantum")]


def _quantum(audit: TlsAudit) -> str:
    if found := _post_quantum(audit):
        return f"Post-quantum key exchange is accepted: {listed(found, 4)}."
    if "groups" in audit.incomplete:
        return "Whether post-quantum key exchange is accepted is unknown."
    return "No post-quantum key exchange is accepted."


def _grade(audit: TlsAudit, width: int) -> Iterator[Line]:
    held = audit.grade
    if held is None:
        return
    yield from heading("Grade", width)
    letter = Span(held.letter, _tone(held.letter, []).style) if held.letter else Span("? too little is known", "warn")
    scores = held.scores
    parts = (("versions", "protocols"), ("key exchange", "key_exchange"), ("ciphers", "ciphers"))
    each = ", ".join(f"{word} {getattr(scores, field)}" for word, field in parts) if scores else ""
    counted = f"{each}: {scores.total} of 100" if scores else None
    ignored = f"{held.trust_ignored} if trust issues are ignored" if held.trust_ignored else None
    rows: list[tuple[str, Text | None]] = [("Letter", letter), ("Scores", counted), ("Otherwise", ignored)]
    rows += [(f"at most {cap.letter}" if cap.letter not in "TM" else cap.letter, cap.reason) for cap in held.caps]
    rows += [("Not measured", listed(list(held.not_measured))), ("By", Span(held.guide, "dim"))]
    yield from facts(rows, width)
    yield BLANK


def _support(version: str, support: str) -> Text:
    if support == "unknown":
        return Span("? unknown", "warn")
    if version in _MODERN:
        return Span("✔ accepted", "good") if support == "accepted" else Span("· refused", "warn")
    return Span("✘ accepted", "bad") if support == "accepted" else Span("✔ refused", "good")


def _suites_title(audit: TlsAudit, version: str) -> str:
    order = {True: "in the server's order", False: "the client chooses", None: "order unknown"}
    preference = audit.server_preference.get(version)
    suites = audit.cipher_suites[version]
    more = "; there may be more" if f"suites/{version}" in audit.incomplete else ""
    ordered = f", {order[preference]}" if len(suites) > 1 else ""
    return f"{_NAMES[version]}: {count(len(suites), 'cipher suite')}{ordered}{more}"


def _strength(version: str, held: Suite) -> Text:
    """Broken: anybody can read or pass for the server; weak: attacks are known; strong: authenticated, forward secret."""
    why, word = "", "strong"
    if held.cipher == "unknown":
        return Span("unknown", "warn")
    if held.null or held.anonymous or held.export or held.bits < 112 or version == "SSLv2":
        word = "broken"
        why = "no encryption" if held.null else "nobody proves who the server is" if held.anonymous else f"{held.bits} bits"
    elif held.cipher.startswith("RC4") or held.bits == 112 or held.mac == "MD5":
        word, why = "weak", "RC4" if held.cipher.startswith("RC4") else "64-bit blocks" if held.bits == 112 else "MD5"
    elif not held.forward_secret:
        word, why = "weak", "no forward secrecy"
    elif held.mac != "AEAD":
        word, why = "fair", "CBC"
    return Span(f"{word} ({why})" if why else f"{word} ({held.bits} bits)", _STRENGTHS[word])


def _certificate(info: CertificateInfo, title: str, width: int) -> Iterator[Line]:
    yield from heading(title, width)
    if not info.chain:
        yield from paragraph(Span(info.error.message if info.error else "unknown", "warn"), width, indent=2)
        return
    leaf = info.chain[0]
    text, tone = certificate.verdict(info)
    yield from paragraph(Span(text, tone.style), width, indent=2, lead=Span(f"{tone.mark} ", tone.style))
    rows: list[tuple[str, Text | None]] = [
        ("Subject", leaf.subject or "empty"),
        ("Names", ", ".join((*leaf.san.dns, *leaf.san.ip)) if leaf.san else "unknown"),
        ("Issuer", leaf.issuer or "empty"),
        ("Validity", certificate.timeline(leaf, info.started, width)),
        ("Key", certificate.key_words(leaf)),
        ("Signature", leaf.signature_algorithm),
        ("Trust", "trusted" if info.trusted else f"not trusted: {info.trust_error or 'the reason is unknown'}"),
        ("OCSP staple", info.ocsp_staple),
    ]
    yield from facts(rows, width)
    if len(info.chain) > 1:
        sent = [f"{certificate.key_words(held)} until {day(held.not_after)}: {held.subject}" for held in info.chain[1:]]
        yield from facts([("Sent along", "; ".join(sent))], width)


def _weaknesses(audit: TlsAudit, width: int) -> Iterator[Line]:
    if not audit.weaknesses:
        return
    yield from heading("Weaknesses", width)
    found = [held for held in audit.weaknesses if held.verdict == "vulnerable"]
    doubtful = [held for held in audit.weaknesses if held.verdict == "unknown"]
    rows: list[tuple[Text, ...]] = [(Span("✘ vulnerable", "bad"), _WEAKNESSES[held.id], held.evidence) for held in found]
    rows += [(Span("? unknown", "warn"), _WEAKNESSES[held.id], Span(held.evidence, "dim")) for held in doubtful]
    if rows:
        yield from table(("verdict", "weakness", "evidence"), rows, width)
    rest = (("safe", Span("✔ ", "good"), "Safe from"), ("not_applicable", Span("· ", "dim"), "Out of the question"))
    for verdict, mark, label in rest:
        names = [_WEAKNESSES[held.id] for held in audit.weaknesses if held.verdict == verdict]
        if names:
            yield from paragraph(f"{label}: {', '.join(names)}.", width, indent=2, lead=mark)
    yield BLANK


def _policies(audit: TlsAudit, width: int) -> Iterator[Line]:
    if not audit.policies:
        return
    yield from heading("Policies", width)
    marks = {"pass": Span("✔ pass", "good"), "deviates": Span("✘ deviates", "bad"), "unknown": Span("? unknown", "warn")}
    rows: list[tuple[Text, ...]] = []
    for held in audit.policies:
        told = held.deviations or tuple(f"not measured: {what}" for what in held.not_measured)
        more = f"; and {len(told) - _SHOWN_DEVIATIONS} more" if len(told) > _SHOWN_DEVIATIONS else ""
        because = "; ".join(as_text(text, _DEVIATION) for text in told[:_SHOWN_DEVIATIONS]) + more
        rows.append((marks[held.verdict], held.title, because))
    yield from table(("verdict", "policy", "because"), rows, width)
    yield BLANK


def _details(audit: TlsAudit) -> Iterator[tuple[str, Text | None]]:
    schemes = [held.name for held in audit.signature_schemes]
    unsure = "; there may be more" if "signature_schemes" in audit.incomplete else ""
    yield "Signatures", f"{', '.join(schemes) or 'none known'}{unsure}"
    yield "ALPN", ", ".join(audit.alpn) or None
    yield "HSTS", "not sent" if audit.hsts == "" else audit.hsts
    yield "DH sizes", listed([f"{bits} bits" for bits in audit.dh_bits]) if audit.dh_bits else None
    flags = (
        ("Secure renegotiation", audit.secure_renegotiation),
        ("Extended master secret", audit.extended_master_secret),
        ("Encrypt-then-MAC", audit.encrypt_then_mac),
        ("Session tickets", audit.session_tickets),
        ("Session ids", audit.session_ids),
        ("Fallback signal", audit.fallback_scsv),
        ("Early data", audit.early_data),
    )
    yield from ((label, "yes" if seen else "no") for label, seen in flags if seen is not None)
    yield "Connections", str(audit.connections)
