"""What an authority publishes of its certificates: OCSP responses and CRLs, right or with one known fault, over HTTP."""

from __future__ import annotations

import base64
import contextlib
import datetime
import http.server
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.lab.pki import DAY, Identity, digest_of

Status = Literal["good", "revoked", "unknown"]
_STATUSES = {"good": ocsp.OCSPCertStatus.GOOD, "revoked": ocsp.OCSPCertStatus.REVOKED, "unknown": ocsp.OCSPCertStatus.UNKNOWN}
# RFC 8017, section A.2.4
_SHA256_WITH_RSA, _SHA1_WITH_RSA = bytes.fromhex("06092a864886f70d01010b"), bytes.fromhex("06092a864886f70d010105")
HOUR = datetime.timedelta(hours=1)
REVOKED_AT = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def response(
    certificate: x509.Certificate,
    issuer: Identity,
    status: Status = "good",
    *,
    signer: Identity | None = None,
    certificates: Sequence[x509.Certificate] = (),
    first: datetime.timedelta = -HOUR,
    last: datetime.timedelta | None = DAY,
) -> bytes:
    """An OCSP response in DER.

    Args:
        signer: who signs it, the issuer where None.
        certificates: sent along, for a delegate.
        first: when its time begins, from now; `last` when it ends, and None where that is not said.
    """
    by, revoked = signer or issuer, status == "revoked"
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=certificate,
        issuer=issuer.certificate,
        algorithm=hashes.SHA1(),
        cert_status=_STATUSES[status],
        this_update=now() + first,
        next_update=now() + last if last is not None else None,
        revocation_time=REVOKED_AT if revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, by.certificate)
    if certificates:
        builder = builder.certificates(certificates)
    return builder.sign(by.key, digest_of(by.key)).public_bytes(Encoding.DER)


def signed_over_sha1(der: bytes, key: rsa.RSAPrivateKey) -> bytes:
    """The same response or CRL with a valid RSA signature over SHA-1, which cryptography no longer makes."""
    try:
        response = ocsp.load_der_ocsp_response(der)
        signed, old = response.tbs_response_bytes, response.signature
    except ValueError:
        listed = x509.load_der_x509_crl(der)
        # The algorithm stands in what is signed, too.
        signed, old = listed.tbs_certlist_bytes.replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA), listed.signature
    signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA1())
    return der.replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA).replace(old, signature)


def crl(
    issuer: Identity,
    *revoked: x509.Certificate,
    signer: Identity | None = None,
    first: datetime.timedelta = -HOUR,
    last: datetime.timedelta = DAY,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """A CRL in DER of these certificates; `extensions` with whether each is critical."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now() + first)
        .next_update(now() + last)
    )
    for certificate in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(REVOKED_AT)
        entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    by = signer or issuer
    return builder.sign(by.key, digest_of(by.key)).public_bytes(Encoding.DER)


def published(*, ocsp_at: Sequence[str] = (), crl_at: Sequence[str] = ()) -> list[x509.ExtensionType]:
    """The extensions by which a certificate says where these are."""
    found: list[x509.ExtensionType] = []
    if ocsp_at:
        names = [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(at)) for at in ocsp_at]
        found.append(x509.AuthorityInformationAccess(names))
    if crl_at:
        points = [x509.DistributionPoint([x509.UniformResourceIdentifier(at)], None, None, None) for at in crl_at]
        found.append(x509.CRLDistributionPoints(points))
    return found


class Publisher(NamedTuple):
    """`asked` are the requests that came: ``ocsp`` with the serial number, or the path."""

    port: int
    asked: list[str]
    answers: dict[str, Callable[[], bytes]]


@contextlib.contextmanager
def publisher() -> Iterator[Publisher]:
    """Answers by `answers`, which a test fills: ``/ocsp`` with whatever it makes, and any other path likewise; else 404."""
    asked: list[str] = []
    answers: dict[str, Callable[[], bytes]] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path
            if path.startswith("/ocsp/"):
                wanted = ocsp.load_der_ocsp_request(base64.b64decode(unquote(path.removeprefix("/ocsp/")), validate=True))
                path = "/ocsp"
                asked.append(f"ocsp {wanted.serial_number}")
            else:
                asked.append(path)
            body = answers[path]() if path in answers else b""
            self.send_response_only(200 if path in answers else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing on stderr."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield Publisher(int(server.server_address[1]), asked, answers)
        finally:
            server.shutdown()
            thread.join()
