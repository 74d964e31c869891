"""The comprehensive audit of one host: a service scan, then every check that its open ports call for, then the findings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from netassist.audit import judged, posture
from netassist.audit.findings import PlacedFinding, merged
from netassist.audit.open_ports import open_ports
from netassist.audit.parts import FORGIVEN, Part, Service, parts_of
from netassist.audit.plain_logins import ASKED, takes_plain_logins
from netassist.network import Network, Progress
from netassist.observations import SEVERITIES, Endpoint, Failed, Failure, Finding, Report, Severity, Stopwatch

AT_ONCE = 4
_DNS = 53
_REFUSED = " before TLS: "
"""What stands in the message of a failed STARTTLS dialogue (`tls.starttls`)."""
_HUNG_UP = "closed the connection"
"""What stands in it where the peer has refused nothing in words."""

_log = logging.getLogger(__name__)


class Summary(msgspec.Struct, frozen=True):
    """How many findings there are of each severity."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    info: int = 0

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> Summary:
        return cls(**{severity: sum(found.severity == severity for found in findings) for severity in SEVERITIES})


class AuditedHost(msgspec.Struct, frozen=True):
    """`services` are the open ports in their order; `tried` are the ports that were connected to where Nmap could not tell."""

    address: str
    hostnames: tuple[str, ...]
    services: tuple[Service, ...]
    reports: tuple[Report, ...]
    tried: tuple[int, ...] = ()


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """A finding at one place that is not among an audit's own, or is there in spite of something."""

    id: str
    severity: Severity
    title: str
    host: str
    port: int | None = None


class Excused(Noted, frozen=True, kw_only=True):
    """A finding that an exception speaks of, why, and the last day on which it does."""

    reason: str
    expires: date


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """An audit held against an earlier one; `unknown` were there before and could not be looked for again."""

    baseline: str
    new: tuple[Noted, ...] = ()
    gone: tuple[Noted, ...] = ()
    unchanged: tuple[Noted, ...] = ()
    unknown: tuple[Noted, ...] = ()


class SecurityAudit(Report, frozen=True, kw_only=True, tag="netassist/audit/1"):
    """`findings` are those of all reports, each once, with every place where it holds; the worst come first.

    `ports` were asked for, in Nmap's notation; None where the common ones were. `excused` are findings that an exception takes
    out, `expired` those that it no longer does and that count again. `up` are, of a network, the hosts that answer; each has an
    audit of its own.
    """

    findings: tuple[PlacedFinding, ...] = ()
    hosts: tuple[AuditedHost, ...] = ()
    summary: Summary = Summary()
    excused: tuple[Excused, ...] = ()
    expired: tuple[Excused, ...] = ()
    changes: Changed | None = None
    up: tuple[str, ...] = ()
    ports: str | None = None


class Wanted(NamedTuple):
    """What an audit looks at: one `port`, or `ports` in Nmap's notation, the common ones where None; `pages` are URLs to fetch.

    TLS servers are held against `policies`; with `scripts` Nmap's vulnerability scripts run, which is intrusive.
    """

    ports: str | None = None
    port: int | None = None
    pages: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    scripts: bool = False


class _Outcome(NamedTuple):
    """A part's report, None where its peer does not speak a protocol that was only guessed; and what kept it from its end.

    `refused` is what a service said that was asked for STARTTLS and does not go over to TLS.
    """

    report: Report | None
    failure: Failure | None
    refused: str | None = None


async def security_audit(network: Network, host: str) -> SecurityAudit:
    """Audit the common ports of a host. A part that fails makes the audit ``partial`` and hides no other."""
    return await audited(network, host, Wanted())


async def audit_ports(network: Network, host: str, ports: str | None) -> SecurityAudit:
    """`security_audit` over `ports` (Nmap's notation), or the common ones."""
    return await audited(network, host, Wanted(ports))


