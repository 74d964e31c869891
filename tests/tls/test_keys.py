"""RSA keys with a flaw of their making, each made here, are told from sound ones; sound ones never are."""

from __future__ import annotations

import contextlib
import random
from math import gcd, prod
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from netassist.audit import judged
from netassist.tls.certificate import CertificateInfo
from netassist.tls.chain import read
from netassist.tls.keys import KeyProblem, RsaKey, problems_of_key, rsa_key
from tests.lab.pki import Identity, authority, issue, leaf, new_key
from tests.lab.tls import tls_server
from tests.tls.test_certificate import info

ROOT = authority()
# How many of the first primes Infineon's library multiplies, by the bits of the modulus (Nemec et al. 2017, table 1).
ROCA_PRIMES = {512: 39, 1024: 71, 2048: 126}


def first_primes(count: int) -> list[int]:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def is_prime(number: int) -> bool:
    """Miller and Rabin's test with sixteen bases."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1

    def passes(base: int) -> bool:
        value = pow(base, odd, number)
        return value in (1, number - 1) or any((value := value * value % number) == number - 1 for _ in range(twos - 1))

    return number > 40 and all(number % p for p in (2, 3, 5, 7, 11, 13)) and all(passes(base) for base in first_primes(16))


def next_prime(number: int, exponent: int = 65537) -> int:
    number |= 1
    while not (is_prime(number) and gcd(number - 1, exponent) == 1):
        number += 2
    return number


def roca_prime(bits: int, chance: random.Random) -> int:
    """k · M + (65537^a mod M), as the library made them; of `bits` bits, the two highest of them set."""
    product = prod(first_primes(ROCA_PRIMES[2 * bits]))
    while True:
        low, high = (3 << (bits - 2)) // product + 1, (1 << bits) // product
        prime = chance.randrange(low, high) * product + pow(65537, chance.randrange(product), product)
        if is_prime(prime) and gcd(prime - 1, 65537) == 1:
            return prime


def private(p: int, q: int, exponent: int = 65537) -> rsa.RSAPrivateKey:
    d = pow(exponent, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(exponent, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


def with_close_primes() -> rsa.RSAPrivateKey:
    p = next_prime(random.Random(5).getrandbits(1024) | 3 << 1022)
    return private(p, next_prime(p + 2))


def with_small_exponent() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(3, 2048)


def of_roca() -> rsa.RSAPrivateKey:
    chance = random.Random(7)
    return private(roca_prime(1024, chance), roca_prime(1024, chance))


def public(key: rsa.RSAPrivateKey) -> RsaKey:
    numbers = key.public_key().public_numbers()
    return RsaKey(numbers.n, numbers.e)


@pytest.mark.parametrize(
    ("make", "problem"),
    [(of_roca, "roca"), (with_close_primes, "close_primes"), (with_small_exponent, "small_exponent")],
)
def test_a_server_with_such_a_key_has_the_finding(make: object, problem: KeyProblem, tmp_path: Path) -> None:
    assert callable(make)
    with tls_server(issue("localhost", ROOT, dns=("localhost",), key=make())) as server:
        report = judged(info(server.port, ROOT.anchor(tmp_path)))
    assert isinstance(report, CertificateInfo)
    shown = report.chain[0].key
    assert (shown.type, shown.bits, shown.problems) == ("RSA", 2048, (problem,))
    assert shown.exponent == (3 if problem == "small_exponent" else 65537)
    [finding] = report.findings
    assert finding.id == f"certificate.{problem}"
    assert "CN=localhost: RSA 2048" in finding.evidence


def test_roca_keys_of_every_length_are_told() -> None:
    for bits in (512, 1024):
        chance = random.Random(bits)
        for _ in range(3):
            modulus = roca_prime(bits // 2, chance) * roca_prime(bits // 2, chance)
            assert problems_of_key(RsaKey(modulus, 65537)) == ("roca",)


def test_one_prime_of_that_form_is_not_enough() -> None:
    chance = random.Random(9)
    assert problems_of_key(RsaKey(roca_prime(512, chance) * next_prime(chance.getrandbits(512) | 3 << 510), 65537)) == ()


def test_a_logarithm_modulo_each_prime_is_not_enough_where_they_disagree() -> None:
    """By the primes one by one, one sound key in some two hundred million would be taken for a weak one."""
    chance, primes = random.Random(10), first_primes(39)[1:]
    product, small = prod(primes), prod(first_primes(168))
    for _ in range(20):
        modulus = product * chance.getrandbits(1800)
        for prime in primes:
            rest = product // prime
            modulus += pow(65537, chance.randrange(10**6), prime) * rest * pow(rest, -1, prime)
        while gcd(modulus, small) != 1:
            modulus += product
        assert problems_of_key(RsaKey(modulus, 65537)) == ()


def test_good_keys_have_none() -> None:
    for bits in (1024, 2048):
        for _ in range(12):
            assert problems_of_key(public(rsa.generate_private_key(65537, bits))) == ()
    chance = random.Random(11)
    primes = [next_prime(chance.getrandbits(256) | 3 << 254) for _ in range(60)]
    pairs = [(p, q) for p in primes for q in primes if p < q]
    assert [pair for pair in pairs if problems_of_key(RsaKey(pair[0] * pair[1], 65537)) != ()] == []


def test_primes_that_are_merely_near_take_more_steps_than_are_made() -> None:
    p = next_prime(random.Random(13).getrandbits(512) | 3 << 510)
    assert problems_of_key(RsaKey(p * next_prime(p + (1 << 300)), 65537)) == ()
    assert problems_of_key(RsaKey(p * next_prime(p + (1 << 200)), 65537)) == ("close_primes",)
    assert problems_of_key(RsaKey(p * p, 65537)) == ("close_primes",)


@pytest.mark.parametrize(
    ("exponent", "expected"),
    [(65537, ()), (65539, ()), (257, ("small_exponent",)), (3, ("small_exponent",)), (1, ("broken_exponent",)),
     (2, ("broken_exponent",)), (65536, ("broken_exponent",)), (0, ("broken_exponent",)), (-3, ("broken_exponent",))],
)  # fmt: skip
def test_exponents(exponent: int, expected: tuple[KeyProblem, ...]) -> None:
    modulus = public(rsa.generate_private_key(65537, 1024)).modulus
    assert problems_of_key(RsaKey(modulus, exponent)) == expected


def test_a_modulus_with_a_small_factor() -> None:
    p = next_prime(random.Random(17).getrandbits(512) | 3 << 510)
    assert problems_of_key(RsaKey(p * 997, 65537)) == ("small_factor",)
    assert problems_of_key(RsaKey(p << 1, 65537)) == ("small_factor",)


def test_a_key_that_no_client_could_use_is_not_looked_at() -> None:
    assert problems_of_key(RsaKey(1 << 20000 | 1, 65537)) is None


def test_an_exponent_that_libraries_refuse_is_read_all_the_same() -> None:
    der = leaf(ROOT, key="rsa").certificate.public_bytes(Encoding.DER)
    shown = read(der.replace(b"\x02\x03\x01\x00\x01", b"\x02\x03\x01\x00\x00")).shown.key
    assert (shown.type, shown.bits, shown.exponent, shown.problems) == ("RSA", 2048, 65536, ("broken_exponent",))


def test_other_keys_have_no_such_problems() -> None:
    for kind in ("ec", "ed25519", "mldsa65"):
        held = issue("lab", ROOT, key=new_key(kind)).certificate.public_bytes(Encoding.DER)
        assert read(held).shown.key.problems == ()


SPKI = new_key("rsa").public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@given(st.lists(st.tuples(st.integers(0, len(SPKI) - 1), st.integers(0, 255)), max_size=3), st.integers(0, len(SPKI)))
def test_damaged_keys_are_read_or_refused(changes: list[tuple[int, int]], length: int) -> None:
    damaged = bytearray(SPKI)
    for place, value in changes:
        damaged[place] = value
    with contextlib.suppress(ValueError):
        problems_of_key(rsa_key(bytes(damaged[:length]) if not changes else bytes(damaged)))


@given(st.integers(-(1 << 600), 1 << 600), st.integers(-(1 << 40), 1 << 40))
def test_any_numbers_can_be_asked_about(modulus: int, exponent: int) -> None:
    assert problems_of_key(RsaKey(modulus, exponent)) is not None


def test_a_weak_authority_is_named_and_not_the_leaf(tmp_path: Path) -> None:
    weak: Identity = issue("Weak CA", ROOT, key=with_small_exponent(), ca=True)
    with tls_server(leaf(weak._replace(chain=(weak.certificate,)))) as server:
        report = judged(info(server.port, ROOT.anchor(tmp_path)))
    [finding] = report.findings
    assert (finding.id, "CN=Weak CA" in finding.evidence, "localhost" in finding.evidence) == (
        "certificate.small_exponent", True, False,
    )  # fmt: skip
