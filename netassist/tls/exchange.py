"""Exchanges with a TLS server in own bytes: its flight up to ServerHelloDone, then how it takes what no honest client says.

For versions before TLS 1.3. Every step is bounded in time and in bytes, and every connection is the check's own: what is
sent over it concerns no other.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, NamedTuple, TypeVar

from netassist.network import Stream
from netassist.observations import Failed
from netassist.probes.first_answer import first_answer
from netassist.tls.facts import Facts, Version
from netassist.tls.flight import Flight, read_flight
from netassist.tls.hello import (
    ALERTS,
    SIGNATURE_SCHEMES,
    TLS12,
    Alert,
    ServerHello,
    read_answer,
    records,
    vector,
    words,
)
from netassist.tls.offers import EMPTY_RENEGOTIATION_INFO_SCSV, NUMBERS, padded_block
from netassist.tls.server import Server
from netassist.tls.suites import Suite

T = TypeVar("T")
Answer = TypeVar("Answer", Flight, ServerHello)
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, HEARTBEAT = 20, 21, 22, 23, 24
End = Literal["alert", "closed", "reset", "silence", "nonsense"]

_CLIENT_HELLO = 1
_SERVER_NAME, _GROUPS, _POINT_FORMATS, _SIGNATURES = 0, 10, 11, 13
_DSA_SCHEMES = (0x0402, 0x0202)  # dsa_sha256 and dsa_sha1, for servers with DSS keys
_CURVES = (0x001D, 0x0017, 0x0018, 0x0019, 0x001E, 0x001A, 0x001B, 0x001C, 0x0016)
_VERSIONS: tuple[Version, ...] = ("TLSv1.2", "TLSv1.1", "TLSv1.0", "SSLv3")
_AUTHENTICATED = ("RSA", "ECDSA", "DSS", "anon")
_MOST_BYTES = 65536
_STEPS = 3
"""A whole exchange may take as long as this many steps."""


class Reaction(NamedTuple):
    """The records that came, kind and content, and how it ended: with an alert that ends the connection, or without."""

    records: tuple[tuple[int, bytes], ...]
    end: End

    @property
    def alert(self) -> int | None:
        """The alert that ended it (RFC 5246, section 7.2)."""
        return self.records[-1][1][1] if self.end == "alert" else None

    def __str__(self) -> str:
        if self.alert is not None:
            return f"the alert {ALERTS.get(self.alert, self.alert)}"
        words = {"closed": "a closed connection", "reset": "a reset", "silence": "silence"}
        return words.get(self.end, "bytes that are not TLS")


class Peer:
    """A server that is asked in own bytes."""

    def __init__(self, server: Server) -> None:
        self._network, self.connect, self.server_name = server.network, server.connect, server.server_name

    async def flight(self, stream: Stream, hello: bytes) -> Flight:
        """The server's flight after `hello`. Raises Failed, `protocol` where it refuses or does not speak TLS."""
        return await self._answer(stream, hello, read_flight)

    async def server_hello(self, stream: Stream, hello: bytes) -> ServerHello:
        """The ServerHello alone, whatever follows; errors as with `flight`."""
        return await self._answer(stream, hello, read_answer)

    async def _answer(self, stream: Stream, hello: bytes, read: Callable[[bytes], Answer | Alert | None]) -> Answer:
        answer: Answer | Alert = await first_answer(self._network, stream, hello, read)
        if isinstance(answer, Alert):
            raise Failed("protocol", f"{stream.where}: refused the hello with the alert {answer}")
        if answer.version > TLS12:
            raise Failed("protocol", f"{stream.where}: selected version 0x{answer.version:04X}, which was not offered")
        return answer

    async def reaction(self, stream: Stream, said: bytes, enough: Callable[[int, bytes], bool] = lambda *_: False) -> Reaction:
        """Send `said` and receive until an alert ends it, a record is `enough`, or nothing more comes within a step's time."""
        seen: list[tuple[int, bytes]] = []

        async def exchange() -> End:
            held = b""
            try:
                await stream.send(said)
                while True:
                    while (record := read_record(held)) is not None:
                        held = held[5 + len(record[1]) :]
                        seen.append(record)
                        if _ends(record):
                            return "alert"
                        if enough(*record):
                            return "closed"
                    if not (more := await stream.receive()):
                        return "closed"
                    held += more
                    if len(held) > _MOST_BYTES or len(seen) > _MOST_BYTES // 16:
                        return "nonsense"
            except ValueError:
                return "nonsense"
            except Failed as failed:
                ends: dict[str, End] = {"reset": "reset", "timeout": "silence"}
                if failed.failure.kind not in ends:
                    raise
                return ends[failed.failure.kind]

        end = await self.within(exchange(), f"{stream.where}: waiting for a reaction")
        return Reaction(tuple(seen), end)

    async def within(self, awaitable: Awaitable[T], step: str) -> T:
        """Await several steps of one exchange; raises Failed where they take too long together."""
        return await self._network.within(awaitable, step, _STEPS * self._network.timeout)


