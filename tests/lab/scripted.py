"""A TCP server on loopback that answers each connection by what the client said first."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Scripted(NamedTuple):
    """`heard` is what each connection's client said first, in their order."""

    port: int
    heard: list[bytes]


@contextlib.contextmanager
def scripted_server(answer: Callable[[bytes], bytes | None], *, greeting: bytes = b"") -> Iterator[Scripted]:
    """Sends `greeting`, hears the client, sends what `answer` makes of it, and waits for the client to leave.

    Where `answer` gives None, the connection is closed without an answer.
    """
    heard: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(greeting)
            said = connection.recv(65536)
            heard.append(said)
            reply = answer(said)
            if reply is None:
                return
            connection.sendall(reply)
            while connection.recv(65536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield Scripted(int(listener.getsockname()[1]), heard)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
