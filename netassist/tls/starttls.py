"""From plain text to TLS: the few lines that each protocol speaks before a handshake may begin.

Every dialogue is bounded by the number and length of what it reads. What a peer sends beyond its consent is refused: it
would be plain text that passes for protected (CVE-2011-0411).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from netassist.network import Stream
from netassist.observations import Failed
from netassist.untrusted import as_text

LINE_LIMIT = 8192
MOST_LINES = 100
XML_LIMIT = 65536
PACKET_LIMIT = 65536

_LDAP_STARTTLS = b"1.3.6.1.4.1.1466.20037"
_MYSQL_SSL, _MYSQL_41, _MYSQL_SECURE = 0x0800, 0x0200, 0x8000


async def upgrade(stream: Stream, protocol: str, host: str) -> None:
    """Bring a fresh connection to the point where a TLS handshake begins.

    Args:
        protocol: a key of `DIALOGUES`.
        host: the server's name in ASCII, for protocols that ask for it.

    Raises:
        Failed: `invalid` for another protocol; `protocol` where the peer does not speak it, or offers no TLS.
    """
    dialogue = DIALOGUES.get(protocol)
    if dialogue is None:
        raise Failed("invalid", f"{stream.where}: starttls={protocol} is not one of {', '.join(DIALOGUES)}")
    await dialogue(_Talk(stream, protocol), host)


class _Talk:
    """One side of a plain-text dialogue: what arrives, in lines or in counted bytes, never more than its limits."""

    def __init__(self, stream: Stream, protocol: str) -> None:
        self.send = stream.send
        self._stream, self._protocol = stream, protocol
        self._held = b""

    def failed(self, what: str) -> Failed:
        return Failed("protocol", f"{self._stream.where}: {self._protocol} before TLS: {what}")

    async def until(self, ends: tuple[bytes, ...], limit: int) -> bytes:
        """What comes up to the first of `ends`, that included."""
        while True:
            places = [self._held.find(end) + len(end) for end in ends if end in self._held]
            if places:
                taken, self._held = self._held[: min(places)], self._held[min(places) :]
                return taken
            if len(self._held) > limit:
                raise self.failed(f"the peer's answer is longer than {limit} bytes")
            await self._more()

    async def exactly(self, size: int) -> bytes:
        while len(self._held) < size:
            await self._more()
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    async def line(self) -> bytes:
        return (await self.until((b"\n",), LINE_LIMIT)).rstrip(b"\r\n")

    async def reply(self, code: bytes) -> list[bytes]:
        """The lines of a reply that is to have `code`, in the form of SMTP and FTP (RFC 5321 and RFC 959, sections 4.2)."""
        lines: list[bytes] = []
        for _ in range(MOST_LINES):
            lines.append(await self.line())
            if lines[-1][:3].isdigit() and lines[-1][3:4] != b"-":
                if lines[-1][:3] != code:
                    break
                return lines
        raise self.failed(f"expected {code.decode()}, got {self.shown(lines[-1])}")

    async def tagged(self, tag: bytes) -> bytes:
        """The first line that begins with `tag`."""
        for _ in range(MOST_LINES):
            line = await self.line()
            if line.startswith(tag):
                return line
        raise self.failed(f"no answer among {MOST_LINES} lines")

    def end(self) -> None:
        """The peer has agreed, and has to be silent until the handshake."""
        if self._held:
            raise self.failed("the peer goes on in plain text after agreeing to TLS; something on the way may have added it")

    @staticmethod
    def shown(raw: bytes) -> str:
        return f"“{as_text(raw, 100)}”"

    async def _more(self) -> None:
        data = await self._stream.receive(4096)
        if not data:
            raise self.failed("the peer closed the connection")
        self._held += data


async def _smtp(talk: _Talk, _host: str) -> None:
    """RFC 3207."""
    await talk.reply(b"220")
    await talk.send(b"EHLO netassist.invalid\r\n")
    offers = [line[4:].strip().upper() for line in await talk.reply(b"250")]
    if b"STARTTLS" not in offers:
        raise talk.failed("the server does not offer STARTTLS")
    await talk.send(b"STARTTLS\r\n")
    await talk.reply(b"220")
    talk.end()


async def _imap(talk: _Talk, _host: str) -> None:
    """RFC 9051, section 6.2.1."""
    if not (greeting := await talk.line()).upper().startswith((b"* OK", b"* PREAUTH")):
        raise talk.failed(f"expected a greeting, got {talk.shown(greeting)}")
    await talk.send(b"n1 STARTTLS\r\n")
    if not (answer := await talk.tagged(b"n1 ")).upper().startswith(b"N1 OK"):
        raise talk.failed(f"the server refuses STARTTLS: {talk.shown(answer)}")
    talk.end()


async def _pop3(talk: _Talk, _host: str) -> None:
    """RFC 2595, section 4."""
    for command in (b"", b"STLS\r\n"):
        if command:
            await talk.send(command)
        if not (answer := await talk.line()).startswith(b"+OK"):
            raise talk.failed(f"expected +OK, got {talk.shown(answer)}")
    talk.end()


async def _ftp(talk: _Talk, _host: str) -> None:
    """RFC 4217, section 4."""
    await talk.reply(b"220")
    await talk.send(b"AUTH TLS\r\n")
    await talk.reply(b"234")
    talk.end()


async def _ldap(talk: _Talk, _host: str) -> None:
    """RFC 4511, sections 4.12 and 4.14: message 1, an ExtendedRequest; the answer is to be result code 0 (success)."""
    request = b"\x77" + bytes((len(_LDAP_STARTTLS) + 2,)) + b"\x80" + bytes((len(_LDAP_STARTTLS),)) + _LDAP_STARTTLS
    message = b"\x02\x01\x01" + request
    await talk.send(b"\x30" + bytes((len(message),)) + message)
    head = await talk.exactly(2)
    size = head[1]
    if head[0] != 0x30 or size == 0x80 or size > 0x84:
        raise talk.failed("the peer's answer is not LDAP")
    if size > 0x80:
        size = int.from_bytes(await talk.exactly(size - 0x80), "big")
    if size > PACKET_LIMIT:
        raise talk.failed(f"the peer's answer is longer than {PACKET_LIMIT} bytes")
    body = await talk.exactly(size)
    at = 4 if body[3:4] == b"\x78" else -1  # message identifier of one byte, ExtendedResponse
    if not body.startswith(b"\x02\x01\x01") or at < 0:
        raise talk.failed("the peer's answer is not an LDAP ExtendedResponse")
    at += 1 + (body[at] & 0x7F if body[at : at + 1] and body[at] & 0x80 else 0)
    if body[at : at + 2] != b"\x0a\x01":
        raise talk.failed("the peer's answer is not an LDAP ExtendedResponse")
    if body[at + 2 : at + 3] != b"\x00":
        raise talk.failed(f"the server refuses StartTLS (result code {body[at + 2] if len(body) > at + 2 else 'missing'})")
    talk.end()


async def _xmpp(talk: _Talk, host: str) -> None:
    """RFC 6120, section 5.4; `host` is a checked host name, so that it needs no escaping."""
    opening = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
    await talk.send(f"{opening} to='{host}' version='1.0'>".encode("ascii"))
    features = await talk.until((b"</stream:features>", b"<stream:features/>", b"</stream:stream>"), XML_LIMIT)
    if b"urn:ietf:params:xml:ns:xmpp-tls" not in features:
        raise talk.failed("the server does not offer STARTTLS")
    await talk.send(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
    answer = await talk.until((b"/>", b"</proceed>", b"</failure>"), XML_LIMIT)
    if not answer.lstrip().startswith(b"<proceed"):
        raise talk.failed(f"the server refuses STARTTLS: {talk.shown(answer)}")
    talk.end()


async def _postgres(talk: _Talk, _host: str) -> None:
    """PostgreSQL's frontend/backend protocol, SSLRequest: one byte comes back."""
    await talk.send(bytes.fromhex("0000000804d2162f"))
    answer = await talk.exactly(1)
    if answer != b"S":
        raise talk.failed("the server does not offer TLS" if answer == b"N" else f"unexpected answer {talk.shown(answer)}")
    talk.end()


