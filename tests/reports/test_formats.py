"""The registry of formats, and what holds for all of them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from netassist.reports.formats import NAMES, SUFFIXES, FormatName, Results, format_of, rendered
from netassist.reports.located import located, parts
from tests.reports.estate import estate
from tests.reports.every import ATTACK, REPORTS, RESULTS, attacked
from tests.reports.samples import EXAMPLES


@pytest.mark.parametrize("name", NAMES)
def test_every_format_renders_every_kind_of_report_and_the_same_each_time(name: FormatName) -> None:
    first = rendered(name, RESULTS)
    assert first == rendered(name, RESULTS)
    first.decode()


@pytest.mark.parametrize("name", NAMES)
def test_every_format_renders_what_real_servers_gave(name: FormatName) -> None:
    assert b"127.0.0.41" in rendered(name, Results(estate()))


@pytest.mark.parametrize("name", NAMES)
def test_every_format_renders_nothing(name: FormatName) -> None:
    rendered(name, Results(()))


@pytest.mark.parametrize("name", NAMES)
def test_no_control_character_gets_through(name: FormatName) -> None:
    shown = rendered(name, attacked(ATTACK)).decode()
    assert not {character for character in shown if ord(character) < 32 or 127 <= ord(character) < 160} - {"\n", "\r"}
    # JSON carries text as it was measured, escaped; whatever is made for people holds no override of direction either.
    assert name in ("json", "jsonl") or "\u202e" not in shown


@pytest.mark.parametrize("name", [name for name in NAMES if name != "cbom"])
def test_an_error_is_in_every_format(name: FormatName) -> None:
    report = EXAMPLES["dns_failed"]
    assert report.error is not None
    assert b"no answer within 5 s" in rendered(name, Results((report,)))


def test_a_format_goes_by_the_end_of_the_name() -> None:
    assert format_of("a/REPORT.HTML") == "html"
    assert format_of("a.sarif.json") == "sarif"
    assert format_of("a.cdx.json") == "cbom"
    assert format_of("a.json") == "json"
    assert format_of("a.pdf") is format_of("html") is None
    assert set(SUFFIXES.values()) == set(NAMES)


def test_the_names_load_no_format() -> None:
    code = (
        "import sys, netassist.reports.formats\n"
        "print(*{'asyncio', 'ssl', 'jinja2', 'cyclonedx', 'cryptography', 'xml', 'netassist.audit'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_an_audit_stands_for_its_parts_with_its_own_findings() -> None:
    audits = [report for report in REPORTS if type(report).__name__ == "SecurityAudit"]
    for audit in audits:
        found = located([audit])
        assert {(each.finding.id, each.place.port) for each in found} == {
            (finding.id, port) for finding in audit.findings for port in (443, 8443)
        }
        assert audit in parts([audit]) or any(part.status != "ok" for part in parts([audit])) or audit.status == "ok"


def test_findings_of_a_scan_stand_at_the_ports_that_they_name() -> None:
    [each] = located([EXAMPLES["nmap_bad"]])
    assert (each.place.host, each.place.port) == ("10.0.0.5", None)  # the scan lists no port 6379
