"""What certificate does a TLS server present, whom does it speak for, and is it trusted?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from OpenSSL.crypto import X509Store

from netassist.network import Network, host_port
from netassist.observations import Endpoint, Failed, Failure, Report, Stopwatch
from netassist.tls.chain import Certificate, Reading, read
from netassist.tls.handshake import Session, Unfinished, handshake
from netassist.tls.identity import matches
from netassist.tls.problems import Problem, problems_of
from netassist.tls.server import Server
from netassist.tls.trust import anchors, judge_chain
from netassist.untrusted import as_text


class CertificateInfo(Report, frozen=True, kw_only=True, tag="netassist/certificate/1"):
    """The chain in the order sent, the server's own certificate first.

    `trusted` and `trust_error` are OpenSSL's verdict on the chain at this moment, whatever the host's name; `scts` counts those
    inside the certificate (RFC 6962, section 3.3); `days_left` is rounded down, negative after the end. Revocation is not
    looked up, so `revoked` is never among the problems. None is what could not be judged.
    """

    protocol: str | None = None
    chain: tuple[Certificate, ...] = ()
    trusted: bool | None = None
    trust_error: str | None = None
    hostname_matches: bool | None = None
    days_left: int | None = None
    ocsp_staple: Literal["absent", "present", "unknown"] = "unknown"
    scts: int | None = None
    must_staple: bool | None = None
    problems: tuple[Problem, ...] = ()


async def certificate_info(network: Network, host: str, port: int = 443, starttls: str | None = None) -> CertificateInfo:
    """One connection and one handshake; `starttls` names the protocol that is upgraded from plain text first.

    The network's `ca_file` adds trust anchors. A server that then asks for a client certificate hides nothing.
    """
    try:
        server = Server(network, host, port, starttls)
    except Failed as failed:
        return CertificateInfo(
            target=Endpoint(host, port, starttls=starttls), status="failed", error=failed.failure, **Stopwatch().stamp()
        )
    return await presented(server)


async def presented(server: Server, signatures: str | None = None) -> CertificateInfo:
    """`certificate_info`, of the certificate that the server shows to clients that accept these signature schemes only."""
    watch, network = Stopwatch(), server.network
    failure: Failure | None = None
    try:
        store = anchors(network.ca_file)
        async with server.connect() as stream:
            try:
                session = await handshake(stream, server_name=server.server_name, signatures=signatures)
            except Unfinished as unfinished:
                session = unfinished.session
                failure = unfinished.failure if session.ocsp_staple is None else None
        return _examined(network, server.target, session, failure, store, watch)
    except Failed as failed:
        return CertificateInfo(target=server.target, status="failed", error=failed.failure, **watch.stamp())


def shown(server: Server, protocol: str, chain: tuple[bytes, ...]) -> CertificateInfo:
    """What a chain in DER says that was seen in a server's first flight; whether an OCSP response is stapled is unknown."""
    watch, network, target = Stopwatch(), server.network, server.target
    session = Session(protocol, None, None, chain, None)
    try:
        return _examined(network, target, session, None, anchors(network.ca_file), watch)
    except Failed as failed:
        return CertificateInfo(target=target, status="failed", error=failed.failure, **watch.stamp())


def _examined(
    network: Network, target: Endpoint, session: Session, failure: Failure | None, store: X509Store, watch: Stopwatch
) -> CertificateInfo:
    chain, cut = _read(session, host_port(target.host, target.port or 443))
    trust = judge_chain(session.chain, store)
    now, leaf, failure = datetime.now(UTC), chain[0], failure or cut
    fits = matches(target.host, leaf.names.dns, leaf.names.ip) if leaf.names is not None else None
    staple = session.ocsp_staple
    return CertificateInfo(
        target=target,
        status="partial" if failure else "ok",
        error=failure,
        protocol=session.protocol,
        chain=tuple(held.shown for held in chain),
        trusted=trust.trusted,
        trust_error=trust.error,
        hostname_matches=fits,
        days_left=(leaf.shown.not_after - now).days,
        ocsp_staple="unknown" if staple is None else "present" if staple else "absent",
        scts=leaf.scts,
        must_staple=leaf.must_staple,
        problems=problems_of(chain, trust, fits, staple, now, own_anchors=network.ca_file is not None),
        **watch.stamp(),
    )


def _read(session: Session, where: str) -> tuple[tuple[Reading, ...], Failure | None]:
    """The chain, and what of it could not be read.

    Raises:
        Failed: `protocol`, where there is no certificate, or the server's own is malformed.
    """
    if not session.chain:
        raise Failed("protocol", f"{where}: completed a TLS handshake without showing a certificate")
    chain: list[Reading] = []
    failure: Failure | None = None
    for place, der in enumerate(session.chain):
        try:
            chain.append(read(der))
        except ValueError as error:
            message = f"{where}: certificate {place + 1} of {len(session.chain)} is malformed ({as_text(str(error), 100)})"
            failure = Failure("protocol", message)
            if place == 0:
                raise Failed("protocol", message) from None
            break
    if failure is None and any(held.names is None for held in chain):
        failure = Failure("protocol", f"{where}: the extensions of a certificate are malformed; its names are not known")
    return tuple(chain), failure
