"""What the tests of the command line share."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has set nothing and run nothing, without colours."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("NETASSIST_", "XDG_"))}
    return bare | {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config"), "NO_COLOR": "1"}


@pytest.fixture
def open_port() -> Iterator[int]:
    """A port of 127.0.0.1 that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
