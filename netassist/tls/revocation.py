"""Is a certificate revoked? By the stapled OCSP response, else by asking the OCSP responder, else by the CRL.

Who is asked is written in the certificate, by its authority and not by the user. So nobody is asked about a chain that is not
trusted, nor by anything but plain HTTP (the answers are signed), nor outside the scope; with `Network.revocation` also hosts
outside it, at public addresses and port 80 only, so that no certificate aims this machine at its own network.
"""

from __future__ import annotations

import base64
import contextlib
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from urllib.parse import quote

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import AuthorityInformationAccessOID

from netassist.network import Network
from netassist.observations import Failed, Failure
from netassist.targets import Url, host_port, parse_url
from netassist.tls.crl import Listed, look_in
from netassist.tls.ocsp import MOST_OCSP_BYTES, UNREADABLE, OcspResponse, read_response, request
from netassist.tls.trust import Trust
from netassist.untrusted import as_text

MOST_CRL_BYTES = 20_000_000
OCSP_SECONDS, CRL_SECONDS = 5.0, 15.0
_MOST_PLACES = 2
_MOST_ISSUERS = 10
_PORT = 80
_URL_LIMIT, _DETAIL_LIMIT = 2000, 1000

Method = Literal["staple", "ocsp", "crl"]


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """`good` and `revoked` rest on an answer that is validly signed and of this time, by `method`; else `detail` says why not.

    `reason` is the authority's (RFC 5280, section 5.3.1).
    """

    status: Literal["good", "revoked", "unknown"]
    checked_at: datetime
    method: Method | None = None
    detail: str | None = None
    revoked_at: datetime | None = None
    reason: str | None = None


class Pair(NamedTuple):
    """The server's certificate and its issuer's, as cryptography reads them; `verified` where their path is trusted."""

    certificate: x509.Certificate
    issuer: x509.Certificate | None
    verified: bool


