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
        (("add", "a.test", "--check", "icmp", "--parent", "a.tset"), 2, "host 'a.tset'; did you mean 'a.test'?"),
        (("add", "a.test", "--check", "icmp", "--interval", "-5s"), 2, "'-5s' is negative"),
        (("add", "a.test", "--check", "icmp", "--interval"), 2, "--interval needs a value"),
        (("add", "a.test"), 2, "--check is missing"),
        (("add", "a.test", "--check", "tcp", "--port", "1", "--grade", "B"), 2, "grade means nothing to tcp; it is a limit of"),
        (("edit", "a.test", "--interval", "-5s"), 2, "'-5s' is negative"),
        (("export", "-o", "/nonexistent/x"), 3, "netassist: /nonexistent/x: No such file or directory"),
        (("maintenance", "add", "night", "--lasts", "2h", "--starts", "tomorrow"), 2, "'tomorrow' is no time such as 2026"),
        (("maintenance", "add", "night", "--lasts", "2h", "--starts", "2020-01-01T00:00Z"), 2, "over already: it ends at 2020"),
        (("add", "a.test", "--check", "icmp", "--slow-ms", "nan"), 2, "slow_ms nan is not above 0"),
        (("add", "a.test", "--check", "tls", "--days", "-1"), 2, "days -1 is not between 0"),
        (("add", "a.test", "--check", "icmp", "--failures", "4"), 2, "failures 4 is not between 1 and the 3"),
        (("add", "a.test", "--check", "icmp", "--interval", "0"), 2, "interval 0 is not between 5 seconds"),
        (("list", "--group", "lab"), 2, "there is no group 'lab'"),
        (("check", "a.test"), 2, "a.test is not watched, so say what to check"),
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


def test_a_url_that_is_not_watched_stands_for_no_other(environment: dict[str, str], open_port: int) -> None:
    netassist(environment, "monitor", "add", "127.0.0.1", "--check", "tcp", "--port", str(open_port))
    netassist(environment, "monitor", "add", f"http://127.0.0.1:{open_port}/", "--check", "http")
    for named in (f"http://127.0.0.1:{open_port}/typo", "127.0.0.1:1"):
        assert netassist(environment, "monitor", "remove", named).returncode == 2
        assert netassist(environment, "monitor", "edit", named, "--pause").returncode == 2
        assert netassist(environment, "monitor", "history", named).returncode == 2
    checked = netassist(environment, "monitor", "check", f"http://127.0.0.1:{closed_port()}/typo", "--check", "http")
    assert (checked.returncode, "/typo (http) is down" in checked.stdout) == (1, True)
    watches = json.loads(netassist(environment, "monitor", "list", "--json").stdout)["watches"]
    assert [(watch["check"], watch["enabled"]) for watch in watches] == [("tcp", True), ("http", True)]
    stopped = netassist(environment, "ask", "--approve", "change", f"stop watching http://127.0.0.1:{open_port}/nope")
    assert (stopped.returncode, "is not watched" in " ".join(stopped.stdout.split())) == (3, True)
    assert len(json.loads(netassist(environment, "monitor", "list", "--json").stdout)["watches"]) == 2


def test_adding_again_says_so_and_changes_what_is_given_alone(environment: dict[str, str]) -> None:
    words = ("monitor", "add", "a.test", "--check", "icmp")
    added = netassist(environment, *words, "--interval", "1 minute", "--slow-ms", "80")
    assert "is watched from now on, every minute" in added.stdout
    again = " ".join(netassist(environment, *words, "--group", "lab").stdout.split())
    assert "a.test (icmp) was watched already; group: none → lab." in again
    assert "nothing is changed" in netassist(environment, *words).stdout
    [watch] = parsed(netassist(environment, "monitor", "export").stdout, "exported").watches
    assert (watch.interval, watch.limits.slow_ms, watch.group) == (60, 80, "lab")


