"""Does a mail server answer, what does it offer, does STARTTLS work, and what does its domain publish about its mail?"""

from __future__ import annotations

import asyncio
from datetime import datetime

import msgspec

from netassist.network import Network, Progress
from netassist.observations import Endpoint, Failed, Failure, Report, Status, Stopwatch
from netassist.probes.smtp_domain import Exchangers, MailDomain, ascii_host, exchangers, failure_of, published
from netassist.probes.smtp_session import Greeted, Inside, in_plain_text, inside_tls
from netassist.tls.certificate import CertificateInfo, certificate_info
from netassist.tls.problems import Problem
from netassist.tls.server import Server

TLS_FIRST = 465
"""The port where TLS comes before the greeting (RFC 8314, section 3.3)."""
_STANDARD = 25
REFUSALS = frozenset({"protocol", "reset"})
"""Kinds of failure that tell that a TLS handshake does not work, and not that it could not be tried."""


class MailCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """The server's certificate in short, as `certificate_info` judges it; None is what could not be judged."""

    subject: str
    issuer: str
    not_after: datetime
    days_left: int | None = None
    trusted: bool | None = None
    trust_error: str | None = None
    hostname_matches: bool | None = None
    problems: tuple[Problem, ...] = ()
    dane: str | None = None


class MailTls(msgspec.Struct, frozen=True, kw_only=True):
    """One whole handshake: what it agreed on, and what the server offers inside.

    `extensions` and `auth` are None where the server did not answer inside TLS; `error` says why what is missing is missing.
    """

    version: str | None = None
    cipher: str | None = None
    group: str | None = None
    extensions: tuple[str, ...] | None = None
    auth: tuple[str, ...] | None = None
    certificate: MailCertificate | None = None
    error: Failure | None = None


class MailServer(msgspec.Struct, frozen=True, kw_only=True):
    """`extensions` and `auth` (mechanisms) are those in plain text; None on a port where TLS comes first, `starttls` too."""

    greeting: str
    tls_first: bool = False
    extensions: tuple[str, ...] | None = None
    auth: tuple[str, ...] | None = None
    starttls: bool | None = None
    tls: MailTls | None = None


class Mail(Report, frozen=True, kw_only=True, tag="netassist/mail/1"):
    """`target` is the server that was greeted: the first mail server (MX) of a domain that was named too, else the host itself.

    `server` is None where none could be greeted. `domain` is what the domain publishes whose mail the host takes, None where
    there is none to ask for, such as for an address.
    """

    server: MailServer | None = None
    domain: MailDomain | None = None


async def smtp_check(network: Network, host: str, port: int = _STANDARD) -> Mail:
    """Greet a mail server, in plain text and inside TLS, and look up what its domain publishes. No mail is sent."""
    watch = Stopwatch()
    target, found, unknown = Endpoint(host, port), None, None
    try:
        name = ascii_host(host)
        network.scope.check_host(host)
    except Failed as failed:
        return Mail(target=target, status="failed", error=failed.failure, **watch.stamp())
    network.progress(Progress(f"mail of {host}: asking the resolver"))
    try:
        found = await exchangers(network, name)
    except Failed as failed:
        unknown = failed.failure
    target = Endpoint(_greeted_host(network, host, found), port)
    if found is not None and not found.takes_mail:
        domain = await published(network, found)
        error = failure_of(domain)
        return Mail(target=target, status="partial" if error else "ok", error=error, domain=domain, **watch.stamp())
    (target, server, failure), own = await asyncio.gather(_attempted(network, target, found), _own(network, found))
    error = (
        failure or (_unmeasured(server.tls) if server and server.tls else None) or unknown or (failure_of(own) if own else None)
    )
    status: Status = "ok" if error is None else "partial" if server or own else "failed"
    return Mail(target=target, status=status, error=error, server=server, domain=own, **watch.stamp())


def _unmeasured(tls: MailTls) -> Failure | None:
    """Why something of TLS is unknown; that the server refuses the handshake is a result."""
    refused = tls.version is None and tls.error is not None and tls.error.kind in REFUSALS
    return None if refused else tls.error


async def _own(network: Network, found: Exchangers | None) -> MailDomain | None:
    return await published(network, found) if found is not None else None


async def _attempted(
    network: Network, target: Endpoint, found: Exchangers | None
) -> tuple[Endpoint, MailServer | None, Failure | None]:
    try:
        return *await _served(network, target.host, target.port or _STANDARD), None
    except Failed as failed:
        return target, None, Failure(failed.failure.kind, failed.failure.message + _instead(target.host, found))


def _greeted_host(network: Network, host: str, found: Exchangers | None) -> str:
    """The first mail server of the domain that the user named or allowed; the host itself where there is none."""
    for mx in found.mx if found else ():
        try:
            network.scope.check_host(mx.host)
        except Failed:
            continue
        return host if mx.host == host.lower().rstrip(".") else mx.host
    return host


def _instead(host: str, found: Exchangers | None) -> str:
    """Whom to ask instead of a domain that leaves its mail to others."""
    servers = [mx.host for mx in found.mx] if found else []
    if not servers or host.lower().rstrip(".") in servers:
        return ""
    return f"; its mail is taken by {', '.join(servers[:3])}: check {'one of them' if servers[1:] else 'that'} by name"


async def _served(network: Network, host: str, port: int) -> tuple[Endpoint, MailServer]:
    """Raises Failed where there is no greeting."""
    first = port == TLS_FIRST
    server = Server(network, host, port, None if first else "smtp", at_once=1)
    network.progress(Progress(f"mail server {host}: greeting"))
    if first:
        inside = await inside_tls(server, None)
        if inside.greeted is None:
            raise inside.failed or Failed("protocol", f"{server.where}: said nothing inside TLS")
        tls = await _secured(network, host, port, None, inside)
        return server.target, MailServer(greeting=inside.greeted.greeting, tls_first=True, tls=tls)
    async with network.connect(host, port) as stream:
        target = Endpoint(host, port, stream.address, server.server_name, "smtp")
        greeted = await in_plain_text(network, stream)
    upgraded: MailTls | None = None
    if greeted.starttls:
        network.progress(Progress(f"mail server {host}: STARTTLS"))
        upgraded = await _upgraded(network, server, greeted)
    return target, MailServer(
        greeting=greeted.greeting, extensions=greeted.extensions, auth=greeted.auth, starttls=greeted.starttls, tls=upgraded
    )


async def _upgraded(network: Network, server: Server, greeted: Greeted) -> MailTls:
    try:
        inside = await inside_tls(server, greeted.greeting)
    except Failed as failed:
        return MailTls(error=failed.failure)
    return await _secured(network, server.host, server.port, "smtp", inside)


async def _secured(network: Network, host: str, port: int, starttls: str | None, inside: Inside) -> MailTls:
    info = await certificate_info(network, host, port, starttls)
    greeted = inside.greeted
    return MailTls(
        version=inside.version,
        cipher=inside.cipher,
        group=inside.group,
        extensions=greeted.extensions if greeted else None,
        auth=greeted.auth if greeted else None,
        certificate=_certificate(info),
        error=(inside.failed.failure if inside.failed else None) or info.error,
    )


def _certificate(info: CertificateInfo) -> MailCertificate | None:
    if not info.chain:
        return None
    leaf = info.chain[0]
    return MailCertificate(
        subject=leaf.subject,
        issuer=leaf.issuer,
        not_after=leaf.not_after,
        days_left=info.days_left,
        trusted=info.trusted,
        trust_error=info.trust_error,
        hostname_matches=info.hostname_matches,
        problems=info.problems,
        dane=info.dane.verdict if info.dane else None,
    )
