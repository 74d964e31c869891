"""Keys, certificates and Diffie-Hellman groups as the PEM files that servers read."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Literal, NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.lab.pki import Identity

_PI_BITS = 2200


class KeyFiles(NamedTuple):
    """`certificate` holds the chain, the server's own first."""

    certificate: Path
    key: Path


def write(identity: Identity, folder: Path, name: str = "server") -> KeyFiles:
    files = KeyFiles(folder / f"{name}.pem", folder / f"{name}.key")
    chain = (identity.certificate, *identity.chain)
    files.certificate.write_bytes(b"".join(held.public_bytes(Encoding.PEM) for held in chain))
    # PKCS #8 is what every server reads but for old ones, which are not here.
    files.key.write_bytes(identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files.key.chmod(0o600)
    return files


def dh_parameters(bits: Literal[1024, 2048]) -> bytes:
    """The second Oakley group (RFC 2409, section 6.2) or the 2048-bit MODP group (RFC 3526, section 3), as PKCS #3 in PEM.

    Both are given as 2^n - 2^(n-64) - 1 + 2^64 * ([2^(n-130) pi] + c), generator 2.
    """
    added = {1024: 129_093, 2048: 124_476}[bits]
    prime = 2**bits - 2 ** (bits - 64) - 1 + 2**64 * ((_pi() >> (_PI_BITS - (bits - 130))) + added)
    body = _der(0x02, b"\x00" + prime.to_bytes(bits // 8)) + _der(0x02, b"\x02")
    return b"-----BEGIN DH PARAMETERS-----\n" + base64.encodebytes(_der(0x30, body)) + b"-----END DH PARAMETERS-----\n"


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    long = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, size) if size < 128 else (tag, 0x80 | len(long), *long)) + content


def _pi() -> int:
    """[2^_PI_BITS * pi] by Machin's formula, with 64 bits to spare for rounding."""
    one = 1 << (_PI_BITS + 64)
    return 4 * (4 * _arctangent(5, one) - _arctangent(239, one)) >> 64


def _arctangent(inverse: int, one: int) -> int:
    """Of 1/inverse, in units of 1/one."""
    term, total, divisor = one // inverse, 0, 1
    while term:
        total += (term // divisor) * (1 if divisor % 4 == 1 else -1)
        term, divisor = term // inverse**2, divisor + 2
    return total
