"""A hub of models on loopback, with the API of huggingface.co as far as it is used, and with every way to misbehave."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.lab.web import Handler, web_server

REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Turn:
    """What one request for a file gets, where that is not the file.

    `most`: so many bytes, then the connection is closed; `stay`: it is kept open, and silent. `claims`: a Content-Length that is
    a lie. `unsized`: there is none, the body ends with the connection. `ranges`: whether ranges are understood. `headers` are
    added, and win.
    """

    status: int | None = None
    body: bytes | None = None
    most: int | None = None
    stay: bool = False
    claims: int | None = None
    unsized: bool = False
    etag: str | None = None
    ranges: bool = True
    headers: tuple[tuple[str, str], ...] = ()


class Asked(NamedTuple):
    path: str
    headers: dict[str, str]


@dataclass
class Hub:
    """`files` by path in the repository `name`. `turns` are what the next requests for files get; after them, the files.

    `elsewhere`: the address of another server, where the files are (the hub answers with a redirect and X-Linked-ETag).
    `lies`: sizes that the list states instead of the true ones. `checksums`: whether it states them.
    """

    name: str = "lab/models"
    files: dict[str, bytes] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    card: dict[str, str] = field(default_factory=lambda: {"license": "apache-2.0"})
    elsewhere: str | None = None
    revision: str = REVISION
    checksums: bool = True
    lies: dict[str, int] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    page: int = 1000
    url: str = ""

    @property
    def fetches(self) -> list[Asked]:
        return [asked for asked in self.asked if "/api/" not in asked.path]

    def ranges(self) -> list[str]:
        return [asked.headers.get("range", "") for asked in self.fetches]


@contextlib.contextmanager
def hub(served: Hub) -> Iterator[Hub]:
    """Serves until the block ends; `served.url` is where."""
    closing = threading.Event()

    class Hosting(Handler):
        def do_GET(self) -> None:
            served.asked.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}))
            path = self.path.partition("?")[0]
            if path == f"/api/models/{served.name}":
                self._json({"sha": served.revision, "cardData": served.card})
            elif path.startswith(f"/api/models/{served.name}/tree/"):
                self._tree()
            elif (found := re.fullmatch(rf"/{served.name}/resolve/[^/]+/(.+)", path)) and found[1] in served.files:
                self._file(served.files[found[1]], found[1])
            else:
                self._sent(404, {}, b"Not Found")

        def _tree(self) -> None:
            start = int((re.search(r"cursor=(\d+)", self.path) or ["", "0"])[1])
            rows = [self._row(path, body) for path, body in served.files.items()]
            more = start + served.page
            link = f'<{served.url}{self.path.partition("?")[0]}?recursive=true&cursor={more}>; rel="next"'
            self._json(rows[start:more], {"Link": link} if more < len(rows) else {})

        def _row(self, path: str, body: bytes) -> dict[str, object]:
            size = served.lies.get(path, len(body))
            lfs = {"oid": hashlib.sha256(body).hexdigest(), "size": size, "pointerSize": 134}
            return {
                "type": "file",
                "oid": "f" * 40,
                "size": size,
                "path": path,
                **({"lfs": lfs} if path.endswith(".gguf") and served.checksums else {}),
            }

        def _file(self, body: bytes, path: str) -> None:
            turn = served.turns.pop(0) if served.turns else Turn()
            etag = turn.etag or f'"{hashlib.sha256(body).hexdigest()}"'
            if turn.status is not None:
                self._sent(turn.status, dict(turn.headers), turn.body or b"no")
            elif served.elsewhere is not None:
                linked = {"X-Linked-Etag": f'"{hashlib.sha256(body).hexdigest()}"', "X-Linked-Size": str(len(body))}
                self._sent(302, {"Location": served.elsewhere + self.path, **linked}, b"")
            else:
                self._range(body if turn.body is None else turn.body, etag, turn)

        def _range(self, body: bytes, etag: str, turn: Turn) -> None:
            headers = {"ETag": etag, "Content-Type": "application/octet-stream", **dict(turn.headers)}
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")) if turn.ranges else None
            condition = self.headers.get("If-Range")
            if asked is None or (condition is not None and condition != etag):
                self._sent(200, headers, body, turn)
                return
            start, end = int(asked[1]), min(int(asked[2] or len(body) - 1), len(body) - 1)
            if start >= len(body):
                self._sent(416, {"Content-Range": f"bytes */{len(body)}"}, b"")
                return
            self._sent(206, {"Content-Range": f"bytes {start}-{end}/{len(body)}", **headers}, body[start : end + 1], turn)

        def _json(self, value: object, headers: dict[str, str] | None = None) -> None:
            self._sent(200, {"Content-Type": "application/json", **(headers or {})}, json.dumps(value).encode())

        def _sent(self, status: int, headers: dict[str, str], body: bytes, turn: Turn | None = None) -> None:
            turn = turn or Turn()
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.close_connection = self.close_connection or turn.unsized
            if self.close_connection:
                self.send_header("Connection", "close")
            if not turn.unsized:
                self.send_header("Content-Length", str(len(body) if turn.claims is None else turn.claims))
            self.end_headers()
            self.wfile.write(body if turn.most is None else body[: turn.most])
            if turn.stay:
                closing.wait()
            if turn.most is not None or turn.claims is not None or turn.stay:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

    with web_server(Hosting) as port:
        served.url = f"http://127.0.0.1:{port}"
        try:
            yield served
        finally:
            closing.set()
