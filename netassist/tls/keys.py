"""RSA keys that are weak by the way they were made, whatever their length: told from the public key alone.

Each test has a proof behind it, so that a sound key is never among those found. Keys of Debian's broken generator
(CVE-2008-0166) are not looked for: that takes a list of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import gcd, isqrt, prod
from typing import Literal, NamedTuple

KeyProblem = Literal["roca", "close_primes", "small_factor", "small_exponent", "broken_exponent"]

LEAST_EXPONENT = 65537
"""FIPS 186-5, section A.1.1; CA/Browser Forum Baseline Requirements, section 6.1.6."""
_MOST_BITS = 16384
"""OpenSSL's own limit (OPENSSL_RSA_MAX_MODULUS_BITS): what is beyond it no client uses, and is not looked at."""
_FERMAT_STEPS = 100
_SMALL = 1000
_ROCA_PRIMES = (
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127,
    131, 137, 139, 149, 151, 157, 163, 167,
)  # fmt: skip
"""Of the primorial M of 512-bit keys; those of longer keys are multiples of it. 2 tells nothing of an odd number."""


class RsaKey(NamedTuple):
    modulus: int
    exponent: int


def rsa_key(spki: bytes) -> RsaKey:
    """Modulus and exponent out of a SubjectPublicKeyInfo in DER (RFC 8017, section A.1.1), also those that no library takes.

    Raises:
        ValueError: it is not the encoding of an RSA key.
    """
    (outer,) = _elements(spki, 0x30)
    _, bits = _elements(outer, 0x30, 0x03)
    if bits[:1] != b"\x00":
        raise ValueError("the key is not a whole number of bytes")
    (numbers,) = _elements(bits[1:], 0x30)
    modulus, exponent = _elements(numbers, 0x02, 0x02)
    return RsaKey(int.from_bytes(modulus, signed=True), int.from_bytes(exponent, signed=True))


def problems_of_key(key: RsaKey) -> tuple[KeyProblem, ...] | None:
    """Every one that applies, None where the key is too long to be looked at."""
    if key.modulus.bit_length() > _MOST_BITS or key.exponent.bit_length() > _MOST_BITS:
        return None
    return tuple(_problems(key))


def _problems(key: RsaKey) -> Iterator[KeyProblem]:
    if key.modulus > 0:
        if gcd(key.modulus, _primorial()) != 1:
            yield "small_factor"
        elif _is_roca(key.modulus):
            yield "roca"
        if _has_close_primes(key.modulus):
            yield "close_primes"
    if key.exponent < 3 or key.exponent % 2 == 0:
        # With 1 nothing is hidden; with an even one nothing can be undone, as it divides p - 1.
        yield "broken_exponent"
    elif key.exponent < LEAST_EXPONENT:
        yield "small_exponent"


def _is_roca(modulus: int) -> bool:
    """The fingerprint of CVE-2017-15361: the modulus is a power of 65537 modulo the primorial M.

    Infineon's library made primes k · M + (65537^a mod M). The discrete logarithm modulo M is the one that agrees with those
    modulo each prime of M; for another key it exists by chance only, once in 2^154 keys (Nemec, Sys, Svenda, Klinec, Matyas:
    The Return of Coppersmith's Attack, ACM CCS 2017, section 2.2).
    """
    logarithm, order = 0, 1
    for prime in _ROCA_PRIMES:
        powers = _powers(prime)
        found = powers.get(modulus % prime)
        if found is None:
            return False
        common = gcd(order, len(powers))
        if (found - logarithm) % common:
            return False
        step = (found - logarithm) // common * pow(order // common, -1, len(powers) // common)
        logarithm += order * (step % (len(powers) // common))
        order *= len(powers) // common
    return True


@cache
def _powers(prime: int) -> dict[int, int]:
    """The logarithms to the base 65537 modulo a prime."""
    logarithms: dict[int, int] = {}
    value = 1
    while value not in logarithms:
        logarithms[value] = len(logarithms)
        value = value * 65537 % prime
    return logarithms


@cache
def _primorial() -> int:
    """The product of the primes below a thousand."""
    return prod(n for n in range(2, _SMALL) if all(n % d for d in range(2, isqrt(n) + 1)))


def _has_close_primes(modulus: int) -> bool:
    """Fermat's factorisation, a hundred steps of it (CVE-2022-26320; Böck: Fermat Factorization in the Wild, 2023).

    Primes chosen at random are further apart by orders of magnitude than these steps reach. A square is its own p · p.
    """
    mean = isqrt(modulus - 1) + 1
    square = mean * mean - modulus
    for _ in range(_FERMAT_STEPS):
        # Squares end in few of the bytes: the root is rarely taken.
        if square & 0xFF in _SQUARE_ENDS and isqrt(square) ** 2 == square:
            return True
        square += 2 * mean + 1
        mean += 1
    return False


_SQUARE_ENDS = frozenset(n * n & 0xFF for n in range(256))


def _elements(der: bytes, *tags: int) -> list[bytes]:
    """The contents of the DER elements (X.690, section 8.1) that fill `der`, which are to have these tags."""
    found: list[bytes] = []
    for tag in tags:
        if len(der) < 2 or der[0] != tag:
            raise ValueError("not the DER that was looked for")
        size, head = der[1], 2
        if size & 0x80:
            head += size & 0x7F
            size = int.from_bytes(der[2:head])
        if len(der) < head + size:
            raise ValueError("the DER is cut short")
        found.append(der[head : head + size])
        der = der[head + size :]
    if der:
        raise ValueError("something follows the DER")
    return found
