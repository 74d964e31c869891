"""What a server says first: bytes that a pure codec makes something of, within bounds and within the time of one step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from netassist.network import NO_ANSWER, Network, Stream
from netassist.observations import Failed
from netassist.untrusted import as_text

T = TypeVar("T")

# What OpenSSH says to a client that has too many connections (MaxStartups) or is penalised (PerSourcePenalties).
_TURNED_AWAY = (b"Exceeded MaxStartups", b"Not allowed at this time")


async def first_answer(network: Network, stream: Stream, said: bytes, read: Callable[[bytes], T | None]) -> T:
    """Send `said` and receive until `read` makes something of all that came.

    `read` gets all bytes so far, gives None while it needs more, and refuses more than it can need by ValueError.

    Raises:
        Failed: `protocol` where `read` refuses what came or the server closes before, `rate_limited` where it says so,
            `timeout` where all of it takes longer than one step may, `reset`.
    """

    async def exchange() -> T:
        received = b""
        await stream.send(said)
        while (found := read(received)) is None:
            if not (more := await stream.receive()):
                raise _closed(received, stream.where)
            received += more
        return found

    try:
        return await network.within(exchange(), f"{stream.where}: waiting for an answer", advice=NO_ANSWER)
    except ValueError as error:
        raise Failed("protocol", f"{stream.where}: {error}") from None


def _closed(received: bytes, where: str) -> Failed:
    if received.startswith(_TURNED_AWAY):
        return Failed("rate_limited", f"{where}: turns connections away ({as_text(received, 60)}); try again later")
    return Failed("protocol", f"{where}: closed the connection after {len(received)} bytes")
