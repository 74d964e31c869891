"""What the rooms make of stored reports: the latest run speaks of a host, and a scan of the ports that it looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec
import pytest

from netassist.assistant.sessions import Sessions
from netassist.observations import Endpoint, Failure, Report, Status
from netassist.probes.http import HttpCheck
from netassist.probes.nmap import NmapScan
from netassist.probes.nmap_xml import NmapHost, NmapPort
from netassist.probes.tcp import TcpCheck
from netassist.tui.columns import Cell, Column, fitted, header, line, shaped
from netassist.tui.estate import estate
from netassist.tui.known import hosts, latest, open_ports
from netassist.tui.plots import binned, curve, port_map, severities, sparkline
from tests.tui.estate import furnished

WHEN = datetime(2026, 11, 1, tzinfo=UTC)


def scan(day: int, ports: str, *found: int, status: Status = "ok") -> NmapScan:
    held = tuple(NmapPort(port=port, protocol="tcp", state="open") for port in found)
    host = NmapHost(address="192.0.2.9", state="up", ports=held)
    where, when = Endpoint("192.0.2.9", None, "192.0.2.9"), WHEN + timedelta(days=day)
    return NmapScan(target=where, started=when, duration_s=1, hosts=(host,), scanned=ports, status=status)


def connected(day: int, port: int, state: Literal["open", "closed"] = "open") -> TcpCheck:
    return TcpCheck(target=Endpoint("192.0.2.9", port), started=WHEN + timedelta(days=day), duration_s=1, state=state)


def test_hosts_of_the_inventory_stand_beside_those_that_were_measured(tmp_path: Path) -> None:
    reports = estate(Sessions(furnished(tmp_path))).reports
    found = {host.host: host for host in hosts(reports, {"my shop": "192.0.2.20", "new": "198.51.100.1"})}
    assert found["192.0.2.20"].names == ("my shop",)
    assert (found["192.0.2.20"].grade, found["192.0.2.20"].quantum, found["192.0.2.20"].ports) == ("F", "safe", (8080, 8443))
    assert found["192.0.2.21"].worst == "critical"
    assert found["198.51.100.1"].reports == ()


def test_a_damaged_answer_is_counted_and_hides_nothing(tmp_path: Path) -> None:
    import sqlite3

    state = furnished(tmp_path)
    whole = estate(Sessions(state))
    with sqlite3.connect(state / "sessions.db") as database:
        database.execute("UPDATE exchanges SET answer = replace(answer, 'duration_s', 'x') WHERE number = 1")
    damaged = estate(Sessions(state))
    assert damaged.unreadable == 1
    assert len(damaged.held) == len(whole.held) - 1


COLUMNS = (Column("host", 9, grows=True), Column("why", 1), Column("port", 5, right=True))


def test_columns_of_little_worth_give_way() -> None:
    rows = [(Cell("www.example.org"), Cell("because it is so"), Cell("443"))]
    shape = shaped(COLUMNS, rows, 20)
    assert header(COLUMNS, shape).plain == "host            port"
    assert line(COLUMNS, shape, rows[0]).plain == "www.example.o…   443"
    assert shaped(COLUMNS, [(Cell("a"), Cell(""), Cell("1"))], 80).shown == (0, 2)


@pytest.mark.parametrize("width", [1, 2, 5, 20])
def test_hostile_cells_fit_and_hold_nothing_that_acts(width: int) -> None:
    shown = fitted("\x1b[31m[red]\u202eabc\u200b 漢字漢字\n", width)
    assert not set("\x1b\n\u202e\u200b") & set(shown)
    assert len(shown) <= width


def test_plots() -> None:
    assert sparkline([1, None, 3], 10) == "▁·█"
    assert sparkline([2, 2], 10) == "▅▅"
    assert binned([(1, 2), (3, 4), (None, None)], 2) == [(2, 4), (None, None)]
    assert "No response time" in curve([(None, None)], 40).plain
    drawn = curve([(10, 20), (None, None)], 40, height=2).plain.splitlines()
    assert drawn[1].rstrip().endswith("·")
    assert "░" in drawn[0]
    assert port_map([("a", (22, 80)), ("b", (80,))], 40).plain.splitlines() == ["   22 80", "a  ■  ■  ", "b  ·  ■  "]
    assert "1 high" in severities([("a", {"high": 1})], 60).plain


def test_reports_survive_the_way_through_the_file() -> None:
    assert msgspec.to_builtins(scan(0, "80"))["schema"] == "netassist/nmap/1"


def test_a_port_is_open_until_it_was_looked_at_and_not_open() -> None:
    reports: list[Report] = [scan(0, "1-65535", 2024, 8000, 8443, 10022), scan(1, "8000,8443", 8000), connected(2, 2222)]
    assert open_ports(reports, "192.0.2.9") == (2024, 2222, 8000, 10022)
    assert open_ports([*reports, connected(3, 2222, "closed")], "192.0.2.9") == (2024, 8000, 10022)
    assert open_ports([*reports, scan(3, "1-65535", status="partial")], "192.0.2.9") == (2024, 2222, 8000, 10022)
    [host] = hosts(reports, {})
    assert host.ports == (2024, 2222, 8000, 10022)


def test_a_check_that_was_broken_off_does_not_hide_one_that_was_not() -> None:
    late = Failure("timeout", "interrupted")
    whole = HttpCheck(target=Endpoint("www.example.org", 443), started=WHEN, duration_s=1, url="https://www.example.org/")
    broken = msgspec.structs.replace(whole, started=WHEN + timedelta(days=1), status="partial", error=late)
    unsure = msgspec.structs.replace(whole, started=WHEN + timedelta(days=2), status="partial")
    assert latest([whole, broken]) == [whole]
    assert latest([broken, unsure, whole]) == [unsure]
    assert latest([broken]) == [broken]
