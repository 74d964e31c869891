"""The daemon as a process on a machine that fails: it says so, watches on, loses nothing, and is well again by itself."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.lab.dns import dns_server
from tests.lab.webhook import Receiver, receiver
from tests.monitor.machine import Disk, SetClock, disk, held, with_name_server, without_descriptors
from tests.monitor.process import Watching, watching

INTERVAL, PORTS = 5, 10
_DEFAULTS = f"""
[defaults]
interval = {INTERVAL}
failures = 1
of = 1
"""
_HOOK = """
[[channel]]
name = "hook"
kind = "webhook"
url = "{url}"
wait = 0
brief = "told"
"""


class Ports:
    """Ports of loopback that something listens on, each until it is closed."""

    def __init__(self) -> None:
        self._open = [socket.create_server(("127.0.0.1", 0), backlog=128) for _ in range(PORTS)]
        self.numbers = [int(one.getsockname()[1]) for one in self._open]

    @property
    def plan(self) -> str:
        return _DEFAULTS + "".join(
            f'[[watch]]\nhost = "127.0.0.1"\ncheck = "tcp"\nport = {number}\n' for number in self.numbers
        )

    def close_one(self) -> str:
        """The key of the watch of what is closed now."""
        gone = self._open.pop()
        key = f"tcp 127.0.0.1 {gone.getsockname()[1]}"
        gone.close()
        return key

    def close(self) -> None:
        while self._open:
            self.close_one()


@pytest.fixture
def ports() -> Iterator[Ports]:
    with contextlib.closing(Ports()) as ports:
        yield ports


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as hook:
        yield hook


@pytest.fixture
def daemon(tmp_path: Path, ports: Ports, hook: Receiver) -> Iterator[Watching]:
    with watching(tmp_path / "daemon", ports.plan + _HOOK.format(url=hook.url)) as daemon:
        yield daemon


@pytest.fixture
def own_disk(daemon: Watching) -> Iterator[Disk]:
    """The daemon keeps its store on a disk of its own; it is asked elsewhere."""
    with disk(daemon.state) as made:
        daemon.environment["RUNTIME_DIRECTORY"] = str(daemon.folder)
        daemon.socket = daemon.folder / "daemon.sock"
        yield made
        daemon.close()


def begun(daemon: Watching, environment: dict[str, str] | None = None, before: tuple[str, ...] = ()) -> None:
    """It runs, and has measured everything."""
    daemon.start(environment, before)
    daemon.until("/v1/states", lambda answer: answer.text.count('"standing":"up"') >= PORTS)


def goes_on(daemon: Watching, checks: int = PORTS) -> None:
    """It measures more."""
    before = daemon.asks("GET", "/v1/status").json()["checks"]
    daemon.until("/v1/status", lambda answer: bool(answer.json()["checks"] >= before + checks))


def troubled(daemon: Watching, words: str) -> None:
    """Status, metrics and log say so, and it measures on."""
    daemon.until("/v1/status", words)
    goes_on(daemon)
    status = daemon.command("status")
    assert (status.returncode, words in status.stdout + status.stderr) == (3, True), status.stdout + status.stderr
    daemon.says(words)


def well(daemon: Watching) -> None:
    daemon.until("/v1/status", lambda answer: not answer.json()["trouble"] and answer.json()["held"] <= PORTS)


def nothing_lost(daemon: Watching, ports: Ports) -> None:
    """It ends cleanly, and each check that it made is in the store."""
    daemon.send(signal.SIGTERM)
    assert daemon.ended() == 0
    made = daemon.said().rpartition("ended checks=")[2].split()
    with daemon.stored() as store:
        kept = sum(len(store.results(f"tcp 127.0.0.1 {port}", 0, 1e11, 10_000)) for port in ports.numbers)
    assert made == [str(kept), "held=0"], daemon.said()


def told(hook: Receiver) -> list[str]:
    return [json.loads(received.body)["title"] for received in hook.received]


def test_a_full_disk(daemon: Watching, own_disk: Disk, ports: Ports, hook: Receiver) -> None:
    begun(daemon)
    own_disk.fill()
    troubled(daemon, "the disk is full; make room on it")
    gone = ports.close_one()
    daemon.until("/v1/states", lambda answer: {"down"} == {
        one["standing"] for one in answer.json()["states"] if one["watch"] == gone
    })  # fmt: skip
    metrics = daemon.asks("GET", "/metrics").text
    assert f'netassist_watch_up{{check="tcp",group="",host="127.0.0.1",port="{gone.split()[-1]}",watch="{gone}"}} 0.0' in metrics
    assert "netassist_trouble 1.0" in metrics
    own_disk.empty()
    well(daemon)
    hook.wait_for(1)
    assert told(hook)[0].endswith(f"port {gone.split()[-1]} (tcp) is down")
    nothing_lost(daemon, ports)


def test_a_disk_that_becomes_read_only_and_is_mounted_anew(daemon: Watching, own_disk: Disk, ports: Ports) -> None:
    begun(daemon)
    own_disk.become_read_only()
    daemon.says("the disk fails, or has become read-only")
    troubled(daemon, "mount the disk writable")
    own_disk.mend()
    well(daemon)
    nothing_lost(daemon, ports)


def test_a_database_that_another_holds(daemon: Watching, ports: Ports) -> None:
    begun(daemon)
    with held(daemon.state / "netassist" / "monitor.db"):
        troubled(daemon, "another program holds it")
    well(daemon)
    assert daemon.asks("GET", "/v1/status").json()["lateness_ms"] <= 2500
    nothing_lost(daemon, ports)


def test_a_database_that_is_damaged_and_restored(daemon: Watching, ports: Ports, tmp_path: Path) -> None:
    begun(daemon)
    database = daemon.state / "netassist" / "monitor.db"
    with daemon.stored() as store:
        store.backup(tmp_path / "backup.db")
    overwritten(database)
    troubled(daemon, "the database is damaged")
    assert daemon.asks("GET", "/metrics").status_code == 503
    for name in ("monitor.db-wal", "monitor.db-shm"):
        database.with_name(name).unlink(missing_ok=True)
    (tmp_path / "backup.db").rename(database)
    well(daemon)
    daemon.send(signal.SIGTERM)
    assert daemon.ended() == 0
    with contextlib.closing(sqlite3.connect(database)) as whole:
        assert whole.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with daemon.stored() as store:
        for port in ports.numbers:
            times = [one.at for one in store.results(f"tcp 127.0.0.1 {port}", 0, 1e11, 1000)]
            assert max(after - at for at, after in pairwise(times)) < 2 * INTERVAL + 1


def overwritten(database: Path) -> None:
    """All pages but the first."""
    with contextlib.closing(sqlite3.connect(database)) as whole:
        whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    subprocess.run(
        [sys.executable, "-c", "import sys, os; f = open(sys.argv[1], 'r+b'); n = os.fstat(f.fileno()).st_size; f.seek(4096); "
         "f.write(b'\\xa5' * (n - 4096))", str(database)], check=True,
    )  # fmt: skip


@pytest.mark.parametrize("jump", [3600, 365 * 86400], ids=["an hour", "a year"])
def test_a_clock_that_is_set(jump: int, daemon: Watching, ports: Ports, hook: Receiver, tmp_path: Path) -> None:
    clock = SetClock(tmp_path / "clock")
    begun(daemon, clock.environment)
    gone = ports.close_one()
    hook.wait_for(1)
    for ahead in (jump, 0):
        clock.set(ahead)
        goes_on(daemon)
    assert [line.split()[3:6] for line in daemon.said().splitlines() if "the clock went" in line] == [
        [str(jump), "s", "ahead;"], [str(jump), "s", "back;"],
    ]  # fmt: skip
    assert told(hook) == [f"[critical] 127.0.0.1 port {gone.split()[-1]} (tcp) is down"]
    status = daemon.command("status")
    assert (status.returncode, "not resolved" in status.stdout) == (0, True)
    nothing_lost(daemon, ports)


def test_a_name_server_that_is_gone(daemon: Watching, ports: Ports, tmp_path: Path) -> None:
    before = with_name_server("127.0.0.77", tmp_path)
    config = daemon.folder / "config" / "netassist"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('[scope]\nallow = ["127.0.0.0/8"]\n')
    daemon.plan.write_text(
        daemon.plan.read_text()
        + "".join(
            f'[[watch]]\nhost = "h{number}.lab.example"\ncheck = "tcp"\nport = {ports.numbers[0]}\n'
            for number in range(2 * PORTS)
        )
    )
    records = {(f"h{number}.lab.example", "A"): ("127.0.0.1",) for number in range(2 * PORTS)}
    with dns_server(records, at=("127.0.0.77", 53)):
        begun(daemon, before=before)
        daemon.until("/v1/status", lambda answer: answer.json()["counts"] == {"up": 3 * PORTS})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.77", 53))
        daemon.until("/v1/status", lambda answer: answer.json()["counts"] == {"up": PORTS, "unknown": 2 * PORTS})
        troubled(daemon, "is the name server reachable")
        assert f"{2 * PORTS} checks cannot be measured" in daemon.asks("GET", "/").text
        assert daemon.asks("GET", "/v1/alerts").json()["alerts"] == []
    with dns_server(records, at=("127.0.0.77", 53)):
        well(daemon)
        daemon.until("/v1/status", lambda answer: answer.json()["counts"] == {"up": 3 * PORTS})
    assert "can be measured again" in daemon.said()
    daemon.send(signal.SIGTERM)
    assert daemon.ended() == 0


def test_file_descriptors_that_are_used_up(daemon: Watching, ports: Ports) -> None:
    begun(daemon)
    assert daemon.process is not None
    with without_descriptors(daemon.process.pid):
        daemon.says("Too many open files")
    daemon.until("/v1/status", lambda answer: answer.json()["counts"] == {"up": PORTS})
    well(daemon)
    assert daemon.asks("GET", "/v1/alerts").json()["alerts"] == []
    nothing_lost(daemon, ports)


def test_a_store_that_hangs_is_no_sign_of_life(daemon: Watching, own_disk: Disk, ports: Ports) -> None:
    begun(daemon, {"WATCHDOG_USEC": "1000000"})
    daemon.notified("WATCHDOG=1")
    with own_disk.hanging():
        status = f"STATUS={PORTS} watched, 0 down; {daemon.state}/netassist/monitor.db: it does not answer"
        daemon.notified(status)
        since = len(daemon.heard)
        daemon.until("/v1/status", "it does not answer")
        goes_on(daemon)
        daemon.notified(status)
        assert "WATCHDOG=1" not in daemon.heard[since:]
    daemon.notified("WATCHDOG=1")
    well(daemon)
    nothing_lost(daemon, ports)
