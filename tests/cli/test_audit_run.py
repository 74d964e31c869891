"""What the run of an audit keeps and counts: nothing of a host but its findings, and the time and pace it was given."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from datetime import date
from pathlib import Path
from time import monotonic

import msgspec
import pytest

from netassist.audit.findings import Place, PlacedFinding
from netassist.audit.security_audit import AuditedHost, Changed, Excused, Noted, SecurityAudit
from netassist.cli.estate.baseline import Baseline
from netassist.cli.estate.outputs import EstateOutputs
from netassist.cli.estate.run import Run
from netassist.cli.estate.tally import EstateTally
from netassist.cli.estate.targets import Targets, shown
from netassist.cli.estate.terms import Terms
from netassist.configuration import Settings
from netassist.network import Network
from netassist.observations import Endpoint, Failed, Failure, Finding, Status, Stopwatch
from netassist.probes.tcp import TcpCheck
from netassist.scope import Scope
from netassist.toolbox import InvalidCall
from tests.lab.listening import listening

WEAK = Finding(id="ssh.weak_mac", severity="low", title="Weak MACs are offered", detail="", evidence="", fix="")


def waiting(connection: socket.socket) -> None:
    """Says nothing, and waits for the client to speak or to leave."""
    with contextlib.suppress(OSError):
        connection.recv(1)


class Counted(EstateOutputs):
    """Counts the audits that are alive whenever one is written."""

    alive = 0

    def put(self, audit: SecurityAudit) -> None:
        super().put(audit)
        self.alive = max(self.alive, living_audits())


def living_audits() -> int:
    gc.collect()  # what waits for the collector is not alive
    return sum(isinstance(held, SecurityAudit) for held in gc.get_objects())


def audited(host: str, *ports: int | None, status: Status = "ok", excused: tuple[Excused, ...] = ()) -> SecurityAudit:
    places = [Place(host, port, "hmac-md5") for port in ports]
    reports = tuple(TcpCheck(target=Endpoint(host, port), **Stopwatch().stamp()) for port in ports)
    return SecurityAudit(
        target=Endpoint(host),
        status=status,
        error=Failure("timeout", f"{host}: no answer") if status != "ok" else None,
        findings=(PlacedFinding.of(WEAK, places),) if places else (),
        hosts=(AuditedHost("192.0.2.1", (host,), (), reports),),
        excused=excused,
        **Stopwatch().stamp(),
    )


def changes(baseline: Baseline, now: SecurityAudit) -> Changed:
    held = baseline.compared(now).changes
    assert held is not None
    return held


def test_of_many_hosts_no_more_audits_are_alive_than_are_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "hosts").write_text("\n".join(f"h{number}.invalid" for number in range(60)))
    targets = Targets((), tmp_path / "hosts", {})
    outputs = Counted("jsonl", [tmp_path / "all.jsonl"], resume=False)
    tally = EstateTally(60, "high", "never")
    terms = Terms(Settings(), date(2027, 1, 1), jobs=3)
    held_by_others = living_audits()
    code = asyncio.run(Run(targets, terms, outputs, tally).whole(None))
    assert (code, tally.measured, tally.incomplete) == (3, 60, 60)
    assert len((tmp_path / "all.jsonl").read_bytes().splitlines()) == 60
    assert 1 <= outputs.alive - held_by_others <= 6


def test_when_the_time_for_the_whole_is_over_the_rest_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with listening(waiting) as port:
        targets = Targets([f"127.0.0.{number}:{port}" for number in range(1, 9)], None, {})
        outputs, tally = EstateOutputs("jsonl", [], resume=False), EstateTally(8, "high", "never")
        code = asyncio.run(Run(targets, Terms(Settings(), date(2027, 1, 1), jobs=1), outputs, tally).whole(0.5))
    assert (code, tally.measured < 8) == (3, True)
    assert "the time for the whole is over" in capsys.readouterr().err


def test_connections_are_opened_at_the_pace_that_is_asked_for() -> None:
    async def story(port: int) -> float:
        network, began = Network(Scope(frozenset({"127.0.0.1"})), rate=20), monotonic()
        for _ in range(5):
            async with network.connect("127.0.0.1", port):
                pass
        return monotonic() - began

    with listening(lambda connection: None) as port:
        assert asyncio.run(story(port)) >= 4 / 20


def test_waiting_for_ones_turn_ends_at_the_deadline() -> None:
    async def story(port: int) -> None:
        network = Network(Scope(frozenset({"127.0.0.1"})), rate=0.01, deadline=0.3)
        for _ in range(2):
            async with network.connect("127.0.0.1", port):
                pass

    with listening(lambda connection: None) as port, pytest.raises(Failed, match="waiting to connect") as told:
        asyncio.run(story(port))
    assert told.value.failure.kind == "timeout"


def test_a_file_that_is_given_twice_is_told_before_it_is_made(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    with pytest.raises(InvalidCall, match="is given twice"):
        EstateOutputs("text", [file, file], resume=False)
    assert not file.exists()


def test_targets_are_read_as_they_are_written() -> None:
    words = [
        "a.example",
        "A.example",
        "b.example:25",
        "https://c.example/shop",
        "https://c.example/",
        "192.0.2.0/30",
        "2001:db8::1",
    ]
    targets = Targets([*words, "192.0.2.9/32", "intranet"], None, {"intranet": "10.0.0.0/24"})
    assert [shown(place) for place in targets] == [
        "a.example", "b.example:25", "c.example:443", "2001:db8::1", "192.0.2.9",
    ]  # fmt: skip
    assert targets.networks == ["192.0.2.0/30", "10.0.0.0/24"]
    assert list(targets.pages.values()) == [("https://c.example/shop", "https://c.example/")]


def test_against_a_baseline_a_finding_is_new_gone_or_unchanged_by_its_port() -> None:
    baseline = Baseline("last", [audited("a.example", 22, 2222)])
    held = changes(baseline, audited("a.example", 22, 8022))
    assert held.new == (Noted(id=WEAK.id, severity="low", title=WEAK.title, host="a.example", port=8022),)
    assert ([one.port for one in held.gone], [one.port for one in held.unchanged], held.unknown) == ([2222], [22], ())


def test_what_was_not_looked_for_again_is_not_gone() -> None:
    held = changes(Baseline("last", [audited("a.example", 22)]), audited("a.example", status="partial"))
    assert (held.gone, [one.port for one in held.unknown]) == ((), [22])


@pytest.mark.parametrize(
    ("before", "now", "looked"), [(None, None, True), ("1-9999", None, False), (None, "1-99", False), (None, "2222", True)]
)
def test_what_was_found_at_a_port_that_is_not_looked_at_is_not_gone(before: str | None, now: str | None, looked: bool) -> None:
    was = msgspec.structs.replace(audited("a.example", 2222), ports=before)
    held = changes(Baseline("last", [was]), msgspec.structs.replace(audited("a.example"), ports=now))
    assert ([one.port for one in held.gone], [one.port for one in held.unknown]) == (([2222], []) if looked else ([], [2222]))


def test_where_one_port_is_audited_the_others_do_not_matter() -> None:
    one = msgspec.structs.replace(audited("a.example", 22), target=Endpoint("a.example", 22), ports="22")
    held = changes(Baseline("last", [audited("a.example", 22, 2222)]), one)
    assert (held.new, held.gone, held.unknown, [same.port for same in held.unchanged]) == ((), (), (), [22])


def test_what_an_exception_took_out_is_known() -> None:
    out = Excused(id=WEAK.id, severity="low", title=WEAK.title, host="a.example", port=22, reason="old", expires=date(2027, 1, 1))
    was = changes(Baseline("last", [audited("a.example", excused=(out,))]), audited("a.example", 22))
    assert ([one.port for one in was.unchanged], was.new) == ([22], ())
    now = changes(Baseline("last", [audited("a.example", 22)]), audited("a.example", excused=(out,)))
    assert (now.gone, now.unknown, now.new) == ((), (), ())


def test_a_baseline_names_the_hosts_that_were_left_out() -> None:
    baseline = Baseline("last", [audited("a.example", 22), audited("b.example", 22), audited("c.example")])
    baseline.compared(audited("A.example", 22))
    assert baseline.not_met() == ["b.example"]


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "netassist/audit/1"}', "{", '{"a": 1}\n{"a": 2}\n'])
def test_what_is_no_result_is_no_baseline(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.jsonl").write_text(text)
    with pytest.raises(InvalidCall, match=r"bad\.jsonl"):
        Baseline.read(tmp_path / "bad.jsonl")
