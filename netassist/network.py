"""The way out: every probe resolves names and opens sockets here, and nowhere else.

One `Network` serves one tool call. It holds the scope, pins each name to the addresses it resolved to first, counts
connections, and keeps the call's deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from ipaddress import ip_network
from pathlib import Path
from time import monotonic
from typing import NamedTuple, TypeVar

from netassist.observations import Failed
from netassist.scope import NO_PORT, Scope, parse_rule
from netassist.socket_errors import as_failed, forget_routers, hear_routers, router_said
from netassist.targets import Address, host_port, parse_address, parse_host, parse_network
from netassist.targets import Network as Cidr

T = TypeVar("T")

# What to look at where nothing came.
_NO_CONNECTION = "is the host up, or does a firewall drop it?"
NO_ANSWER = "is it the right port and protocol, or is the server overloaded?"


class Progress(NamedTuple):
    """How far a call is: `fraction` from 0 to 1, or None where that is not known."""

    text: str
    fraction: float | None = None


class _Pace:
    """Turns that are `seconds` apart."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._next = seconds, 0.0

    def wait(self) -> float:
        """Take the next turn; the seconds until it."""
        turn = max(self._next, now := monotonic())
        self._next = turn + self._seconds
        return turn - now


class Stream:
    """One TCP connection whose every step ends at the call's deadline or its own time-out, whichever is first."""

    def __init__(self, opened: socket.socket, address: str, where: str, network: Network) -> None:
        self.address, self.where = address, where
        self._socket, self._network = opened, network
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        step = f"{self.where}: sending"
        try:
            sent = self._socket.send(data) if data else 0
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise as_failed(error, step) from None
        if sent < len(data):
            await self._network.within(self._loop.sock_sendall(self._socket, data[sent:]), step)

    async def receive(self, limit: int = 65536, timeout: float | None = None) -> bytes:
        """Whatever arrives next, at most `limit` bytes; empty at the end of the stream."""
        step = f"{self.where}: waiting for an answer"
        return await self._network.within(_received(self._socket, limit), step, timeout, NO_ANSWER)


class Icmp:
    """ICMP or ICMPv6 messages to and from one address; deadlines as with `Stream`."""

    def __init__(self, opened: socket.socket, address: str, where: str, network: Network) -> None:
        self.address, self.version = address, 6 if opened.family == socket.AF_INET6 else 4
        self._socket, self._where, self._network = opened, where, network

    async def send(self, message: bytes) -> None:
        step = f"{self._where}: sending an ICMP message"
        try:
            await self._network.within(asyncio.get_running_loop().sock_sendall(self._socket, message), step)
        except Failed:
            forget_routers(self._socket)
            raise

    async def receive(self, timeout: float) -> bytes:
        """The next ICMP message from the address, without the IP header that raw IPv4 sockets hand up (RFC 791, section 3.1)."""
        step = f"{self._where}: waiting for an ICMP message"
        packet = await self._network.within(self._heard(), step, timeout)
        has_header = self.version == 4 and self._socket.type == socket.SOCK_RAW and packet
        return packet[4 * (packet[0] & 0x0F) :] if has_header else packet

    async def _heard(self) -> bytes:
        """Raises Failed where an ICMP error comes instead, from a router or from this machine in the place of one."""
        try:
            return await _received(self._socket, 65536)
        except OSError as error:
            forget_routers(self._socket)
            words = router_said(error)
            raise Failed("unreachable", f"{self._where}: who should pass it on says: {words}") from None


