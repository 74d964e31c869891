"""Are the certificates that a server shows those that its domain publishes? DANE (RFC 6698, 7671 and 7672). Pure, from RDATA.

Records count only where the resolver says that it has validated them (the AD bit), which is worth as much as the way to the
resolver. What they say of the chain is shown in any case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from netassist.tls.published import Answer
from netassist.tls.trust import Trust, leads_to
from netassist.untrusted import as_text

Outcome = Literal["matches", "mismatch", "unusable", "unknown"]
DaneVerdict = Literal["absent", "matches", "mismatch", "unusable", "unauthenticated", "unknown"]

# IANA, DNS-Based Authentication of Named Entities (DANE) Parameters (RFC 7218)
_PKIX_TA, _PKIX_EE, _DANE_TA, _DANE_EE = range(4)
USAGES = ("PKIX-TA", "PKIX-EE", "DANE-TA", "DANE-EE")
SELECTORS = ("Cert", "SPKI")
MATCHING_TYPES = ("Full", "SHA2-256", "SHA2-512")
_DIGESTS, _SIZES = {1: "sha256", 2: "sha512"}, {1: 32, 2: 64}
_NAME_LIMIT = 300
_LIMIT = 128
"""Hex digits of a record's data that are shown: a SHA-512 digest."""


class TlsaRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`usage`, `selector` and `matching_type` are IANA's numbers, `data` is hex; `detail` says why it does not match."""

    usage: int
    selector: int
    matching_type: int
    data: str
    outcome: Outcome
    detail: str | None = None


class Dane(msgspec.Struct, frozen=True, kw_only=True):
    """`matches`: one usable record does; `mismatch`: none does, and clients that check refuse the connection.

    `unusable`: no record is of a kind that can be checked, as if there were none (RFC 7671, section 4). `unauthenticated`:
    there are records, but the resolver has not validated them. `name` is where they stand.
    """

    verdict: DaneVerdict
    name: str
    authenticated: bool | None = None
    records: tuple[TlsaRecord, ...] = ()
    detail: str | None = None


class Tlsa(NamedTuple):
    """One record as on the wire (RFC 6698, section 2.1)."""

    usage: int
    selector: int
    matching: int
    data: bytes


class Shown(NamedTuple):
    """What the server showed: the chain in DER, OpenSSL's verdict on it, and whether it names the host (None: not known).

    `mail`: it takes mail from other servers, which look at the records of no public authority (RFC 7672, section 3.1.3).
    """

    chain: Sequence[bytes]
    trust: Trust
    fits: bool | None
    mail: bool = False


def base_domain(answer: Answer) -> str:
    """The host's name, or that of what it is an alias of: a certificate may be for either (RFC 7671, section 7)."""
    return answer.name.split(".", 2)[-1]


class _Said(NamedTuple):
    outcome: Outcome
    detail: str | None = None


def dane(answer: Answer, shown: Shown) -> Dane:
    """The records against the chain, each by itself, and what follows from all."""
    name = as_text(answer.name, _NAME_LIMIT)
    if answer.failure is not None:
        return Dane(verdict="unknown", name=name, detail=answer.failure.message)
    if not answer.records:
        return Dane(verdict="absent", name=name, authenticated=answer.authenticated)
    records = [read_tlsa(rdata) for rdata in answer.records]
    said = [_said(record, records, shown) for record in records]
    outcomes = {held.outcome for held in said}
    order: tuple[Outcome, ...] = ("matches", "unknown", "mismatch", "unusable")
    verdict: DaneVerdict = next(held for held in order if held in outcomes)
    return Dane(
        verdict=verdict if answer.authenticated else "unauthenticated",
        name=name,
        authenticated=answer.authenticated,
        records=tuple(_reported(*held) for held in zip(records, said, strict=True)),
        detail=None if answer.authenticated else "the resolver has not validated the records (DNSSEC)",
    )


def read_tlsa(rdata: bytes) -> Tlsa:
    """What is cut short has parameters that nothing is known by."""
    return Tlsa(rdata[0], rdata[1], rdata[2], rdata[3:]) if len(rdata) >= 3 else Tlsa(255, 255, 255, rdata)


def _reported(record: Tlsa, said: _Said) -> TlsaRecord:
    return TlsaRecord(
        usage=record.usage,
        selector=record.selector,
        matching_type=record.matching,
        data=as_text(record.data.hex(), _LIMIT),
        outcome=said.outcome,
        detail=said.detail,
    )