def test_an_export_overwrites_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    netassist(environment, "monitor", "add", "a.test", "--check", "icmp")
    file = tmp_path / "monitor.toml"
    assert netassist(environment, "monitor", "export", "-o", str(file)).returncode == 0
    file.write_text(whole := file.read_text() + "[page]\npublic = true\n")
    again = netassist(environment, "monitor", "export", "-o", str(file))
    assert (again.returncode, "is there already, and is left as it is" in again.stderr) == (2, True)
    assert file.read_text() == whole


def test_a_port_that_was_said_is_watched_and_a_negative_time_is_not(environment: dict[str, str]) -> None:
    netassist(environment, "monitor", "add", "localhost", "--check", "certificate", "--interval", "1h")
    assert netassist(environment, "ask", "watch the certificate of localhost port 18443").returncode == 0
    refused = netassist(environment, "ask", "watch tcp port 15433 on 127.0.0.1 every -5 seconds")
    assert (refused.returncode, "-5 seconds is below zero" in refused.stdout) == (2, True)
    watches = json.loads(netassist(environment, "monitor", "list", "--json").stdout)["watches"]
    intervals = {watch["key"]: watch["interval"] for watch in watches}
    assert intervals == {"certificate localhost": 3600, "certificate localhost 18443": 300}


def test_a_host_that_is_denied_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[scope]\ndeny = ["192.0.2.0/24"]\n')
    ran = netassist(environment, "monitor", "add", "192.0.2.7", "--check", "icmp", "--config", str(config))
    assert (ran.returncode, "denies it" in ran.stderr) == (4, True)


def test_one_of_several_checks_of_a_host_is_meant_by_its_port_or_as_the_list_names_it(environment: dict[str, str]) -> None:
    def paused() -> list[str]:
        watches = json.loads(netassist(environment, "monitor", "list", "--json").stdout)["watches"]
        return sorted(watch["key"] for watch in watches if not watch["enabled"])

    for port in ("5432", "6432"):
        netassist(environment, "monitor", "add", "db.test", "--check", "tcp", "--port", port)
    netassist(environment, "monitor", "add", "https://db.test/", "--check", "https")
    assert netassist(environment, "monitor", "edit", "db.test", "--port", "6432", "--pause").returncode == 0
    assert paused() == ["tcp db.test 6432"]
    assert netassist(environment, "monitor", "edit", "https https://db.test/", "--pause").returncode == 0
    assert paused() == ["https https://db.test/", "tcp db.test 6432"]
    wrong = netassist(environment, "monitor", "remove", "db.test", "--port", "1")
    assert (wrong.returncode, "db.test is not watched at port 1; what is watched" in wrong.stderr) == (2, True)
    wrong = netassist(environment, "monitor", "remove", "tcp db.test 1")
    assert (wrong.returncode, "tcp db.test 1 is not watched" in wrong.stderr) == (2, True)
    assert netassist(environment, "monitor", "remove", "tcp db.test 5432").returncode == 0
    left = netassist(environment, "monitor", "list", "--json").stdout
    assert sorted(watch["key"] for watch in json.loads(left)["watches"]) == ["https https://db.test/", "tcp db.test 6432"]


def test_the_list_fits_a_terminal_and_shows_one_group(environment: dict[str, str]) -> None:
    host = "a-rather-long-host-name.department.example.org"
    netassist(environment, "monitor", "add", host, "--check", "https", "--group", "A group of long names")
    netassist(environment, "monitor", "add", "db.test", "--check", "tcp", "--port", "5432", "--group", "databases")
    whole = netassist(environment | {"COLUMNS": "80"}, "monitor", "list").stdout
    assert max(map(len, whole.splitlines())) <= 80
    assert host in whole
    assert "tcp db.test 5432" in whole
    assert "databases:" in whole
    of_group = netassist(environment, "monitor", "list", "--group", "databases").stdout
    assert "tcp db.test 5432" in of_group
    assert host not in of_group


