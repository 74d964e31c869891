"""Findings one by one, each at the place where it holds: what every format but text and JSON is made of. Pure."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from netassist.audit.security_audit import SecurityAudit
from netassist.observations import SEVERITIES, Endpoint, Finding, Report, schema_of
from netassist.probes.nmap import NmapScan
from netassist.targets import host_port

_PART = "; "
"""What stands between the evidence of one place and that of the next."""


class Place(NamedTuple):
    """A host as the user wrote it (or a network, where nothing says which host), a port, and the address it was pinned to."""

    host: str
    port: int | None = None
    address: str | None = None

    def __str__(self) -> str:
        return host_port(self.host, self.port)


Key = tuple[str, str, int | None, int]


class Located(NamedTuple):
    """A finding at one place, with the evidence of that place, and the report that it stands in.

    `number` counts findings of one id at one place, from 0.
    """

    finding: Finding
    place: Place
    report: Report
    number: int = 0

    @property
    def key(self) -> Key:
        """What stays the same from one audit to the next: the rule and the place, whatever the evidence says."""
        return key_of(self.finding.id, self.place.host, self.place.port, self.number)


def key_of(id: str, host: str, port: int | None, number: int = 0) -> Key:
    return id, host.lower(), port, number


def fingerprint(key: Key) -> str:
    """A key as 32 hexadecimal digits (SHA-256, shortened)."""
    return hashlib.sha256("\0".join(map(str, key)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def place_of(report: Report) -> Place:
    target = report.target
    return Place(target.host, target.port, target.address) if isinstance(target, Endpoint) else Place(target)


def probe_of(report: Report) -> str:
    """``tls-audit`` of ``netassist/tls-audit/1``."""
    return schema_of(report).split("/")[1]


Look = tuple[str, str, int | None]


def look_of(report: Report) -> Look:
    """What was looked at: the probe, the host in small letters, and the port."""
    place = place_of(report)
    return probe_of(report), place.host.lower(), place.port


def parts(reports: Sequence[Report]) -> Iterator[Report]:
    """The reports, with those of an audit in its place; the audit itself comes first where it tells what no part of it does."""
    for report in reports:
        if isinstance(report, SecurityAudit):
            inside = [part for host in report.hosts for part in host.reports]
            if not inside or (report.status != "ok" and not _told(report, inside)):
                yield report
            yield from inside
        else:
            yield report


def _told(audit: SecurityAudit, inside: Sequence[Report]) -> bool:
    """Whether a part says why the audit is not whole; an audit repeats the first error of its parts, and counts the others."""
    said = audit.error.message if audit.error else ""
    return any(part.status != "ok" and (not part.error or said.startswith(part.error.message)) for part in inside)


def located(reports: Sequence[Report]) -> tuple[Located, ...]:
    """Every finding of the reports at each place where it holds, the worst first; of an audit those that it reports itself."""
    numbers: Counter[Key] = Counter()
    every: dict[tuple[Finding, Place], Located] = {}
    for report in reports:
        for finding, place, source in _of_audit(report) if isinstance(report, SecurityAudit) else _of(report):
            if (finding, place) not in every:
                key = key_of(finding.id, place.host, place.port)
                every[finding, place] = Located(finding, place, source, numbers[key])
                numbers[key] += 1
    return tuple(sorted(every.values(), key=lambda one: SEVERITIES.index(one.finding.severity)))


def grouped(found: Iterable[Located]) -> list[tuple[Finding, list[Located]]]:
    """Findings that differ only in place and evidence together; the order stays."""
    groups: dict[tuple[str, ...], list[Located]] = {}
    for each in found:
        finding = each.finding
        groups.setdefault((finding.id, finding.severity, finding.title, finding.detail, finding.fix), []).append(each)
    return [(places[0].finding, places) for places in groups.values()]


_Found = tuple[Finding, Place, Report]


def _of_audit(audit: SecurityAudit) -> Iterator[_Found]:
    """At the places that the audit gives its findings; the report of each is the part that has it, the audit where none does."""
    whole = place_of(audit)
    sources: dict[tuple[str, int | None], Report] = {}
    for host in audit.hosts:
        for part in host.reports:
            for finding, place, _ in _of(part):
                sources.setdefault((finding.id, place.port), part)
    for finding in audit.findings:
        for held in getattr(finding, "places", ()):
            address = whole.address if held.host == whole.host else None
            source = sources.get((finding.id, held.port), audit)
            yield _at(finding, held.evidence), Place(held.host, held.port, address), source
        if not getattr(finding, "places", ()):
            yield _at(finding, finding.evidence), whole, audit


def _of(report: Report) -> Iterator[_Found]:
    for finding in report.findings:
        named = False
        for place, evidence in _ports(report, finding) if isinstance(report, NmapScan) else ():
            named = True
            yield _at(finding, evidence), place, report
        if not named:
            yield _at(finding, finding.evidence), place_of(report), report


def _ports(scan: NmapScan, finding: Finding) -> Iterator[tuple[Place, str]]:
    """Those ports of the hosts of a scan that the evidence names."""
    target = place_of(scan)
    for host in scan.hosts:
        name = target.host if host.address == target.address else host.address
        for port in host.ports:
            where = rf"(?<![\w.:-]){re.escape(host.address)}[: ]{port.port}/{port.protocol}\b"
            if said := [part for part in finding.evidence.split(_PART) if re.search(where, part)]:
                yield Place(name, port.port, host.address), _PART.join(said)


def _at(finding: Finding, evidence: str) -> Finding:
    """The finding without more than its frame, so that those of an audit and of its parts compare."""
    fields = {name: getattr(finding, name) for name in Finding.__struct_fields__}
    return Finding(**{**fields, "evidence": evidence})
