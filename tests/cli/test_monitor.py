"""``netassist monitor`` as a user types it, and what the built-in model makes of plain words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netassist.monitor.plan_file import parsed
from tests.cli.program import netassist
from tests.lab.listening import closed_port


def test_from_nothing_to_a_list(environment: dict[str, str], open_port: int) -> None:
    assert "Nothing is being watched" in netassist(environment, "monitor", "list").stdout
    words = ("monitor", "add", "127.0.0.1", "--check", "tcp", "--port", str(open_port), "--interval", "30s", "--group", "lab",
             "--slow-ms", "200")  # fmt: skip
    added = netassist(environment, *words)
    assert (added.returncode, added.stderr) == (0, "")
    assert f"127.0.0.1 port {open_port} (tcp) is watched from now on, every 30 seconds" in added.stdout
    listed = json.loads(netassist(environment, "monitor", "list", "-f", "json").stdout)
    assert listed["schema"] == "netassist/monitor-list/1"
    assert [(watch["group"], watch["interval"]) for watch in listed["watches"]] == [("lab", 30)]
    checked = netassist(environment, "monitor", "check", "127.0.0.1", "--check", "tcp", "--port", str(open_port))
    assert (checked.returncode, "is up" in checked.stdout) == (0, True)
    exported = netassist(environment, "monitor", "export").stdout
    assert [watch.limits.slow_ms for watch in parsed(exported, "exported").watches] == [200]
    assert "paused" in netassist(environment, "monitor", "edit", "127.0.0.1", "--pause").stdout
    assert netassist(environment, "monitor", "remove", "127.0.0.1").returncode == 0
    assert "The watch was removed" not in netassist(environment, "monitor", "list").stdout
    assert "whole" in netassist(environment, "journal", "verify").stdout


def test_one_check_says_by_its_exit_code_how_it_is(environment: dict[str, str]) -> None:
    down = netassist(environment, "monitor", "check", "127.0.0.1", "--check", "tcp", "--port", str(closed_port()), "-f", "json")
    assert (down.returncode, json.loads(down.stdout)["outcome"]) == (1, "down")
    refused = netassist(environment | {"NETASSIST_READ_ONLY": "1"}, "monitor", "check", "127.0.0.1", "--check", "icmp")
    assert (refused.returncode, "is unknown" in refused.stdout) == (3, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "10.0.0.0/8", "--check", "icmp"), 2, "is not a host name"),
        (("add", "a.test", "--check", "tcp"), 2, "a tcp check needs a port"),
        (("add", "a.test", "--check", "icmp", "--interval", "soon"), 2, "'soon' is no length of time"),
        (("add", "a.test", "--check", "icmp", "--parent", "icmp a.test"), 2, "lie behind one another"),
        (("edit", "a.test"), 2, "what is to be changed?"),
        (("remove", "a.test"), 2, "a.test is not watched"),
        (("history", "a.test"), 2, "a.test is not watched"),
        (("ack", "deadbeef"), 2, "there is no alert 'deadbeef'"),
        (("maintenance", "remove", "night"), 2, "there is no maintenance window 'night'"),
        (("maintenance", "add", "night", "--lasts", "90d"), 2, "lasts at most 31 days"),
        (("check", "a.test", "--check", "pong"), 2, "pong"),
    ],
)
def test_mistakes_are_one_line(environment: dict[str, str], words: tuple[str, ...], code: int, said: str) -> None:
    ran = netassist(environment, "monitor", *words)
    assert ran.returncode == code
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_a_host_that_is_denied_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[scope]\ndeny = ["192.0.2.0/24"]\n')
    ran = netassist(environment, "monitor", "add", "192.0.2.7", "--check", "icmp", "--config", str(config))
    assert (ran.returncode, "denies it" in ran.stderr) == (4, True)


def test_alerts_are_taken_on(environment: dict[str, str]) -> None:
    netassist(environment, "monitor", "add", "a.test", "--check", "icmp")
    from netassist.monitor.alert import Alert
    from netassist.monitor.store import open_store

    with open_store(f"{environment['XDG_STATE_HOME']}/netassist/monitor.db") as store:
        raised = Alert(id="00c0ffee", watch="icmp a.test", about="state", level="critical", title="a.test is down", opened=1e9)
        store.put_alert(raised)
    assert "a.test is down" in netassist(environment, "monitor", "alerts").stdout
    taken = netassist(environment, "monitor", "ack", "00c0ffee", "--by", "kim")
    assert taken.stdout == "a.test is down: taken on by kim\n"
    assert "no open alerts" in netassist(environment, "monitor", "alerts").stdout
    assert "kim" in netassist(environment, "monitor", "alerts", "--status", "acknowledged").stdout


def test_maintenance_is_planned_and_taken_back(environment: dict[str, str]) -> None:
    words = ("add", "night", "lab", "--starts", "2026-12-01T22:00+01:00", "--lasts", "2h")
    assert netassist(environment, "monitor", "maintenance", *words).returncode == 0
    [window] = json.loads(netassist(environment, "monitor", "maintenance", "list", "-f", "json").stdout)
    assert (window["name"], window["watches"], window["ends"] - window["starts"]) == ("night", ["lab"], 7200)
    assert "2026-12-01 21:00 UTC" in netassist(environment, "monitor", "maintenance", "list").stdout
    assert netassist(environment, "monitor", "maintenance", "remove", "night").returncode == 0
    assert "No maintenance is planned" in netassist(environment, "monitor", "maintenance", "list").stdout


def test_a_damaged_database_is_told_and_left_alone(environment: dict[str, str]) -> None:
    folder = Path(environment["XDG_STATE_HOME"]) / "netassist"
    folder.mkdir(parents=True)
    (folder / "monitor.db").write_bytes(b"no database" * 1000)
    ran = netassist(environment, "monitor", "list")
    assert (ran.returncode, ran.stdout, "damaged" in ran.stderr) == (3, "", True)
    assert (folder / "monitor.db").read_bytes() == b"no database" * 1000


def test_in_plain_words(environment: dict[str, str]) -> None:
    watched = netassist(environment, "ask", "watch https://www.example.org every five minutes", "-f", "json")
    [step] = json.loads(watched.stdout)["steps"]
    assert step["call"]["name"] == "monitor_add"
    [watch] = step["report"]["watches"]
    assert (watch["key"], watch["interval"]) == ("https https://www.example.org", 300)
    assert "https://www.example.org (https)" in netassist(environment, "ask", "what is being watched?").stdout
    assert "was not measured" in netassist(environment, "ask", "how was https://www.example.org over the last day?").stdout
    assert "There are no open alerts" in netassist(environment, "ask", "any open alerts?").stdout
    refused = netassist(environment, "ask", "stop watching https://www.example.org")
    assert (refused.returncode, "was not approved" in " ".join(refused.stdout.split())) == (4, True)
    stopped = netassist(environment, "ask", "stop watching https://www.example.org", "--approve", "change")
    assert "is watched no more" in stopped.stdout
