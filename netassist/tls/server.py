"""A TLS server that is asked many times: connections to it at the point where TLS begins, a few at once and not too fast."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from netassist.network import Network, Stream
from netassist.observations import Endpoint, Failed
from netassist.targets import host_port, parse_host

AT_ONCE = 8
_SHORT_GROUPS = "X25519:P-256:P-384:P-521"


class Server:
    """`address` is where it was reached, None until it was; `server_name` what SNI says, None where the host is an address.

    Args:
        starttls: the protocol that is upgraded from plain text first.
        at_once: connections that may be open at the same time.
        delay: seconds between the starts of two connections.

    Raises:
        Failed: `invalid`, where `host` is neither a name nor an address.
    """

    def __init__(
        self, network: Network, host: str, port: int, starttls: str | None = None, *, at_once: int = AT_ONCE, delay: float = 0.0
    ) -> None:
        try:
            parsed = parse_host(host)
        except ValueError as error:
            raise Failed("invalid", str(error)) from None
        self.network, self.host, self.port, self.starttls = network, host, port, starttls
        self.ascii_host = parsed.host
        self.server_name = parsed.host if parsed.kind == "name" else None
        self.where = host_port(host, port)
        self.address: str | None = None
        self.troubled = False
        """Whether a connection was not had, or broke off."""
        self.bears_large_hellos = True
        self._places = asyncio.Semaphore(at_once)
        self._delay, self._next = delay, 0.0

    @property
    def target(self) -> Endpoint:
        return Endpoint(self.host, self.port, self.address, self.server_name, self.starttls)

    @property
    def groups(self) -> str | None:
        """What a whole handshake is to offer, as OpenSSL takes it: no post-quantum groups where a hello has to stay short."""
        return None if self.bears_large_hellos else _SHORT_GROUPS

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator[Stream]:
        """A connection of its own, STARTTLS done. Raises Failed as `Network.connect`, and `protocol` where there is none."""
        async with self._places:
            await self._turn()
            try:
                async with self._connected() as stream:
                    yield stream
            except Failed:
                self.troubled = True
                raise

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[Stream]:
        async with self.network.connect(self.host, self.port) as stream:
            self.address = stream.address
            if self.starttls is not None:
                from netassist.tls.starttls import upgrade

                dialogue = upgrade(stream, self.starttls, self.ascii_host)
                await self.network.within(dialogue, f"{stream.where}: {self.starttls} before TLS", 3 * self.network.timeout)
            yield stream

    async def _turn(self) -> None:
        if not self._delay:
            return
        now = asyncio.get_running_loop().time()
        start = max(now, self._next)
        self._next = start + self._delay
        await self.network.within(asyncio.sleep(start - now), f"{self.where}: between connections", start - now + 1)
