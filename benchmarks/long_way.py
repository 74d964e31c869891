"""A long way to a server on this machine, for kernels without netem: every packet of a connection is late, the first SYN too.

A network namespace of its own holds a TUN device with the address `HERE`. What is sent to `THERE` comes out of the device, waits
for half the round-trip time, and goes back in with source and destination exchanged: the kernel takes it for a packet that
`THERE` has sent to `HERE`, where the server listens, and its answers go the same way. So both ends are the kernel's own TCP;
checksums stay right, because exchanging two addresses does not change their sum (RFC 1071).
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import multiprocessing
import os
import select
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from multiprocessing.synchronize import Event
from time import monotonic

HERE, THERE = "10.77.0.1", "10.77.0.2"
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_NAME = "late0"
_MTU = 1500
_spawn = multiprocessing.get_context("spawn")


def inside(module: str, arguments: Sequence[str]) -> str | None:
    """What `python -m module` prints in a network namespace of its own; None where this machine does not allow one."""
    unshare = shutil.which("unshare")
    if unshare is None or shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
        return None
    space = [unshare, "--user", "--map-root-user", "--net", "--"]
    if subprocess.run([*space, sys.executable, "-m", "benchmarks.long_way"], capture_output=True, check=False).returncode:
        return None
    command = [*space, sys.executable, "-m", module, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


@contextlib.contextmanager
def long_way(round_trip: float) -> Iterator[None]:
    """`THERE` is `round_trip` seconds away, there and back. Only in a namespace of its own; raises OSError where that fails."""
    device = _device()
    ready = _spawn.Event()
    carrier = _spawn.Process(target=_carry, args=(_Passed(device), round_trip / 2, ready), daemon=True)
    try:
        carrier.start()
        ready.wait(30)
        yield
    finally:
        carrier.terminate()
        carrier.join()
        os.close(device)


class _Passed:
    """A file descriptor that another process gets."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __reduce__(self) -> tuple[object, ...]:
        from multiprocessing.reduction import DupFd

        return _unpacked, (DupFd(self.descriptor),)


def _unpacked(passed: object) -> _Passed:
    return _Passed(passed.detach())  # type: ignore[attr-defined]


def _device() -> int:
    """The TUN device, up and with its address."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    ip = shutil.which("ip", path=path)
    if ip is None:
        raise FileNotFoundError("ip is not installed (iproute2)")
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", _NAME.encode("ascii"), _IFF_TUN | _IFF_NO_PI))
    for words in ("link set lo up", f"addr add {HERE}/24 dev {_NAME}", f"link set {_NAME} up mtu {_MTU} txqueuelen 5000"):
        subprocess.run([ip, *words.split()], check=True, capture_output=True)
    return device


def _carry(passed: _Passed, delay: float, ready: Event) -> None:
    """Give back what comes out of the device, `delay` seconds later and with its addresses exchanged."""
    device = passed.descriptor
    os.set_blocking(device, False)
    waiting: list[tuple[float, int, bytes]] = []
    count = 0
    ready.set()
    while True:
        patience = max(0.0, waiting[0][0] - monotonic()) if waiting else None
        if select.select([device], [], [], patience)[0]:
            with contextlib.suppress(BlockingIOError):
                while True:
                    packet = os.read(device, 65536)
                    if packet[0] >> 4 == 4:
                        count += 1
                        heapq.heappush(waiting, (monotonic() + delay, count, turned(packet)))
        while waiting and waiting[0][0] <= monotonic():
            os.write(device, heapq.heappop(waiting)[2])


def turned(packet: bytes) -> bytes:
    """An IPv4 packet back to its sender (RFC 791, section 3.1)."""
    return packet[:12] + packet[16:20] + packet[12:16] + packet[20:]


if __name__ == "__main__":
    with long_way(0.0):
        pass
