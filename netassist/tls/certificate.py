"""What certificate does a TLS server present, whom does it speak for, and is it trusted?"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

from netassist.network import Network
from netassist.observations import Endpoint, Failed, Failure, Report, Stopwatch
from netassist.tls.caa import Caa, caa
from netassist.tls.chain import Certificate, Reading, read
from netassist.tls.dane import Dane, Shown, base_domain, dane
from netassist.tls.handshake import Session, Unfinished, handshake
from netassist.tls.identity import matches
from netassist.tls.ocsp import OcspResponse, read_response
from netassist.tls.path import StricterVerdict, stricter, trust_note
from netassist.tls.problems import Problem, problems_of
from netassist.tls.published import Answer, Published, asking
from netassist.tls.revocation import Pair, Revocation, by_staple, look_up, pair_of
from netassist.tls.server import Server
from netassist.tls.trust import Anchors, Trust, anchors, judge_chain
from netassist.untrusted import as_text

_SUBMISSION = 587
_BROKEN_OFF = ("reset", "timeout")


class CertificateInfo(Report, frozen=True, kw_only=True, tag="netassist/certificate/1"):
    """The chain in the order sent, the server's own certificate first.

    `trusted` and `trust_error` are OpenSSL's verdict on the chain at this moment, whatever the host's name; `scts` counts those
    inside the certificate (RFC 6962, section 3.3); `days_left` is rounded down, negative after the end. `staple` is what the
    stapled response says, None where none came. `revocation` is asked for where the staple does not decide it, and within the
    scope only (`netassist.tls.revocation`); `dane` and `caa` are what the DNS says of the host's name, None where there is none
    to ask for. These have verdicts of their own: where a resolver does not answer, the report on the certificate is whole all the
    same. It is partial where those asked about revocation do not decide it. `stricter_verdict` is cryptography's on what OpenSSL
    trusts, `trust_note` a sentence where they differ. None is what could not be judged.
    """

    protocol: str | None = None
    chain: tuple[Certificate, ...] = ()
    trusted: bool | None = None
    trust_error: str | None = None
    stricter_verdict: StricterVerdict | None = None
    trust_note: str | None = None
    hostname_matches: bool | None = None
    days_left: int | None = None
    ocsp_staple: Literal["absent", "present", "unknown"] = "unknown"
    staple: OcspResponse | None = None
    revocation: Revocation | None = None
    scts: int | None = None
    must_staple: bool | None = None
    dane: Dane | None = None
    caa: Caa | None = None
    problems: tuple[Problem, ...] = ()


async def certificate_info(network: Network, host: str, port: int = 443, starttls: str | None = None) -> CertificateInfo:
    """One connection and one handshake, and what the DNS says beside; `starttls` names the protocol upgraded from plain text.

    The network's `ca_file` adds trust anchors. A server that then asks for a client certificate hides nothing.
    """
    try:
        server = Server(network, host, port, starttls)
    except Failed as failed:
        return CertificateInfo(
            target=Endpoint(host, port, starttls=starttls), status="failed", error=failed.failure, **Stopwatch().stamp()
        )
    async with asking(server) as records:
        report = await presented(server, records=records)
        if server.address is not None and report.error is not None and not report.chain and report.error.kind in _BROKEN_OFF:
            # What stands before some servers bears no hello as large as one with post-quantum key shares.
            server.bears_large_hellos = False
            shorter = await presented(server, records=records)
            report = shorter if shorter.chain else report
        return report


async def presented(
    server: Server,
    signatures: str | None = None,
    *,
    named: bool = True,
    records: Awaitable[Published | None] | None = None,
) -> CertificateInfo:
    """`certificate_info`, of the certificate that the server shows to clients that accept these signature schemes only.

    With `named` false to clients that do not say whom they look for (no SNI), of which nobody expects a certain name. `records`
    is what `asking` gives, one for all certificates of a server; without it the DNS is left out.
    """
    watch, network = Stopwatch(), server.network
    failure: Failure | None = None
    try:
        trusted = anchors(network.ca_file)
        async with server.connect() as stream:
            try:
                session = await handshake(
                    stream, server_name=server.server_name if named else None, groups=server.groups, signatures=signatures
                )
            except Unfinished as unfinished:
                session = unfinished.session
                failure = unfinished.failure if session.ocsp_staple is None else None
        seen = _seen(session, server.where, trusted)
        revocation = by_staple(seen.staple)
        if revocation.status == "unknown":
            revocation, unasked = await _asked_about(network, seen, revocation)
            failure = failure or unasked
        found = await records if records is not None else None
        return _report(seen, server, revocation, failure, watch, found, named=named)
    except Failed as failed:
        return CertificateInfo(target=server.target, status="failed", error=failed.failure, **watch.stamp())


def shown(server: Server, protocol: str, chain: tuple[bytes, ...], found: Published | None = None) -> CertificateInfo:
    """What a chain in DER says that was seen in a server's first flight; whether an OCSP response is stapled is unknown."""
    watch = Stopwatch()
    try:
        seen = _seen(Session(protocol, None, None, chain, None), server.where, anchors(server.network.ca_file))
        revocation = Revocation(status="unknown", checked_at=watch.started, detail="not looked up: seen in a first flight only")
        return _report(seen, server, revocation, None, watch, found)
    except Failed as failed:
        return CertificateInfo(target=server.target, status="failed", error=failed.failure, **watch.stamp())


