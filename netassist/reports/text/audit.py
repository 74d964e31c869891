"""A comprehensive audit: hosts and their services, the verdict of every check, findings by severity, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from netassist.observations import schema_of
from netassist.reports.layout import BAD, BLANK, GOOD, NEUTRAL, UNKNOWN, WARN, Task, Text, Verdict, heading, paragraph, table
from netassist.reports.looked import limits_of
from netassist.reports.style import Span
from netassist.reports.text import finding
from netassist.reports.text.nmap import software
from netassist.reports.words import count, listed, place

if TYPE_CHECKING:
    from netassist.audit.parts import Service
    from netassist.audit.security_audit import AuditedHost, Noted, SecurityAudit
    from netassist.reports.style import Line

PLAN = True
"""What to do is told at the end, once for all findings."""
_LISTED = frozenset({"netassist/nmap/1", "netassist/tcp/1"})
"""Reports whose content is in the table of services."""


def task(audit: SecurityAudit) -> Task:
    return Task("audit", place(audit.target))


def verdict(audit: SecurityAudit) -> Verdict:
    if audit.up or not audit.hosts:
        alive = count(len(audit.up), "host")
        each = "; each has a report of its own" if audit.up else ""
        return Verdict(f"In {place(audit.target)} {alive} answer{'s' if len(audit.up) == 1 else ''}{each}.", NEUTRAL)
    services = [service for host in audit.hosts for service in host.services]
    ports = f"on {count(len(services), 'open port')}" if services else "and no open port"
    worst = [item for item in audit.findings if item.severity == _worst(audit)]
    most = f"; the worst: {listed([item.title for item in worst], 3)}" if worst and worst[0].severity != "info" else ""
    tone = finding.worst(audit.findings)
    if tone is NEUTRAL:
        # A check that went badly is no good news, whether or not a rule makes a finding of it.
        clean = all(check.tone in (GOOD, NEUTRAL) for host in audit.hosts for _, check in _checks(host))
        tone = GOOD if clean else WARN
    checked = "" if audit.status == "ok" else " in what could be checked"
    dark = [str(service.port) for host in audit.hosts for service in _dark(host)]
    unknown = f"; what listens on {listed(dark, 5)} could not be told, and was not checked" if dark else ""
    text = f"The audit of {place(audit.target)} found {finding.problems(audit.findings)} {ports}{checked}{most}{unknown}."
    text = " ".join((text, *dict.fromkeys(filter(None, map(limits_of, audit.hosts)))))
    return Verdict(text, UNKNOWN if dark and tone is GOOD else tone)


def evidence(audit: SecurityAudit, width: int) -> Iterator[Line]:
    if audit.up:
        yield from paragraph(listed(audit.up, 256), width, indent=2)
    for number, host in enumerate(audit.hosts):
        if number:
            yield BLANK
        yield from _host(host, width)
    yield from _exceptions(audit, width)
    yield from _changes(audit, width)


def _exceptions(audit: SecurityAudit, width: int) -> Iterator[Line]:
    """What exceptions take out, and those that have run out."""
    rows = [(held, f"until {held.expires}: {held.reason}", NEUTRAL) for held in audit.excused]
    rows += [
        (held, f"the exception ended on {held.expires}, so that it counts again: {held.reason}", WARN) for held in audit.expired
    ]
    if rows:
        yield BLANK
        yield from heading("Exceptions", width)
    for held, why, tone in rows:
        yield from paragraph(f"{_noted(held)}; {why}", width, indent=2, lead=Span(f"{tone.mark} ", tone.style))


def _changes(audit: SecurityAudit, width: int) -> Iterator[Line]:
    changes = audit.changes
    if changes is None:
        return
    yield BLANK
    groups = (("new", changes.new, BAD), ("gone", changes.gone, GOOD), ("not looked for again", changes.unknown, UNKNOWN))
    told = ", ".join(f"{len(held)} {word}" for word, held, _ in (*groups, ("unchanged", changes.unchanged, NEUTRAL)))
    yield from heading(f"Since {changes.baseline}: {told}", width)
    for word, held, tone in groups:
        for one in held:
            yield from paragraph(f"{word}: {_noted(one)}", width, indent=2, lead=Span(f"{tone.mark} ", tone.style))


def _noted(held: Noted) -> str:
    return f"{held.severity}, {held.title} [{held.id}]{f' at port {held.port}' if held.port else ''}"


def _worst(audit: SecurityAudit) -> str:
    return next((severity for severity in finding.TONES if any(item.severity == severity for item in audit.findings)), "info")


def _dark(host: AuditedHost) -> list[Service]:
    """Open ports that told no name and that no check got an answer from."""
    checked = {getattr(report.target, "port", None) for report in host.reports
               if report.status != "failed" and schema_of(report) not in _LISTED}  # fmt: skip
    return [service for service in host.services if service.service is None and service.port not in checked]


def _host(host: AuditedHost, width: int) -> Iterator[Line]:
    name = f"{host.address} ({', '.join(host.hostnames)})" if host.hostnames else host.address
    yield from heading(f"{name}: {count(len(host.services), 'open port')}", width)
    if host.services:
        yield from table(("port", "service", "product", "TLS"), [_row(service) for service in host.services], width)
    if host.tried:
        said = f"tried by connecting, for want of a scan by Nmap: {listed([*map(str, host.tried)], 100)}"
        yield from paragraph(Span(said, "dim"), width, indent=2)
    checks = [verdict for listed, verdict in _checks(host) if not listed]
    if checks:
        yield BLANK
        yield from heading("Checks", width)
    for text, tone in checks:
        yield from paragraph(text, width, indent=2, lead=Span(f"{tone.mark} ", tone.style))


def _checks(host: AuditedHost) -> Iterator[tuple[bool, Verdict]]:
    """The verdict of every part, and whether the table of services says the same already."""
    from netassist.reports.text import verdict as verdict_of

    for report in host.reports:
        yield schema_of(report) in _LISTED and report.status == "ok", verdict_of(report)


def _row(service: Service) -> Sequence[Text]:
    tls = {True: Span("yes", "good"), False: Span("no"), None: Span("unknown", "dim")}[service.tls]
    tls = Span("STARTTLS", "good") if service.starttls and not service.tls else tls
    return (f"{service.port}/{service.protocol}", service.service or Span("unknown", "dim"),
            software(service.product, service.version), tls)  # fmt: skip
