"""What systemd hears, on a notify socket of ours."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from netassist.monitor.service import Service


class Manager:
    """Stands in systemd's place."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.settimeout(10)

    def heard(self) -> list[str]:
        return self._socket.recv(4096).decode().split("\n")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    listening = Manager(str(tmp_path / "notify") if request.param == "path" else f"@netassist-test-{os.getpid()}")
    yield listening
    listening.close()


def test_it_says_when_it_is_ready_reloads_and_stops(manager: Manager) -> None:
    service = Service({"NOTIFY_SOCKET": manager.address})
    service.ready("3 watched")
    assert manager.heard() == ["READY=1", "STATUS=3 watched"]
    service.reloading()
    reloading, since = manager.heard()
    assert reloading == "RELOADING=1"
    assert since.removeprefix("MONOTONIC_USEC=").isdigit()
    service.stopping()
    assert manager.heard() == ["STOPPING=1"]
    service.alive()
    assert manager.heard() == ["WATCHDOG=1"]


def test_text_cannot_smuggle_in_another_line(manager: Manager) -> None:
    Service({"NOTIFY_SOCKET": manager.address}).status("down\nMAINPID=1\x1b[2J")
    assert manager.heard() == ["STATUS=down MAINPID=1"]


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "120000000"}, 60.0),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": str(os.getpid())}, 60.0),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_signs_of_life_come_twice_as_often_as_they_are_awaited(environment: dict[str, str], seconds: float | None) -> None:
    assert Service({"NOTIFY_SOCKET": "/somewhere", **environment}).watchdog == seconds


def test_without_a_manager_nobody_is_told() -> None:
    service = Service({"WATCHDOG_USEC": "120000000"})
    service.ready("nobody hears this")
    assert service.watchdog is None


def test_a_manager_that_is_gone_is_no_trouble(tmp_path: Path) -> None:
    Service({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
