"""Certificate revocation lists (RFC 5280, sections 5 and 6.3): whether a certificate is on one that counts. Pure, from DER."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from cryptography import x509

from netassist.tls.ocsp import BROKEN_HASHES, CLOCK_SKEW, UNREADABLE


class Listed(NamedTuple):
    """`status` is `unknown` where the list does not count, and `detail` says why."""

    status: Literal["good", "revoked", "unknown"]
    detail: str | None = None
    revoked_at: datetime | None = None
    reason: str | None = None


def look_in(
    raw: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime, published_at: Sequence[str]
) -> Listed:
    """Whether the list (DER, or PEM as some serve it) holds `certificate`; never raises, whatever `raw` holds.

    Args:
        issuer: the certificate's, which has to have signed the list itself; indirect ones are not followed.
        published_at: the URLs under which the certificate says that this list is found.
    """
    try:
        pem = raw.startswith(b"-----BEGIN")
        held = x509.load_pem_x509_crl(raw) if pem else x509.load_der_x509_crl(raw)
        if why := _unfit(held, certificate, issuer, now, published_at):
            return Listed("unknown", why)
        entry = held.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is None:
            return Listed("good")
        return Listed("revoked", None, entry.revocation_date_utc, _reason(entry))
    except UNREADABLE:
        return Listed("unknown", "not a well-formed CRL")


def _unfit(
    held: x509.CertificateRevocationList,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    now: datetime,
    published_at: Sequence[str],
) -> str | None:
    """Why the list says nothing of the certificate."""
    if held.issuer != certificate.issuer:
        return "the CRL is another issuer's"
    hashed = held.signature_hash_algorithm
    if hashed is not None and hashed.name in BROKEN_HASHES:
        return f"the CRL is signed over {hashed.name.upper()}, which proves nothing"
    if not _may_sign(issuer) or not held.is_signature_valid(issuer.public_key()):  # type: ignore[arg-type] # it refuses, with TypeError
        return "the CRL is not signed by the issuer"
    if now < held.last_update_utc - CLOCK_SKEW:
        return f"the CRL's time begins at {held.last_update_utc:%Y-%m-%d %H:%M} UTC"
    if held.next_update_utc is None or now > held.next_update_utc + CLOCK_SKEW:
        end = f"{held.next_update_utc:%Y-%m-%d %H:%M} UTC" if held.next_update_utc is not None else "no time"
        return f"the CRL is stale; the next one was due at {end}"
    for extension in held.extensions:
        match extension.value:
            case x509.DeltaCRLIndicator():
                return "the CRL is a delta only"
            case x509.IssuingDistributionPoint() as point if not _covers(point, certificate, published_at):
                return "the CRL is not for certificates of this kind, or of another place"
            case x509.UnrecognizedExtension() if extension.critical:
                return f"the CRL has an unknown critical extension ({extension.oid.dotted_string})"
    return None


def _may_sign(issuer: x509.Certificate) -> bool:
    """Section 6.3.3 (f): where the issuer's key usage is limited, cRLSign has to be part of it."""
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True


def _covers(point: x509.IssuingDistributionPoint, certificate: x509.Certificate, published_at: Sequence[str]) -> bool:
    """Section 6.3.3 (b): the scope of the list, as it says itself, includes the certificate."""
    if point.indirect_crl or point.only_some_reasons or point.only_contains_attribute_certs or point.relative_name:
        return False
    places = {name.value for name in point.full_name or () if isinstance(name, x509.UniformResourceIdentifier)}
    if point.full_name is not None and not places.intersection(published_at):
        return False
    try:
        is_ca = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        is_ca = False
    return not (point.only_contains_ca_certs if not is_ca else point.only_contains_user_certs)


def _reason(entry: x509.RevokedCertificate) -> str | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except (*UNREADABLE, x509.ExtensionNotFound):
        return None
