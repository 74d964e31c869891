"""An HTTP server of the standard library on loopback, in threads, that makes no noise: what the lab's servers stand on."""

from __future__ import annotations

import contextlib
import http.server
import ssl
import threading
from collections.abc import Iterator


class Handler(http.server.BaseHTTPRequestHandler):
    """Speaks HTTP/1.1, over TLS where a server context is given; clients that leave are no matter."""

    protocol_version = "HTTP/1.1"
    context: ssl.SSLContext | None = None

    def setup(self) -> None:
        if self.context is not None:
            self.request = self.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on stderr."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gives the handshake up is no matter."""


@contextlib.contextmanager
def web_server(handler: type[Handler], address: tuple[str, int] = ("127.0.0.1", 0)) -> Iterator[int]:
    """Serves until the block ends; yields the port."""
    with _Server(address, handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
