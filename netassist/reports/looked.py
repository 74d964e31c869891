"""Which ports a scan looked at, and that it says nothing of the others. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from netassist.observations import Endpoint, Report
from netassist.reports.words import listed
from netassist.targets import is_port_list, port_numbers, port_ranges

if TYPE_CHECKING:
    from netassist.audit.security_audit import AuditedHost
    from netassist.probes.nmap import NmapScan
    from netassist.probes.nmap_xml import NmapHost

PORTS = 65535
_MOST = 12


def ports_of(scan: NmapScan) -> frozenset[int] | None:
    """The ports that a scan was to look at; None where it does not tell, or looked at none."""
    if scan.scanned is not None:
        return _numbers(scan.scanned)
    if "-p-" in scan.command:
        return _numbers(f"1-{PORTS}")
    if "-p" in scan.command[:-1] and "--exclude-ports" not in scan.command:
        return _numbers(scan.command[scan.command.index("-p") + 1])
    return None


@lru_cache(maxsize=64)
def _numbers(ports: str) -> frozenset[int] | None:
    return frozenset(port_numbers(port_ranges(ports))) if is_port_list(ports) else None


def looked_at(scan: NmapScan, host: NmapHost, protocol: str, port: int) -> bool:
    """Whether a scan looked at a port of a host to its end, so that the port is closed unless the scan says that it is open."""
    if any(held.port == port and held.protocol == protocol for held in host.ports):
        return True
    own = "udp" if scan.profile == "udp" else "tcp"
    whole = scan.status == "ok" and host.state == "up" and not host.timed_out
    return whole and own == protocol and port in (ports_of(scan) or ())


def limits(scan: NmapScan) -> str:
    """Which ports were looked at and that others were not, as a sentence; empty where none is to be said."""
    if scan.profile == "discovery" or not scan.hosts:
        return ""
    ports = ports_of(scan)
    tallies = [len(host.ports) + sum(host.not_shown.values()) for host in scan.hosts]
    protocol = "UDP" if scan.profile == "udp" else "TCP"
    return said(ports, len(ports) if ports is not None else max(tallies), protocol, whole=scan.status == "ok")


def limits_of(audited: AuditedHost) -> str:
    """The same of a host of an audit, which connected to its ports where there was no Nmap."""
    from netassist.probes.nmap import NmapScan

    if audited.tried:
        return said(audited.tried, len(audited.tried))
    return next((limits(report) for report in audited.reports if isinstance(report, NmapScan)), "")


def limits_by_host(reports: Iterable[Report]) -> Iterator[tuple[str, str]]:
    """What was scanned, each with the sentence about its ports where there is one to be said."""
    from netassist.audit.security_audit import SecurityAudit
    from netassist.probes.nmap import NmapScan

    for report in reports:
        name = report.target.host if isinstance(report.target, Endpoint) else report.target
        told = [limits(report)] if isinstance(report, NmapScan) else []
        told += map(limits_of, report.hosts) if isinstance(report, SecurityAudit) else ()
        yield from ((name, sentence) for sentence in dict.fromkeys(told) if sentence)


def said(ports: Collection[int] | None, number: int, protocol: str = "TCP", *, whole: bool = True) -> str:
    """The sentence for `number` ports, which are named where they are few; not `whole` where the scan was broken off."""
    if not 0 < number < PORTS:
        return ""
    were = ("was" if number == 1 else "were") + ("" if whole else " to be")
    if ports is not None and number <= _MOST:
        named = f"port{'' if number == 1 else 's'} {listed([*map(str, sorted(ports))], _MOST)}"
        return f"Only {protocol} {named} {were} looked at, no others."
    return f"Only {number:,} of the {PORTS:,} {protocol} ports {were} looked at; the others were not."
