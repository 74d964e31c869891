"""The daemon as a process: begun, asked, reloaded, ended, killed; with real checks of real ports."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import msgspec
import pytest

from netassist.assistant.chain import entries
from netassist.assistant.journal import Entry
from netassist.monitor.schedule import fraction
from netassist.monitor.standing import late_within
from tests.lab.process import free_port
from tests.monitor.process import Watching, watching

PLAN = """
[defaults]
interval = 5
failures = 1
of = 1

[[watch]]
host = "127.0.0.1"
check = "tcp"
port = {port}
"""


@pytest.fixture
def open_port() -> Iterator[int]:
    yield from opened(lambda port: first(port) < 0.05)


@pytest.fixture
def later_port() -> Iterator[int]:
    yield from opened(lambda port: first(port) > 0.5)


def opened(wanted: Callable[[int], bool]) -> Iterator[int]:
    with contextlib.ExitStack() as kept:
        servers = iter(lambda: kept.enter_context(socket.create_server(("127.0.0.1", 0))), None)
        yield next(port for server in servers if wanted(port := server.getsockname()[1]))


def first(port: int) -> float:
    """At which part of the interval its first check is: the first ones are spread over it, by their keys."""
    return fraction(f"soon tcp 127.0.0.1 {port}")


@pytest.fixture
def daemon(tmp_path: Path, open_port: int) -> Iterator[Watching]:
    with watching(tmp_path / "daemon", PLAN.format(port=open_port)) as daemon:
        yield daemon


def test_it_watches_answers_and_ends_cleanly(daemon: Watching, open_port: int) -> None:
    daemon.start()
    key = f"tcp 127.0.0.1 {open_port}"
    daemon.until("/v1/states", '"standing":"up"')
    status = daemon.asks("GET", "/v1/status").json()
    assert (status["pid"], status["counts"], status["trouble"]) == (daemon.process.pid, {"up": 1}, [])  # type: ignore[union-attr]
    page = daemon.asks("GET", "/").text
    assert "Everything is up" in page
    assert daemon.command("status").stdout.startswith("daemon      process ")
    again = daemon.command("--config", str(daemon.plan))
    assert (again.returncode, "watches it already" in again.stderr) == (4, True)

    assert daemon.command("stop").returncode == 0
    daemon.notified("STOPPING=1")
    assert daemon.ended() == 0
    with daemon.stored() as store:
        assert store.states()[key].standing == "up"
        assert store.get("daemon") == "null"
    assert not (daemon.state / "netassist" / "daemon.sock").exists()
    assert "no daemon watches" in daemon.command("status").stderr


def test_a_broken_plan_is_refused_and_a_mended_one_taken_without_losing_state(daemon: Watching, open_port: int) -> None:
    daemon.start()
    since = daemon.until("/v1/states", '"standing":"up"').json()["states"][0]["since"]
    whole = daemon.plan.read_text()
    daemon.plan.write_text(whole + '\n[[watch]]\nhost = "b.example"\ncheck = "telepathy"\n')
    daemon.send(signal.SIGHUP)
    daemon.notified("RELOADING=1")
    assert "monitor.toml:14:1: there is no check 'telepathy'" in daemon.notified("READY=1")[1]
    assert "telepathy" in daemon.asks("GET", "/v1/status").json()["plan_trouble"]
    refused = daemon.command("reload")
    assert (refused.returncode, ":14:1:" in refused.stderr) == (3, True)
    assert len(daemon.asks("GET", "/v1/watches").json()["watches"]) == 1

    daemon.plan.write_text(whole + '\n[[watch]]\nhost = "127.0.0.1"\ncheck = "icmp"\n')
    assert daemon.command("reload").stdout == "+ icmp 127.0.0.1\nReloaded; 1 as before.\n"
    status = daemon.asks("GET", "/v1/status").json()
    assert (status["watches"], status["plan_trouble"]) == (2, "")
    states = {one["watch"]: one for one in daemon.asks("GET", "/v1/states").json()["states"]}
    assert states[f"tcp 127.0.0.1 {open_port}"]["since"] == since


def test_what_the_api_adds_is_watched_at_once_and_stays(daemon: Watching) -> None:
    daemon.start()
    port = next(port for port in iter(free_port, None) if first(port) < 0.05)
    body = {"host": "127.0.0.1", "check": "tcp", "port": port, "interval": 5, "failures": 1, "of": 1}
    assert daemon.asks("POST", "/v1/watches", json=body).status_code == 201
    daemon.until("/v1/alerts", f"tcp 127.0.0.1 {port}")
    daemon.send(signal.SIGTERM)
    assert daemon.ended() == 0
    daemon.start()
    assert len(daemon.asks("GET", "/v1/watches").json()["watches"]) == 2
    [alert] = daemon.asks("GET", "/v1/alerts", params={"status": "open"}).json()["alerts"]
    assert alert["watch"] == f"tcp 127.0.0.1 {port}"


def test_who_has_a_check_run_gets_its_result_and_the_journal_tells_of_it(daemon: Watching, later_port: int) -> None:
    daemon.plan.write_text(PLAN.format(port=later_port).replace("interval = 5", 'interval = "1d"'))
    daemon.start()
    key = f"tcp 127.0.0.1 {later_port}"
    path = f"/v1/watches/{quote(key, safe='')}/check"
    checked = daemon.asks("POST", path)
    assert (checked.status_code, checked.json()["result"]["outcome"]) == (200, "up")
    assert daemon.asks("POST", path).status_code == 429
    daemon.until("/v1/states", '"standing":"up"')  # it is recorded
    assert daemon.command("stop").returncode == 0
    assert daemon.ended() == 0
    rows = [msgspec.json.decode(row, type=Entry) for row in entries(daemon.state / "netassist")]
    assert [(row.call.name, row.status) for row in rows] == [
        (name, "ok") for name in ("daemon_begin", "monitor_check", "daemon_stop", "daemon_end")
    ]
    assert rows[0].call.arguments["added"] == key


def test_after_a_kill_the_next_one_goes_on(daemon: Watching, open_port: int) -> None:
    daemon.start()
    daemon.until("/v1/states", '"standing":"up"')
    key = f"tcp 127.0.0.1 {open_port}"
    seen = daemon.asks("GET", "/v1/history", params={"watch": key}).json()["results"]
    daemon.kill()
    assert "no daemon watches" in daemon.command("status").stderr
    daemon.start()
    assert daemon.asks("GET", "/v1/status").json()["counts"] == {"up": 1}  # what was known last stands until the next check
    after = daemon.asks("GET", "/v1/history", params={"watch": key}).json()["results"]
    assert after[: len(seen)] == seen


def test_it_shows_signs_of_life(daemon: Watching) -> None:
    daemon.start({"WATCHDOG_USEC": "1000000"})
    for _ in range(3):
        daemon.notified("WATCHDOG=1")


def test_the_tcp_address_comes_and_goes_with_the_plan(daemon: Watching) -> None:
    daemon.start()
    port = free_port()
    plan = daemon.plan.read_text()
    daemon.plan.write_text(f'{plan}\n[api]\nlisten = "127.0.0.1:{port}"\n[page]\npublic = true\ntitle = "Ours"\n')
    assert daemon.asks("POST", "/v1/reload").status_code == 200
    assert "Ours" in httpx.get(f"http://127.0.0.1:{port}/").text
    assert httpx.get(f"http://127.0.0.1:{port}/v1/states").status_code == 401
    token = daemon.command("token", "add", "prometheus").stdout.strip()
    assert httpx.get(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    with socket.create_server(("127.0.0.1", 0)) as taken:
        other = taken.getsockname()[1]
        daemon.plan.write_text(f'{plan}\n[api]\nlisten = "127.0.0.1:{other}"\n')
        assert f"listen 127.0.0.1:{other}" in daemon.asks("POST", "/v1/reload").json()["detail"]
    assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200  # all is as it was
    daemon.plan.write_text(plan)
    assert daemon.asks("POST", "/v1/reload").status_code == 200
    assert len(daemon.asks("GET", "/v1/status").json()["listening"]) == 1
    daemon.send(signal.SIGTERM)
    assert daemon.ended() == 0


def test_it_answers_questions_and_runs_nothing_that_a_person_would_have_to_agree_to(daemon: Watching, open_port: int) -> None:
    daemon.start()
    scanned = daemon.asks("POST", "/v1/ask", json={"question": f"is port {open_port} of 127.0.0.1 open?"}).json()
    assert scanned["outcome"] == "answered"
    assert "open" in scanned["text"]
    assert scanned["answer"]["schema"] == "netassist/answer/1"
    vulnerable = daemon.asks("POST", "/v1/ask", json={"question": "run the vulnerability scripts against 127.0.0.1"}).json()
    assert not any(step.get("report") for step in vulnerable["answer"]["steps"])


def test_secrets_and_addresses_of_the_socket_stay_with_the_user(daemon: Watching) -> None:
    daemon.start()
    folder = daemon.state / "netassist"
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir()), [*folder.iterdir()]
    token = daemon.command("token", "add", "one").stdout.strip()
    assert token.startswith("na_")
    whole = b"".join(path.read_bytes() for path in folder.glob("monitor.db*")) + daemon.log.read_bytes()
    assert token.encode() not in whole


def test_it_says_why_it_cannot_begin(tmp_path: Path) -> None:
    with watching(tmp_path / "daemon", "[[watch]]\nhost = 1\n") as daemon:
        wrong = daemon.command("--config", str(daemon.plan))
        assert (wrong.returncode, "monitor.toml:2:1" in wrong.stderr) == (2, True)
        missing = daemon.command("--config", str(tmp_path / "none.toml"))
        assert (missing.returncode, "No such file" in missing.stderr) == (2, True)
        database = tmp_path / "broken.db"
        database.write_bytes(os.urandom(8192))
        daemon.plan.write_text("")
        damaged = daemon.command("--config", str(daemon.plan), "--store", str(database))
        assert (damaged.returncode, "damaged" in damaged.stderr) == (3, True)
        assert len(damaged.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("lateness", "within"),
    [([0] * 12, None), ([98, 2] + [0] * 10, 25.0), ([100] + [0] * 11, 10.0), ([0] * 11 + [1], None)],
)
def test_lateness_is_told_by_the_bucket(lateness: list[int], within: float | None) -> None:
    assert late_within(lateness) == within
