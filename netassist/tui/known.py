"""What the rooms show, out of stored reports: hosts with their latest verdicts, findings with their history. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from netassist.audit.security_audit import SecurityAudit
from netassist.observations import SEVERITIES, Report, Severity
from netassist.probes.nmap import NmapScan
from netassist.quantum import QuantumCheck
from netassist.reports.located import Located, located, parts, place_of, probe_of
from netassist.targets import parse_network
from netassist.tls.audit import TlsAudit
from netassist.tls.certificate import CertificateInfo
from netassist.tls.key_exchange import Verdict

Change = Literal["new", "known", "gone"]


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


class Seen(NamedTuple):
    """A finding of the latest run of its check, or one that the run before had and the latest has no more (``gone``).

    `change` is ``new`` where the run before did not have it; ``known`` also where there was none before.
    """

    located: Located
    change: Change
    since: datetime

    @property
    def severity(self) -> Severity:
        return self.located.finding.severity

    @property
    def where(self) -> str:
        return str(self.located.place)


RunKey = tuple[str, str, int | None]


def _key(report: Report) -> RunKey:
    place = place_of(report)
    return probe_of(report), place.host.lower(), place.port


def runs(reports: Iterable[Report]) -> dict[RunKey, list[Report]]:
    """The runs of each check of each place, the latest first; what was refused is no run."""
    found: dict[RunKey, list[Report]] = {}
    for report in reports:
        if probe_of(report) != "refusal":
            found.setdefault(_key(report), []).append(report)
    for each in found.values():
        each.sort(key=lambda report: report.started, reverse=True)
    return found


def latest(reports: Sequence[Report]) -> list[Report]:
    """The latest report of each check of each place that measured something; the latest that failed where none did."""
    held = runs(parts(reports)).values()
    return [next((each for each in run if each.status != "failed"), run[0]) for run in held]


def findings(reports: Sequence[Report]) -> list[Seen]:
    """Every finding of the latest runs, the worst first, and those of the runs before that are gone.

    A comprehensive audit counts as one run; of it and of single checks of the same place the later one speaks.
    """
    every = runs(report for report in reports if report.status != "failed")
    begun = {key: held[0].started for key, held in every.items()}
    audits = {key[1]: held[0] for key, held in every.items() if isinstance(held[0], SecurityAudit)}
    seen: list[Seen] = []
    for held in every.values():
        if not isinstance(held[0], SecurityAudit) and _covered(held[0], audits.get(_key(held[0])[1])):
            continue
        seen += [each for each in _of_runs(held) if not _superseded(each.located, held[0], begun)]
    there = {each.located.key for each in seen if each.change != "gone"}
    seen = [each for each in seen if each.change != "gone" or each.located.key not in there]
    each_once = {each.located.key: each for each in seen}
    order = sorted(each_once.values(), key=lambda each: each.where)
    return sorted(order, key=lambda each: (each.change == "gone", SEVERITIES.index(each.severity)))


def _covered(report: Report, audit: Report | None) -> bool:
    """Whether a later audit of the host has looked at the same place in the same way."""
    if not isinstance(audit, SecurityAudit) or audit.started < report.started:
        return False
    probe, port = probe_of(report), place_of(report).port
    return any(probe_of(part) == probe and place_of(part).port == port for host in audit.hosts for part in host.reports)


def _superseded(each: Located, run: Report, begun: Mapping[RunKey, datetime]) -> bool:
    """Whether a single check of the same place, later than the audit, says what holds there."""
    later = begun.get((probe_of(each.report), each.place.host.lower(), each.place.port))
    return isinstance(run, SecurityAudit) and later is not None and later > run.started


def _of_runs(held: Sequence[Report]) -> list[Seen]:
    by_run = [{each.key: each for each in located([report])} for report in held]
    now, before = by_run[0], by_run[1] if len(by_run) > 1 else None
    seen = []
    for key, each in now.items():
        since = held[0].started
        for report, found in zip(held, by_run, strict=True):
            if key not in found:
                break
            since = report.started
        seen.append(Seen(each, "new" if before is not None and key not in before else "known", since))
    # What an incomplete run does not say may be there still.
    if before is not None and held[0].status == "ok":
        seen += [Seen(each, "gone", held[1].started) for key, each in before.items() if key not in now]
    return seen


def hosts(reports: Sequence[Report], inventory: Mapping[str, str]) -> list[Host]:
    """Every host of the inventory and of the reports, the worst first; networks of the inventory stand as they are."""
    names: dict[str, list[str]] = {}
    for name, host in inventory.items():
        names.setdefault(host.lower(), []).append(name)
    about: dict[str, list[Report]] = {}
    for report in latest(reports):
        if isinstance(report, NmapScan):
            for scanned in report.hosts:
                about.setdefault(_named_in(report, scanned.address), []).append(report)
        else:
            about.setdefault(place_of(report).host.lower(), []).append(report)
    counted = _counted(reports)
    found = [_host(host, tuple(names.get(host, ())), about.get(host, []), counted) for host in dict.fromkeys((*names, *about))]
    return sorted(found, key=lambda each: (SEVERITIES.index(each.worst) if each.worst else len(SEVERITIES), each.host))


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
        ports=open_ports(reports, host),
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
    """The ports of a host that the latest scan found open."""
    for report in reports:
        if isinstance(report, NmapScan):
            for found in report.hosts:
                if host in (_named_in(report, found.address), found.address):
                    return tuple(sorted(port.port for port in found.ports if port.state == "open"))
    return ()
