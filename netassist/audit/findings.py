"""The findings of several reports as one list, each with every place where it holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import TYPE_CHECKING, Any, cast

import msgspec

from netassist.observations import SEVERITIES, Endpoint, Finding, Report, schema_of
from netassist.targets import host_port

if TYPE_CHECKING:
    from netassist.probes.nmap import NmapScan

_NOT_SAFE = ("quantum.not_safe", "quantum.available_not_preferred")
_OLD = ("tls.tls1_0", "tls.tls1_1", "tls.sslv3_poodle")
_SAID_BY: dict[str, tuple[str, ...]] = {
    "http.certificate_not_verified": ("certificate.",),
    "http.old_tls": _OLD,
    "mail.certificate": ("certificate.",),
    "mail.old_tls": _OLD,
    "ssh.no_post_quantum": _NOT_SAFE,
    "tls.no_post_quantum_groups": _NOT_SAFE,
    "tls.post_quantum_not_preferred": _NOT_SAFE,
}
"""Findings that give way to those that say the same of the same place, and why; these by how their ids begin."""


class Place(msgspec.Struct, frozen=True):
    """Where a finding holds, and what shows it there; `port` is None where it is about the host."""

    host: str
    port: int | None
    evidence: str


class PlacedFinding(Finding, frozen=True, kw_only=True):
    """A finding with its places; its `evidence` is theirs, in one text."""

    places: tuple[Place, ...] = ()

    @classmethod
    def of(cls, finding: Finding, places: Sequence[Place], *, several: bool = False) -> PlacedFinding:
        """The finding at these places; with `several` hosts, the evidence names each."""
        told = dict.fromkeys(_told(place, several) for place in places)
        return cls(**{**_fields(finding), "evidence": "; ".join(told)}, places=tuple(places))


def merged(
    reports: Sequence[Report],
    more: Iterable[tuple[Place, Finding]] = (),
    *,
    without: Set[tuple[int | None, str]] = frozenset(),
) -> tuple[PlacedFinding, ...]:
    """The findings of several reports, and `more`, the worst first; those that differ only in where they hold become one.

    `without` are ports, each with the id of a finding that another measurement has refuted there.
    """
    several = len({_host(report) for report in reports}) > 1
    found = [*(held for report in reports for held in _placed(report)), *more]
    found = [(place, finding) for place, finding in found if (place.port, finding.id) not in without]
    told = {(place.host, place.port, finding.id) for place, finding in found}
    places: dict[Finding, list[Place]] = {}
    for place, finding in found:
        better = _SAID_BY.get(finding.id, ())
        if better and any((host, port) == (place.host, place.port) and id.startswith(better) for host, port, id in told):
            continue
        seen = places.setdefault(msgspec.structs.replace(finding, evidence=""), [])
        if place not in seen:
            seen.append(place)
    every = [PlacedFinding.of(finding, held, several=several) for finding, held in places.items()]
    return tuple(sorted(every, key=lambda finding: SEVERITIES.index(finding.severity)))


def _placed(report: Report) -> Iterator[tuple[Place, Finding]]:
    port = report.target.port if isinstance(report.target, Endpoint) else None
    scanned = schema_of(report) == "netassist/nmap/1" and report.findings
    found = _by_port(cast("NmapScan", report)) if scanned else ((port, finding) for finding in report.findings)
    for number, finding in found:
        known = finding.places if isinstance(finding, PlacedFinding) else ()
        yield from ((place, _bare(finding)) for place in known)
        if not known:
            yield Place(_host(report), number, finding.evidence), finding


def _by_port(scan: NmapScan) -> Iterator[tuple[int | None, Finding]]:
    """The findings of a scan, each port judged by itself: a scan's own findings hold many ports at once."""
    from netassist.audit.rules import nmap

    for host in scan.hosts:
        for port in host.ports:
            alone = msgspec.structs.replace(host, ports=(port,), scripts={}, script_data={})
            yield from ((port.port, finding) for finding in nmap.judge(msgspec.structs.replace(scan, hosts=(alone,))))
        whole = msgspec.structs.replace(host, ports=())
        yield from ((None, finding) for finding in nmap.judge(msgspec.structs.replace(scan, hosts=(whole,))))


def _fields(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in Finding.__struct_fields__}


def _bare(finding: Finding) -> Finding:
    return Finding(**_fields(finding))


def _host(report: Report) -> str:
    return report.target.host if isinstance(report.target, Endpoint) else report.target


def _told(place: Place, several: bool) -> str:
    """The evidence after its place: the port, and the host too where there are several; what names both itself stays."""
    if several:
        return f"{host_port(place.host, place.port)}: {place.evidence}"
    if place.port is None or f":{place.port}/" in place.evidence or f" {place.port}/" in place.evidence:
        return place.evidence
    return f"port {place.port}: {place.evidence}"