def test_who_changed_what_is_found_afterwards(environment: dict[str, str]) -> None:
    assert netassist(environment, "monitor", "log").stdout == "Nothing has been changed yet.\n"
    netassist(environment, "monitor", "add", "a.test", "--check", "icmp", "--slow-ms", "300")
    netassist(environment, "monitor", "edit", "a.test", "--pause")
    netassist(environment, "monitor", "maintenance", "add", "night", "a.test", "--lasts", "2h")
    netassist(environment, "monitor", "maintenance", "remove", "night")
    netassist(environment, "daemon", "token", "add", "grafana")
    netassist(environment, "monitor", "remove", "icmp a.test")
    netassist(environment, "ask", "what is being watched?")  # a call, and no change
    rows = [json.loads(line) for line in netassist(environment, "monitor", "log", "-f", "json").stdout.splitlines()]
    assert [(row["call"]["name"], row["status"], row["allowed_by"]) for row in rows] == [
        (name, "ok", "the command line")
        for name in ("monitor_add", "monitor_edit", "maintenance_add", "maintenance_remove", "token_add", "monitor_remove")
    ]
    assert rows[0]["call"]["arguments"] == {
        "host": "a.test", "check": "icmp", "slow_ms": "300.0",
    }  # fmt: skip
    assert rows[1]["call"]["arguments"] == {"host": "a.test", "pause": True}
    assert "maintenance_add(name=" in netassist(environment, "monitor", "log", "-n", "4").stdout
    assert "whole" in netassist(environment, "journal", "verify").stdout


def test_nothing_is_changed_where_the_journal_cannot_be_written(environment: dict[str, str]) -> None:
    netassist(environment, "monitor", "add", "a.test", "--check", "icmp")
    journal = Path(environment["XDG_STATE_HOME"]) / "netassist" / "journal.jsonl"
    journal.rename(journal.with_name("kept"))
    journal.mkdir()
    ran = netassist(environment, "monitor", "remove", "a.test")
    assert (ran.returncode, "cannot be written" in ran.stderr) == (3, True)
    assert "icmp a.test" in netassist(environment, "monitor", "list").stdout


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
    late = netassist(environment, "monitor", "ack", "00c0ffee", "--by", "anna")
    assert (late.returncode, late.stdout) == (2, "")
    assert late.stderr == "netassist: a.test is down: kim has taken it on already; it was left so\n"
    assert netassist(environment, "monitor", "ack", "00c0ffee", "--by", "kim").returncode == 0
    assert "no open alerts" in netassist(environment, "monitor", "alerts").stdout
    assert "kim" in netassist(environment, "monitor", "alerts", "--status", "acknowledged").stdout


def test_maintenance_is_planned_and_taken_back(environment: dict[str, str]) -> None:
    netassist(environment, "monitor", "add", "a.test", "--check", "icmp", "--group", "lab")
    wrong = netassist(environment, "monitor", "maintenance", "add", "night", "lap", "--lasts", "2h")
    assert (wrong.returncode, "no watch has the key, host or group 'lap'; did you mean 'lab'?" in wrong.stderr) == (2, True)
    words = ("add", "night", "lab", "--starts", "2099-12-01T22:00+01:00", "--lasts", "2h")
    planned = netassist(environment, "monitor", "maintenance", *words)
    assert planned.stdout == "night: nobody is told of lab from 2099-12-01 21:00 UTC to 2099-12-01 23:00 UTC\n"
    [window] = json.loads(netassist(environment, "monitor", "maintenance", "list", "-f", "json").stdout)
    assert (window["name"], window["watches"], window["ends"] - window["starts"]) == ("night", ["lab"], 7200)
    assert "2099-12-01 21:00 UTC" in netassist(environment, "monitor", "maintenance", "list").stdout
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
    assert "https https://www.example.org" in netassist(environment, "ask", "what is being watched?").stdout
    assert "was not measured" in netassist(environment, "ask", "how was https://www.example.org over the last day?").stdout
    assert "There are no open alerts" in netassist(environment, "ask", "any open alerts?").stdout
    refused = netassist(environment, "ask", "stop watching https://www.example.org")
    assert (refused.returncode, "was not approved" in " ".join(refused.stdout.split())) == (4, True)
    stopped = netassist(environment, "ask", "stop watching https://www.example.org", "--approve", "change")
    assert "is watched no more" in stopped.stdout
