"""OpenSSL 4 in Python (pyOpenSSL): post-quantum groups and certificates, and all suites that it still has."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.lab.keyfiles import dh_parameters
from tests.lab.pki import authority, leaf, resigned
from tests.lab.servers import Served
from tests.lab.tls import tls_server

_TIMELY = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=2"
OLD_DHE = "ECDHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-SHA:AES128-SHA"


@contextlib.contextmanager
def modern(folder: Path) -> Iterator[Served]:
    """Versions, groups and suites as they are advised today, in the server's order; a chain with an intermediate."""
    root = authority()
    held = leaf(authority("Lab Intermediate", root), key="rsa")
    groups = "X25519MLKEM768:SecP256r1MLKEM768:X25519:P-256"
    with tls_server(held, least="TLSv1.2", ciphers=_TIMELY, groups=groups, server_order=True) as server:
        yield Served(server.port, anchor=root.anchor(folder))


@contextlib.contextmanager
def everything(folder: Path) -> Iterator[Served]:
    """All versions and all suites that an RSA key can serve, anonymous ones and those without encryption among them."""
    root = authority()
    groups = "X25519:P-256:P-384:P-521:X448:X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024:MLKEM512:MLKEM768:MLKEM1024"
    with tls_server(leaf(root, key="rsa"), least="TLSv1.0", ciphers="ALL:eNULL:@SECLEVEL=0", groups=groups) as server:
        yield Served(server.port, anchor=root.anchor(folder))


@contextlib.contextmanager
def client_order(folder: Path) -> Iterator[Served]:
    """The client chooses; groups are those of Brainpool and of finite fields."""
    root = authority()
    groups = "brainpoolP256r1tls13:brainpoolP384r1tls13:brainpoolP512r1tls13:brainpoolP256r1:brainpoolP384r1:ffdhe2048:ffdhe3072"
    with tls_server(leaf(root, key="rsa"), least="TLSv1.2", ciphers=_TIMELY, groups=groups) as server:
        yield Served(server.port, anchor=root.anchor(folder))


@contextlib.contextmanager
def two_leaves(folder: Path) -> Iterator[Served]:
    """An RSA and an ECDSA certificate."""
    root = authority()
    ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=2"
    with tls_server(leaf(root, key="rsa"), also=leaf(root), least="TLSv1.2", ciphers=ciphers, groups="X25519:P-256",
                    server_order=True) as server:  # fmt: skip
        yield Served(server.port, anchor=root.anchor(folder))


@contextlib.contextmanager
def ml_dsa(folder: Path) -> Iterator[Served]:
    """An ML-DSA-65 certificate for clients that know it, and an RSA one for the others; TLS 1.3 alone."""
    root, rsa = authority(), authority("Lab RSA Root", key="rsa")
    anchors = folder / "anchors.pem"
    anchors.write_text(root.pem + rsa.pem)
    with tls_server(leaf(rsa, key="rsa"), also=leaf(root, key="mldsa65"), version="TLSv1.3", groups="X25519MLKEM768:X25519",
                    server_order=True) as server:  # fmt: skip
        yield Served(server.port, anchor=anchors)


@contextlib.contextmanager
def weak_dh(folder: Path) -> Iterator[Served]:
    """Diffie-Hellman in the second Oakley group, TLS 1.0 and up, the server's order."""
    root, dh = authority(), folder / "dh.pem"
    dh.write_bytes(dh_parameters(1024))
    with tls_server(leaf(root, key="rsa"), least="TLSv1.0", ciphers=f"{OLD_DHE}:@SECLEVEL=0", groups="P-256", dh=dh,
                    server_order=True) as server:  # fmt: skip
        yield Served(server.port, anchor=root.anchor(folder))


@contextlib.contextmanager
def faulty(folder: Path) -> Iterator[Served]:
    """Much is wrong with the certificate: its dates, its key, its signature, its chain."""
    root = authority(key="rsa")
    held = resigned(leaf(root, "expired", key="rsa1024"), root, "sha1")
    with tls_server(held._replace(chain=(authority("Another Root").certificate,)), version="TLSv1.2",
                    ciphers="ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", groups="P-256") as server:  # fmt: skip
        yield Served(server.port, anchor=root.anchor(folder))


@contextlib.contextmanager
def wrong_host(folder: Path) -> Iterator[Served]:
    """A wildcard certificate of another domain."""
    root = authority()
    with tls_server(leaf(root, dns=("*.lab.test",), ips=(), key="rsa"), version="TLSv1.2",
                    ciphers="ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=2", groups="P-256") as server:  # fmt: skip
        yield Served(server.port, anchor=root.anchor(folder))


SERVERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Served]]] = {
    "openssl4_modern": modern,
    "openssl4_everything": everything,
    "openssl4_client_order": client_order,
    "openssl4_two_leaves": two_leaves,
    "openssl4_ml_dsa": ml_dsa,
    "openssl4_weak_dh": weak_dh,
    "openssl4_faulty": faulty,
    "openssl4_wrong_host": wrong_host,
}
