"""The server that all are timed on: OpenSSL 4 in processes of its own, so that it does not share an interpreter with a client.

41 suites of TLS 1.2 (RSA and ECDSA), 3 of TLS 1.3, 7 groups of which 4 are post-quantum, the server's order. Or, for
many hosts, what is advised today: few suites. It counts the connections that it accepts.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

from OpenSSL import SSL

from netassist.tls.handshake import set_groups
from tests.lab.keyfiles import KeyFiles, write
from tests.lab.pki import KeyKind, authority, leaf
from tests.lab.tls import ANSWER

Kind = Literal["reference", "modern"]
WORKERS = 2
_BACKLOG = 4096
_IDLE_SECONDS = 20.0
_CIPHERS = {
    "reference": "ALL:!aNULL:!PSK:!SRP:!SEED:!IDEA:!CAMELLIA128-SHA:@SECLEVEL=0",
    "modern": "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:@SECLEVEL=2",
}
_GROUPS = {
    "reference": "X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024:MLKEM768:X25519:P-256:P-384",
    "modern": "X25519MLKEM768:X25519:P-256",
}
_spawn = multiprocessing.get_context("spawn")


class Reference(NamedTuple):
    """A server that runs. `accepted` counts its connections, `anchor` is the authority's certificate."""

    host: str
    port: int
    anchor: Path
    accepted: Synchronized[int]

    @property
    def where(self) -> str:
        return f"{self.host}:{self.port}"


@contextlib.contextmanager
def reference(kind: Kind = "reference", *, host: str = "127.0.0.1", reached_at: str | None = None) -> Iterator[Reference]:
    """Listens on `host`, which may be ``0.0.0.0``; `reached_at` is the address that clients are told, if another."""
    with TemporaryDirectory(prefix="netassist-bench-") as name, socket.create_server((host, 0), backlog=_BACKLOG) as listener:
        folder, root = Path(name), authority()
        told = reached_at or host
        keys: tuple[KeyKind, ...] = ("rsa", "ec") if kind == "reference" else ("ec",)
        files = [write(leaf(root, key=key, ips=("127.0.0.1", told)), folder, key) for key in keys]
        accepted: Synchronized[int] = _spawn.Value("i", 0)
        process = _spawn.Process(target=_serve, args=(listener, kind, files, accepted), daemon=True)
        process.start()
        try:
            port = int(listener.getsockname()[1])
            visit("127.0.0.1" if host == "0.0.0.0" else host, port)
            accepted.value = 0
            yield Reference(told, port, root.anchor(folder), accepted)
        finally:
            process.terminate()
            process.join()


def visit(host: str, port: int) -> None:
    """One connection that says nothing; when this returns the server has seen it."""
    with socket.create_connection((host, port), timeout=30) as connection, contextlib.suppress(ConnectionResetError):
        connection.shutdown(socket.SHUT_WR)
        connection.recv(64)


def _serve(listener: socket.socket, kind: Kind, files: Sequence[KeyFiles], accepted: Synchronized[int]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(_CIPHERS[kind].encode("ascii"))
    context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
    for held in files:
        context.use_certificate_chain_file(str(held.certificate))
        context.use_privatekey_file(str(held.key))
    set_groups(context, _GROUPS[kind])
    # Forked after this, the processes have the keys of tickets in common; ids of sessions they could not know of each other.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    others = _forked(WORKERS - 1)

    def end(*_: object) -> None:
        for other in others:
            os.kill(other, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            os._exit(1)
        with accepted.get_lock():
            accepted.value += 1
        threading.Thread(target=_hold, args=(context, connection), daemon=True).start()


def _forked(count: int) -> list[int]:
    """The processes forked from this one; none in those themselves."""
    children = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            return []
        children.append(child)
    return children


def _hold(context: SSL.Context, opened: socket.socket) -> None:
    """Shake hands, answer one HTTP request, close."""
    with opened, contextlib.suppress(SSL.Error, OSError):
        # A time-out of Python's would make the socket non-blocking, which OpenSSL does not wait for.
        seconds = int(_IDLE_SECONDS).to_bytes(8, "little") + bytes(8)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
        tls = SSL.Connection(context, opened)
        tls.set_accept_state()
        tls.do_handshake()
        with contextlib.suppress(SSL.ZeroReturnError):
            tls.recv(65536)
            tls.sendall(ANSWER)
        tls.shutdown()