def _said(record: Tlsa, records: Sequence[Tlsa], shown: Shown) -> _Said:
    if why := _unusable(record, shown.mail):
        return _Said("unusable", why)
    stronger = record._replace(matching=2)[:3]
    if record.matching == 1 and any(held[:3] == stronger and not _unusable(held, shown.mail) for held in records):
        return _Said("unusable", "a SHA2-512 record of this usage and selector stands beside it (RFC 7671, section 9)")
    if record.usage in (_PKIX_EE, _DANE_EE):
        if not _names(record, shown.chain[0]):
            return _Said("mismatch", f"names another {'key' if record.selector else 'certificate'} than the server's")
        # DANE-EE rests on the key alone: neither dates nor names matter (RFC 7671, section 5.1).
        return _Said("matches") if record.usage == _DANE_EE else _verified(shown.trust, shown.fits)
    if record.usage == _PKIX_TA:
        path = shown.trust.path[1:] or shown.chain[1:]
        return _verified(shown.trust, shown.fits) if any(_names(record, der) for der in path) else _no_authority(record)
    return _by_anchor(record, shown)


def _by_anchor(record: Tlsa, shown: Shown) -> _Said:
    """DANE-TA (RFC 7671, section 5.2): the chain has to be valid up to the authority, and to name the host."""
    anchors = [der for der in shown.chain[1:] if _names(record, der)]
    if not anchors and (record.selector, record.matching) == (0, 0) and record.data != shown.chain[0]:
        anchors = [record.data]
    trusts = sorted((leads_to(der, shown.chain) for der in anchors), key=lambda trust: not trust.trusted)
    return _verified(trusts[0], shown.fits) if trusts else _no_authority(record)


def _verified(trust: Trust, fits: bool | None) -> _Said:
    if not trust.trusted:
        return _Said("mismatch", f"names what the server shows, but the chain is not valid: {trust.error}")
    if fits is None:
        return _Said("unknown", "whether the certificate names the host is not known")
    return _Said("matches") if fits else _Said("mismatch", "names what the server shows, but the certificate is for another host")


def _no_authority(record: Tlsa) -> _Said:
    return _Said("mismatch", f"names the {'key' if record.selector else 'certificate'} of no authority of the chain")


def _unusable(record: Tlsa, mail: bool) -> str | None:
    if record.usage >= len(USAGES) or record.selector >= len(SELECTORS) or record.matching >= len(MATCHING_TYPES):
        return "its parameters are not assigned"
    if len(record.data) != _SIZES.get(record.matching, len(record.data) or 1):
        return f"{len(record.data)} bytes are no {MATCHING_TYPES[record.matching]} data"
    if mail and record.usage in (_PKIX_TA, _PKIX_EE):
        return f"{USAGES[record.usage]} is not for servers that take mail (RFC 7672, section 3.1.3)"
    return None


def _names(record: Tlsa, der: bytes) -> bool:
    try:
        selected = subject_public_key_info(der) if record.selector else der
    except ValueError:
        return False
    whole = record.matching == 0
    return record.data == (selected if whole else hashlib.new(_DIGESTS[record.matching], selected).digest())


def subject_public_key_info(der: bytes) -> bytes:
    """SubjectPublicKeyInfo out of a certificate (RFC 5280, section 4.1), byte for byte: what libraries write anew may differ.

    Raises:
        ValueError: it is no certificate.
    """
    fields, end = _inside(der, *_inside(der, 0, len(der)))
    if der[fields : fields + 1] == b"\xa0":
        _, fields = _inside(der, fields, end)
    # Serial number, signature algorithm, issuer, validity, subject
    for _ in range(5):
        _, fields = _inside(der, fields, end)
    return der[fields : _inside(der, fields, end)[1]]


def _inside(der: bytes, place: int, limit: int) -> tuple[int, int]:
    """Where the content of the element at `place` begins, and where it ends (X.690, section 8.1)."""
    if place + 2 > limit:
        raise ValueError("the certificate is cut short")
    size, begin = der[place + 1], place + 2
    if size >= 0x80:
        begin += size & 0x7F
        size = int.from_bytes(der[place + 2 : begin])
    if begin + size > limit:
        raise ValueError("the certificate is cut short")
    return begin, begin + size