class Network:
    """What a probe may use of the world for one call.

    Args:
        scope: which hosts and addresses may be touched.
        timeout: seconds that a single step (connect, read, look-up) may take.
        deadline: seconds for the whole call.
        progress: called with each `Progress`.
        ca_file: PEM file of further trust anchors.
        resolver: the name server that is asked for records, ``address`` or ``address:port``; the system's where it is None.
        revocation: ask the OCSP responders and CRL servers that verified certificates name, which nobody else may have named.
        rate: connections that may be opened a second; None where that is not limited.
    """

    def __init__(
        self,
        scope: Scope,
        *,
        timeout: float = 5.0,
        deadline: float = 60.0,
        progress: Callable[[Progress], None] = lambda _: None,
        ca_file: Path | None = None,
        resolver: str | None = None,
        revocation: bool = False,
        rate: float | None = None,
    ) -> None:
        self.rate, self._pace = rate, None if rate is None else _Pace(1 / rate)
        self.scope, self.timeout, self.progress = scope, timeout, progress
        self.ca_file, self.resolver, self.revocation = ca_file, resolver, revocation
        self.connections = 0
        self._ends = monotonic() + deadline
        self._pinned: dict[str, tuple[Address, ...]] = {}
        self.denied: dict[str, tuple[Address, ...]] = {}
        """Addresses of the hosts resolved so far that the scope leaves out."""
        self._clocks: set[asyncio.Timeout] = set()
        self.interrupted = False

    @property
    def remaining(self) -> float:
        """Seconds until the call's deadline; never negative."""
        return max(0.0, self._ends - monotonic())

    def interrupt(self) -> None:
        """Bring the deadline forward to now: every step under way ends, and the probe reports what it has."""
        self.interrupted, self._ends = True, monotonic()
        for clock in self._clocks:
            if not clock.expired():
                clock.reschedule(0)

    @contextlib.contextmanager
    def beside(self, scope: Scope, seconds: float | None = None) -> Iterator[Network]:
        """The same call with another scope, for `seconds` at most: at the same pace, its connections counted here."""
        deadline = self.remaining if seconds is None else min(seconds, self.remaining)
        own = Network(scope, timeout=min(self.timeout, deadline), deadline=deadline, ca_file=self.ca_file, resolver=self.resolver)
        own.rate, own._pace = self.rate, self._pace
        if scope == self.scope:
            own._pinned, own.denied = self._pinned, self.denied
        try:
            yield own
        finally:
            self.connections += own.connections

    async def within(self, awaitable: Awaitable[T], step: str, timeout: float | None = None, advice: str = "") -> T:
        """Await one step of `step` ("host:port: doing what"); socket errors and time-outs become `Failed`.

        It ends after `timeout` seconds (the step time-out by default), and at the call's deadline in any case. `advice` is
        what to look at where nothing came.
        """
        seconds = min(timeout or self.timeout, self.remaining)
        clock = asyncio.timeout(seconds)
        self._clocks.add(clock)
        try:
            async with clock:
                return await awaitable
        except TimeoutError:
            late = f"no answer within {seconds:.3g} s{f'; {advice}' if advice else ''}"
            raise Failed("timeout", f"{step}: {'interrupted' if self.interrupted else late}") from None
        except OSError as error:
            raise as_failed(error, step) from None
        finally:
            self._clocks.discard(clock)

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """The addresses of a host within scope, looked up once and pinned for the rest of the call.

        Raises:
            Failed: `unresolvable`, `timeout`, or `out_of_scope` where the host or every address of it is.
        """
        if host not in self._pinned:
            self.scope.check_host(host)
            literal = parse_address(host)
            found = (literal,) if literal else await self._look_up(host)
            allowed, refusal = [], None
            for address in found:
                try:
                    self.scope.check_address(host, address)
                    allowed.append(address)
                except Failed as failed:
                    refusal = failed
            if refusal and not allowed:
                raise refusal
            self._pinned[host] = tuple(allowed)
            self.denied[host] = tuple(address for address in found if address not in allowed)
        return self._pinned[host]

    def pin(self, host: str, address: Address) -> None:
        """Reach `host` at this address and no other. Raises Failed, `out_of_scope`."""
        self.scope.check_host(host)
        self.scope.check_address(host, address)
        self._pinned[host] = (address,)

    async def resolve_network(self, text: str) -> tuple[Cidr, tuple[Cidr, ...]]:
        """A CIDR network within scope, and what the scope denies inside it, which the caller has to leave out.

        Denied names are looked up; denied suffixes (``.example.org``) cannot be told from addresses and are not left out.

        Raises:
            Failed: `invalid`, `out_of_scope`, or `timeout` where a denied name could not be looked up.
        """
        area = parse_network(text)
        if area is None:
            raise Failed("invalid", f"{text} is not a network such as 192.0.2.0/24")
        denied = list(self.scope.check_network(area))
        for name in {rule.name for rule in map(parse_rule, self.scope.deny)}:
            if not name or name.startswith("."):
                continue
            try:
                found = await self._look_up(name)
            except Failed as failed:
                if failed.failure.kind == "timeout":
                    raise
                continue
            denied += [ip_network(address) for address in found if address.version == area.version and address in area]
        return area, tuple(denied)

    async def closed_ports(self, target: str) -> str:
        """The ports of a host or CIDR network that may not be touched, in Nmap's notation; empty where all may.

        Raises Failed as `resolve` does.
        """
        area = parse_network(target)
        return self.scope.closed_ports(target, *((area,) if area is not None else await self.resolve(target)))

    async def _look_up(self, host: str) -> list[Address]:
        try:
            name = parse_host(host).host
        except ValueError as error:
            raise Failed("invalid", str(error)) from None
        loop = asyncio.get_running_loop()
        step = f"{host}: looking up its address"
        try:
            asking = loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
            rows = await self.within(asking, step, advice="is the name server reachable (/etc/resolv.conf)?")
        except Failed as failed:
            if failed.failure.kind == "timeout":
                raise
            raise Failed("unresolvable", f"{host}: no address found ({failed.failure.message}); check the spelling") from None
        found = [parse_address(str(row[4][0]).split("%", 1)[0]) for row in rows]
        return list(dict.fromkeys(address for address in found if address is not None))

    @contextlib.asynccontextmanager
    async def connect(self, host: str, port: int, *, first_only: bool = False) -> AsyncIterator[Stream]:
        """A TCP connection to the first address of `host` that accepts one; closed without waiting on leaving.

        With `first_only` no other than the first address is tried, so that what is timed is one attempt.

        The scope is asked once more, for this port and for each address, before anything is sent.

        Raises:
            Failed: `refused`, `reset`, `unreachable`, `timeout`, `unresolvable` or `out_of_scope`, of the last address tried.
        """
        addresses = await self.resolve(host)
        self.scope.check_host(host, port)
        addresses = addresses[:1] if first_only else addresses
        failure: Failed | None = None
        for address in addresses:
            where = host_port(host, port) if str(address) == host else f"{host_port(host, port)} ({address})"
            try:
                self.scope.check_address(host, address, port)
                await self._paced(where)
                self.connections += 1
                opened = await self._opened(address, port, where)
                break
            except Failed as failed:
                failure = failed
        else:
            raise failure or Failed("unresolvable", f"{host}: no address found; check the spelling")
        try:
            yield Stream(opened, str(address), where, self)
        finally:
            opened.close()

    async def _paced(self, where: str) -> None:
        """Wait until the next connection may be opened."""
        if self._pace is not None:
            await self.within(asyncio.sleep(self._pace.wait()), f"{where}: waiting to connect", self.remaining)

    async def _opened(self, address: Address, port: int, where: str) -> socket.socket:
        step = f"{where}: connecting"
        try:
            opened = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
        except OSError as error:
            raise as_failed(error, step) from None
        try:
            opened.setblocking(False)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            loop = asyncio.get_running_loop()
            await self.within(loop.sock_connect(opened, (str(address), port)), step, advice=_NO_CONNECTION)
        except BaseException:
            opened.close()
            raise
        return opened

    @contextlib.asynccontextmanager
    async def icmp(self, host: str) -> AsyncIterator[Icmp]:
        """An ICMP socket to the first address of `host`: a datagram socket where the kernel lets this user have one, else raw.

        Raises:
            Failed: `denied` where the user may open neither; `unreachable`, `unresolvable`, `timeout`, `out_of_scope`.
        """
        address = (await self.resolve(host))[0]
        where = host if str(address) == host else f"{host} ({address})"
        self.scope.check_host(host, NO_PORT)
        self.scope.check_address(host, address, NO_PORT)
        self.connections += 1
        opened = _icmp_socket(address, where)
        try:
            opened.setblocking(False)
            hear_routers(opened)
            opened.connect((str(address), 0))
            yield Icmp(opened, str(address), where, self)
        except OSError as error:
            raise as_failed(error, f"{where}: ICMP") from None
        finally:
            opened.close()

    @contextlib.asynccontextmanager
    async def udp(self, host: str) -> AsyncIterator[tuple[socket.socket, Address]]:
        """A UDP socket that is not connected, and the first address of `host`, which is the only one to send to.

        Raises:
            Failed: `unreachable`, `unresolvable`, `timeout`, `out_of_scope`.
        """
        address = (await self.resolve(host))[0]
        self.scope.check_host(host, NO_PORT)
        self.scope.check_address(host, address, NO_PORT)
        self.connections += 1
        try:
            opened = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_DGRAM)
        except OSError as error:
            raise as_failed(error, f"{host}: opening a UDP socket") from None
        try:
            opened.setblocking(False)
            yield opened, address
        finally:
            opened.close()


async def _received(opened: socket.socket, limit: int) -> bytes:
    """What arrives next. Deadlines, interrupts and other calls have their turn first, also where a peer never stops sending."""
    await asyncio.sleep(0)
    return await asyncio.get_running_loop().sock_recv(opened, limit)


def _icmp_socket(address: Address, where: str) -> socket.socket:
    six = address.version == 6
    family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            return socket.socket(family, kind, protocol)
        except PermissionError:
            continue
        except OSError as error:
            raise as_failed(error, f"{where}: opening an ICMP socket") from None
    raise Failed("denied", f"{where}: this user may not open an ICMP socket (sysctl net.ipv4.ping_group_range, or run as root)")
