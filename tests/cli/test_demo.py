"""``netassist demo`` without a terminal: real questions to the server inside the program, and nothing is kept."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from pathlib import Path

from netassist.tui.practice import HOST, shop


def test_questions_are_answered_by_measurement_and_nothing_is_kept(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "NETASSIST_CONFIG"):
        environment.pop(name, None)
    told = subprocess.run(
        [sys.executable, "-m", "netassist", "demo"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "is valid" in told.stdout
    assert "9 more days" in told.stdout
    assert "is not quantum safe" in told.stdout
    assert "gets the grade" in told.stdout
    assert list(tmp_path.glob("netassist-demo-*")) == []
    assert not (tmp_path / ".local").exists()


def test_the_shop_speaks_tls_with_a_certificate_of_its_authority(tmp_path: Path) -> None:
    import socket

    with shop(tmp_path) as server:
        context = ssl.create_default_context(cafile=str(server.authority))
        with (
            socket.create_connection((HOST, server.port), 10) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as stream,
        ):
            stream.sendall(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
            assert stream.recv(4096).startswith(b"HTTP/1.1 200 OK")
            assert stream.version() == "TLSv1.3"
    try:
        socket.create_connection((HOST, server.port), 1).close()
        raise AssertionError("it still listens")
    except ConnectionRefusedError:
        pass
