"""Is it the hosts that are down, or this machine that has lost its network?

What speaks for the latter: the default route is gone, or every interface is without a carrier, or the gateway does not answer,
not even for its link address. A machine that never had a default route is judged by its interfaces alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Literal, NamedTuple

from netassist.monitor.watch import Watch
from netassist.network import Network
from netassist.observations import Failed
from netassist.scope import Scope
from netassist.targets import Address, host_of, parse_address

Standing = Literal["online", "offline"]
LATELY = 300.0
"""Seconds for which a failure counts."""
MANY = 3
"""Hosts that have to fail, none answering, before the gateway is asked; a lost route or carrier is seen sooner."""


class Link(NamedTuple):
    """What the kernel says of the way out: whether some interface but loopback is up, and the gateways of its default routes."""

    carrier: bool
    gateways: tuple[Address | None, ...]
    """None stands for a route without a gateway, such as a tunnel's."""


class Suspicion:
    """Which hosts have answered and failed of late; loopback ones count for nothing."""

    def __init__(self) -> None:
        self._failed: dict[str, float] = {}

    def note(self, host: str, answered: bool, now: float) -> None:
        if answered:
            self._failed.clear()
        else:
            self._failed[host] = now

    def hosts(self, now: float) -> int:
        """How many hosts have failed of late since the last one answered."""
        return sum(at > now - LATELY for at in self._failed.values())


def is_elsewhere(watch: Watch) -> bool:
    """Whether a watch's packets leave this machine."""
    bare = host_of(watch.host)
    address = parse_address(bare)
    return not address.is_loopback if address is not None else bare.rstrip(".").lower() != "localhost"


class Way:
    """The way out of this machine, held against how it was when the daemon began."""

    def __init__(self, look: Callable[[], Link] | None = None) -> None:
        self._look = look or link
        self._routed = bool(self._look().gateways)

    async def standing(self, *, ask_gateway: bool = False) -> Standing:
        """How it stands now; only with `ask_gateway` anything is sent."""
        now = self._look()
        if not now.carrier:
            return "offline"
        self._routed = self._routed or bool(now.gateways)
        if not now.gateways:
            return "offline" if self._routed else "online"
        if not ask_gateway or None in now.gateways:
            return "online"
        for gateway in now.gateways:
            if gateway is not None and await answers(gateway):
                return "online"
        return "offline"


async def answers(gateway: Address) -> bool:
    """Whether a gateway answers an echo, or at least for its link address; True where that cannot be told."""
    from netassist.probes.ping import ping

    network = Network(Scope().naming(str(gateway)), timeout=2.0, deadline=3.0)
    try:
        report = await ping(network, str(gateway), 1)
    except Failed:
        return True
    return bool(report.received) or report.status == "failed" or has_neighbour(str(gateway))


def link(root: Path = Path("/")) -> Link:
    """What Linux says (/sys/class/net, /proc/net/route, /proc/net/ipv6_route); where it says nothing, all is well."""
    interfaces = root / "sys/class/net"
    try:
        names = [name for name in interfaces.iterdir() if name.name != "lo"]
    except OSError:
        return Link(True, (None,))
    carrier = any(_text(name / "operstate").strip() in ("up", "unknown") for name in names)
    return Link(carrier, (*_ipv4_gateways(_text(root / "proc/net/route")), *_ipv6_gateways(_text(root / "proc/net/ipv6_route"))))


def has_neighbour(gateway: str, table: Path = Path("/proc/net/arp")) -> bool:
    """Whether the kernel knows the link address of a neighbour (arp(7): flag 0x2, complete); True for what it does not list."""
    rows = [line.split() for line in _text(table).splitlines()[1:]]
    flags = [row[2] for row in rows if len(row) > 3 and row[0] == gateway]
    return not flags or any(int(flag, 16) & 2 for flag in flags)


def _ipv4_gateways(table: str) -> Iterable[Address | None]:
    """Of the default routes in /proc/net/route: addresses in hexadecimal, in the machine's byte order; flag 1 is up."""
    for line in table.splitlines()[1:]:
        row = line.split()
        if len(row) > 7 and row[1] == "00000000" and row[7] == "00000000" and int(row[3], 16) & 1:
            raw = bytes.fromhex(row[2])[::-1]
            yield IPv4Address(raw) if any(raw) else None


def _ipv6_gateways(table: str) -> Iterable[Address | None]:
    for line in table.splitlines():
        row = line.split()
        if len(row) > 9 and row[0] == "0" * 32 and row[1] == "00" and row[9] != "lo" and not int(row[8], 16) & 0x200:
            yield None  # a gateway on the link is of no use without its interface, so that it is not asked


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
