"""Findings with their history, out of stored reports: only a check that ran to its end says that something is gone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from netassist.audit.security_audit import SecurityAudit
from netassist.observations import SEVERITIES, Report, Severity
from netassist.probes.nmap import NmapScan
from netassist.reports.located import Key, Located, located, look_of, place_of, probe_of
from netassist.reports.looked import looked_at, ports_of
from netassist.tui.compared import Difference

Change = Literal["new", "known", "gone"]
_DEPTHS = {"quick": 0, "full": 0, "os": 0, "service": 1, "vuln": 2}
"""Profiles of a scan by how much of a port they ask; what another profile finds only itself looks for."""


class Seen(NamedTuple):
    """A finding that stands, or one that the latest run of its check has no more (``gone``); or one of two runs compared.

    It is ``new`` where the latest run that has it is the first, and one before had come to its end without it. `since` is when it
    was first seen in a row; of what is gone, when it was last seen.
    """

    located: Located
    change: Change | Difference
    since: datetime

    @property
    def severity(self) -> Severity:
        return self.located.finding.severity

    @property
    def where(self) -> str:
        return str(self.located.place)


def findings(reports: Iterable[Report]) -> list[Seen]:
    """Every finding that stands, the worst first, and after them those that are gone since the run before."""
    ordered = sorted((each for each in reports if each.status != "failed" and probe_of(each) != "refusal"), key=_started)
    standing: dict[Key, Seen] = {}
    gone: dict[Key, Seen] = {}
    past: dict[str, list[Report]] = {}
    last: dict[Key, datetime] = {}
    for report in ordered:
        now = {each.key: each for each in located([report])}
        gone = {key: seen for key, seen in gone.items() if key not in now and not closes(report, seen.located)}
        for key, seen in list(standing.items()):
            if key not in now and closes(report, seen.located):
                gone[key] = standing.pop(key)._replace(change="gone", since=last[key])
        for key, each in now.items():
            before = past.get(_host(report), ())
            if key in standing:
                standing[key] = Seen(each, "known", standing[key].since)
            else:
                standing[key] = Seen(each, "new" if any(closes(run, each) for run in before) else "known", report.started)
            last[key] = report.started
        past.setdefault(_host(report), []).append(report)
    order = sorted([*standing.values(), *gone.values()], key=lambda each: each.where)
    return sorted(order, key=lambda each: (each.change == "gone", SEVERITIES.index(each.severity)))


def closes(report: Report, each: Located) -> bool:
    """Whether a run looked to its end for what an earlier one had found, so that what it does not say is there no more."""
    if isinstance(report, SecurityAudit):
        inside = [part for host in report.hosts for part in host.reports]
        return any(closes(part, each) for part in inside) or _audit_closes(report, inside, each)
    if isinstance(report, NmapScan):
        return isinstance(each.report, NmapScan) and _scan_closes(report, each.report, each)
    return report.status == "ok" and look_of(report) == (probe_of(each.report), each.place.host.lower(), each.place.port)


def _audit_closes(audit: SecurityAudit, inside: Sequence[Report], each: Located) -> bool:
    """Whether an audit tells of what it made no check for: of a port that is closed, or, as a whole, of all it covers."""
    if _host(audit) != each.place.host.lower() or (isinstance(each.report, NmapScan) and each.report.profile == "udp"):
        return False
    port, scans = each.place.port, [part for part in inside if isinstance(part, NmapScan)]
    if port is None:
        return audit.status == "ok" and _covers(audit, each.report)
    looked = [host for scan in scans for host in scan.hosts if looked_at(scan, host, "tcp", port)]
    if looked and all(held.state != "open" for host in looked for held in host.ports if held.port == port):
        return True
    return audit.status == "ok" and (bool(looked) or any(port in host.tried for host in audit.hosts))


def _covers(audit: SecurityAudit, earlier: Report) -> bool:
    """Whether an audit looked at all that an earlier one did."""
    return isinstance(earlier, SecurityAudit) and audit.ports in (None, earlier.ports)


def _scan_closes(scan: NmapScan, earlier: NmapScan, each: Located) -> bool:
    own, theirs = _DEPTHS.get(scan.profile), _DEPTHS.get(earlier.profile)
    deep = scan.profile == earlier.profile or (own is not None and theirs is not None and own >= theirs)
    protocol = "udp" if earlier.profile == "udp" else "tcp"
    place = each.place
    hosts = [host for host in scan.hosts if place.host.lower() == _host(scan) or place.host == host.address]
    if place.port is None:
        all_of_it = (ports_of(earlier) or frozenset()) <= (ports_of(scan) or frozenset())
        return scan.status == "ok" and deep and _host(scan) == _host(earlier) and all_of_it
    looked = [host for host in hosts if looked_at(scan, host, protocol, place.port)]
    still = any(held.state == "open" and held.port == place.port for host in looked for held in host.ports)
    return bool(looked) and ((deep and scan.status == "ok") or not still)


def _host(report: Report) -> str:
    return place_of(report).host.lower()


def _started(report: Report) -> datetime:
    return report.started
