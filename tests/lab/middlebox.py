"""What stands before a server and looks at the first bytes of each connection, as firewalls and load balancers do."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator

Judge = Callable[[bytes], bytes | None]
"""Given what the client says first: what is answered instead (empty: nothing, the connection is closed); None lets it pass."""


@contextlib.contextmanager
def middlebox(upstream: int, judge: Judge) -> Iterator[int]:
    """Stands before the server on that port; gives the port where it listens itself."""
    with switch(lambda first: upstream if (answer := judge(first)) is None else answer) as port:
        yield port


@contextlib.contextmanager
def switch(route: Callable[[bytes], int | bytes]) -> Iterator[int]:
    """Carries each connection to the port that `route` gives for what is said first, or answers with the bytes that it gives."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                first = _hello(self.request)
                onward_to = route(first)
                if isinstance(onward_to, bytes):
                    self.request.sendall(onward_to)
                    return
                with socket.create_connection(("127.0.0.1", onward_to)) as onward:
                    onward.sendall(first)
                    back = threading.Thread(target=carry, args=(onward, self.request), daemon=True)
                    back.start()
                    carry(self.request, onward)
                    back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads, block_on_close, allow_reuse_address = True, False, True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def _hello(client: socket.socket) -> bytes:
    """A whole ClientHello, however many segments it came in; of what is no TLS, what came first."""
    said = client.recv(65536)
    while said[:1] == b"\x16" and len(said) < 5 + int.from_bytes(said[3:5], "big") and (more := client.recv(65536)):
        said += more
    return said


def carry(source: socket.socket, sink: socket.socket) -> None:
    """All that one end says to the other, to its end or until either breaks off."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return
