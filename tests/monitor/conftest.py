"""What most tests of watching stand on: a store of their own, and a port where nothing listens."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from netassist.monitor.store import Store, open_store
from netassist.monitor.watch import Watch


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with open_store(str(tmp_path / "monitor.db")) as store:
        yield store


@pytest.fixture
def closed() -> Watch:
    """A watch of a port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return Watch(host="127.0.0.1", check="tcp", port=server.getsockname()[1])
