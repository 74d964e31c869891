"""A mail server on loopback that keeps what it takes, or refuses as often as a test says."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import logging
import socket
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any


class Mailbox:
    """`refusals` is how many more mails are turned away for now (RFC 5321, code 451)."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals, self.port = refusals, 0
        self.mails: list[EmailMessage] = []
        self._changed = threading.Condition()

    @property
    def url(self) -> str:
        """Apprise's URL of it, with a password that nothing asks for."""
        return f"mailto://127.0.0.1:{self.port}/?from=netassist@lab.test&to=ops@lab.test&mode=insecure"

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        with self._changed:
            if self.refusals > 0:
                self.refusals -= 1
                return "451 not now"
            self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
            self._changed.notify_all()
        return "250 kept"

    def wait_for(self, count: int, seconds: float = 20.0) -> list[EmailMessage]:
        """What came, as soon as there are so many; raises TimeoutError where they do not come."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.mails) >= count, seconds):
                raise TimeoutError(f"{len(self.mails)} of {count} mails came")
            return [*self.mails]


@contextlib.contextmanager
def mailbox(refusals: int = 0) -> Iterator[Mailbox]:
    """Takes mail until the block ends."""
    from aiosmtpd.smtp import SMTP

    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    kept, loop, ended = Mailbox(refusals), asyncio.new_event_loop(), asyncio.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    kept.port = listener.getsockname()[1]

    async def serve() -> None:
        loop.set_exception_handler(lambda _loop, _context: None)
        async with await loop.create_server(lambda: SMTP(kept, hostname="mx.lab.test"), sock=listener):
            await ended.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
