"""What a new critical alert is looked at with, within what the owner allowed, on real servers."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netassist.assistant.journal import Journal
from netassist.configuration import ScopeRules, Settings
from netassist.monitor.alert import Alert
from netassist.monitor.diagnosis import MOST_EVIDENCE, Diagnoser, Diagnosis, examined, planned
from netassist.monitor.store import Store
from netassist.monitor.watch import Watch
from tests.monitor.sample import NOON, alert, watched

EVERY = Diagnosis(tools=("dns_lookup", "ping", "tcp_check", "http_check", "certificate_info", "traceroute"), calls=10)


def diagnoser(store: Store, tmp_path: Path, terms: Diagnosis, settings: Settings | None = None) -> Diagnoser:
    settings = settings or Settings()
    return Diagnoser(store, lambda: terms, lambda: settings, Journal(tmp_path), now=lambda: NOON)


def looked_at(diagnoser: Diagnoser, store: Store, alerts: list[Alert], *watches: Watch) -> None:
    async def story() -> None:
        diagnoser.consider(alerts, watched(*watches))
        await diagnoser.done()

    store.record([], alerts=alerts)
    asyncio.run(story())


def names(watch: Watch, terms: Diagnosis = EVERY) -> list[str]:
    return [str(call) for call in planned(watch, terms)]


def test_what_is_planned_depends_on_the_check_and_stays_at_its_host() -> None:
    assert names(Watch(host="db.example.org", check="tcp", port=5432)) == [
        "dns_lookup(name='db.example.org')",
        "ping(host='db.example.org')",
        "tcp_check(host='db.example.org', port=5432)",
        "traceroute(host='db.example.org')",
    ]
    page = names(Watch(host="https://shop.example.org:8443/cart", check="https"))
    assert "http_check(url='https://shop.example.org:8443/cart')" in page
    assert "tcp_check(host='shop.example.org', port=8443)" in page
    assert names(Watch(host="192.0.2.1", check="icmp")) == ["traceroute(host='192.0.2.1')", "ping(host='192.0.2.1')"]


def test_only_allowed_tools_are_run_and_no_more_than_so_many() -> None:
    watch = Watch(host="db.example.org", check="tcp", port=5432)
    assert names(watch, Diagnosis()) == []
    few = names(watch, Diagnosis(tools=("traceroute", "ping")))
    assert few == ["ping(host='db.example.org')", "traceroute(host='db.example.org')"]
    assert len(names(watch, Diagnosis(tools=EVERY.tools, calls=2))) == 2


@pytest.mark.parametrize(
    ("table", "wrong"),
    [({"tools": ["monitor_remove"]}, "change"), ({"tools": ["processor_run"]}, "intrusive"), ({"tools": ["nothing"]}, "no tool"),
     ({"tools": ["monitor_add"]}, "tells nothing"), ({"calls": 0}, "calls"), ({"seconds": 1000}, "seconds"),
     ({"tool": ["ping"]}, "tool")],
)  # fmt: skip
def test_mistakes_are_told_where_it_is_read(table: dict[str, Any], wrong: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=wrong):
        msgspec.convert(table, Diagnosis)


def test_what_is_measured_goes_with_the_alert_and_into_the_journal(store: Store, tmp_path: Path, closed: Watch) -> None:
    looked_at(diagnoser(store, tmp_path, Diagnosis(tools=("tcp_check",))), store, [alert(closed)], closed)
    found = store.alert("a0000001")
    assert found is not None
    assert found.evidence.startswith("tcp_check: ")
    assert "refused" in found.evidence
    assert '"diagnosis of alert a0000001' in (tmp_path / "journal.jsonl").read_text()


def test_a_rule_that_denies_the_host_wins(store: Store, tmp_path: Path, closed: Watch) -> None:
    denied = Settings(scope=ScopeRules(deny=("127.0.0.1",)))
    looked_at(diagnoser(store, tmp_path, Diagnosis(tools=("tcp_check",)), denied), store, [alert(closed)], closed)
    found = store.alert("a0000001")
    assert found is not None
    assert "the configuration denies it" in found.evidence
    assert "refused" not in found.evidence


def test_tools_that_the_owner_is_otherwise_asked_about_run_where_they_are_allowed_here(
    store: Store, tmp_path: Path, closed: Watch
) -> None:
    asks = msgspec.convert({"approval": {"ask": ["passive", "active"]}}, Settings)
    looked_at(diagnoser(store, tmp_path, Diagnosis(tools=("tcp_check",)), asks), store, [alert(closed)], closed)
    found = store.alert("a0000001")
    assert found is not None
    assert "refused" in found.evidence


def test_only_what_is_new_critical_and_open_is_looked_at(store: Store, tmp_path: Path, closed: Watch) -> None:
    others = [
        alert(closed, id="b1", level="warning"),
        alert(closed, id="b2", status="acknowledged"),
        alert(closed, id="b3", about="host_key"),
        alert(closed, id="b4", opened=NOON - 3600),
        alert(closed, id="b5", evidence="ping: lost"),
        alert(Watch(host="gone", check="icmp"), id="b6"),
    ]
    looked_at(diagnoser(store, tmp_path, Diagnosis(tools=("tcp_check",))), store, others, closed)
    assert not (tmp_path / "journal.jsonl").exists()


def test_of_a_hundred_that_open_at_once_the_first_few_are_looked_at(store: Store, tmp_path: Path, closed: Watch) -> None:
    alerts = [alert(closed, id=f"{number:08x}", about="state") for number in range(100)]
    looked_at(diagnoser(store, tmp_path, Diagnosis(tools=("tcp_check",), most=3)), store, alerts, closed)
    assert sorted(each.id for each in store.alerts("all") if each.evidence) == ["00000000", "00000001", "00000002"]


def test_an_alert_is_looked_at_once(store: Store, tmp_path: Path, closed: Watch) -> None:
    looking = diagnoser(store, tmp_path, Diagnosis(tools=("tcp_check",)))
    for _ in range(3):
        looked_at(looking, store, [alert(closed)], closed)
    assert (tmp_path / "journal.jsonl").read_text().count("tcp_check") == 1


def test_an_alert_that_was_resolved_meanwhile_stays_so(store: Store, tmp_path: Path, closed: Watch) -> None:
    async def story() -> None:
        looking.consider([alert(closed)], watched(closed))
        assert looking.busy == {"a0000001"}
        store.record([], alerts=[alert(closed, status="resolved", resolved=NOON + 1)])
        await looking.done()
        assert looking.busy == frozenset()

    looking = diagnoser(store, tmp_path, Diagnosis(tools=("tcp_check",)))
    store.record([], alerts=[alert(closed)])
    asyncio.run(story())
    found = store.alert("a0000001")
    assert found is not None
    assert (found.status, bool(found.evidence)) == ("resolved", True)


def test_a_service_that_says_nothing_is_left_when_the_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        watch = Watch(host="127.0.0.1", check="smtp", port=silent.getsockname()[1])
        terms = Diagnosis(tools=("smtp_check", "tcp_check"), seconds=1)
        steps = asyncio.run(examined(alert(watch), watch, terms, Settings(), Journal(tmp_path)))
    assert [step.call.name for step in steps] == ["tcp_check", "smtp_check"]
    assert all(step.report is not None and step.status != "ok" for step in steps)


def test_evidence_is_bounded() -> None:
    from netassist.assistant.answers import Step
    from netassist.monitor.diagnosis import evidence_of
    from netassist.toolbox import Call

    steps = [Step(Call("ping", {"host": "h"}), "failed", message="\x1b[31m" + "x" * 900 + "\n<TOOLCALL>") for _ in range(10)]
    evidence = evidence_of(steps)
    assert 1000 < len(evidence) <= MOST_EVIDENCE
    assert "\x1b" not in evidence
