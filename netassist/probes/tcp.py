"""Does one TCP port accept a connection, how fast, and what does it say first?"""

from __future__ import annotations

from time import monotonic
from typing import Literal

from netassist.network import Network, Stream
from netassist.observations import Endpoint, Failed, Report, Stopwatch
from netassist.untrusted import as_text

BANNER_WAIT = 1.0
"""Seconds to wait for a server that speaks first; most that do answer within one round trip."""

Opening = Literal["speaks", "waits", "hangs_up"]


class TcpCheck(Report, frozen=True, kw_only=True, tag="netassist/tcp/1"):
    """`state` is `closed` where the host answered with a reset and `filtered` where nothing came back.

    `opening` is what a server does that accepts: it `speaks` (`banner` is what it says), it `waits` for the client to speak
    first, or it `hangs_up` without a word; None where the call ended before that could be told.
    """

    state: Literal["open", "closed", "filtered"] | None = None
    connect_ms: float | None = None
    opening: Opening | None = None
    banner: str | None = None


async def tcp_check(network: Network, host: str, port: int) -> TcpCheck:
    """Open a TCP connection, read a banner if one comes within a second, and close."""
    watch = Stopwatch()
    target = Endpoint(host, port)
    connect_ms: float | None = None
    try:
        # Looked up apart, so that the connect time is not the resolver's.
        await network.resolve(host)
        began = monotonic()
        async with network.connect(host, port) as stream:
            connect_ms = round((monotonic() - began) * 1000, 3)
            target = Endpoint(host, port, stream.address)
            opening, banner = await _opening(network, stream)
            return TcpCheck(target=target, state="open", connect_ms=connect_ms, opening=opening, banner=banner, **watch.stamp())
    except Failed as failed:
        if connect_ms is not None:
            return TcpCheck(
                target=target, status="partial", error=failed.failure, state="open", connect_ms=connect_ms, **watch.stamp()
            )
        if failed.failure.kind == "refused":
            return TcpCheck(target=target, state="closed", **watch.stamp())
        if failed.failure.kind == "timeout" and network.connections and network.remaining:
            return TcpCheck(target=target, state="filtered", **watch.stamp())
        return TcpCheck(target=target, status="failed", error=failed.failure, **watch.stamp())


async def _opening(network: Network, stream: Stream) -> tuple[Opening, str | None]:
    """What the server does first, and what it says; Failed(timeout) where the call ends before that is known."""
    try:
        said = await stream.receive(512, timeout=BANNER_WAIT)
    except Failed as failed:
        if failed.failure.kind == "timeout" and not network.remaining:
            raise
        return "waits" if failed.failure.kind == "timeout" else "hangs_up", None
    return ("speaks", as_text(said) or None) if said else ("hangs_up", None)
