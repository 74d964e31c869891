"""The monitoring's tools over a real store: what they change, what they refuse, and what they tell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec import structs

from netassist.configuration import tools_folder
from netassist.monitor.alert import Alert
from netassist.monitor.alone import Heartbeat, alone, beat
from netassist.monitor.happening import Event, Result, State
from netassist.monitor.meant import found_in
from netassist.monitor.plan_file import plan_file
from netassist.monitor.store import open_store
from netassist.monitor.tools import (
    alert_list,
    history_of,
    monitor_add,
    monitor_edit,
    monitor_history,
    monitor_list,
    monitor_remove,
    watch_of,
)
from netassist.monitor.watch import Check, Watch
from netassist.network import Network
from netassist.observations import Report, Stopwatch
from netassist.reports.layout import BAD
from netassist.reports.stored import read
from netassist.reports.text import lines, sentence, verdict
from netassist.scope import Scope

R = TypeVar("R", bound=Report)
NOTHING = Network(Scope())
DB = Watch(host="192.0.2.7", check="tcp", port=5432, interval=60)


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("NETASSIST_CONFIG", raising=False)


def done(work: Awaitable[R]) -> R:
    """What a tool reports, which is shown at every width and read back from JSON whatever it is."""

    async def waited() -> R:
        return await work

    report = asyncio.run(waited())
    from netassist.reports.json import encoded

    assert read(encoded(report), "stored") == (report,)
    assert all(lines(report, width=width) for width in (40, 100))
    return report


def test_what_is_added_is_listed_and_that_nothing_watches_is_said() -> None:
    added = done(monitor_add(NOTHING, "https://www.example.org/login", "https"))
    assert sentence(added) == (
        "https://www.example.org/login (https) is watched from now on, every 5 minutes. The daemon is not running, so nothing is "
        "checked until it is started."
    )
    listed = done(monitor_list(NOTHING))
    assert [(watch.key, watch.interval, watch.standing) for watch in listed.watches] == [
        ("https https://www.example.org/login", 300, "pending")
    ]
    assert "The daemon is not running" in sentence(listed)
    assert "netassist daemon" in "\n".join("".join(span.text for span in line.spans) for line in lines(listed))


def test_with_a_daemon_at_work_the_list_says_how_all_stands() -> None:
    now = time.time()
    with open_store() as store:
        store.put_watch(DB, now)
        down = State(watch=DB.key, standing="down", since=now - 7200, at=now, message="refused; nothing listens there")
        store.record([], [down])
        with alone(store, now):
            beat(store, Heartbeat(pid=1, host="here", since=now, at=now, socket=""))
            listed = done(monitor_list(NOTHING))
    assert listed.daemon.running
    assert sentence(listed) == (
        "1 check of 1 host is set up: 1 down. 192.0.2.7 port 5432 (tcp) is down: refused; nothing listens there."
    )


def test_what_is_in_trouble_is_told_below_the_list_one_by_one() -> None:
    now, other = time.time(), Watch(host="192.0.2.8", check="icmp")
    with open_store() as store:
        for watch in (DB, other):
            store.put_watch(watch, now)
        store.record([], [State(watch=watch.key, standing="down", since=now, at=now, message="refused") for watch in (DB, other)])
    listed = done(monitor_list(NOTHING))
    assert "192.0.2.7 port 5432 (tcp) is down and 192.0.2.8 (icmp) is down" in sentence(listed)
    shown = ["".join(span.text for span in line.spans).strip() for line in lines(listed)]
    assert {"✘ tcp 192.0.2.7 5432: refused", "✘ icmp 192.0.2.8: refused"} <= {*shown}


@pytest.mark.parametrize(
    ("watch", "said"),
    [
        (DB, 'is watched already, every minute; change that with: netassist monitor edit "tcp 192.0.2.7 5432" --interval 30s.'),
        (structs.replace(DB, enabled=False), 'and paused; resume it with: netassist monitor edit "tcp 192.0.2.7 5432" --resume.'),
        (structs.replace(DB, interval=30), "192.0.2.7 port 5432 (tcp) is watched already, every 30 seconds."),
    ],
)
def test_what_is_watched_already_is_not_changed_by_adding_it_which_nobody_was_asked_about(watch: Watch, said: str) -> None:
    with open_store() as store:
        store.put_watch(watch, 1.0)
    assert said in sentence(done(monitor_add(NOTHING, DB.host, "tcp", 30, 5432)))
    with open_store() as store:
        assert store.watches() == (watch,)


@pytest.mark.parametrize(
    ("host", "check", "interval", "port", "words"),
    [
        ("192.0.2.7", "tcp", 300, None, "a tcp check needs a port"),
        ("192.0.2.7", "icmp", 1, None, "interval 1 is not between"),
        ("192.0.2.0/24", "icmp", 300, None, "is a network"),
    ],
)
def test_what_cannot_be_watched_is_refused_in_words(host: str, check: str, interval: int, port: int | None, words: str) -> None:
    report = done(monitor_add(NOTHING, host, check, interval, port))  # type: ignore[arg-type]
    assert report.error is not None
    assert words in report.error.message
    assert done(monitor_list(NOTHING)).watches == ()


def test_a_url_gives_host_and_port_to_checks_that_take_no_url() -> None:
    assert watch_of("https://www.example.org:8443/x", "tls").key == "tls www.example.org 8443"
    assert watch_of("https://www.example.org/x", "icmp").key == "icmp www.example.org"
    assert watch_of("http://www.example.org/", "https").check == "http"


def test_which_watches_are_meant() -> None:
    web = Watch(host="https://www.example.org/", check="https")
    other = Watch(host="https://www.example.org/login", check="https")
    ping = Watch(host="www.example.org", check="icmp")
    every = (web, other, ping)
    assert found_in(every, "WWW.example.org", None) == every
    assert found_in(every, "https://www.example.org/login", None) == (other,)
    assert found_in(every, "www.example.org", "icmp") == (ping,)
    assert found_in(every, "example.org", None) == ()


@pytest.mark.parametrize(
    ("named", "check", "port", "keys"),
    [
        ("http://127.0.0.1:8080/", None, None, ["http http://127.0.0.1:8080/"]),
        ("http://127.0.0.1:8080", None, None, ["http http://127.0.0.1:8080/"]),
        ("http://127.0.0.1:8080/typo", None, None, []),
        ("http://127.0.0.1:8080/typo", "http", None, []),
        ("http://127.0.0.1:9999/", None, None, []),
        ("https://127.0.0.1:8080/", None, None, []),
        ("http://127.0.0.1:8080/A", None, None, []),
        ("http://127.0.0.1:8080/typo", "icmp", None, ["icmp 127.0.0.1"]),
        ("https://127.0.0.1:18443/x", "certificate", None, ["certificate 127.0.0.1 18443"]),
        ("https://127.0.0.1/", "certificate", None, ["certificate 127.0.0.1"]),
        ("https://127.0.0.1:9443/", "certificate", None, []),
        ("127.0.0.1:18443", None, None, ["certificate 127.0.0.1 18443"]),
        ("127.0.0.1:18443", "tcp", None, []),
        ("127.0.0.1:1", None, None, []),
        ("127.0.0.1:", None, None, []),
        ("127.0.0.1:abc", None, None, []),
        ("127.0.0.1", "certificate", None, ["certificate 127.0.0.1 18443", "certificate 127.0.0.1"]),
        ("127.0.0.1", "certificate", 443, ["certificate 127.0.0.1"]),
        ("certificate 127.0.0.1", None, None, ["certificate 127.0.0.1"]),
        ("certificate 127.0.0.1 1", None, None, []),
        ("tcp 127.0.0.1", None, None, []),
    ],
)
def test_what_is_not_watched_stands_for_nothing_else(named: str, check: Check | None, port: int | None, keys: list[str]) -> None:
    watches = (
        Watch(host="http://127.0.0.1:8080/", check="http"),
        Watch(host="http://127.0.0.1:8080/a", check="http"),
        Watch(host="127.0.0.1", check="icmp"),
        Watch(host="127.0.0.1", check="certificate", port=18443),
        Watch(host="127.0.0.1", check="certificate"),
    )
    assert [watch.key for watch in found_in(watches, named, check, port)] == keys
    if not keys:
        with open_store() as store:
            for watch in watches:
                store.put_watch(watch, 1.0)
        assert "is not watched" in sentence(done(monitor_remove(NOTHING, named, check)))
        assert "is not watched" in sentence(done(monitor_edit(NOTHING, named, check, enabled=False)))
        with open_store() as store:
            assert store.watches() == watches


def test_pause_resume_and_another_interval() -> None:
    done(monitor_add(NOTHING, DB.host, "tcp", 60, 5432))
    assert "paused" in sentence(done(monitor_edit(NOTHING, DB.host, enabled=False)))
    assert not done(monitor_list(NOTHING)).watches[0].enabled
    resumed = done(monitor_edit(NOTHING, DB.host, interval=3600, enabled=True))
    assert "checked every hour from now on and resumed" in sentence(resumed)
    [watch] = done(monitor_list(NOTHING)).watches
    assert (watch.enabled, watch.interval) == (True, 3600)
    assert done(monitor_edit(NOTHING, DB.host)).status == "failed"
    assert done(monitor_edit(NOTHING, DB.host, interval=1)).status == "failed"


def test_what_is_removed_is_watched_no_more_and_a_host_that_never_was_is_said_so() -> None:
    done(monitor_add(NOTHING, DB.host, "tcp", 60, 5432))
    wrong = done(monitor_remove(NOTHING, "192.0.2.8"))
    assert wrong.error is not None
    assert wrong.error.message == "192.0.2.8 is not watched; what is watched: 192.0.2.7"
    assert done(monitor_remove(NOTHING, DB.host, "icmp")).status == "failed"
    assert "is watched no more; the history stays" in sentence(done(monitor_remove(NOTHING, DB.host)))
    assert done(monitor_list(NOTHING)).watches == ()


def test_what_stands_in_monitor_toml_is_changed_there() -> None:
    with open_store() as store:
        store.set_file_watches([DB], 1.0)
        store.put_watch(Watch(host=DB.host, check="icmp"), 1.0)
    both = done(monitor_remove(NOTHING, DB.host))
    assert (both.status, [watch.check for watch in both.watches]) == ("partial", ["icmp"])
    assert both.error is not None
    assert "is in monitor.toml; change it there" in both.error.message
    assert sentence(both) == (
        "192.0.2.7 (icmp) is watched no more; the history stays. tcp 192.0.2.7 5432 is in monitor.toml; change it there."
    )
    assert done(monitor_edit(NOTHING, DB.host, enabled=False)).status == "failed"


def test_history_tells_availability_over_what_was_measured() -> None:
    now = time.time()
    with open_store() as store:
        store.put_watch(DB, now - 7200)
        outcomes = ["up"] * 50 + ["down"] * 10
        store.record(
            [Result(watch=DB.key, at=now - 3600 + 60 * number, outcome=outcome, ms=5.0 if outcome == "up" else None)  # type: ignore[arg-type]
             for number, outcome in enumerate(outcomes)]
        )  # fmt: skip
        report = history_of(store, now, Stopwatch(), DB.host, 24)
    [past] = report.checks
    assert past.ratio == pytest.approx(50 / 60, abs=0.01)
    assert past.unmeasured == pytest.approx(23 * 3600, abs=120)
    assert past.times is not None
    assert past.times.count == 50
    assert "was available 83% of the time measured, down for 10 min" in sentence(report)
    assert "not measured for 23 h" in sentence(report)


@pytest.mark.parametrize("named", [DB.key, DB.host, f"{DB.host}:5432"])
def test_the_history_of_what_is_watched_no_more_is_told_while_it_is_kept(named: str) -> None:
    now, other = time.time(), Watch(host=DB.host, check="icmp")
    with open_store() as store:
        store.put_watch(DB, now - 7200)
        store.put_watch(other, now - 7200)
        store.record([Result(watch=DB.key, at=now - 600, outcome="up", ms=5.0)])
        store.remove_watch(DB.key, now)
    report = done(monitor_history(NOTHING, named))
    assert [(past.watch.key, past.removed) for past in report.checks][-1] == (DB.key, True)
    assert (other.key in {past.watch.key for past in report.checks}) == (named == DB.host)
    assert "it is watched no more" in sentence(report)
    assert any(event.message == "The watch was removed." for event in report.checks[-1].events)
    with open_store() as store:
        store.remove_watch(other.key, now)
    assert done(monitor_history(NOTHING, other.key)).checks[0].removed  # never measured, and told as that
    assert done(monitor_history(NOTHING, f"{DB.host}:1")).status == "failed"


def test_the_history_of_a_url_is_that_of_no_other() -> None:
    with open_store() as store:
        for host in ("http://a.test/", "http://a.test/gone"):
            store.put_watch(Watch(host=host, check="http"), 1.0)
        store.remove_watch("http http://a.test/gone", 2.0)
    assert [past.watch.host for past in done(monitor_history(NOTHING, "http://a.test/gone")).checks] == ["http://a.test/gone"]
    assert done(monitor_history(NOTHING, "http://a.test/never")).status == "failed"


def test_what_is_shown_of_a_watch_is_in_words_and_urls_are_counted_by_their_host() -> None:
    now, page, ssh = time.time(), Watch(host="http://a.test/x", check="http"), Watch(host="A.test", check="ssh")
    with open_store() as store:
        for watch in (page, ssh):
            store.put_watch(watch, now)
        up = State(watch=ssh.key, standing="up", since=now, at=now, facts={"post_quantum": "not_safe", "host_key": "a_b"})
        store.record([], [up], [Event(at=now, watch=ssh.key, kind="state", before="pending", after="up")])
    shown = " ".join("".join(span.text for span in line.spans) for line in lines(done(monitor_history(NOTHING, ssh.key))))
    assert "not measured yet → up" in shown
    assert "not safe" in shown
    assert "a_b" in shown
    assert sentence(done(monitor_list(NOTHING))).startswith("2 checks of 1 host are set up")


def test_an_edit_is_told_by_what_it_changed() -> None:
    now = time.time()
    with open_store() as store:
        store.put_watch(DB, now - 60)
        store.put_watch(structs.replace(DB, interval=30, enabled=False), now - 30)
    report = done(monitor_history(NOTHING, DB.host, 1))
    shown = "\n".join("".join(span.text for span in line.spans) for line in lines(report))
    assert "The watch was edited: interval 60 → 30; paused." in " ".join(shown.split())
    assert "; now paused" not in sentence(report)  # nothing was measured


def test_history_without_a_result_is_unknown_and_not_clean() -> None:
    done(monitor_add(NOTHING, DB.host, "tcp", 60, 5432))
    report = done(monitor_history(NOTHING, DB.host, 1))
    assert report.checks[0].ratio is None
    assert "was not measured" in sentence(report)
    assert done(monitor_history(NOTHING, "192.0.2.9")).status == "failed"


def test_alerts_by_their_status() -> None:
    with open_store() as store:
        store.put_watch(DB, 1.0)
        for number, status in enumerate(("open", "acknowledged", "resolved")):
            alert = Alert(id=f"0000000{number}", watch=DB.key, about=f"fact {number}", level="critical", title=f"alert {number}",
                          status=status, opened=1e9, acknowledged_by="kim")  # type: ignore[arg-type]  # fmt: skip
            store.put_alert(alert)
    opened = done(alert_list(NOTHING))
    assert [alert.title for alert in opened.alerts] == ["alert 0"]
    assert sentence(opened) == (
        "There is 1 open alert: alert 0. 1 more is acknowledged. Of 1 check it is not known how it is. The daemon is not "
        "running, so nothing is being checked just now."
    )
    assert len(done(alert_list(NOTHING, "all")).alerts) == 3
    assert [alert.acknowledged_by for alert in done(alert_list(NOTHING, "acknowledged")).alerts] == ["kim"]


def test_what_is_down_is_told_with_the_alerts_whoever_took_them_on() -> None:
    now, paused, ping = time.time(), Watch(host="192.0.2.8", check="icmp", enabled=False), Watch(host="192.0.2.9", check="icmp")
    with open_store() as store:
        for watch in (DB, paused, ping, Watch(host="192.0.2.10", check="ssh")):
            store.put_watch(watch, now)
        store.record([], [State(watch=watch.key, standing="down", since=now, at=now) for watch in (DB, paused)])
        store.record([], [State(watch=ping.key, standing="up", since=now, at=now)])
        taken = Alert(id="00000001", watch=DB.key, about="state", level="critical", title="", status="acknowledged", opened=now)
        store.put_alert(taken)
        with alone(store, now):
            beat(store, Heartbeat(pid=1, host="here", since=now, at=now, socket=""))
            report = done(alert_list(NOTHING))
            beat(store, None)
    assert sentence(report) == (
        "There are no open alerts. 1 is acknowledged. 1 check is down now: 192.0.2.7 port 5432 (tcp). Of 1 check it is not known "
        "how it is."
    )
    assert [watch.key for watch in report.down] == [DB.key]
    without = sentence(done(alert_list(NOTHING)))
    assert "1 check was down at last: 192.0.2.7 port 5432 (tcp)." in without
    assert "The daemon is not running" in without
    assert "1 check was down at last. Of" in sentence(done(alert_list(NOTHING, "all")))  # the alert names it
    assert verdict(report).tone == BAD


def test_no_alerts_without_a_daemon_are_no_good_news() -> None:
    assert sentence(done(alert_list(NOTHING))) == "There are no open alerts. The daemon is not running, so none would be raised."


def test_a_broken_monitor_toml_or_database_is_an_error_and_never_an_empty_list(tmp_path: Path) -> None:
    tools_folder().parent.mkdir(parents=True)
    plan_file().write_text("[[watch]\n")
    broken = done(monitor_list(NOTHING))
    assert broken.error is not None
    assert "monitor.toml:1:8" in broken.error.message
    plan_file().unlink()
    (tmp_path / "state/netassist").mkdir(parents=True)
    (tmp_path / "state/netassist/monitor.db").write_bytes(b"no database" * 1000)
    damaged = done(alert_list(NOTHING))
    assert damaged.status == "failed"
    assert "damaged" in sentence(damaged)
