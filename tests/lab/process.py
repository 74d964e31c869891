"""Servers of the lab that are programs: started on a free port of loopback, and ended cleanly.

Some refuse to run as root, and look up who runs them: these are run as user 65534. A user namespace whose user has no name gets
one within it for them, with user 65534 in it.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import monotonic

NOBODY = 65534
_START_SECONDS = 30.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def account() -> str:
    """The name of the user that an `unprivileged` program is run as."""
    return pwd.getpwuid(NOBODY if os.geteuid() == 0 or not _has_name() else os.geteuid()).pw_name


def group() -> str:
    """The name of that user's group."""
    return grp.getgrgid(pwd.getpwnam(account()).pw_gid).gr_name


def hand_over(folder: Path) -> None:
    """Give a temporary folder and all in it to the user that an `unprivileged` program is run as, and let that user reach it."""
    if os.geteuid() != 0:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    for path in folder.parents:
        if path.is_relative_to(tempfile.gettempdir()) and not path.stat().st_mode & 0o001:
            path.chmod(path.stat().st_mode | 0o011)


def run(command: Sequence[str]) -> None:
    """An `unprivileged` program that ends by itself. Raises RuntimeError, with what it said."""
    program, user, group = _unprivileged(command)
    done = subprocess.run(
        program, capture_output=True, text=True, user=user, group=group, extra_groups=_groups(user), cwd="/", env=_environment()
    )
    if done.returncode:
        raise RuntimeError(f"{program[0]} fails: {done.stdout[-1000:]}{done.stderr[-1000:]}")


@contextlib.contextmanager
def serving(
    command: Callable[[int], Sequence[str]],
    ready: Callable[[socket.socket], bool] = lambda _: True,
    *,
    log: Path,
    unprivileged: bool = False,
    stop: signal.Signals = signal.SIGTERM,
    address: tuple[str, int] = ("127.0.0.1", 0),
) -> Iterator[int]:
    """A server by the command that makes it listen on a port; yields the port when a connection to it is `ready`.

    Port 0 is a free one, which may be taken before the server has it; then another is chosen.
    """
    for _ in range(5):
        port = address[1] or free_port()
        program, user, group = _unprivileged(command(port)) if unprivileged else (list(command(port)), None, None)
        with log.open("wb") as sink:
            process = subprocess.Popen(
                program, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, user=user, group=group, extra_groups=_groups(user),
                cwd="/", env=_environment(), start_new_session=True,
            )  # fmt: skip
        try:
            if _is_ready(process, (address[0], port), ready):
                yield port
                return
        finally:
            _end(process, stop)
    raise RuntimeError(f"{program[0]} does not start: {log.read_text(errors='replace')[-2000:]}")


def _end(process: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    """The server ends its own children; what it leaves is in its process group."""
    process.send_signal(stop)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _is_ready(process: subprocess.Popen[bytes], address: tuple[str, int], ready: Callable[[socket.socket], bool]) -> bool:
    """False where the program has ended."""
    until = monotonic() + _START_SECONDS
    while process.poll() is None and monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=5) as connection:
            connection.settimeout(5)
            if ready(connection) and process.poll() is None:
                return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    return False


def _unprivileged(command: Sequence[str]) -> tuple[list[str], int | None, int | None]:
    if os.geteuid() == 0:
        return list(command), NOBODY, NOBODY
    if _has_name():
        return list(command), None, None
    unshare = shutil.which("unshare")
    if unshare is None:
        raise RuntimeError("unshare is not installed, and this user has no name")
    return [unshare, "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--", *command], None, None


def _groups(user: int | None) -> list[int] | None:
    return None if user is None else []


def _environment() -> dict[str, str]:
    """No OpenSSL is to be told by this machine's own configuration what is weak."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "OPENSSL_CONF": os.devnull}


def _has_name() -> bool:
    try:
        return bool(pwd.getpwuid(os.geteuid()))
    except KeyError:
        return False
