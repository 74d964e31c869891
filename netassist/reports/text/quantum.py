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
        return Verdict(f"{where} looks quantum safe: {got} was {UNCONFIRMED}{_signed(check)}.", GOOD)
    how = "" if exchange.confirmed else f" ({UNCONFIRMED})"
    if check.verdict == "available":
        offers = listed([named(group.name) for group in exchange.groups if group.kind in _POST_QUANTUM], 3)
        but = f"gets {got}, which is classical" if exchange.kind == "classical" and got else "gets a classical key exchange"
        return Verdict(f"{where} is not quantum safe for usual clients: it accepts {offers}, but such a client {but}{how}.", WARN)
    if check.verdict == "not_safe":
        if not got:
            version = f"it speaks {named(check.version)}, where there is none" if check.version else "it offers none"
            return Verdict(f"{where} is not quantum safe: its key exchange is not post-quantum; {version}{how}.", BAD)
        none = "offers no" if check.protocol == "ssh" else "accepts no"
        return Verdict(f"{where} is not quantum safe: it negotiated {got}, which is classical{how}, and {none} post-quantum "
                       f"key exchange.", BAD)  # fmt: skip
    seen = f"; it negotiated {got}, which is {_KINDS[exchange.kind][0]}{how}" if got else ""
    return Verdict(f"Whether {where} is quantum safe is unknown{seen}.", UNKNOWN)


def evidence(check: QuantumCheck, width: int) -> Iterator[Line]:
    exchange, authentication = check.key_exchange, check.authentication
    yield heading("Key exchange")
    kind, style = _KINDS[exchange.kind]
    negotiated = (Span(exchange.negotiated, style), Span(f" ({kind})")) if exchange.negotiated else "unknown"
    preferred = _PREFERENCES[exchange.preferred]
    rows: list[tuple[str, Text | None]] = [
        ("Negotiated", negotiated),
        ("Confirmed", Span("✔ by a whole handshake", "good") if exchange.confirmed else Span(f"! {UNCONFIRMED}", "warn")),
        ("Preferred", preferred if check.protocol == "tls" else None),
        ("Classical", {True: "accepted too", False: "refused", None: "unknown"}[exchange.classical_accepted]),
        ("Version", check.version),
    ]
    yield from facts(rows, width)
    if exchange.groups:
        yield from table(("accepted", "kind", "code"), [_row(*group) for group in _groups(check)], width)
    yield BLANK
    yield heading("Authentication")
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
        yield heading("Deadlines")
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


def _groups(check: QuantumCheck) -> list[tuple[str, str | None, str | None]]:
    return [(group.name, group.kind, group.code) for group in check.key_exchange.groups]


def _row(name: str, kind: str | None, code: str | None) -> tuple[Text, ...]:
    words, style = _KINDS[kind]
    return name, Span(words, style), code or ""
