"""Certificates made on the spot: an authority of the lab, and leaves that are good or have one known fault."""

from __future__ import annotations

import datetime
import ipaddress
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from OpenSSL import crypto

DAY = datetime.timedelta(days=1)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | mldsa.MLDSA65PrivateKey
KeyKind = Literal["ec", "rsa", "rsa1024", "ed25519", "mldsa65"]
Fault = Literal["good", "expired", "not_yet_valid", "wrong_host", "self_signed"]


class Identity(NamedTuple):
    """A certificate, its private key, and what a server sends after the certificate."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode("ascii")

    def anchor(self, folder: Path) -> Path:
        """The certificate as a file of trust anchors in `folder`."""
        file = folder / f"{self.certificate.serial_number:x}.pem"
        file.write_text(self.pem)
        return file


def new_key(kind: KeyKind = "ec") -> Key:
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "mldsa65":
        return mldsa.MLDSA65PrivateKey.generate()
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 1024 if kind == "rsa1024" else 2048)


def openssl_key(key: Key) -> crypto.PKey:
    """The key as pyOpenSSL holds it, which takes those of ML-DSA only as PEM."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return crypto.load_privatekey(crypto.FILETYPE_PEM, pem)


def digest_of(key: Key) -> hashes.SHA256 | None:
    """What a signature with this key is made over; None where the algorithm has a hash of its own."""
    return hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) else None


SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
    key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
)  # fmt: skip


def authority(name: str = "Lab Root", issuer: Identity | None = None, key: KeyKind = "ec") -> Identity:
    """A root, or with `issuer` an intermediate; what a leaf of it sends along is in its own `chain`."""
    made = issue(name, issuer, key=key, days=3650, ca=True, extensions=[SIGNS_CERTIFICATES])
    return made._replace(chain=(made.certificate, *issuer.chain) if issuer is not None else ())


def leaf(
    issuer: Identity,
    fault: Fault = "good",
    *,
    dns: Sequence[str] = ("localhost",),
    ips: Sequence[str] = ("127.0.0.1",),
    key: KeyKind = "ec",
) -> Identity:
    """A server's certificate for 90 days and the given names, with at most one fault."""
    if fault == "self_signed":
        return issue((*dns, "lab")[0], None, dns=dns, ips=ips, key=key)
    if fault == "wrong_host":
        dns, ips = ("other.test",), ()
    first = {"expired": -120.0, "not_yet_valid": 3.0}.get(fault, -1.0)
    return issue((*dns, "lab")[0], issuer, dns=dns, ips=ips, key=key, first=first)


def issue(
    name: str | x509.Name,
    issuer: Identity | None,
    *,
    dns: Sequence[str] = (),
    ips: Sequence[str] = (),
    key: KeyKind | Key = "ec",
    first: float = -1.0,
    days: float = 90.0,
    ca: bool = False,
    extensions: Sequence[x509.ExtensionType] = (),
    usage: x509.ExtendedKeyUsage | None = None,
) -> Identity:
    """A certificate valid from `first` days from now for `days` days; self-signed where `issuer` is None."""
    own = new_key(key) if isinstance(key, str) else key
    subject = name if isinstance(name, x509.Name) else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer.key if issuer is not None else own
    begin = datetime.datetime.now(datetime.UTC).replace(microsecond=0) + first * DAY
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer is not None else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + days * DAY)
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    names = [*map(x509.DNSName, dns), *(x509.IPAddress(ipaddress.ip_address(ip)) for ip in ips)]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if not ca:
        usage = usage or x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(usage, critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return Identity(builder.sign(signer, digest_of(signer)), own, issuer.chain if issuer is not None else ())


def resigned(identity: Identity, issuer: Identity, digest: Literal["sha1", "md5"]) -> Identity:
    """The same certificate signed over a broken hash, which cryptography refuses and OpenSSL still does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        held = crypto.X509.from_cryptography(identity.certificate)
        held.sign(openssl_key(issuer.key), digest)
    return identity._replace(certificate=held.to_cryptography())
