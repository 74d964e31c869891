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
_KINDS = ("AES", "CHACHA20", "CCM", "ARIA", "SEED", "CAMELLIA", "IDEA")
_PLACED = (*_KINDS, "NULL", "3DES", "RC4", "DES")
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
    shared = held.authentication == "PSK" or held.key_exchange == "SRP"
    common = shared or (held.key_exchange in _EXCHANGES and held.authentication in _AUTHENTICATIONS)
    common = common and not held.export and not held.name.endswith("_OLD") and held.cipher.split("_")[0] in _PLACED
    common = common and not (shared and held.cipher.startswith("ARIA") and held.mode == "CBC")
    ephemeral = held.key_exchange in ("ECDHE", "DHE") and not shared
    strength = 0 if held.mac == "AEAD" else 1 if held.mac in ("SHA256", "SHA384") and not shared else 2
    name = "CCM" if held.mode.startswith("CCM") else held.cipher.split("_")[0]
    kind = _KINDS.index(name) if name in _KINDS else len(_KINDS)
    exchange = _EXCHANGES.index(held.key_exchange) if common and held.key_exchange in _EXCHANGES else 9
    signer = _AUTHENTICATIONS.index(held.authentication) if common and held.authentication in _AUTHENTICATIONS else 9
    if strength == 0 and held.authentication == "DSS" and held.key_exchange == "DHE":
        signer = 0  # of AEAD suites those with DSS come first
    static_ec = held.key_exchange in ("ECDH", "DH")
    short = held.mode == "CCM_8"  # since OpenSSL 3.2 of less strength than all other AEAD suites
    # Without forward secrecy: those with a shared key and something else, those with an RSA key, those with a shared key alone.
    turn = 0 if ephemeral or static_ec else 2 if held.key_exchange == "PSK" else 0 if shared else 1
    among = _shared_place(held) if shared else (exchange, signer)
    return (not common, held.null, kind == len(_KINDS), static_ec, not ephemeral, strength, short, 0 if short else -held.bits,
            turn, held.anonymous, kind, *among, -held.bits, held.mac == "MD5", held.number)  # fmt: skip


def _shared_place(held: Suite) -> tuple[object, ...]:
    """Among suites with a shared key."""
    if held.mac == "AEAD":
        return 0, ("RSA", "DHE", "ECDHE", "PSK").index(held.key_exchange)
    first = ("ECDHE", "SRP").index(held.key_exchange) if held.key_exchange in ("ECDHE", "SRP") else 2
    signer = ("DSS", "RSA", "SRP", "PSK").index(held.authentication)
    mac = ("SHA384", "SHA256", "SHA").index(held.mac)
    return first, (signer, mac == 2, held.key_exchange == "DHE", mac)
