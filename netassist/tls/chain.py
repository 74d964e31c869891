"""Certificates read out of DER: what a report shows of each, and the few facts that only judging needs."""

from __future__ import annotations

import contextlib
import hashlib
import warnings
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Literal, NamedTuple

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, PublicKeyAlgorithmOID
from OpenSSL import crypto

from netassist.tls.keys import KeyProblem, RsaKey, problems_of_key, rsa_key
from netassist.untrusted import as_text, left_out

KeyType = Literal["RSA", "EC", "Ed25519", "Ed448", "ML-DSA", "DSA"]
_NAME_LIMIT = 1000
_DNS_LIMIT = 255
_SLH_DSA_SIZES = ("128s", "128f", "192s", "192f", "256s", "256f")
_SLH_DSA_NAMES = [f"SLH-DSA-{hashed}-{size}" for hashed in ("SHA2", "SHAKE") for size in _SLH_DSA_SIZES]
_SLH_DSA = {f"2.16.840.1.101.3.4.3.{number}": name for number, name in enumerate(_SLH_DSA_NAMES, 20)}
"""FIPS 205's parameter sets by their OIDs (NIST Computer Security Objects Register, id-slh-dsa-…)."""


class San(msgspec.Struct, frozen=True):
    """The subject alternative names that name hosts (RFC 5280, section 4.2.1.6)."""

    dns: tuple[str, ...] = ()
    ip: tuple[str, ...] = ()


class PublicKey(msgspec.Struct, frozen=True):
    """`type` is None for a kind that cannot be read; `curve` is SECG's name, ``secp256r1``; `parameter_set` FIPS 204's or 205's.

    `exponent` is RSA's, None where it is beyond 32 bits. `problems` are what was found of how an RSA key was made
    (`netassist.tls.keys`), None where the key could not be looked at.
    """

    type: KeyType | None
    bits: int | None = None
    curve: str | None = None
    parameter_set: str | None = None
    exponent: int | None = None
    problems: tuple[KeyProblem, ...] | None = ()


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate. `serial` and `fingerprint_sha256` are lower-case hex; names are RFC 4514 strings.

    `san` and `is_ca` are None where the extensions cannot be read. `left_out` counts the characters of its names that a terminal
    would act on, or that nobody would see, and that are therefore not in them.
    """

    subject: str
    issuer: str
    serial: str
    not_before: datetime
    not_after: datetime
    san: San | None
    key: PublicKey
    signature_algorithm: str
    is_ca: bool | None
    fingerprint_sha256: str
    pem: str
    left_out: int = 0


class Reading(NamedTuple):
    """A certificate and what only judging needs of it; None where the extensions cannot be read.

    `digest` is the hash that it was signed over (``sha256``), None where the algorithm has none of its own to choose.
    `names` are the SANs as they stand in the certificate, hostile ones included. `subject` and `issuer` are DER.
    `issuer_published`: it says where its issuer's certificate can be fetched, as every public authority's does.
    """

    shown: Certificate
    subject: bytes
    issuer: bytes
    digest: str | None
    names: San | None
    must_staple: bool | None
    scts: int | None
    issuer_published: bool | None


class _Extensions(NamedTuple):
    names: San | None = None
    is_ca: bool | None = None
    must_staple: bool | None = None
    scts: int | None = None
    issuer_published: bool | None = None


def read(der: bytes) -> Reading:
    """Read one certificate.

    Raises:
        ValueError: it is too malformed to tell its names, dates and serial number.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is odd about other people's certificates is no message for stderr
        try:
            certificate = x509.load_der_x509_certificate(der)
            held = crypto.load_certificate(crypto.FILETYPE_ASN1, der)
        except (x509.InvalidVersion, crypto.Error) as error:
            raise ValueError(str(error)) from None
        extensions = _extensions(certificate)
        names = extensions.names
        subject_name = _name(lambda: certificate.subject, held.get_subject())
        issuer_name = _name(lambda: certificate.issuer, held.get_issuer())
        shown = Certificate(
            subject=as_text(subject_name, _NAME_LIMIT),
            issuer=as_text(issuer_name, _NAME_LIMIT),
            serial=f"{certificate.serial_number:x}",
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            san=San(tuple(as_text(name, _DNS_LIMIT) for name in names.dns), names.ip) if names is not None else None,
            key=_key(certificate, held),
            signature_algorithm=_signature_algorithm(certificate, held),
            is_ca=extensions.is_ca,
            fingerprint_sha256=hashlib.sha256(der).hexdigest(),
            pem=certificate.public_bytes(Encoding.PEM).decode("ascii"),
            left_out=sum(left_out(name[:_NAME_LIMIT]) for name in (subject_name, issuer_name, *(names.dns if names else ()))),
        )
        subject, issuer = held.get_subject().der(), held.get_issuer().der()
        digest = _digest(certificate)
    return Reading(shown, subject, issuer, digest, names, extensions.must_staple, extensions.scts, extensions.issuer_published)


