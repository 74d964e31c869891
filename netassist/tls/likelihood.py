"""In which order to ask for cipher suites: an order that servers keep, so that their next answer can be foreseen.

It is that of OpenSSL's cipher list (``openssl ciphers ALL:COMPLEMENTOFALL``), which most servers leave as it is; suites that
OpenSSL never had stand at the end. A wrong guess costs a connection, never a fact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from netassist.tls.suites import TLS12_SUITES, TLS13_SUITES, Suite, suite

_EXCHANGES = ("ECDHE", "DHE", "ECDH", "DH", "RSA")
_AUTHENTICATIONS = ("ECDSA", "RSA", "DSS", "anon")
_CIPHERS = {("AES", "GCM"): 1.0, ("AES", "CBC"): 1.0, ("CHACHA20", ""): 1.0, ("AES", "CCM"): 0.15, ("AES", "CCM_8"): 0.1,
            ("CAMELLIA", "CBC"): 0.1, ("ARIA", "GCM"): 0.1, ("3DES", "CBC"): 0.2}  # fmt: skip
_KEYS = {"RSA": 0.8, "ECDSA": 0.3}
_USUAL_EXCHANGES = ("ECDHE", "DHE", "RSA", "any")
_UNLIKELY = 0.01
_BASE = (0x1302, 0x1303, 0x1301, 0x1304, 0x1305)


@cache
def tls12_order() -> tuple[int, ...]:
    return tuple(sorted(TLS12_SUITES, key=lambda code: _place(suite(code))))


def tls13_order() -> tuple[int, ...]:
    return (*_BASE, *(code for code in TLS13_SUITES if code not in _BASE))


def likelihood(found: Sequence[int]) -> Callable[[int], float]:
    """How likely a server that takes those takes a suite too: the same keys, and a cipher that is taken already or common."""
    accepted = [_traits(code) for code in found]
    exchanges = {*_USUAL_EXCHANGES, *(exchange for exchange, _, _ in accepted)}
    keys = _KEYS | {key: 1.0 for _, key, _ in accepted}
    ciphers = _CIPHERS | {cipher: 1.0 for _, _, cipher in accepted}

    def weight(code: int) -> float:
        exchange, key, cipher = _traits(code)
        return ciphers.get(cipher, _UNLIKELY) * keys.get(key, _UNLIKELY) if exchange in exchanges else _UNLIKELY

    return weight


@cache
def _traits(code: int) -> tuple[str, str, tuple[str, str]]:
    """Key exchange, authentication, and cipher with its mode."""
    held = suite(code)
    return held.key_exchange, held.authentication, (held.cipher.partition("_")[0], held.mode)


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
    short = held.mode == "CCM_8"  # since OpenSSL 3.2 of less strength than all other AEAD suites
    return (not common, held.null, kind > 4, static_ec, not ephemeral, strength, short, 0 if short else -held.bits,
            held.anonymous, kind, exchange, signer, -held.bits, held.number)  # fmt: skip
