"""ICMP errors about the datagrams of an ordinary UDP socket: Linux keeps them in the socket's error queue, for any user.

Sources: ip(7) and ipv6(7) on IP_RECVERR and IPV6_RECVERR, ``struct sock_extended_err`` of linux/errqueue.h, RFC 792, RFC 1812,
RFC 4443.
"""

from __future__ import annotations

import socket
import struct
from typing import Literal, NamedTuple

from netassist.observations import Failed
from netassist.socket_errors import IP_RECVERR, IPV6_RECVERR, MSG_ERRQUEUE

_FROM_ICMP = {4: 2, 6: 3}
"""SO_EE_ORIGIN_ICMP and SO_EE_ORIGIN_ICMP6."""
_EXTENDED = struct.Struct("=IBBBBII")
_MOST_BYTES = 1500
_TIME_EXCEEDED = {4: (11, 0), 6: (3, 0)}
_PORT_UNREACHABLE = {4: (3, 3), 6: (1, 4)}
_REFUSALS: dict[int, dict[tuple[int, int], str]] = {
    4: {
        (3, 0): "no route to the network", (3, 1): "the host cannot be reached", (3, 2): "the protocol is not spoken there",
        (3, 4): "the packet is too big", (3, 5): "the source route failed", (3, 6): "the network is unknown",
        (3, 7): "the host is unknown", (3, 9): "forbidden by a filter", (3, 10): "forbidden by a filter",
        (3, 11): "the network cannot be reached this way", (3, 12): "the host cannot be reached this way",
        (3, 13): "forbidden by a filter",
    },
    6: {
        (1, 0): "no route to the network", (1, 1): "forbidden by a filter", (1, 2): "beyond the scope of the source address",
        (1, 3): "the host cannot be reached", (1, 5): "forbidden by a filter", (1, 6): "the route is rejected",
        (2, 0): "the packet is too big",
    },
}  # fmt: skip

Meaning = Literal["time_exceeded", "port_unreachable", "refused"]


class IcmpError(NamedTuple):
    """What `sender` says of the datagram that went to `port`; `words` say why where it is `refused`."""

    sender: str
    port: int
    meaning: Meaning
    words: str | None = None


def listen_for_errors(opened: socket.socket, where: str) -> None:
    """Have the kernel keep them. Raises Failed, `denied`, where the system cannot."""
    six = opened.family == socket.AF_INET6
    try:
        opened.setsockopt(socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP, IPV6_RECVERR if six else IP_RECVERR, 1)
    except OSError:
        raise Failed("denied", f"{where}: this system does not hand up ICMP errors to programs; Linux does") from None


def set_hop_limit(opened: socket.socket, hops: int) -> None:
    """How many routers the next datagrams may pass."""
    if opened.family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, hops)
    else:
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, hops)


def next_error(opened: socket.socket) -> IcmpError | None:
    """The next error in the queue that is a router's or a host's; None where there is none left."""
    version = 6 if opened.family == socket.AF_INET6 else 4
    level, kind = (socket.IPPROTO_IPV6, IPV6_RECVERR) if version == 6 else (socket.IPPROTO_IP, IP_RECVERR)
    while True:
        try:
            _, ancillary, _, sent_to = opened.recvmsg(_MOST_BYTES, 512, MSG_ERRQUEUE)
        except OSError:
            return None
        for at_level, of_kind, data in ancillary:
            if (at_level, of_kind) == (level, kind) and (found := read_error(version, data, int(sent_to[1]))):
                return found


def read_error(version: int, data: bytes, port: int) -> IcmpError | None:
    """A ``sock_extended_err`` and the address of who sent it; None for what no router and no host said."""
    if len(data) < _EXTENDED.size:
        return None
    _, origin, kind, code, *_ = _EXTENDED.unpack_from(data)
    sender = _address(version, data[_EXTENDED.size :])
    if origin != _FROM_ICMP[version] or sender is None:
        return None
    if (kind, code) == _TIME_EXCEEDED[version]:
        return IcmpError(sender, port, "time_exceeded")
    if (kind, code) == _PORT_UNREACHABLE[version]:
        return IcmpError(sender, port, "port_unreachable")
    words = _REFUSALS[version].get((kind, code), f"ICMP type {kind} code {code}")
    return IcmpError(sender, port, "refused", words)


def _address(version: int, name: bytes) -> str | None:
    """``struct sockaddr_in``: the address at 4; ``struct sockaddr_in6``: at 8."""
    at, size = (8, 16) if version == 6 else (4, 4)
    packed = name[at : at + size]
    if len(packed) < size or not any(packed):
        return None
    return socket.inet_ntop(socket.AF_INET6 if version == 6 else socket.AF_INET, packed)
