"""The comprehensive audit of one host: a service scan, then every check that its open ports call for, then the findings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from netassist.audit import judged
from netassist.audit.findings import merged
from netassist.audit.parts import Part, Service, parts_of
from netassist.network import Network, Progress
from netassist.observations import SEVERITIES, Endpoint, Failed, Failure, Report, Stopwatch
from netassist.probes.tcp import TcpCheck, tcp_check

# What is tried where there is no Nmap: ports whose services the audit can check, or that should not be open.
COMMON_PORTS = (21, 22, 23, 25, 80, 110, 139, 143, 443, 445, 465, 587, 636, 853, 993, 995, 1433, 1521, 2375, 3306, 3389,
                5432, 5900, 6379, 8080, 8443, 9200, 11211, 27017)  # fmt: skip
AT_ONCE = 4
_SCAN_SHARE = 0.6
"""Part of the call's time that the port scan may take, so that the checks still get theirs."""

_log = logging.getLogger(__name__)


class Summary(msgspec.Struct, frozen=True):
    """How many findings there are of each severity."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    info: int = 0


class AuditedHost(msgspec.Struct, frozen=True):
    """`services` are the open ports in their order; `tried` are the ports that were connected to where Nmap could not tell."""

    address: str
    hostnames: tuple[str, ...]
    services: tuple[Service, ...]
    reports: tuple[Report, ...]
    tried: tuple[int, ...] = ()


class SecurityAudit(Report, frozen=True, kw_only=True, tag="netassist/audit/1"):
    """`findings` are those of all reports, each once, with every place where it holds; the worst come first."""

    hosts: tuple[AuditedHost, ...] = ()
    summary: Summary = Summary()


class _Outcome(NamedTuple):
    """A part's report, None where its peer does not speak a protocol that was only guessed; and what kept it from its end."""

    report: Report | None
    failure: Failure | None


class _Open(NamedTuple):
    """What came of looking for open ports; `tried` are those that were connected to one by one."""

    outcomes: list[_Outcome]
    services: tuple[Service, ...]
    tried: tuple[int, ...]


async def security_audit(network: Network, host: str) -> SecurityAudit:
    """Audit the common ports of a host. A part that fails makes the audit ``partial`` and hides no other."""
    return await audit_ports(network, host, None)


async def audit_ports(network: Network, host: str, ports: str | None) -> SecurityAudit:
    """`security_audit` over `ports` (Nmap's notation), or the common ones."""
    watch = Stopwatch()
    try:
        addresses = await network.resolve(host)
    except Failed as failed:
        return SecurityAudit(target=Endpoint(host), status="failed", error=failed.failure, **watch.stamp())
    target = Endpoint(host, None, str(addresses[0]))
    first, services, tried = await _services(network, host, ports)
    outcomes = [*first, *await _run(network, parts_of(network, host, services))]
    reports = tuple(outcome.report for outcome in outcomes if outcome.report is not None)
    failures = [outcome.failure for outcome in outcomes if outcome.failure is not None]
    findings = merged(reports)
    incomplete = failures or any(report.status != "ok" for report in reports)
    name = () if host == str(addresses[0]) else (host,)
    return SecurityAudit(
        target=target,
        status="partial" if incomplete else "ok",
        error=_first_of(failures),
        findings=findings,
        hosts=(AuditedHost(str(addresses[0]), name, services, reports, tried),),
        summary=Summary(**{severity: sum(f.severity == severity for f in findings) for severity in SEVERITIES}),
        **watch.stamp(),
    )


async def _services(network: Network, host: str, ports: str | None) -> _Open:
    """What is open: by Nmap, or by TCP connects where Nmap cannot tell."""
    from netassist.probes.nmap import scan_within

    tell = network.progress
    network.progress = lambda progress: tell(progress._replace(fraction=(progress.fraction or 0) / 2))
    try:
        scan = await scan_within(network, host, "service", ports, network.remaining * _SCAN_SHARE)
        found = [_Outcome(judged(scan), scan.error)]
        if scan.hosts:
            seen = [Service.of(port) for item in scan.hosts for port in item.ports if port.state == "open"]
            return _Open(found, tuple(sorted(seen, key=lambda service: (service.port, service.protocol))), ())
        limit = asyncio.Semaphore(AT_ONCE)
        wanted = sorted(set(_numbers(ports))) if ports else COMMON_PORTS
        checks = await asyncio.gather(*(_check(limit, network, host, port) for port in wanted))
    finally:
        network.progress = tell
    for check in checks:
        if check.state == "open" or check.error is not None:
            found.append(_Outcome(judged(check), check.error))
    services = tuple(Service(port, "tcp") for port, check in zip(wanted, checks, strict=True) if check.state == "open")
    return _Open(found, services, tuple(wanted))


async def _check(limit: asyncio.Semaphore, network: Network, host: str, port: int) -> TcpCheck:
    async with limit:
        return await tcp_check(network, host, port)


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
        if report.status == "failed" and report.error is not None and report.error.kind == "protocol" and not part.certain:
            return _Outcome(None, None)
        return _Outcome(judged(report), report.error)

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


def _first_of(failures: Sequence[Failure]) -> Failure | None:
    if len(failures) < 2:
        return failures[0] if failures else None
    more = len(failures) - 1
    return Failure(failures[0].kind, f"{failures[0].message} (and {more} more part{'s' if more > 1 else ''} with errors)")


def _numbers(ports: str) -> list[int]:
    bounds = [part.partition("-") for part in ports.split(",")]
    return [port for low, _, high in bounds for port in range(int(low), int(high or low) + 1)]
