"""What else a TLS server's configuration means, beside weaknesses and certificates: what clients of today and tomorrow miss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from netassist.audit.rule import Rule
from netassist.observations import Finding

if TYPE_CHECKING:
    from netassist.tls.audit import TlsAudit

_HYBRIDS = "https://datatracker.ietf.org/doc/draft-ietf-tls-ecdhe-mlkem/"
_NIST = "https://csrc.nist.gov/pubs/ir/8547/ipd"
_RECORDED = "Who records this traffic today can read it once a quantum computer breaks the key exchange."
_OFFER = (
    "Offer X25519MLKEM768 first, with TLS 1.3: OpenSSL 3.5 and later have it (nginx: ssl_ecdh_curve "
    "X25519MLKEM768:X25519:prime256v1; Apache: SSLOpenSSLConfCmd Groups), Go from 1.24."
)
_QUANTUM_SAFE = ("hybrid", "post_quantum")

RULES: dict[str, Rule] = {
    "no_tls1_3": Rule(
        "low",
        "TLS 1.3 is not spoken",
        "It is faster, hides the certificate, and is what post-quantum key exchange needs.",
        "Switch TLS 1.3 on beside TLS 1.2; OpenSSL has it from 1.1.1.",
        ("https://www.rfc-editor.org/rfc/rfc8446", "https://ssl-config.mozilla.org/"),
    ),
    "no_post_quantum_groups": Rule("medium", "No post-quantum key exchange", _RECORDED, _OFFER, (_HYBRIDS, _NIST)),
    "post_quantum_not_preferred": Rule(
        "medium",
        "Post-quantum key exchange is there, but usual clients do not get it",
        f"The server takes a classical group though the client has sent a post-quantum share first. {_RECORDED}",
        _OFFER,
        (_HYBRIDS, _NIST),
    ),
    "post_quantum_unconfirmed": Rule(
        "medium",
        "No whole handshake with a post-quantum group that the server selects",
        "The server asks for the group, yet a handshake with it does not come to its end: clients that prefer it fail to "
        "connect, or fall back. Something on the way that drops large messages does the same.",
        "Update the TLS library; see whether a middlebox, load balancer or firewall before the server drops large messages.",
        (_HYBRIDS, "https://tldr.fail/"),
    ),
    "large_hello_intolerant": Rule(
        "medium",
        "A ClientHello of more than one TCP segment is not answered",
        "Clients that send post-quantum key shares send such hellos, so that they fail to connect, whether or not the server has "
        "post-quantum groups.",
        "Update the server, and what stands before it: TLS allows a message to come in several segments and records.",
        ("https://tldr.fail/", "https://www.rfc-editor.org/rfc/rfc8446#section-5.1"),
    ),
    "obsolete_post_quantum_draft": Rule(
        "low",
        "A draft of post-quantum key exchange is accepted",
        "Kyber as it was before FIPS 203 does not agree with ML-KEM; browsers have dropped it.",
        "Update the TLS library, and offer X25519MLKEM768 in its place.",
        (_HYBRIDS, "https://csrc.nist.gov/pubs/fips/203/final"),
    ),
    "name_unrecognized": Rule(
        "low",
        "The server does not know the name that it is asked for",
        "It answers unrecognized_name, and clients that keep to it do not connect.",
        "Give the server this name, or take the name away from its address in the DNS.",
        ("https://www.rfc-editor.org/rfc/rfc6066#section-3",),
    ),
    "no_extended_master_secret": Rule(
        "low",
        "The extended master secret is missing",
        "Without it two sessions of TLS 1.2 and before can be made to share their keys, and what is bound to one holds for the "
        "other (triple handshake).",
        "Update the TLS library: OpenSSL has it from 1.1.0.",
        ("https://www.rfc-editor.org/rfc/rfc7627",),
    ),
    "sha1_signatures": Rule(
        "low",
        "The server signs with MD5 or SHA-1 where a client asks for it",
        "Collisions of both can be made, so that such a signature may be carried over to what the server never signed.",
        "Leave MD5 and SHA-1 out of the signature algorithms (OpenSSL: SignatureAlgorithms; security level 1 of OpenSSL 3 does).",
        ("https://www.rfc-editor.org/rfc/rfc9155",),
    ),
}  # fmt: skip


class _Seen(NamedTuple):
    rule: str
    evidence: str
    references: tuple[str, ...] = ()


def findings(report: TlsAudit) -> Iterator[Finding]:
    """``tls.ID`` for each of these that was shown. What was not established is none."""
    for seen in _seen(report):
        yield RULES[seen.rule].finding(f"tls.{seen.rule}", seen.evidence, seen.references)


def _seen(report: TlsAudit) -> Iterator[_Seen]:
    if report.protocols.get("TLSv1.3") == "refused" and report.protocols.get("TLSv1.2") == "accepted":
        yield _Seen("no_tls1_3", "TLSv1.3 is refused")
    yield from _post_quantum(report)
    if report.large_hello is False:
        yield _Seen("large_hello_intolerant", "a short hello is answered, a long one is not")
    if report.name_unrecognized:
        yield _Seen("name_unrecognized", f"alert unrecognized_name for {getattr(report.target, 'host', report.target)}")
    if report.extended_master_secret is False:
        yield _Seen("no_extended_master_secret", "the extension is not answered in TLS 1.2 or before")
    weak = [held.name for held in report.signature_schemes if held.name.endswith(("_sha1", "_md5"))]
    if weak:
        yield _Seen("sha1_signatures", f"signature schemes: {', '.join(weak)}")


def _post_quantum(report: TlsAudit) -> Iterator[_Seen]:
    accepted = [held.name for held in report.groups]
    safe = [held.name for held in report.groups if held.kind in _QUANTUM_SAFE]
    dates = [held for held in report.deadlines if held.what.partition(" key exchange")[1]]
    told = "".join(f"; {held.standard}: {held.what} after {held.after}" for held in dates)
    sources = tuple(held.source for held in dates)
    if report.quantum == "not_safe":
        refused = report.protocols.get("TLSv1.3") == "refused"
        what = "TLSv1.3, which has such groups, is refused" if refused else f"groups accepted: {', '.join(accepted) or 'none'}"
        yield _Seen("no_post_quantum_groups", f"{what}{told}", sources)
    elif report.quantum == "available":
        got = report.key_exchange.negotiated if report.key_exchange else None
        what = f"a client that sends shares for X25519MLKEM768 and x25519 gets {got or 'none that was established'}"
        yield _Seen("post_quantum_not_preferred", f"{what}, though {', '.join(safe)} is accepted{told}", sources)
    if report.failed_groups:
        yield _Seen("post_quantum_unconfirmed", f"selected, but not completed: {', '.join(report.failed_groups)}")
    if drafts := [name for name in safe if "Kyber" in name]:
        yield _Seen("obsolete_post_quantum_draft", f"groups accepted: {', '.join(drafts)}")
