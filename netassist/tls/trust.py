"""Is a chain trusted? OpenSSL decides, with the anchors of the system, of certifi and of the user's own file."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from OpenSSL import crypto
from OpenSSL._util import lib

from netassist.observations import Failed

# OpenSSL's X509_V_ERR_…, x509_vfy.h
HAS_EXPIRED = 10
SELF_SIGNED_LEAF = 18
SELF_SIGNED_IN_CHAIN = 19
NO_ISSUER = frozenset((2, 20, 21))
_NO_PATH = NO_ISSUER | {SELF_SIGNED_LEAF, SELF_SIGNED_IN_CHAIN}


class Trust(NamedTuple):
    """`code` and `depth` (0 is the leaf) are OpenSSL's of the first error, `error` its words; None where trusted.

    `path` are the certificates (DER) from the leaf to the anchor that OpenSSL found, empty where it trusts none.
    """

    trusted: bool
    code: int | None = None
    depth: int | None = None
    error: str | None = None
    path: tuple[bytes, ...] = ()


class _Source(NamedTuple):
    """Where anchors are read from; `stamp` tells a changed file from the one that was read. What is `named` has to exist."""

    file: str | None
    folder: str | None = None
    stamp: tuple[int, int] | None = None
    named: bool = False


class Anchors(NamedTuple):
    """`store` is what the system and the user trust; `wider` adds Mozilla's roots (certifi), which most chains never need."""

    store: crypto.X509Store
    sources: tuple[_Source, ...]

    @property
    def wider(self) -> crypto.X509Store:
        import certifi

        return _store((*self.sources, _source(certifi.where())))


def anchors(ca_file: Path | None) -> Anchors:
    """The system's store and the user's file; every certificate in them is an anchor, intermediates too.

    A hashed folder (the system's, on most) is read by OpenSSL as it needs it; a bundle costs 5 ms, once a process.

    Raises:
        Failed: `invalid`, where the user's file cannot be read.
    """
    paths = ssl.get_default_verify_paths()
    sources = [_source(paths.cafile, paths.capath)] if paths.cafile or paths.capath else []
    if ca_file is not None:
        sources.append(_source(str(ca_file), named=True))
    return Anchors(_store(tuple(sources)), tuple(sources))


def judge_chain(chain: tuple[bytes, ...], trusted: Anchors) -> Trust:
    """Verify the first certificate (DER) for a TLS server, now, with the others as untrusted help.

    certifi's roots are asked only where the others lead nowhere.
    """
    leaf, *rest = (crypto.load_certificate(crypto.FILETYPE_ASN1, der) for der in chain)
    trust = _verified(trusted.store, leaf, rest)
    return _verified(trusted.wider, leaf, rest) if trust.code in _NO_PATH else trust


def leads_to(anchor: bytes, chain: Sequence[bytes]) -> Trust:
    """The same with one certificate (DER) as the only anchor, whoever issued it: DANE-TA (RFC 7671, section 5.2)."""
    store = _empty_store()
    try:
        store.add_cert(crypto.load_certificate(crypto.FILETYPE_ASN1, anchor))
        leaf, *rest = (crypto.load_certificate(crypto.FILETYPE_ASN1, der) for der in chain)
    except crypto.Error:
        return Trust(False, error="a certificate cannot be read")
    return _verified(store, leaf, rest)


def _source(file: str | None, folder: str | None = None, *, named: bool = False) -> _Source:
    try:
        held = os.stat(file) if file is not None else None
    except OSError:
        held = None
    return _Source(file, folder, (held.st_mtime_ns, held.st_size) if held is not None else None, named)


@lru_cache(maxsize=8)
def _store(sources: tuple[_Source, ...]) -> crypto.X509Store:
    store = _empty_store()
    for source in sources:
        if not _load(store, source.file, source.folder) and source.named:
            raise Failed("invalid", f"{source.file}: cannot be read as PEM certificates (--ca-file)")
    return store


def _empty_store() -> crypto.X509Store:
    store = crypto.X509Store()
    lib.X509_STORE_set_purpose(store._store, lib.X509_PURPOSE_SSL_SERVER)  # pyOpenSSL has no public call for it
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    return store


def _verified(store: crypto.X509Store, leaf: crypto.X509, rest: list[crypto.X509]) -> Trust:
    try:
        path = crypto.X509StoreContext(store, leaf, rest).get_verified_chain()
    except crypto.X509StoreContextError as error:
        code, depth, words = error.errors
        return Trust(False, code, depth, words)
    return Trust(True, path=tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, held) for held in path))


def _load(store: crypto.X509Store, file: str | None, folder: str | None) -> bool:
    try:
        store.load_locations(file, folder)
    except crypto.Error:
        return False
    return True
