"""OpenSSH's server of the distribution on loopback, with host keys of its own; works as root and as an ordinary user."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from tests.lab.programs import require

_PRIVILEGE_SEPARATION = Path("/run/sshd")


@contextlib.contextmanager
def ssh_server(
    *,
    kex: str | None = None,
    host_keys: tuple[str, ...] = ("ed25519",),
    extra: str = "",
    address: tuple[str, int] = ("127.0.0.1", 0),
) -> Iterator[int]:
    """Yields the port of an sshd that nobody can log in to.

    Args:
        kex: KexAlgorithms, as sshd_config(5) takes them; OpenSSH's default where None.
        host_keys: types, as ``ssh-keygen -t`` takes them.
        extra: further lines of configuration.
        address: where it listens; port 0 takes a free one.
    """
    sshd, keygen = require("sshd"), require("ssh-keygen")
    if os.geteuid() == 0:
        _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lab-sshd-") as folder:
        lines = ["UsePAM no", "PidFile none", "PasswordAuthentication no", "KbdInteractiveAuthentication no", extra]
        for kind in host_keys:
            key = Path(folder) / f"host_{kind}"
            subprocess.run([keygen, "-q", "-t", kind, "-N", "", "-f", key], check=True, stdin=subprocess.DEVNULL)
            lines.append(f"HostKey {key}")
        if kex is not None:
            lines.append(f"KexAlgorithms {kex}")
        # The port is free when it is chosen, and may be taken before sshd has it; then another is chosen.
        for _ in range(5):
            port = address[1] or _free_port()
            config = Path(folder) / "sshd_config"
            config.write_text("\n".join([*lines, f"ListenAddress {address[0]}:{port}", ""]))
            with _running([sshd, "-D", "-e", "-f", str(config)], (address[0], port), Path(folder) / "log") as ready:
                if ready:
                    yield port
                    return
        raise RuntimeError("sshd does not start: " + (Path(folder) / "log").read_text())


@contextlib.contextmanager
def _running(command: list[str], address: tuple[str, int], log: Path) -> Iterator[bool]:
    with log.open("wb") as sink, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink) as process:
        try:
            yield _ready(process, address)
        finally:
            process.terminate()
            process.wait()


def _ready(process: subprocess.Popen[bytes], address: tuple[str, int]) -> bool:
    """Whether sshd speaks; False where it has ended."""
    until = monotonic() + 30
    while process.poll() is None and monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=30) as connection:
            if connection.recv(4) == b"SSH-":
                return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
