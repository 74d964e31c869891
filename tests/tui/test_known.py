"""What the rooms make of stored reports: the latest run speaks, and what it says no more is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from netassist.assistant.sessions import Sessions
from netassist.observations import Endpoint, Finding, Report
from netassist.probes.http import HttpCheck
from netassist.tui.columns import Cell, Column, fitted, header, line, shaped
from netassist.tui.estate import estate
from netassist.tui.known import findings, hosts
from netassist.tui.plots import binned, curve, port_map, severities, sparkline
from tests.tui.estate import furnished

WHEN = datetime(2026, 11, 1, tzinfo=UTC)


def finding(word: str, severity: str = "low") -> Finding:
    return Finding(id=f"http.{word}", severity=severity, title=word, detail="", evidence=word, fix="")  # type: ignore[arg-type]


def run(day: int, *found: Finding, status: str = "ok") -> Report:
    when = WHEN + timedelta(days=day)
    where = Endpoint("www.example.org", 443)
    return HttpCheck(target=where, started=when, duration_s=1, findings=found, status=status, url="https://www.example.org/")  # type: ignore[arg-type]


def told(reports: list[Report]) -> list[tuple[str, str, int]]:
    return [(each.located.finding.title, each.change, (each.since - WHEN).days) for each in findings(reports)]


def test_the_latest_run_speaks() -> None:
    old, middle, new = (
        run(0, finding("csp")),
        run(1, finding("csp"), finding("hsts", "high")),
        run(2, finding("csp"), finding("frames")),
    )
    assert told([middle, new, old]) == [("csp", "known", 0), ("frames", "new", 2), ("hsts", "gone", 1)]


def test_a_run_that_failed_or_is_not_whole_takes_nothing_away() -> None:
    before = run(0, finding("csp"))
    assert told([before, run(1, status="failed")]) == [("csp", "known", 0)]
    assert told([before, run(1, status="partial")]) == []


def test_what_was_measured_once_is_not_new() -> None:
    assert told([run(0, finding("csp"))]) == [("csp", "known", 0)]


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
    assert msgspec.to_builtins(run(0))["schema"] == "netassist/http/1"
