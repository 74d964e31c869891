"""Who may issue certificates for a host: certification authority authorization (RFC 8659). Pure, from RDATA.

Records bind authorities at the moment they issue, so that they say nothing of a certificate that is there already; and an
authority is known by the domain names that it has chosen for itself, which no certificate holds. Whether the issuer of the
certificate is among those allowed is therefore left to the reader.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from netassist.tls.published import Answer
from netassist.untrusted import as_text

Permits = Literal["any", "named", "none"]
_ISSUE, _ISSUEWILD = "issue", "issuewild"
_KNOWN = frozenset((_ISSUE, _ISSUEWILD, "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"))
"""Tags that authorities know: IANA, Certification Authority Restriction Properties."""
_CRITICAL = 0x80
_LIMIT = 500
_LABEL = r"[A-Za-z0-9](?:-*[A-Za-z0-9])*"
_ISSUER = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PARAMETER = re.compile(rf"({_LABEL})[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e]*)")


class CaaRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`issuer` and `parameters` (RFC 8657: ``accounturi``, ``validationmethods``) are those of `issue` and `issuewild`.

    `issuer` is empty where the record names nobody, also because it is malformed (section 4.2); None for other tags.
    """

    tag: str
    value: str
    critical: bool = False
    issuer: str | None = None
    parameters: dict[str, str] = {}


class Caa(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is the host's, or the one above it at which the records stand; `authenticated` is the resolver's AD bit.

    `permits` says whom the records let issue for the host itself, `permits_wildcards` for ``*.host``: ``any`` authority, those
    ``named`` in `issuers` and `wildcard_issuers`, or ``none``. None is unknown: a critical property that few would know, too.
    """

    verdict: Literal["present", "absent", "unknown"]
    name: str | None = None
    authenticated: bool | None = None
    records: tuple[CaaRecord, ...] = ()
    permits: Permits | None = None
    issuers: tuple[str, ...] = ()
    permits_wildcards: Permits | None = None
    wildcard_issuers: tuple[str, ...] = ()
    detail: str | None = None


def caa(answer: Answer) -> Caa:
    """What the records found by climbing the tree of names allow."""
    if answer.failure is not None:
        return Caa(verdict="unknown", detail=answer.failure.message)
    if not answer.records:
        return Caa(verdict="absent", authenticated=answer.authenticated, permits="any", permits_wildcards="any")
    records = tuple(map(read_caa, answer.records))
    plain = [held for held in records if held.tag == _ISSUE]
    wild = [held for held in records if held.tag == _ISSUEWILD] or plain
    strange = sorted({held.tag for held in records if held.critical and held.tag not in _KNOWN})
    return Caa(
        verdict="present",
        name=as_text(answer.name, _LIMIT),
        authenticated=answer.authenticated,
        records=records,
        permits=None if strange else _permits(plain),
        issuers=_issuers(plain),
        permits_wildcards=None if strange else _permits(wild),
        wildcard_issuers=_issuers(wild),
        detail=f"authorities that do not know the critical property {', '.join(strange)} may not issue" if strange else None,
    )


def read_caa(rdata: bytes) -> CaaRecord:
    """One record (section 4.1): flags, length of the tag, tag, value. What is cut short has an empty tag or value."""
    flags, size = (*rdata[:2], 0, 0)[:2]
    tag, value = rdata[2 : 2 + size].decode("latin-1").lower(), rdata[2 + size :].decode("utf-8", "replace")
    critical = bool(flags & _CRITICAL)
    if tag not in (_ISSUE, _ISSUEWILD):
        return CaaRecord(tag=as_text(tag, _LIMIT), value=as_text(value, _LIMIT), critical=critical)
    issuer, parameters = _issue_value(value)
    return CaaRecord(tag=tag, value=as_text(value, _LIMIT), critical=critical, issuer=issuer, parameters=parameters)


def _issue_value(value: str) -> tuple[str, dict[str, str]]:
    """Issuer and parameters by the grammar of section 4.2; what does not follow it names nobody."""
    issuer, _, rest = value.strip(" \t").partition(";")
    issuer = issuer.rstrip(" \t")
    pieces = [piece.strip(" \t") for piece in rest.split(";")] if rest.strip(" \t") else []
    found = [_PARAMETER.fullmatch(piece) for piece in pieces]
    if (issuer and not _ISSUER.fullmatch(issuer)) or not all(found):
        return "", {}
    return as_text(issuer.lower(), 255), {as_text(held[1], 100): as_text(held[2], _LIMIT) for held in found if held}


def _permits(records: Sequence[CaaRecord]) -> Permits:
    return "any" if not records else "named" if any(held.issuer for held in records) else "none"


def _issuers(records: Sequence[CaaRecord]) -> tuple[str, ...]:
    return tuple(sorted({held.issuer for held in records if held.issuer}))
