"""The scan of one server, under way. It needs none of the libraries that certificates take: they can be loaded meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from netassist.observations import Stopwatch
from netassist.tls.scan import Scan
from netassist.tls.scanner import Scanner
from netassist.tls.server import Server


class Scanning:
    """`watch` and `connections_before` are of its beginning."""

    def __init__(self, server: Server) -> None:
        self.scanner, self.watch = Scanner(server), Stopwatch()
        self.connections_before = server.network.connections
        self._server = server
        self._versions = asyncio.create_task(self._spoken())
        self._details = asyncio.create_task(self._all())

    async def spoken(self) -> Scan:
        """The scan once it knows the versions."""
        return await self._versions

    async def whole(self) -> Scan:
        """The scan at its end."""
        return await self._details

    async def end(self) -> None:
        """Give up what has not ended."""
        for task in (self._versions, self._details):
            task.cancel()
        await asyncio.gather(self._versions, self._details, return_exceptions=True)

    async def _spoken(self) -> Scan:
        """A server that does not know its name is asked once more without one."""
        scan, server = Scan(), self._server
        await self.scanner.run(scan.versions())
        if server.server_name is not None and scan.name_unrecognized and not _speaks(scan):
            server.server_name = None
            scan = Scan(name_unrecognized=True)
            await self.scanner.run(scan.versions())
        return scan

    async def _all(self) -> Scan:
        scan = await self._versions
        if _speaks(scan):
            await self.scanner.run(scan.details())
        return scan


@contextlib.asynccontextmanager
async def scanning(server: Server) -> AsyncIterator[Scanning]:
    """Begin a scan; what has not ended on leaving is given up."""
    begun = Scanning(server)
    try:
        yield begun
    finally:
        await begun.end()


def _speaks(scan: Scan) -> bool:
    return "accepted" in scan.facts().protocols.values()
