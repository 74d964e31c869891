"""A TCP listener on loopback that gives each connection a thread of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def listening(hold: Callable[[socket.socket], None], address: tuple[str, int] = ("127.0.0.1", 0)) -> Iterator[int]:
    """Every connection is held by `hold`, and closed after it; yields the port."""
    with socket.create_server(address) as listener, accepting(listener, hold):
        yield int(listener.getsockname()[1])


@contextlib.contextmanager
def accepting(listener: socket.socket, hold: Callable[[socket.socket], None]) -> Iterator[None]:
    """`listening` at a socket that listens already."""

    def held(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            hold(connection)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=held, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def closed_port() -> int:
    """A port of 127.0.0.1 at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
