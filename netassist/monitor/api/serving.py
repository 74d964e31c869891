"""The listeners: a unix socket for the user of the daemon, and TCP where the configuration has it; uvicorn behind both."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import socket
import ssl
import struct
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from netassist.configuration import BadConfiguration
from netassist.monitor.alone import short
from netassist.monitor.api import Api

HEAD_SECONDS = 10.0
"""In which a request's head has to have come."""
KEEP_ALIVE = 30
LARGEST_HEAD = 16 * 1024
MOST_CONNECTIONS = 256
ENDING_SECONDS = 5
"""That answers under way may take when the daemon ends."""


class _Hasty(H11Protocol):
    """Lets nobody hold a connection open who does not say what he wants."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._late = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_answering():
            self._unset_late()
        elif self._late is None:
            self._late = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unset_late()
        super().connection_lost(exc)

    def _unset_late(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        if not self._is_answering():
            self.transport.close()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete


class _Local(_Hasty):
    """Takes only the user whose daemon it is, and root: the kernel says who is at the other end (unix(7), SO_PEERCRED)."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        uid = peer_of(transport.get_extra_info("socket"))
        if uid not in (0, os.geteuid()):
            transport.abort()
        self.client = (f"user {_named(uid)}", 0)


def _named(uid: int) -> str:
    """The user's name, as the password database says; the number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def peer_of(connection: socket.socket) -> int:
    """The user ID of who connected to a unix socket."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", raw)[1])


class Listener(uvicorn.Server):
    """One listener, which leaves signals to the daemon."""

    def __init__(
        self, app: ASGIApp, listening: socket.socket, where: str, protocol: type[H11Protocol], tls: Api | None = None
    ) -> None:
        files: dict[str, Any] = {"ssl_certfile": tls.certificate, "ssl_keyfile": tls.key} if tls is not None else {}
        super().__init__(
            uvicorn.Config(
                app, http=protocol, ws="none", lifespan="off", log_config=None, access_log=False, server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_CONNECTIONS, timeout_keep_alive=KEEP_ALIVE, h11_max_incomplete_event_size=LARGEST_HEAD,
                timeout_graceful_shutdown=ENDING_SECONDS, **files,
            )
        )  # fmt: skip
        self.where, self._listening = where, listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Signals are the daemon's."""

    async def run_on(self) -> None:
        """Serve until `end`."""
        await self.serve(sockets=[self._listening])

    def end(self) -> None:
        self.should_exit = True

    def drop(self) -> None:
        """Give up a listener that was not run."""
        self._listening.close()

    def renew(self, tls: Api) -> None:
        """Take the certificate anew, for connections from now on. Raises BadConfiguration."""
        context = self.config.ssl
        if context is not None:
            _check_pair(tls)
            context.load_cert_chain(tls.certificate, tls.key)


def local_listener(app: ASGIApp, path: Path) -> Listener:
    """Over a unix socket at `path`, 0600, in the place of one that a daemon which is gone left there. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    before = os.umask(0o177)
    try:
        with short(path) as name:
            listening.bind(name)
    finally:
        os.umask(before)
    listening.listen(64)
    listening.setblocking(False)
    return Listener(app, listening, str(path), _Local)


def remote_listener(app: ASGIApp, api: Api) -> Listener:
    """Over TCP, with TLS where there is a certificate. Raises BadConfiguration."""
    address, port = api.address
    if api.certificate:
        _check_pair(api)
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((str(address), port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise BadConfiguration(f"[api] listen {api.listen}: {error.strerror}; does another program listen there?") from None
    listening.setblocking(False)
    host, taken = listening.getsockname()[:2]
    shown = f"[{host}]" if address.version == 6 else host
    where = f"{'https' if api.certificate else 'http'}://{shown}:{taken}"
    return Listener(app, listening, where, _Hasty, api if api.certificate else None)


def _check_pair(api: Api) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(api.certificate, api.key)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or str(error)
        raise BadConfiguration(f"[api] certificate {api.certificate}, key {api.key}: {why}") from None
