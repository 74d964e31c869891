"""The daemon asked from the command line: a frozen one is not waited for, and what is refused of one watch is not of all."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netassist.monitor import client
from netassist.monitor.alone import Heartbeat
from netassist.monitor.client import Silent, asked_of
from netassist.monitor.schedule import fraction
from tests.cli.program import OURS
from tests.monitor.process import watching

PLAN = """
[defaults]
interval = "1d"

[[watch]]
host = "127.0.0.1"
check = "tcp"
port = {}

[[watch]]
host = "127.0.0.1"
check = "dns"
enabled = false
"""


@pytest.fixture
def frozen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[socket.socket, Heartbeat]]:
    """A socket as that of a process that was stopped: who connects gets through, and nobody answers."""
    monkeypatch.setattr(client, "PROMPT", 0.2)
    path = tmp_path / "daemon.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        yield server, Heartbeat(pid=4711, host=socket.gethostname(), since=0.0, at=time.time(), socket=str(path))


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/status"), ("POST", "/v1/stop"), ("POST", "/v1/watches/a/check")])
def test_a_frozen_daemon_is_told_and_asked_for_no_change(frozen: tuple[socket.socket, Heartbeat], method: str, path: str) -> None:
    server, told = frozen
    with pytest.raises(Silent, match=r"the daemon \(process 4711\) runs and does not answer"):
        asked_of(told, method, path, dict)
    peer, _ = server.accept()
    with peer:
        assert peer.recv(1000).startswith(b"GET /v1/status ")
        assert peer.recv(1000) == b""
    server.setblocking(False)
    with pytest.raises(BlockingIOError):
        server.accept()


@pytest.fixture
def later_port() -> Iterator[int]:
    """A port whose first check is hours away, so that it may be checked now."""
    with contextlib.ExitStack() as kept:
        servers = iter(lambda: kept.enter_context(socket.create_server(("127.0.0.1", 0))), None)
        yield next(port for server in servers if fraction(f"soon tcp 127.0.0.1 {(port := server.getsockname()[1])}") > 0.5)


def test_of_several_checks_those_that_can_be_run_are_run(tmp_path: Path, later_port: int) -> None:
    with watching(tmp_path / "daemon", PLAN.format(later_port)) as daemon:
        daemon.start()
        command = [*OURS, "monitor", "check", "127.0.0.1", "-f", "json"]
        ran = subprocess.run(command, env=daemon.environment, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stderr == "netassist: dns 127.0.0.1 is paused; resume it first\n"
    assert [result["watch"] for result in json.loads(ran.stdout)] == [f"tcp 127.0.0.1 {later_port}"]
    assert ran.returncode == 3
