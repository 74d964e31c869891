"""HTTP/2 as a client, one request a connection: h2 is the codec (RFC 9113), which bounds the headers (HPACK) too."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from netassist.network import NO_ANSWER, Network
from netassist.observations import Failed
from netassist.probes.http_speech import HEADERS_LIMIT, Ends, Head, Request
from netassist.untrusted import as_text

_STREAM = 1


class Http2:
    """One exchange over `ends`; `where` names the peer in messages."""

    def __init__(self, ends: Ends, network: Network, where: str) -> None:
        self._ends, self._network, self._where = ends, network, where
        self._connection = H2Connection(H2Configuration(client_side=True, header_encoding=None))
        self._pending: list[Event] = []
        self._ended = False

    async def ask(self, request: Request) -> None:
        connection = self._connection
        connection.initiate_connection()
        # No pushes, and no more of headers than HTTP/1.1 may send here.
        connection.update_settings({SettingCodes.ENABLE_PUSH: 0, SettingCodes.MAX_HEADER_LIST_SIZE: HEADERS_LIMIT})
        path = quote(request.path, safe="/?%:@!$&'()*+,;=~[]")
        pseudo = [(":method", "GET"), (":scheme", request.scheme), (":authority", request.authority), (":path", path)]
        connection.send_headers(_STREAM, [*pseudo, *((name.lower(), value) for name, value in request.headers)], end_stream=True)
        await self._ends.send(connection.data_to_send())

    async def head(self) -> Head:
        """The final response's head, within the time of one step.

        Raises:
            Failed: `protocol` where the peer does not speak HTTP/2 or ends the stream; `timeout`, `reset`.
        """

        async def read() -> Head:
            while True:
                event = await self._event()
                if isinstance(event, ResponseReceived):
                    return _head(event)
                self._refused(event)

        try:
            return await self._network.within(read(), f"{self._where}: waiting for an answer", advice=NO_ANSWER)
        except (ProtocolError, ValueError) as error:
            said = as_text(str(error), 100) or type(error).__name__
            raise Failed("protocol", f"{self._where}: chose HTTP/2 and does not speak it ({said})") from None

    async def body(self, into: bytearray, limit: int) -> Failed | None:
        """As `Http1.body`."""

        async def read() -> None:
            while len(into) < limit and not self._ended:
                event = await self._event()
                if isinstance(event, DataReceived):
                    into.extend(event.data or b"")
                    if event.flow_controlled_length:
                        self._connection.acknowledge_received_data(event.flow_controlled_length, _STREAM)
                        await self._ends.send(self._connection.data_to_send())
                elif isinstance(event, StreamEnded):
                    return
                else:
                    self._refused(event)

        try:
            await self._network.within(read(), f"{self._where}: waiting for the end of the body")
        except Failed as failed:
            return failed
        except (ProtocolError, ValueError) as error:
            said = as_text(str(error), 100) or type(error).__name__
            return Failed("protocol", f"{self._where}: the body is not well formed ({said})")
        return None

    async def _event(self) -> Event:
        """The next event; what the codec has to say for it (acknowledgements) is sent first."""
        while not self._pending:
            # Reading data that is already there does not wait, and so no clock could end it.
            await asyncio.sleep(0)
            data = await self._ends.receive()
            if not data:
                raise ProtocolError("closed before the answer ended")
            self._pending = list(self._connection.receive_data(data))
            await self._ends.send(self._connection.data_to_send())
        event = self._pending.pop(0)
        self._ended = self._ended or isinstance(event, StreamEnded)
        return event

    def _refused(self, event: Event) -> None:
        if isinstance(event, StreamReset | ConnectionTerminated):
            code = event.error_code
            raise ProtocolError(f"the server ended it with {getattr(code, 'name', code)}")


def _head(event: ResponseReceived) -> Head:
    rows = [(bytes(name), bytes(value)) for name, value in event.headers or ()]
    status = next((value for name, value in rows if name == b":status"), b"")
    if not (status.isdigit() and len(status) == 3):
        raise ValueError("a response without a status")
    return Head(int(status), [row for row in rows if not row[0].startswith(b":")], "2")
