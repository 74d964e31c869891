"""Mail servers on loopback: aiosmtpd in Python, with logins and TLS as a test wants them, and one that says what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.lab.listening import listening


@contextlib.contextmanager
def smtp_server(
    *,
    tls: ssl.SSLContext | None = None,
    logins: bool = False,
    logins_need_tls: bool = True,
    tls_first: bool = False,
    address: tuple[str, int] = ("127.0.0.1", 0),
    ident: str = "lab mail",
    hostname: str = "mx.lab.test",
) -> Iterator[int]:
    """Takes mail and throws it away; yields the port.

    Args:
        tls: offers STARTTLS with this context.
        logins: offers AUTH, whose every login fails.
        logins_need_tls: offers it inside TLS only.
        tls_first: begins with TLS, as on port 465.
        address: where it listens; port 0 takes a free one.
        ident: what it calls itself in its greeting.
        hostname: the name that it greets by.
    """
    from aiosmtpd.handlers import Sink
    from aiosmtpd.smtp import SMTP, AuthResult

    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    listener = socket.create_server(address)
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()
    settings: dict[str, Any] = {"hostname": hostname, "ident": ident, "tls_context": None if tls_first else tls}
    if logins:
        settings |= {"authenticator": lambda *_: AuthResult(success=False), "auth_require_tls": logins_need_tls}
    settings |= {"auth_exclude_mechanism": ["LOGIN"]} if logins else {}

    async def serve() -> None:
        # A client that breaks off is none of its business.
        loop.set_exception_handler(lambda _loop, _context: None)
        context = tls if tls_first else None
        async with await loop.create_server(lambda: SMTP(Sink(), **settings), sock=listener, ssl=context):
            await ended.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


@contextlib.contextmanager
def talker(greeting: bytes, replies: Mapping[bytes, bytes] | Callable[[bytes], bytes | None] = {}) -> Iterator[int]:  # noqa: B006
    """Says `greeting`, and to each line its reply by the verb, or what a function makes of it (None: hangs up)."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(greeting)
        lines = connection.makefile("rb")
        while line := lines.readline(1000):
            verb = line.split(b" ")[0].strip().upper()
            reply = replies(line) if callable(replies) else replies.get(verb, b"500 what?\r\n")
            if reply is None:
                return
            connection.sendall(reply)

    with listening(talk) as port:
        yield port
