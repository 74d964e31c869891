"""tlslite-ng: what OpenSSL no longer speaks (SSL 3.0, RC4, 3DES, no encryption), and a second opinion on TLS 1.3."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.lab.keyfiles import write
from tests.lab.listening import listening
from tests.lab.pki import Identity, authority, leaf
from tests.lab.servers import Served


@contextlib.contextmanager
def old(folder: Path) -> Iterator[Served]:
    """SSL 3.0 and TLS 1.0 with RC4, 3DES, AES and none."""
    root = authority()
    settings = {
        "minVersion": (3, 0), "maxVersion": (3, 1), "cipherNames": ["aes128", "3des", "rc4", "null"], "macNames": ["sha", "md5"],
        "keyExchangeNames": ["rsa", "ecdhe_rsa"], "eccCurves": ["secp256r1", "secp521r1"], "keyShares": [],
    }  # fmt: skip
    with served(folder, leaf(root, key="rsa"), settings) as port:
        yield Served(port, anchor=root.anchor(folder))


@contextlib.contextmanager
def anonymous(folder: Path) -> Iterator[Served]:
    """TLS 1.1 and 1.2 without any certificate."""
    settings = {
        "minVersion": (3, 2), "maxVersion": (3, 3), "cipherNames": ["aes128gcm", "aes256", "rc4"], "macNames": ["sha", "aead"],
        "keyExchangeNames": ["dh_anon", "ecdh_anon"], "eccCurves": ["secp384r1"], "keyShares": [],
    }  # fmt: skip
    with served(folder, None, settings) as port:
        yield Served(port)


@contextlib.contextmanager
def modern(folder: Path) -> Iterator[Served]:
    """TLS 1.2 and 1.3 with CCM and ChaCha20, a key on P-256, curves of Brainpool among the groups."""
    root = authority()
    settings = {
        "minVersion": (3, 3), "maxVersion": (3, 4), "cipherNames": ["chacha20-poly1305", "aes128ccm", "aes128ccm_8"],
        "macNames": ["aead"], "keyExchangeNames": ["ecdhe_ecdsa"], "keyShares": ["x25519"], "dhGroups": ["ffdhe3072"],
        "eccCurves": ["x25519", "secp256r1", "brainpoolP256r1tls13"], "ecdsaSigHashes": ["sha256"],
    }  # fmt: skip
    with served(folder, leaf(root), settings) as port:
        yield Served(port, anchor=root.anchor(folder))


@contextlib.contextmanager
def served(
    folder: Path, identity: Identity | None, changes: Mapping[str, object], ignored: frozenset[int] = frozenset()
) -> Iterator[int]:
    """`changes` are attributes of `HandshakeSettings`; the documentation of that class says what the others are.

    Of each hello the suites and extensions that are `ignored` are passed over.
    """
    from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
    from tlslite.messages import ClientHello

    settings, chain, key = HandshakeSettings(), None, None
    settings.versions = [(3, 4), (3, 3), (3, 2), (3, 1), (3, 0)]
    for name, value in changes.items():
        setattr(settings, name, value)
    settings.versions = [held for held in settings.versions if settings.minVersion <= held <= settings.maxVersion]
    settings.validate()
    if identity is not None:
        files = write(identity, folder)
        chain = X509CertChain()
        chain.parsePemList(files.certificate.read_text())
        key = parsePEMKey(files.key.read_text(), private=True)

    class Ignoring(TLSConnection):  # type: ignore[misc]
        def _getMsg(self, *arguments: object, **named: object) -> Iterator[object]:
            for message in super()._getMsg(*arguments, **named):
                if isinstance(message, ClientHello):
                    message.cipher_suites = [held for held in message.cipher_suites if held not in ignored]
                    message.extensions = [held for held in message.extensions or () if held.extType not in ignored]
                yield message

    alpn = [bytearray(b"http/1.1")]

    def hold(connection: socket.socket) -> None:
        # It raises a good many kinds of exceptions for what clients do; they are told by alerts.
        with contextlib.suppress(Exception):
            server = Ignoring(connection) if ignored else TLSConnection(connection)
            # In TLS 1.3 it fails at a client that offers ALPN unless it has something to select.
            server.handshakeServer(certChain=chain, privateKey=key, settings=settings, anon=chain is None, alpn=alpn)
            server.read(max=65536, min=1)
            server.close()

    with listening(hold) as port:
        yield port


SERVERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Served]]] = {
    "tlslite_old": old,
    "tlslite_anonymous": anonymous,
    "tlslite_modern": modern,
}
