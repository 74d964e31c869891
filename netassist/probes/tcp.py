"""Does one TCP port accept a connection, how fast, and what does it say first?"""

from __future__ import annotations

from time import monotonic
from typing import Literal

from netassist.network import Network, Stream
from netassist.observations import Endpoint, Failed, Report, Stopwatch
from netassist.untrusted import as_text

BANNER_WAIT = 1.0
"""Seconds to wait for a server that speaks first; most that do answer within one round trip."""


class TcpCheck(Report, frozen=True, kw_only=True, tag="netassist/tcp/1"):
    """`state` is `closed` where the host answered with a reset and `filtered` where nothing came back."""

    state: Literal["open", "closed", "filtered"] | None = None
    connect_ms: float | None = None
    banner: str | None = None


async def tcp_check(network: Network, host: str, port: int) -> TcpCheck:
    """Open a TCP connection, read a banner if one comes within a second, and close."""
    watch = Stopwatch()
    target = Endpoint(host, port)
    try:
        # Looked up apart, so that the connect time is not the resolver's.
        await network.resolve(host)
        began = monotonic()
        async with network.connect(host, port) as stream:
            connect_ms = round((monotonic() - began) * 1000, 3)
            target = Endpoint(host, port, stream.address)
            banner = await _banner(stream)
            return TcpCheck(target=target, state="open", connect_ms=connect_ms, banner=banner, **watch.stamp())
    except Failed as failed:
        if failed.failure.kind == "refused":
            return TcpCheck(target=target, state="closed", **watch.stamp())
        if failed.failure.kind == "timeout" and target.address is None and network.connections:
            return TcpCheck(target=target, state="filtered", **watch.stamp())
        return TcpCheck(target=target, status="failed", error=failed.failure, **watch.stamp())


async def _banner(stream: Stream) -> str | None:
    """What the server says first; None where it waits for the client, or hangs up."""
    try:
        return as_text(await stream.receive(512, timeout=BANNER_WAIT)) or None
    except Failed:
        return None