async def audited(network: Network, host: str, wanted: Wanted) -> SecurityAudit:
    """`security_audit` of what is `wanted`."""
    watch, port = Stopwatch(), wanted.port
    try:
        addresses = await network.resolve(host)
    except Failed as failed:
        return SecurityAudit(target=Endpoint(host, port), status="failed", error=failed.failure, **watch.stamp())
    address = str(addresses[0])
    # Every part looks at the address that is scanned; another may be another machine.
    network.pin(host, addresses[0])
    found = await open_ports(network, host, "vuln" if wanted.scripts else "service", str(port) if port else wanted.ports)
    parts = parts_of(network, host, found.services, wanted.pages)
    checked = await _run(network, parts)
    refusals = {part.port: done.refused for part, done in zip(parts, checked, strict=True) if done.refused is not None}
    services, unanswered = await _resolving(network, host, [_upgradable(service, parts, checked) for service in found.services])
    insisting = await _insisting(network, host, services)
    reports = (*found.reports, *(outcome.report for outcome in checked if outcome.report is not None))
    failures = [*found.failures, *(outcome.failure for outcome in checked if outcome.failure is not None), *unanswered]
    failures += posture.not_judged(wanted.policies, reports)
    findings = merged(
        reports,
        [
            *posture.plain_text(host, services, refusals),
            *posture.open_resolvers(host, address, services),
            *posture.against(wanted.policies, reports),
        ],
        without=insisting,
    )
    incomplete = failures or any(report.status != "ok" for report in reports)
    return SecurityAudit(
        target=Endpoint(host, port, address),
        status="partial" if incomplete else "ok",
        error=_first_of(failures),
        findings=findings,
        hosts=(AuditedHost(address, () if host == address else (host,), services, reports, found.tried),),
        summary=Summary.of(findings),
        ports=wanted.ports if port is None else str(port),
        **watch.stamp(),
    )


async def _run(network: Network, parts: Sequence[Part]) -> list[_Outcome]:
    """Run the parts, a few at a time."""
    limit, done = asyncio.Semaphore(AT_ONCE), 0

    async def run(part: Part) -> _Outcome:
        nonlocal done
        async with limit:
            network.progress(Progress(part.title, 0.5 + done / len(parts) / 2))
            report = await part.run()
            done += 1
            network.progress(Progress(f"{part.title}: done", 0.5 + done / len(parts) / 2))
        return _outcome(part, report, ended=network.remaining > 0)

    outcomes = []
    for part, outcome in zip(parts, await asyncio.gather(*map(run, parts), return_exceptions=True), strict=True):
        if isinstance(outcome, Exception):
            _log.error("%s", part.title, exc_info=outcome)
            message = f"{part.title}: internal error ({type(outcome).__name__}: {outcome}); please report it"
            outcomes.append(_Outcome(None, Failure("protocol", message)))
        elif isinstance(outcome, BaseException):
            raise outcome
        else:
            outcomes.append(outcome)
    return outcomes


def _outcome(part: Part, report: Report, *, ended: bool) -> _Outcome:
    """What a part's report counts for; one that was cut short by the clock (not `ended`) excuses nothing."""
    error = report.error
    if report.status == "failed" and error is not None and ended:
        if error.kind in FORGIVEN[part.sure]:
            return _Outcome(None, None)
        if part.upgrades and error.kind == "protocol" and _REFUSED in error.message and _HUNG_UP not in error.message:
            return _Outcome(None, None, error.message)
    return _Outcome(judged(report), error)


def _upgradable(service: Service, parts: Sequence[Part], outcomes: Sequence[_Outcome]) -> Service:
    """The service with what came of asking it for STARTTLS, and of trying TLS where nothing was known."""
    for part, outcome in zip(parts, outcomes, strict=True):
        whole = outcome.report is not None and outcome.report.status != "failed"
        if part.port != service.port or not part.title.startswith(("TLS", "STARTTLS")):
            continue
        if part.upgrades:
            known = False if outcome.refused is not None else True if whole else None
            return msgspec.structs.replace(service, starttls=known)
        if whole:
            return msgspec.structs.replace(service, tls=True)
    return service


async def _insisting(network: Network, host: str, services: Sequence[Service]) -> frozenset[tuple[int, str]]:
    """Port and rule of services that are blamed for plain text, and take no password before STARTTLS."""
    asked = [(service.port, service.service) for service in services if service.starttls and service.service in ASKED]
    answers = await asyncio.gather(*(takes_plain_logins(network, host, port, str(name)) for port, name in asked))
    return frozenset((port, f"service.{name}") for (port, name), takes in zip(asked, answers, strict=True) if takes is False)


async def _resolving(network: Network, host: str, services: Sequence[Service]) -> tuple[tuple[Service, ...], list[Failure]]:
    """The services with whether the DNS servers among them resolve names for this machine, and what kept that from being told."""
    held, failures = list(services), []
    for place, service in enumerate(services):
        if service.service == "domain" or (service.service is None and service.port == _DNS):
            from netassist.audit.resolvers import offers_recursion

            network.progress(Progress(f"DNS at {host}"))
            try:
                recursion = await offers_recursion(network, host, service.port)
                held[place] = msgspec.structs.replace(service, recursion=recursion)
            except Failed as failed:
                # What only its number calls a DNS server need not be one.
                failures += [failed.failure] if service.service else []
    return tuple(held), failures


def _first_of(failures: Sequence[Failure]) -> Failure | None:
    if len(failures) < 2:
        return failures[0] if failures else None
    more = len(failures) - 1
    return Failure(failures[0].kind, f"{failures[0].message} (and {more} more part{'s' if more > 1 else ''} with errors)")