def in_order(chain: tuple[Reading, ...]) -> bool:
    """Whether each certificate is issued by the next one, with none beside the path (RFC 8446, section 4.4.2)."""
    return all(lower.issuer == upper.subject for lower, upper in pairwise(chain)) and (
        len({held.shown.fingerprint_sha256 for held in chain}) == len(chain)
    )


def _extensions(certificate: x509.Certificate) -> _Extensions:
    try:
        found = {extension.oid: extension.value for extension in certificate.extensions}
    except (ValueError, KeyError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        # cryptography's KeyError is an unknown TLS feature, its TypeError a name of the wrong kind.
        return _Extensions()
    alternative = found.get(x509.SubjectAlternativeName.oid)
    basic = found.get(x509.BasicConstraints.oid)
    feature = found.get(x509.TLSFeature.oid)
    timestamps = found.get(x509.PrecertificateSignedCertificateTimestamps.oid)
    access = found.get(x509.AuthorityInformationAccess.oid)
    names = San()
    if isinstance(alternative, x509.SubjectAlternativeName):
        ips = alternative.get_values_for_type(x509.IPAddress)
        names = San(tuple(alternative.get_values_for_type(x509.DNSName)), tuple(map(str, ips)))
    return _Extensions(
        names=names,
        is_ca=isinstance(basic, x509.BasicConstraints) and basic.ca,
        must_staple=isinstance(feature, x509.TLSFeature) and x509.TLSFeatureType.status_request in feature,
        scts=len(timestamps) if isinstance(timestamps, x509.PrecertificateSignedCertificateTimestamps) else 0,
        issuer_published=isinstance(access, x509.AuthorityInformationAccess)
        and any(held.access_method == AuthorityInformationAccessOID.CA_ISSUERS for held in access),
    )


def _key(certificate: x509.Certificate, held: crypto.X509) -> PublicKey:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return _refused_key(certificate, held)
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return _rsa(RsaKey(numbers.n, numbers.e))
    if isinstance(key, ec.EllipticCurvePublicKey):
        return PublicKey("EC", key.key_size, key.curve.name)
    if isinstance(key, dsa.DSAPublicKey):
        return PublicKey("DSA", key.key_size)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return PublicKey("Ed25519", 256)
    if isinstance(key, ed448.Ed448PublicKey):
        return PublicKey("Ed448", 456)
    for kind, name in ((mldsa.MLDSA44PublicKey, "44"), (mldsa.MLDSA65PublicKey, "65"), (mldsa.MLDSA87PublicKey, "87")):
        if isinstance(key, kind):
            return PublicKey("ML-DSA", parameter_set=f"ML-DSA-{name}")
    return PublicKey(None, problems=None)


def _rsa(key: RsaKey) -> PublicKey:
    exponent = key.exponent if 0 <= key.exponent < 1 << 32 else None
    return PublicKey("RSA", key.modulus.bit_length(), exponent=exponent, problems=problems_of_key(key))


def _refused_key(certificate: x509.Certificate, held: crypto.X509) -> PublicKey:
    """A key that cryptography does not take: RSA with an exponent that no key may have, or of an algorithm that it lacks."""
    algorithm = certificate.public_key_algorithm_oid
    if algorithm == PublicKeyAlgorithmOID.RSAES_PKCS1_v1_5:
        with contextlib.suppress(crypto.Error, ValueError):
            return _rsa(rsa_key(crypto.dump_publickey(crypto.FILETYPE_ASN1, held.get_pubkey())))
    return PublicKey(None, parameter_set=_SLH_DSA.get(algorithm.dotted_string), problems=None)


def _digest(certificate: x509.Certificate) -> str | None:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None
    return algorithm.name if algorithm is not None else None


def _name(parsed: Callable[[], x509.Name], held: crypto.X509Name) -> str:
    """RFC 4514 as cryptography writes it; of a name that it refuses to parse, what OpenSSL makes of it."""
    try:
        text = parsed().rfc4514_string()
    except (ValueError, TypeError):
        text = ",".join(
            f"{kind.decode('ascii', 'replace')}={value.decode('utf-8', 'replace')}" for kind, value in held.get_components()
        )
    return text


def _signature_algorithm(certificate: x509.Certificate, held: crypto.X509) -> str:
    """OpenSSL's name, the OID where it has none."""
    try:
        return held.get_signature_algorithm().decode("ascii")
    except ValueError:
        return certificate.signature_algorithm_oid.dotted_string
