"""Host keys and key exchange messages of SSH as bytes, up to the point where the server shows its host key. No I/O.

The exchange is not completed: the reply to the client's share holds the host key (RFC 4253, section 8; RFC 4419, section 3;
RFC 5656, section 4; the hybrids use the messages of RFC 5656). Whether the signature in it is right is not judged, so nothing
says that the server holds the private key.
"""

from __future__ import annotations

import secrets
import struct
from base64 import b64encode
from collections.abc import Callable
from functools import cache
from hashlib import sha256

import msgspec

from netassist.untrusted import as_text

KEX_INIT, KEX_REPLY = 30, 31
GEX_REQUEST, GEX_GROUP, GEX_INIT, GEX_REPLY = 34, 31, 32, 33
_SNTRUP761_KEY, _SNTRUP4591761_KEY = 1158, 1218

_CERTIFICATE = "-cert-v01@openssh.com"
_CURVE_BITS = {"nistp256": 256, "nistp384": 384, "nistp521": 521}
_MOST_BITS = 65536


# The bits and the constant of RFC 2409 (1 of SSH is 2 there) and of RFC 3526.
_GROUPS = {
    1: (1024, 129093),
    14: (2048, 124476),
    15: (3072, 1690314),
    16: (4096, 240904),
    17: (6144, 929484),
    18: (8192, 4743158),
}


class HostKey(msgspec.Struct, frozen=True):
    """A host key as the server shows it. `bits` is None where the type is not known.

    `fingerprint_sha256` is as ``ssh-keygen -l`` prints it (``SHA256:…``); of a certificate it is that of the key in it, and
    `signed_by` is the type of the authority's key.
    """

    type: str
    bits: int | None
    fingerprint_sha256: str
    signed_by: str | None = None


class _Reader:
    """Takes fields off the front; ValueError where they are not there."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def string(self) -> bytes:
        """RFC 4251, section 5."""
        size = int.from_bytes(self._take(4), "big")
        return self._take(size)

    def integer(self) -> int:
        """A positive mpint."""
        raw = self.string()
        if raw and raw[0] & 0x80:
            raise ValueError("a negative number in a key")
        if len(raw) * 8 > _MOST_BITS:
            raise ValueError(f"a number of more than {_MOST_BITS} bits in a key")
        return int.from_bytes(raw, "big")

    def skip(self, size: int) -> None:
        self._take(size)

    def _take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise ValueError("a message of the key exchange that ends too early")
        self._at += size
        return self._data[self._at - size : self._at]


def string(data: bytes) -> bytes:
    """RFC 4251, section 5."""
    return struct.pack("!I", len(data)) + data


def read_reply(body: bytes) -> HostKey:
    """The host key out of SSH_MSG_KEXDH_REPLY and its like, whose first field it is. Raises ValueError where it is malformed."""
    return read_host_key(_Reader(body).string())


def read_host_key(blob: bytes) -> HostKey:
    """A public key or an OpenSSH certificate (PROTOCOL.certkeys) in SSH's format. Raises ValueError where it is malformed."""
    reader = _Reader(blob)
    kind = as_text(reader.string(), 100)
    if not kind.isascii() or not kind:
        raise ValueError("a host key without a type")
    if not kind.endswith(_CERTIFICATE):
        return HostKey(kind, _bits(kind, reader), _fingerprint(blob))
    plain = kind.removesuffix(_CERTIFICATE)
    reader.string()  # nonce
    fields = _key_fields(plain, reader)
    inner = string(plain.encode("ascii")) + b"".join(map(string, fields))
    reader.skip(12)  # serial and type
    for _ in ("key id", "principals"):
        reader.string()
    reader.skip(16)  # valid after and before
    for _ in ("critical options", "extensions", "reserved"):
        reader.string()
    authority = _Reader(reader.string()).string()
    bits = _bits(plain, _Reader(b"".join(map(string, fields))))
    return HostKey(kind, bits, _fingerprint(inner), as_text(authority, 100))


def _key_fields(kind: str, reader: _Reader) -> list[bytes]:
    count = {"ssh-rsa": 2, "ssh-dss": 4, "ssh-ed25519": 1}.get(kind, 2 if kind.startswith("ecdsa-sha2-") else 0)
    if not count:
        raise ValueError(f"a certificate of the unknown type {kind}")
    return [reader.string() for _ in range(count)]


def _bits(kind: str, reader: _Reader) -> int | None:
    if kind == "ssh-rsa":
        reader.integer()
        return reader.integer().bit_length()
    if kind == "ssh-dss":
        return reader.integer().bit_length()
    if kind.startswith("ecdsa-sha2-"):
        return _CURVE_BITS.get(as_text(reader.string(), 40))
    return {"ssh-ed25519": 256, "ssh-ed448": 456}.get(kind)


def _fingerprint(blob: bytes) -> str:
    return "SHA256:" + b64encode(sha256(blob).digest()).decode("ascii").rstrip("=")