def opening(facts: Facts, fits: Callable[[Suite], bool] = lambda _: True) -> tuple[Version, tuple[int, ...]] | None:
    """The best version before TLS 1.3 that the server accepts, and those of its suites that fit; None where there is none."""
    for version in _VERSIONS:
        held = [suite for suite in facts.suites.get(version, ()) if suite.authentication in _AUTHENTICATED and fits(suite)]
        if facts.protocols.get(version) == "accepted" and held:
            return version, tuple(suite.number for suite in held)
    return None


def client_hello(
    version: Version,
    suites: Sequence[int],
    server_name: str | None,
    *,
    session_id: bytes = b"",
    extensions: Sequence[tuple[int, bytes]] = (),
) -> bytes:
    """A hello for `version`, in records, with `extensions` beside those that every client sends."""
    number = NUMBERS[version]
    name = [(_SERVER_NAME, vector(b"\x00" + vector(server_name.encode("ascii"), 2), 2))] if server_name is not None else []
    usual = [(_POINT_FORMATS, b"\x01\x00"), (_GROUPS, vector(words(_CURVES), 2))]
    signatures = [(_SIGNATURES, vector(words((*SIGNATURE_SCHEMES, *_DSA_SCHEMES)), 2))] if version == "TLSv1.2" else []
    body = struct.pack("!H", number) + os.urandom(32) + vector(session_id, 1)
    body += vector(words((*suites, EMPTY_RENEGOTIATION_INFO_SCSV)), 2) + b"\x01\x00"
    block = padded_block([*name, *usual, *signatures, *extensions], 4 + len(body))
    return records(_CLIENT_HELLO, body + block, min(number, 0x0301))


def record(kind: int, version: int, content: bytes) -> bytes:
    """One record."""
    return struct.pack("!BH", kind, version) + vector(content, 2)


def close_notify(version: int) -> bytes:
    """The alert by which a client takes its leave; who reads it closes (RFC 5246, section 7.2.1)."""
    return record(ALERT, version, b"\x01\x00")


def read_record(data: bytes) -> tuple[int, bytes] | None:
    """Kind and content of the first record; None while more bytes are needed. Raises ValueError where it is no TLS."""
    if not data:
        return None
    if not CHANGE_CIPHER_SPEC <= data[0] <= HEARTBEAT or data[1:2] not in (b"", b"\x03"):
        raise ValueError("the answer is not TLS")
    if len(data) < 5 or len(data) < 5 + (length := int.from_bytes(data[3:5], "big")):
        return None
    return data[0], data[5 : 5 + length]


def _ends(record: tuple[int, bytes]) -> bool:
    """Whether it is an alert in plain text that is fatal, or close_notify."""
    kind, content = record
    return kind == ALERT and len(content) == 2 and (content[0] == 2 or content[1] == 0)
