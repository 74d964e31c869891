"""In which order to ask for cipher suites: an order that servers keep, so that their next answer can be foreseen.

It is that of OpenSSL's cipher list (``openssl ciphers ALL:COMPLEMENTOFALL``), which most servers leave as it is; suites that
OpenSSL never had stand at the end. A wrong guess costs a connection, never a fact.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from netassist.tls.suites import TLS12_SUITES, TLS13_SUITES, Suite, suite

_EXCHANGES = ("ECDHE", "DHE", "ECDH", "DH", "RSA")
_AUTHENTICATIONS = ("ECDSA", "RSA", "DSS", "anon")
_COMMON = {("AES", "GCM"), ("AES", "CBC"), ("CHACHA20", "")}
_BASE = (0x1302, 0x1303, 0x1301, 0x1304, 0x1305)


@lru_cache(maxsize=1)
def tls12_order() -> tuple[int, ...]:
    return tuple(sorted(TLS12_SUITES, key=lambda code: _place(suite(code))))


def tls13_order() -> tuple[int, ...]:
    return (*_BASE, *(code for code in TLS13_SUITES if code not in _BASE))


def likely(held: Suite, accepted: Iterable[Suite]) -> bool:
    """Whether a server that takes those will take this one too: the same keys, and a cipher that is common or taken already."""
    kinds = {(other.cipher.partition("_")[0], other.mode) for other in accepted}
    keys = {other.authentication for other in accepted}
    kind = held.cipher.partition("_")[0], held.mode
    return held.authentication in keys and (kind in kinds or kind in _COMMON)


def _place(held: Suite) -> tuple[object, ...]:
    common = held.key_exchange in _EXCHANGES and held.authentication in _AUTHENTICATIONS and not held.export
    common = common and not held.name.endswith("_OLD")
    ephemeral = held.key_exchange in ("ECDHE", "DHE")
    strength = 0 if held.mac == "AEAD" else 1 if held.mac in ("SHA256", "SHA384") else 2
    ciphers = ("AES", "CHACHA20", "CCM", "ARIA", "CAMELLIA")
    name = "CCM" if held.mode.startswith("CCM") else held.cipher.split("_")[0]
    kind = ciphers.index(name) if name in ciphers else len(ciphers)
    exchange = _EXCHANGES.index(held.key_exchange) if common else 9
    signer = _AUTHENTICATIONS.index(held.authentication) if common else 9
    if strength == 0 and held.authentication == "DSS" and held.key_exchange == "DHE":
        signer = 0  # of AEAD suites those with DSS come first
    static_ec = held.key_exchange in ("ECDH", "DH")
    return (not common, held.null, kind > 4, static_ec, not ephemeral, strength, -held.bits, held.anonymous, kind, exchange,
            signer, held.mode != "CCM_8", held.number)  # fmt: skip
