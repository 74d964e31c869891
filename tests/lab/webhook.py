"""A webhook's receiver on loopback: it keeps what it is sent, and answers as a test says: well, badly, elsewhere, or never."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from tests.lab.web import Handler, web_server

Answer = int | Literal["hang", "redirect", "endless"]


class Received(NamedTuple):
    """One POST, header names in small letters."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """`answers` are used up from the left, and then it is 200; ``hang`` says nothing until the end, ``endless`` never stops."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self.answers = deque(answers)
        self.received: list[Received] = []
        self.port = 0
        self.over = threading.Event()
        self._changed = threading.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook/s3cret-path"

    def take(self, received: Received) -> Answer:
        with self._changed:
            self.received.append(received)
            self._changed.notify_all()
            return self.answers.popleft() if self.answers else 200

    def wait_for(self, count: int, seconds: float = 20.0) -> list[Received]:
        """What came, as soon as there are so many; raises TimeoutError where they do not come."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.received) >= count, seconds):
                raise TimeoutError(f"{len(self.received)} of {count} messages came")
            return [*self.received]


@contextlib.contextmanager
def receiver(*answers: Answer) -> Iterator[Receiver]:
    """Receives until the block ends."""
    kept = Receiver(answers)

    class Hook(Handler):
        def do_POST(self) -> None:
            length = min(int(self.headers.get("Content-Length", "0")), 1 << 20)
            body = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = kept.take(Received(self.path, headers, body))
            if answer == "hang":
                kept.over.wait()
                self.close_connection = True
            elif answer == "redirect":
                self._say(302, {"Location": f"http://127.0.0.1:{kept.port}/elsewhere"})
            elif answer == "endless":
                self._pour()
            elif isinstance(answer, int):
                self._say(answer, {"Retry-After": "120"} if answer == 429 else {})

        def do_GET(self) -> None:
            kept.take(Received(self.path, {}, b""))
            self._say(200, {})

        def _say(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": "2"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"ok")

        def _pour(self) -> None:
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            while not kept.over.is_set():
                self.wfile.write(b"x" * 65536)

    with web_server(Hook) as kept.port:
        try:
            yield kept
        finally:
            kept.over.set()
