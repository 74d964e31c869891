"""A TCP server on loopback that answers each connection by what the client said first, or hands it on to a real server."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from tests.lab.listening import listening

Reply = bytes | Literal["close", "forward"]


class Scripted(NamedTuple):
    """`heard` is what each connection's client said first, in their order."""

    port: int
    heard: list[bytes]


@contextlib.contextmanager
def scripted_server(answer: Callable[[bytes], Reply], *, greeting: bytes = b"", upstream: int = 0) -> Iterator[Scripted]:
    """Sends `greeting`, hears the client, and does what `answer` makes of it.

    Bytes are sent, and the client is left to leave (so that none is silence); ``close`` closes without an answer; ``forward``
    carries the connection to and from port `upstream`.
    """
    heard: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        connection.sendall(greeting)
        said = connection.recv(65536)
        heard.append(said)
        reply = answer(said)
        if reply == "forward":
            _forward(connection, said, upstream)
        elif isinstance(reply, bytes):
            connection.sendall(reply)
            while connection.recv(65536):
                pass

    with listening(talk) as port:
        yield Scripted(port, heard)


def _forward(client: socket.socket, said: bytes, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as server:
        server.sendall(said)
        while True:
            for ready in select.select([client, server], [], [])[0]:
                if not (data := ready.recv(65536)):
                    return
                (server if ready is client else client).sendall(data)
