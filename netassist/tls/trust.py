"""Is a chain trusted? OpenSSL decides, with the anchors of the system, of certifi and of the user's own file."""

from __future__ import annotations

import ssl
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
    """`code` and `depth` (0 is the leaf) are OpenSSL's of the first error, `error` its words; None where trusted."""

    trusted: bool
    code: int | None = None
    depth: int | None = None
    error: str | None = None


def anchors(ca_file: Path | None) -> crypto.X509Store:
    """The system's store and the user's file; every certificate in them is an anchor, intermediates too.

    A hashed folder (the system's, on most) is read by OpenSSL as it needs it; a bundle costs 5 ms.

    Raises:
        Failed: `invalid`, where the user's file cannot be read.
    """
    store = crypto.X509Store()
    lib.X509_STORE_set_purpose(store._store, lib.X509_PURPOSE_SSL_SERVER)  # pyOpenSSL has no public call for it
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        _load(store, paths.cafile, paths.capath)
    if ca_file is not None and not _load(store, str(ca_file), None):
        raise Failed("invalid", f"{ca_file}: cannot be read as PEM certificates (--ca-file)")
    return store


def judge_chain(chain: tuple[bytes, ...], store: crypto.X509Store) -> Trust:
    """Verify the first certificate (DER) for a TLS server, now, with the others as untrusted help.

    certifi's roots are added to `store` only where its own lead nowhere: most chains never need them.
    """
    leaf, *rest = (crypto.load_certificate(crypto.FILETYPE_ASN1, der) for der in chain)
    trust = _verified(store, leaf, rest)
    if trust.code in _NO_PATH:
        import certifi

        if _load(store, certifi.where(), None):
            trust = _verified(store, leaf, rest)
    return trust


def _verified(store: crypto.X509Store, leaf: crypto.X509, rest: list[crypto.X509]) -> Trust:
    try:
        crypto.X509StoreContext(store, leaf, rest).verify_certificate()
    except crypto.X509StoreContextError as error:
        code, depth, words = error.errors
        return Trust(False, code, depth, words)
    return Trust(True)


def _load(store: crypto.X509Store, file: str | None, folder: str | None) -> bool:
    try:
        store.load_locations(file, folder)
    except crypto.Error:
        return False
    return True
