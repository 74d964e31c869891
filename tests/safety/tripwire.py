"""Every packet of the world, seen on its only device; one to or from an address that is not expected trips the wire.

The kernel writes what it sees into a ring that both sides share (packet(7), PACKET_RX_RING; TPACKET_V2 of linux/if_packet.h), so
that nothing is missed while the tests work; were the ring too small, the kernel would count it, and the test fail.
"""

from __future__ import annotations

import itertools
import mmap
import socket
import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from time import monotonic, sleep
from typing import NamedTuple

from netassist.targets import Address

_ALL = 0x0003  # ETH_P_ALL
_SOL_PACKET, _RX_RING, _STATISTICS, _VERSION, _V2 = 263, 5, 6, 10, 1
_FRAME, _BLOCK, _BLOCKS = 128, 2**16, 1024
_HEADER = struct.Struct("@IIIHH")  # status, length, captured, offset of the link layer, offset of the network layer
_PROTOCOL = 32 + 2  # of the sockaddr_ll behind the header
OWN: frozenset[Address] = frozenset({ip_address("127.0.0.1"), ip_address("::1")})
"""Where this machine sends from; they may be answered, and are as forbidden as others to be begun with."""


class Packet(NamedTuple):
    """`protocol` as in IPv4 (6 is TCP, 17 UDP, 1 ICMP, 58 ICMPv6); `port` is the destination's, 0 without ports."""

    source: Address
    target: Address
    protocol: int
    port: int


class Wire:
    """The packets that were seen, each kind once; `resolver` may always be asked."""

    def __init__(self, resolver: str) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._socket.setsockopt(_SOL_PACKET, _VERSION, _V2)
        ring = struct.pack("IIII", _BLOCK, _BLOCKS, _FRAME, _BLOCK * _BLOCKS // _FRAME)
        self._socket.setsockopt(_SOL_PACKET, _RX_RING, ring)
        self._ring = mmap.mmap(self._socket.fileno(), _BLOCK * _BLOCKS)
        self._socket.bind(("lo", _ALL))
        self._resolver, self._markers, self._place = resolver, itertools.count(40000), 0
        self._kinds: set[tuple[int, bytes]] = set()

    def clear(self) -> None:
        """Forget what was seen so far."""
        self.seen()
        self._kinds.clear()

    def seen(self) -> set[Packet]:
        """Every packet sent up to now. Raises AssertionError where the kernel had no room for some."""
        marker = next(self._markers)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", (self._resolver, marker))
        until = monotonic() + 30
        # On one device packets are seen in the order in which they were sent.
        while not any(packet.port == marker for packet in map(_read, self._kinds)):
            assert monotonic() < until, "the marker was not seen: the wire does not work"
            if not self._take_in():
                sleep(0.001)
        _, dropped = struct.unpack("II", self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 8))
        assert not dropped, f"{dropped} packets went by unseen"
        found = {_read(kind) for kind in self._kinds}
        return {packet for packet in found if packet.port < 40000 or packet.target != ip_address(self._resolver)}

    def strangers(self, *expected: str) -> set[Packet]:
        """Packets that go neither to an expected address nor back from one."""
        known = {ip_address(text) for text in (*expected, self._resolver)}
        return {p for p in self.seen() if p.target not in known and not (p.source in known and p.target in OWN)}

    def _take_in(self) -> int:
        """The packets that are in the ring, and their frames given back; how many there were."""
        for count in itertools.count():
            at = self._place * _FRAME
            status, _, captured, _, begin = _HEADER.unpack_from(self._ring, at)
            if not status & 1:
                return count
            protocol = int.from_bytes(self._ring[at + _PROTOCOL : at + _PROTOCOL + 2], "big")
            self._kinds.add(_kind(protocol, self._ring[at + begin : at + min(begin + captured, _FRAME)]))
            self._ring[at : at + 4] = bytes(4)
            self._place = (self._place + 1) % (_BLOCK * _BLOCKS // _FRAME)
        raise AssertionError("unreachable")


def _kind(protocol: int, data: bytes) -> tuple[int, bytes]:
    """What tells one kind of packet from another: protocol, addresses and destination port."""
    if protocol == 0x0800:
        rest = data[4 * (data[0] & 15) :]
        return 4, data[9:10] + data[12:20] + (rest[2:4] if data[9] in (6, 17) else b"\0\0")
    if protocol == 0x86DD:
        return 6, data[6:7] + data[8:40] + (data[42:44] if data[6] in (6, 17) else b"\0\0")
    return protocol, data


def _read(kind: tuple[int, bytes]) -> Packet:
    version, data = kind
    port = int.from_bytes(data[-2:], "big")
    if version == 4:
        return Packet(IPv4Address(data[1:5]), IPv4Address(data[5:9]), data[0], port)
    if version == 6:
        return Packet(IPv6Address(data[1:17]), IPv6Address(data[17:33]), data[0], port)
    raise AssertionError(f"a packet that is no IP: {version:#06x} {data!r}")
