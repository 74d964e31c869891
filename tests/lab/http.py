"""HTTP/1.1 servers on loopback: one that answers by a table, and one that answers whatever bytes it is given."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tests.lab.web import Handler, web_server


class Page(NamedTuple):
    """What a path answers with; header values may hold ``{port}``."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b"<p>lab</p>"


class HttpServer(NamedTuple):
    """`requests` are those that came: path and Host header."""

    port: int
    requests: list[tuple[str, str]]


@contextlib.contextmanager
def http_server(
    pages: Mapping[str, Page], *, context: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> Iterator[HttpServer]:
    """Serves `pages` by path, over TLS where a server context is given."""
    requests: list[tuple[str, str]] = []

    class Pages(Handler):
        # What Nmap knows of Python, so that it need not try every probe it has.
        server_version, sys_version = "BaseHTTP/0.6", "Python/3.11.2"

        def do_GET(self) -> None:
            requests.append((self.path, self.headers.get("Host", "")))
            page = pages.get(self.path, Page(404))
            self.send_response_only(page.status)
            if "Server" not in page.headers:
                self.send_header("Server", self.version_string())
            for name, value in page.headers.items():
                self.send_header(name, value.replace("{port}", str(self.connection.getsockname()[1])))
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

    Pages.context = context
    with web_server(Pages, (host, port)) as taken:
        yield HttpServer(taken, requests)


@contextlib.contextmanager
def raw_server(answer: bytes, *, stay: bool = False) -> Iterator[int]:
    """Sends `answer` to whoever asks, then closes, or with `stay` waits for the client to leave; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(answer)
                    while stay and connection.recv(65536):
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextlib.contextmanager
def dripping_server(head: bytes = b"") -> Iterator[int]:
    """Sends `head` and then an endless header line, one byte in a fiftieth of a second; yields its port."""
    closing = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(head or b"HTTP/1.1 200 OK\r\nX: ")
                    while not closing.wait(0.02):
                        connection.sendall(b"a")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            closing.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