class _Seen(NamedTuple):
    """What one session showed, and what follows from it alone; `cut` says what of the chain could not be read."""

    session: Session
    chain: tuple[Reading, ...]
    cut: Failure | None
    trust: Trust
    pair: Pair
    staple: OcspResponse | None


def _seen(session: Session, where: str, trusted: Anchors) -> _Seen:
    """Raises Failed as `_read`."""
    chain, cut = _read(session, where)
    readable = session.chain[: len(chain)]
    trust = judge_chain(readable, trusted)
    pair = pair_of(readable, trust)
    staple = session.ocsp_staple
    response = read_response(staple, pair.certificate, pair.issuer, datetime.now(UTC)) if staple else None
    return _Seen(session, chain, cut, trust, pair, response)


async def _asked_about(network: Network, seen: _Seen, undecided: Revocation) -> tuple[Revocation, Failure | None]:
    """The look-up that the staple did not spare; where it does not decide either, both reasons."""
    found, failure = await look_up(network, seen.pair)
    if found.status == "unknown" and seen.staple is not None:
        found = msgspec.structs.replace(found, detail=f"{undecided.detail}; {found.detail}")
    return found, failure


def _report(
    seen: _Seen,
    server: Server,
    revocation: Revocation,
    failure: Failure | None,
    watch: Stopwatch,
    found: Published | None,
    *,
    named: bool = True,
) -> CertificateInfo:
    now, leaf, failure = datetime.now(UTC), seen.chain[0], seen.cut or failure
    fits = matches(server.host, leaf.names.dns, leaf.names.ip) if leaf.names is not None and named else None
    staple, revoked = seen.session.ocsp_staple, revocation.status == "revoked"
    own_anchors = server.network.ca_file is not None
    opinion = stricter(seen.trust, server.host, leaf.names, fits)
    return CertificateInfo(
        target=server.target if named else msgspec.structs.replace(server.target, server_name=None),
        status="partial" if failure else "ok",
        error=failure,
        protocol=seen.session.protocol,
        chain=tuple(held.shown for held in seen.chain),
        trusted=seen.trust.trusted,
        trust_error=seen.trust.error,
        stricter_verdict=opinion,
        trust_note=trust_note(opinion),
        hostname_matches=fits,
        days_left=(leaf.shown.not_after - now).days,
        ocsp_staple="unknown" if staple is None else "present" if staple else "absent",
        staple=seen.staple,
        revocation=revocation,
        scts=leaf.scts,
        must_staple=leaf.must_staple,
        dane=_dane(seen, server, found.tlsa, fits) if found else None,
        caa=caa(found.caa) if found else None,
        problems=problems_of(seen.chain, seen.trust, fits, staple, now, own_anchors=own_anchors, revoked=revoked),
        **watch.stamp(),
    )


def _dane(seen: _Seen, server: Server, answer: Answer, fits: bool | None) -> Dane:
    names = seen.chain[0].names
    if names is not None and not fits:
        fits = matches(base_domain(answer), names.dns, names.ip)
    # From other servers, that is; what people's programs hand their mail in at is another port (RFC 6409).
    mail = server.starttls == "smtp" and server.port != _SUBMISSION
    return dane(answer, Shown(seen.session.chain[: len(seen.chain)], seen.trust, fits, mail))


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
