"""OCSP responses (RFC 6960): what one says of a certificate, and whether that counts. Pure, from DER."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

MOST_OCSP_BYTES = 65536
CLOCK_SKEW = timedelta(minutes=5)
LONGEST_LIFE = timedelta(days=10)
"""Of a response that names no end: CA/Browser Forum Baseline Requirements, section 4.9.10."""
BROKEN_HASHES = frozenset(("md5", "sha1"))
_MOST_CERTIFICATES = 5
# What cryptography raises of malformed responses and certificates, and of algorithms that it lacks.
UNREADABLE = (
    ValueError, TypeError, KeyError, OverflowError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)  # fmt: skip
_PLAIN = (
    ed25519.Ed25519PublicKey | ed448.Ed448PublicKey | mldsa.MLDSA44PublicKey | mldsa.MLDSA65PublicKey | mldsa.MLDSA87PublicKey
)
"""Keys whose signatures choose neither hash nor padding."""

Status = Literal["good", "revoked", "unknown", "invalid"]


class OcspResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What a responder says of one certificate: `status` is `invalid` where it is no response, or one that only reports an error.

    `for_this_certificate` and `signature_valid` are None where that could not be judged, for want of the issuer's certificate
    mostly; `signed_by` says who did it validly (RFC 6960, section 4.2.2.2). `stale`: now is not within its time. `age_s` counts
    from `this_update`, in seconds. `detail` says why it does not count, or what is to be known.
    """

    status: Status
    produced_at: datetime | None = None
    this_update: datetime | None = None
    next_update: datetime | None = None
    age_s: int | None = None
    revoked_at: datetime | None = None
    reason: str | None = None
    for_this_certificate: bool | None = None
    signature_valid: bool | None = None
    signed_by: Literal["issuer", "delegate"] | None = None
    stale: bool | None = None
    detail: str | None = None

    @property
    def counts(self) -> bool:
        """Whether it can be relied on: of this certificate, validly signed, of this time."""
        return self.for_this_certificate is True and self.signature_valid is True and self.stale is False

    @property
    def useless(self) -> bool:
        """Whether nobody can rely on it, which is more than that it could not be judged here."""
        faults = (self.status == "invalid", self.for_this_certificate is False, self.signature_valid is False, self.stale is True)
        return any(faults)


def request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """A request in DER, with SHA-1 in its CertID as responders expect (RFC 5019, section 2.1.1); it protects nothing."""
    return _asked(certificate, issuer, hashes.SHA1()).public_bytes(Encoding.DER)  # noqa: S303


def read_response(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate | None, now: datetime) -> OcspResponse:
    """Read a response and judge it for `certificate`; never raises, whatever `der` holds."""
    if len(der) > MOST_OCSP_BYTES:
        return OcspResponse(status="invalid", detail=f"more than {MOST_OCSP_BYTES} bytes")
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            words = response.response_status.name.lower().replace("_", " ")
            return OcspResponse(status="invalid", detail=f"the responder answers: {words}")
        answers = list(response.responses)
        mine = [answer for answer in answers if _is_for(answer, certificate, issuer) is not False]
        answer = (mine or answers)[0]
        return _judged(response, answer, certificate, issuer, now)
    except (*UNREADABLE, IndexError):
        return OcspResponse(status="invalid", detail="not a well-formed OCSP response")


