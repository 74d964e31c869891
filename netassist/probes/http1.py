"""HTTP/1.1 as a client, one request a connection: h11 is the codec (RFC 9112)."""

from __future__ import annotations

from urllib.parse import quote

import h11

from netassist.network import NO_ANSWER, Network
from netassist.observations import Failed
from netassist.probes.http_speech import HEADERS_LIMIT, Ends, Head, Request
from netassist.untrusted import as_text


class Http1:
    """One exchange over `ends`; `where` names the peer in messages."""

    def __init__(self, ends: Ends, network: Network, where: str) -> None:
        self._ends, self._network, self._where = ends, network, where
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEADERS_LIMIT)

    async def ask(self, request: Request) -> None:
        headers = [("Host", request.authority), *request.headers, ("Connection", "close")]
        said = h11.Request(method="GET", target=quote(request.path, safe="/?%:@!$&'()*+,;=~[]"), headers=headers)
        await self._ends.send(self._connection.send(said) + self._connection.send(h11.EndOfMessage()))

    async def head(self) -> Head:
        """The final response's head, within the time of one step; informational ones (RFC 9110, section 15.2) are passed over.

        Raises:
            Failed: `protocol` where the peer does not speak HTTP/1.1; `timeout`, `reset`.
        """
        came = 0

        async def read() -> h11.Response:
            nonlocal came
            while True:
                event = self._connection.next_event()
                if event is h11.NEED_DATA:
                    data = await self._ends.receive()
                    came += len(data)
                    self._connection.receive_data(data)
                elif isinstance(event, h11.Response):
                    return event
                elif not isinstance(event, h11.InformationalResponse):
                    raise h11.RemoteProtocolError("closed without an answer")

        try:
            response = await self._network.within(read(), f"{self._where}: waiting for an answer", advice=NO_ANSWER)
        except h11.RemoteProtocolError as error:
            raise Failed("protocol", f"{self._where}: does not speak HTTP/1.1 ({as_text(str(error), 100)})") from None
        except Failed as failed:
            if failed.failure.kind == "timeout" and came and not self._network.interrupted:
                message = (
                    f"{self._where}: the head of the answer did not end in time ({came} bytes came); is the server overloaded?"
                )
                raise Failed("timeout", message) from None
            raise
        return Head(response.status_code, list(response.headers), as_text(response.http_version, 10))

    async def body(self, into: bytearray, limit: int) -> Failed | None:
        """Read up to `limit` bytes and the last piece beyond, within the time of one step; why it ended before that, if so."""

        async def read() -> None:
            while len(into) < limit:
                event = self._connection.next_event()
                if event is h11.NEED_DATA:
                    self._connection.receive_data(await self._ends.receive())
                elif isinstance(event, h11.Data):
                    into.extend(event.data)
                else:
                    return

        try:
            await self._network.within(read(), f"{self._where}: waiting for the end of the body")
        except Failed as failed:
            return failed
        except h11.RemoteProtocolError as error:
            return Failed("protocol", f"{self._where}: the body is not well formed ({as_text(str(error), 100)})")
        return None
