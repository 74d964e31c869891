"""A server of HTTP/2 over TLS, spoken by h2: it does to each request what a test says. For real pages there is nginx."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import RequestReceived
from h2.exceptions import ProtocolError

from tests.lab.listening import listening

Answer = Callable[[H2Connection, socket.socket, int], None]
"""Is given the connection, its socket, and the stream that was asked on; what the connection has to say is sent afterwards."""


@contextlib.contextmanager
def http2_server(context: ssl.SSLContext, answer: Answer) -> Iterator[int]:
    """Yields its port; `context` is a server's, and is told to choose h2."""
    context.set_alpn_protocols(["h2"])

    def hold(connection: socket.socket) -> None:
        connection.settimeout(10)
        with contextlib.suppress(ssl.SSLError, ProtocolError), context.wrap_socket(connection, server_side=True) as secure:
            http2 = H2Connection(H2Configuration(client_side=False))
            http2.initiate_connection()
            secure.sendall(http2.data_to_send())
            while data := secure.recv(65536):
                for event in http2.receive_data(data):
                    if isinstance(event, RequestReceived) and event.stream_id is not None:
                        answer(http2, secure, event.stream_id)
                secure.sendall(http2.data_to_send())

    with listening(hold) as port:
        yield port
