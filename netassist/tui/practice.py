"""A small shop for the example: a TLS server on this machine's loopback that speaks old and new, with a certificate of its own.

It is there for `netassist demo` alone, and ends with it. What is wrong with it is so on purpose: its certificate expires in nine
days and has an RSA key, it takes suites without forward secrecy, and its page sends no security headers.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

HOST = "127.0.0.1"
_PAGE = b"<!doctype html><title>The practice shop</title><p>Nothing is sold here."
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: practice/1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(_PAGE), _PAGE)
)
_PATIENCE = 5.0
"""Seconds that a client may take for each step."""
_MOST_AT_ONCE = 64


class Shop(NamedTuple):
    """Where it listens, and the file of the authority that signed its certificate."""

    port: int
    authority: Path


@contextlib.contextmanager
def shop(folder: Path) -> Iterator[Shop]:
    """Serve until the block is left; `folder` takes the certificate, its key and the authority."""
    authority, chain = _certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    context.set_ciphers("DEFAULT:AES128-SHA:@SECLEVEL=1")
    with socket.create_server((HOST, 0), backlog=128) as listening:
        listening.settimeout(0.2)
        ended, room = threading.Event(), threading.Semaphore(_MOST_AT_ONCE)
        thread = threading.Thread(target=_accept, args=(listening, context, ended, room), daemon=True)
        thread.start()
        try:
            yield Shop(listening.getsockname()[1], authority)
        finally:
            ended.set()
            thread.join(_PATIENCE)


def _accept(listening: socket.socket, context: ssl.SSLContext, ended: threading.Event, room: threading.Semaphore) -> None:
    while not ended.is_set():
        try:
            client, _ = listening.accept()
        except TimeoutError:
            continue
        except OSError:
            return
        if room.acquire(blocking=False):
            threading.Thread(target=_serve, args=(client, context, room), daemon=True).start()
        else:
            client.close()


def _serve(client: socket.socket, context: ssl.SSLContext, room: threading.Semaphore) -> None:
    """One handshake and one page; whatever the client does wrong ends its connection."""
    try:
        client.settimeout(_PATIENCE)
        with contextlib.suppress(OSError, ValueError), client, context.wrap_socket(client, server_side=True) as stream:
            if stream.recv(8192).startswith((b"GET ", b"HEAD ")):
                stream.sendall(_ANSWER)
    finally:
        room.release()


def _certificates(folder: Path) -> tuple[Path, Path]:
    """The authority's certificate, and the server's with its key; both made now."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509.oid import NameOID

    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])

    now = datetime.now(UTC)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
    root = (
        x509.CertificateBuilder(
            named("Practice Root"), named("Practice Root"), root_key.public_key(), x509.random_serial_number()
        )
        .not_valid_before(now - timedelta(days=80))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))])
    leaf = (
        x509.CertificateBuilder(named("Practice Root"), named("practice shop"), key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=80))
        .not_valid_after(now + timedelta(days=9, hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    authority, chain = folder / "authority.pem", folder / "shop.pem"
    authority.write_bytes(root.public_bytes(pem))
    chain.touch(mode=0o600)
    chain.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, none) + leaf.public_bytes(pem))
    return authority, chain
