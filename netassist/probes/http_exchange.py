"""One GET request over one connection: `Network` owns the socket, OpenSSL speaks TLS, h11 and h2 are the codecs.

httpx would bring its own connection pool, redirects and resolver, each of which has another owner here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from netassist import __version__
from netassist.network import Network
from netassist.observations import Failed
from netassist.probes.http_speech import Ends, Request, Speaker, TlsSummary
from netassist.targets import Url, host_port
from netassist.untrusted import as_text

if TYPE_CHECKING:
    from netassist.tls.chain import Certificate

BODY_LIMIT = 65536
MOST_HEADERS = 100
_VALUE_LIMIT = 4000
_SHORT_GROUPS = "X25519:P-256:P-384:P-521"
"""For what stands before some servers and bears no hello as large as one with post-quantum key shares."""


class Timing(msgspec.Struct, frozen=True):
    """Milliseconds that each phase took by itself; `total` is all of them and the body's first 64 kB. None: did not happen."""

    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    first_byte: float | None = None
    total: float | None = None


class Exchange(NamedTuple):
    """What came back. `cut` says why the body did not come to an end; `body` is what came until its limit, still encoded.

    `cookies` are the raw Set-Cookie fields, secrets in them; in `headers` their values are left out. `certificate` is the leaf.
    """

    address: str
    status_code: int
    headers: dict[str, str]
    http_version: str
    timing: Timing
    cut: Failed | None
    body: bytes = b""
    cookies: tuple[bytes, ...] = ()
    tls: TlsSummary | None = None
    tls_error: str | None = None
    certificate: Certificate | None = None


class Untrusted(Exception):
    """The server's certificate does not verify; the message says why."""


async def get(
    network: Network,
    url: Url,
    *,
    verify: bool = True,
    limit: int = BODY_LIMIT,
    accept: str = "*/*",
    encodings: str = "identity",
    http2: bool = False,
) -> Exchange:
    """GET `url`; the body is read until it ends, or `limit` bytes and the last piece beyond have come.

    Args:
        verify: send nothing to a server whose certificate does not verify; without it `tls_error` says so.
        encodings: what the body may be compressed with (Accept-Encoding); it is not decompressed here.
        http2: offer HTTP/2 by ALPN, before HTTP/1.1.

    Raises:
        Untrusted: the certificate does not verify, and `verify` is set.
        Failed: of any kind; `protocol` where the peer does not speak HTTP, or not TLS.
    """
    try:
        return await _get(network, url, None, verify, limit, accept, encodings, http2)
    except _BrokenHandshake as broken:
        if broken.failure.kind not in ("reset", "timeout") or not network.remaining or network.interrupted:
            raise
    return await _get(network, url, _SHORT_GROUPS, verify, limit, accept, encodings, http2)


class _BrokenHandshake(Failed):
    """The peer broke off before it said anything of TLS."""


async def _get(
    network: Network, url: Url, groups: str | None, verify: bool, limit: int, accept: str, encodings: str, http2: bool
) -> Exchange:
    host, where = url.host.text, host_port(url.host.text, url.port)
    marks = [monotonic()]
    await network.resolve(host)
    marks.append(monotonic())
    async with network.connect(host, url.port) as stream:
        marks.append(monotonic())
        ends: Ends = stream
        summary, error, shown = None, None, None
        if url.scheme == "https":
            from netassist.probes.http_tls import secured

            try:
                tls = await secured(network, stream, url.host, ("h2", "http/1.1") if http2 else ("http/1.1",), groups)
            except Failed as failed:
                raise _BrokenHandshake(failed.failure.kind, failed.failure.message) from None
            ends, summary, error, shown = tls, tls.summary, tls.error, tls.shown
            if verify and error is not None:
                raise Untrusted(error)
        marks.append(monotonic())
        speaker = _speaker(ends, network, where, summary.alpn if summary else None)
        await speaker.ask(_request(url, accept, encodings))
        head = await speaker.head()
        marks.append(monotonic())
        body = bytearray()
        cut = await speaker.body(body, limit)
        marks.append(monotonic())
        return Exchange(
            stream.address,
            head.status_code,
            _headers(head.headers),
            head.version,
            _timing(marks, url, cut is None),
            cut,
            bytes(body),
            tuple(value for name, value in head.headers[:MOST_HEADERS] if name.lower() == b"set-cookie"),
            summary,
            error,
            shown,
        )


def _speaker(ends: Ends, network: Network, where: str, alpn: str | None) -> Speaker:
    if alpn == "h2":
        from netassist.probes.http2 import Http2

        return Http2(ends, network, where)
    from netassist.probes.http1 import Http1

    return Http1(ends, network, where)


def _timing(marks: Sequence[float], url: Url, whole: bool) -> Timing:
    dns, connect, handshake, first_byte, _ = (round((later - sooner) * 1000, 3) for sooner, later in pairwise(marks))
    total = round((marks[-1] - marks[0]) * 1000, 3)
    return Timing(dns, connect, handshake if url.scheme == "https" else None, first_byte, total if whole else None)


def _request(url: Url, accept: str, encodings: str) -> Request:
    standard = 443 if url.scheme == "https" else 80
    headers = (("User-Agent", f"netassist/{__version__}"), ("Accept", accept), ("Accept-Encoding", encodings))
    return Request(url.scheme, host_port(url.host.host, None if url.port == standard else url.port), url.path, headers)


def _headers(rows: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Fields by lower-case name; those that come more than once are joined by commas (RFC 9110, section 5.3)."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in rows[:MOST_HEADERS]:
        name = as_text(raw_name, 100).lower()
        value = as_text(_without_secret(raw_value) if name == "set-cookie" else raw_value, _VALUE_LIMIT)
        joined[name] = as_text(f"{joined[name]}, {value}", _VALUE_LIMIT) if name in joined else value
    return joined


def _without_secret(cookie: bytes) -> bytes:
    """A Set-Cookie field whose value is replaced by an ellipsis: it may be somebody's session."""
    pair, semicolon, attributes = cookie.partition(b";")
    name, equals, _ = pair.partition(b"=")
    return (name + b"=" if equals else b"") + "…".encode() + semicolon + attributes
