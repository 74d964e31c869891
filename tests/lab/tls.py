"""TLS servers on loopback by OpenSSL 4, so that post-quantum groups and weak certificates are real."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from OpenSSL import SSL

from netassist.tls.handshake import set_groups
from tests.lab.pki import Identity, openssl_key

ANSWER = b"HTTP/1.1 200 OK\r\nServer: BaseHTTP/0.6 Python/3.11.2\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlab\n"
VERSIONS = {
    "TLSv1.0": SSL.TLS1_VERSION, "TLSv1.1": SSL.TLS1_1_VERSION, "TLSv1.2": SSL.TLS1_2_VERSION, "TLSv1.3": SSL.TLS1_3_VERSION,
}  # fmt: skip


class TlsServer(NamedTuple):
    """`negotiated` are the groups and `names` the SNI of the handshakes completed, one an entry, once it has ended."""

    port: int
    negotiated: list[str | None]
    names: list[str | None]


@contextlib.contextmanager
def tls_server(
    identity: Identity,
    *,
    groups: str | None = None,
    version: str | None = None,
    least: str | None = None,
    ciphers: str = "ALL:@SECLEVEL=0",
    server_order: bool = False,
    also: Identity | None = None,
    staple: bytes | None = None,
    client_certificate: bool = False,
    dh: Path | None = None,
    tickets: bool = True,
    cache: bool = True,
    before: Callable[[socket.socket], None] | None = None,
    address: tuple[str, int] = ("127.0.0.1", 0),
) -> Iterator[TlsServer]:
    """Shakes hands, answers one HTTP request, closes.

    Args:
        groups: OpenSSL group names, such as ``X25519MLKEM768:X25519``.
        version: the only protocol version spoken, such as ``TLSv1.2``.
        least: the lowest version spoken.
        ciphers: OpenSSL's cipher list for TLS 1.2 and before.
        server_order: keep to the server's own order of suites and groups.
        also: a second certificate, for a key of another kind.
        staple: an OCSP response to staple, as it is.
        client_certificate: break off clients that show no certificate.
        dh: Diffie-Hellman parameters in PEM; without them there is no suite with DHE.
        tickets: hand out session tickets.
        cache: take session ids back.
        before: speaks in plain text first; TLS begins when it returns.
        address: where it listens; port 0 takes a free one.
    """
    context = _context(identity, groups, version, staple, client_certificate)
    context.set_cipher_list(ciphers.encode("ascii"))
    if not tickets:
        context.set_options(SSL.OP_NO_TICKET)
    if not cache:
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    if least is not None:
        context.set_min_proto_version(VERSIONS[least])
    if server_order:
        context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
    if dh is not None:
        context.load_tmp_dh(str(dh))
    if also is not None:
        context.use_certificate(also.certificate)
        _use_key(context, also)
    negotiated: list[str | None] = []
    names: list[str | None] = []
    shaken: dict[object, threading.Event] = {}

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(SSL.Error, OSError):
                try:
                    if before is not None:
                        before(self.request)
                    connection = SSL.Connection(context, self.request)
                    connection.set_accept_state()
                    connection.do_handshake()
                    negotiated.append(connection.get_group_name())
                    name = connection.get_servername()
                    names.append(name.decode("ascii") if name is not None else None)
                finally:
                    shaken[self.request].set()
                with contextlib.suppress(SSL.ZeroReturnError):
                    connection.recv(65536)
                    connection.sendall(ANSWER)
                connection.shutdown()  # OpenSSL forgets a session that it has said no goodbye to

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads, block_on_close, allow_reuse_address = True, False, True
        request_queue_size = 64

        def process_request(self, request: Any, client_address: Any) -> None:
            shaken[request] = threading.Event()
            super().process_request(request, client_address)

    with Server(address, Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield TlsServer(int(server.server_address[1]), negotiated, names)
        finally:
            server.shutdown()
            thread.join()
            # A server is done with a handshake after the client is; one that nobody goes on with has no end.
            until = monotonic() + 2
            for done in shaken.values():
                done.wait(max(0.0, until - monotonic()))


def _context(
    identity: Identity, groups: str | None, version: str | None, staple: bytes | None, client_certificate: bool
) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    context.use_certificate(identity.certificate)
    for held in identity.chain:
        context.add_extra_chain_cert(held)
    _use_key(context, identity)
    if groups is not None:
        set_groups(context, groups)
    if version is not None:
        context.set_min_proto_version(VERSIONS[version])
        context.set_max_proto_version(VERSIONS[version])
    if staple is not None:
        context.set_ocsp_server_callback(lambda _connection, _data: staple)
    if client_certificate:
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    return context


def _use_key(context: SSL.Context, identity: Identity) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # pyOpenSSL takes keys of ML-DSA in its own form only
        context.use_privatekey(openssl_key(identity.key))
