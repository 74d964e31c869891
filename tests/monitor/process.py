"""A daemon of ours as a process, as systemd would run it: it says over a notify socket when it is ready."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from netassist.monitor.store import Store, open_store
from tests.cli.program import OURS

PATIENCE = 40.0


class Watching:
    """A daemon in a folder of its own: its plan, its store, and what it said."""

    def __init__(self, folder: Path, plan: str = "") -> None:
        self.folder, self.plan = folder, folder / "monitor.toml"
        self.plan.write_text(plan)
        self.log, self.state = folder / "log", folder / "state"
        self.socket = self.state / "netassist" / "daemon.sock"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("NETASSIST_", "XDG_"))}
        self.environment |= {
            "XDG_STATE_HOME": str(self.state), "XDG_CONFIG_HOME": str(folder / "config"), "XDG_CACHE_HOME": str(folder / "cache"),
            "NO_COLOR": "1",
        }  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None
        self.heard: list[str] = []
        """What it has told its manager, a line each."""
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._address = f"\0netassist-{os.getpid()}-{id(self)}"
        self._notified.bind(self._address)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._notified.close()

    def start(self, environment: Mapping[str, str] | None = None, before: Sequence[str] = ()) -> None:
        """Returns when it is ready; raises RuntimeError with its log where it ends before. `before` goes before the command."""
        command = [*before, *OURS, "daemon", "--config", str(self.plan), "--log", "journal"]
        told = {"NOTIFY_SOCKET": f"@{self._address[1:]}", **(environment or {})}
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(
                command, env=self.environment | told, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
            )
        self.notified("READY=1")

    def notified(self, line: str) -> list[str]:
        """The next message to the manager that has this line; the others before it are dropped."""
        assert self.process is not None
        until = monotonic() + PATIENCE
        while monotonic() < until:
            self._notified.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                told = self._notified.recv(4096).decode().split("\n")
                self.heard += told
                if line in told:
                    return told
                continue
            if self.process.poll() is not None:
                raise RuntimeError(f"the daemon has ended with {self.process.returncode}: {self.said()}")
        raise TimeoutError(f"no {line}: {self.said()}")

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def ended(self) -> int:
        """Its exit code, when it has ended."""
        assert self.process is not None
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def says(self, words: str) -> None:
        """Returns when these stand in its log; raises TimeoutError."""
        assert self.process is not None
        until = monotonic() + PATIENCE
        while words not in self.said():
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise RuntimeError(f"the daemon has ended with {self.process.wait(0.1)}: {self.said()}")
            if monotonic() > until:
                raise TimeoutError(f"no {words!r} in {self.said()}")

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""

    def asks(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """A request over the unix socket."""
        transport = httpx.HTTPTransport(uds=str(self.socket))
        with httpx.Client(transport=transport, base_url="http://daemon", timeout=60) as client:
            return client.request(method, path, **arguments)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """``netassist daemon WORDS`` beside it."""
        whole = [*OURS, "daemon", *words]
        return subprocess.run(whole, env=self.environment, capture_output=True, text=True, timeout=60, check=False)

    def until(self, path: str, wanted: str | Callable[[httpx.Response], bool]) -> httpx.Response:
        """The answer to a GET as soon as `wanted` stands in it, or holds of it; raises TimeoutError."""
        until = monotonic() + PATIENCE
        while monotonic() < until:
            answer = self.asks("GET", path)
            if wanted in answer.text if isinstance(wanted, str) else wanted(answer):
                return answer
            # The daemon tells its manager how it stands every few seconds; there is nothing else to wait for.
            self._notified.settimeout(0.1)
            with contextlib.suppress(TimeoutError):
                self.heard += self._notified.recv(4096).decode().split("\n")
        raise TimeoutError(f"no {wanted!r} in {answer.text[:2000]}; {self.said()}")

    @contextlib.contextmanager
    def stored(self) -> Iterator[Store]:
        with open_store(str(self.state / "netassist" / "monitor.db"), create=False) as store:
            yield store


@contextlib.contextmanager
def watching(folder: Path, plan: str = "") -> Iterator[Watching]:
    """A daemon that has not been started yet; it is ended at the latest with the block."""
    folder.mkdir(exist_ok=True)
    daemon = Watching(folder, plan)
    try:
        yield daemon
    finally:
        daemon.close()
