"""The way out: every probe resolves names and opens sockets here, and nowhere else.

One `Network` serves one tool call. It holds the scope, pins each name to the addresses it resolved to first, counts
connections, and keeps the call's deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from time import monotonic
from typing import NamedTuple, TypeVar

from netassist.observations import Failed, FailureKind
from netassist.scope import Scope
from netassist.targets import Address, parse_address, parse_host

T = TypeVar("T")
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_ERRNO_KINDS: dict[int, FailureKind] = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "timeout",
}


class Progress(NamedTuple):
    """How far a call is: `fraction` from 0 to 1, or None where that is not known."""

    text: str
    fraction: float | None = None


class Stream:
    """One TCP connection whose every step ends at the call's deadline or its own time-out, whichever is first."""

    def __init__(self, ends: Ends, address: str, where: str, network: Network) -> None:
        self.address = address
        self._reader, self._writer = ends
        self._where, self._network = where, network

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._network.within(self._writer.drain(), f"{self._where}: sending")

    async def receive(self, limit: int = 65536, timeout: float | None = None) -> bytes:
        """Whatever arrives next, at most `limit` bytes; empty at the end of the stream."""
        return await self._network.within(self._reader.read(limit), f"{self._where}: waiting for an answer", timeout)

    async def receive_exactly(self, size: int) -> bytes:
        """Exactly `size` bytes; Failed(protocol) where the peer closes before."""
        try:
            return await self._network.within(self._reader.readexactly(size), f"{self._where}: waiting for an answer")
        except asyncio.IncompleteReadError as error:
            raise Failed("protocol", f"{self._where}: closed after {len(error.partial)} of {size} bytes") from None


class Network:
    """What a probe may use of the world for one call.

    Args:
        scope: which hosts and addresses may be touched.
        timeout: seconds that a single step (connect, read, look-up) may take.
        deadline: seconds for the whole call.
        progress: called with each `Progress`.
        ca_file: PEM file of further trust anchors.
    """

    def __init__(
        self,
        scope: Scope,
        *,
        timeout: float = 5.0,
        deadline: float = 60.0,
        progress: Callable[[Progress], None] = lambda _: None,
        ca_file: Path | None = None,
    ) -> None:
        self.scope, self.timeout, self.progress, self.ca_file = scope, timeout, progress, ca_file
        self.connections = 0
        self._ends = monotonic() + deadline
        self._pinned: dict[str, tuple[Address, ...]] = {}

    @property
    def remaining(self) -> float:
        """Seconds until the call's deadline; never negative."""
        return max(0.0, self._ends - monotonic())

    async def within(self, awaitable: Awaitable[T], step: str, timeout: float | None = None) -> T:
        """Await one step of `step` ("host:port: doing what"); socket errors and time-outs become `Failed`.

        It ends after `timeout` seconds (the step time-out by default), and at the call's deadline in any case.
        """
        seconds = min(timeout or self.timeout, self.remaining)
        try:
            return await asyncio.wait_for(awaitable, seconds)
        except TimeoutError:
            raise Failed("timeout", f"{step}: no answer within {seconds:.3g} s") from None
        except OSError as error:
            raise _failed(error, step) from None

    async def resolve(self, host: str) -> tuple[Address, ...]:
        """The addresses of a host within scope, looked up once and pinned for the rest of the call.

        Raises:
            Failed: `unresolvable`, `timeout`, or `out_of_scope` where the host or every address of it is.
        """
        self.scope.check_host(host)
        if host not in self._pinned:
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
        return self._pinned[host]

    async def _look_up(self, host: str) -> list[Address]:
        try:
            name = parse_host(host).host
        except ValueError as error:
            raise Failed("invalid", str(error)) from None
        loop = asyncio.get_running_loop()
        step = f"{host}: looking up its address"
        try:
            rows = await self.within(loop.getaddrinfo(name, None, type=socket.SOCK_STREAM), step)
        except Failed as failed:
            if failed.failure.kind == "timeout":
                raise
            raise Failed("unresolvable", f"{host}: no address found ({failed.failure.message}); check the spelling") from None
        found = [parse_address(str(row[4][0]).split("%", 1)[0]) for row in rows]
        return list(dict.fromkeys(address for address in found if address is not None))

    @contextlib.asynccontextmanager
    async def connect(self, host: str, port: int) -> AsyncIterator[Stream]:
        """A TCP connection to the first address of `host` that accepts one; closed without waiting on leaving.

        Raises:
            Failed: `refused`, `reset`, `unreachable`, `timeout`, `unresolvable` or `out_of_scope`, of the last address tried.
        """
        addresses = await self.resolve(host)
        failure: Failed | None = None
        for address in addresses:
            where = f"{host}:{port}" if str(address) == host else f"{host}:{port} ({address})"
            self.connections += 1
            try:
                ends = await self.within(asyncio.open_connection(str(address), port), f"{where}: connecting")
                break
            except Failed as failed:
                failure = failed
        else:
            raise failure or Failed("unresolvable", f"{host}: no address found; check the spelling")
        try:
            yield Stream(ends, str(address), where, self)
        finally:
            ends[1].transport.abort()


def _failed(error: OSError, step: str) -> Failed:
    if isinstance(error, socket.gaierror):
        return Failed("unresolvable", f"{step}: {error.strerror or error}")
    kind: FailureKind = _ERRNO_KINDS.get(error.errno or 0, "unreachable")
    words = {"refused": "refused; nothing listens there", "reset": "the peer reset the connection"}
    return Failed(kind, f"{step}: {words.get(kind) or error.strerror or error}")
