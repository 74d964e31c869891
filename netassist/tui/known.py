"""What the rooms show, out of stored reports: hosts with their latest verdicts and the ports that are open. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from netassist.observations import SEVERITIES, Report, Severity
from netassist.probes.nmap import NmapScan
from netassist.probes.tcp import TcpCheck
from netassist.quantum import QuantumCheck
from netassist.reports.located import Look, look_of, parts, place_of, probe_of
from netassist.reports.looked import looked_at
from netassist.targets import parse_network
from netassist.tls.audit import TlsAudit
from netassist.tls.certificate import CertificateInfo
from netassist.tls.key_exchange import Verdict
from netassist.tui.seen import findings


class Host(NamedTuple):
    """A host with the latest report of each kind about it, the latest first; `names` are the user's own for it."""

    host: str
    names: tuple[str, ...] = ()
    reports: tuple[Report, ...] = ()
    counts: Mapping[Severity, int] = {}
    grade: str = ""
    quantum: Verdict | None = None
    days_left: int | None = None
    ports: tuple[int, ...] = ()

    @property
    def seen(self) -> datetime | None:
        return max((report.started for report in self.reports), default=None)

    @property
    def tls_port(self) -> int | None:
        """The port at which TLS was spoken when it was last looked at; None where that is 443, or not known."""
        found = (place_of(report).port for report in self.reports if certificates_in(report))
        return next((port for port in found if port != 443), None)

    @property
    def worst(self) -> Severity | None:
        return next((severity for severity in SEVERITIES if self.counts.get(severity)), None)


def latest(reports: Iterable[Report]) -> list[Report]:
    """The latest report of each check of each place that came to its end; where none did, that which measured most lately."""
    found: dict[Look, list[Report]] = {}
    for report in parts(list(reports)):
        if probe_of(report) != "refusal":
            found.setdefault(look_of(report), []).append(report)
    for run in found.values():
        run.sort(key=lambda report: (_wholeness(report), report.started), reverse=True)
    return [run[0] for run in found.values()]


def _wholeness(report: Report) -> int:
    """2 where the check ran to its end, 1 where it was broken off, 0 where it measured nothing."""
    broken_off = report.status == "partial" and report.error is not None and report.error.kind == "timeout"
    return 0 if report.status == "failed" else 1 if broken_off else 2


def hosts(reports: Sequence[Report], inventory: Mapping[str, str]) -> list[Host]:
    """Every host of the inventory and of the reports, the worst first; networks of the inventory stand as they are."""
    names: dict[str, list[str]] = {}
    for name, host in inventory.items():
        names.setdefault(host.lower(), []).append(name)
    about = _by_host(latest(reports))
    counted = _counted(reports)
    scans = [each for each in parts(reports) if isinstance(each, NmapScan | TcpCheck)]
    ports = {host: open_ports(held, host) for host, held in _by_host(scans).items()}
    found = [
        _host(host, tuple(names.get(host, ())), about.get(host, []), counted)._replace(ports=ports.get(host, ()))
        for host in dict.fromkeys((*names, *about))
    ]
    return sorted(found, key=lambda each: (SEVERITIES.index(each.worst) if each.worst else len(SEVERITIES), each.host))


def _by_host(reports: Iterable[Report]) -> dict[str, list[Report]]:
    """The reports about each host; of a scan of a network every host that it tells of."""
    about: dict[str, list[Report]] = {}
    for report in reports:
        if isinstance(report, NmapScan):
            for scanned in report.hosts:
                about.setdefault(_named_in(report, scanned.address), []).append(report)
        else:
            about.setdefault(place_of(report).host.lower(), []).append(report)
    return about


def _named_in(scan: NmapScan, address: str) -> str:
    """A scanned host as the user wrote it: the target itself, but for networks and lists."""
    target = place_of(scan).host
    single = len(scan.hosts) == 1 and (parse_network(target) is None or "/" not in target)
    return (target if single else address).lower()


def _counted(reports: Sequence[Report]) -> dict[str, Counter[Severity]]:
    counted: dict[str, Counter[Severity]] = {}
    for each in findings(reports):
        if each.change != "gone":
            counted.setdefault(each.located.place.host.lower(), Counter())[each.severity] += 1
    return counted


def _host(host: str, names: tuple[str, ...], reports: list[Report], counted: Mapping[str, Counter[Severity]]) -> Host:
    reports.sort(key=lambda report: report.started, reverse=True)
    audits = [report for report in reports if isinstance(report, TlsAudit) and report.grade is not None]
    certificates = [info for report in reports for info in certificates_in(report)]
    left = [info.days_left for info in certificates if info.days_left is not None]
    return Host(
        host=host,
        names=names,
        reports=tuple(reports),
        counts=counted.get(host, Counter()),
        grade=(audits[0].grade.letter or "") if audits and audits[0].grade else "",
        quantum=_quantum(reports),
        days_left=min(left, default=None),
    )


def certificates_in(report: Report) -> Sequence[CertificateInfo]:
    """The certificates that a report holds."""
    if isinstance(report, TlsAudit):
        return [info for info in report.certificates if info.chain]
    return (report,) if isinstance(report, CertificateInfo) and report.chain else ()


def _quantum(reports: Sequence[Report]) -> Verdict | None:
    for report in reports:
        if isinstance(report, QuantumCheck) and report.verdict != "unknown":
            return report.verdict
        if isinstance(report, TlsAudit) and report.quantum != "unknown":
            return report.quantum
    return None


def open_ports(reports: Iterable[Report], host: str) -> tuple[int, ...]:
    """The ports of a host that were seen open, by a scan or a connection, and have not been seen closed since."""
    found: set[tuple[str, int]] = set()
    for report in sorted(reports, key=lambda report: report.started):
        place = place_of(report)
        if isinstance(report, TcpCheck) and place.port is not None and report.state is not None:
            (found.add if report.state == "open" else found.discard)(("tcp", place.port))
        elif isinstance(report, NmapScan):
            for scanned in report.hosts:
                if host in (_named_in(report, scanned.address), scanned.address):
                    now = {(port.protocol, port.port) for port in scanned.ports if port.state == "open"}
                    found = {held for held in found if not looked_at(report, scanned, *held)} | now
    return tuple(sorted({port for _, port in found}))
