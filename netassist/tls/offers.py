"""What a scan offers a server, in one version each, and its bytes. No I/O."""

from __future__ import annotations

import struct

import msgspec

from netassist.tls.facts import Version
from netassist.tls.hello import TLS12, TLS13, extension_block, records, vector, words

NUMBERS: dict[Version, int] = {
    "SSLv2": 0x0002, "SSLv3": 0x0300, "TLSv1.0": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304,
}  # fmt: skip
EMPTY_RENEGOTIATION_INFO_SCSV, FALLBACK_SCSV = 0x00FF, 0x5600
_CLIENT_HELLO = 1
_SERVER_NAME, _GROUPS, _POINT_FORMATS, _SIGNATURES, _PADDING, _ETM, _EMS, _TICKET, _VERSIONS, _KEY_SHARE = (
    0, 10, 11, 13, 21, 22, 23, 35, 43, 51,
)  # fmt: skip
_DEFLATE = 1


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One hello, for `version` and no other. `shares` are groups of `groups` to send a key share for (TLS 1.3).

    `schemes` empty: the extension is left out. `fallback` adds TLS_FALLBACK_SCSV (RFC 7507), `padding` so many bytes that mean
    nothing (RFC 7685).
    """

    version: Version
    suites: tuple[int, ...]
    groups: tuple[int, ...] = ()
    schemes: tuple[int, ...] = ()
    shares: tuple[int, ...] = ()
    fallback: bool = False
    padding: int = 0


def hello_of(offer: Offer, random: bytes, server_name: str | None) -> bytes:
    """The hello in records, as a client of that version sends it; `random` are 64 bytes: random, session id and key share."""
    if offer.version == "SSLv2":
        return _ssl2(offer, random)
    number = NUMBERS[offer.version]
    suites = offer.suites
    if number < TLS13:
        suites += (EMPTY_RENEGOTIATION_INFO_SCSV, *((FALLBACK_SCSV,) if offer.fallback else ()))
    session = random[32:64] if number >= TLS13 else b""
    compression = b"\x00" if number >= TLS13 else bytes((_DEFLATE, 0))
    body = struct.pack("!H", min(number, TLS12)) + random[:32] + vector(session, 1) + vector(words(suites), 2)
    body += vector(compression, 1)
    if number > NUMBERS["SSLv3"]:
        body += padded_block(_extensions(offer, number, random, server_name), 4 + len(body))
    return records(_CLIENT_HELLO, body, min(number, 0x0301))


def padded_block(extensions: list[tuple[int, bytes]], before: int) -> bytes:
    """The extensions of a hello, whose message has `before` bytes up to them; padded where it would have 256 to 511.

    There are servers that do not answer such hellos (RFC 7685, section 1), which is not to be taken for a refusal.
    """
    block = extension_block(extensions)
    if not 256 <= (size := before + len(block)) < 512:
        return block
    return extension_block([*extensions, (_PADDING, bytes(max(1, 512 - size - 4)))])


def _extensions(offer: Offer, number: int, random: bytes, server_name: str | None) -> list[tuple[int, bytes]]:
    extensions = [(_SERVER_NAME, vector(b"\x00" + vector(server_name.encode("ascii"), 2), 2))] if server_name else []
    if offer.padding:
        extensions.append((_PADDING, bytes(offer.padding)))
    if offer.groups:
        extensions += [(_POINT_FORMATS, b"\x01\x00"), (_GROUPS, vector(words(offer.groups), 2))]
    if offer.schemes and number >= TLS12:
        extensions.append((_SIGNATURES, vector(words(offer.schemes), 2)))
    if number < TLS13:
        return [*extensions, (_ETM, b""), (_EMS, b""), (_TICKET, b"")]
    shares = b"".join(struct.pack("!H", code) + vector(key_share(code, random), 2) for code in offer.shares)
    return [*extensions, (_VERSIONS, vector(words((number,)), 1)), (_KEY_SHARE, vector(shares, 2))]


def _ssl2(offer: Offer, random: bytes) -> bytes:
    """CLIENT-HELLO of draft-hickman-netscape-ssl-00, section 2.5: no session, a challenge of 16 bytes."""
    ciphers = b"".join(code.to_bytes(3, "big") for code in offer.suites)
    body = b"\x01" + struct.pack("!HHHH", 0x0002, len(ciphers), 0, 16) + ciphers + random[:16]
    return struct.pack("!H", 0x8000 | len(body)) + body


# The base points of the curves (FIPS 186-4, appendix D.1.2), uncompressed: valid public keys.
_POINTS = {
    0x0017: "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    0x0018: "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7"
            "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    0x0019: "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a"
            "429bf97e7e31c2e5bd66"
            "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272"
            "c24088be94769fd16650",
}  # fmt: skip
_LATTICES = {0x0200: 800, 0x0201: 1184, 0x0202: 1568}
_FINITE_FIELDS = {0x0100: 256, 0x0101: 384, 0x0102: 512, 0x0103: 768, 0x0104: 1024}
_PARTS = {0x11EC: (0x0201, 0x001D), 0x11EB: (0x0017, 0x0201), 0x11ED: (0x0018, 0x0202), 0x6399: (0x001D, 0x0201),
          0x639A: (0x0017, 0x0201)}  # fmt: skip
SHAREABLE = (0x001D, 0x0017, 0x0018, 0x0019, 0x001E, *_FINITE_FIELDS, *_PARTS, *_LATTICES)
"""Groups that a valid key share can be made for, those that cost a server least first."""


def key_share(group: int, random: bytes) -> bytes:
    """A public key that a server takes for valid, of no use to anybody: nothing is ever agreed on with it.

    Any 32 bytes are a key of X25519 and any 56 one of X448 (RFC 7748, section 5); an ML-KEM key of zeros passes the check of
    FIPS 203, section 7.2; of the NIST curves it is the base point, of the finite fields the number 4 (RFC 7919, section 5.1).
    """
    if group in _PARTS:
        return b"".join(key_share(part, random) for part in _PARTS[group])
    if group in (0x001D, 0x001E):
        return (random * 2)[: 32 if group == 0x001D else 56]
    if group in _POINTS:
        return b"\x04" + bytes.fromhex(_POINTS[group])
    if group in _FINITE_FIELDS:
        return (4).to_bytes(_FINITE_FIELDS[group], "big")
    return bytes(_LATTICES[group])