async def _mysql(talk: _Talk, _host: str) -> None:
    """MySQL's client/server protocol, HandshakeV10 and SSLRequest."""
    head = await talk.exactly(4)
    size = int.from_bytes(head[:3], "little")
    if not 0 < size <= PACKET_LIMIT:
        raise talk.failed("the peer's greeting is not MySQL's")
    greeting = await talk.exactly(size)
    version_end = greeting.find(b"\0")
    # After the version: connection 4, salt 8, filler 1, capabilities 2.
    abilities = greeting[version_end + 14 : version_end + 16]
    if greeting[0] == 0xFF:
        raise talk.failed(f"the server refuses: {talk.shown(greeting[3:])}")
    if greeting[0] != 10 or version_end < 0 or len(abilities) < 2:
        raise talk.failed("the peer's greeting is not MySQL's")
    if not int.from_bytes(abilities, "little") & _MYSQL_SSL:
        raise talk.failed("the server does not offer TLS")
    wanted = (_MYSQL_SSL | _MYSQL_41 | _MYSQL_SECURE).to_bytes(4, "little")
    request = wanted + (1 << 24).to_bytes(4, "little") + b"\x21" + bytes(23)
    await talk.send(len(request).to_bytes(3, "little") + bytes(((head[3] + 1) & 0xFF,)) + request)
    talk.end()


DIALOGUES: dict[str, Callable[[_Talk, str], Awaitable[None]]] = {
    "smtp": _smtp,
    "imap": _imap,
    "pop3": _pop3,
    "ftp": _ftp,
    "ldap": _ldap,
    "xmpp": _xmpp,
    "postgres": _postgres,
    "mysql": _mysql,
}
