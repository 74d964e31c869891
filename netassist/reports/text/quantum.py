"""Whether what goes over a connection is safe from a quantum computer later: key exchange first, authentication beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netassist.reports.layout import BAD, BLANK, GOOD, UNKNOWN, WARN, Task, Text, Verdict, facts, heading, table
from netassist.reports.style import Span, Style
from netassist.reports.words import listed, named, place

if TYPE_CHECKING:
    from netassist.quantum import QuantumCheck
    from netassist.reports.style import Line

_POST_QUANTUM = ("hybrid", "post_quantum")
_KINDS: dict[str | None, tuple[str, Style]] = {
    "hybrid": ("hybrid: classical and post-quantum", "good"),
    "post_quantum": ("post-quantum", "good"),
    "classical": ("classical", "warn"),
    None: ("of unknown kind", "warn"),
}
_PREFERENCES = {
    "server": "by the server, also where the client puts a classical group first",
    "client_order": "only where the client puts it first",
    "classical": "never; the server takes a classical group",
    None: "unknown",
}
UNCONFIRMED = "selected, not confirmed by a whole handshake"


def task(check: QuantumCheck) -> Task:
    return Task("check the key exchange", f"of {place(check.target)}")


def verdict(check: QuantumCheck) -> Verdict:
    where, exchange = place(check.target), check.key_exchange
    got = named(exchange.negotiated) if exchange.negotiated else None
    if check.verdict == "safe":
        if exchange.confirmed:
            return Verdict(f"{where} is quantum safe: a whole handshake negotiated {got}{_signed(check)}.", GOOD)
        # SSH settles on a method by rule (RFC 4253, section 7.1), so that what was selected is what a client gets.
        tone = GOOD if check.protocol == "ssh" else WARN
        return Verdict(f"{where} looks quantum safe: {got} was {UNCONFIRMED}{_signed(check)}.", tone)
    how = "" if exchange.confirmed else f" ({UNCONFIRMED})" if got else " (not confirmed by a whole handshake)"
    if check.verdict == "available":
        offers = listed([named(group.name) for group in exchange.groups if group.kind in _POST_QUANTUM], 3)
        but = f"get {got}, which is classical" if exchange.kind == "classical" and got else f"get {got or 'none of them'}"
        return Verdict(f"{where} is not quantum safe for usual clients: it accepts {offers}, but they {but}{how}.", WARN)
    if check.verdict == "not_safe":
        if not got:
            return Verdict(f"{where} is not quantum safe: {_none(check)}{how}.", BAD)
        none = "offers no" if check.protocol == "ssh" else "accepts no"
        return Verdict(f"{where} is not quantum safe: it negotiated {got}, which is classical{how}, and {none} post-quantum "
                       f"key exchange.", BAD)  # fmt: skip
    seen = f"; it negotiated {got}, which is {_KINDS[exchange.kind][0]}{how}" if got else ""
    return Verdict(f"Whether {where} is quantum safe is unknown{seen}.", UNKNOWN)


def evidence(check: QuantumCheck, width: int) -> Iterator[Line]:
    exchange, authentication = check.key_exchange, check.authentication
    yield from heading("Key exchange", width)
    kind, style = _KINDS[exchange.kind]
    unnamed = "classical; which group is unknown" if exchange.kind == "classical" else "unknown"
    negotiated = (Span(exchange.negotiated, style), Span(f" ({kind})")) if exchange.negotiated else unnamed
    selected = Span(f"! {UNCONFIRMED}" if exchange.negotiated else "? nothing was seen to be negotiated", "warn")
    preferred = _PREFERENCES[exchange.preferred]
    rows: list[tuple[str, Text | None]] = [
        ("Negotiated", negotiated),
        ("Confirmed", Span("✔ by a whole handshake", "good") if exchange.confirmed else selected),
        ("Preferred", preferred if check.protocol == "tls" else None),
        ("Classical", {True: "accepted too", False: "refused", None: "unknown"}[exchange.classical_accepted]),
        ("Version", check.version),
    ]
    yield from facts(rows, width)
    if exchange.groups:
        yield BLANK
        # Of TLS's classical groups not all are asked for.
        seen = "offered" if check.protocol == "ssh" else "seen to select"
        yield from table((seen, "kind", "code"), [_row(*group) for group in _groups(check)], width)
    yield BLANK
    yield from heading("Authentication", width)
    judged = {True: Span("yes", "good"), False: Span("no", "warn"), None: Span("unknown", "warn")}
    proof = [
        ("Signature", authentication.signature or ("unknown" if check.protocol == "tls" else None)),
        ("Leaf key", authentication.leaf_key or ("unknown" if check.protocol == "tls" else None)),
        ("Host keys", ", ".join(authentication.host_keys)),
        ("Post-quantum", judged[authentication.post_quantum]),
    ]
    yield from facts(proof, width)
    if check.deadlines:
        yield BLANK
        yield from heading("Deadlines", width)
        dates = sorted((deadline.after, deadline.what, deadline.standard) for deadline in check.deadlines)
        yield from table(("after", "what", "standard"), dates, width)


def _signed(check: QuantumCheck) -> str:
    """What remains to be said of authentication where the key exchange is safe."""
    authentication = check.authentication
    if authentication.post_quantum:
        return ", and its authentication is post-quantum too"
    if authentication.post_quantum is None:
        return "; whether its authentication is post-quantum is unknown"
    key = f" ({named(authentication.leaf_key)})" if authentication.leaf_key else ""
    return f"; its authentication{key} is still classical"


def _none(check: QuantumCheck) -> str:
    """Why there is nothing post-quantum where no group was seen to be negotiated."""
    if check.protocol == "ssh":
        return "it offers no post-quantum key exchange, and none in common with a current OpenSSH"
    version = check.version or "an unknown version"
    spoken = f"speaks only what came {named(version)}" if version.startswith("before ") else f"negotiated {named(version)}"
    return f"it {spoken}, which has no post-quantum key exchange"


def _groups(check: QuantumCheck) -> list[tuple[str, str | None, str | None]]:
    return [(group.name, group.kind, group.code) for group in check.key_exchange.groups]


def _row(name: str, kind: str | None, code: str | None) -> tuple[Text, ...]:
    words, style = _KINDS[kind]
    return name, Span(words, style), code or ""
