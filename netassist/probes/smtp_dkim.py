"""The DKIM keys of a domain (RFC 6376, RFC 8301, RFC 8463), at the selectors that mail services commonly use.

Selectors cannot be listed: only the domain's mail tells them. So a key that is found is a fact, and one that is not is none.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from netassist.observations import Failed
from netassist.probes.smtp_policies import tags_of
from netassist.untrusted import as_text

# What mail services and mail servers use by default: Google, Microsoft 365, Fastmail, Proton, iCloud, Mailchimp, Mandrill,
# SendGrid, Zoho, HubSpot, OpenDKIM, rspamd, Exim and cPanel.
SELECTORS = (
    "default", "dkim", "mail", "google", "selector1", "selector2", "s1", "s2", "k1", "k2", "k3", "fm1", "fm2", "fm3",
    "protonmail", "protonmail2", "protonmail3", "sig1", "mandrill", "zoho", "hs1", "hs2", "mxvault", "smtp", "x", "key1",
)  # fmt: skip
KeyType = Literal["rsa", "ed25519"]


class DkimKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key record. `revoked`: its key is empty (RFC 6376, section 3.6.1); `testing`: its flags hold y.

    `bits` and `type` are None where the record holds no key that can be read, which `problem` tells.
    """

    selector: str
    type: KeyType | None = None
    bits: int | None = None
    testing: bool = False
    revoked: bool = False
    problem: str | None = None


class Dkim(msgspec.Struct, frozen=True):
    """Whether there are keys: ``present`` where one of `SELECTORS` has one, ``absent`` where no name exists below ``_domainkey``
    (RFC 8020), else ``possible``: under a selector that only the domain's mail tells.
    """

    verdict: Literal["present", "possible", "absent", "unknown"]
    detail: str | None = None
    keys: tuple[DkimKey, ...] = ()


async def dkim(
    domain: str, exists: Callable[[str], Awaitable[bool]], records: Callable[[str], Awaitable[tuple[str, ...]]]
) -> Dkim:
    """The domain's keys. `exists`: is there a name, or one below it? `records`: its TXT records. Both may raise Failed."""
    try:
        if not await exists(f"_domainkey.{domain}"):
            return Dkim("absent", f"no name exists below _domainkey.{domain}")
        found = await asyncio.gather(*(records(f"{selector}._domainkey.{domain}") for selector in SELECTORS))
    except Failed as failed:
        return Dkim("unknown", failed.failure.message)
    keys = [key for name, texts in zip(SELECTORS, found, strict=True) for text in texts[:1] if (key := read_key(name, text))]
    if len({text for texts in found for text in texts[:1]}) == 1 and len(keys) == len(SELECTORS):
        return Dkim("possible", "every selector has the same record, so it is a wildcard's")
    if not keys:
        return Dkim("possible", f"none at the {len(SELECTORS)} selectors that are common; others only the domain's mail tells")
    return Dkim("present", keys=tuple(keys))


def read_key(selector: str, record: str) -> DkimKey | None:
    """What a TXT record at a selector says; None where it is no key record."""
    tags = tags_of(record)
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return None
    testing = "y" in tags.get("t", "").split(":")
    kind = tags.get("k", "rsa").lower()
    if not tags["p"]:
        return DkimKey(selector=selector, testing=testing, revoked=True)
    if kind not in ("rsa", "ed25519"):
        return DkimKey(selector=selector, testing=testing, problem=f"a key of the type {as_text(kind, 20)}, which is none")
    try:
        data = base64.b64decode("".join(tags["p"].split()), validate=True)
        type_, bits = ("ed25519", 256) if kind == "ed25519" and len(data) == 32 else _rsa(data) if kind == "rsa" else (None, None)
    except (ValueError, binascii.Error):
        type_ = bits = None
    if type_ is None:
        return DkimKey(selector=selector, testing=testing, problem="a key that cannot be read")
    return DkimKey(selector=selector, type=type_, bits=bits, testing=testing)


def _rsa(data: bytes) -> tuple[KeyType | None, int | None]:
    """Raises ValueError where these are not an RSA key's bytes, as SubjectPublicKeyInfo."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(data)
    except UnsupportedAlgorithm:
        return None, None
    return ("rsa", key.key_size) if isinstance(key, RSAPublicKey) else (None, None)
