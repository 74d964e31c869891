"""What systemd is told of the daemon (sd_notify(3)): that it is ready, reloads, stops, how it stands, and that it is alive."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from time import clock_gettime_ns

from netassist.untrusted import as_text

_CLOCK_MONOTONIC = 1


class Service:
    """Tells the manager at ``NOTIFY_SOCKET``; where there is none, nobody is told.

    Args:
        environment: ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID`` are read from it.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._path = environment.get("NOTIFY_SOCKET", "")
        self._watchdog = environment.get("WATCHDOG_USEC", "") if _is_ours(environment.get("WATCHDOG_PID", "")) else ""

    @property
    def watchdog(self) -> float | None:
        """Seconds from one sign of life to the next: half of what the manager waits; None where it does not watch."""
        if not self._path or not self._watchdog.isdigit() or int(self._watchdog) == 0:
            return None
        return int(self._watchdog) / 2_000_000

    def ready(self, status: str = "") -> None:
        self._tell("READY=1", *_status(status))

    def reloading(self) -> None:
        self._tell("RELOADING=1", f"MONOTONIC_USEC={clock_gettime_ns(_CLOCK_MONOTONIC) // 1000}")

    def stopping(self, status: str = "") -> None:
        self._tell("STOPPING=1", *_status(status))

    def status(self, status: str) -> None:
        self._tell(*_status(status))

    def alive(self) -> None:
        self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        """One datagram. A manager that cannot be told is no reason to stop watching."""
        if not self._path or not lines:
            return
        address = f"\0{self._path[1:]}" if self._path.startswith("@") else self._path
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as told:
            told.setblocking(False)
            told.sendto("\n".join(lines).encode(), address)


def _is_ours(pid: str) -> bool:
    """Whether the watchdog is meant for this process (it is where no PID is given)."""
    return not pid or pid == str(os.getpid())


def _status(text: str) -> tuple[str, ...]:
    return (f"STATUS={as_text(text, 300)}",) if text else ()
