"""Which ports were looked at, in words: what was not looked at is never passed over."""

from __future__ import annotations

import pytest

from netassist.probes.nmap import NmapScan
from netassist.probes.nmap_xml import NmapHost, NmapPort
from netassist.reports.formats import Results
from netassist.reports.html import render as html
from netassist.reports.looked import limits, looked_at, ports_of
from netassist.reports.markdown import render as markdown
from netassist.reports.text import lines, sentence
from tests.reports.samples import WEB, audit, nmap

SOME = "Only TCP ports 8000 and 8443 were looked at, no others."
MANY = "Only 1,000 of the 65,535 TCP ports were looked at; the others were not."


@pytest.mark.parametrize(
    ("scan", "said"),
    [
        (nmap(WEB, scanned="8000,8443"), SOME),
        (nmap(WEB, scanned="443"), "Only TCP port 443 was looked at, no others."),
        (nmap(WEB, scanned="1-1000"), MANY),
        (nmap(WEB, not_shown={"closed": 999}), MANY),
        (nmap(WEB, scanned="1-1000", status="partial"), MANY.replace("were", "were to be", 1)),
        (nmap(WEB, scanned="1-100", profile="udp"), "Only 100 of the 65,535 UDP ports were looked at; the others were not."),
        (nmap(WEB, scanned="1-65535"), ""),
        (nmap(profile="discovery"), ""),
    ],
)
def test_the_sentence(scan: NmapScan, said: str) -> None:
    assert limits(scan) == said
    assert said in sentence(scan)


def test_an_audit_and_every_report_for_people_say_the_same() -> None:
    held = audit(nmap(WEB, scanned="1-1000"))
    assert MANY in sentence(held)
    assert MANY in markdown(Results((held,))).decode()
    assert MANY in html(Results((held,))).decode()
    whole = audit(nmap(WEB, scanned="1-65535"))
    assert "looked at" not in sentence(whole)
    assert "looked at" not in markdown(Results((whole,))).decode()


@pytest.mark.parametrize(("number", "looked"), [(80, True), (443, True), (8080, False)])
def test_a_port_was_looked_at_where_a_whole_scan_had_it(number: int, looked: bool) -> None:
    scan = nmap(WEB, scanned="1-1000")
    assert looked_at(scan, scan.hosts[0], "tcp", number) is looked
    assert looked_at(scan, scan.hosts[0], "udp", number) is False


def test_a_broken_off_scan_looked_only_at_what_it_tells_of() -> None:
    host = NmapHost(address="10.0.0.5", state="up", ports=(NmapPort(port=80, protocol="tcp", state="open"),))
    scan = nmap(scanned="1-1000", status="partial")
    assert looked_at(scan, host, "tcp", 80)
    assert not looked_at(scan, host, "tcp", 443)


def test_older_scans_tell_their_ports_by_the_command() -> None:
    assert ports_of(nmap(command=("nmap", "-p", "22,80", "10.0.0.5"))) == frozenset({22, 80})
    assert len(ports_of(nmap(command=("nmap", "-p-", "10.0.0.5"))) or ()) == 65535
    assert ports_of(nmap(command=("nmap", "-p", "1-9", "--exclude-ports", "5", "10.0.0.5"))) is None


def test_a_long_list_of_ports_takes_no_more_than_its_line_and_comes_after_the_results() -> None:
    ports = ",".join(map(str, range(1, 1001)))
    shown = [str(line) for line in lines(nmap(WEB, scanned=ports, command=("nmap", "-p", ports, "10.0.0.5")))]
    [command] = [number for number, line in enumerate(shown) if line.strip().startswith("Command")]
    [row] = [number for number, line in enumerate(shown) if "80/tcp" in line]
    assert row < command
    assert "…" in shown[command]
    assert "500" not in "".join(shown)
