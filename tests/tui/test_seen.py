"""Findings with their history: only a check that ran to its end closes one, and what is kept keeps its age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from netassist.audit.findings import merged
from netassist.audit.security_audit import AuditedHost, SecurityAudit
from netassist.observations import Endpoint, Failure, Finding, Report, Severity, Status
from netassist.probes.http import HttpCheck
from netassist.probes.nmap import NmapScan
from netassist.probes.nmap_xml import NmapHost, NmapPort
from netassist.tui.seen import findings

WHEN = datetime(2026, 11, 1, tzinfo=UTC)
HOST = "192.0.2.9"


def finding(word: str, severity: Severity = "low", evidence: str = "") -> Finding:
    return Finding(id=f"http.{word}", severity=severity, title=word, detail="", evidence=evidence or word, fix="")


def run(day: int, *found: Finding, status: Status = "ok", port: int = 443) -> HttpCheck:
    when, url = WHEN + timedelta(days=day), f"https://{HOST}:{port}/"
    return HttpCheck(target=Endpoint(HOST, port), started=when, duration_s=1, findings=found, status=status, url=url)


def scan(day: int, ports: str, *found: int, profile: str = "service", status: Status = "ok") -> NmapScan:
    held = tuple(NmapPort(port=port, protocol="tcp", state="open") for port in found)
    said = tuple(finding(f"open_{port}", evidence=f"{HOST} {port}/tcp") for port in found)
    host = NmapHost(address=HOST, state="up", ports=held)
    return NmapScan(target=Endpoint(HOST, None, HOST), started=WHEN + timedelta(days=day), duration_s=1, hosts=(host,),
                    scanned=ports, status=status, profile=profile, findings=said)  # fmt: skip


def audit(day: int, *reports: Report, status: Status = "ok") -> SecurityAudit:
    error = None if status == "ok" else Failure("timeout", "interrupted")
    return SecurityAudit(target=Endpoint(HOST, None, HOST), started=WHEN + timedelta(days=day), duration_s=1, status=status,
                         error=error, findings=merged(reports), hosts=(AuditedHost(HOST, (), (), reports),))  # fmt: skip


def told(reports: list[Report]) -> list[tuple[str, str, int]]:
    return [(each.located.finding.title, each.change, (each.since - WHEN).days) for each in findings(reports)]


def test_the_latest_run_speaks() -> None:
    old, middle, new = (
        run(0, finding("csp")),
        run(1, finding("csp"), finding("hsts", "high")),
        run(2, finding("csp"), finding("frames")),
    )
    assert told([middle, new, old]) == [("csp", "known", 0), ("frames", "new", 2), ("hsts", "gone", 1)]


@pytest.mark.parametrize("status", ["partial", "failed"])
def test_a_run_that_failed_or_is_not_whole_takes_nothing_away(status: Status) -> None:
    assert told([run(0, finding("csp")), run(1, status=status)]) == [("csp", "known", 0)]


def test_what_was_measured_once_is_not_new_and_what_came_back_is() -> None:
    assert told([run(0, finding("csp"))]) == [("csp", "known", 0)]
    assert told([run(0, finding("csp")), run(1), run(2, finding("csp"))]) == [("csp", "new", 2)]
    assert told([run(0, finding("csp")), run(1), run(2)]) == []


def test_a_cancelled_audit_erases_nothing_and_the_next_whole_one_knows_the_age() -> None:
    web, listing = run(0, finding("csp"), port=8443), run(0, finding("listing"), port=8000)
    before = audit(0, scan(0, "1-10000", 8000, 8443), web, listing)
    cancelled = audit(1, scan(1, "1-10000", 8000, 8443), run(1, port=8443, status="partial"), status="partial")
    kept = [("listing", "known", 0), ("csp", "known", 0)]
    assert told([before, cancelled]) == kept
    again = audit(2, scan(2, "1-10000", 8000, 8443), run(2, finding("csp"), port=8443), run(2, finding("listing"), port=8000))
    assert told([before, cancelled, again]) == kept


def test_the_parts_of_a_broken_off_audit_that_ran_to_their_end_close_what_is_gone_there() -> None:
    before = audit(0, scan(0, "1-10000", 8000, 8443), run(0, finding("csp"), port=8443), run(0, finding("listing"), port=8000))
    broken = audit(1, scan(1, "1-10000", 8443), run(1, port=8443), status="partial")
    assert told([before, broken]) == [("listing", "gone", 0), ("csp", "gone", 0)]


def test_a_scan_closes_only_what_it_looked_at_and_asked_as_deeply() -> None:
    before = scan(0, "1-65535", 2024, 8000, profile="vuln")
    kept = [("open_2024", "known", 0), ("open_8000", "known", 0)]
    assert told([before, scan(1, "443")]) == kept
    quick = scan(1, "1-65535", 2024, 8000, profile="quick")
    silent = NmapScan(target=quick.target, started=quick.started, duration_s=1, hosts=quick.hosts, scanned="1-65535")
    assert told([before, silent]) == kept
    cut = NmapScan(target=quick.target, started=quick.started, duration_s=1, hosts=quick.hosts, status="partial", profile="vuln")
    assert told([before, cut]) == kept
    assert told([before, scan(1, "8000", profile="quick")]) == [("open_2024", "known", 0), ("open_8000", "gone", 0)]
    assert told([before, scan(1, "8000", profile="quick", status="partial")]) == kept


def test_an_audit_of_some_ports_says_nothing_of_the_others() -> None:
    far = audit(0, scan(0, "1-65535", 10022), run(0, finding("csp"), port=10022))
    assert told([far, audit(1, scan(1, "1-1000"))]) == [("csp", "known", 0)]
    assert told([far, audit(1, scan(1, "1-65535"))]) == [("csp", "gone", 0)]
