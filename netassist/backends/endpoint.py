"""HTTP to a chat completion API: what is sent, how long is waited, how much is read, and plain words for what goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import msgspec

from netassist import __version__
from netassist.backends.event_stream import BadReply, Events, Reply, ServerFault
from netassist.backends.function_tools import Json
from netassist.backends.keys import Key
from netassist.backends.refusals import Refusals
from netassist.backends.trouble import RemoteError
from netassist.targets import parse_address
from netassist.untrusted import as_text

MOST_BYTES = 2 * 2**20
"""Bytes of one reply; the longest that is asked for is a few thousand tokens."""
MOST_OF_AN_ERROR = 16 * 2**10


class Patience(NamedTuple):
    """Seconds: to connect, until the first byte of a reply, between two pieces of it, and for the whole."""

    connect: float = 10.0
    first: float = 60.0
    gap: float = 30.0
    whole: float = 180.0


class Endpoint:
    """One server. Proxies come from the environment (HTTPS_PROXY, ALL_PROXY, NO_PROXY), certificates are always verified.

    Args:
        base_url: up to and with ``/v1``.
        ca_file: PEM file of trust anchors besides the system's.
    """

    def __init__(self, name: str, base_url: str, ca_file: Path | None, patience: Patience) -> None:
        self.name, self.url, self.patience = name, f"{base_url.rstrip('/')}/chat/completions", patience
        self.host = host_of(base_url)
        self._said = Refusals(name, self.host)
        self._ca_file = ca_file
        self._client: httpx.AsyncClient | None = None

    async def ask(self, body: Json, key: Key | None, reply: Reply) -> None:
        """Send `body` and fill `reply` as it arrives.

        Raises:
            RemoteError: what happened, in one line; Unsupported and TooLong where something can be left out.
        """
        self._said = Refusals(self.name, self.host, key)
        if key is not None and not may_have_key(self.url):
            raise RemoteError(f"{self.host} speaks no TLS, so it gets no key", "name it with https, or give it no key", "key", 0)
        try:
            async with asyncio.timeout(self.patience.whole):
                await self._ask(body, key, reply)
        except TimeoutError:
            raise self._said.late(f"was not done within {self.patience.whole:.3g} s") from None
        except httpx.TransportError as error:
            reply.sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError)
            raise self._said.unreachable(error, self.patience.connect) from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise self._said.fault(f"cannot be asked ({type(error).__name__})", "look at base_url", "connection") from None

    def open(self) -> None:
        """Make ready to ask; nothing is sent."""
        if self._client is None:
            trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if self.url.startswith("http:") else ssl.create_default_context()
            if self._ca_file is not None:
                trusted.load_verify_locations(self._ca_file)
            # Time is kept here; what httpx would keep itself is each single read, which a server can stretch for ever.
            limits = httpx.Timeout(None, connect=self.patience.connect)
            self._client = httpx.AsyncClient(verify=trusted, timeout=limits, follow_redirects=False)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def _ask(self, body: Json, key: Key | None, reply: Reply) -> None:
        self.open()
        assert self._client is not None  # noqa: S101 - it has been opened
        request = self._client.build_request("POST", self.url, content=msgspec.json.encode(body), headers=_HEADERS)
        auth = _Bearer(key) if key is not None else None
        reply.sent = True
        async with self._first("does not answer"):
            response = await self._client.send(request, stream=True, auth=auth)
        try:
            if response.status_code != 200:
                reply.sent = False
                raise self._said.refused(response, await self._error(response), body)
            await self._read(response, reply)
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response, reply: Reply) -> None:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in ("text/event-stream", "application/json"):
            shown = as_text(kind, 60) or "something without a type"
            raise self._said.fault(f"answers with {shown}, which is no chat completion", "is base_url right?", "server")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise self._said.fault("compresses its answer, unasked", "turn that off at the server", "server")
        events, whole = Events(), b""
        try:
            async for part in self._parts(response):
                if kind == "application/json":
                    whole += part
                    continue
                for data in events.feed(part):
                    self._take(data, reply)
                if reply.ended:
                    return
            for data in [whole] if kind == "application/json" else events.end():
                self._take(data, reply)
        except BadReply as error:
            what = f"answers with what is no chat completion ({as_text(str(error), 120)})"
            raise self._said.fault(what, "is it one of OpenAI's kind?", "server") from None
        except ServerFault as error:
            raise self._said.fault(f"broke off: {as_text(str(error), 200)}", "ask again", "server") from None
        if not reply.finished:
            raise self._said.fault("broke off in the middle of its answer", "ask again", "connection")

    def _take(self, data: bytes, reply: Reply) -> None:
        if data.strip() == b"[DONE]":
            reply.ended = True
        elif not reply.ended:
            reply.take(data)

    async def _parts(self, response: httpx.Response) -> AsyncIterator[bytes]:
        """The body in pieces; each wait is bounded, and so is the whole."""
        pieces, size = response.aiter_raw(), 0
        while True:
            waiting = self._first("sends nothing") if not size else self._gap()
            async with waiting:
                part = await anext(pieces, None)
            if part is None:
                return
            size += len(part)
            if size > MOST_BYTES:
                raise self._said.fault(f"answers with more than {MOST_BYTES:,} bytes", "is it the right server?", "server")
            yield part

    def _first(self, what: str) -> contextlib.AbstractAsyncContextManager[None]:
        return self._within(self.patience.first, f"{what} within {self.patience.first:.3g} s")

    def _gap(self) -> contextlib.AbstractAsyncContextManager[None]:
        return self._within(self.patience.gap, f"went silent in the middle of its answer for {self.patience.gap:.3g} s")

    @contextlib.asynccontextmanager
    async def _within(self, seconds: float, what: str) -> AsyncIterator[None]:
        clock = asyncio.timeout(seconds)
        try:
            async with clock:
                yield
        except TimeoutError:
            if clock.expired():
                raise self._said.late(what) from None
            raise

    async def _error(self, response: httpx.Response) -> bytes:
        body = b""
        with contextlib.suppress(httpx.HTTPError, RemoteError):
            async for part in self._parts(response):
                body += part
                if len(body) > MOST_OF_AN_ERROR:
                    break
        return body[:MOST_OF_AN_ERROR]


class _Bearer(httpx.Auth):
    """Puts the key into the request where it is sent, so that no frame of ours holds its text."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._key.authorization()
        yield request


_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "text/event-stream, application/json",
    "Accept-Encoding": "identity",
    "User-Agent": f"netassist/{__version__}",
}


def host_of(base_url: str) -> str:
    """``api.openai.com``, or ``127.0.0.1:8000`` where a port is named."""
    return urlsplit(base_url).netloc.rpartition("@")[2]


def may_have_key(url: str) -> bool:
    """Whether a key may be sent there: over TLS, or within this machine."""
    parts = urlsplit(url)
    address = parse_address(parts.hostname or "")
    return parts.scheme == "https" or parts.hostname == "localhost" or (address is not None and address.is_loopback)