def _judged(
    response: ocsp.OCSPResponse,
    answer: ocsp.OCSPSingleResponse,
    certificate: x509.Certificate,
    issuer: x509.Certificate | None,
    now: datetime,
) -> OcspResponse:
    status: Status = "good" if answer.certificate_status is ocsp.OCSPCertStatus.GOOD else "unknown"
    status = "revoked" if answer.certificate_status is ocsp.OCSPCertStatus.REVOKED else status
    first, last = answer.this_update_utc, answer.next_update_utc
    end = last if last is not None else first + LONGEST_LIFE
    stale = not first - CLOCK_SKEW <= now <= end + CLOCK_SKEW
    mine = _is_for(answer, certificate, issuer)
    signed_by: Literal["issuer", "delegate"] | None = None
    detail: str | None = "the issuer's certificate is not known"
    valid: bool | None = None
    if issuer is not None and response.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS:
        detail = "it is signed with RSASSA-PSS, which is not checked here"
    elif issuer is not None:
        signed_by, detail = _signer(response, issuer, now)
        valid = signed_by is not None
    if stale:
        detail = (
            f"its time begins at {first:%Y-%m-%d %H:%M} UTC" if now < first else f"its time ended at {end:%Y-%m-%d %H:%M} UTC"
        )
    if mine is False:
        detail = "it is for another certificate"
    return OcspResponse(
        status=status,
        produced_at=response.produced_at_utc,
        this_update=first,
        next_update=last,
        age_s=int((now - first).total_seconds()),
        revoked_at=answer.revocation_time_utc,
        reason=answer.revocation_reason.value if answer.revocation_reason is not None else None,
        for_this_certificate=mine,
        signature_valid=valid,
        signed_by=signed_by,
        stale=stale,
        detail=detail,
    )


def _asked(certificate: x509.Certificate, issuer: x509.Certificate, hashed: hashes.HashAlgorithm) -> ocsp.OCSPRequest:
    return ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashed).build()


def _is_for(answer: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate | None) -> bool | None:
    """Whether the CertID (section 4.1.1) is this certificate's; None where only the serial number could be compared."""
    if answer.serial_number != certificate.serial_number:
        return False
    if issuer is None:
        return None
    own = _asked(certificate, issuer, answer.hash_algorithm)
    return (own.issuer_name_hash, own.issuer_key_hash) == (answer.issuer_name_hash, answer.issuer_key_hash)


def _signer(
    response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime
) -> tuple[Literal["issuer", "delegate"] | None, str | None]:
    """Who has signed it validly, and what is to be said of that."""
    hashed = response.signature_hash_algorithm
    if hashed is not None and hashed.name in BROKEN_HASHES:
        return None, f"it is signed over {hashed.name.upper()}, which proves nothing"
    if _verifies(response, issuer):
        return "issuer", None
    for delegate in response.certificates[:_MOST_CERTIFICATES]:
        if not _verifies(response, delegate):
            continue
        if why := _no_delegate(delegate, issuer, now):
            return None, why
        unrevoked = _extension(delegate, x509.OCSPNoCheck) is not None
        return "delegate", None if unrevoked else "the signer's own certificate may be revoked; that was not looked up"
    return None, "neither the issuer nor a delegate of it has signed it"


def _no_delegate(delegate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> str | None:
    """Why a certificate may not sign for the issuer: section 4.2.2.2 wants it issued by the issuer itself, for OCSPSigning."""
    try:
        delegate.verify_directly_issued_by(issuer)
    except (*UNREADABLE, InvalidSignature):
        return "its signer's certificate is not the issuer's"
    usage = _extension(delegate, x509.ExtendedKeyUsage)
    if not isinstance(usage, x509.ExtendedKeyUsage) or ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
        return "its signer's certificate is not for signing OCSP responses"
    if not delegate.not_valid_before_utc <= now <= delegate.not_valid_after_utc:
        return "its signer's certificate is not valid now"
    return None


def _extension(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> x509.ExtensionType | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except (*UNREADABLE, x509.ExtensionNotFound):
        return None


def _verifies(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    """Whether the signature is the signer's; one of a kind that cannot be checked is not."""
    signature, data, hashed = response.signature, response.tbs_response_bytes, response.signature_hash_algorithm
    try:
        key = signer.public_key()
        if isinstance(key, rsa.RSAPublicKey) and hashed is not None:
            key.verify(signature, data, padding.PKCS1v15(), hashed)
        elif isinstance(key, ec.EllipticCurvePublicKey) and hashed is not None:
            key.verify(signature, data, ec.ECDSA(hashed))
        elif isinstance(key, _PLAIN):
            key.verify(signature, data)
        else:
            return False
    except (*UNREADABLE, InvalidSignature):
        return False
    return True
