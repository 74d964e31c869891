"""The hosts of the lab network: each a thread in a network namespace of its own, joined by a bridge."""

from __future__ import annotations

import contextlib
import ctypes
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.lab.network import plain, secure, web
from tests.lab.network.place import Place, Start
from tests.lab.network.truth import Host, Truth
from tests.lab.pki import Identity
from tests.lab.programs import require

HERE = "10.98.0.1"
_CLONE_NEWNET = 0x40000000
_SECONDS = 180
SERVICES: dict[str, Start] = {**web.SERVICES, **secure.SERVICES, **plain.SERVICES}


@contextlib.contextmanager
def network(true: Truth, root: Identity, folder: Path) -> Iterator[None]:
    """All hosts with their services, which listen when this is entered. To be called in a network namespace of its own.

    Raises RuntimeError where a service does not start.
    """
    folder.chmod(0o711)
    _ip(f"link set lo up\nlink add br0 type bridge\naddress add {HERE}/24 dev br0\nlink set br0 up")
    hosts = [_Host(host, root, folder / host.name) for host in true.host]
    try:
        for host in hosts:
            host.start()
        for host in hosts:
            host.apart.wait(_SECONDS)
        _ip("\n".join(words for number, host in enumerate(hosts) for words in host.cable(number)))
        for host in hosts:
            host.joined.set()
        for host in hosts:
            if not host.ready.wait(_SECONDS) or host.error is not None:
                raise RuntimeError(f"{host.name} of the lab network does not start: {host.error!r}") from host.error
        yield
    finally:
        for host in hosts:
            host.joined.set()
            host.over.set()
        for host in hosts:
            host.join(30)


class _Host(threading.Thread):
    """Namespace, address and services live as long as the thread; what it starts is in its namespace."""

    def __init__(self, host: Host, root: Identity, folder: Path) -> None:
        super().__init__(name=host.name, daemon=True)
        self.apart, self.joined, self.ready, self.over = (threading.Event() for _ in range(4))
        self.error: BaseException | None = None
        self._host, self._root, self._folder = host, root, folder

    def cable(self, number: int) -> tuple[str, str]:
        """A pair of devices, made on the bridge's side: one on the bridge, the other given to the host."""
        thread = self.native_id
        return (f"link add lab{number} type veth peer name eth0 netns {thread}", f"link set lab{number} master br0 up")

    def run(self) -> None:
        try:
            self._apart()
            with contextlib.ExitStack() as services:
                for held in self._host.service:
                    folder = self._folder / str(held.port)
                    folder.mkdir(parents=True)
                    services.enter_context(SERVICES[held.runs](Place(self._host.address, held.port, folder, self._root)))
                self.ready.set()
                self.over.wait()
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            self.error = error
        finally:
            self.apart.set()
            self.ready.set()

    def _apart(self) -> None:
        if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare: no network namespace can be made here")
        self.apart.set()
        if not self.joined.wait(_SECONDS):
            raise TimeoutError("the bridge was not made")
        _ip(f"link set lo up\naddress add {self._host.address}/24 dev eth0\nlink set eth0 up")
        # nginx, Dovecot and PostgreSQL run as a user who may not listen at low ports else.
        Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")


def _ip(lines: str) -> None:
    """Run lines of ``ip`` in the namespace of this thread. Raises RuntimeError with what it says."""
    done = subprocess.run([require("ip"), "-batch", "-"], input=lines, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip: {done.stderr.strip()}")
