"""The way out of one watch, taken again for each of its checks, so that thousands a minute cost little.

What the scope says of an address that was written out, and of its port, is the same every time and asked once. A name is looked
up for every check, and each of its addresses is checked again.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from netassist.network import Network, Stream
from netassist.scope import Scope
from netassist.targets import Address, host_port, parse_address


class Repeated(Network):
    """A `Network` for one check after another, never for two at once."""

    def __init__(self, scope: Scope, *, timeout: float, ca_file: Path | None, resolver: str | None) -> None:
        super().__init__(scope, timeout=timeout, deadline=0.0, ca_file=ca_file, resolver=resolver)
        self._granted: dict[tuple[str, int], Address] = {}
        """What has been connected to of addresses that were written out."""

    def renewed(self, deadline: float) -> Repeated:
        """For the next check, which may take so many seconds."""
        self._ends = monotonic() + deadline
        self.connections = 0
        if not self._granted:
            self._pinned.clear()
            self.denied.clear()
        return self

    @asynccontextmanager
    async def connect(self, host: str, port: int, *, first_only: bool = False) -> AsyncIterator[Stream]:
        address = self._granted.get((host, port))
        if address is None:
            async with super().connect(host, port, first_only=first_only) as stream:
                if parse_address(host) is not None:
                    self._granted[host, port] = self._pinned[host][0]
                yield stream
            return
        where = host_port(host, port)
        self.connections += 1
        opened = await self._opened(address, port, where)
        try:
            yield Stream(opened, str(address), where, self)
        finally:
            opened.close()

    async def reach(self, host: str, port: int) -> float:
        """Connect, and hang up at once; milliseconds that the connection took. Raises Failed as `connect` does."""
        address = self._granted.get((host, port))
        if address is None:
            await self.resolve(host)  # apart, so that the time is not the resolver's
            began = monotonic()
            async with self.connect(host, port):
                return (monotonic() - began) * 1000
        began = monotonic()
        error = await self._knock(address, port)
        if error:  # in the words that every failed connection has
            await self.within(_raised(OSError(error, "")), f"{host_port(host, port)}: connecting")
        return (monotonic() - began) * 1000

    async def _knock(self, address: Address, port: int) -> int:
        """The number of the error, 0 where it accepts."""
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        try:
            opened = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError as error:
            return error.errno or errno.EIO
        self.connections += 1
        with opened:
            refused = opened.connect_ex((str(address), port))
            if refused != errno.EINPROGRESS:
                return refused
            return await _writable(opened, min(self.timeout, self.remaining))


async def _writable(opened: socket.socket, seconds: float) -> int:
    """The socket's error once the connection is made or refused; ETIMEDOUT where neither is so after that time."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bool] = loop.create_future()
    clock = loop.call_later(seconds, _end, done, False)
    number = opened.fileno()  # a socket itself is written out in words by `selectors` each time
    loop.add_writer(number, _end, done, True)
    try:
        answered = await done
    finally:
        loop.remove_writer(number)
        clock.cancel()
    return opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if answered else errno.ETIMEDOUT


def _end(done: asyncio.Future[bool], answered: bool) -> None:
    if not done.done():
        done.set_result(answered)


async def _raised(error: OSError) -> None:
    raise error
