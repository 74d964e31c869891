"""What of a TLS server's cryptography a quantum computer breaks: the key exchange that clients get, and certificates' keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from netassist.tls.deadlines import ClassicalPart, rsa_strength

if TYPE_CHECKING:
    from netassist.tls.chain import PublicKey
    from netassist.tls.key_exchange import KeyExchange

_WEAK_GROUPS = ("ffdhe2048", "secp224r1")
"""Of 112 bits of strength (NIST SP 800-57 part 1, table 2)."""


def classical_parts(exchange: KeyExchange, keys: Iterable[PublicKey]) -> tuple[ClassicalPart, ...]:
    """Each part once. A key of an algorithm that is not known is none."""
    return tuple(dict.fromkeys((*of_exchange(exchange), *(part for key in keys for part in _of_key(key)))))


def of_exchange(exchange: KeyExchange) -> Iterator[ClassicalPart]:
    """The key exchange, where it is classical; SSH's methods go by their names too."""
    if exchange.kind == "classical":
        name = exchange.negotiated or "classical"
        weak = name in _WEAK_GROUPS or name.startswith("diffie-hellman-group14-")
        yield ClassicalPart(f"{name} key exchange", 112 if weak else None)


def _of_key(key: PublicKey) -> Iterator[ClassicalPart]:
    match key.type:
        case "RSA" | "DSA":
            yield ClassicalPart(f"{key.type}-{key.bits}", rsa_strength(key.bits or 0))
        case "EC":
            yield ClassicalPart(f"ECDSA {key.curve or key.bits}", 112 if key.bits == 224 else None)
        case "Ed25519" | "Ed448":
            yield ClassicalPart(key.type, None)