def pair_of(chain: Sequence[bytes], trust: Trust) -> Pair:
    """The leaf of a chain in DER, and who issued it: by the path that was verified, or else among what was sent.

    Raises:
        ValueError: the leaf is malformed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in `netassist.tls.chain.read`
        return _paired(chain, trust)


def _paired(chain: Sequence[bytes], trust: Trust) -> Pair:
    leaf = x509.load_der_x509_certificate(chain[0])
    for der in trust.path[1:2] if trust.trusted else chain[1 : 1 + _MOST_ISSUERS]:
        with contextlib.suppress(*UNREADABLE, InvalidSignature):
            issuer = x509.load_der_x509_certificate(der)
            if not trust.trusted:  # else OpenSSL has verified it
                leaf.verify_directly_issued_by(issuer)
            return Pair(leaf, issuer, trust.trusted)
    return Pair(leaf, None, trust.trusted)


def by_staple(staple: OcspResponse | None) -> Revocation:
    """What the stapled response decides, if it does."""
    now = datetime.now(UTC)
    if staple is None:
        return Revocation(status="unknown", checked_at=now, detail="no OCSP response is stapled")
    if not staple.counts or staple.status in ("unknown", "invalid"):
        why = staple.detail or "its responder does not know the certificate"
        return Revocation(status="unknown", checked_at=now, detail=f"the OCSP staple decides nothing: {why}")
    return _by_ocsp("staple", staple, now)


async def look_up(network: Network, pair: Pair) -> tuple[Revocation, Failure | None]:
    """Ask the responders, then the CRLs, until one answer counts; a failure where they were asked and none did."""
    places = _places(pair.certificate)
    if not pair.verified:
        why = "the chain is not trusted, so that anybody may have written whom to ask"
    elif pair.issuer is None:
        why = "it is trusted by itself, without an issuer"
    elif not places:
        why = "it names neither an OCSP responder nor a CRL that is reached by HTTP"
    else:
        return await _by_asking(network, pair.certificate, pair.issuer, places)
    return Revocation(status="unknown", checked_at=datetime.now(UTC), detail=f"not looked up: {why}"), None


async def _by_asking(
    network: Network, certificate: x509.Certificate, issuer: x509.Certificate, places: Sequence[tuple[Method, Sequence[str]]]
) -> tuple[Revocation, Failure | None]:
    outside: dict[str, None] = {}
    failures: list[Failure] = []
    for method, urls in places:
        for text in urls[:_MOST_PLACES]:
            try:
                decided = await _asked(network, method, text, urls, certificate, issuer)
            except Failed as failed:
                if failed.failure.kind == "out_of_scope":
                    outside.setdefault(failed.failure.message)
                else:
                    failures.append(failed.failure)
            else:
                return decided, None
    reasons = [held.message for held in failures] + [f"not looked up: {why}" for why in outside]
    detail = as_text("; ".join(reasons), _DETAIL_LIMIT)
    revocation = Revocation(status="unknown", checked_at=datetime.now(UTC), detail=detail)
    return revocation, Failure(failures[-1].kind, f"revocation: {detail}") if failures else None


def _places(certificate: x509.Certificate) -> list[tuple[Method, list[str]]]:
    """The URLs of plain HTTP to ask, by method, OCSP first (RFC 5280, sections 4.2.2.1 and 4.2.1.13)."""
    try:
        extensions = {extension.oid: extension.value for extension in certificate.extensions}
    except UNREADABLE:
        return []
    responders, lists = list[x509.GeneralName](), list[x509.GeneralName]()
    if isinstance(access := extensions.get(x509.AuthorityInformationAccess.oid), x509.AuthorityInformationAccess):
        responders += [held.access_location for held in access if held.access_method == AuthorityInformationAccessOID.OCSP]
    if isinstance(points := extensions.get(x509.CRLDistributionPoints.oid), x509.CRLDistributionPoints):
        # One that is another issuer's, or for some reasons only, does not tell that a certificate is good.
        whole = [point for point in points if point.crl_issuer is None and point.reasons is None]
        lists += [name for point in whole for name in point.full_name or ()]
    found: list[tuple[Method, list[str]]] = [("ocsp", _http(responders)), ("crl", _http(lists))]
    return [(method, urls) for method, urls in found if urls]


def _http(names: Sequence[x509.GeneralName]) -> list[str]:
    urls = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    return [url for url in urls if url.lower().startswith("http://") and len(url) <= _URL_LIMIT]


async def _asked(
    network: Network, method: Method, text: str, urls: Sequence[str], certificate: x509.Certificate, issuer: x509.Certificate
) -> Revocation:
    """What one place answers.

    Raises:
        Failed: `out_of_scope` where it may not be asked; else of any kind where its answer does not decide.
    """
    try:
        url = parse_url(text)
    except ValueError as error:
        raise Failed("protocol", f"the certificate says where to ask: {as_text(str(error), 200)}") from None
    where = f"{method.upper()} from {host_port(url.host.text, url.port)}"
    if method == "crl":
        raw = await _fetched(network, url, where, MOST_CRL_BYTES, CRL_SECONDS)
        now = datetime.now(UTC)
        listed = look_in(raw, certificate, issuer, now, urls)
        if listed.status == "unknown":
            raise Failed("protocol", f"{where}: {listed.detail}")
        return _by_crl(listed, now)
    asked = quote(base64.b64encode(request(certificate, issuer)), safe="")
    url = msgspec.structs.replace(url, path=f"{url.path.rstrip('/')}/{asked}")  # GET, RFC 6960, section A.1
    raw = await _fetched(network, url, where, MOST_OCSP_BYTES, OCSP_SECONDS)
    now = datetime.now(UTC)
    answer = read_response(raw, certificate, issuer, now)
    if not answer.counts or answer.status in ("unknown", "invalid"):
        raise Failed("protocol", f"{where}: {answer.detail or 'it does not know the certificate'}")
    return _by_ocsp("ocsp", answer, now)


async def _fetched(network: Network, url: Url, where: str, most: int, seconds: float) -> bytes:
    """The body at `url`, of at most `most` bytes and within `seconds`; redirects are not followed."""
    from netassist.probes.http_exchange import get

    scope = network.scope
    try:
        scope.check_host(url.host.text)
    except Failed:
        if not network.revocation:
            raise
        scope = scope.learning(url.host.text)
        scope.check_host(url.host.text)
        if url.port != _PORT:
            place = host_port(url.host.text, url.port)
            raise Failed("out_of_scope", f"{place}: not named in the request, and not the port of HTTP") from None
    with network.beside(scope, seconds) as own:
        own.timeout = min(seconds, 3 * network.timeout)  # responders are slow
        answer = await network.within(get(own, url, limit=most + 1), where, seconds)
    if answer.cut is not None:
        raise answer.cut
    if answer.status_code != 200:
        raise Failed("protocol", f"{where}: answers with the status {answer.status_code}")
    if len(answer.body) > most:
        raise Failed("protocol", f"{where}: more than {most} bytes")
    return answer.body


def _by_ocsp(method: Method, answer: OcspResponse, now: datetime) -> Revocation:
    return Revocation(
        status="revoked" if answer.status == "revoked" else "good",
        checked_at=now,
        method=method,
        detail=answer.detail,
        revoked_at=answer.revoked_at,
        reason=answer.reason,
    )


def _by_crl(listed: Listed, now: datetime) -> Revocation:
    status: Literal["good", "revoked"] = "revoked" if listed.status == "revoked" else "good"
    return Revocation(status=status, checked_at=now, method="crl", revoked_at=listed.revoked_at, reason=listed.reason)
