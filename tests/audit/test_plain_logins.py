"""Mail stores that take passwords in clear text, and such as do not, by what they say over a real socket."""

from __future__ import annotations

import asyncio

import pytest

from netassist.audit.plain_logins import takes_plain_logins
from netassist.network import Network
from netassist.scope import Scope


async def asked(protocol: str, greeting: bytes, answer: bytes) -> bool | None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        if await reader.readline():
            writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        network = Network(Scope(frozenset({"127.0.0.1"})), timeout=2)
        return await takes_plain_logins(network, "127.0.0.1", port, protocol)


@pytest.mark.parametrize(
    ("protocol", "greeting", "answer", "takes"),
    [
        ("imap", b"* OK ready\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK done\r\n", False),
        ("imap", b"* OK ready\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\na1 OK done\r\n", True),
        ("imap", b"* OK ready\r\n", b"a1 BAD what?\r\n", None),
        ("imap", b"* OK ready\r\n", b"", None),
        ("pop3", b"+OK ready\r\n", b"+OK\r\nSTLS\r\nUIDL\r\nSASL\r\n.\r\n", False),
        ("pop3", b"+OK ready\r\n", b"+OK\r\nSTLS\r\nUSER\r\n.\r\n", True),
        ("pop3", b"+OK ready\r\n", b"+OK\r\nSASL CRAM-MD5 PLAIN\r\n.\r\n", True),
        ("pop3", b"+OK ready\r\n", b"-ERR unknown command\r\n", None),
    ],
)
def test_what_a_server_says_of_plain_logins(protocol: str, greeting: bytes, answer: bytes, takes: bool | None) -> None:
    assert asyncio.run(asked(protocol, greeting, answer)) is takes