def group_bits(body: bytes) -> int:
    """The size of the modulus in SSH_MSG_KEX_DH_GEX_GROUP (RFC 4419). Raises ValueError where it is malformed."""
    return _Reader(body).integer().bit_length()


def group_request(least: int, preferred: int, most: int) -> bytes:
    """The body of SSH_MSG_KEX_DH_GEX_REQUEST, sizes in bits."""
    return struct.pack("!III", least, preferred, most)


def answer_to_group(body: bytes) -> bytes:
    """A share for the group that SSH_MSG_KEX_DH_GEX_GROUP holds: the body of SSH_MSG_KEX_DH_GEX_INIT."""
    reader = _Reader(body)
    return _share(reader.integer(), reader.integer())


def _share(modulus: int, generator: int) -> bytes:
    if not 512 <= modulus.bit_length() <= 16384 or not 1 < generator < modulus:
        raise ValueError(f"a Diffie-Hellman group of {modulus.bit_length()} bits")
    return _mpint(pow(generator, secrets.randbits(256) | 1, modulus))


@cache
def modp(bits: int, offset: int) -> int:
    """The prime of a MODP group by the formula that defines it, with pi in it (RFC 2409, section 6; RFC 3526)."""
    return (1 << bits) - (1 << (bits - 64)) - 1 + ((_pi(bits - 130) + offset) << 64)


def _pi(bits: int) -> int:
    """Pi times 2 to the power of `bits`, rounded down (Machin's formula)."""
    guard = 64
    one = 1 << (bits + guard)

    def arc_cotangent(of: int) -> int:
        total = term = one // of
        sign, divisor = -1, 3
        while term := term // (of * of):
            total += sign * (term // divisor)
            sign, divisor = -sign, divisor + 2
        return total

    return 4 * (4 * arc_cotangent(5) - arc_cotangent(239)) >> guard


def _mpint(number: int) -> bytes:
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _finite_field(number: int) -> Callable[[], bytes]:
    def make() -> bytes:
        return _share(modp(*_GROUPS[number]), 2)

    return make


def _x25519() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.generate().public_key().public_bytes_raw()


def _x448() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.x448 import X448PrivateKey

    return X448PrivateKey.generate().public_key().public_bytes_raw()


def _nist(bits: int) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    curve: ec.EllipticCurve = {256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}[bits]
    return ec.generate_private_key(curve).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _ml_kem(size: int) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import mlkem

    private = mlkem.MLKEM768PrivateKey if size == 768 else mlkem.MLKEM1024PrivateKey
    return private.generate().public_key().public_bytes_raw()


# What a client sends first. A Streamlined NTRU Prime key is random here: every string of its length decodes to one, and the
# secret that the server wraps for it is not needed.
_SHARES: dict[str, Callable[[], bytes]] = {
    "curve25519-sha256": lambda: string(_x25519()),
    "curve25519-sha256@libssh.org": lambda: string(_x25519()),
    "ecdh-sha2-nistp256": lambda: string(_nist(256)),
    "ecdh-sha2-nistp384": lambda: string(_nist(384)),
    "ecdh-sha2-nistp521": lambda: string(_nist(521)),
    "curve448-sha512": lambda: string(_x448()),
    "mlkem768x25519-sha256": lambda: string(_ml_kem(768) + _x25519()),
    "mlkem768nistp256-sha256": lambda: string(_ml_kem(768) + _nist(256)),
    "mlkem1024nistp384-sha384": lambda: string(_ml_kem(1024) + _nist(384)),
    "sntrup761x25519-sha512": lambda: string(secrets.token_bytes(_SNTRUP761_KEY) + _x25519()),
    "sntrup761x25519-sha512@openssh.com": lambda: string(secrets.token_bytes(_SNTRUP761_KEY) + _x25519()),
    "sntrup4591761x25519-sha512@tinyssh.org": lambda: string(secrets.token_bytes(_SNTRUP4591761_KEY) + _x25519()),
    "diffie-hellman-group14-sha256": _finite_field(14),
    "diffie-hellman-group14-sha1": _finite_field(14),
    "diffie-hellman-group15-sha512": _finite_field(15),
    "diffie-hellman-group16-sha512": _finite_field(16),
    "diffie-hellman-group17-sha512": _finite_field(17),
    "diffie-hellman-group18-sha512": _finite_field(18),
    "diffie-hellman-group1-sha1": _finite_field(1),
}
GROUP_EXCHANGES = ("diffie-hellman-group-exchange-sha256", "diffie-hellman-group-exchange-sha1")
EXCHANGES = (*_SHARES, *GROUP_EXCHANGES)
"""Methods that can be begun here, the cheapest first."""


def opening_share(method: str) -> bytes:
    """The body of the first message that a client sends for a method other than a group exchange (SSH_MSG_KEXDH_INIT)."""
    return _SHARES[method]()
