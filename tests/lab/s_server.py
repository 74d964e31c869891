"""The distribution's `openssl s_server`, which takes one connection at a time: all that OpenSSL 3.0 has, and rarer set-ups."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.lab.keyfiles import dh_parameters, write
from tests.lab.pki import Identity, Key, authority, issue, leaf
from tests.lab.process import serving
from tests.lab.programs import require
from tests.lab.servers import Served


@contextlib.contextmanager
def everything(folder: Path) -> Iterator[Served]:
    """An RSA and an ECDSA certificate, a pre-shared key and all suites that these can serve; old curves; the server's order."""
    root = authority()
    rsa, ec = write(leaf(root, key="rsa"), folder, "rsa"), write(leaf(root), folder, "ec")
    (folder / "dh.pem").write_bytes(dh_parameters(2048))
    options: list[str | Path] = [
        "-cert", rsa.certificate, "-key", rsa.key, "-dcert", ec.certificate, "-dkey", ec.key,
        "-dhparam", folder / "dh.pem", "-psk", "00112233445566778899aabbccddeeff", "-min_protocol", "TLSv1", "-serverpref",
        "-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0",
        "-groups", "P-256:X25519:X448:secp256k1:brainpoolP384r1:sect571r1:secp192k1",
        "-sigalgs", "RSA-PSS+SHA256:RSA+SHA256:RSA+SHA1:ECDSA+SHA256",
    ]  # fmt: skip
    with _served(folder, root, options) as served:
        yield served


@contextlib.contextmanager
def dss(folder: Path) -> Iterator[Served]:
    """A DSA key, with which nothing is signed any more elsewhere; TLS 1.1 and 1.2, the client's order."""
    root = authority()
    files = write(_dsa(root), folder)
    (folder / "dh.pem").write_bytes(dh_parameters(2048))
    options: list[str | Path] = [
        "-cert", files.certificate, "-key", files.key, "-dhparam", folder / "dh.pem", "-min_protocol", "TLSv1.1",
        "-cipher", "DHE-DSS-AES256-GCM-SHA384:DHE-DSS-CAMELLIA128-SHA256:DHE-DSS-AES128-SHA:@SECLEVEL=0",
        "-sigalgs", "DSA+SHA256:DSA+SHA1",
    ]  # fmt: skip
    with _served(folder, root, options) as served:
        yield served


@contextlib.contextmanager
def ed25519(folder: Path) -> Iterator[Served]:
    """An Ed25519 key, ChaCha20 for clients that put it first, no tickets, no Encrypt-then-MAC."""
    root = authority()
    files = write(leaf(root, key="ed25519"), folder)
    options: list[str | Path] = [
        "-cert", files.certificate, "-key", files.key, "-min_protocol", "TLSv1.2", "-serverpref", "-prioritize_chacha",
        "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA256",
        "-ciphersuites", "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_8_SHA256",
        "-groups", "X448:X25519", "-no_ticket", "-no_etm",
    ]  # fmt: skip
    with _served(folder, root, options) as served:
        yield served


@contextlib.contextmanager
def tls13_alone(folder: Path) -> Iterator[Served]:
    """TLS 1.3 with finite fields and P-521 alone."""
    root = authority()
    files = write(leaf(root, key="rsa"), folder)
    options: list[str | Path] = [
        "-cert", files.certificate, "-key", files.key, "-tls1_3", "-groups", "P-521:ffdhe3072:ffdhe2048",
        "-ciphersuites", "TLS_AES_128_GCM_SHA256", "-sigalgs", "rsa_pss_rsae_sha384",
    ]  # fmt: skip
    with _served(folder, root, options) as served:
        yield served


@contextlib.contextmanager
def _served(folder: Path, root: Identity, options: Sequence[str | Path]) -> Iterator[Served]:
    openssl, anchor = require("openssl"), root.anchor(folder)

    def command(port: int) -> list[str]:
        return [openssl, "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-quiet", *map(str, options)]

    with serving(command, log=folder / "log") as port:
        yield Served(port, anchor=anchor)


def _dsa(root: Identity) -> Identity:
    """A key of 1,024 bits, as DSS had them first (FIPS 186-2), which OpenSSL still makes."""
    parameters = subprocess.run([require("openssl"), "dsaparam", "-genkey", "-noout", "1024"], check=True, capture_output=True)
    key = cast(Key, load_pem_private_key(parameters.stdout, None))
    return issue("lab", root, dns=("localhost",), ips=("127.0.0.1",), key=key)


SERVERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Served]]] = {
    "s_server_everything": everything,
    "s_server_dss": dss,
    "s_server_ed25519": ed25519,
    "s_server_tls13_alone": tls13_alone,
}
