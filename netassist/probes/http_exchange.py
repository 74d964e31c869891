"""One GET request over one connection: h11 speaks HTTP/1.1, the standard library TLS, and `Network` owns the socket.

httpx would bring its own connection pool, redirects and resolver, each of which has another owner here; h11 is the codec
under it.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from itertools import pairwise
from time import monotonic
from typing import NamedTuple, Protocol, TypeVar
from urllib.parse import quote

import certifi
import h11
import msgspec

from netassist import __version__
from netassist.network import NO_ANSWER, Network, Stream, host_port
from netassist.observations import Failed
from netassist.targets import Url
from netassist.untrusted import as_text

BODY_LIMIT = 65536
HEADERS_LIMIT = 65536
MOST_HEADERS = 100
_VALUE_LIMIT = 4000

T = TypeVar("T")


class Timing(msgspec.Struct, frozen=True):
    """Milliseconds that each phase took by itself; `total` is all of them and the body's first 64 kB. None: did not happen."""

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    total: float | None = None


class Exchange(NamedTuple):
    """What came back. `cut` says why the body did not come to an end; of `body` there is what came until its limit."""

    address: str
    status_code: int
    headers: dict[str, str]
    http_version: str
    timing: Timing
    cut: Failed | None
    body: bytes = b""


class Untrusted(Exception):
    """The server's certificate does not verify; the message is OpenSSL's."""


class _Closed(Failed):
    """The peer closed the TLS connection, with or without saying so first."""


class _Ends(Protocol):
    async def send(self, data: bytes) -> None: ...
    async def receive(self) -> bytes: ...


async def get(network: Network, url: Url, *, verify: bool = True, limit: int = BODY_LIMIT) -> Exchange:
    """GET `url`; the body is read until it ends, or `limit` bytes and the last piece beyond have come.

    Raises:
        Untrusted: the certificate does not verify, and `verify` is set.
        Failed: of any kind; `protocol` where the peer does not speak HTTP, or not TLS.
    """
    host, where = url.host.text, host_port(url.host.text, url.port)
    marks = [monotonic()]
    await network.resolve(host)
    marks.append(monotonic())
    async with network.connect(host, url.port) as stream:
        marks.append(monotonic())
        ends: _Ends = stream
        if url.scheme == "https":
            tls = _Tls(stream, _context(network, verify), url.host.host, where)
            await network.within(tls.handshake(), f"{where}: the TLS handshake", advice=NO_ANSWER)
            ends = tls
        marks.append(monotonic())
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEADERS_LIMIT)
        await ends.send(connection.send(_request(url)) + connection.send(h11.EndOfMessage()))
        try:
            response = await _head(connection, ends, network, where)
            marks.append(monotonic())
            body = bytearray()
            cut = await _body(connection, ends, network, where, body, limit)
        except h11.RemoteProtocolError as error:
            raise Failed("protocol", f"{where}: does not speak HTTP/1.1 ({as_text(str(error), 100)})") from None
        marks.append(monotonic())
        dns, connect, handshake, first_byte, _ = (round((later - sooner) * 1000, 3) for sooner, later in pairwise(marks))
        total = round((marks[-1] - marks[0]) * 1000, 3)
        timing = Timing(dns, connect, handshake if url.scheme == "https" else None, first_byte, None if cut else total)
        version = as_text(response.http_version, 10)
        return Exchange(stream.address, response.status_code, _headers(response), version, timing, cut, bytes(body))


