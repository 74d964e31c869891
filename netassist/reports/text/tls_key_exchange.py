"""How a TLS server agrees on keys: what that is worth once there are quantum computers, in plain words, and its groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from netassist.reports.layout import BAD, BLANK, GOOD, UNKNOWN, WARN, Text, Tone, facts, heading, paragraph, table
from netassist.reports.style import Span
from netassist.reports.text.tls_words import KINDS, QUANTUM_SAFE
from netassist.reports.words import listed

if TYPE_CHECKING:
    from netassist.reports.style import Line
    from netassist.tls.audit import TlsAudit
    from netassist.tls.groups import Group

_RECORDED = "Who records this traffic today can read it once a quantum computer breaks the key exchange."
_PREFERRED = {
    "server": "The server keeps to it where a client puts a classical group first, too.",
    "client_order": "Clients that put a classical group first get that one.",
}


class Words(NamedTuple):
    """The verdict as a clause of a sentence, and as sentences of their own."""

    clause: str
    sentences: str
    tone: Tone


def words(audit: TlsAudit) -> Words:
    exchange = audit.key_exchange
    got = exchange.negotiated if exchange else None
    safe = [held.name for held in audit.groups if held.kind in QUANTUM_SAFE]
    match audit.quantum:
        case "safe":
            return _safe(audit, got or "a post-quantum group")
        case "available":
            clause = f"it accepts {listed(safe, 3)}, but usual clients get no post-quantum key exchange"
            but = f"the server accepts {listed(safe, 3)}, but they get {got or 'another'}"
            return Words(clause, f"Not quantum safe for usual clients: {but}. {_RECORDED}", WARN)
        case "not_safe":
            spoken = audit.protocols.get("TLSv1.3") != "refused"
            why = "no post-quantum group is accepted" if spoken else "only TLS 1.3 has such groups, and it is refused"
            return Words("no post-quantum key exchange is accepted", f"Not quantum safe: {why}. {_RECORDED}", BAD)
        case _:
            clause = "whether it is quantum safe is unknown"
            why = "not all groups could be asked for"
            return Words(clause, f"Whether the key exchange is quantum safe is unknown: {why}.", UNKNOWN)


def _safe(audit: TlsAudit, got: str) -> Words:
    exchange = audit.key_exchange
    clause = f"usual clients get {got}, a post-quantum key exchange"
    if exchange is None or not exchange.confirmed:
        unproven = (
            f"Looks quantum safe: the server selects {got} for usual clients, but no whole handshake with it was completed."
        )
        return Words(f"{clause}, which no whole handshake has confirmed", unproven, WARN)
    sentences = [
        f"Quantum safe: usual clients get {got}, confirmed by a whole handshake.",
        "What is recorded today stays closed to quantum computers.",
        _PREFERRED.get(exchange.preferred or "", ""),
        "Clients without post-quantum groups are not served." if exchange.classical_accepted is False else "",
    ]
    return Words(clause, " ".join(filter(None, sentences)), GOOD)


def evidence(audit: TlsAudit, width: int) -> Iterator[Line]:
    held = words(audit)
    yield from heading("Key exchange", width)
    yield from paragraph(Span(held.sentences, held.tone.style), width, indent=2, lead=Span(f"{held.tone.mark} ", held.tone.style))
    groups = sorted(audit.groups, key=lambda group: group.kind not in QUANTUM_SAFE)
    rows = [(group.name, Span(*KINDS[group.kind]), _proof(audit, group), Span(group.code or "", "dim")) for group in groups]
    if rows:
        yield from table(("group", "kind", "handshake", "code"), rows, width)
    more = "groups" in audit.incomplete and audit.protocols.get("TLSv1.3") != "refused"
    old: list[tuple[str, Text | None]] = [
        ("More groups", Span("? there may be: not all could be asked for", "warn") if more and rows else None),
        ("Curves sent", listed(list(audit.curves)) if audit.curves and not rows else None),
        ("DH sizes", [_size(bits, number) for number, bits in enumerate(audit.dh_bits)]),
        ("Large hellos", _large(audit.large_hello)),
    ]
    yield from facts(old, width)
    if audit.deadlines:
        yield BLANK
        yield from paragraph("Until when standards allow what is classical here:", width, indent=2)
        dates = [(item.after, item.what, item.standard) for item in audit.deadlines]
        yield from table(("after", "what", "standard"), dates, width)


def _proof(audit: TlsAudit, group: Group) -> Text:
    if group.kind not in QUANTUM_SAFE:
        return ""
    if group.name in audit.failed_groups:
        return Span("✘ broken off", "bad")
    return Span("✔ completed", "good") if group.name in audit.confirmed_groups else Span("! selected only", "warn")


def _size(bits: int, number: int) -> Span:
    before = ", " if number else ""
    return Span(f"{before}✘ {bits} bits", "bad") if bits < 2048 else Span(f"{before}{bits} bits")


def _large(answered: bool | None) -> Text | None:
    if answered is None:
        return None
    if answered:
        return Span("✔ answered, as clients with post-quantum keys send them", "good")
    return Span("✘ not answered: clients that send post-quantum keys may fail to connect", "bad")
