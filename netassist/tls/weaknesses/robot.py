"""ROBOT: a server whose answers tell whether an RSA premaster secret was padded well decrypts and signs for strangers
(Böck, Somorovsky, Young: "Return Of Bleichenbacher's Oracle Threat", 2018, https://robotattack.org; RFC 5246, section 7.4.7.1).

What is sent: with RSA key transport, five ClientKeyExchange messages in a connection each, one padded well and four padded
wrongly, every one followed by ChangeCipherSpec and a Finished that cannot be right; then, where all are answered alike, the
five once more with close_notify in place of these two. A busy server may leave one without an answer: that is sent once more, by
itself. A sound server treats them all alike. Where it does not, the same five are sent twice again: only answers that stay the
same make an oracle. It is a strong one where the faults themselves are told apart, a weak one where only the whole is; answers
that change are no evidence, and `unknown`.

Why it does no harm: the premaster secrets are the check's own, so nothing of anybody's is decrypted, and the malformed messages
are what RFC 5246 has servers expect. It takes ten connections, up to twenty where an oracle is suspected, and one
more for each that is not answered.
"""

from __future__ import annotations

import asyncio
import os

from netassist.observations import Failed
from netassist.tls.exchange import CHANGE_CIPHER_SPEC, HANDSHAKE, Peer, client_hello, close_notify, opening, record
from netassist.tls.facts import Facts, Version
from netassist.tls.hello import records, vector
from netassist.tls.offers import NUMBERS
from netassist.tls.suites import Suite
from netassist.tls.weakness import BEFORE_TLS13, Weakness, of_exchange, of_suites

_CLIENT_KEY_EXCHANGE = 16
_SECRET = 46
_SMALLEST, _LARGEST, _LARGEST_EXPONENT = 512, 8192, 1 << 64
"""Keys of other sizes are not asked with: the arithmetic is this machine's."""
_SURE = 2
"""How often a difference has to be seen again."""

_SILENCE = "silence"
Answers = tuple[str, ...]


def verdict(facts: Facts) -> Weakness:
    found = of_suites("robot", facts, _transports, BEFORE_TLS13[1:])
    if found.verdict == "safe":
        return Weakness("robot", "not_applicable", "no suite with RSA key transport is accepted")
    return of_exchange("robot", facts)


async def check(peer: Peer, facts: Facts) -> Weakness:
    """Compare the answers to five paddings. Raises Failed where the server cannot be asked."""
    offer = opening(facts, _transports)
    if offer is None:
        return Weakness("robot", "unknown", "no suite with RSA key transport is known to ask with")
    for whole in (True, False):
        first = await _answers(peer, offer, whole)
        if len(set(first)) == 1:
            if first[0] == _SILENCE:
                return Weakness("robot", "unknown", "the server answers no ClientKeyExchange at all")
            continue
        for _ in range(_SURE):
            again = await _answers(peer, offer, whole)
            if again != first:
                evidence = f"the answers to paddings change by themselves: {_told(first)}, then {_told(again)}"
                return Weakness("robot", "unknown", evidence)
        # Böck's rule: where all faults look alike, an attack takes too many messages to be practical.
        strength = "weak" if first[1] == first[2] == first[3] else "strong"
        return Weakness("robot", "vulnerable", f"a {strength} oracle: {_told(first)}, three times alike")
    return Weakness("robot", "safe", "five ways to pad a premaster secret are answered alike")


async def _answers(peer: Peer, offer: tuple[Version, tuple[int, ...]], whole: bool) -> Answers:
    answers = await asyncio.gather(*(_answer(peer, offer, fault, whole) for fault in range(5)))
    mute = set(answers) == {_SILENCE}
    for fault, answer in enumerate(answers):
        if answer == _SILENCE:
            answers[fault] = await _answer(peer, offer, fault, whole)
            if mute and answers[fault] == _SILENCE:
                break  # by itself it is not answered either
    return tuple(answers)


async def _answer(peer: Peer, offer: tuple[Version, tuple[int, ...]], fault: int, whole: bool) -> str:
    async with peer.connect() as stream:
        flight = await peer.flight(stream, client_hello(*offer, peer.server_name))
        if flight.cipher_suite not in offer[1] or not flight.chain:
            raise Failed("protocol", f"{stream.where}: answered a hello for RSA key transport with something else")
        modulus, exponent = _key(flight.chain[0], stream.where)
        size = (modulus.bit_length() + 7) // 8
        block = int.from_bytes(padded(size, NUMBERS[offer[0]], fault), "big") % modulus
        sent = vector(pow(block, exponent, modulus).to_bytes(size, "big"), 2)
        if flight.version == 0x0300:
            sent = sent[2:]  # SSL 3.0 has no length here
        said = records(_CLIENT_KEY_EXCHANGE, sent, flight.version)
        if whole:
            said += record(CHANGE_CIPHER_SPEC, flight.version, b"\x01") + record(HANDSHAKE, flight.version, bytes(64))
        else:
            said += close_notify(flight.version)
        return str(await peer.reaction(stream, said))


def padded(size: int, version: int, fault: int) -> bytes:
    """A premaster secret in a block of `size` bytes (RFC 8017, section 7.2.1), padded well (0) or with one of four faults.

    1: the first two bytes are wrong; 2: the zero byte stands where it makes the secret one byte long; 3: there is no zero byte;
    4: the secret begins with a version that was never offered (Klíma, Pokorný, Rosa, 2003).
    """
    filler, secret = bytes(1 + byte % 255 for byte in os.urandom(size)), bytes(1 + byte % 255 for byte in os.urandom(_SECRET))
    head, hello = b"\x00\x02", version.to_bytes(2, "big")
    body = filler[: size - 3 - 2 - _SECRET]
    match fault:
        case 0:
            return head + body + b"\x00" + hello + secret
        case 1:
            return b"\x41\x17" + body + b"\x00" + hello + secret
        case 2:
            return head + filler[: size - 4] + b"\x00\x11"
        case 3:
            return head + filler[: size - 2]
        case _:
            return head + body + b"\x00\x02\x02" + secret


def _key(certificate: bytes, where: str) -> tuple[int, int]:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise Failed("protocol", f"{where}: shows a certificate that cannot be read") from None
    if not isinstance(key, RSAPublicKey):
        raise Failed("protocol", f"{where}: has no RSA key, but a suite with RSA key transport")
    numbers = key.public_numbers()
    if not _SMALLEST <= key.key_size <= _LARGEST or numbers.e >= _LARGEST_EXPONENT:
        raise Failed("protocol", f"{where}: the RSA key, of {key.key_size} bits, is not one to ask with")
    return numbers.n, numbers.e


def _transports(held: Suite) -> bool:
    return held.key_exchange == "RSA" and held.authentication == "RSA"


def _told(answers: Answers) -> str:
    kinds = ("good", "wrong start", "zero misplaced", "no zero", "wrong version")
    return "; ".join(f"{kind}: {answer}" for kind, answer in zip(kinds, answers, strict=True))