def _request(url: Url) -> h11.Request:
    host = f"[{url.host.host}]" if ":" in url.host.host else url.host.host
    standard = 443 if url.scheme == "https" else 80
    headers = [
        ("Host", host if url.port == standard else f"{host}:{url.port}"),
        ("User-Agent", f"netassist/{__version__}"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    return h11.Request(method="GET", target=quote(url.path, safe="/?%:@!$&'()*+,;=~[]"), headers=headers)


async def _head(connection: h11.Connection, ends: _Ends, network: Network, where: str) -> h11.Response:
    """The final response's head, within the time of one step; informational ones (RFC 9110, section 15.2) are passed over."""
    came = 0

    async def read() -> h11.Response:
        nonlocal came
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                data = await ends.receive()
                came += len(data)
                connection.receive_data(data)
            elif isinstance(event, h11.Response):
                return event
            elif not isinstance(event, h11.InformationalResponse):
                raise h11.RemoteProtocolError("closed without an answer")

    try:
        return await network.within(read(), f"{where}: waiting for an answer", advice=NO_ANSWER)
    except Failed as failed:
        if failed.failure.kind == "timeout" and came and not network.interrupted:
            message = f"{where}: the head of the answer did not end in time ({came} bytes came); is the server overloaded?"
            raise Failed("timeout", message) from None
        raise


async def _body(
    connection: h11.Connection, ends: _Ends, network: Network, where: str, body: bytearray, limit: int
) -> Failed | None:
    """Read into `body`; why it was left before its end and its limit, within the time of one step, if it was."""

    async def read() -> None:
        while len(body) < limit:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(await ends.receive())
            elif isinstance(event, h11.Data):
                body.extend(event.data)
            else:
                return

    try:
        await network.within(read(), f"{where}: waiting for the end of the body")
    except Failed as failed:
        return failed
    except h11.RemoteProtocolError as error:
        return Failed("protocol", f"{where}: the body is not well formed ({as_text(str(error), 100)})")
    return None


def _headers(response: h11.Response) -> dict[str, str]:
    """Fields by lower-case name; those that come more than once are joined by commas (RFC 9110, section 5.3)."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in list(response.headers)[:MOST_HEADERS]:
        name, value = as_text(raw_name, 100).lower(), as_text(raw_value, _VALUE_LIMIT)
        joined[name] = as_text(f"{joined[name]}, {value}", _VALUE_LIMIT) if name in joined else value
    return joined


def _context(network: Network, verify: bool) -> ssl.SSLContext:
    """The system's store, certifi's and the user's own anchors; or nothing verified at all, where it has failed before."""
    context = ssl.create_default_context()
    if verify:
        context.load_verify_locations(certifi.where())
        if network.ca_file is not None:
            try:
                context.load_verify_locations(network.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise Failed("invalid", f"{network.ca_file}: cannot be read as PEM certificates ({error})") from None
    else:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


class _Tls:
    """TLS as a client over a `Stream`."""

    def __init__(self, stream: Stream, context: ssl.SSLContext, host: str, where: str) -> None:
        self._stream, self._where = stream, where
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)

    async def handshake(self) -> None:
        await self._run(self._tls.do_handshake)

    async def send(self, data: bytes) -> None:
        await self._run(lambda: self._tls.write(data))

    async def receive(self) -> bytes:
        """What arrives next; empty where the peer has closed."""
        try:
            return await self._run(lambda: self._tls.read(65536))
        except _Closed:
            return b""

    async def _run(self, operation: Callable[[], T]) -> T:
        try:
            while True:
                try:
                    result = operation()
                except ssl.SSLWantReadError:
                    await self._flush()
                    if data := await self._stream.receive():
                        self._in.write(data)
                    else:
                        self._in.write_eof()
                else:
                    await self._flush()
                    return result
        except ssl.SSLCertVerificationError as error:
            raise Untrusted(as_text(error.verify_message, 200)) from None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError) as error:
            raise _Closed("protocol", f"{self._where}: closed the TLS connection ({error.reason or 'end of stream'})") from None
        except ssl.SSLError as error:
            reason = (error.reason or str(error)).lower().replace("_", " ")
            raise Failed("protocol", f"{self._where}: the TLS handshake failed ({as_text(reason, 100)})") from None

    async def _flush(self) -> None:
        if data := self._out.read():
            await self._stream.send(data)
