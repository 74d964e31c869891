"""What algorithms are, by the names that TLS, SSH and X.509 have for them, in the words of CycloneDX.

Quantum security levels are NIST's categories (call for proposals of 2016, section 4.A.5; FIPS 203, 204 and 205): 1, 3 and 5 are
as hard as key search for AES-128, -192 and -256; 0 is what a quantum computer breaks. None is what nobody has established.
Classical levels are bits of strength (NIST SP 800-57 part 1, table 2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from netassist.tls.deadlines import rsa_strength
from netassist.tls.suites import Suite

Primitive = Literal[
    "ae", "block-cipher", "stream-cipher", "hash", "mac", "signature", "kem", "key-agree", "pke", "combiner", "other", "unknown"
]


class Algorithm(NamedTuple):
    """`functions` are CycloneDX's cryptoFunctions; `parameter_set` a key size or the name of a set (``768``)."""

    name: str
    primitive: Primitive
    functions: tuple[str, ...] = ()
    parameter_set: str | None = None
    curve: str | None = None
    mode: str | None = None
    classical: int | None = None
    quantum: int | None = None


_KEM_LEVELS = {"512": 1, "768": 3, "1024": 5}
_DSA_LEVELS = {"44": 2, "65": 3, "87": 5}
_SLH_LEVELS = {"128": 1, "192": 3, "256": 5}
# As they are named in TLS, SSH and X.509; NIST SP 800-57's strength is half the size of a curve.
_CURVES: Mapping[str, int] = {
    r"x25519|curve25519": 128, "x448|curve448": 224, r"secp256r1|prime256v1|nistp256|p-256": 128,
    r"secp384r1|nistp384|p-384": 192, r"secp521r1|nistp521|p-521": 256, r"brainpoolp256": 128, r"brainpoolp384": 192,
    r"brainpoolp512": 256, "curvesm2": 128,
}  # fmt: skip
_BROKEN = ("RC4", "NULL", "DES", "RC2", "IDEA", "SEED")
"""Ciphers for which a level would promise what their blocks or their cryptanalysis do not keep."""


def key_exchange(name: str) -> Algorithm:
    """A named group of TLS or a key exchange method of SSH."""
    low = name.lower()
    if found := re.search(r"(?:ml-?kem|kyber)-?(512|768|1024)", low):
        alone = not any(re.search(curve, low) for curve in _CURVES)
        functions = ("keygen", "encapsulate", "decapsulate")
        return Algorithm(name, "kem" if alone else "combiner", functions, found[1], quantum=_KEM_LEVELS[found[1]])
    if "sntrup" in low or "kyber" in low or "mlkem" in low:
        return Algorithm(name, "combiner", ("keygen", "encapsulate", "decapsulate"))
    if (strength := _curve(low)) is not None:
        return Algorithm(name, "key-agree", ("keygen", "keyderive"), curve=name, classical=strength, quantum=0)
    if found := re.match(r"ffdhe(\d+)$", low):
        return Algorithm(name, "key-agree", ("keygen", "keyderive"), found[1], classical=rsa_strength(int(found[1])), quantum=0)
    if low.startswith(("diffie-hellman", "ecdh", "dh", "secp", "sect", "gc", "brainpool")):
        return Algorithm(name, "key-agree", ("keygen", "keyderive"), quantum=0)
    if low.startswith("rsa"):
        return Algorithm(name, "pke", ("encrypt", "decrypt"), quantum=0)
    return Algorithm(name, "unknown")


def signature(name: str) -> Algorithm:
    """A signature algorithm of X.509, a signature scheme of TLS, or a host key algorithm of SSH."""
    low, functions = name.lower(), ("sign", "verify")
    if found := re.search(r"ml-?dsa-?(44|65|87)", low):
        return Algorithm(name, "signature", functions, found[1], quantum=_DSA_LEVELS[found[1]])
    if found := re.search(r"slh-?dsa.*?(128|192|256)[sf]|slhdsa_\w*?(128|192|256)[sf]", low):
        size = found[1] or found[2]
        return Algorithm(name, "signature", functions, size, quantum=_SLH_LEVELS[size])
    if re.search(r"rsa|dsa|dss|ed25519|ed448|sm2|gost|ecgdsa", low):
        return Algorithm(name, "signature", functions, quantum=0)
    return Algorithm(name, "signature", functions)


def public_key(kind: str | None, bits: int | None, curve: str | None, parameter_set: str | None) -> Algorithm:
    """The algorithm of a certificate's key."""
    if kind is None:
        return Algorithm("unknown key", "unknown")
    if kind == "ML-DSA" or (parameter_set or "").startswith("SLH-DSA"):
        return signature(parameter_set or kind)
    size = f"-{curve}" if curve else f"-{bits}" if kind in ("RSA", "DSA") and bits else ""
    strength = rsa_strength(bits) if kind in ("RSA", "DSA") and bits else _curve((curve or "").lower())
    strength = {"Ed25519": 128, "Ed448": 224}.get(kind, strength)
    return Algorithm(f"{kind}{size}", "signature", ("sign", "verify"), str(bits) if bits else None, curve, None, strength, 0)


def of_suite(suite: Suite) -> tuple[Algorithm, ...]:
    """Cipher and MAC of a suite, and what it fixes of key exchange; nothing of a suite that no table has."""
    if suite.cipher == "unknown":
        return ()
    found = []
    if suite.cipher != "NULL":
        mode = suite.mode.split("_")[0].lower()
        name = "-".join(filter(None, (suite.cipher.replace("_", "-"), suite.mode)))
        kind: Primitive = "ae" if suite.mac == "AEAD" else "block-cipher" if mode else "stream-cipher"
        level = None if suite.cipher.startswith("GOST") else _key_search(suite.cipher, suite.bits)
        functions = ("encrypt", "decrypt", "tag") if kind == "ae" else ("encrypt", "decrypt")
        found.append(Algorithm(name, kind, functions, str(suite.bits), mode=mode or None, classical=suite.bits, quantum=level))
    if suite.mac not in ("AEAD", "", "unknown"):
        found.append(Algorithm(f"HMAC-{suite.mac}", "mac", ("tag", "verify")))
    if suite.key_exchange in ("RSA", "DHE", "ECDHE", "DH", "ECDH"):
        found.append(key_exchange(suite.key_exchange))
    return tuple(found)


def ssh_cipher(name: str) -> Algorithm:
    low = name.lower()
    if low.startswith("chacha20-poly1305"):
        return Algorithm(name, "ae", ("encrypt", "decrypt", "tag"), "256", classical=256, quantum=5)
    if found := re.match(r"aes(128|192|256)-(gcm|ctr|cbc)", low):
        kind: Primitive = "ae" if found[2] == "gcm" else "block-cipher"
        bits = int(found[1])
        return Algorithm(name, kind, ("encrypt", "decrypt"), found[1], None, found[2], bits, _key_search("AES", bits))
    return Algorithm(name, "unknown", ("encrypt", "decrypt"))


def ssh_mac(name: str) -> Algorithm:
    return Algorithm(name, "mac", ("tag", "verify"))


def _key_search(cipher: str, bits: int) -> int:
    """The category by the size of the key, which Grover's algorithm searches."""
    if bits < 128 or any(cipher == name or cipher.startswith(f"{name}_") for name in (*_BROKEN, "3DES")):
        return 0
    return 5 if bits >= 256 else 3 if bits >= 192 else 1


def _curve(name: str) -> int | None:
    return next((strength for curve, strength in _CURVES.items() if re.search(curve, name)), None)
