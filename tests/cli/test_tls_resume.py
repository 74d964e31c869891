"""``netassist tls --resume``: what of a list of reports stays, and what is measured again."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netassist.cli.many.hosts import Place, key
from netassist.cli.many.resume import resumed
from netassist.observations import Endpoint, Failure, FailureKind, Status
from netassist.reports.json import encoded
from netassist.tls.audit import TlsAudit
from netassist.toolbox import InvalidCall


def report(
    host: str,
    status: Status = "ok",
    kind: FailureKind | None = None,
    *,
    message: str = "a.test:443: because",
    address: str | None = "192.0.2.1",
    starttls: str | None = None,
) -> bytes:
    error = Failure(kind, message) if kind else None
    target = Endpoint(host, 443, address, host, starttls)
    made = TlsAudit(target=target, status=status, error=error, started=datetime.now(UTC), duration_s=0.1)
    return encoded(made) + b"\n"


def keys(*hosts: str) -> frozenset[int]:
    return frozenset(key(Place(host, 443)) for host in hosts)


def test_whole_reports_stay_and_are_not_measured_again(tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    content = report("a.test") + report("b.test", "failed", "refused") + report("c.test", "partial", "timeout")
    file.write_bytes(content)
    assert resumed(file, None, addresses=False) == keys("a.test", "b.test", "c.test")
    assert file.read_bytes() == content


def test_an_empty_file_has_nothing(tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    file.touch()
    assert resumed(file, None, addresses=False) == frozenset()


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_last_line_that_was_cut_short_is_dropped(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_bytes(report("a.test") + report("b.test")[:-cut])
    assert resumed(file, None, addresses=False) == keys("a.test")
    assert file.read_bytes() == report_of(file, "a.test")


def report_of(file: Path, host: str) -> bytes:
    return b"".join(line for line in file.read_bytes().splitlines(keepends=True) if host.encode() in line)


@pytest.mark.parametrize(
    "again",
    [
        report("b.test", "failed", "timeout"),
        report("b.test", "failed", "unreachable"),
        report("b.test", "partial", "rate_limited"),
        report("b.test", "partial", "timeout", message="b.test:443: interrupted"),
    ],
    ids=["timeout", "unreachable", "rate_limited", "interrupted"],
)
def test_what_may_have_passed_is_measured_again(tmp_path: Path, again: bytes) -> None:
    file = tmp_path / "reports.jsonl"
    first, last = report("a.test"), report("c.test")
    file.write_bytes(first + again + last + again + again)
    file.chmod(0o640)
    assert resumed(file, None, addresses=False) == keys("a.test", "c.test")
    assert file.read_bytes() == first + last
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [file]


def test_each_address_counts_by_itself_where_all_are_wanted(tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_bytes(report("a.test", address="192.0.2.1") + report("a.test", address="192.0.2.2"))
    place = Place("a.test", 443)
    assert resumed(file, None, addresses=True) == {key(place, "192.0.2.1"), key(place, "192.0.2.2")}


def test_a_report_after_another_protocol_is_another_servers(tmp_path: Path) -> None:
    file = tmp_path / "reports.jsonl"
    file.write_bytes(report("a.test", starttls="smtp") + report("b.test"))
    assert resumed(file, "smtp", addresses=False) == keys("a.test")


@pytest.mark.parametrize("line", [b"a.test\n", b"{}\n", b'{"schema": "netassist/ping/1"}\n', b"\xff\n"])
def test_a_file_that_holds_something_else_is_left_as_it_is(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "reports.jsonl"
    content = report("a.test") + line + report("b.test")
    file.write_bytes(content)
    with pytest.raises(InvalidCall, match=":2: not a report"):
        resumed(file, None, addresses=False)
    assert file.read_bytes() == content
