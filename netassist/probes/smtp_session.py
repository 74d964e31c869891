"""What a mail server says of itself: greeting and EHLO (RFC 5321), before TLS and inside it (RFC 3207, RFC 8314).

No mail is sent, and none is begun.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from OpenSSL import SSL

from netassist.network import Network, Stream
from netassist.observations import Failed
from netassist.tls.handshake import flush, shaken
from netassist.tls.server import Server
from netassist.untrusted import as_text

NAME = "netassist.invalid"
"""What this client calls itself, as its TLS audit does."""
GREETING_WAIT = 15.0
"""Seconds for the greeting: servers keep clients waiting there, to see who cannot wait (RFC 5321 allows minutes)."""
LINE_LIMIT, MOST_LINES = 4096, 100
_SHOWN = 500


class Greeted(NamedTuple):
    """`greeting` is the text after 220; `extensions` the lines of the answer to EHLO, without the first; none for HELO alone."""

    greeting: str
    extensions: tuple[str, ...]

    @property
    def starttls(self) -> bool:
        return any(line.upper() == "STARTTLS" for line in self.extensions)

    @property
    def auth(self) -> tuple[str, ...]:
        """The mechanisms (RFC 4954), also of the form ``AUTH=`` that came before it."""
        words: list[str] = []
        for line in self.extensions:
            if line.upper().startswith(("AUTH ", "AUTH=")):
                words += line[5:].upper().split()
        return tuple(dict.fromkeys(words))


class Inside(NamedTuple):
    """One TLS session with a mail server; `greeted` is None where it broke off after the handshake, `failed` then says how."""

    version: str
    cipher: str | None
    group: str | None
    greeted: Greeted | None
    failed: Failed | None = None


async def in_plain_text(network: Network, stream: Stream) -> Greeted:
    """Greeting, EHLO, QUIT. Raises Failed as `_greet`."""

    async def receive(seconds: float | None) -> bytes:
        return await stream.receive(LINE_LIMIT, seconds)

    talk = _Talk(stream.send, receive, stream.where)
    return await network.within(_greet(talk), f"{stream.where}: greeting", GREETING_WAIT + 3 * network.timeout)


async def inside_tls(server: Server, greeting: str | None) -> Inside:
    """Shake hands and say EHLO; `greeting` is what came before STARTTLS, None where TLS is first.

    Raises:
        Failed: as `netassist.tls.handshake.shaken`.
    """
    async with shaken(server) as (connection, stream):

        async def send(data: bytes) -> None:
            connection.send(data)
            await flush(connection, stream)

        async def receive(seconds: float | None) -> bytes:
            while True:
                try:
                    return connection.recv(LINE_LIMIT)
                except SSL.WantReadError:
                    if not (data := await stream.receive(16384, seconds)):
                        return b""
                    connection.bio_write(data)
                except SSL.Error:
                    return b""

        version, cipher = connection.get_protocol_version_name(), connection.get_cipher_name()
        session = Inside({"TLSv1": "TLSv1.0"}.get(version, version), cipher, connection.get_group_name(), None)
        talk = _Talk(send, receive, stream.where)
        try:
            asking = _greet(talk) if greeting is None else _hello(talk, greeting)
            step = f"{stream.where}: EHLO inside TLS"
            return session._replace(greeted=await server.network.within(asking, step, GREETING_WAIT + 3 * server.network.timeout))
        except Failed as failed:
            return session._replace(failed=failed)


class _Talk:
    """Commands and replies in lines, never longer or more than their limits."""

    def __init__(
        self, send: Callable[[bytes], Awaitable[None]], receive: Callable[[float | None], Awaitable[bytes]], where: str
    ) -> None:
        self.send, self.where = send, where
        self._receive, self._held = receive, b""

    async def reply(self, seconds: float | None = None) -> tuple[int, tuple[bytes, ...]]:
        """A reply's code and the texts of its lines (RFC 5321, section 4.2.1)."""
        texts: list[bytes] = []
        while len(texts) < MOST_LINES:
            line = await self._line(seconds)
            if not line[:3].isdigit() or line[3:4] not in (b"", b" ", b"-"):
                raise Failed("protocol", f"{self.where}: does not speak SMTP (“{as_text(line, 100)}”); is it the right port?")
            texts.append(line[4:])
            if line[3:4] != b"-":
                return int(line[:3]), tuple(texts)
        raise Failed("protocol", f"{self.where}: a reply of more than {MOST_LINES} lines")

    async def _line(self, seconds: float | None) -> bytes:
        while b"\n" not in self._held:
            if len(self._held) > LINE_LIMIT:
                raise Failed("protocol", f"{self.where}: a line of more than {LINE_LIMIT} bytes; is it the right port?")
            if not (more := await self._receive(seconds)):
                raise Failed("protocol", f"{self.where}: closed the connection; does it turn this machine away?")
            self._held += more
        line, _, self._held = self._held.partition(b"\n")
        return line.rstrip(b"\r")


async def _greet(talk: _Talk) -> Greeted:
    """Raises Failed: `rate_limited` (421), `denied` (554), `protocol`, `timeout`."""
    code, texts = await talk.reply(GREETING_WAIT)
    said = as_text(b" ".join(texts), _SHOWN)
    if code == 421:
        raise Failed("rate_limited", f"{talk.where}: is not taking connections now (421 {as_text(said, 200)}); try again later")
    if code != 220:
        raise Failed("denied", f"{talk.where}: turns this machine away ({code} {as_text(said, 200)})")
    return await _hello(talk, said)


async def _hello(talk: _Talk, greeting: str) -> Greeted:
    """EHLO, or where that is not known HELO (section 3.2), and goodbye."""
    await talk.send(f"EHLO {NAME}\r\n".encode("ascii"))
    code, texts = await talk.reply()
    if 500 <= code < 600:
        await talk.send(f"HELO {NAME}\r\n".encode("ascii"))
        code, first = await talk.reply()
        texts = first[:1]
    if code != 250:
        raise Failed("protocol", f"{talk.where}: does not take EHLO ({code} {as_text(texts[0], 100)})")
    await talk.send(b"QUIT\r\n")
    return Greeted(greeting, tuple(shown for text in texts[1:] if (shown := as_text(text, _SHOWN))))
